//! New descriptors, a peer's and this node's own: keys change, and everybody follows without a meeting.

use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::descriptor::{DescriptorChain, Followed};
use titian_proto::model::id::NodeId;
use titian_proto::wire;

use super::context::{Acts, Own};
use super::error::ActError;
use super::outgoing;
use super::peers;
use super::quarantine;
use crate::store::peers::{PeerFile, PeerTable as _};
use crate::store::quarantine::QuarantineTable as _;
use crate::store::{StoreError, Topic};

/// Follows a peer to its newest descriptors. Its fingerprint, which officers confirmed, is that of the first and stays.
///
/// # Errors
/// When they do not follow what is known, claim a key of another peer, or the store fails.
pub async fn follow(acts: &Acts, peer: &NodeId, tail: wire::DescriptorChain) -> Result<(), ActError> {
    let (house, node_id) = (acts.house.clone(), peer.clone());
    acts.store
        .write(move |unit| {
            let Some(file) = unit.peer(&node_id)? else { return Err(ActError::NotFound { what: "peer" }) };
            let known = DescriptorChain::parse(&file.chain).map_err(ActError::Descriptor)?;
            let Followed::Newer(chain) = known.follow(&tail).map_err(ActError::Descriptor)? else { return Ok(()) };
            peers::refuse_known_pins(&house, &chain)?;
            let mut draft = LeafDraft::new(Event::KeyRotated);
            draft.key = chain.newest().signing_keys.last().map(|key| key.key_id.clone());
            draft.peer = Some(outgoing::log_name(&house, &node_id));
            unit.append_leaf(draft)?;
            tracing::info!(event = "peer.descriptor-followed", peer = %node_id, sequence = chain.newest().sequence);
            unit.put_peer(&PeerFile { chain: chain.encode(), ..file })?;
            unit.publish(Topic::Peers);
            Ok(())
        })
        .await?;
    crate::crash::point("descriptor.after-follow");
    Ok(acts.reload_peers()?)
}

/// A peer's owners signed two descriptors at one number: its link is put into quarantine, with both as evidence. Once is enough.
pub async fn forked(acts: &Acts, peer: &NodeId, other: wire::SignedDescriptor) {
    if !matches!(acts.store.view().quarantine(peer), Ok(None)) {
        return;
    }
    let evidence = wire::Equivocation { node_id: peer.to_string(), other_descriptor: Some(other), ..wire::Equivocation::default() };
    if let Err(problem) = quarantine::begin(acts, peer, evidence).await {
        tracing::error!(event = "peer.fork-not-kept", peer = %peer, problem = %problem);
    }
}

/// This node goes on with a newer descriptor of its own: from now on it signs with the newest key in it. Whoever hears that key must have been shown
/// the descriptor first.
///
/// # Errors
/// When the store fails.
pub async fn take_own(acts: &Acts, own: Own) -> Result<(), StoreError> {
    let (key, is_newer) = (own.signer.key_id().to_owned(), own.chain.digest() != acts.house.own().chain.digest());
    acts.store.sign_with(own.signer.clone());
    acts.house.become_own(own);
    if !is_newer {
        return Ok(());
    }
    acts.store
        .write(move |unit| {
            let mut draft = LeafDraft::new(Event::KeyRotated);
            draft.key = Some(key.clone());
            unit.append_leaf(draft).map(|_| ())
        })
        .await
}
