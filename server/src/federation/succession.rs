//! A peer with a key that is not known here, and descriptors that lead from what is known to that key: signed by the owners whose fingerprint two
//! officers confirmed. It is the same peer, and it is let in without a meeting.

use rustls_pki_types::CertificateDer;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{Descriptor, Followed, TlsPin};
use titian_proto::model::id::NodeId;
use titian_proto::wire;

use super::carrier::carried;
use super::identity::Pin;
use super::pins::{PeerStatus, PinTable, PinnedPeer};
use crate::acts::context::Acts;
use crate::acts::descriptors;
use crate::store::peers::PeerStanding;

/// Follows peers to their newest descriptors. Cheap to clone.
#[derive(Clone)]
pub(super) struct Succession {
    acts: Acts,
    pins: PinTable,
}

/// What somebody shows beside its certificate.
pub(super) struct Shown {
    peer: NodeId,
    tail: wire::DescriptorChain,
}

impl Succession {
    pub(super) fn new(acts: Acts, pins: PinTable) -> Self {
        Self { acts, pins }
    }

    /// Whether descriptors among these certificates lead from what is known of an active peer to this key. Asked in the handshake, before the key is
    /// proved: nothing is written but evidence against owners who signed two stories.
    pub(super) fn vouches(&self, certificates: &[CertificateDer<'_>], pin: Pin, only: Option<&NodeId>, now: Instant) -> bool {
        let Some(Shown { peer, tail }) = shown(certificates) else { return false };
        if only.is_some_and(|only| *only != peer) {
            return false;
        }
        match self.follow(&peer, &tail) {
            Some(Followed::Newer(chain)) => {
                let good = |known: &TlsPin| Pin::new(known.spki_sha256.0) == pin && known.not_before <= now && now <= known.not_after;
                chain.newest().tls_pins.iter().any(good)
            }
            Some(Followed::Forked(other)) => {
                let acts = self.acts.clone();
                tokio::spawn(async move { descriptors::forked(&acts, &peer, other).await });
                false
            }
            Some(Followed::Known) | None => false,
        }
    }

    /// Takes in what a peer showed, once its key is proved: before anything that it says is heard, since that may be signed with a key named there.
    pub(super) async fn take_in(&self, shown: Option<Shown>) {
        let Some(Shown { peer, tail }) = shown else { return };
        if !matches!(self.follow(&peer, &tail), Some(Followed::Newer(_))) {
            return;
        }
        match descriptors::follow(&self.acts, &peer, tail).await {
            Ok(()) => self.pins.replace(pinned(&self.acts)),
            Err(problem) => tracing::error!(event = "peer.descriptor-not-taken-in", peer = %peer, problem = %problem),
        }
    }

    fn follow(&self, peer: &NodeId, tail: &wire::DescriptorChain) -> Option<Followed> {
        let chain = self
            .acts
            .house
            .with_peer(peer, |known| known.filter(|known| known.standing == PeerStanding::Active).map(|known| known.chain.clone()))?;
        chain.follow(tail).ok()
    }
}

/// What somebody shows, and of whom it is said to be.
pub(super) fn shown(certificates: &[CertificateDer<'_>]) -> Option<Shown> {
    let tail = carried(certificates)?;
    let peer = Descriptor::parse(&tail.descriptors.last()?.descriptor).ok()?.node_id;
    Some(Shown { peer, tail })
}

/// The peers as the border admits them.
#[must_use]
pub fn pinned(acts: &Acts) -> Vec<PinnedPeer> {
    let status = |standing| match standing {
        PeerStanding::Active => PeerStatus::Active,
        PeerStanding::Suspended => PeerStatus::Suspended,
        PeerStanding::Compromised => PeerStatus::Compromised,
        PeerStanding::Added | PeerStanding::HalfConfirmed => PeerStatus::NotConfirmed,
    };
    acts.peers().values().map(|known| PinnedPeer::of(known.chain.newest(), status(known.standing))).collect()
}
