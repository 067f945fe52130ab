//! What this node gives back to a peer that was restored from a backup: the peer's own receipts for what it lost, then the envelopes in the order in
//! which they were logged, whatever their lane; and once it has them, how things stand. On a stream each frame of it waits until the peer has taken
//! back the one before, and is said again where the peer seems not to have heard it: an envelope that came without its receipt would be answered
//! otherwise, and a state that nobody heard would never be told again.

use std::collections::VecDeque;

use titian_proto::envelope::Lane;
use titian_proto::log::Leaf;
use titian_proto::model::id::NodeId;
use titian_proto::wire::{self, frame};
use tokio::time::Instant;

use super::hello::Terms;
use super::lanes::{PerLane, SHARING};
use super::limits::{FRAME_RECEIPTS, RESEND_AFTER};
use crate::federation::passage::{Passage, PassageError};
use crate::store::peer_settled::PeerSettledTable as _;
use crate::store::{OutboxTable as _, Position, StoreError};

/// What is given back to one peer in one session, or in one bundle.
pub(super) struct Giving {
    /// The peer had answered everything up to here when the session began.
    had: PerLane<Position>,
    /// How things stand is told when the peer has everything up to here.
    told_after: PerLane<Position>,
    /// Its receipts were given back up to here.
    given: PerLane<Position>,
    standings: Option<VecDeque<wire::Returned>>,
    /// How many frames were numbered; none where the peer does not say what it has taken back.
    numbered: Option<u64>,
    /// What was said and the peer has not taken back yet.
    said: Option<Said>,
    /// The peer has taken back everything, and that is not written down yet.
    all_taken: bool,
}

/// One frame that was said.
struct Said {
    frame: wire::Returned,
    /// The lane whose receipts it gives back; none: it tells how things stand.
    lane: Option<Lane>,
    at: Instant,
    /// It is to be said again.
    again: bool,
}

impl Giving {
    /// What a peer lacks that was restored, as far as it has said, for a bundle; nothing for any other.
    pub(super) fn to_restored(passage: &Passage, peer: &NodeId) -> Result<Option<Self>, StoreError> {
        if !passage.is_being_restored(peer)? {
            return Ok(None);
        }
        let (view, mut holds) = (passage.store().view(), PerLane::default());
        for lane in Lane::ALL.iter().copied() {
            let settled = view.outbox_lane(peer, lane)?.settled_through;
            *holds.get_mut(lane) = view.peer_left(peer, lane)?.unwrap_or(settled);
        }
        Self::after(passage, peer, &holds, None).map(Some)
    }

    /// What the peer has left, and holds the receipts of: its own are given back after that.
    pub(super) fn left(&self) -> PerLane<Position> {
        PerLane::of(|lane| *self.given.get(lane))
    }

    /// What a peer lacks by its hello.
    pub(super) fn new(passage: &Passage, peer: &NodeId, terms: &Terms) -> Result<Self, StoreError> {
        Self::after(passage, peer, &terms.received, terms.says_what_it_took_back().then_some(0))
    }

    fn after(passage: &Passage, peer: &NodeId, holds: &PerLane<Position>, numbered: Option<u64>) -> Result<Self, StoreError> {
        let view = passage.store().view();
        let (mut had, mut told_after) = (PerLane::default(), PerLane::default());
        for lane in Lane::ALL.iter().copied() {
            let state = view.outbox_lane(peer, lane)?;
            *had.get_mut(lane) = state.settled_through;
            // The peer may have acted on what it never answered: it knows nothing of a referral whose offer has not come again.
            let tells_of_referrals = !matches!(lane, Lane::Shares | Lane::Documents);
            *told_after.get_mut(lane) = if tells_of_referrals { state.last } else { state.settled_through };
        }
        Ok(Self { had, told_after, given: *holds, standings: None, numbered, said: None, all_taken: false })
    }

    /// The next receipts to be given back, or what is to be said again. They go before every envelope that they answer.
    pub(super) fn next_receipts(&mut self, passage: &Passage, peer: &NodeId) -> Result<Option<frame::Frame>, StoreError> {
        if let Some(said) = &mut self.said {
            return Ok(std::mem::take(&mut said.again).then(|| frame::Frame::Returned(said.frame.clone())));
        }
        for lane in Lane::ALL {
            let given = self.given.get_mut(*lane);
            if *given >= *self.had.get(*lane) {
                continue;
            }
            let receipts = passage.store().view().settled_after(peer, *lane, *given, FRAME_RECEIPTS)?;
            *given = receipts.last().map_or(*self.had.get(*lane), |(last, _)| *last);
            let receipts: Vec<_> = receipts.into_iter().map(|(_, receipt)| receipt).collect();
            if !receipts.is_empty() && !crate::mutant::is("return-no-receipts") {
                return Ok(Some(self.say(wire::Returned { receipts, ..wire::Returned::default() }, Some(*lane))));
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
            let logged = Leaf::parse(&delivery.leaf).map_or(0, |leaf| leaf.seq);
            if first.is_none_or(|(earliest, _)| logged < earliest) {
                first = Some((logged, lane));
            }
        }
        Ok(first.map(|(_, lane)| lane))
    }

    /// Whether the next envelope of a lane is one that the peer had: their order across lanes is kept only one by one.
    pub(super) fn goes_one_by_one(&self, lane: Lane, sent: Position) -> bool {
        lane != Lane::Safety && sent < *self.had.get(lane)
    }

    /// Whether the next envelope of a lane is one whose receipt the peer has not taken back yet.
    pub(super) fn withholds(&self, lane: Lane, sent: Position) -> bool {
        let had = *self.had.get(lane);
        sent < had && (*self.given.get(lane) < had || self.said.as_ref().is_some_and(|said| said.lane == Some(lane)))
    }

    /// Whether the peer lacks something yet that it had: what is new goes behind all of it, for it may belong to the same cases.
    pub(super) fn is_giving_back(&self, stored: impl Fn(Lane) -> Position) -> bool {
        Lane::ALL.iter().any(|lane| stored(*lane) < *self.had.get(*lane))
    }

    /// Whether something is on its way yet that how things stand is about.
    pub(super) fn is_giving(&self, stored: impl Fn(Lane) -> Position) -> bool {
        Lane::ALL.iter().any(|lane| stored(*lane) < *self.told_after.get(*lane))
    }

    /// How things stand, once the peer has everything again.
    pub(super) fn next_standing(&mut self, passage: &Passage, peer: &NodeId) -> Result<Option<frame::Frame>, PassageError> {
        if self.standings.is_none() {
            self.standings = Some(passage.standings(peer)?.into());
        }
        let next = self.standings.as_mut().and_then(VecDeque::pop_front);
        Ok(next.map(|next| self.say(next, None)))
    }

    /// Whether everything was said that there was to say, and the peer has taken it back where it says so.
    pub(super) fn is_over(&self) -> bool {
        self.said.is_none() && self.standings.as_ref().is_some_and(VecDeque::is_empty)
    }

    /// Whether the peer has still to say that it has taken back what was said.
    pub(super) fn is_waiting(&self) -> bool {
        self.said.is_some()
    }

    /// The peer has taken back everything up to this number.
    pub(super) fn taken_back(&mut self, through: u64) {
        if let Some(said) = self.said.take_if(|said| said.frame.number <= through) {
            self.all_taken |= said.frame.done;
        }
    }

    /// What was not taken back for long is said again.
    pub(super) fn say_again_if_late(&mut self, now: Instant) {
        if let Some(said) = self.said.as_mut().filter(|said| now.saturating_duration_since(said.at) >= RESEND_AFTER) {
            (said.again, said.at) = (true, now);
        }
    }

    /// Writes down that the peer has everything back, once it has said so.
    pub(super) async fn note_told(&mut self, passage: &Passage, peer: &NodeId) -> Result<(), PassageError> {
        if std::mem::take(&mut self.all_taken) {
            passage.note_told(peer).await?;
        }
        Ok(())
    }

    fn say(&mut self, mut frame: wire::Returned, lane: Option<Lane>) -> frame::Frame {
        if let Some(numbered) = &mut self.numbered {
            *numbered += 1;
            frame.number = *numbered;
            if crate::mutant::is("count-what-was-given-back-as-heard") {
                self.all_taken |= frame.done;
            } else {
                self.said = Some(Said { frame: frame.clone(), lane, at: Instant::now(), again: false });
            }
        }
        frame::Frame::Returned(frame)
    }
}
