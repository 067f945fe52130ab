//! Takes what arrives, has it decided and written, and answers when it is on stable storage. Reading goes on while a sync runs.

use titian_proto::model::id::NodeId;
use titian_proto::wire::{self, frame};
use tokio::sync::mpsc;

use super::limits::{BATCH_ENVELOPES, FRAME_ENVELOPES, FRAME_RECEIPTS, FRAMES_READ_AHEAD};
use super::session::{SessionError, say};
use crate::federation::passage::Passage;

/// Answers what one peer sends.
pub(super) struct Inbox {
    passage: Passage,
    peer: NodeId,
    outgoing: mpsc::Sender<wire::Frame>,
    deliveries: mpsc::Receiver<wire::Deliveries>,
    receipts: mpsc::Receiver<wire::Receipts>,
}

impl Inbox {
    /// An inbox and the ends into which the session puts what it reads.
    pub(super) fn new(
        passage: Passage,
        peer: NodeId,
        outgoing: mpsc::Sender<wire::Frame>,
    ) -> (Self, mpsc::Sender<wire::Deliveries>, mpsc::Sender<wire::Receipts>) {
        let (put_deliveries, deliveries) = mpsc::channel(FRAMES_READ_AHEAD);
        let (put_receipts, receipts) = mpsc::channel(FRAMES_READ_AHEAD);
        (Self { passage, peer, outgoing, deliveries, receipts }, put_deliveries, put_receipts)
    }

    /// Answers for ever; ends only when the stream does.
    pub(super) async fn run(self) -> Result<(), SessionError> {
        let Self { passage, peer, outgoing, deliveries, receipts } = self;
        tokio::select! {
            ended = take_deliveries(&passage, &peer, &outgoing, deliveries) => ended,
            ended = take_receipts(&passage, &peer, receipts) => ended,
        }
    }
}

async fn take_deliveries(
    passage: &Passage,
    peer: &NodeId,
    outgoing: &mpsc::Sender<wire::Frame>,
    mut deliveries: mpsc::Receiver<wire::Deliveries>,
) -> Result<(), SessionError> {
    while let Some(first) = deliveries.recv().await {
        let mut batch = check_size(first)?;
        while batch.len() < BATCH_ENVELOPES {
            match deliveries.try_recv() {
                Ok(more) => batch.extend(check_size(more)?),
                Err(_) => break,
            }
        }
        let arrived = passage.arrive(peer, batch).await?;
        crate::crash::point("inbox.before-acknowledge");
        for (lane, through) in arrived.stored {
            say(outgoing, frame::Frame::Stored(wire::Stored { lane: lane.to_wire(), through })).await?;
        }
        crate::crash::point("inbox.before-receipts");
        let mut receipts = arrived.receipts.into_iter().peekable();
        while receipts.peek().is_some() {
            let receipts = receipts.by_ref().take(FRAME_RECEIPTS).collect();
            say(outgoing, frame::Frame::Receipts(wire::Receipts { receipts })).await?;
        }
        crate::crash::point("inbox.after-receipts");
    }
    Err(SessionError::Ended)
}

async fn take_receipts(passage: &Passage, peer: &NodeId, mut receipts: mpsc::Receiver<wire::Receipts>) -> Result<(), SessionError> {
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

fn check_size(frame: wire::Deliveries) -> Result<Vec<wire::Delivery>, SessionError> {
    if frame.deliveries.is_empty() || frame.deliveries.len() > FRAME_ENVELOPES {
        return Err(titian_proto::model::malformed::Malformed::new("must hold 1 to 64 envelopes").at("deliveries").into());
    }
    Ok(frame.deliveries)
}
