//! What a peer holds, as it last said: the receipts that it was given, of which a bundle carries only the others; and of this node's envelopes,
//! where it was restored and holds less than it had answered.

use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;

use super::error::StoreError;
use super::lane_key::lane_key;
use super::position::Position;
use super::read::Read;
use super::unit::Unit;

const TABLE: &str = "peer-settled/";

const LEFT: &str = "peer-left/";

/// Reads what peers hold receipts for.
pub trait PeerSettledTable: Read + Sized {
    /// The peer holds the receipts of this lane up to here; [`Position::START`] when it has said nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn peer_settled(&self, peer: &NodeId, lane: Lane) -> Result<Position, StoreError> {
        Ok(self.load(&lane_key(TABLE, peer, lane))?.map_or(Position::START, Position::of_number))
    }

    /// What a restored peer has left of this lane; none where it lost nothing.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn peer_left(&self, peer: &NodeId, lane: Lane) -> Result<Option<Position>, StoreError> {
        Ok(self.load(&lane_key(LEFT, peer, lane))?.map(Position::of_number))
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

    /// Notes what a restored peer has left, or that it has everything again.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_peer_left(&mut self, peer: &NodeId, lane: Lane, through: Option<Position>) -> Result<(), StoreError> {
        match through {
            Some(through) => self.save(lane_key(LEFT, peer, lane), &through.number()),
            None => self.delete(lane_key(LEFT, peer, lane)),
        }
    }
}
