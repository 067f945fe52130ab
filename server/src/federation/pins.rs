//! The table of known peers and their pinned keys, swapped under running connections.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{Descriptor, Endpoint, TlsPin};
use titian_proto::model::id::NodeId;
use tokio::sync::watch;

use super::barred::Barred;
use super::identity::{CertificateFacts, PeerIdentity, Pin};

/// How a known peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerStatus {
    /// Its fingerprint was confirmed and nobody suspended it.
    Active,
    /// Suspended here.
    Suspended,
    /// Its keys are in other hands.
    Compromised,
    /// Its descriptor was read, but nobody confirmed its fingerprint.
    NotConfirmed,
}

/// A key pinned in a peer's descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedKey {
    /// The key.
    pub pin: Pin,
    /// Valid from, by the descriptor.
    pub not_before: Instant,
    /// Valid until, by the descriptor.
    pub not_after: Instant,
}

/// What the border knows of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedPeer {
    /// The peer.
    pub node_id: NodeId,
    /// How it stands.
    pub status: PeerStatus,
    /// Its keys: the present one and, around a rotation, the next.
    pub keys: Vec<PinnedKey>,
    /// Where it can be dialled, tried in this order. Empty for a peer that only dials us.
    pub endpoints: Vec<Endpoint>,
}

/// Who holds a key.
#[derive(Clone, Debug)]
struct Holder {
    node_id: NodeId,
    status: PeerStatus,
    key: PinnedKey,
}

impl PinnedPeer {
    /// A peer by its newest descriptor.
    #[must_use]
    pub fn of(descriptor: &Descriptor, status: PeerStatus) -> Self {
        let key = |pin: &TlsPin| PinnedKey { pin: Pin::new(pin.spki_sha256.0), not_before: pin.not_before, not_after: pin.not_after };
        Self {
            node_id: descriptor.node_id.clone(),
            status,
            keys: descriptor.tls_pins.iter().map(key).collect(),
            endpoints: descriptor.endpoints.clone(),
        }
    }
}

#[derive(Default)]
struct Table {
    by_pin: HashMap<Pin, Holder>,
    peers: Vec<PinnedPeer>,
}

/// The peers this node knows. Cheap to clone; every clone sees a replacement at once.
#[derive(Clone)]
pub struct PinTable {
    table: Arc<ArcSwap<Table>>,
    changed: watch::Sender<u64>,
}

impl PinTable {
    /// The table with these peers; see [`Self::replace`].
    #[must_use]
    pub fn new(peers: Vec<PinnedPeer>) -> Self {
        let table = Self { table: Arc::default(), changed: watch::Sender::new(0) };
        table.replace(peers);
        table
    }

    /// Puts these peers in place of those before. Connections of a peer that is no longer active end at once.
    ///
    /// Give them in the order in which they were confirmed: where two claim one key, an active peer goes before one that is not, and the
    /// earlier before the later, so that nobody can displace a peer by claiming its key.
    pub fn replace(&self, peers: Vec<PinnedPeer>) {
        let mut by_pin: HashMap<Pin, Holder> = HashMap::new();
        for peer in &peers {
            for key in &peer.keys {
                let pinned = Holder { node_id: peer.node_id.clone(), status: peer.status, key: *key };
                let taken =
                    by_pin.get(&key.pin).is_some_and(|holder| holder.status == PeerStatus::Active || peer.status != PeerStatus::Active);
                if taken {
                    tracing::warn!(event = "federation.pin_claimed_twice", pin = %key.pin, "two peers claim one key; the earlier keeps it");
                } else {
                    by_pin.insert(key.pin, pinned);
                }
            }
        }
        self.table.store(Arc::new(Table { by_pin, peers }));
        self.changed.send_modify(|generation| *generation += 1);
    }

    /// Tells when the table was replaced.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Every known peer, as given.
    #[must_use]
    pub fn peers(&self) -> Vec<PinnedPeer> {
        self.table.load().peers.clone()
    }

    /// The peer that this certificate belongs to. The caller still has to see its key proved.
    ///
    /// # Errors
    /// Why it is barred.
    pub fn admit(&self, certificate: &CertificateFacts, now: Instant) -> Result<PeerIdentity, Barred> {
        let table = self.table.load();
        let pinned = table.by_pin.get(&certificate.pin).ok_or(Barred::Stranger)?;
        active(pinned.status)?;
        valid(certificate.not_before, certificate.not_after, now)?;
        valid(pinned.key.not_before, pinned.key.not_after, now)?;
        Ok(PeerIdentity { node_id: pinned.node_id.clone(), pin: certificate.pin })
    }

    /// As [`Self::admit`], where only this peer will do.
    ///
    /// # Errors
    /// Why it is barred; [`Barred::WrongPin`] when the key is anybody else's.
    pub fn admit_only(&self, expected: &NodeId, certificate: &CertificateFacts, now: Instant) -> Result<PeerIdentity, Barred> {
        let theirs = self.table.load().by_pin.get(&certificate.pin).is_some_and(|pinned| pinned.node_id == *expected);
        if theirs { self.admit(certificate, now) } else { Err(Barred::WrongPin) }
    }

    /// Whether a peer that was admitted may go on: asked for every frame.
    ///
    /// # Errors
    /// Why it is barred now.
    pub fn still_admits(&self, identity: &PeerIdentity) -> Result<(), Barred> {
        let table = self.table.load();
        match table.by_pin.get(&identity.pin) {
            Some(pinned) if pinned.node_id == identity.node_id => active(pinned.status),
            Some(_) | None => Err(Barred::WrongPin),
        }
    }
}

fn active(status: PeerStatus) -> Result<(), Barred> {
    match status {
        PeerStatus::Suspended if crate::mutant::is("suspension-is-forgotten") => Ok(()),
        PeerStatus::Active => Ok(()),
        PeerStatus::Suspended => Err(Barred::Suspended),
        PeerStatus::Compromised => Err(Barred::Compromised),
        PeerStatus::NotConfirmed => Err(Barred::NotConfirmed),
    }
}

fn valid(not_before: Instant, not_after: Instant, now: Instant) -> Result<(), Barred> {
    if now < not_before {
        Err(Barred::NotYetValid)
    } else if now > not_after {
        Err(Barred::Expired)
    } else {
        Ok(())
    }
}
