//! An information material. Moves freely inside any agreement in force.

use crate::model::code::coded;
use crate::model::date::Date;
use crate::model::id::Digest;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, counted, filled_list, shown};
use crate::model::value::{Language, LocalText, Text, redacted};
use crate::wire;

coded! {
    /// Topic of a material.
    pub enum MaterialTopic from MaterialTopic {
        /// Safe migration.
        SafeMigration = "SAFE_MIGRATION",
        /// Rights at work.
        RightsAtWork = "RIGHTS_AT_WORK",
        /// Recruitment.
        Recruitment = "RECRUITMENT",
        /// Trade unionism.
        TradeUnionism = "TRADE_UNIONISM",
        /// Financial literacy.
        FinancialLiteracy = "FINANCIAL_LITERACY",
        /// Health and safety.
        HealthSafety = "HEALTH_SAFETY",
        /// Services against violence.
        VawServices = "VAW_SERVICES",
        /// Trafficking.
        Trafficking = "TRAFFICKING",
        /// Privacy notice.
        PrivacyNotice = "PRIVACY_NOTICE",
        /// Repatriation.
        Repatriation = "REPATRIATION",
    }
}

/// An information material.
#[derive(Clone, PartialEq)]
pub struct InformationMaterial {
    /// Its id.
    pub material_id: Text,
    /// Its version, from 1.
    pub version: u32,
    /// Titles, one a language; at least one.
    pub titles: Vec<LocalText>,
    /// Language of the material.
    pub language: Language,
    /// Topic.
    pub topic: MaterialTopic,
    /// Who issued it.
    pub issuer: Text,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Last valid day.
    pub valid_until: Option<Date>,
}

redacted!(InformationMaterial);

impl InformationMaterial {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a field is missing or breaks its form.
    pub fn from_wire(material: &wire::InformationMaterial) -> Result<Self, Malformed> {
        let wire::InformationMaterial { material_id, version, titles, language, topic, issuer, digest, valid_until } = material;
        Ok(Self {
            material_id: Text::parse(material_id, Text::CODE_BYTES).at("material_id")?,
            version: counted(*version, "version")?,
            titles: filled_list(titles, LIST_MAX, "titles", LocalText::from_wire)?,
            language: Language::parse(language).at("language")?,
            topic: MaterialTopic::from_wire(*topic).at("topic")?,
            issuer: Text::parse(issuer, Text::NAME_BYTES).at("issuer")?,
            digest: Digest::from_wire(digest).at("digest")?,
            valid_until: Date::parse_optional(valid_until).at("valid_until")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::InformationMaterial {
        wire::InformationMaterial {
            material_id: self.material_id.to_wire(),
            version: self.version,
            titles: self.titles.iter().map(LocalText::to_wire).collect(),
            language: self.language.to_string(),
            topic: self.topic.to_wire(),
            issuer: self.issuer.to_wire(),
            digest: self.digest.to_wire(),
            valid_until: shown(self.valid_until.as_ref()),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 8] {
        [
            ("material.material_id", true),
            ("material.version", true),
            ("material.titles", true),
            ("material.language", true),
            ("material.topic", true),
            ("material.issuer", true),
            ("material.digest", true),
            ("material.valid_until", self.valid_until.is_some()),
        ]
    }
}
