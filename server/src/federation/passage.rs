//! The border itself: what leaves is asked about once more, what arrives must be signed by the peer whose certificate it came with.

use prost::Message;
use titian_proto::envelope::{EnvelopeError, Lane, Outline, Receipt, SealContext, envelope_hash, receipt_hash};
use titian_proto::log::leaf::Leaf;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::model::malformed::{At, Malformed};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use crate::acts::arrivals::{self, Arrival, ArrivalError, Fault};
use crate::acts::context::{Acts, KnownPeer};
use crate::acts::dispatch;
use crate::acts::error::ActError;
use crate::acts::quarantine;
use crate::acts::restore;
use crate::acts::settlement::{self, Settlement};
use crate::store::quarantine::QuarantineTable as _;
use crate::store::{Position, Store, StoreError, Submitted};

mod bundle;

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
    /// The peer told two stories.
    #[error("the peer signed things that exclude each other: the link is in quarantine, and the evidence kept")]
    Equivocation,
    /// A receipt in a bundle answers what this node does not know that it sent.
    #[error("a receipt is for something that was not sent")]
    NotSent,
    /// The act failed.
    #[error("what arrived could not be taken in")]
    Act(#[from] ActError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What was taken in, and is on stable storage.
pub use crate::acts::arrivals::TakenIn as Arrived;

/// A batch that is decided in its turn, and not known to be on stable storage yet.
pub struct Arriving {
    acts: Acts,
    peer: NodeId,
    submitted: Submitted<Arrived, ArrivalError>,
}

impl Arriving {
    /// What was taken in, once that is on stable storage. To be asked until it has answered; then no more.
    ///
    /// # Errors
    /// When the peer told two stories, something names what was never heard of, or the store fails. Then nothing of the batch was taken in.
    pub async fn arrived(&mut self) -> Result<Arrived, PassageError> {
        match self.submitted.kept().await {
            Ok(arrived) => {
                crate::crash::point("arrivals.after-write");
                Ok(arrived)
            }
            Err(ArrivalError::Act(error)) => Err(error.into()),
            Err(ArrivalError::Equivocation(evidence)) => {
                quarantine::begin(&self.acts, &self.peer, *evidence).await?;
                Err(PassageError::Equivocation)
            }
        }
    }
}

/// The way through the border. Cheap to clone.
#[derive(Clone)]
pub struct Passage {
    pub(super) acts: Acts,
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
        Digest::of(self.acts.house.own().descriptor_file.as_bytes())
    }

    /// Notes that a stream with a peer opened or ended, and why.
    pub fn note_contact(&self, peer: &NodeId, connected: bool, problem: Option<String>) {
        self.acts.house.note_contact(peer, connected, problem);
    }

    /// Asks the gate about what waits to be sent, and gives what may leave.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn depart(
        &self,
        peer: &NodeId,
        lane: Lane,
        waiting: Vec<(Position, wire::Delivery)>,
    ) -> Result<Vec<wire::Delivery>, PassageError> {
        let parcels = dispatch::check(&self.acts, peer, lane, waiting).await?;
        Ok(parcels.into_iter().map(dispatch::Parcel::into_delivery).collect())
    }

    /// Checks the signatures of what arrived, and submits it to be decided and written after what was submitted before.
    ///
    /// # Errors
    /// When a signature is not the peer's, or the store has stopped.
    pub async fn arrive(&self, peer: &NodeId, batch: Vec<wire::Delivery>) -> Result<Arriving, PassageError> {
        crate::crash::point("passage.before-verify");
        let now = self.acts.house.ambient.now();
        let own = self.acts.house.node_id();
        let mut verified = Vec::with_capacity(batch.len());
        for delivery in batch {
            verified.push(with_active(&self.acts, peer, |known| verify(known, own, peer, delivery, now))?);
        }
        crate::crash::point("passage.after-verify");
        let submitted = arrivals::submit(&self.acts, peer, verified).await?;
        Ok(Arriving { acts: self.acts.clone(), peer: peer.clone(), submitted })
    }

    /// Takes back what a peer returns after this node was restored. By its hello the peer had received each lane so far.
    ///
    /// # Errors
    /// When it is not this node's own, or the store fails.
    pub async fn take_back(&self, peer: &NodeId, returned: wire::Returned, received: Vec<(Lane, Position)>) -> Result<(), PassageError> {
        Ok(restore::take_back(&self.acts, peer, returned, received).await?)
    }

    /// How things stand here, for a peer that was restored and was not told yet; nothing for any other.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standings(&self, peer: &NodeId) -> Result<Vec<wire::Returned>, PassageError> {
        let view = self.acts.store.view();
        if restore::is_told(&view, peer)? {
            return Ok(Vec::new());
        }
        Ok(restore::standings(&self.acts.house, &view, peer)?)
    }

    /// Whether a peer was restored and has not got back everything yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_being_restored(&self, peer: &NodeId) -> Result<bool, StoreError> {
        Ok(!restore::is_told(&self.acts.store.view(), peer)?)
    }

    /// Whether this node was restored, and does not know yet what it had answered to a peer.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn awaits_standings(&self, peer: &NodeId) -> Result<bool, StoreError> {
        restore::awaits_standings(&self.acts.store.view(), peer)
    }

    /// Whether a peer has given back everything since this node was restored last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn has_all_back(&self, peer: &NodeId) -> Result<bool, StoreError> {
        restore::has_all_back(&self.acts.store.view(), peer)
    }

    /// Notes that a peer was told how things stand.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_told(&self, peer: &NodeId) -> Result<(), PassageError> {
        Ok(restore::note_told(&self.acts, peer).await?)
    }

    /// Whether the room on the disk allows more of a lane. A disk that cannot be asked allows none but safety.
    #[must_use]
    pub fn has_room_for(&self, lane: Lane) -> bool {
        self.acts.store.room().map_or(lane == Lane::Safety, |room| room.is_for(lane))
    }

    /// Whether only the safety lane passes, because the peer told two stories.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_quarantined(&self, peer: &NodeId) -> Result<bool, StoreError> {
        Ok(self.acts.store.view().quarantine(peer)?.is_some())
    }

    /// Checks the signatures of receipts and settles what they answer.
    ///
    /// # Errors
    /// When a signature is not the peer's, a receipt is a lie, or the store fails.
    pub async fn settle(&self, peer: &NodeId, batch: Vec<wire::SignedReceipt>) -> Result<(), PassageError> {
        match settle(&self.acts, peer, batch).await? {
            Settled::All => Ok(()),
            Settled::Lie(evidence) => self.is_lied_to(peer, *evidence).await,
        }
    }

    /// As [`Self::settle`], for receipts that were carried in a bundle, which may be older than this node's own database.
    ///
    /// # Errors
    /// As there; and when a receipt is for something that this node does not know it sent.
    pub async fn settle_carried(&self, peer: &NodeId, batch: Vec<wire::SignedReceipt>) -> Result<(), PassageError> {
        match settle(&self.acts, peer, batch).await? {
            Settled::All => Ok(()),
            Settled::Lie(evidence) if evidence.first_receipt.is_none() => Err(PassageError::NotSent),
            Settled::Lie(evidence) => self.is_lied_to(peer, *evidence).await,
        }
    }

    async fn is_lied_to(&self, peer: &NodeId, evidence: wire::Equivocation) -> Result<(), PassageError> {
        quarantine::begin(&self.acts, peer, evidence).await?;
        Err(PassageError::Equivocation)
    }
}

/// What became of receipts that are signed by the peer.
enum Settled {
    All,
    /// One of them cannot be true; none was taken in.
    Lie(Box<wire::Equivocation>),
}

async fn settle(acts: &Acts, peer: &NodeId, batch: Vec<wire::SignedReceipt>) -> Result<Settled, PassageError> {
    let now = acts.house.ambient.now();
    let own = acts.house.node_id().clone();
    let mut settlements = Vec::with_capacity(batch.len());
    for signed in batch {
        settlements.push(with_active(acts, peer, |known| verify_receipt(known, &own, peer, &signed, now))?);
    }
    match settlement::settle(acts, peer, settlements).await {
        Ok(()) => Ok(Settled::All),
        Err(ArrivalError::Equivocation(evidence)) => Ok(Settled::Lie(evidence)),
        Err(ArrivalError::Act(error)) => Err(error.into()),
    }
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
    let (outline, header) = Outline::parse_with_header(&header_bytes).at("envelope.header")?;
    let hash = envelope_hash(&header_bytes);
    let made = header.as_ref().map_or(now, |header| header.claimed_at);
    known.keys.verify_seal_made(SealContext::Envelope, hash, &seal, made, now)?;
    if &outline.sender != peer || &outline.recipient != own {
        return Err(Malformed::new("names another sender or recipient than this link").at("envelope.header").into());
    }
    // A code that a newer program gives says at least that it was purged.
    let purged = (purged != 0).then(|| RefusalCode::from_wire(purged).unwrap_or(RefusalCode::NewerVersion));
    let (header, unreadable) = match header {
        Ok(header) => (Some(header), None),
        Err(refusal) => (None, Some(refusal)),
    };
    let leaf_read = Leaf::parse(&leaf).ok();
    let broken = broken(known, &outline, hash, leaf_read.as_ref());
    let altered = || {
        let digest = header.as_ref().map(|header| header.body_digest)?;
        (purged.is_none() && Digest::of(&body) != digest).then(|| Refusal::new(RefusalCode::Malformed).with_path("body"))
    };
    let fault = broken.or_else(altered).map(Fault::Refuse).or(unreadable.map(Fault::Park));
    Ok(Arrival { outline, header, header_bytes, seal, hash, body, leaf: leaf_read, leaf_bytes: leaf, purged, fault })
}

/// What breaks the protocol in a signed envelope: log before send, each envelope with the leaf that commits to it.
fn broken(known: &KnownPeer, outline: &Outline, hash: Digest, leaf: Option<&Leaf>) -> Option<Refusal> {
    let wrong = |path: &str| Some(Refusal::new(RefusalCode::Malformed).with_path(path));
    let Some(leaf) = leaf else { return wrong("leaf") };
    if leaf.origin != known.descriptor.log_origin {
        return wrong("leaf.origin");
    }
    if leaf.env != Some(hash) || leaf.xfer != Some(outline.transfer_id) {
        return wrong("leaf.env");
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
    let receipt = Receipt::read(&signed.receipt).at("receipt")?;
    let believed = crate::mutant::is("believe-an-unsigned-receipt");
    known
        .keys
        .verify_seal_made(SealContext::Receipt, receipt_hash(&signed.receipt), seal, receipt.received_at, now)
        .or_else(|wrong| if believed { Ok(()) } else { Err(wrong) })?;
    if &receipt.recipient != peer || &receipt.sender != own {
        return Err(Malformed::new("names another sender or recipient than this link").at("receipt").into());
    }
    Ok(Settlement { receipt, signed: signed.encode_to_vec().into() })
}
