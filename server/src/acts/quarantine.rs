//! A peer that told two stories: its link is closed but for safety, and the evidence kept for whoever must judge.

use bytes::Bytes;
use prost::Message as _;
use titian_proto::model::id::NodeId;
use titian_proto::wire;

use super::context::Acts;
use super::error::ActError;
use crate::store::peers::PeerTable as _;
use crate::store::quarantine::{Quarantine, QuarantineTable as _};
use crate::store::{StoreError, Topic};

/// Puts the link with a peer into quarantine, with the evidence and the descriptors that it is checked with.
///
/// # Errors
/// When the store fails.
pub async fn begin(acts: &Acts, peer: &NodeId, mut evidence: wire::Equivocation) -> Result<(), StoreError> {
    let peer = peer.clone();
    tracing::error!(event = "link.quarantined", peer = %peer, "the peer signed things that exclude each other; the evidence is kept");
    acts.store
        .write(move |unit| {
            evidence.descriptors = unit.peer(&peer)?.map(|file| file.chain).unwrap_or_default();
            let quarantine = Quarantine { since: unit.now(), evidence: evidence.encode_to_vec().into() };
            unit.publish(Topic::Peers);
            unit.put_quarantine(&peer, &quarantine)
        })
        .await
}

/// Ends a quarantine, after the two unions have spoken with each other.
///
/// # Errors
/// When the link is not in quarantine, or the store fails.
pub async fn release(acts: &Acts, peer: &NodeId) -> Result<wire::Peer, ActError> {
    let releasing = peer.clone();
    acts.store
        .write(move |unit| {
            if unit.quarantine(&releasing)?.is_none() {
                return Err(ActError::WrongState { state: "not in quarantine", wanted: "a link in quarantine" });
            }
            unit.remove_quarantine(&releasing)?;
            unit.publish(Topic::Peers);
            Ok(())
        })
        .await?;
    super::peers::show(acts, peer)
}

/// The evidence against a peer (`wire::Equivocation`).
///
/// # Errors
/// When there is none, or the store cannot be read.
pub fn evidence(acts: &Acts, peer: &NodeId) -> Result<Bytes, ActError> {
    let found = acts.store.view().quarantine(peer)?;
    found.map(|quarantine| quarantine.evidence).ok_or(ActError::NotFound { what: "evidence against this peer" })
}
