//! The inbox: what was received from each peer, lane by lane, and the receipt given for it. A duplicate gets the identical receipt, for ever.

use bytes::Bytes;
use prost::Message as _;
use serde::Deserialize;
use titian_proto::envelope::{Lane, Receipt, ReceiptOutcome, SealContext, Signer, envelope_hash, receipt_hash};
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::Refusal;
use titian_proto::wire;

use super::durable::Marks;
use super::error::StoreError;
use super::lane_key::{for_each_lane, lane_key, place};
use super::lane_value;
use super::position::{Position, Turns};
use super::read::{Most, Read, View};
use super::rows::{Rows, Written};
use super::unit::Unit;
use super::value::{Stored, no_road, read_json};

/// Larger receipts are read again before they are given: a leaf of an envelope and all that is around it take less.
const RECEIPT_USUAL_BYTES: usize = 4 * 1024;

const RECEIPTS: &str = "inbox/";
const EVIDENCE: &str = "inbox-envelope/";
const LANES: &str = "inbox-lane/";

/// How far a lane from a peer has come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InboxLane {
    /// Everything up to here was applied, refused, parked or noted as purged, and answered.
    pub applied_through: Position,
    /// Hash of the envelope there; [`Digest::ZERO`] when nothing was received.
    pub last_hash: Digest,
    /// Where the chains of the lives of the peer's database end and begin.
    #[serde(default)]
    pub turns: Turns,
}

impl Stored for InboxLane {
    const TABLE: &'static str = LANES;
    /// Version 1 was JSON. This one is written with every group of acts.
    const VERSION: u8 = 2;

    fn write(&self) -> Result<Bytes, Malformed> {
        let Self { applied_through, last_hash, turns } = self;
        Ok(lane_value::write(&[*applied_through], last_hash, turns))
    }

    fn read(version: u8, body: Bytes) -> Result<Self, Malformed> {
        match version {
            1 => read_json(&body),
            2 => {
                let ([applied_through], last_hash, turns) = lane_value::read(&body)?;
                Ok(Self { applied_through, last_hash, turns })
            }
            other => Err(no_road(other)),
        }
    }
}

impl InboxLane {
    /// A lane from which nothing was received.
    pub const EMPTY: Self = Self { applied_through: Position::START, last_hash: Digest::ZERO, turns: Turns::NONE };

    /// Whether this place is the next: the one after the last, or the first of a later life.
    #[must_use]
    pub fn is_next(&self, position: Position) -> bool {
        let last = self.applied_through;
        if position.life() > last.life() { position.sequence() == 1 } else { position == self.turns.next(last) }
    }

    /// Hash of the envelope before the one at this place: of the last, or none where a new life begins.
    #[must_use]
    pub fn hash_before(&self, position: Position) -> Digest {
        if position.sequence() == 1 { Digest::ZERO } else { self.last_hash }
    }
}

/// A receipt before it is sealed, with the evidence of what it answers.
pub struct ReceiptDraft {
    /// The exact bytes of the envelope's header.
    pub header: Bytes,
    /// The envelope's seal.
    pub seal: wire::Seal,
    /// The exact bytes of the sender's leaf.
    pub sender_leaf: Bytes,
    /// What became of it.
    pub outcome: ReceiptOutcome,
    /// Why: given exactly when it was refused or parked.
    pub refusal: Option<Refusal>,
    /// Commitment computed here; none where nothing was read.
    pub commitment: Option<Digest>,
    /// The exact bytes of this node's leaf; empty where nothing was logged.
    pub leaf: Bytes,
}

/// What is kept of an envelope that was received: everything but its body.
pub struct Received {
    /// The exact bytes of its header.
    pub header: Bytes,
    /// Its seal.
    pub seal: wire::Seal,
    /// The exact bytes of the sender's leaf.
    pub sender_leaf: Bytes,
}

/// Reads the inbox.
pub trait InboxTable: Read {
    /// How far a lane has come, also where that is not durable yet: for acts, which wait for it anyway.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn inbox_lane(&self, peer: &NodeId, lane: Lane) -> Result<InboxLane, StoreError>;

    /// Hash of an envelope that was received.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn received_hash(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<Digest>, StoreError>;

    /// The delivery that was received, without its body: header, seal and the sender's leaf.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn evidence(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<wire::Delivery>, StoreError>;
}

impl<R: Read> InboxTable for R {
    fn inbox_lane(&self, peer: &NodeId, lane: Lane) -> Result<InboxLane, StoreError> {
        Ok(self.load(&lane_key(LANES, peer, lane))?.unwrap_or(InboxLane::EMPTY))
    }

    fn received_hash(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<Digest>, StoreError> {
        let delivery = self.evidence(peer, lane, position)?;
        Ok(delivery.and_then(|delivery| delivery.envelope).map(|envelope| envelope_hash(&envelope.header)))
    }

    fn evidence(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<wire::Delivery>, StoreError> {
        let stored = self.row(&lane_key(EVIDENCE, peer, lane), position.number())?;
        let unreadable = |_| StoreError::Unreadable { table: EVIDENCE, source: Malformed::new("is not a delivery") };
        stored.map(wire::Delivery::decode).transpose().map_err(unreadable)
    }
}

impl View {
    /// How far a lane has come on stable storage: what may be told to the peer.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn received(&self, peer: &NodeId, lane: Lane) -> Result<InboxLane, StoreError> {
        let durable = self.durable.answered(&place(peer, lane));
        let state = self.inbox_lane(peer, lane)?;
        if state.applied_through <= durable {
            return Ok(state);
        }
        let hash = self.received_hash(peer, lane, durable)?;
        Ok(hash.map_or(InboxLane::EMPTY, |last_hash| InboxLane { applied_through: durable, last_hash, turns: state.turns }))
    }

    /// The exact bytes of the signed receipt (`wire::SignedReceipt`) given for an envelope: the same for every duplicate. None until it is on
    /// stable storage.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn receipt(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<Bytes>, StoreError> {
        if position > self.durable.answered(&place(peer, lane)) {
            return Ok(None);
        }
        self.row(&lane_key(RECEIPTS, peer, lane), position.number())
    }
}

impl View {
    /// The signed receipts of a lane after a place, with their places, as far as they are on stable storage.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn receipts_after(
        &self,
        peer: &NodeId,
        lane: Lane,
        after: Position,
        max: Most,
    ) -> Result<Vec<(Position, wire::SignedReceipt)>, StoreError> {
        let durable = self.durable.answered(&place(peer, lane));
        let mut receipts = Vec::new();
        if after >= durable {
            return Ok(receipts);
        }
        let (mut rows, mut bytes) = (Rows::new(self, lane_key(RECEIPTS, peer, lane)), 0);
        for position in self.inbox_lane(peer, lane)?.turns.places(after, durable).take(max.count) {
            let Some(receipt) = rows.get(position.number())? else { break };
            bytes += receipt.len();
            if bytes > max.bytes && !receipts.is_empty() {
                break;
            }
            receipts.push((position, read_receipt(RECEIPTS, receipt)?));
        }
        Ok(receipts)
    }
}

/// A signed receipt as it is stored.
pub(crate) fn read_receipt(table: &'static str, stored: Bytes) -> Result<wire::SignedReceipt, StoreError> {
    wire::SignedReceipt::decode(stored).map_err(|_| StoreError::unreadable(table, Malformed::new("is not a signed receipt")))
}

/// A receipt of the group in progress: its seal comes when the group closes.
pub(crate) struct PendingReceipt {
    peer: NodeId,
    lane: Lane,
    position: Position,
    receipt: Answer,
}

/// A receipt that is to be sealed, or one that this node gave before it was restored.
enum Answer {
    New(Bytes),
    Returned(wire::SignedReceipt),
}

impl Unit {
    /// Answers the next envelope of a lane: the receipt is sealed when the group of acts closes and kept for ever, with the evidence of what it
    /// answers. The receipt can be read once the act is durable.
    ///
    /// # Errors
    /// When the envelope is not the next of its lane, the receipt breaks its form, or the store cannot be read.
    pub fn answer(&mut self, peer: &NodeId, lane: Lane, position: Position, draft: ReceiptDraft) -> Result<(), StoreError> {
        let refused = |source| StoreError::Refused { table: RECEIPTS, source };
        let ReceiptDraft { header, seal, sender_leaf, outcome, refusal, commitment, leaf } = draft;
        let envelope_hash = envelope_hash(&header);
        let is_odd = refusal.is_some() || leaf.is_empty() || position.sequence() == 0;
        let receipt = Receipt {
            recipient: self.core.identity.node_id.clone(),
            sender: peer.clone(),
            lane,
            link_sequence: position.sequence(),
            envelope_hash,
            outcome,
            refusal,
            commitment,
            leaf,
            received_at: self.now(),
        };
        let receipt = receipt.encode();
        // A receipt that the sender could not read would hold up the lane for ever. Of one that says no more than that it was applied all is known.
        if outcome != ReceiptOutcome::Applied || receipt.len() > RECEIPT_USUAL_BYTES || is_odd {
            Receipt::read(&receipt).map_err(refused)?;
        }
        self.note_received(peer, lane, position, Received { header, seal, sender_leaf })?;
        self.grow(receipt.len());
        self.answers.push(PendingReceipt { peer: peer.clone(), lane, position, receipt: Answer::New(receipt) });
        Ok(())
    }

    /// Answers the next envelope of a lane with the very receipt that this node gave for it before it was restored from a backup.
    ///
    /// # Errors
    /// When the envelope is not the next of its lane, or the store cannot be read.
    pub fn answer_again(
        &mut self,
        peer: &NodeId,
        lane: Lane,
        position: Position,
        received: Received,
        receipt: wire::SignedReceipt,
    ) -> Result<(), StoreError> {
        self.note_received(peer, lane, position, received)?;
        self.grow(receipt.encoded_len());
        self.answers.push(PendingReceipt { peer: peer.clone(), lane, position, receipt: Answer::Returned(receipt) });
        Ok(())
    }

    fn note_received(&mut self, peer: &NodeId, lane: Lane, position: Position, received: Received) -> Result<(), StoreError> {
        let mut state = self.inbox_lane(peer, lane)?;
        if !state.is_next(position) && !crate::mutant::is("forget-the-dedupe") {
            let source = Malformed::new("must be the next envelope of its lane");
            return Err(StoreError::Refused { table: RECEIPTS, source });
        }
        let Received { header, seal, sender_leaf } = received;
        state.turns.advance(state.applied_through, position.life());
        (state.applied_through, state.last_hash) = (position, envelope_hash(&header));
        let envelope = wire::Envelope { header, body: Bytes::new(), seal: Some(seal) };
        let evidence = wire::Delivery { envelope: Some(envelope), leaf: sender_leaf, purged: 0 };
        self.put_row(lane_key(EVIDENCE, peer, lane), position.number(), evidence.encode_to_vec().into());
        self.save(lane_key(LANES, peer, lane), &state)
    }
}

/// Seals the receipts of a group with one signature, and adds them to its rows. Notes how far each lane has come.
pub(crate) fn seal(signer: &Signer, answers: Vec<PendingReceipt>, marks: &mut Marks, rows: &mut Written) {
    let new = |pending: &PendingReceipt| match &pending.receipt {
        Answer::New(receipt) => Some(receipt_hash(receipt)),
        Answer::Returned(_) => None,
    };
    let hashes: Vec<Digest> = answers.iter().filter_map(new).collect();
    let mut seals = signer.seal(SealContext::Receipt, &hashes).into_iter();
    for PendingReceipt { peer, lane, position, receipt } in answers {
        let signed = match receipt {
            Answer::New(receipt) => wire::SignedReceipt { receipt, seal: seals.next() },
            Answer::Returned(signed) => signed,
        };
        if position.sequence() != 3 || !crate::mutant::is("skip-a-receipt") {
            rows.put(lane_key(RECEIPTS, &peer, lane), position.number(), signed.encode_to_vec().into());
        }
        marks.answered.insert(place(&peer, lane), position);
    }
}

/// How far every lane has come, at the opening of the store: all of it is durable then.
pub(crate) fn marks(reader: &impl Read, marks: &mut Marks) -> Result<(), StoreError> {
    for_each_lane(reader, LANES, |place, state: InboxLane| {
        marks.answered.insert(place, state.applied_through);
    })
}
