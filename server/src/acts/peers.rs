//! Peers: added from a file, confirmed by the words of their fingerprint, suspended at once.

use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{DescriptorChain, Followed};
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::{At, Malformed};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use super::actor::Actor;
use super::agreements;
use super::breaches;
use super::compromise;
use super::consents;
use super::context::{Acts, House};
use super::descriptors;
use super::error::ActError;
use crate::store::parked::ParkedTable as _;
use crate::store::peers::{PeerFile, PeerStanding, PeerTable};
use crate::store::quarantine::QuarantineTable as _;
use crate::store::{EpochTable as _, OutboxTable, Read, Topic};

/// Adds a peer from its descriptor file. It is not active before two officers confirmed its fingerprint.
///
/// # Errors
/// When the file or its chain is broken, it is this node itself, its kind may never be a peer, another root is known under the name, or the
/// store fails.
pub async fn add(acts: &Acts, file: &str) -> Result<wire::Peer, ActError> {
    let chain = DescriptorChain::from_file(file).map_err(descriptor_problem)?;
    let node_id = chain.newest().node_id.clone();
    if &node_id == acts.house.node_id() {
        return Err(ActError::Malformed(
            Malformed::new("is this node's own descriptor; give the file of the other union").at("descriptor"),
        ));
    }
    if !chain.newest().kind.may_be_peer() {
        return Err(ActError::Refused(Refusal::new(RefusalCode::RecipientKindForbidden)));
    }
    if let Some(other) = fork(acts, &node_id, &chain) {
        descriptors::forked(acts, &node_id, other).await;
    }
    let bytes = chain.encode();
    refuse_known_pins(&acts.house, &chain)?;
    let fingerprint = chain.fingerprint();
    let peer = node_id.clone();
    acts.store
        .write(move |unit| {
            let known = unit.peer(&peer)?;
            if let Some(known) = &known {
                let known_chain = DescriptorChain::parse(&known.chain).map_err(descriptor_problem)?;
                if known_chain.fingerprint() == fingerprint && !chain.continues(&known_chain) {
                    return Err(ActError::Conflict { what: "the file is older than what is known of this union, or another story of it" });
                }
                if known_chain.fingerprint() != fingerprint {
                    return Err(ActError::Conflict {
                        what: "another root key is known under this name; suspend the old peer and call the union",
                    });
                }
            }
            let file = match known {
                Some(known) => PeerFile { chain: bytes.clone(), ..known },
                None => PeerFile {
                    node_id: peer.clone(),
                    chain: bytes.clone(),
                    standing: PeerStanding::Added,
                    confirmed_by: Vec::new(),
                    suspended_at: None,
                    compromised_since: None,
                    compromise_notice: bytes::Bytes::new(),
                },
            };
            unit.put_peer(&file)?;
            unit.publish(Topic::Peers);
            Ok(())
        })
        .await?;
    after_change(acts, &node_id)
}

/// Another descriptor of a known peer at a number that has one, signed by its owners.
fn fork(acts: &Acts, node_id: &NodeId, chain: &DescriptorChain) -> Option<wire::SignedDescriptor> {
    let known = acts.house.with_peer(node_id, |known| known.map(|known| known.chain.clone()))?;
    match known.follow(&chain.to_wire()) {
        Ok(Followed::Forked(other)) => Some(other),
        Ok(Followed::Known | Followed::Newer(_)) | Err(_) => None,
    }
}

/// Confirms a peer by the words of its fingerprint. Two officers: the second makes it active.
///
/// # Errors
/// When the words are others, the same officer confirms twice, or the store fails.
pub async fn confirm(acts: &Acts, actor: &Actor, node_id: &NodeId, words: &str) -> Result<wire::Peer, ActError> {
    let (peer, officer, words) = (node_id.clone(), actor.pseudonym.clone(), words.to_owned());
    acts.store
        .write(move |unit| {
            let mut file = load(unit, &peer)?;
            let chain = DescriptorChain::parse(&file.chain).map_err(descriptor_problem)?;
            if !chain.fingerprint().matches(&words) {
                return Err(ActError::FingerprintDiffers);
            }
            file.standing = match file.standing {
                PeerStanding::Added => PeerStanding::HalfConfirmed,
                PeerStanding::HalfConfirmed if file.confirmed_by.contains(&officer) => return Err(ActError::SameOfficer),
                PeerStanding::HalfConfirmed => PeerStanding::Active,
                PeerStanding::Active | PeerStanding::Suspended | PeerStanding::Compromised => {
                    return Err(ActError::WrongState { state: "confirmed", wanted: "added, and confirmed by at most one officer" });
                }
            };
            file.confirmed_by.push(officer.clone());
            unit.put_peer(&file)?;
            unit.publish(Topic::Peers);
            Ok(())
        })
        .await?;
    after_change(acts, node_id)?;
    let (house, peer) = (acts.house.clone(), node_id.clone());
    acts.store
        .write(move |unit| {
            compromise::tell_known(&house, unit, &peer)?;
            breaches::tell_owed(&house, unit, &peer)
        })
        .await?;
    show(acts, node_id)
}

/// Suspends a peer: at once, here, without its help.
///
/// # Errors
/// When it is not a peer or the store fails.
pub async fn suspend(acts: &Acts, node_id: &NodeId) -> Result<wire::Peer, ActError> {
    set_standing(acts, node_id, PeerStanding::Suspended).await
}

/// Ends a suspension. What was queued is asked about again before it leaves.
///
/// # Errors
/// When it is not suspended or the store fails.
pub async fn resume(acts: &Acts, node_id: &NodeId) -> Result<wire::Peer, ActError> {
    set_standing(acts, node_id, PeerStanding::Active).await?;
    let (house, peer) = (acts.house.clone(), node_id.clone());
    acts.store
        .write(move |unit| {
            compromise::tell_known(&house, unit, &peer)?;
            breaches::tell_owed(&house, unit, &peer)?;
            consents::withdraw::tell_owed(&house, unit, &peer)?;
            agreements::tell_again(&house, unit, &peer)
        })
        .await?;
    after_change(acts, node_id)
}

/// Every peer.
///
/// # Errors
/// When the store cannot be read.
pub fn list(acts: &Acts) -> Result<Vec<wire::Peer>, ActError> {
    let view = acts.store.view();
    view.peers()?.iter().map(|file| describe(&acts.house, &view, file)).collect()
}

async fn set_standing(acts: &Acts, node_id: &NodeId, standing: PeerStanding) -> Result<wire::Peer, ActError> {
    let peer = node_id.clone();
    acts.store
        .write(move |unit| {
            let mut file = load(unit, &peer)?;
            let may = match standing {
                PeerStanding::Suspended => file.standing != PeerStanding::Compromised,
                PeerStanding::Active => file.standing == PeerStanding::Suspended && file.confirmed_by.len() >= 2,
                PeerStanding::Added | PeerStanding::HalfConfirmed | PeerStanding::Compromised => false,
            };
            if !may {
                return Err(ActError::WrongState { state: "another state", wanted: "suspended, and confirmed by two officers before" });
            }
            file.standing = standing;
            file.suspended_at = suspended_at(standing, unit.now());
            unit.put_peer(&file)?;
            unit.publish(Topic::Peers);
            Ok(())
        })
        .await?;
    tracing::warn!(event = "peer.standing-changed", peer = %node_id, standing = ?standing);
    after_change(acts, node_id)
}

fn suspended_at(standing: PeerStanding, now: Instant) -> Option<Instant> {
    (standing == PeerStanding::Suspended).then_some(now)
}

/// The table of pins and the gate see the change before the call returns.
fn after_change(acts: &Acts, node_id: &NodeId) -> Result<wire::Peer, ActError> {
    acts.reload_peers()?;
    show(acts, node_id)
}

/// One peer as staff see it.
///
/// # Errors
/// When it is not a peer or the store cannot be read.
pub fn show(acts: &Acts, node_id: &NodeId) -> Result<wire::Peer, ActError> {
    let view = acts.store.view();
    describe(&acts.house, &view, &load(&view, node_id)?)
}

fn load(read: &impl Read, node_id: &NodeId) -> Result<PeerFile, ActError> {
    read.peer(node_id)?.ok_or(ActError::NotFound { what: "peer" })
}

fn descriptor_problem(problem: titian_proto::model::descriptor::DescriptorError) -> ActError {
    ActError::Descriptor(problem)
}

fn describe(house: &House, read: &impl Read, file: &PeerFile) -> Result<wire::Peer, ActError> {
    let contact = house.contact(&file.node_id);
    let chain = DescriptorChain::parse(&file.chain).map_err(descriptor_problem)?;
    let descriptor = chain.newest();
    let counts = read.outbox_counts(&file.node_id)?;
    let status = match file.standing {
        PeerStanding::Added => wire::PeerStatus::Added,
        PeerStanding::HalfConfirmed => wire::PeerStatus::HalfConfirmed,
        PeerStanding::Active => wire::PeerStatus::Active,
        PeerStanding::Suspended => wire::PeerStatus::Suspended,
        PeerStanding::Compromised => wire::PeerStatus::Compromised,
    };
    Ok(wire::Peer {
        node_id: file.node_id.to_string(),
        names: descriptor.names.iter().map(|name| name.to_wire()).collect(),
        kind: descriptor.kind.to_wire(),
        country: descriptor.country.to_string(),
        status: status as i32,
        fingerprint_words: chain.fingerprint().words(),
        endpoints: descriptor.endpoints.iter().map(ToString::to_string).collect(),
        connected: contact.connected,
        queued: counts.queued,
        answered: counts.answered,
        last_contact_ms: contact.last.map_or(0, Instant::as_millis),
        link_problem: contact.problem.unwrap_or_default(),
        quarantined_since_ms: read.quarantine(&file.node_id)?.map_or(0, |quarantine| quarantine.since.as_millis()),
        cases_parked_there: read.all_parked_there(&file.node_id)?.len() as u64,
        cases_parked_here: read.all_parked_here(&file.node_id)?.len() as u64,
        compromised_since_ms: file.compromised_since.map_or(0, Instant::as_millis),
        restores: read.peer_epochs(&file.node_id)?.len().saturating_sub(1) as u64,
    })
}

/// Nobody displaces a peer by claiming its key.
pub(super) fn refuse_known_pins(house: &House, chain: &DescriptorChain) -> Result<(), ActError> {
    let claimed = &chain.newest().tls_pins;
    let taken = house.peers().values().any(|known| {
        known.view.node_id != chain.newest().node_id
            && known.descriptor.tls_pins.iter().any(|pin| claimed.iter().any(|claim| claim.spki_sha256 == pin.spki_sha256))
    });
    if taken { Err(ActError::Conflict { what: "another peer holds a key that this file claims; call both unions" }) } else { Ok(()) }
}

/// Reads a node's name as staff typed it.
///
/// # Errors
/// When it has another form.
pub fn node_id(text: &str) -> Result<NodeId, ActError> {
    NodeId::parse(text).at("node_id").map_err(ActError::Malformed)
}
