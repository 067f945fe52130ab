//! What this node gives back to a peer that was restored from a backup: the peer's own receipts for what it lost, then the envelopes in the order in
//! which they were logged, whatever their lane; and once it has them, how things stand.

use std::collections::VecDeque;

use prost::Message as _;
use titian_proto::envelope::Lane;
use titian_proto::log::Leaf;
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;
use titian_proto::wire::{self, frame};

use super::lanes::{PerLane, SHARING};
use super::limits::FRAME_RECEIPTS;
use crate::federation::passage::{Passage, PassageError};
use crate::store::peer_settled::PeerSettledTable as _;
use crate::store::{OutboxTable as _, Position, StoreError};

/// What is given back to one peer in one session.
pub(super) struct Giving {
    /// The peer had answered everything up to here when the session began.
    had: PerLane<Position>,
    /// Its receipts were given back up to here.
    given: PerLane<Position>,
    standings: Option<VecDeque<wire::Returned>>,
    /// Everything was said, and the peer is not known to have heard it.
    said: bool,
}

impl Giving {
    /// What a peer lacks that was restored, as far as it has said; nothing for any other.
    pub(super) fn to_restored(passage: &Passage, peer: &NodeId) -> Result<Option<Self>, StoreError> {
        if !passage.is_being_restored(peer)? {
            return Ok(None);
        }
        let (view, mut holds) = (passage.store().view(), PerLane::default());
        for lane in Lane::ALL.iter().copied() {
            let settled = view.outbox_lane(peer, lane)?.settled_through;
            *holds.get_mut(lane) = view.peer_left(peer, lane)?.unwrap_or(settled);
        }
        Self::new(passage, peer, &holds).map(Some)
    }

    /// What the peer has left, and holds the receipts of: its own are given back after that.
    pub(super) fn left(&self) -> PerLane<Position> {
        PerLane::of(|lane| *self.given.get(lane))
    }

    /// What a peer lacks that says to hold so much.
    pub(super) fn new(passage: &Passage, peer: &NodeId, holds: &PerLane<Position>) -> Result<Self, StoreError> {
        let view = passage.store().view();
        let mut had = PerLane::default();
        for lane in Lane::ALL {
            *had.get_mut(*lane) = view.outbox_lane(peer, *lane)?.settled_through;
        }
        Ok(Self { had, given: *holds, standings: None, said: false })
    }

    /// The next receipts to be given back. They go before every envelope.
    pub(super) fn next_receipts(&mut self, passage: &Passage, peer: &NodeId) -> Result<Option<frame::Frame>, StoreError> {
        for lane in Lane::ALL {
            let given = self.given.get_mut(*lane);
            if *given >= *self.had.get(*lane) {
                continue;
            }
            let receipts = passage.store().view().settled_after(peer, *lane, *given, FRAME_RECEIPTS)?;
            *given = receipts.last().map_or(*self.had.get(*lane), |(last, _)| *last);
            let receipts: Vec<_> = receipts.into_iter().map(|(_, receipt)| receipt).collect();
            if !receipts.is_empty() && !crate::mutant::is("return-no-receipts") {
                return Ok(Some(frame::Frame::Returned(wire::Returned { receipts, ..wire::Returned::default() })));
            }
        }
        Ok(None)
    }

    /// The lane whose next envelope was logged first, while something is given back.
    pub(super) fn next_lane(&self, passage: &Passage, peer: &NodeId, sent: impl Fn(Lane) -> Position) -> Result<Option<Lane>, StoreError> {
        let view = passage.store().view();
        let mut first: Option<(u64, Lane)> = None;
        for lane in SHARING.into_iter().filter(|lane| sent(*lane) < *self.had.get(*lane)) {
            let next = view.outbox_lane(peer, lane)?.turns.next(sent(lane));
            let Some(delivery) = view.delivery(peer, lane, next)? else { continue };
            let unreadable = |_| StoreError::unreadable("outbox/", Malformed::new("is not a delivery"));
            let delivery = wire::Delivery::decode(delivery).map_err(unreadable)?;
            let logged = Leaf::parse(&delivery.leaf).map_or(0, |leaf| leaf.seq);
            if first.is_none_or(|(earliest, _)| logged < earliest) {
                first = Some((logged, lane));
            }
        }
        Ok(first.map(|(_, lane)| lane))
    }

    /// Whether the next envelope of a lane is one that the peer had: the others' order is kept only one by one.
    pub(super) fn goes_one_by_one(&self, lane: Lane, sent: Position) -> bool {
        lane != Lane::Safety && sent < *self.had.get(lane)
    }

    /// Whether something is given back yet.
    pub(super) fn is_giving(&self, stored: impl Fn(Lane) -> Position) -> bool {
        Lane::ALL.iter().any(|lane| stored(*lane) < *self.had.get(*lane))
    }

    /// How things stand, once the peer has everything again.
    pub(super) fn next_standing(&mut self, passage: &Passage, peer: &NodeId) -> Result<Option<frame::Frame>, PassageError> {
        if self.standings.is_none() {
            self.standings = Some(passage.standings(peer)?.into());
        }
        let Some(standings) = &mut self.standings else { return Ok(None) };
        let next = standings.pop_front();
        self.said |= next.as_ref().is_some_and(|next| next.done);
        Ok(next.map(frame::Frame::Returned))
    }

    /// Whether everything was said that there was to say; there is no more of it on this stream.
    pub(super) fn is_over(&self) -> bool {
        self.standings.as_ref().is_some_and(VecDeque::is_empty)
    }

    /// Some time later on the same stream: the peer has heard it.
    pub(super) async fn note_heard(&mut self, passage: &Passage, peer: &NodeId) -> Result<(), PassageError> {
        if std::mem::take(&mut self.said) {
            passage.note_told(peer).await?;
        }
        Ok(())
    }
}
