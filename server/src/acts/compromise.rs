//! A peer's keys are in other hands: its owners say so, and whoever hears it believes nothing more that comes with those keys, and passes the word on.

use prost::Message as _;
use titian_proto::gate::Content;
use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::descriptor::{CompromiseError, CompromiseNotice, DescriptorChain};
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use super::context::{Acts, House};
use super::error::ActError;
use super::outgoing::{self, Address};
use super::peers;
use super::policy::{self, Direction};
use super::question::{self, About};
use crate::store::peers::{PeerFile, PeerStanding, PeerTable as _};
use crate::store::{Topic, Unit};

/// Takes in a notice that an officer got as a file.
///
/// # Errors
/// When the file cannot be read, no such peer is known, its owners did not sign it, or the store fails.
pub async fn report(acts: &Acts, file: &str) -> Result<wire::Peer, ActError> {
    let notice = CompromiseNotice::from_file(file).map_err(not_readable)?;
    let node_id = notice.node_id.clone();
    let house = acts.house.clone();
    acts.store
        .write(move |unit| {
            if unit.peer(&notice.node_id)?.is_none() {
                return Err(ActError::NotFound { what: "peer" });
            }
            take_in(&house, unit, None, &notice)?.map_err(ActError::Refused)
        })
        .await?;
    acts.reload_peers()?;
    peers::show(acts, &node_id)
}

fn not_readable(problem: CompromiseError) -> ActError {
    let malformed = match problem {
        CompromiseError::Content(malformed) => malformed,
        CompromiseError::File(_) | CompromiseError::OtherNode | CompromiseError::SignaturesMissing { .. } => {
            Malformed::new("is not the file of a notice, or it was cut or altered; ask for it again")
        }
    };
    ActError::Malformed(malformed.at("notice"))
}

/// Takes in a notice, from a file or from a peer. It needs no confirmation by officers: its owners signed it, and a wrong word about one's own keys
/// harms nobody else. Everything that the keys open is closed, whichever of them the notice names: a peer with some keys is no peer.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn take_in(
    house: &House,
    unit: &mut Unit,
    told_by: Option<&NodeId>,
    notice: &CompromiseNotice,
) -> Result<Result<(), Refusal>, ActError> {
    if &notice.node_id == house.node_id() {
        return Ok(about_this_node(house, notice));
    }
    // Who is no peer here opens nothing here, and has no owners that are known.
    let Some(file) = unit.peer(&notice.node_id)? else { return Ok(Ok(())) };
    let chain = DescriptorChain::parse(&file.chain).map_err(ActError::Descriptor)?;
    if notice.verify(&chain).is_err() {
        return Ok(Err(not_by_owners()));
    }
    if file.compromised_since.is_some_and(|since| since <= notice.since) {
        return Ok(Ok(()));
    }
    tracing::error!(event = "peer.compromised", peer = %notice.node_id, since = %notice.since, "the keys of this peer are in other hands");
    let was_known = file.standing == PeerStanding::Compromised;
    let compromise_notice = notice.to_wire().encode_to_vec().into();
    unit.put_peer(&PeerFile { standing: PeerStanding::Compromised, compromised_since: Some(notice.since), compromise_notice, ..file })?;
    unit.publish(Topic::Peers);
    let mut draft = LeafDraft::new(Event::KeyCompromised);
    draft.peer = Some(outgoing::log_name(house, &notice.node_id));
    unit.append_leaf(draft)?;
    if !was_known {
        pass_on(house, unit, told_by, notice)?;
    }
    Ok(Ok(()))
}

fn not_by_owners() -> Refusal {
    Refusal::new(RefusalCode::PeerIdentity).with_path("compromise.signatures")
}

/// The owners of this node told others, and this node hears of it from them.
fn about_this_node(house: &House, notice: &CompromiseNotice) -> Result<(), Refusal> {
    notice.verify(&house.own().chain).map_err(|_| not_by_owners())?;
    tracing::error!(event = "node.compromised", since = %notice.since, "the owners of this node said that its keys are in other hands");
    Ok(())
}

/// Tells every other active peer, once. Who is not active here hears of it when it is.
fn pass_on(house: &House, unit: &mut Unit, told_by: Option<&NodeId>, notice: &CompromiseNotice) -> Result<(), ActError> {
    for other in unit.peers()? {
        let peer = &other.node_id;
        if other.standing == PeerStanding::Active && peer != &notice.node_id && Some(peer) != told_by {
            tell(house, unit, peer, notice)?;
        }
    }
    Ok(())
}

/// Tells a peer that has just become active of every compromise that is known here.
///
/// # Errors
/// When the store fails.
pub fn tell_known(house: &House, unit: &mut Unit, peer: &NodeId) -> Result<(), ActError> {
    if unit.peer(peer)?.is_none_or(|file| file.standing != PeerStanding::Active) {
        return Ok(());
    }
    for known in unit.peers()?.into_iter().filter(|known| !known.compromise_notice.is_empty()) {
        let notice = wire::CompromiseNotice::decode(known.compromise_notice).map_err(|_| Malformed::new("is not a notice"))?;
        tell(house, unit, peer, &CompromiseNotice::from_wire(&notice)?)?;
    }
    Ok(())
}

fn tell(house: &House, unit: &mut Unit, peer: &NodeId, notice: &CompromiseNotice) -> Result<(), ActError> {
    let (now, content) = (unit.now(), Content::Compromise(notice.clone()));
    let about = About { direction: Direction::Out, peer, pinned: None, content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    match policy::decide(house, now, gathered.ask(Direction::Out, peer, None, content)) {
        Ok(permit) => {
            outgoing::queue(house, unit, permit, &Address::about_nothing_else(peer))?;
        }
        Err(refusal) => tracing::warn!(event = "compromise.not-passed-on", peer = %peer, code = refusal.code.code()),
    }
    Ok(())
}
