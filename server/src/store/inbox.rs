//! The inbox: what was received from each peer, lane by lane, and the receipt given for it. A duplicate gets the identical receipt, for ever.

use bytes::Bytes;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use titian_proto::envelope::{Lane, Receipt, ReceiptOutcome, SealContext, Signer, envelope_hash, receipt_hash};
use titian_proto::model::id::{Digest, Epoch, NodeId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::Refusal;
use titian_proto::wire;

use super::durable::Marks;
use super::engine::Pair;
use super::error::StoreError;
use super::key::Key;
use super::outbox::{for_each_lane, lane_key, place};
use super::read::{Read, View};
use super::unit::Unit;
use super::value::{Raw, frame, stored_json};

const RECEIPTS: &str = "inbox/";
const EVIDENCE: &str = "inbox-envelope/";
const LANES: &str = "inbox-lane/";
const EPOCHS: &str = "peer-epoch/";

/// How far a lane from a peer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxLane {
    /// Everything up to here was applied, refused, parked or noted as purged, and answered.
    pub applied_through: u64,
    /// Hash of the envelope there; [`Digest::ZERO`] when nothing was received.
    pub last_hash: Digest,
}
stored_json!(InboxLane, "inbox-lane/");

impl InboxLane {
    /// A lane from which nothing was received.
    pub const EMPTY: Self = Self { applied_through: 0, last_hash: Digest::ZERO };
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
    fn received_hash(&self, peer: &NodeId, lane: Lane, sequence: u64) -> Result<Option<Digest>, StoreError>;

    /// The peer's epoch under which everything from it was received; none at first contact.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn peer_epoch(&self, peer: &NodeId) -> Result<Option<Epoch>, StoreError>;

    /// The delivery that was received, without its body: header, seal and the sender's leaf.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn evidence(&self, peer: &NodeId, lane: Lane, sequence: u64) -> Result<Option<wire::Delivery>, StoreError>;
}

impl<R: Read> InboxTable for R {
    fn inbox_lane(&self, peer: &NodeId, lane: Lane) -> Result<InboxLane, StoreError> {
        Ok(self.load(&lane_key(LANES, peer, lane))?.unwrap_or(InboxLane::EMPTY))
    }

    fn received_hash(&self, peer: &NodeId, lane: Lane, sequence: u64) -> Result<Option<Digest>, StoreError> {
        let delivery = self.evidence(peer, lane, sequence)?;
        Ok(delivery.and_then(|delivery| delivery.envelope).map(|envelope| envelope_hash(&envelope.header)))
    }

    fn peer_epoch(&self, peer: &NodeId) -> Result<Option<Epoch>, StoreError> {
        let stored = self.load::<Raw>(&Key::of(EPOCHS).text(peer.as_str()))?;
        let unreadable = |source| StoreError::Unreadable { table: EPOCHS, source };
        stored.map(|raw| Epoch::from_wire(&raw.0)).transpose().map_err(unreadable)
    }

    fn evidence(&self, peer: &NodeId, lane: Lane, sequence: u64) -> Result<Option<wire::Delivery>, StoreError> {
        let stored = self.load::<Raw>(&lane_key(EVIDENCE, peer, lane).number(sequence))?;
        let unreadable = |_| StoreError::Unreadable { table: EVIDENCE, source: Malformed::new("is not a delivery") };
        stored.map(|raw| wire::Delivery::decode(raw.0)).transpose().map_err(unreadable)
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
        Ok(hash.map_or(InboxLane::EMPTY, |last_hash| InboxLane { applied_through: durable, last_hash }))
    }

    /// The exact bytes of the signed receipt (`wire::SignedReceipt`) given for an envelope: the same for every duplicate. None until it is on
    /// stable storage.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn receipt(&self, peer: &NodeId, lane: Lane, sequence: u64) -> Result<Option<Bytes>, StoreError> {
        if sequence > self.durable.answered(&place(peer, lane)) {
            return Ok(None);
        }
        Ok(self.load::<Raw>(&lane_key(RECEIPTS, peer, lane).number(sequence))?.map(|raw| raw.0))
    }
}

/// A receipt of the group in progress: its seal comes when the group closes.
pub(crate) struct PendingReceipt {
    peer: NodeId,
    lane: Lane,
    sequence: u64,
    receipt: Bytes,
}

impl Unit {
    /// Answers the next envelope of a lane: the receipt is sealed when the group of acts closes and kept for ever, with the evidence of what it
    /// answers. The receipt can be read once the act is durable.
    ///
    /// # Errors
    /// When the envelope is not the next of its lane, the receipt breaks its form, or the store cannot be read.
    pub fn answer(&mut self, peer: &NodeId, lane: Lane, sequence: u64, draft: ReceiptDraft) -> Result<(), StoreError> {
        let refused = |source| StoreError::Refused { table: RECEIPTS, source };
        if sequence != self.inbox_lane(peer, lane)?.applied_through + 1 {
            return Err(refused(Malformed::new("must be the next envelope of its lane")));
        }
        let ReceiptDraft { header, seal, sender_leaf, outcome, refusal, commitment, leaf } = draft;
        let envelope_hash = envelope_hash(&header);
        let receipt = Receipt {
            recipient: self.core.identity.node_id.clone(),
            sender: peer.clone(),
            lane,
            link_sequence: sequence,
            envelope_hash,
            outcome,
            refusal,
            commitment,
            leaf,
            received_at: self.now(),
        };
        let receipt = receipt.encode();
        // A receipt that the sender could not read would hold up the lane for ever.
        Receipt::parse(&receipt).map_err(refused)?;
        let envelope = wire::Envelope { header, body: Bytes::new(), seal: Some(seal) };
        let evidence = wire::Delivery { envelope: Some(envelope), leaf: sender_leaf, purged: 0 };
        self.save(lane_key(EVIDENCE, peer, lane).number(sequence), &Raw(evidence.encode_to_vec().into()))?;
        self.save(lane_key(LANES, peer, lane), &InboxLane { applied_through: sequence, last_hash: envelope_hash })?;
        self.grow(receipt.len());
        self.answers.push(PendingReceipt { peer: peer.clone(), lane, sequence, receipt });
        Ok(())
    }

    /// Notes the peer's epoch.
    ///
    /// # Errors
    /// None beyond those of any write.
    pub fn set_peer_epoch(&mut self, peer: &NodeId, epoch: Epoch) -> Result<(), StoreError> {
        self.save(Key::of(EPOCHS).text(peer.as_str()), &Raw(epoch.to_wire()))
    }
}

/// Seals the receipts of a group with one signature, and makes the pairs to write. Notes how far each lane has come.
pub(crate) fn seal(signer: &Signer, answers: Vec<PendingReceipt>, marks: &mut Marks) -> Result<Vec<Pair>, StoreError> {
    let hashes: Vec<Digest> = answers.iter().map(|pending| receipt_hash(&pending.receipt)).collect();
    let seals = signer.seal(SealContext::Receipt, &hashes);
    let mut pairs = Vec::with_capacity(answers.len());
    for (pending, seal) in answers.into_iter().zip(seals) {
        let PendingReceipt { peer, lane, sequence, receipt } = pending;
        let signed = wire::SignedReceipt { receipt, seal: Some(seal) };
        pairs.push((lane_key(RECEIPTS, &peer, lane).number(sequence).into(), frame(&Raw(signed.encode_to_vec().into()))?));
        marks.answered.insert(place(&peer, lane), sequence);
    }
    Ok(pairs)
}

/// How far every lane has come, at the opening of the store: all of it is durable then.
pub(crate) fn marks(reader: &impl Read, marks: &mut Marks) -> Result<(), StoreError> {
    for_each_lane(reader, LANES, |place, state: InboxLane| {
        marks.answered.insert(place, state.applied_through);
    })
}
