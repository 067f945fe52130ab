//! Bundles at the border: sealed to the key in a peer's descriptor, opened with this node's own.

use bytes::Bytes;
use titian_proto::bundle::{BundleError, Opener, Preamble, Recipient, Sealer};
use titian_proto::model::id::NodeId;
use titian_proto::model::refusal::{Refusal, RefusalCode};

use super::{Passage, PassageError};
use crate::acts::error::ActError;
use crate::store::peers::PeerStanding;

impl Passage {
    /// Begins a bundle for a peer; gives its first bytes. For a peer that is suspended too: the gate says what passes.
    ///
    /// # Errors
    /// When it is no peer, or was never confirmed, or its keys are in other hands, or its descriptor has no sealing key.
    pub fn begin_bundle(&self, peer: &NodeId) -> Result<(Sealer, Bytes), PassageError> {
        let house = &self.acts.house;
        let now = house.ambient.now();
        let recipient = house.with_peer(peer, |known| {
            let known = known.ok_or(ActError::NotFound { what: "peer" })?;
            match known.standing {
                PeerStanding::Active | PeerStanding::Suspended => {}
                PeerStanding::Added | PeerStanding::HalfConfirmed => {
                    return Err(ActError::WrongState { state: "not confirmed", wanted: "a peer that two officers confirmed" });
                }
                PeerStanding::Compromised => return Err(ActError::Refused(Refusal::new(RefusalCode::PeerIdentity))),
            }
            Recipient::choose(peer, &known.descriptor.sealing_keys, now).map_err(ActError::Bundle)
        })?;
        let mut random = |bytes: &mut [u8]| house.ambient.fill(bytes);
        let begun = Sealer::begin(house.node_id(), &house.own().signer, &recipient, now, &mut random);
        Ok(begun.map_err(ActError::Bundle)?)
    }

    /// Opens a bundle that is for this node and from an active peer.
    ///
    /// # Errors
    /// When it is not, or not signed by the peer, or sealed to a key that is not here.
    pub fn open_bundle(&self, preamble: &Preamble) -> Result<Opener, BundleError> {
        let house = &self.acts.house;
        if &preamble.recipient != house.node_id() {
            return Err(BundleError::ForAnother { recipient: preamble.recipient.clone() });
        }
        house.with_peer(&preamble.sender, |known| match known {
            Some(known) if known.view.active => {
                let own = house.own();
                let key = own.sealing.iter().find(|key| key.key_id() == preamble.sealing_key_id);
                Opener::begin(preamble, house.node_id(), key, &known.keys, house.ambient.now())
            }
            _ => Err(BundleError::SenderUnknown { sender: preamble.sender.clone() }),
        })
    }
}

impl PassageError {
    /// The refusal of the gate, where it was the gate.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Act(ActError::Refused(refusal)) => Some(refusal),
            Self::Act(_)
            | Self::Malformed(_)
            | Self::Signature(_)
            | Self::NotActive
            | Self::Equivocation
            | Self::NotSent
            | Self::Store(_) => None,
        }
    }

    /// Whether a receipt, signed by the peer, answers something that this node does not know it sent.
    #[must_use]
    pub fn is_about_nothing_sent(&self) -> bool {
        matches!(self, Self::NotSent)
    }
}
