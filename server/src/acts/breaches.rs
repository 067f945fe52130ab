//! Breaches: somebody saw what nobody should have seen. The unions that are concerned are told within the annex's hours, in every state of an
//! agreement, so that each can reach its workers; nobody tells a worker but a person who knows how she can be reached (`domain.md` 3).

use std::collections::BTreeMap;

use titian_proto::envelope::{EnvelopeKind, Header, Receipt, ReceiptOutcome};
use titian_proto::gate::Content;
use titian_proto::model::agreement::Annex;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{BreachId, NodeId, ReferralId, uuid_v7};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::referral::{BreachNotice, NOTICE_ENTRIES_MAX};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;

use super::actor::Actor;
use super::context::{Acts, House};
use super::error::ActError;
use super::outgoing::{self, Address};
use super::policy::{self, Direction};
use super::question::{self, About};
use super::referrals;
use crate::store::breaches::{BreachFile, BreachTable as _, Concerned};
use crate::store::peers::PeerTable as _;
use crate::store::referrals::ReferralFile;
use crate::store::{Read, StoreError, Unit};

/// Open breaches that one peer may tell of: more is no news any more, and each of them calls a person.
const OPEN_OF_PEER_MAX: usize = 100;

/// Hours within which workers are told, from when this node heard of it: the shortest of the laws (Jordan, PDPL art. 20).
const WORKERS_TOLD_HOURS: i64 = 24;

/// What an officer tells.
#[derive(Clone, Debug)]
pub struct Telling {
    /// When it was found; none: now.
    pub found_at: Option<Instant>,
    /// Categories concerned.
    pub categories: Vec<Category>,
    /// Referrals concerned.
    pub referral_ids: Vec<ReferralId>,
    /// Unions with which every referral is concerned.
    pub peers: Vec<NodeId>,
}

/// Writes a breach down and tells every union that is concerned. Who is not active here now is told when it is.
///
/// # Errors
/// When nobody is concerned, a referral or a peer is not there, it was found later than now, or the store fails.
pub async fn tell(acts: &Acts, telling: Telling) -> Result<wire::Breach, ActError> {
    let house = acts.house.clone();
    acts.store
        .write(move |unit| {
            let now = unit.now();
            let found_at = telling.found_at.unwrap_or(now);
            if found_at > now {
                return Err(ActError::Malformed(Malformed::new("is later than now").at("found_at")));
            }
            let (concerned, hours) = concerned(&house, unit, &telling)?;
            let mut breach = BreachFile {
                breach_id: BreachId(uuid_v7(now, unit.random())),
                told_by: None,
                found_at,
                noted_at: now,
                due: found_at.plus_hours(i64::from(hours)),
                categories: telling.categories.clone(),
                concerned,
                settled: None,
            };
            for index in 0..breach.concerned.len() {
                tell_one(&house, unit, &mut breach, index)?;
            }
            unit.put_breach(&breach)?;
            Ok(describe(&breach, now))
        })
        .await
}

/// Every breach, the open ones first.
///
/// # Errors
/// When the store cannot be read.
pub fn list(acts: &Acts, only_open: bool) -> Result<Vec<wire::Breach>, ActError> {
    let now = acts.house.ambient.now();
    let mut breaches = acts.store.view().breaches()?;
    breaches.retain(|breach| breach.is_open() || !only_open);
    breaches.sort_by_key(|breach| (!breach.is_open(), breach.due));
    Ok(breaches.iter().map(|breach| describe(breach, now)).collect())
}

/// A person says that what another union told of is seen to: the workers are told, in the way in which they can be reached.
///
/// # Errors
/// When there is no such breach, it happened here, it was seen to before, or the store fails.
pub async fn settle(acts: &Acts, actor: &Actor, breach_id: BreachId) -> Result<wire::Breach, ActError> {
    let who = actor.pseudonym.clone();
    acts.store
        .write(move |unit| {
            let mut breach = unit.breach(breach_id)?.ok_or(ActError::NotFound { what: "breach" })?;
            if breach.told_by.is_none() || breach.settled.is_some() {
                return Err(ActError::WrongState { state: "its own, or seen to", wanted: "told by another union and still open" });
            }
            breach.settled = Some((who.clone(), unit.now()));
            unit.put_breach(&breach)?;
            Ok(describe(&breach, unit.now()))
        })
        .await
}

/// Takes in what a peer tells. It calls a person until somebody has seen to it.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn receive(house: &House, unit: &mut Unit, peer: &NodeId, notice: &BreachNotice) -> Result<Result<(), Refusal>, ActError> {
    let of_peer: Vec<BreachFile> = unit.breaches()?.into_iter().filter(|breach| breach.told_by.as_ref() == Some(peer)).collect();
    let is_same =
        |known: &BreachFile| known.found_at == notice.found_at && known.concerned.iter().all(|one| one.referral_ids == notice.referral_ids);
    if of_peer.iter().any(is_same) {
        return Ok(Ok(()));
    }
    if of_peer.iter().filter(|breach| breach.is_open()).count() >= OPEN_OF_PEER_MAX {
        return Ok(Err(Refusal::new(RefusalCode::Malformed).with_path("breach")));
    }
    let now = unit.now();
    tracing::error!(event = "breach.told", peer = %peer, "a union tells of a breach that concerns this one");
    let own = Concerned { peer: house.node_id().clone(), referral_ids: notice.referral_ids.clone(), told: None, answered_at: Some(now) };
    unit.put_breach(&BreachFile {
        breach_id: BreachId(uuid_v7(now, unit.random())),
        told_by: Some(peer.clone()),
        found_at: notice.found_at,
        noted_at: now,
        due: now.plus_hours(WORKERS_TOLD_HOURS),
        categories: notice.categories.clone(),
        concerned: vec![own],
        settled: None,
    })?;
    Ok(Ok(()))
}

/// Tells a peer that has just become active what it could not be told before.
///
/// # Errors
/// When the store fails.
pub fn tell_owed(house: &House, unit: &mut Unit, peer: &NodeId) -> Result<(), ActError> {
    for mut breach in unit.breaches()?.into_iter().filter(|breach| breach.told_by.is_none()) {
        let owed = breach.concerned.iter().position(|one| &one.peer == peer && one.told.is_none() && one.answered_at.is_none());
        if let Some(index) = owed {
            tell_one(house, unit, &mut breach, index)?;
            unit.put_breach(&breach)?;
        }
    }
    Ok(())
}

/// The receipt of a notice has come: the peer knows, or it must be told again once it listens.
///
/// # Errors
/// When the store fails.
pub fn answered(unit: &mut Unit, peer: &NodeId, header: &Header, receipt: &Receipt) -> Result<(), StoreError> {
    if header.kind != EnvelopeKind::Breach {
        return Ok(());
    }
    let now = unit.now();
    for mut breach in unit.breaches()? {
        let told = breach.concerned.iter_mut().find(|one| &one.peer == peer && one.told == Some(header.transfer_id));
        let Some(told) = told else { continue };
        match receipt.outcome {
            ReceiptOutcome::Applied => told.answered_at = Some(now),
            ReceiptOutcome::Refused | ReceiptOutcome::Purged => told.told = None,
            ReceiptOutcome::Parked => {}
        }
        unit.put_breach(&breach)?;
    }
    Ok(())
}

/// Whom it concerns, and the hours within which they must know: the fewest of their annexes.
fn concerned(house: &House, unit: &Unit, telling: &Telling) -> Result<(Vec<Concerned>, u32), ActError> {
    let mut by_peer: BTreeMap<NodeId, Vec<ReferralId>> = BTreeMap::new();
    let mut hours = Annex::BREACH_HOURS_DEFAULT;
    for referral_id in &telling.referral_ids {
        let file = referrals::load(unit, *referral_id)?;
        hours = hours.min(hours_of(house, unit, &file)?);
        let peer = if referrals::is_sender(house, &file) { file.recipient } else { file.sender };
        by_peer.entry(peer).or_default().push(*referral_id);
    }
    if by_peer.values().any(|ids| ids.len() > NOTICE_ENTRIES_MAX) {
        let problem = Malformed::new("names more referrals with one union than a notice holds: name the union instead");
        return Err(ActError::Malformed(problem.at("referral_ids")));
    }
    for peer in &telling.peers {
        unit.peer(peer)?.ok_or(ActError::NotFound { what: "peer" })?;
        by_peer.insert(peer.clone(), Vec::new());
    }
    if by_peer.is_empty() {
        return Err(ActError::Malformed(Malformed::new("needs a referral or a union that is concerned").at("referral_ids")));
    }
    let concerned = by_peer.into_iter().map(|(peer, referral_ids)| Concerned { peer, referral_ids, told: None, answered_at: None });
    Ok((concerned.collect(), hours))
}

fn hours_of(house: &House, read: &impl Read, file: &ReferralFile) -> Result<u32, StoreError> {
    let now = house.ambient.now();
    let known = policy::agreement_now(house, read, now, &file.agreement_id, file.agreement_version)?;
    let annexes = known.iter().flat_map(|known| known.agreement.annexes_from_to(&file.sender, &file.recipient));
    Ok(annexes.map(|annex| annex.peer_breach_notice_hours).min().unwrap_or(Annex::BREACH_HOURS_DEFAULT))
}

fn tell_one(house: &House, unit: &mut Unit, breach: &mut BreachFile, index: usize) -> Result<(), ActError> {
    let Some(one) = breach.concerned.get_mut(index) else { return Ok(()) };
    let (now, peer) = (unit.now(), one.peer.clone());
    let notice = BreachNotice { found_at: breach.found_at, categories: breach.categories.clone(), referral_ids: one.referral_ids.clone() };
    let content = Content::Breach(notice);
    let about = About { direction: Direction::Out, peer: &peer, pinned: None, content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    match policy::decide(house, now, gathered.ask(Direction::Out, &peer, None, content)) {
        Ok(permit) => one.told = Some(outgoing::queue(house, unit, permit, &Address::about_nothing_else(&peer))?.transfer),
        Err(refusal) => tracing::warn!(event = "breach.not-told", peer = %peer, code = refusal.code.code()),
    }
    Ok(())
}

fn describe(breach: &BreachFile, now: Instant) -> wire::Breach {
    let own = breach.told_by.is_none();
    let told = breach
        .concerned
        .iter()
        .filter(|_| own)
        .map(|one| wire::BreachTold { node_id: one.peer.to_string(), answered_at_ms: one.answered_at.map_or(0, Instant::as_millis) });
    let settled = breach.settled.as_ref();
    wire::Breach {
        breach_id: breach.breach_id.to_wire(),
        told_by: breach.told_by.as_ref().map(NodeId::to_string).unwrap_or_default(),
        found_at_ms: breach.found_at.as_millis(),
        noted_at_ms: breach.noted_at.as_millis(),
        due_ms: breach.due.as_millis(),
        overdue: breach.is_overdue(now),
        categories: Category::list_to_wire(&breach.categories),
        referral_ids: breach.concerned.iter().flat_map(|one| one.referral_ids.iter().map(|id| id.to_wire())).collect(),
        told: told.collect(),
        settled_by: settled.map(|(who, _)| who.clone()).unwrap_or_default(),
        settled_at_ms: settled.map_or(0, |(_, when)| when.as_millis()),
    }
}
