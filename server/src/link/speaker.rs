//! The one task of a session that speaks. It looks at how things stand and says what was not said yet, the most urgent first: what is stored and
//! room for more, then safety, then receipts, then the other lanes by their weights. Nothing is queued for it, so nothing waits behind a queue.

use prost::Message as _;
use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;
use titian_proto::wire::{self, frame};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::board::{Board, granted};
use super::courier::Courier;
use super::documents::Documents;
use super::giving::Giving;
use super::hello::{Terms, epoch_of};
use super::lanes::{PerLane, SHARING, Turn};
use super::limits::{
    Allowance, CREDIT_PARTS, FRAME_BYTES, FRAME_ENVELOPES, FRAME_RECEIPTS, IN_FLIGHT_ENVELOPES, LOOK_EVERY, PING_EVERY, PING_EVERY_DIALLED,
    PING_WAITING, QUEUEING, RECEIPTS_WITHIN, RESEND_AFTER, ROOM_WITHIN, allowance,
};
use super::session::{SessionError, Shared};
use super::window::{Unacknowledged, Wide, Window};
use crate::federation::line::Line;
use crate::federation::passage::Passage;
use crate::store::{Most, OutboxTable as _, Position, StoreError};

/// Says everything that this node has to say to one peer.
pub(super) struct Speaker<'a> {
    passage: Passage,
    peer: NodeId,
    outgoing: mpsc::Sender<wire::Frame>,
    board: &'a Board,
    terms: &'a Terms,
    dialled_by_us: bool,
    documents: &'a Documents,
    line: &'a Line,
    courier: Courier,
    lanes: PerLane<Said>,
    turn: Turn,
    window: Window,
    giving: Giving,
    quarantined: bool,
    /// Chunks of documents on the way, by their number since the start of the stream.
    chunks: Unacknowledged<u64>,
    chunks_given: u64,
    pinged_at: Instant,
}

/// How far one lane was said.
#[derive(Default)]
struct Said {
    /// Sent up to here.
    sent: Position,
    unacknowledged: Unacknowledged<Position>,
    /// Sent in all since the start of the stream.
    used: Allowance,
    /// The peer was told that everything up to here is stored.
    stored: Position,
    /// The peer was given the receipts up to here.
    receipts: Position,
    /// The peer was told that it may send so much in all.
    granted: Allowance,
    /// When receipts of what the peer has stored were last asked for, or came.
    asked_at: Option<(Position, Instant)>,
    /// Since when something waits for room while nothing is on the way, or room was last asked for.
    starved_since: Option<Instant>,
}

impl<'a> Speaker<'a> {
    /// A speaker that goes on from where the hellos say.
    pub(super) fn new(
        passage: Passage,
        peer: NodeId,
        outgoing: mpsc::Sender<wire::Frame>,
        shared: Shared<'a>,
        dialled_by_us: bool,
    ) -> Result<Self, StoreError> {
        let Shared { board, terms, documents, line } = shared;
        let lanes = PerLane::of(|lane| {
            let answered = passage.store().answered_through(&peer, lane);
            Said {
                sent: *terms.received.get(lane),
                stored: answered,
                receipts: terms.settled.get(lane).unwrap_or(answered),
                ..Said::default()
            }
        });
        let courier = Courier::new(passage.clone(), peer.clone());
        let (turn, window, pinged_at) = (Turn::default(), Window::new(), Instant::now());
        let giving = Giving::new(&passage, &peer, terms)?;
        let quarantined = passage.is_quarantined(&peer)?;
        let (chunks, chunks_given) = (Unacknowledged::default(), 0);
        Ok(Self {
            passage,
            peer,
            outgoing,
            board,
            terms,
            dialled_by_us,
            documents,
            line,
            courier,
            lanes,
            turn,
            window,
            giving,
            quarantined,
            chunks,
            chunks_given,
            pinged_at,
        })
    }

    /// Speaks for ever; ends only when the stream does.
    pub(super) async fn run(mut self) -> Result<(), SessionError> {
        let (outgoing, mut outbox) = (self.outgoing.clone(), self.passage.store().watch_outbox());
        let mut look_at = Instant::now() + LOOK_EVERY;
        loop {
            // However much else there is to do: staff who write something down every other second must not keep the clocks from being looked at.
            if Instant::now() >= look_at {
                self.look_at_clocks().await?;
                look_at = Instant::now() + LOOK_EVERY;
            }
            // The place on the line comes first: what the gate lets pass must not wait for one while somebody withdraws.
            let asked_at = Instant::now();
            let place = outgoing.reserve().await.map_err(|_| SessionError::Ended)?;
            if asked_at.elapsed() >= QUEUEING {
                self.board.with(|board| board.heard_much = Wide::default());
                self.line.found_in_hearing(false);
            }
            outbox.borrow_and_update();
            self.hear();
            self.giving.note_told(&self.passage, &self.peer).await?;
            if let Some(frame) = self.next_frame().await? {
                let sends = matches!(frame, frame::Frame::Deliveries(_));
                place.send(wire::Frame { frame: Some(frame) });
                if sends {
                    crate::crash::point("courier.after-send");
                }
                continue;
            }
            drop(place);
            tokio::select! {
                biased;
                () = self.board.changed() => {}
                () = self.documents.changed() => {}
                changed = outbox.changed() => changed.map_err(|_| SessionError::Ended)?,
                () = sleep_until(look_at) => {}
            }
        }
    }

    /// Takes over what the peer said.
    fn hear(&mut self) {
        let now = Instant::now();
        self.chunks.stored(self.documents.taken_there(), now, &mut self.window);
        self.board.with(|board| {
            self.giving.taken_back(board.taken_back_there);
            board.waiting = self.chunks.since().is_some() || self.giving.is_waiting();
            for lane in Lane::ALL {
                let (there, said) = (board.lane(*lane), self.lanes.get_mut(*lane));
                said.unacknowledged.stored(there.stored, now, &mut self.window);
                said.sent = said.sent.max(there.stored);
                if std::mem::take(&mut there.again) && said.sent > there.stored {
                    said.unacknowledged.give_up(&mut self.window);
                    said.sent = there.stored;
                }
                if let Some(after) = there.receipts_after.take() {
                    said.receipts = said.receipts.min(after);
                    // Whoever misses one acknowledgement may have missed another.
                    said.granted = Allowance::default();
                }
                board.waiting |= said.unacknowledged.since().is_some();
            }
        });
        self.line.found_in_saying(self.window.is_wide());
    }

    async fn next_frame(&mut self) -> Result<Option<frame::Frame>, SessionError> {
        let answer = self.answer_to_ping().or_else(|| self.next_taken_back());
        if let Some(frame) = answer.or_else(|| self.next_stored()).or_else(|| self.next_credit()) {
            return Ok(Some(frame));
        }
        if self.terms.is_current()
            && let Some(frame) = self.giving.next_receipts(&self.passage, &self.peer)?
        {
            return Ok(Some(frame));
        }
        if let Some(frame) = self.next_deliveries(Lane::Safety).await? {
            return Ok(Some(frame));
        }
        if let Some(frame) = self.next_receipts()? {
            return Ok(Some(frame));
        }
        if self.terms.is_current()
            && !self.giving.is_over()
            && !self.giving.is_waiting()
            && let Some(frame) = self.next_given_back().await?
        {
            return Ok(Some(frame));
        }
        if let Some(frame) = self.documents.next_word().await? {
            return Ok(Some(frame));
        }
        loop {
            let Some(lane) = self.next_lane() else { return Ok(None) };
            if lane != Lane::Documents || !self.documents.has_answer() {
                return self.next_deliveries(lane).await;
            }
            if let Some(frame) = self.next_chunk().await? {
                return Ok(Some(frame));
            }
        }
    }

    /// The next chunk of a document that the peer asks for, or why there is none. Counts as its lane, and as on the way until the peer took it.
    async fn next_chunk(&mut self) -> Result<Option<frame::Frame>, SessionError> {
        let Some(frame) = self.documents.next_answer().await? else { return Ok(None) };
        if let frame::Frame::DocumentChunk(chunk) = &frame {
            let bytes = chunk.encoded_len();
            self.turn.spend(Lane::Documents, bytes as u64);
            self.chunks_given += 1;
            self.chunks.sent(self.chunks_given, bytes, Instant::now());
            self.window.put(bytes);
            self.board.with(|board| board.waiting = true);
        }
        Ok(Some(frame))
    }

    /// What a restored peer gets back: its envelopes one by one in their old order, then how things stand.
    async fn next_given_back(&mut self) -> Result<Option<frame::Frame>, SessionError> {
        if let Some(lane) = self.giving.next_lane(&self.passage, &self.peer, |lane| self.lanes.get(lane).sent)? {
            // What goes in another lane is heard of before this one follows it: the two may belong to one case, and frames may get lost.
            let behind = SHARING.into_iter().any(|other| other != lane && self.stored_there(other) < self.lanes.get(other).sent);
            return if behind || self.window.room() == 0 { Ok(None) } else { self.next_deliveries(lane).await };
        }
        if self.giving.is_giving(|lane| self.stored_there(lane)) {
            return Ok(None);
        }
        Ok(self.giving.next_standing(&self.passage, &self.peer)?)
    }

    /// What the peer has stored of a lane.
    fn stored_there(&self, lane: Lane) -> Position {
        self.board.with(|board| board.lane(lane).stored)
    }

    fn answer_to_ping(&mut self) -> Option<frame::Frame> {
        let nonce = self.board.with(|board| board.ping.take())?;
        Some(frame::Frame::Ping(wire::Ping { nonce, answer: true }))
    }

    /// How much of what the peer gives back is on stable storage here.
    fn next_taken_back(&mut self) -> Option<frame::Frame> {
        let through = self.board.with(|board| board.taken_back.take())?;
        Some(frame::Frame::TakenBack(wire::TakenBack { through }))
    }

    /// What is on stable storage here and the peer was not told of, or seems not to have heard.
    fn next_stored(&mut self) -> Option<frame::Frame> {
        for lane in Lane::ALL {
            let (gap, known) = self.board.with(|board| {
                let there = board.lane(*lane);
                (std::mem::take(&mut there.gap), std::mem::take(&mut there.known))
            });
            let gap = gap && self.terms.is_current();
            let (through, said) = (self.passage.store().answered_through(&self.peer, *lane), self.lanes.get_mut(*lane));
            if through > said.stored || gap || known {
                said.stored = through;
                let epoch = self.terms.peer_epoch_of(through);
                return Some(frame::Frame::Stored(wire::Stored { lane: lane.to_wire(), through: through.sequence(), epoch, gap }));
            }
        }
        None
    }

    /// Room for more, once a part of what was given is used: a sender far away never waits for it while there is room.
    fn next_credit(&mut self) -> Option<frame::Frame> {
        if !self.terms.is_current() {
            return None;
        }
        for lane in Lane::ALL {
            let taken = self.board.with(|board| board.lane(*lane).taken);
            let (room, said) = (granted(*lane, taken), self.lanes.get_mut(*lane));
            let Allowance { envelopes, bytes } = allowance(*lane);
            let due = room.envelopes >= said.granted.envelopes + envelopes / CREDIT_PARTS
                || room.bytes >= said.granted.bytes + bytes / CREDIT_PARTS;
            let open = *lane == Lane::Safety || !self.quarantined;
            if due && open && self.passage.has_room_for(*lane) {
                said.granted = room;
                return Some(frame::Frame::Credit(wire::Credit { lane: lane.to_wire(), envelopes: room.envelopes, bytes: room.bytes }));
            }
        }
        None
    }

    /// Signed receipts that the peer was not given in this session.
    fn next_receipts(&mut self) -> Result<Option<frame::Frame>, SessionError> {
        let view = self.passage.store().view();
        for lane in Lane::ALL {
            let said = self.lanes.get_mut(*lane);
            let most = Most { count: FRAME_RECEIPTS, bytes: self.window.frame_bytes() };
            let receipts = view.receipts_after(&self.peer, *lane, said.receipts, most)?;
            let Some((last, _)) = receipts.last() else { continue };
            said.receipts = *last;
            crate::crash::point("speaker.before-receipts");
            let receipts = receipts.into_iter().map(|(_, receipt)| receipt).collect();
            return Ok(Some(frame::Frame::Receipts(wire::Receipts { receipts })));
        }
        Ok(None)
    }

    fn next_lane(&mut self) -> Option<Lane> {
        if self.window.room() == 0 {
            return None;
        }
        let waits = self.terms.is_current() && self.giving.is_giving_back(|lane| self.stored_there(lane));
        let ready = PerLane::of(|lane| self.may_send(lane, waits));
        self.turn.next(|lane| *ready.get(lane))
    }

    /// Whether something of a lane may go now; `waits`: nothing new goes, because the peer still gets back what it had.
    fn may_send(&self, lane: Lane, waits: bool) -> bool {
        (self.may_deliver(lane) && !waits) || (lane == Lane::Documents && !self.quarantined && self.documents.has_answer())
    }

    fn may_deliver(&self, lane: Lane) -> bool {
        let (room, open) = (self.room(lane), lane == Lane::Safety || !self.quarantined);
        let held_back = self.terms.is_current() && self.giving.withholds(lane, self.lanes.get(lane).sent);
        open && !held_back && room.envelopes > 0 && room.bytes > 0 && self.courier.waits(lane, self.lanes.get(lane).sent)
    }

    /// What the peer gave room for.
    fn room(&self, lane: Lane) -> Allowance {
        let said = self.lanes.get(lane);
        let nothing = Allowance { envelopes: 0, bytes: 0 };
        if self.terms.is_current() {
            return self.board.with(|board| board.lane(lane).room(said.used)).unwrap_or(nothing);
        }
        let stored = self.stored_there(lane);
        let in_flight = said.sent.sequence().saturating_sub(stored.sequence());
        Allowance { envelopes: IN_FLIGHT_ENVELOPES.saturating_sub(in_flight), bytes: u64::MAX }
    }

    /// The next frame of a lane, if there is something to send and room for it.
    async fn next_deliveries(&mut self, lane: Lane) -> Result<Option<frame::Frame>, SessionError> {
        if !self.may_deliver(lane) {
            return Ok(None);
        }
        let room = self.room(lane);
        let line = if lane == Lane::Safety { FRAME_BYTES } else { self.window.room().min(self.window.frame_bytes()) };
        let bytes = line.min(usize::try_from(room.bytes).unwrap_or(usize::MAX));
        let frame = if self.giving.goes_one_by_one(lane, self.lanes.get(lane).sent) { 1 } else { FRAME_ENVELOPES };
        let most = Most { count: usize::try_from(room.envelopes).unwrap_or(usize::MAX).min(frame), bytes };
        let Some(parcel) = self.courier.next(lane, self.lanes.get(lane).sent, most).await? else { return Ok(None) };
        let said = self.lanes.get_mut(lane);
        self.turn.spend(lane, parcel.bytes);
        said.sent = parcel.through;
        said.used.envelopes += parcel.deliveries.len() as u64;
        said.used.bytes += parcel.bytes;
        // What is urgent is not held back by what is on the way, and does not count for it.
        let counted = if lane == Lane::Safety { 0 } else { usize::try_from(parcel.bytes).unwrap_or(usize::MAX) };
        said.unacknowledged.sent(parcel.through, counted, Instant::now());
        self.window.put(counted);
        self.board.with(|board| board.waiting = true);
        Ok(Some(frame::Frame::Deliveries(wire::Deliveries { deliveries: parcel.deliveries })))
    }

    /// Pings, and what was lost on the way.
    async fn look_at_clocks(&mut self) -> Result<(), SessionError> {
        let now = Instant::now();
        let (silent, waiting) = self.board.with(|board| (board.silent_for(now), board.waiting));
        let idle = if self.dialled_by_us { PING_EVERY } else { PING_EVERY_DIALLED };
        let due = if waiting { PING_WAITING } else { idle };
        if silent >= due && now.saturating_duration_since(self.pinged_at) >= due {
            self.pinged_at = now;
            let ping = frame::Frame::Ping(wire::Ping { nonce: 0, answer: false });
            // A line too full for a ping needs none.
            let _ = self.outgoing.try_send(wire::Frame { frame: Some(ping) });
        }
        self.quarantined = self.passage.is_quarantined(&self.peer)?;
        self.giving.say_again_if_late(now);
        if self.terms.is_current() {
            for lane in Lane::ALL {
                self.send_again_if_late(*lane, now);
                let settled = self.passage.store().view().outbox_lane(&self.peer, *lane)?.settled_through;
                self.ask_for_receipts_if_late(*lane, settled, now);
                self.ask_for_room_if_late(*lane, settled, now);
            }
        }
        Ok(())
    }

    fn send_again_if_late(&mut self, lane: Lane, now: Instant) {
        let said = self.lanes.get_mut(lane);
        if said.unacknowledged.since().is_some_and(|since| now.saturating_duration_since(since) >= RESEND_AFTER) {
            said.unacknowledged.give_up(&mut self.window);
            said.sent = self.board.with(|board| board.lane(lane).stored);
        }
    }

    fn ask_for_receipts_if_late(&mut self, lane: Lane, settled: Position, now: Instant) {
        let stored = self.stored_there(lane);
        let said = self.lanes.get_mut(lane);
        if settled >= stored {
            said.asked_at = None;
            return;
        }
        match said.asked_at {
            Some((then, at)) if then == settled && now.saturating_duration_since(at) >= RECEIPTS_WITHIN => {
                if self.ask_again(lane, settled) {
                    self.lanes.get_mut(lane).asked_at = Some((settled, now));
                }
            }
            Some((then, _)) if then == settled => {}
            Some(_) | None => said.asked_at = Some((settled, now)),
        }
    }

    /// A lane whose credit was lost would wait for ever: nothing is on the way that could bring another.
    fn ask_for_room_if_late(&mut self, lane: Lane, settled: Position, now: Instant) {
        let (room, said) = (self.room(lane), self.lanes.get(lane));
        let waits = self.courier.waits(lane, said.sent) && said.unacknowledged.since().is_none();
        let starved = waits && (room.envelopes == 0 || room.bytes == 0);
        let since = said.starved_since.filter(|_| starved);
        let late = since.is_some_and(|since| now.saturating_duration_since(since) >= ROOM_WITHIN);
        let asked = late && self.ask_again(lane, settled);
        self.lanes.get_mut(lane).starved_since = if asked { Some(now) } else { since.or(starved.then_some(now)) };
    }

    /// Asks for the receipts after a place and for room. Whether the line took it.
    fn ask_again(&self, lane: Lane, settled: Position) -> bool {
        let epoch = epoch_of(&self.terms.own_epochs, settled);
        let ask = frame::Frame::Unanswered(wire::Unanswered { lane: lane.to_wire(), after: settled.sequence(), epoch });
        self.outgoing.try_send(wire::Frame { frame: Some(ask) }).is_ok()
    }
}
