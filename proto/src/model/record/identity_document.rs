//! An identity document: who holds it matters; its number stays at the node.

use super::DocumentHolder;
use crate::model::code::coded;
use crate::model::malformed::{At, Malformed};
use crate::model::value::{Country, Text, redacted};
use crate::wire;

coded! {
    /// Kind of identity document.
    pub enum IdentityDocumentKind from IdentityDocumentKind {
        /// Passport.
        Passport = "PASSPORT",
        /// National identity card.
        NationalId = "NATIONAL_ID",
        /// Travel document in lieu of a passport.
        TravelDocument = "TRAVEL_DOCUMENT",
        /// Seafarer's book.
        SeafarerBook = "SEAFARER_BOOK",
    }
}

/// An identity document.
#[derive(Clone, PartialEq)]
pub struct IdentityDocument {
    /// Kind.
    pub kind: IdentityDocumentKind,
    /// Number. A record that has one does not leave the node.
    pub number: Option<Text>,
    /// Who holds it; none: not known.
    pub holder: Option<DocumentHolder>,
    /// Issuing country.
    pub country: Country,
}

redacted!(IdentityDocument);

impl IdentityDocument {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code or the country is in no list, or the number breaks its form.
    pub fn from_wire(document: &wire::IdentityDocument) -> Result<Self, Malformed> {
        let wire::IdentityDocument { kind, number, holder, country } = document;
        Ok(Self {
            kind: IdentityDocumentKind::from_wire(*kind).at("kind")?,
            number: Text::parse_optional(number, Text::CODE_BYTES).at("number")?,
            holder: DocumentHolder::from_wire_optional(*holder).at("holder")?,
            country: Country::parse(country).at("country")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::IdentityDocument {
        wire::IdentityDocument {
            kind: self.kind.to_wire(),
            number: Text::optional_to_wire(self.number.as_ref()),
            holder: self.holder.map_or(0, DocumentHolder::to_wire),
            country: self.country.to_string(),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 4] {
        [
            ("identity_document.kind", true),
            ("identity_document.number", self.number.is_some()),
            ("identity_document.holder", self.holder.is_some()),
            ("identity_document.country", true),
        ]
    }
}
