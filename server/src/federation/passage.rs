//! The border itself: what leaves is asked about once more, what arrives must be signed by the peer whose certificate it came with.

use bytes::Bytes;
use prost::Message;
use titian_proto::envelope::{EnvelopeError, Header, Lane, Receipt, SealContext, envelope_hash, receipt_hash};
use titian_proto::log::leaf::Leaf;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::model::malformed::{At, Malformed};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use crate::acts::arrivals::{self, Arrival};
use crate::acts::context::{Acts, KnownPeer};
use crate::acts::dispatch;
use crate::acts::error::ActError;
use crate::acts::settlement::{self, Settlement};
use crate::store::{Store, StoreError};

/// Why something could not pass. The stream ends; nothing is lost, because nothing was acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum PassageError {
    /// It cannot be read.
    #[error("what arrived cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// The signature is not the peer's.
    #[error("what arrived is not signed by the peer")]
    Signature(#[from] EnvelopeError),
    /// The peer is not active here.
    #[error("the peer is not active here")]
    NotActive,
    /// The act failed.
    #[error("what arrived could not be taken in")]
    Act(#[from] ActError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What is now on stable storage.
pub struct Arrived {
    /// How far each lane is stored.
    pub stored: Vec<(Lane, u64)>,
    /// The signed receipts, in the order of their envelopes.
    pub receipts: Vec<wire::SignedReceipt>,
}

/// The way through the border. Cheap to clone.
#[derive(Clone)]
pub struct Passage {
    acts: Acts,
}

impl Passage {
    /// Through the border of the node whose acts these are.
    #[must_use]
    pub fn new(acts: Acts) -> Self {
        Self { acts }
    }

    /// The node's store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.acts.store
    }

    /// This node.
    #[must_use]
    pub fn node_id(&self) -> &NodeId {
        self.acts.house.node_id()
    }

    /// SHA-256 of the node's descriptor file, so that a peer can ask for a newer one.
    #[must_use]
    pub fn descriptor_digest(&self) -> Digest {
        Digest::of(self.acts.house.own.descriptor_file.as_bytes())
    }

    /// Notes that a stream with a peer opened or ended, and why.
    pub fn note_contact(&self, peer: &NodeId, connected: bool, problem: Option<String>) {
        self.acts.house.note_contact(peer, connected, problem);
    }

    /// Asks the gate about what waits to be sent, and gives what may leave.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn depart(&self, peer: &NodeId, lane: Lane, waiting: Vec<(u64, Bytes)>) -> Result<Vec<wire::Delivery>, PassageError> {
        let parcels = dispatch::check(&self.acts, peer, lane, waiting).await?;
        Ok(parcels.into_iter().map(dispatch::Parcel::into_delivery).collect())
    }

    /// Checks the signatures of what arrived, has it decided and written, and gives the answers.
    ///
    /// # Errors
    /// When a signature is not the peer's, the order is broken, or the store fails.
    pub async fn arrive(&self, peer: &NodeId, batch: Vec<wire::Delivery>) -> Result<Arrived, PassageError> {
        arrive(&self.acts, peer, batch).await
    }

    /// Checks the signatures of receipts and settles what they answer.
    ///
    /// # Errors
    /// When a signature is not the peer's, a receipt is for something that was not sent, or the store fails.
    pub async fn settle(&self, peer: &NodeId, batch: Vec<wire::SignedReceipt>) -> Result<(), PassageError> {
        settle(&self.acts, peer, batch).await
    }
}

async fn arrive(acts: &Acts, peer: &NodeId, batch: Vec<wire::Delivery>) -> Result<Arrived, PassageError> {
    crate::crash::point("passage.before-verify");
    let now = acts.house.ambient.now();
    let own = acts.house.node_id().clone();
    let mut verified = Vec::with_capacity(batch.len());
    for delivery in batch {
        verified.push(with_active(acts, peer, |known| verify(known, &own, peer, delivery, now))?);
    }
    crate::crash::point("passage.after-verify");
    let answered = arrivals::apply(acts, peer, verified).await?;
    let receipts = arrivals::receipts(&acts.store.view(), peer, &answered)?;
    let mut stored: Vec<(Lane, u64)> = Vec::new();
    for (lane, sequence) in answered {
        match stored.iter_mut().find(|(known, _)| *known == lane) {
            Some((_, through)) => *through = sequence.max(*through),
            None => stored.push((lane, sequence)),
        }
    }
    Ok(Arrived { stored, receipts })
}

async fn settle(acts: &Acts, peer: &NodeId, batch: Vec<wire::SignedReceipt>) -> Result<(), PassageError> {
    let now = acts.house.ambient.now();
    let own = acts.house.node_id().clone();
    let mut settlements = Vec::with_capacity(batch.len());
    for signed in batch {
        settlements.push(with_active(acts, peer, |known| verify_receipt(known, &own, peer, &signed, now))?);
    }
    settlement::settle(acts, peer, settlements).await?;
    Ok(())
}

fn with_active<T>(acts: &Acts, peer: &NodeId, look: impl FnOnce(&KnownPeer) -> Result<T, PassageError>) -> Result<T, PassageError> {
    acts.house.with_peer(peer, |known| match known {
        Some(known) if known.view.active => look(known),
        _ => Err(PassageError::NotActive),
    })
}

fn verify(known: &KnownPeer, own: &NodeId, peer: &NodeId, delivery: wire::Delivery, now: Instant) -> Result<Arrival, PassageError> {
    let wire::Delivery { envelope, leaf, purged } = delivery;
    let wire::Envelope { header: header_bytes, body, seal } = envelope.ok_or_else(|| Malformed::missing("envelope"))?;
    let seal = seal.ok_or_else(|| Malformed::missing("envelope.seal"))?;
    let header = Header::parse(&header_bytes).at("envelope.header")?;
    let hash = envelope_hash(&header_bytes);
    known.keys.verify_seal(SealContext::Envelope, hash, &seal, now)?;
    if &header.sender != peer || &header.recipient != own {
        return Err(Malformed::new("names another sender or recipient than this link").at("envelope.header").into());
    }
    let purged = if purged == 0 { None } else { Some(RefusalCode::from_wire(purged)?) };
    let parsed = Leaf::parse(&leaf).ok();
    let fault = fault(known, &header, &body, hash, parsed.as_ref(), purged);
    Ok(Arrival { header, header_bytes, seal, hash, body, leaf: parsed, leaf_bytes: leaf, purged, fault })
}

/// What is wrong with a signed envelope: each becomes a refusal, so that the sender hears of it.
fn fault(
    known: &KnownPeer,
    header: &Header,
    body: &Bytes,
    hash: Digest,
    leaf: Option<&Leaf>,
    purged: Option<RefusalCode>,
) -> Option<Refusal> {
    let wrong = |path: &str| Some(Refusal::new(RefusalCode::Malformed).with_path(path));
    let Some(leaf) = leaf else { return wrong("leaf") };
    if leaf.origin != known.descriptor.log_origin {
        return wrong("leaf.origin");
    }
    if leaf.env != Some(hash) || leaf.xfer != Some(header.transfer_id) {
        return wrong("leaf.env");
    }
    if !header.critical_extensions.is_empty() {
        return wrong("header.critical_extensions");
    }
    if purged.is_none() && Digest::of(body) != header.body_digest {
        return wrong("body");
    }
    None
}

fn verify_receipt(
    known: &KnownPeer,
    own: &NodeId,
    peer: &NodeId,
    signed: &wire::SignedReceipt,
    now: Instant,
) -> Result<Settlement, PassageError> {
    let seal = signed.seal.as_ref().ok_or_else(|| Malformed::missing("receipt.seal"))?;
    known.keys.verify_seal(SealContext::Receipt, receipt_hash(&signed.receipt), seal, now)?;
    let receipt = Receipt::parse(&signed.receipt).at("receipt")?;
    if &receipt.recipient != peer || &receipt.sender != own {
        return Err(Malformed::new("names another sender or recipient than this link").at("receipt").into());
    }
    Ok(Settlement { receipt, signed: signed.encode_to_vec().into() })
}
