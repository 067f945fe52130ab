//! Takes what is durable in the outbox and sends it, in the order of its lane. The gate is asked again for each envelope before it leaves.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;
use titian_proto::wire::{self, frame};
use tokio::sync::{Notify, mpsc};

use super::limits::{FRAME_BYTES, FRAME_ENVELOPES, IN_FLIGHT_ENVELOPES};
use super::session::{PeerHello, SessionError, say};
use crate::federation::passage::Passage;
use crate::store::Most;

/// The lanes in the order in which they go: safety first.
const LANES: [Lane; 5] = [Lane::Safety, Lane::States, Lane::Referrals, Lane::Shares, Lane::Documents];

/// How far the peer has stored each lane in this session.
pub(super) struct InFlight {
    stored: Mutex<HashMap<Lane, u64>>,
    changed: Notify,
}

impl InFlight {
    pub(super) fn new(hello: &PeerHello) -> Self {
        Self { stored: Mutex::new(hello.received.iter().copied().collect()), changed: Notify::new() }
    }

    /// The peer says that everything up to here is on stable storage.
    pub(super) fn stored(&self, lane: Lane, through: u64) {
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let known = stored.entry(lane).or_default();
        *known = through.max(*known);
        self.changed.notify_one();
    }

    fn through(&self, lane: Lane) -> u64 {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).get(&lane).copied().unwrap_or(0)
    }
}

/// Sends the outbox of one peer.
pub(super) struct Courier {
    passage: Passage,
    peer: NodeId,
    outgoing: mpsc::Sender<wire::Frame>,
    in_flight: std::sync::Arc<InFlight>,
}

impl Courier {
    pub(super) fn new(passage: Passage, peer: NodeId, outgoing: mpsc::Sender<wire::Frame>, in_flight: std::sync::Arc<InFlight>) -> Self {
        Self { passage, peer, outgoing, in_flight }
    }

    /// Sends for ever; ends only when the stream does.
    pub(super) async fn run(self, hello: PeerHello) -> Result<(), SessionError> {
        let mut sent: HashMap<Lane, u64> = hello.received.iter().copied().collect();
        let mut outbox = self.passage.store().watch_outbox();
        loop {
            outbox.borrow_and_update();
            let mut moved = false;
            for lane in LANES {
                moved |= self.send_some(lane, sent.entry(lane).or_default()).await?;
            }
            if moved {
                continue;
            }
            tokio::select! {
                changed = outbox.changed() => changed.map_err(|_| SessionError::Ended)?,
                () = self.in_flight.changed.notified() => {}
            }
        }
    }

    /// Sends one frame of a lane, if there is something to send and room for it.
    async fn send_some(&self, lane: Lane, sent: &mut u64) -> Result<bool, SessionError> {
        let room = IN_FLIGHT_ENVELOPES.saturating_sub(sent.saturating_sub(self.in_flight.through(lane)));
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(FRAME_ENVELOPES);
        if room == 0 || *sent >= self.passage.store().durable_sequence(&self.peer, lane) {
            return Ok(false);
        }
        let waiting = self.passage.store().view().deliveries(&self.peer, lane, *sent, Most { count: room, bytes: FRAME_BYTES })?;
        let Some((last, _)) = waiting.last() else { return Ok(false) };
        let last = *last;
        crate::crash::point("courier.before-dispatch");
        let deliveries = self.passage.depart(&self.peer, lane, waiting).await?;
        crate::crash::point("courier.before-send");
        say(&self.outgoing, frame::Frame::Deliveries(wire::Deliveries { deliveries })).await?;
        crate::crash::point("courier.after-send");
        *sent = last;
        Ok(true)
    }
}
