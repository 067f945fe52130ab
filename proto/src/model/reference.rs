//! How a message names what it rests on: an agreement by id, version and digest; a consent by id and version.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::id::{ConsentId, Digest};
use crate::model::malformed::{At, Malformed};
use crate::wire;

/// The name of an agreement, the same at every party and in every version: `AG-MY-ID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementId(String);

impl AgreementId {
    /// Longest id; it stands in keys, headers and log leaves.
    pub const LENGTH_MAX: usize = 40;

    /// Reads one: capital letters, digits and hyphens.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        if !text.is_empty() && text.len() <= Self::LENGTH_MAX && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Malformed::new("must be an agreement id such as AG-MY-ID: 1 to 40 of A-Z, 0-9 and hyphens"))
        }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgreementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AgreementId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

impl Serialize for AgreementId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AgreementId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Which agreement text is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementRef {
    /// Its id.
    pub id: AgreementId,
    /// Its version, from 1.
    pub version: u32,
    /// SHA-256 of its canonical text: what all parties signed.
    pub digest: Digest,
}

impl AgreementRef {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the id or the digest has another form, or the version is 0.
    pub fn from_wire(reference: &wire::AgreementRef) -> Result<Self, Malformed> {
        let wire::AgreementRef { agreement_id, version, digest } = reference;
        Ok(Self {
            id: AgreementId::parse(agreement_id).at("agreement_id")?,
            version: counted(*version).at("version")?,
            digest: Digest::from_wire(digest).at("digest")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::AgreementRef {
        wire::AgreementRef { agreement_id: self.id.to_string(), version: self.version, digest: self.digest.to_wire() }
    }

    /// As the log names it: `AG-MY-ID#1`.
    #[must_use]
    pub fn log_name(&self) -> String {
        format!("{}#{}", self.id, self.version)
    }
}

/// Which consent a message rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentRef {
    /// Its id.
    pub id: ConsentId,
    /// Its version, from 1.
    pub version: u32,
}

impl ConsentRef {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the id has not 16 bytes, or the version is 0.
    pub fn from_wire(reference: &wire::ConsentRef) -> Result<Self, Malformed> {
        let wire::ConsentRef { consent_id, version } = reference;
        Ok(Self { id: ConsentId::from_wire(consent_id).at("consent_id")?, version: counted(*version).at("version")? })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::ConsentRef {
        wire::ConsentRef { consent_id: self.id.to_wire(), version: self.version }
    }
}

fn counted(version: u32) -> Result<u32, Malformed> {
    if version == 0 { Err(Malformed::new("must be 1 or more")) } else { Ok(version) }
}
