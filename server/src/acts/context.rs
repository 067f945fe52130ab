//! What every act stands on: the store, who this node is, and what it knows of its peers and agreements.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use titian_proto::bundle::SealingKey;
use titian_proto::envelope::{KeyRing, Signer};
use titian_proto::gate::{LocalPolicy, PeerView};
use titian_proto::model::agreement::Agreement;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{Descriptor, DescriptorChain};
use titian_proto::model::id::{Digest, NodeId, ReferralId, WorkerId};
use titian_proto::model::malformed::Malformed;

use super::documents::attach::Attaching;
use super::policy::{KnownAgreement, KnownLedger};
use super::question::KnownReferral;
use super::search::Index;
use super::shelf::Shelf;
use crate::ambient::Ambient;
use crate::store::consents::Subject;
use crate::store::peers::{PeerFile, PeerStanding, PeerTable};
use crate::store::{Read, Store, StoreError};

/// What every act stands on. Cheap to clone.
#[derive(Clone)]
pub struct Acts {
    /// The store.
    pub store: Store,
    /// Who this node is, and what it knows.
    pub house: Arc<House>,
}

impl Acts {
    /// Loads what the node knows of its peers.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(store: Store, own: Own, ambient: Ambient) -> Result<Self, StoreError> {
        let house = House {
            node_id: own.node_id().clone(),
            own: ArcSwap::from_pointee(own),
            ambient,
            attaching: Attaching::default(),
            index: Index::default(),
            contacts: Mutex::default(),
            peers: ArcSwap::default(),
            texts: Mutex::default(),
            agreements: Mutex::default(),
            referrals: Shelf::default(),
            ledgers: Shelf::default(),
            prohibited: Shelf::default(),
            prohibited_there: Shelf::default(),
            standings: Shelf::default(),
        };
        house.peers.store(Arc::new(shelve_peers(&store.view())?));
        Ok(Self { store, house: Arc::new(house) })
    }

    /// Loads the peers again after one of them changed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn reload_peers(&self) -> Result<(), StoreError> {
        self.house.peers.store(Arc::new(shelve_peers(&self.store.view())?));
        Ok(())
    }

    /// The peers as they are now.
    #[must_use]
    pub fn peers(&self) -> Arc<HashMap<NodeId, KnownPeer>> {
        self.house.peers()
    }
}

/// Who this node is.
pub struct Own {
    /// Its descriptors, the newest last.
    pub chain: DescriptorChain,
    /// The text of its descriptor file.
    pub descriptor_file: String,
    /// Signs its statements. Envelopes and receipts are signed by the store with the same key.
    pub signer: Signer,
    /// Open the bundles that are sealed to it, the newest last; none on a node that was made before there were bundles.
    pub sealing: Vec<SealingKey>,
    /// When the first of the keys that it uses ends, or its certificate.
    pub ends: Instant,
    /// What it allows of itself.
    pub policy: LocalPolicy,
}

impl Own {
    /// Its newest descriptor.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        self.chain.newest()
    }

    /// Its name.
    #[must_use]
    pub fn node_id(&self) -> &NodeId {
        &self.descriptor().node_id
    }
}

/// Who this node is, and what it knows: what a unit of work may look at.
pub struct House {
    node_id: NodeId,
    own: ArcSwap<Own>,
    /// The clock and the randomness.
    pub ambient: Ambient,
    /// Bodies of documents that are being attached.
    pub attaching: Attaching,
    /// Who is found by which word.
    pub index: Index,
    contacts: Mutex<HashMap<NodeId, Contact>>,
    peers: ArcSwap<HashMap<NodeId, KnownPeer>>,
    texts: Mutex<HashMap<Digest, Arc<Agreement>>>,
    agreements: Mutex<Option<TaggedAgreements>>,
    /// Referrals with their offers, under their stored bytes.
    pub(super) referrals: Shelf<ReferralId, KnownReferral>,
    /// Ledgers, under the tags of their lines.
    pub(super) ledgers: Shelf<Subject, KnownLedger>,
    /// Whom workers prohibited, under the tags of their records.
    pub(super) prohibited: Shelf<WorkerId, Vec<String>>,
    /// Whom workers of other unions prohibited, under what came of their shares.
    pub(super) prohibited_there: Shelf<ReferralId, Vec<String>>,
    /// How this node stands to peers, under their stored bytes.
    standings: Shelf<NodeId, PeerStanding>,
}

/// Every agreement, under the tag of the store at which they were read and the day of their states.
type TaggedAgreements = ((Bytes, i64), Arc<[KnownAgreement]>);

/// A peer as the acts know it: what the gate asks about it, and the keys that its signatures are checked with.
pub struct KnownPeer {
    /// What the gate asks.
    pub view: PeerView,
    /// Its newest descriptor.
    pub descriptor: Descriptor,
    /// Its descriptors.
    pub chain: DescriptorChain,
    /// Its keys, old and new.
    pub keys: KeyRing,
    /// How this node stands to it.
    pub standing: PeerStanding,
}

/// What is known of the line to a peer since this node started. Not stored: it says nothing about what was promised.
#[derive(Clone, Debug, Default)]
pub struct Contact {
    /// A stream is open.
    pub connected: bool,
    /// When the peer was last connected.
    pub last: Option<Instant>,
    /// Why the last stream ended, if not in order.
    pub problem: Option<String>,
}

impl House {
    /// What is known of the line to a peer.
    #[must_use]
    pub fn contact(&self, peer: &NodeId) -> Contact {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner).get(peer).cloned().unwrap_or_default()
    }

    /// Notes that a stream with a peer opened or ended.
    pub fn note_contact(&self, peer: &NodeId, connected: bool, problem: Option<String>) {
        let contact = Contact { connected, last: Some(self.ambient.now()), problem };
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner).insert(peer.clone(), contact);
    }

    /// This node's name.
    #[must_use]
    pub fn node_id(&self) -> &NodeId {
        &self.node_id
    }

    /// Who this node is, by its newest descriptor.
    #[must_use]
    pub fn own(&self) -> Arc<Own> {
        self.own.load_full()
    }

    /// It goes on with a newer descriptor.
    pub(super) fn become_own(&self, own: Own) {
        self.own.store(Arc::new(own));
    }

    /// The peers as they are now.
    #[must_use]
    pub fn peers(&self) -> Arc<HashMap<NodeId, KnownPeer>> {
        self.peers.load_full()
    }

    /// Looks at one peer.
    pub fn with_peer<T>(&self, node_id: &NodeId, look: impl FnOnce(Option<&KnownPeer>) -> T) -> T {
        look(self.peers.load().get(node_id))
    }

    /// How this node stands to a peer in this very read; its descriptors are parsed again only when its stored bytes changed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standing(&self, read: &impl Read, peer: &NodeId) -> Result<Option<PeerStanding>, StoreError> {
        let Some(stored) = read.peer_bytes(peer)? else { return Ok(None) };
        let standing = self.standings.at(peer.clone(), Some(stored.clone()), || PeerFile::of(&stored).map(|file| file.standing))?;
        Ok(Some(*standing))
    }

    /// Every agreement with its state on a day, read again only when the store's tag says that one has changed, or on another day.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn agreements(
        &self,
        (tag, day): (Bytes, i64),
        read: impl FnOnce() -> Result<Vec<KnownAgreement>, StoreError>,
    ) -> Result<Arc<[KnownAgreement]>, StoreError> {
        let known = self.agreements.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((known_for, shelf)) = known
            && known_for == (tag.clone(), day)
        {
            return Ok(shelf);
        }
        let shelf: Arc<[KnownAgreement]> = read()?.into();
        *self.agreements.lock().unwrap_or_else(PoisonError::into_inner) = Some(((tag, day), shelf.clone()));
        Ok(shelf)
    }

    /// The agreement with this text, read once.
    ///
    /// # Errors
    /// When the text is not a canonical agreement.
    pub fn agreement(&self, text: &Bytes) -> Result<(Digest, Arc<Agreement>), Malformed> {
        let digest = Digest::of(text);
        let mut shelf = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shelf.get(&digest) {
            return Ok((digest, known.clone()));
        }
        let agreement = Arc::new(Agreement::parse_canonical(text)?);
        shelf.insert(digest, agreement.clone());
        Ok((digest, agreement))
    }
}

fn shelve_peers(read: &impl Read) -> Result<HashMap<NodeId, KnownPeer>, StoreError> {
    let mut shelf = HashMap::new();
    for file in read.peers()? {
        match known_peer(&file) {
            Ok(known) => {
                shelf.insert(file.node_id.clone(), known);
            }
            Err(malformed) => tracing::error!(event = "peer.unreadable", peer = %file.node_id, problem = %malformed),
        }
    }
    Ok(shelf)
}

fn known_peer(file: &PeerFile) -> Result<KnownPeer, Malformed> {
    let chain = DescriptorChain::parse(&file.chain).map_err(|error| Malformed::new(error.to_string()))?;
    let descriptor = chain.newest().clone();
    let view = PeerView {
        node_id: file.node_id.clone(),
        kind: descriptor.kind,
        country: descriptor.country,
        active: file.standing == PeerStanding::Active || crate::mutant::is("suspension-is-forgotten"),
        state_linked: descriptor.state_linked,
        service_precondition: descriptor.service_precondition,
    };
    Ok(KnownPeer { view, keys: KeyRing::from_descriptor_chain(&chain), descriptor, chain, standing: file.standing })
}
