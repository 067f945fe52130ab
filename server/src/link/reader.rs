//! Hears what the peer says: what it has stored goes to the board, envelopes and receipts to those who write them. It never waits for the line,
//! so that two full lines cannot wait for each other.

use std::sync::Arc;

use titian_proto::envelope::Lane;
use titian_proto::model::malformed::{At, Malformed};
use titian_proto::wire::{self, frame};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout};
use tokio_stream::StreamExt as _;

use super::board::Board;
use super::courier::weight;
use super::documents::Documents;
use super::hello::Terms;
use super::lanes::PerLane;
use super::limits::{Allowance, FRAME_ENVELOPES, FRAME_RECEIPTS, LOOK_EVERY, READ_AHEAD_BYTES, SILENT_FOR, SILENT_WAITING};
use super::session::{SessionError, Shared, goodbye};
use crate::federation::connection::Incoming;
use crate::federation::line::Line;

/// Hears one peer.
pub(super) struct Reader<'a> {
    board: &'a Board,
    terms: &'a Terms,
    documents: &'a Documents,
    line: &'a Line,
    came: mpsc::Sender<Came>,
    receipts: mpsc::Sender<wire::Receipts>,
    read_ahead: Arc<Semaphore>,
}

/// What came in one frame and is to be written, in the order in which it came.
pub(super) enum Came {
    /// Envelopes, what they weigh in each lane, and the place that they take among what is read ahead.
    Envelopes(Vec<wire::Delivery>, PerLane<Allowance>, OwnedSemaphorePermit),
    /// What the peer gives back after this node was restored.
    Returned(wire::Returned),
}

impl<'a> Reader<'a> {
    pub(super) fn new(shared: Shared<'a>, came: mpsc::Sender<Came>, receipts: mpsc::Sender<wire::Receipts>) -> Self {
        let Shared { board, terms, documents, line } = shared;
        Self { board, terms, documents, line, came, receipts, read_ahead: Arc::new(Semaphore::new(READ_AHEAD_BYTES)) }
    }

    /// Hears until the stream ends, or nothing is heard for too long.
    pub(super) async fn run(self, incoming: &mut Incoming) -> Result<(), SessionError> {
        loop {
            let Ok(next) = timeout(LOOK_EVERY, incoming.next()).await else {
                self.refuse_silence()?;
                continue;
            };
            let frame = next.ok_or(SessionError::Ended)?.map_err(|_| SessionError::Ended)?;
            self.board.with(|board| board.heard(Instant::now()));
            self.hear(frame.frame).await?;
        }
    }

    fn refuse_silence(&self) -> Result<(), SessionError> {
        let (silent, waiting) = self.board.with(|board| (board.silent_for(Instant::now()), board.waiting));
        let limit = if waiting { SILENT_WAITING } else { SILENT_FOR };
        if silent >= limit { Err(SessionError::Silent(limit.as_secs())) } else { Ok(()) }
    }

    async fn hear(&self, frame: Option<frame::Frame>) -> Result<(), SessionError> {
        match frame {
            Some(frame::Frame::Deliveries(batch)) => self.take(batch).await,
            Some(frame::Frame::Receipts(batch)) => self.pass_on(batch).await,
            Some(frame::Frame::Stored(stored)) => self.stored(&stored),
            Some(frame::Frame::Credit(credit)) => self.credit(&credit),
            Some(frame::Frame::Unanswered(ask)) => self.unanswered(&ask),
            Some(frame::Frame::Ping(wire::Ping { nonce, answer: false })) => {
                self.board.tell(|board| board.ping = Some(nonce));
                Ok(())
            }
            Some(frame::Frame::Ping(_)) => Ok(()),
            Some(frame::Frame::Bye(bye)) => Err(goodbye(&bye)),
            Some(frame::Frame::Returned(returned)) => self.give_back(returned).await,
            Some(frame::Frame::TakenBack(wire::TakenBack { through })) => {
                self.board.tell(|board| board.taken_back_there = board.taken_back_there.max(through));
                Ok(())
            }
            Some(
                about @ (frame::Frame::DocumentAsk(_)
                | frame::Frame::DocumentOpening(_)
                | frame::Frame::DocumentChunk(_)
                | frame::Frame::DocumentRefusal(_)
                | frame::Frame::DocumentTaken(_)),
            ) => self.documents.hear(about),
            Some(frame::Frame::Hello(_)) | None => Err(Malformed::new("is out of place").at("frame").into()),
        }
    }

    async fn take(&self, wire::Deliveries { deliveries }: wire::Deliveries) -> Result<(), SessionError> {
        if deliveries.is_empty() || deliveries.len() > FRAME_ENVELOPES {
            return Err(Malformed::new("must hold 1 to 64 envelopes").at("deliveries").into());
        }
        let weights = self.weigh(&deliveries)?;
        let bytes = Lane::ALL.iter().map(|lane| weights.get(*lane).bytes).sum::<u64>();
        self.hears_much(bytes);
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX).min(READ_AHEAD_BYTES as u32);
        let place = self.read_ahead.clone().acquire_many_owned(permits).await.map_err(|_| SessionError::Ended)?;
        self.came.send(Came::Envelopes(deliveries, weights, place)).await.map_err(|_| SessionError::Ended)
    }

    fn hears_much(&self, bytes: u64) {
        let now = Instant::now();
        let is_wide = self.board.with(|board| {
            board.heard_much.arrived(usize::try_from(bytes).unwrap_or(usize::MAX), now, now);
            board.heard_much.is()
        });
        if is_wide {
            self.line.found_in_hearing(true);
        }
    }

    /// What came in each lane, held against the credit where the peer knows of it.
    fn weigh(&self, deliveries: &[wire::Delivery]) -> Result<PerLane<Allowance>, SessionError> {
        let mut weights = PerLane::<Allowance>::default();
        for delivery in deliveries {
            let (lane, one) = (lane_of(delivery)?, Allowance { envelopes: 1, bytes: weight(delivery) });
            if self.terms.is_current() {
                self.board.with(|board| board.lane(lane).came(lane, one))?;
            }
            *weights.get_mut(lane) += one;
        }
        Ok(weights)
    }

    async fn give_back(&self, returned: wire::Returned) -> Result<(), SessionError> {
        self.came.send(Came::Returned(returned)).await.map_err(|_| SessionError::Ended)
    }

    async fn pass_on(&self, batch: wire::Receipts) -> Result<(), SessionError> {
        if batch.receipts.is_empty() || batch.receipts.len() > FRAME_RECEIPTS {
            return Err(Malformed::new("must hold 1 to 64 receipts").at("receipts").into());
        }
        self.receipts.send(batch).await.map_err(|_| SessionError::Ended)
    }

    fn stored(&self, stored: &wire::Stored) -> Result<(), SessionError> {
        let lane = Lane::from_wire(stored.lane)?;
        let through = self.terms.own_place(&stored.epoch, stored.through).at("stored")?;
        self.board.tell(|board| {
            let there = board.lane(lane);
            there.stored = there.stored.max(through);
            there.again |= stored.gap;
        });
        Ok(())
    }

    fn credit(&self, credit: &wire::Credit) -> Result<(), SessionError> {
        let lane = Lane::from_wire(credit.lane)?;
        let room = Allowance { envelopes: credit.envelopes, bytes: credit.bytes };
        self.board.tell(|board| {
            let there = board.lane(lane);
            let known = there.credit.unwrap_or(room);
            there.credit = Some(Allowance { envelopes: known.envelopes.max(room.envelopes), bytes: known.bytes.max(room.bytes) });
        });
        Ok(())
    }

    fn unanswered(&self, ask: &wire::Unanswered) -> Result<(), SessionError> {
        let lane = Lane::from_wire(ask.lane)?;
        let after = self.terms.peer_place(&ask.epoch, ask.after).at("unanswered")?;
        self.board.tell(|board| board.lane(lane).miss_receipts(after));
        Ok(())
    }
}

/// The lane that a delivery counts for.
pub(super) fn lane_of(delivery: &wire::Delivery) -> Result<Lane, Malformed> {
    /// The part of a header that names the lane; the rest is read where its signature is checked.
    #[derive(Clone, PartialEq, prost::Message)]
    struct LaneOnly {
        #[prost(int32, tag = "5")]
        lane: i32,
    }
    let header = delivery.envelope.as_ref().map(|envelope| envelope.header.clone()).unwrap_or_default();
    let LaneOnly { lane } = prost::Message::decode(header).map_err(|_| Malformed::new("is not a header").at("header"))?;
    Lane::from_wire(lane).at("header.lane")
}
