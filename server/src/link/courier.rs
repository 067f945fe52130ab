//! Takes what is durable in one lane of the outbox. The gate is asked again for each envelope before it leaves.

use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;
use titian_proto::wire;

use super::session::SessionError;
use crate::federation::passage::Passage;
use crate::store::{Most, Position};

/// Takes from the outbox of one peer.
pub(super) struct Courier {
    passage: Passage,
    peer: NodeId,
}

/// What goes in one frame.
pub(super) struct Parcel {
    /// The deliveries.
    pub(super) deliveries: Vec<wire::Delivery>,
    /// The place of the last of them.
    pub(super) through: Position,
    /// What they weigh.
    pub(super) bytes: u64,
}

impl Courier {
    pub(super) fn new(passage: Passage, peer: NodeId) -> Self {
        Self { passage, peer }
    }

    /// Whether something waits after this place.
    pub(super) fn waits(&self, lane: Lane, after: Position) -> bool {
        after < self.passage.store().durable_through(&self.peer, lane)
    }

    /// The next parcel of a lane after a place.
    pub(super) async fn next(&self, lane: Lane, after: Position, most: Most) -> Result<Option<Parcel>, SessionError> {
        let waiting = self.passage.store().view().deliveries(&self.peer, lane, after, most)?;
        let Some((through, _)) = waiting.last() else { return Ok(None) };
        let through = *through;
        crate::crash::point("courier.before-dispatch");
        let deliveries = self.passage.depart(&self.peer, lane, waiting).await?;
        crate::crash::point("courier.before-send");
        let bytes = deliveries.iter().map(weight).sum();
        Ok(Some(Parcel { deliveries, through, bytes }))
    }
}

/// What a delivery weighs in credit, counted the same way by both sides: header, body and leaf.
pub(super) fn weight(delivery: &wire::Delivery) -> u64 {
    let envelope = delivery.envelope.as_ref().map_or(0, |envelope| envelope.header.len() + envelope.body.len());
    (envelope + delivery.leaf.len()) as u64
}
