//! Where a worker comes from, where she is, what she speaks.

use crate::model::code::coded;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, list};
use crate::model::value::{Country, Language, redacted};
use crate::wire;

coded! {
    /// How far a worker is on her way.
    pub enum MigrationStage from MigrationStage {
        /// Before leaving.
        Potential = "POTENTIAL",
        /// In the country of destination.
        InDestination = "IN_DESTINATION",
        /// Back home.
        Returnee = "RETURNEE",
        /// Family of a migrant worker.
        FamilyMember = "FAMILY_MEMBER",
        /// On the way.
        InTransit = "IN_TRANSIT",
    }
}

/// Where a worker comes from, where she is, what she speaks.
#[derive(Clone, PartialEq)]
pub struct Journey {
    /// Where she comes from.
    pub country_of_origin: Country,
    /// Where she works, worked or means to work.
    pub country_of_destination: Country,
    /// How far she is.
    pub migration_stage: MigrationStage,
    /// Languages she speaks, best first.
    pub languages: Vec<Language>,
    /// Whether an interpreter is needed.
    pub interpreter_needed: bool,
    /// Languages she reads.
    pub reads: Vec<Language>,
}

redacted!(Journey);

impl Journey {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a country, the stage or a language is not in its list.
    pub fn from_wire(journey: &wire::Journey) -> Result<Self, Malformed> {
        let wire::Journey { country_of_origin, country_of_destination, migration_stage, languages, interpreter_needed, reads } = journey;
        Ok(Self {
            country_of_origin: Country::parse(country_of_origin).at("country_of_origin")?,
            country_of_destination: Country::parse(country_of_destination).at("country_of_destination")?,
            migration_stage: MigrationStage::from_wire(*migration_stage).at("migration_stage")?,
            languages: list(languages, LIST_MAX, "languages", |tag| Language::parse(tag))?,
            interpreter_needed: *interpreter_needed,
            reads: list(reads, LIST_MAX, "reads", |tag| Language::parse(tag))?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Journey {
        wire::Journey {
            country_of_origin: self.country_of_origin.to_string(),
            country_of_destination: self.country_of_destination.to_string(),
            migration_stage: self.migration_stage.to_wire(),
            languages: Language::list_to_wire(&self.languages),
            interpreter_needed: self.interpreter_needed,
            reads: Language::list_to_wire(&self.reads),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 6] {
        [
            ("journey.country_of_origin", true),
            ("journey.country_of_destination", true),
            ("journey.migration_stage", true),
            ("journey.languages", !self.languages.is_empty()),
            ("journey.interpreter_needed", self.interpreter_needed),
            ("journey.reads", !self.reads.is_empty()),
        ]
    }
}
