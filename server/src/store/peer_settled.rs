//! What a peer holds receipts for, as it last said: a bundle carries only those that it may not have.

use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;

use super::error::StoreError;
use super::lane_key::lane_key;
use super::position::Position;
use super::read::Read;
use super::unit::Unit;

const TABLE: &str = "peer-settled/";

/// Reads what peers hold receipts for.
pub trait PeerSettledTable: Read + Sized {
    /// The peer holds the receipts of this lane up to here; [`Position::START`] when it has said nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn peer_settled(&self, peer: &NodeId, lane: Lane) -> Result<Position, StoreError> {
        Ok(self.load(&lane_key(TABLE, peer, lane))?.map_or(Position::START, Position::of_number))
    }
}

impl<R: Read> PeerSettledTable for R {}

impl Unit {
    /// Notes what the peer says: also that it holds less than it did, because it was restored or fell before its disk was through.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_peer_settled(&mut self, peer: &NodeId, lane: Lane, through: Position) -> Result<(), StoreError> {
        self.save(lane_key(TABLE, peer, lane), &through.number())
    }
}
