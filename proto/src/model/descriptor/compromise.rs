//! The owners' word that their node's keys are in other hands. It needs no link with that node: whoever holds it may pass it on.

use std::fmt;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message as _;

use super::chain::{DescriptorChain, owners_who_signed, sign_as_owners};
use crate::model::armor::{self, ArmorError, label};
use crate::model::date::Instant;
use crate::model::id::NodeId;
use crate::model::malformed::{At, Malformed};
use crate::wire;

/// What stands before the bytes that owners sign.
const CONTEXT: &[u8] = b"titian/compromise/v1\n";

/// Why a notice is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompromiseError {
    /// The file is damaged or of another kind.
    #[error("the notice's file cannot be read")]
    File(
        #[source]
        #[from]
        ArmorError,
    ),
    /// The notice breaks its form.
    #[error("the notice cannot be read")]
    Content(
        #[source]
        #[from]
        Malformed,
    ),
    /// It is about another node than the descriptors.
    #[error("the notice is about another node")]
    OtherNode,
    /// Too few owners signed it.
    #[error("the notice has {found} valid signatures of the {needed} it needs; call the officers of both unions")]
    SignaturesMissing {
        /// Signatures of different owners that it needs.
        needed: u32,
        /// Those it has.
        found: u32,
    },
}

/// A notice that a node's keys are in other hands. Whether its owners said so is known once it is verified.
#[derive(Clone, PartialEq)]
pub struct CompromiseNotice {
    /// Whose keys.
    pub node_id: NodeId,
    /// From when nothing signed may be believed.
    pub since: Instant,
    /// Short names of the keys concerned; empty: all.
    pub key_ids: Vec<String>,
    signatures: Vec<wire::RootSignature>,
}

impl CompromiseNotice {
    /// Most keys that one notice names: more than a node has in twenty years.
    pub const KEYS_MAX: usize = 64;
    /// Largest file in bytes: names of keys and signatures fit many times over.
    pub const FILE_MAX: usize = 16 * 1024;
    /// Characters of a key's short name.
    const KEY_ID_LENGTH: usize = 16;

    /// A notice, signed by owners with their root keys.
    ///
    /// # Errors
    /// When it breaks its form.
    pub fn sign(node_id: NodeId, since: Instant, key_ids: Vec<String>, roots: &[&SigningKey]) -> Result<Self, Malformed> {
        let unsigned = Self { node_id, since, key_ids, signatures: Vec::new() };
        let signatures = sign_as_owners(CONTEXT, &unsigned.signed_bytes(), roots);
        Self::from_wire(&Self { signatures, ..unsigned }.to_wire())
    }

    /// Reads one from the wire. It is not believed yet.
    ///
    /// # Errors
    /// When a field is missing or breaks its form.
    pub fn from_wire(notice: &wire::CompromiseNotice) -> Result<Self, Malformed> {
        let wire::CompromiseNotice { node_id, compromised_since_ms, key_ids, signatures } = notice;
        if *compromised_since_ms <= 0 {
            return Err(Malformed::missing("compromised_since"));
        }
        if key_ids.len() > Self::KEYS_MAX {
            return Err(Malformed::new("must be at most 64").at("key_ids"));
        }
        let short_name =
            |key_id: &String| key_id.len() == Self::KEY_ID_LENGTH && key_id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        if !key_ids.iter().all(short_name) {
            return Err(Malformed::new("must be short names of keys, 16 hex digits each").at("key_ids"));
        }
        if signatures.is_empty() || signatures.len() > DescriptorChain::SIGNATURES_MAX {
            return Err(Malformed::new("must be 1 to 32").at("signatures"));
        }
        Ok(Self {
            node_id: NodeId::parse(node_id).at("node_id")?,
            since: Instant::from_millis(*compromised_since_ms),
            key_ids: key_ids.clone(),
            signatures: signatures.clone(),
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::CompromiseNotice {
        wire::CompromiseNotice {
            node_id: self.node_id.to_string(),
            compromised_since_ms: self.since.as_millis(),
            key_ids: self.key_ids.clone(),
            signatures: self.signatures.clone(),
        }
    }

    /// Reads a notice's file. It is not believed yet.
    ///
    /// # Errors
    /// When the file was cut, altered or is of another kind, or the notice breaks its form.
    pub fn from_file(text: &str) -> Result<Self, CompromiseError> {
        let bytes = Bytes::from(armor::dearmor(label::COMPROMISE, text, Self::FILE_MAX)?);
        let notice = wire::CompromiseNotice::decode(bytes).map_err(|_| Malformed::new("is not a notice"))?;
        Ok(Self::from_wire(&notice)?)
    }

    /// The text of a notice's file.
    #[must_use]
    pub fn to_file(&self) -> String {
        armor::armor(label::COMPROMISE, &self.to_wire().encode_to_vec())
    }

    /// Checks that the owners said so whom the node's newest descriptor names, as many as it asks for. Owners that a node no longer has, have no say.
    ///
    /// # Errors
    /// When it is about another node, or too few of them signed it.
    pub fn verify(&self, chain: &DescriptorChain) -> Result<(), CompromiseError> {
        let owners = chain.newest();
        if owners.node_id != self.node_id {
            return Err(CompromiseError::OtherNode);
        }
        let (needed, found) = (owners.root_threshold, owners_who_signed(owners, CONTEXT, &self.signed_bytes(), &self.signatures));
        if found >= needed { Ok(()) } else { Err(CompromiseError::SignaturesMissing { needed, found }) }
    }

    /// Fields 1 to 3. They are few and have one encoding, so they need not be kept as bytes.
    fn signed_bytes(&self) -> Vec<u8> {
        wire::CompromiseNotice { signatures: Vec::new(), ..self.to_wire() }.encode_to_vec()
    }
}

impl fmt::Debug for CompromiseNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompromiseNotice").field("node_id", &self.node_id).field("since", &self.since).finish_non_exhaustive()
    }
}
