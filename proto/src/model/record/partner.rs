//! A partner organisation of the directory.

use super::Service;
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, filled_list, list};
use crate::model::value::{Country, Language, LocalText, Text, redacted};
use crate::model::vocabulary::PartnerKind;
use crate::wire;

/// A partner organisation of the directory.
#[derive(Clone, PartialEq)]
pub struct Partner {
    /// Directory code or node id.
    pub partner_id: Text,
    /// Names, one a language; at least one.
    pub names: Vec<LocalText>,
    /// Kind.
    pub kind: PartnerKind,
    /// Where it is.
    pub country: Country,
    /// Services.
    pub services: Vec<Service>,
    /// Languages.
    pub languages: Vec<Language>,
    /// Opening hours, as people say them.
    pub hours: Option<Text>,
    /// Last checked.
    pub assured_on: Date,
}

redacted!(Partner);

impl Partner {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code, the country or a language is in no list, or a text or the day breaks its form.
    pub fn from_wire(partner: &wire::Partner) -> Result<Self, Malformed> {
        let wire::Partner { partner_id, names, kind, country, services, languages, hours, assured_on } = partner;
        Ok(Self {
            partner_id: Text::parse(partner_id, Text::CODE_BYTES).at("partner_id")?,
            names: filled_list(names, LIST_MAX, "names", LocalText::from_wire)?,
            kind: PartnerKind::from_wire(*kind).at("kind")?,
            country: Country::parse(country).at("country")?,
            services: Service::list_from_wire(services).at("services")?,
            languages: list(languages, LIST_MAX, "languages", |tag| Language::parse(tag))?,
            hours: Text::parse_optional(hours, Text::SENTENCE_BYTES).at("hours")?,
            assured_on: Date::parse(assured_on).at("assured_on")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Partner {
        wire::Partner {
            partner_id: self.partner_id.to_wire(),
            names: self.names.iter().map(LocalText::to_wire).collect(),
            kind: self.kind.to_wire(),
            country: self.country.to_string(),
            services: Service::list_to_wire(&self.services),
            languages: Language::list_to_wire(&self.languages),
            hours: Text::optional_to_wire(self.hours.as_ref()),
            assured_on: self.assured_on.to_string(),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 8] {
        [
            ("partner.partner_id", true),
            ("partner.names", true),
            ("partner.kind", true),
            ("partner.country", true),
            ("partner.services", !self.services.is_empty()),
            ("partner.languages", !self.languages.is_empty()),
            ("partner.hours", self.hours.is_some()),
            ("partner.assured_on", true),
        ]
    }
}
