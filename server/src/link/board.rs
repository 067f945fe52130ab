//! What the tasks of one session tell each other: the one that reads and the one that decides write here, the one that speaks reads it. It holds
//! how things stand and no queue, so that it stays small whatever the peer does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use titian_proto::envelope::Lane;
use titian_proto::model::malformed::Malformed;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::lanes::PerLane;
use super::limits::{Allowance, allowance};
use super::window::Wide;
use crate::store::Position;

/// The board of one session.
pub(super) struct Board {
    state: Mutex<State>,
    /// Something was written that the speaker may have to say.
    changed: Notify,
}

/// How a session stands.
pub(super) struct State {
    lanes: PerLane<LaneState>,
    /// This node has taken back so much, and the peer was not told of it, or may not have heard.
    pub(super) taken_back: Option<u64>,
    /// The peer has taken back so much of what is given back to it.
    pub(super) taken_back_there: u64,
    /// A ping to be answered; a newer one makes an older one needless.
    pub(super) ping: Option<u64>,
    heard_at: Instant,
    /// Whether the peer says so much that the line must be a wide one.
    pub(super) heard_much: Wide,
    /// Something sent waits for its acknowledgement, or its receipt.
    pub(super) waiting: bool,
}

/// How one lane stands, in both directions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LaneState {
    /// The peer has stored everything up to here.
    pub(super) stored: Position,
    /// The peer missed something after that place.
    pub(super) again: bool,
    /// What the peer may take in all, counted from the start of the stream; none: it never spoke of credit.
    pub(super) credit: Option<Allowance>,
    /// The peer misses the receipts after this place.
    pub(super) receipts_after: Option<Position>,
    /// An envelope came that is not the next.
    pub(super) gap: bool,
    /// An envelope came a second time: the peer may not have heard that it is stored.
    pub(super) known: bool,
    /// What came and was taken in, counted from the start of the stream.
    pub(super) taken: Allowance,
    /// What came, taken in or not.
    came: Allowance,
    /// What of that came a second time. Whether the peer sent it again or the line did is not known.
    pub(super) twice: Allowance,
}

impl Board {
    pub(super) fn new(now: Instant) -> Self {
        let state = State {
            lanes: PerLane::default(),
            taken_back: None,
            taken_back_there: 0,
            ping: None,
            heard_at: now,
            heard_much: Wide::default(),
            waiting: false,
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Looks at it, or writes on it; the speaker looks when it is told.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.lock())
    }

    /// As [`Self::with`], and tells the speaker.
    pub(super) fn tell<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        let told = write(&mut self.lock());
        self.changed.notify_one();
        told
    }

    /// Waits until somebody told something.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn lane(&mut self, lane: Lane) -> &mut LaneState {
        self.lanes.get_mut(lane)
    }

    /// A frame came.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// How long nothing came.
    pub(super) fn silent_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.heard_at)
    }
}

impl LaneState {
    /// Notes what came. A peer that sends more than it was given room for is not let go on.
    ///
    /// # Errors
    /// When it is more.
    pub(super) fn came(&mut self, lane: Lane, one: Allowance) -> Result<(), Malformed> {
        let room = granted(lane, self.taken);
        // What the line doubled made room for as much at the peer, and what is on its way now may be doubled too. That is not the peer's fault, and
        // what is read ahead has a bound of its own.
        let doubled = if self.twice.envelopes == 0 { Allowance::default() } else { granted(lane, self.twice) };
        let room = Allowance { envelopes: room.envelopes + doubled.envelopes, bytes: room.bytes + doubled.bytes };
        // The last envelope may reach over the bytes, because it cannot be cut; none may follow it.
        let full = self.came.envelopes + one.envelopes > room.envelopes || self.came.bytes >= room.bytes;
        self.came += one;
        if full {
            return Err(Malformed::new("is more than this node gave credit for").at("deliveries"));
        }
        Ok(())
    }

    /// The peer misses the receipts after a place.
    pub(super) fn miss_receipts(&mut self, after: Position) {
        self.receipts_after = Some(self.receipts_after.map_or(after, |known| known.min(after)));
    }

    /// What may still be sent to the peer, as far as it spoke of it.
    pub(super) fn room(&self, used: Allowance) -> Option<Allowance> {
        self.credit.map(|credit| Allowance {
            envelopes: credit.envelopes.saturating_sub(used.envelopes),
            bytes: credit.bytes.saturating_sub(used.bytes),
        })
    }
}

/// What a peer may send in all once so much was taken in.
pub(super) fn granted(lane: Lane, taken: Allowance) -> Allowance {
    let Allowance { envelopes, bytes } = allowance(lane);
    Allowance { envelopes: taken.envelopes + envelopes, bytes: taken.bytes + bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: u64) -> Allowance {
        Allowance { envelopes: 1, bytes }
    }

    #[test]
    fn the_last_envelope_may_reach_over_the_credit_and_none_may_follow() {
        let mut lane = LaneState::default();
        let bytes = allowance(Lane::Shares).bytes;
        lane.came(Lane::Shares, one(bytes - 1)).unwrap();
        lane.came(Lane::Shares, one(64 * 1024)).unwrap();
        lane.came(Lane::Shares, one(1)).unwrap_err();
    }

    #[test]
    fn what_the_line_doubled_is_not_the_peers_fault() {
        let mut lane = LaneState { twice: one(1), ..LaneState::default() };
        for _ in 0..=2 * allowance(Lane::Safety).envelopes {
            lane.came(Lane::Safety, one(1)).unwrap();
        }
        lane.came(Lane::Safety, one(1)).unwrap_err();
    }

    #[test]
    fn no_more_envelopes_come_than_there_is_credit_for() {
        let mut lane = LaneState::default();
        for _ in 0..allowance(Lane::Safety).envelopes {
            lane.came(Lane::Safety, one(1)).unwrap();
        }
        lane.came(Lane::Safety, one(1)).unwrap_err();
        lane.taken.envelopes += 1;
        LaneState { came: Allowance::default(), ..lane }.came(Lane::Safety, one(1)).unwrap();
    }
}
