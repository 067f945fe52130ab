//! How to reach a worker. Never travels without the safe-contact rules.

use crate::model::code::coded;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, filled_list, shown};
use crate::model::value::{Province, Text, redacted};
use crate::wire;

coded! {
    /// Kind of contact.
    pub enum ContactKind from ContactKind {
        /// Telephone.
        Phone = "PHONE",
        /// Text message.
        Sms = "SMS",
        /// WhatsApp.
        Whatsapp = "WHATSAPP",
        /// Messenger.
        Messenger = "MESSENGER",
        /// Facebook.
        Facebook = "FACEBOOK",
        /// E-mail.
        Email = "EMAIL",
        /// In person.
        InPerson = "IN_PERSON",
        /// Through a person.
        ViaPerson = "VIA_PERSON",
    }
}

coded! {
    /// Who holds the device.
    pub enum DeviceHolder from DeviceHolder {
        /// She does.
        Worker = "WORKER",
        /// Her employer.
        Employer = "EMPLOYER",
        /// Her family.
        Family = "FAMILY",
        /// A leader.
        Leader = "LEADER",
        /// Unknown.
        Unknown = "UNKNOWN",
    }
}

/// How to reach her.
#[derive(Clone, PartialEq)]
pub struct Contact {
    /// At least one.
    pub contacts: Vec<ContactPoint>,
    /// Her province at home.
    pub origin_admin1: Option<Province>,
    /// Village or address.
    pub address: Option<Text>,
}

/// One way to reach her.
#[derive(Clone, PartialEq)]
pub struct ContactPoint {
    /// Kind.
    pub kind: ContactKind,
    /// Number, name or address, as she gave it.
    pub value: Text,
    /// Who holds the device.
    pub device_held_by: DeviceHolder,
    /// Whether it is safe.
    pub safe: bool,
}

redacted!(Contact, ContactPoint);

impl Contact {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When there is no way to reach her, or a field breaks its form.
    pub fn from_wire(contact: &wire::Contact) -> Result<Self, Malformed> {
        let wire::Contact { contacts, origin_admin1, address } = contact;
        let province = if origin_admin1.is_empty() { None } else { Some(Province::parse(origin_admin1).at("origin_admin1")?) };
        Ok(Self {
            contacts: filled_list(contacts, LIST_MAX, "contacts", ContactPoint::from_wire)?,
            origin_admin1: province,
            address: Text::parse_optional(address, Text::SENTENCE_BYTES).at("address")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Contact {
        wire::Contact {
            contacts: self.contacts.iter().map(ContactPoint::to_wire).collect(),
            origin_admin1: shown(self.origin_admin1.as_ref()),
            address: Text::optional_to_wire(self.address.as_ref()),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 3] {
        [("contact.contacts", true), ("contact.origin_admin1", self.origin_admin1.is_some()), ("contact.address", self.address.is_some())]
    }
}

impl ContactPoint {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code is in no list, or the value is not of its kind.
    pub fn from_wire(point: &wire::ContactPoint) -> Result<Self, Malformed> {
        let wire::ContactPoint { kind, value, device_held_by, safe } = point;
        let kind = ContactKind::from_wire(*kind).at("kind")?;
        let value = Text::parse(value, Text::NAME_BYTES).at("value")?;
        check_value(kind, value.as_str()).at("value")?;
        Ok(Self { kind, value, device_held_by: DeviceHolder::from_wire(*device_held_by).at("device_held_by")?, safe: *safe })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::ContactPoint {
        wire::ContactPoint {
            kind: self.kind.to_wire(),
            value: self.value.to_wire(),
            device_held_by: self.device_held_by.to_wire(),
            safe: self.safe,
        }
    }
}

/// Loosely: numbers come from paper in many countries, hotlines have four digits, and not all write digits the Western way.
fn check_value(kind: ContactKind, value: &str) -> Result<(), Malformed> {
    match kind {
        ContactKind::Phone | ContactKind::Sms | ContactKind::Whatsapp => {
            let allowed = value.chars().all(|character| character.is_numeric() || "+-()./ #*".contains(character));
            let digits = value.chars().filter(|character| character.is_numeric()).count();
            if allowed && (3..=20).contains(&digits) {
                Ok(())
            } else {
                Err(Malformed::new("must be a telephone number such as +60 3 1234 5678"))
            }
        }
        ContactKind::Email => {
            let parts = value.split_once('@');
            let well_formed = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
            if well_formed { Ok(()) } else { Err(Malformed::new("must be an e-mail address such as name@example.org")) }
        }
        ContactKind::Messenger | ContactKind::Facebook | ContactKind::InPerson | ContactKind::ViaPerson => Ok(()),
    }
}
