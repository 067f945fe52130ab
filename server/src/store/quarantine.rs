//! Links in quarantine: a peer showed two stories of itself. Only the safety lane passes, and the evidence is kept.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;

use super::key::Key;
use super::table::base64_bytes;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// Why a link is in quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Since when.
    pub since: Instant,
    /// The exact bytes of the evidence (`wire::Equivocation`): what the peer signed and cannot both be true.
    #[serde(with = "base64_bytes")]
    pub evidence: Bytes,
}

stored_json!(Quarantine, "quarantine/");

/// Reads quarantines.
pub trait QuarantineTable: Read + Sized {
    /// Whether the link with a peer is in quarantine, and why.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn quarantine(&self, peer: &NodeId) -> Result<Option<Quarantine>, StoreError> {
        self.load(&key(peer))
    }
}

impl<R: Read> QuarantineTable for R {}

impl Unit {
    /// Puts the link with a peer into quarantine. One that is in it stays as it is: the first evidence counts.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_quarantine(&mut self, peer: &NodeId, quarantine: &Quarantine) -> Result<(), StoreError> {
        if self.quarantine(peer)?.is_some() {
            return Ok(());
        }
        self.save(key(peer), quarantine)
    }

    /// Ends a quarantine.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_quarantine(&mut self, peer: &NodeId) -> Result<(), StoreError> {
        self.delete(key(peer))
    }
}

fn key(peer: &NodeId) -> Key {
    Key::of("quarantine/").text(peer.as_str())
}
