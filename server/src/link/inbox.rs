//! Takes what came, has it decided and written, and writes on the board how far that is durable. While one batch waits for the disk, the next is
//! already checked and decided.

use std::collections::VecDeque;

use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;
use titian_proto::wire;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::board::{Board, State};
use super::hello::Terms;
use super::lanes::PerLane;
use super::limits::{Allowance, BATCH_ENVELOPES, BATCHES_IN_WORK, FRAMES_READ_AHEAD};
use super::reader::{Came, lane_of};
use super::session::{SessionError, Shared};
use crate::federation::passage::{Arrived, Arriving, Passage};

/// Takes in what one peer sends.
pub(super) struct Inbox<'a> {
    passage: Passage,
    peer: NodeId,
    board: &'a Board,
    terms: &'a Terms,
    came: mpsc::Receiver<Came>,
    receipts: mpsc::Receiver<wire::Receipts>,
}

/// Where the reader puts what it hears.
pub(super) type Slots = (mpsc::Sender<Came>, mpsc::Sender<wire::Receipts>);

impl<'a> Inbox<'a> {
    /// An inbox, and the slots into which the reader puts what it hears.
    pub(super) fn new(passage: Passage, peer: NodeId, shared: Shared<'a>) -> (Self, Slots) {
        let (put_came, came) = mpsc::channel(FRAMES_READ_AHEAD);
        let (put_receipts, receipts) = mpsc::channel(FRAMES_READ_AHEAD);
        let Shared { board, terms, .. } = shared;
        (Self { passage, peer, board, terms, came, receipts }, (put_came, put_receipts))
    }

    /// Takes in for ever; ends only when the stream does.
    pub(super) async fn run(self) -> Result<(), SessionError> {
        let Self { passage, peer, board, terms, came, receipts } = self;
        tokio::select! {
            biased;
            ended = take_in(&passage, &peer, board, terms, came) => ended,
            ended = settle(&passage, &peer, receipts) => ended,
        }
    }
}

/// A batch that is decided and waits for the disk.
struct InWork {
    arriving: Arriving,
    taken: PerLane<Allowance>,
    _places: Vec<OwnedSemaphorePermit>,
}

async fn take_in(
    passage: &Passage,
    peer: &NodeId,
    board: &Board,
    terms: &Terms,
    mut came: mpsc::Receiver<Came>,
) -> Result<(), SessionError> {
    let (mut in_work, mut returned): (VecDeque<InWork>, _) = (VecDeque::new(), None);
    let mut taken_back = TakenBack::default();
    loop {
        let (idle, room) = (in_work.is_empty(), in_work.len() < BATCHES_IN_WORK && returned.is_none());
        if idle && let Some(returned) = returned.take() {
            if taken_back.is_next(&returned) {
                passage.take_back(peer, returned, terms.received.to_vec()).await?;
            }
            taken_back.tell(board);
            continue;
        }
        tokio::select! {
            biased;
            arrived = oldest(&mut in_work), if !idle => {
                let arrived = arrived?;
                crate::crash::point("inbox.before-acknowledge");
                if let Some(InWork { taken, .. }) = in_work.pop_front() {
                    board.tell(|board| note(board, &arrived, &taken));
                }
                crate::crash::point("inbox.after-acknowledge");
            }
            next = came.recv(), if room => {
                let mut batch = Batch::collect(next.ok_or(SessionError::Ended)?, &mut came);
                // A peer that speaks of credit was given none where there is no room.
                if !terms.is_current() {
                    batch.leave_out_what_has_no_room(passage);
                }
                returned = batch.returned;
                if !batch.deliveries.is_empty() {
                    let arriving = passage.arrive(peer, batch.deliveries).await?;
                    in_work.push_back(InWork { arriving, taken: batch.taken, _places: batch.places });
                }
            }
        }
    }
}

/// How far what the peer gives back on this stream was taken back: one frame after the other, each once.
#[derive(Default)]
struct TakenBack {
    through: u64,
}

impl TakenBack {
    /// Whether a frame is the next, and counts it. Without a number (protocol 2) each is.
    fn is_next(&mut self, returned: &wire::Returned) -> bool {
        let is_next = returned.number == self.through + 1;
        self.through += u64::from(is_next);
        is_next || returned.number == 0
    }

    /// Has the peer told, also of what came a second time: it may not have heard it.
    fn tell(&self, board: &Board) {
        if self.through > 0 {
            board.tell(|board| board.taken_back = Some(self.through));
        }
    }
}

/// What became of the oldest batch in work. There is one.
async fn oldest(in_work: &mut VecDeque<InWork>) -> Result<Arrived, SessionError> {
    match in_work.front_mut() {
        Some(first) => Ok(first.arriving.arrived().await?),
        None => std::future::pending().await,
    }
}

/// Writes on the board what is taken in now, what was missed, and what came a second time.
fn note(board: &mut State, arrived: &Arrived, taken: &PerLane<Allowance>) {
    for lane in Lane::ALL {
        board.lane(*lane).taken += *taken.get(*lane);
    }
    for lane in &arrived.gaps {
        board.lane(*lane).gap = true;
    }
    for (lane, bytes) in &arrived.known {
        board.lane(*lane).twice += Allowance { envelopes: 1, bytes: *bytes as u64 };
    }
    for (lane, after) in &arrived.known_after {
        board.lane(*lane).known = true;
        board.lane(*lane).miss_receipts(*after);
    }
}

/// Envelopes that are decided and written together, and what was given back behind them.
#[derive(Default)]
struct Batch {
    deliveries: Vec<wire::Delivery>,
    taken: PerLane<Allowance>,
    places: Vec<OwnedSemaphorePermit>,
    returned: Option<wire::Returned>,
}

impl Batch {
    /// Everything that has come by now, up to the limit, or to something that is given back.
    fn collect(first: Came, came: &mut mpsc::Receiver<Came>) -> Self {
        let mut batch = Self::default();
        batch.add(first);
        while batch.deliveries.len() < BATCH_ENVELOPES && batch.returned.is_none() {
            let Ok(more) = came.try_recv() else { break };
            batch.add(more);
        }
        batch
    }

    /// A peer that does not speak of credit cannot be told that there is no room left. What there is none for is not answered, and comes again with a
    /// later stream: the room that is left is for withdrawals and answers.
    fn leave_out_what_has_no_room(&mut self, passage: &Passage) {
        let room = PerLane::of(|lane| passage.has_room_for(lane));
        self.deliveries.retain(|delivery| lane_of(delivery).is_ok_and(|lane| *room.get(lane)));
    }

    fn add(&mut self, came: Came) {
        match came {
            Came::Returned(returned) => self.returned = Some(returned),
            Came::Envelopes(mut deliveries, weights, place) => {
                for lane in Lane::ALL {
                    *self.taken.get_mut(*lane) += *weights.get(*lane);
                }
                self.deliveries.append(&mut deliveries);
                self.places.push(place);
            }
        }
    }
}

async fn settle(passage: &Passage, peer: &NodeId, mut receipts: mpsc::Receiver<wire::Receipts>) -> Result<(), SessionError> {
    while let Some(first) = receipts.recv().await {
        let mut batch = first.receipts;
        while batch.len() < BATCH_ENVELOPES {
            match receipts.try_recv() {
                Ok(more) => batch.extend(more.receipts),
                Err(_) => break,
            }
        }
        crate::crash::point("inbox.before-settle");
        passage.settle(peer, batch).await?;
        crate::crash::point("inbox.after-settle");
    }
    Err(SessionError::Ended)
}
