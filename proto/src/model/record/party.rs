//! An employer or recruiter.

use crate::model::code::coded;
use crate::model::malformed::{At, Malformed};
use crate::model::value::{Country, Text, redacted};
use crate::model::vocabulary::{Category, Tier};
use crate::wire;

coded! {
    /// What a party is.
    pub enum PartyRole from PartyRole {
        /// Employer.
        Employer = "EMPLOYER",
        /// Principal.
        Principal = "PRINCIPAL",
        /// Subcontractor.
        Subcontractor = "SUBCONTRACTOR",
        /// Labour outsourcer.
        LabourOutsourcer = "LABOUR_OUTSOURCER",
        /// Recruiter in the country of origin.
        RecruiterOrigin = "RECRUITER_ORIGIN",
        /// Recruiter in the country of destination.
        RecruiterDestination = "RECRUITER_DESTINATION",
        /// Sponsor (kafeel).
        Sponsor = "SPONSOR",
        /// A private household: a third party's personal data.
        PrivateHousehold = "PRIVATE_HOUSEHOLD",
    }
}

coded! {
    /// Sector of work.
    pub enum Sector from Sector {
        /// Construction.
        Construction = "CONSTRUCTION",
        /// Manufacturing.
        Manufacturing = "MANUFACTURING",
        /// Domestic work.
        DomesticWork = "DOMESTIC_WORK",
        /// Fishing.
        Fishing = "FISHING",
        /// Plantation and agriculture.
        PlantationAgriculture = "PLANTATION_AGRICULTURE",
        /// Services.
        Services = "SERVICES",
        /// Other.
        Other = "OTHER",
    }
}

/// An employer or recruiter.
#[derive(Clone, PartialEq)]
pub struct Party {
    /// What it is in this case.
    pub role: PartyRole,
    /// Registered name.
    pub legal_name: Text,
    /// Registration number.
    pub registration_no: Option<Text>,
    /// Where it is registered.
    pub country: Country,
    /// Worksite.
    pub worksite: Option<Text>,
    /// Sector.
    pub sector: Sector,
    /// The principal it works for.
    pub parent_party: Option<Text>,
}

redacted!(Party);

impl Party {
    /// A legal entity stands at the tier of its category; a private household is a third party's personal data (`domain.md` 2.4).
    #[must_use]
    pub fn tier(&self) -> Tier {
        if self.role == PartyRole::PrivateHousehold { Tier::T3 } else { Category::Employer.tier() }
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code or the country is in no list, or a text breaks its form.
    pub fn from_wire(party: &wire::Party) -> Result<Self, Malformed> {
        let wire::Party { role, legal_name, registration_no, country, worksite, sector, parent_party } = party;
        Ok(Self {
            role: PartyRole::from_wire(*role).at("role")?,
            legal_name: Text::parse(legal_name, Text::NAME_BYTES).at("legal_name")?,
            registration_no: Text::parse_optional(registration_no, Text::CODE_BYTES).at("registration_no")?,
            country: Country::parse(country).at("country")?,
            worksite: Text::parse_optional(worksite, Text::NAME_BYTES).at("worksite")?,
            sector: Sector::from_wire(*sector).at("sector")?,
            parent_party: Text::parse_optional(parent_party, Text::NAME_BYTES).at("parent_party")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Party {
        wire::Party {
            role: self.role.to_wire(),
            legal_name: self.legal_name.to_wire(),
            registration_no: Text::optional_to_wire(self.registration_no.as_ref()),
            country: self.country.to_string(),
            worksite: Text::optional_to_wire(self.worksite.as_ref()),
            sector: self.sector.to_wire(),
            parent_party: Text::optional_to_wire(self.parent_party.as_ref()),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 7] {
        [
            ("employer.role", true),
            ("employer.legal_name", true),
            ("employer.registration_no", self.registration_no.is_some()),
            ("employer.country", true),
            ("employer.worksite", self.worksite.is_some()),
            ("employer.sector", true),
            ("employer.parent_party", self.parent_party.is_some()),
        ]
    }
}
