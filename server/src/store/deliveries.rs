//! What leaves: deliveries and the peer's receipts, as they are read for a link or a bundle. Only what is durable.

use prost::Message as _;
use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;
use titian_proto::wire;

use super::error::StoreError;
use super::inbox::read_receipt;
use super::lane_key::{lane_key, place};
use super::outbox::{OutboxTable as _, SETTLED, TABLE};
use super::position::Position;
use super::read::{Most, Read as _, View};
use super::rows::Rows;
use super::sealed_body;

impl View {
    /// Deliveries of a lane after a place, with their places: at most `max.count`, and after the first at most `max.bytes` together. Only what is durable: the log stands before anything is sent.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn deliveries(&self, peer: &NodeId, lane: Lane, after: Position, max: Most) -> Result<Vec<(Position, wire::Delivery)>, StoreError> {
        let durable = self.durable.sent(&place(peer, lane));
        let mut deliveries = Vec::new();
        if after >= durable {
            return Ok(deliveries);
        }
        let of_lane = lane_key(TABLE, peer, lane);
        let (mut rows, mut bytes) = (Rows::new(self, of_lane.clone()), 0);
        for position in self.outbox_lane(peer, lane)?.turns.places(after, durable).take(max.count) {
            let Some(stored) = rows.get(position.number())? else { break };
            let (delivery, _) = sealed_body::open(self, &of_lane, position.number(), stored)?;
            bytes += delivery.encoded_len();
            if bytes > max.bytes && !deliveries.is_empty() {
                break;
            }
            deliveries.push((position, delivery));
        }
        Ok(deliveries)
    }

    /// The peer's signed receipts after a place, as far as they are there without a gap.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn settled_after(
        &self,
        peer: &NodeId,
        lane: Lane,
        after: Position,
        count: usize,
    ) -> Result<Vec<(Position, wire::SignedReceipt)>, StoreError> {
        let state = self.outbox_lane(peer, lane)?;
        let (mut rows, mut receipts) = (Rows::new(self, lane_key(SETTLED, peer, lane)), Vec::new());
        for position in state.turns.places(after, state.settled_through).take(count) {
            if let Some(receipt) = rows.get(position.number())? {
                receipts.push((position, read_receipt(SETTLED, receipt)?));
            }
        }
        Ok(receipts)
    }

    /// One delivery, as far as it is durable.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn delivery(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<wire::Delivery>, StoreError> {
        if position > self.durable.sent(&place(peer, lane)) {
            return Ok(None);
        }
        let rows = lane_key(TABLE, peer, lane);
        let stored = self.row(&rows, position.number())?;
        stored.map(|stored| Ok(sealed_body::open(self, &rows, position.number(), stored)?.0)).transpose()
    }
}
