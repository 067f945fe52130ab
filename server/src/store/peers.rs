//! Peers: their descriptors, and how this node stands to them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;

use super::key::Key;
use super::table::{self, base64_bytes};
use super::value::{stored_json, unframe};
use super::{Read, StoreError, Unit};

/// How this node stands to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PeerStanding {
    /// Added, not confirmed.
    Added,
    /// Confirmed by one officer.
    HalfConfirmed,
    /// Active.
    Active,
    /// Suspended here.
    Suspended,
    /// Its keys are in other hands.
    Compromised,
}

/// What is kept about a peer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PeerFile {
    /// Its node id.
    pub node_id: NodeId,
    /// The exact bytes of its descriptor chain.
    #[serde(with = "base64_bytes")]
    pub chain: Bytes,
    /// How this node stands to it.
    pub standing: PeerStanding,
    /// Staff pseudonyms of the officers who confirmed its fingerprint.
    pub confirmed_by: Vec<String>,
    /// When it was suspended, if it is.
    pub suspended_at: Option<Instant>,
    /// Since when nothing signed with its keys may be believed, if its owners said so.
    #[serde(default)]
    pub compromised_since: Option<Instant>,
    /// The owners' notice that says so, for whoever has not heard it; empty: none.
    #[serde(default, with = "base64_bytes")]
    pub compromise_notice: Bytes,
}

impl PeerFile {
    /// Reads a peer as it is stored.
    ///
    /// # Errors
    /// When the bytes cannot be read.
    pub fn of(stored: &Bytes) -> Result<Self, StoreError> {
        unframe(stored)
    }
}

stored_json!(PeerFile, "peer/");

/// Reading peers.
pub trait PeerTable: Read + Sized {
    /// A peer.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn peer(&self, node_id: &NodeId) -> Result<Option<PeerFile>, StoreError> {
        self.load(&key(node_id))
    }

    /// A peer's bytes as they are stored, for [`PeerFile::of`]: who keeps what they say can tell whether they changed.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn peer_bytes(&self, node_id: &NodeId) -> Result<Option<Bytes>, StoreError> {
        self.get(&key(node_id))
    }

    /// Every peer, in the order of their names.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn peers(&self) -> Result<Vec<PeerFile>, StoreError> {
        table::all(self, &Key::of("peer/"))
    }
}

impl<R: Read> PeerTable for R {}

impl Unit {
    /// Writes a peer.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_peer(&mut self, peer: &PeerFile) -> Result<(), StoreError> {
        self.save(key(&peer.node_id), peer)
    }
}

fn key(node_id: &NodeId) -> Key {
    Key::of("peer/").text(node_id.as_str())
}
