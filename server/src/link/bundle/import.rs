//! What a peer's file brings, through the same border as what comes over the line.

use bytes::Bytes;
use prost::Message as _;
use titian_proto::bundle::{BundleError, Cutter, Preamble, SealedChunk};
use titian_proto::envelope::{Lane, Outline, Receipt, ReceiptOutcome};
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::RefusalCode;
use titian_proto::wire::{self, frame};
use tokio::sync::mpsc;

use super::BundleFailure;
use crate::federation::passage::{Passage, PassageError};
use crate::link::hello::{self, Terms};
use crate::link::limits::{FRAME_ENVELOPES, FRAME_RECEIPTS};
use crate::link::session::SessionError;
use crate::store::{OutboxTable as _, Position, StoreError, View};

/// Takes a file in, piece by piece, and tells how far it has come: each time on stable storage. Holds one frame in memory.
///
/// # Errors
/// When the file is not for this node, not from an active peer, damaged or cut, or the store fails. What stood before is taken in and stays; the
/// same file, or another, can be taken in again.
pub async fn import(
    passage: &Passage,
    pieces: mpsc::Receiver<Bytes>,
    replies: mpsc::Sender<wire::ImportBundleResponse>,
) -> Result<(), BundleFailure> {
    let mut file = File { pieces, cutter: Cutter::new() };
    let preamble = file.preamble().await?;
    let mut opener = passage.open_bundle(&preamble)?;
    let first = file.chunk().await?.ok_or(BundleError::Truncated)?;
    let Some(frame::Frame::Hello(hello)) = opener.open(&first)?.frame else { return Err(content("must begin with a hello")) };
    let terms = hello::hear(passage, &preamble.sender, hello).await.map_err(|error| of_hello(error, &preamble.sender))?;
    // What was answered before the restore would be answered a second time, and otherwise.
    if !terms.knows_this_life && passage.awaits_standings(&preamble.sender)? {
        return Err(BundleError::BeforeRestore { sender: preamble.sender }.into());
    }
    let mut import = Import::new(passage, &preamble, terms)?;
    while let Some(chunk) = file.chunk().await? {
        import.take(opener.open(&chunk)?.frame).await?;
        crate::crash::point("bundle.taken-in");
        replies.send(import.reply(false)).await.map_err(|_| BundleFailure::HungUp)?;
    }
    opener.finish(&file.cutter)?;
    import.tell();
    crate::crash::point("bundle.before-told");
    replies.send(import.reply(true)).await.map_err(|_| BundleFailure::HungUp)
}

/// The file, as its pieces come.
struct File {
    pieces: mpsc::Receiver<Bytes>,
    cutter: Cutter,
}

impl File {
    async fn preamble(&mut self) -> Result<Preamble, BundleError> {
        loop {
            if let Some(preamble) = self.cutter.preamble()? {
                return Ok(preamble);
            }
            let piece = self.pieces.recv().await.ok_or(BundleError::Truncated)?;
            self.cutter.push(&piece);
        }
    }

    /// The next chunk; none at the end of the file, whole or cut.
    async fn chunk(&mut self) -> Result<Option<SealedChunk>, BundleError> {
        loop {
            if let Some(chunk) = self.cutter.chunk()? {
                return Ok(Some(chunk));
            }
            let Some(piece) = self.pieces.recv().await else { return Ok(None) };
            self.cutter.push(&piece);
        }
    }
}

/// One bundle on its way in.
struct Import<'a> {
    passage: &'a Passage,
    peer: NodeId,
    terms: Terms,
    intake: wire::BundleIntake,
}

impl<'a> Import<'a> {
    fn new(passage: &'a Passage, preamble: &Preamble, terms: Terms) -> Result<Self, StoreError> {
        let peer = preamble.sender.clone();
        let intake = wire::BundleIntake {
            sender: peer.to_string(),
            made_at_ms: preamble.made_at.as_millis(),
            quarantined: passage.is_quarantined(&peer)?,
            ..wire::BundleIntake::default()
        };
        Ok(Self { passage, peer, terms, intake })
    }

    fn reply(&self, complete: bool) -> wire::ImportBundleResponse {
        wire::ImportBundleResponse { intake: Some(self.intake.clone()), complete }
    }

    async fn take(&mut self, frame: Option<frame::Frame>) -> Result<(), BundleFailure> {
        match frame {
            Some(frame::Frame::Deliveries(batch)) => self.take_deliveries(batch.deliveries).await,
            Some(frame::Frame::Receipts(batch)) => self.take_receipts(batch.receipts).await,
            Some(frame::Frame::Returned(returned)) => self.take_back(returned).await,
            Some(frame::Frame::Bye(_)) => Ok(()),
            // What speaks about a line says nothing here, and a newer program may say more than this one knows.
            Some(_) | None => {
                self.intake.passed_over += 1;
                Ok(())
            }
        }
    }

    /// What the sender gives back to this node. How things stand is believed only where everything before it was taken in.
    async fn take_back(&mut self, returned: wire::Returned) -> Result<(), BundleFailure> {
        let tells_standings = returned.done || !returned.standings.is_empty();
        if tells_standings && (self.intake.quarantined || !self.intake.gaps.is_empty()) {
            self.intake.passed_over += 1;
            return Ok(());
        }
        self.intake.given_back += returned.receipts.len() as u64;
        Ok(self.passage.take_back(&self.peer, returned, self.terms.received.to_vec()).await?)
    }

    async fn take_deliveries(&mut self, batch: Vec<wire::Delivery>) -> Result<(), BundleFailure> {
        if batch.is_empty() || batch.len() > FRAME_ENVELOPES {
            return Err(content("holds a frame without envelopes, or with more than 64"));
        }
        let view = self.passage.store().view();
        let mut coming = Vec::with_capacity(batch.len());
        for delivery in &batch {
            let (lane, position) = self.place(delivery)?;
            if !self.passage.has_room_for(lane) {
                return Err(StoreError::Low.into());
            }
            let was_known = position <= view.received(&self.peer, lane)?.applied_through;
            coming.push(Coming { lane, position, was_known });
        }
        let mut arriving = self.passage.arrive(&self.peer, batch).await.map_err(|error| self.of_border(error))?;
        arriving.arrived().await.map_err(|error| self.of_border(error))?;
        let view = self.passage.store().view();
        coming.into_iter().try_for_each(|coming| self.count(&view, &coming))
    }

    fn place(&self, delivery: &wire::Delivery) -> Result<(Lane, Position), BundleError> {
        let envelope = delivery.envelope.as_ref().ok_or_else(|| Malformed::missing("envelope"))?;
        let outline = Outline::parse(&envelope.header)?;
        Ok((outline.lane, self.terms.peer_place(&outline.sender_epoch.0, outline.link_sequence)?))
    }

    /// Counts what became of one envelope, by the receipt that it has now.
    fn count(&mut self, view: &View, coming: &Coming) -> Result<(), BundleFailure> {
        let Coming { lane, position, was_known } = coming;
        if *was_known {
            self.intake.known += 1;
            return Ok(());
        }
        let Some(receipt) = view.receipt(&self.peer, *lane, *position)? else { return self.note_gap(view, coming) };
        match outcome(receipt)? {
            (ReceiptOutcome::Applied, _) => self.intake.applied += 1,
            (ReceiptOutcome::Refused | ReceiptOutcome::Parked | ReceiptOutcome::Purged, code) => {
                self.intake.not_applied += 1;
                if let Some(code) = code {
                    self.count_refusal(code);
                }
            }
        }
        Ok(())
    }

    /// Something is missing before this place, and another bundle must bring it; or the lane is closed by a quarantine, which is told apart.
    fn note_gap(&mut self, view: &View, coming: &Coming) -> Result<(), BundleFailure> {
        let lane = coming.lane.to_wire();
        if self.intake.quarantined && coming.lane != Lane::Safety {
            return Ok(());
        }
        match self.intake.gaps.iter_mut().find(|gap| gap.lane == lane) {
            Some(gap) => gap.envelopes += 1,
            None => {
                let state = view.received(&self.peer, coming.lane)?;
                let expected = state.turns.next(state.applied_through).sequence();
                self.intake.gaps.push(wire::BundleGap { lane, expected, found: coming.position.sequence(), envelopes: 1 });
            }
        }
        Ok(())
    }

    fn count_refusal(&mut self, code: RefusalCode) {
        let code = code.to_wire();
        match self.intake.refusals.iter_mut().find(|refusal| refusal.code == code) {
            Some(refusal) => refusal.envelopes += 1,
            None => self.intake.refusals.push(wire::BundleRefusal { code, envelopes: 1 }),
        }
    }

    async fn take_receipts(&mut self, batch: Vec<wire::SignedReceipt>) -> Result<(), BundleFailure> {
        if batch.is_empty() || batch.len() > FRAME_RECEIPTS {
            return Err(content("holds a frame without receipts, or with more than 64"));
        }
        let view = self.passage.store().view();
        let mut fresh = Vec::with_capacity(batch.len());
        for signed in &batch {
            fresh.push(!self.is_settled(&view, signed)?);
        }
        match self.passage.settle_carried(&self.peer, batch.clone()).await {
            Ok(()) => fresh.into_iter().for_each(|fresh| self.count_settled(fresh)),
            // One of them is for something that this node does not know it sent: the others hold.
            Err(problem) if problem.is_about_nothing_sent() => {
                for (signed, fresh) in batch.into_iter().zip(fresh) {
                    match self.passage.settle_carried(&self.peer, vec![signed]).await {
                        Ok(()) => self.count_settled(fresh),
                        Err(problem) if problem.is_about_nothing_sent() => self.intake.strange_receipts += 1,
                        Err(problem) => return Err(problem.into()),
                    }
                }
            }
            Err(problem) => return Err(problem.into()),
        }
        Ok(())
    }

    /// Whether the receipt answers what is settled already, in whichever life of this node it was sent.
    fn is_settled(&self, view: &View, signed: &wire::SignedReceipt) -> Result<bool, BundleFailure> {
        let receipt = Receipt::parse(&signed.receipt).map_err(BundleError::from)?;
        for position in Position::in_lives(self.terms.own_epochs.len(), receipt.link_sequence).rev() {
            if view.sent(&self.peer, receipt.lane, position)?.is_some_and(|sent| sent.hash == receipt.envelope_hash) {
                return Ok(view.is_settled(&self.peer, receipt.lane, position)?);
            }
        }
        Ok(false)
    }

    fn count_settled(&mut self, fresh: bool) {
        if fresh { self.intake.settled += 1 } else { self.intake.settled_before += 1 }
    }

    fn of_border(&self, error: PassageError) -> BundleFailure {
        match error {
            PassageError::Equivocation => BundleError::OtherChain { sender: self.peer.clone() }.into(),
            other => other.into(),
        }
    }

    fn tell(&self) {
        let wire::BundleIntake { applied, not_applied, known, settled, settled_before, strange_receipts, passed_over, .. } = self.intake;
        let (peer, gaps) = (&self.peer, self.intake.gaps.len());
        tracing::info!(
            event = "bundle.imported", peer = %peer, applied, not_applied, known, settled, settled_before, strange_receipts, passed_over, gaps
        );
    }
}

/// An envelope on its way in.
struct Coming {
    lane: Lane,
    position: Position,
    /// It is here already; its receipt is given again.
    was_known: bool,
}

fn outcome(signed: Bytes) -> Result<(ReceiptOutcome, Option<RefusalCode>), StoreError> {
    let unreadable = |problem| StoreError::unreadable("inbox/", problem);
    let signed = wire::SignedReceipt::decode(signed).map_err(|_| unreadable(Malformed::new("is not a signed receipt")))?;
    let receipt = Receipt::parse(&signed.receipt).map_err(unreadable)?;
    Ok((receipt.outcome, receipt.refusal.map(|refusal| refusal.code)))
}

fn content(rule: &str) -> BundleFailure {
    BundleError::Content(Malformed::new(rule)).into()
}

fn of_hello(error: SessionError, sender: &NodeId) -> BundleFailure {
    match error {
        SessionError::Version(..) => BundleError::Newer.into(),
        SessionError::EpochRetired => BundleError::OtherEpoch { sender: sender.clone() }.into(),
        SessionError::OtherChain | SessionError::OlderCopy | SessionError::RolledBack => {
            BundleError::OtherChain { sender: sender.clone() }.into()
        }
        SessionError::Protocol(problem) => BundleError::Content(problem).into(),
        SessionError::Store(problem) => problem.into(),
        SessionError::Passage(problem) => problem.into(),
        SessionError::Ended | SessionError::Goodbye(_) | SessionError::NoHello | SessionError::Silent(_) => {
            content("must begin with a hello")
        }
    }
}
