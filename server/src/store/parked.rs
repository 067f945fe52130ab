//! Cases that are parked on a link: something of them could not be applied, and what follows waits behind it. Everything else goes on.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{CaseRef, NodeId, TransferId};
use titian_proto::model::refusal::Refusal;

use super::key::Key;
use super::position::Position;
use super::table;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

const HERE: &str = "parked-here/";
const THERE: &str = "parked-there/";

/// A case of a peer that this node parked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedHere {
    /// The case as the two nodes name it.
    pub case: CaseRef,
    /// Why.
    pub refusal: Refusal,
    /// The transfer that could not be applied. Once the peer repeats it and it can be, the case goes on.
    pub first: TransferId,
    /// Since when.
    pub since: Instant,
    /// Envelopes that were answered as parked.
    pub envelopes: u64,
}

/// A case that a peer parked, and what of it must be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedThere {
    /// Why, as the peer says.
    pub refusal: Refusal,
    /// Since when.
    pub since: Instant,
    /// The case as the two nodes name it.
    pub case: CaseRef,
    /// The transfer for which the peer waits.
    pub first: TransferId,
    /// Envelopes that were parked and not sent again, in their order: the lane's number on the wire, and the place.
    pub envelopes: Vec<(i32, Position)>,
}

stored_json!(ParkedHere, "parked-here/");
stored_json!(ParkedThere, "parked-there/");

/// Reads what is parked.
pub trait ParkedTable: Read + Sized {
    /// Every case of a peer that is parked here.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn all_parked_here(&self, peer: &NodeId) -> Result<Vec<ParkedHere>, StoreError> {
        table::all(self, &key(HERE, peer))
    }

    /// Whether and why a case is parked at a peer.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn parked_there(&self, peer: &NodeId, case: CaseRef) -> Result<Option<ParkedThere>, StoreError> {
        self.load(&key(THERE, peer).id(&case.0))
    }

    /// Every case that is parked at a peer.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn all_parked_there(&self, peer: &NodeId) -> Result<Vec<ParkedThere>, StoreError> {
        table::all(self, &key(THERE, peer))
    }
}

impl<R: Read> ParkedTable for R {}

impl Unit {
    /// Writes that a case of a peer is parked here.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_parked_here(&mut self, peer: &NodeId, parked: &ParkedHere) -> Result<(), StoreError> {
        self.save(key(HERE, peer).id(&parked.case.0), parked)
    }

    /// Writes that a case of a peer goes on.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_parked_here(&mut self, peer: &NodeId, case: CaseRef) -> Result<(), StoreError> {
        self.delete(key(HERE, peer).id(&case.0))
    }

    /// Writes what of a case is parked at a peer.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_parked_there(&mut self, peer: &NodeId, parked: &ParkedThere) -> Result<(), StoreError> {
        self.save(key(THERE, peer).id(&parked.case.0), parked)
    }

    /// Forgets what of a case is parked at a peer, because it is sent again.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_parked_there(&mut self, peer: &NodeId, case: CaseRef) -> Result<(), StoreError> {
        self.delete(key(THERE, peer).id(&case.0))
    }
}

fn key(table: &'static str, peer: &NodeId) -> Key {
    Key::of(table).text(peer.as_str())
}
