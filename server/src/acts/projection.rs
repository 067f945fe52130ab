//! What a peer holds follows what the gate permits now. Whatever changes that (an agreement, a consent, whom she prohibits, the day), the difference
//! to what the peer holds is put, changed or retracted, in the same write as the change.
//!
//! Not every refusal takes something back. While the agreement or the peer is suspended, or an approval or an assessment is missing, nothing new goes
//! and what is held stays: it is a pause between the unions. What the annex no longer names, and what she no longer allows, is taken back.

use std::collections::HashSet;

use titian_proto::model::id::{NodeId, RecordId, ReferralId};
use titian_proto::model::referral::Offer;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Category;

use super::context::{Acts, House};
use super::error::ActError;
use super::shares::{self, Candidate};
use super::{policy, question, referrals};
use crate::store::records::RecordTable as _;
use crate::store::referrals::{Given, Progress, ReferralFile, ReferralTable as _};
use crate::store::{StoreError, Topic, Unit};

/// Referrals looked at in one write when the day changes.
const PAGE: usize = 64;

/// Brings every share in step, some referrals a write: for what changes with the day alone.
///
/// # Errors
/// When the store fails.
pub async fn run(acts: &Acts) -> Result<(), ActError> {
    let mut after = None;
    loop {
        let house = acts.house.clone();
        let last = acts.store.write(move |unit| some(&house, unit, after)).await?;
        match last {
            Some(last) => after = Some(last),
            None => return Ok(()),
        }
    }
}

fn some(house: &House, unit: &mut Unit, after: Option<ReferralId>) -> Result<Option<ReferralId>, ActError> {
    let page = unit.referrals(after, PAGE)?;
    let last = page.last().map(|file| file.referral_id).filter(|_| page.len() == PAGE);
    for file in page {
        one(house, unit, file)?;
    }
    Ok(last)
}

/// Brings every share in step that rests on an agreement.
///
/// # Errors
/// When the store fails.
pub fn of_agreement(house: &House, unit: &mut Unit, agreement_id: &str) -> Result<(), ActError> {
    for file in unit.referrals(None, usize::MAX)? {
        if file.agreement_id == agreement_id {
            one(house, unit, file)?;
        }
    }
    Ok(())
}

/// Brings some referrals in step, as far as they are with one peer if one is named.
///
/// # Errors
/// When the store fails.
pub fn of_referrals(house: &House, unit: &mut Unit, ids: &[ReferralId], peer: Option<&NodeId>) -> Result<(), ActError> {
    for referral_id in ids {
        let file = referrals::load(unit, *referral_id)?;
        if peer.is_none_or(|peer| shares::other_side(house, &file) == peer) {
            one(house, unit, file)?;
        }
    }
    Ok(())
}

/// Brings one share in step.
fn one(house: &House, unit: &mut Unit, mut file: ReferralFile) -> Result<(), ActError> {
    if file.frozen || !file.state.is_sharing() {
        return Ok(());
    }
    follow_version(house, unit, &mut file)?;
    let offer = referrals::offer_of(&file)?;
    let wanted = wanted(house, unit, &file, &offer)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let Verdicts { refused, pause } = judge(house, unit, &file, &offer, &wanted)?;
    if let Some(refusal) = pause {
        return say_why(unit, &file, refusal);
    }
    let mut gone: Vec<Given> = Vec::new();
    for Refused { record_id, .. } in &refused {
        gone.extend(unit.given(file.referral_id, *record_id)?.filter(|given| given.revision > 0));
    }
    if !gone.is_empty() {
        if let Err(refusal) = shares::retract(house, unit, &file, &gone)? {
            return say_why(unit, &file, refusal);
        }
        if refused.iter().any(|one| one.category == Category::Safety) {
            let progress = unit.progress(file.referral_id)?;
            unit.put_progress(file.referral_id, &Progress { safety_shared: false, ..progress })?;
        }
    }
    put_fresh(house, unit, &file, &offer, wanted, &refused)?;
    if let Some(Refused { refusal, .. }) = refused.into_iter().next() {
        say_why(unit, &file, refusal)?;
    }
    unit.publish(Topic::Referral(file.referral_id));
    Ok(())
}

/// A referral goes on under the version that replaced its own.
fn follow_version(house: &House, unit: &mut Unit, file: &mut ReferralFile) -> Result<(), StoreError> {
    let now = policy::agreement_now(house, unit, unit.now(), &file.agreement_id, file.agreement_version)?;
    if let Some(version) = now.map(|known| known.agreement.version).filter(|version| *version > file.agreement_version) {
        file.agreement_version = version;
        unit.put_referral(file)?;
    }
    Ok(())
}

/// A pause says why, unless the referral says so already.
fn say_why(unit: &mut Unit, file: &ReferralFile, refusal: Refusal) -> Result<(), ActError> {
    if unit.progress(file.referral_id)?.blocked_by.as_ref() != Some(&refusal) {
        unit.block_referral(file.referral_id, refusal)?;
        unit.publish(Topic::Referral(file.referral_id));
    }
    Ok(())
}

/// This node's records that the referral selects, or that staff put under it by name: safety first, because contacts go only with it.
fn wanted(house: &House, unit: &Unit, file: &ReferralFile, offer: &Offer) -> Result<Vec<Candidate>, StoreError> {
    let mut wanted = Vec::new();
    for holder in question::holders(file) {
        for record in unit.records(holder)? {
            let Some(candidate) = Candidate::of(&record).filter(|_| record.owner == house.node_id().as_str()) else { continue };
            let selected = referrals::is_sender(house, file)
                && offer.categories.contains(&candidate.content.category())
                && candidate.content.may_leave();
            if selected || unit.given(file.referral_id, candidate.record_id)?.is_some_and(|given| given.revision > 0) {
                wanted.push(candidate);
            }
        }
    }
    wanted.sort_by_key(|candidate| (candidate.content.category() != Category::Safety, candidate.content.category()));
    Ok(wanted)
}

/// What the gate says.
struct Verdicts {
    /// Records that may not be there now.
    refused: Vec<Refused>,
    /// Something between the unions: nothing moves, either way.
    pause: Option<Refusal>,
}

/// A record that may not be there now.
struct Refused {
    record_id: RecordId,
    category: Category,
    refusal: Refusal,
}

fn judge(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer, wanted: &[Candidate]) -> Result<Verdicts, StoreError> {
    let mut verdicts = Verdicts { refused: Vec::new(), pause: None };
    // All at once where nothing is in the way: the usual case costs one question a message.
    let mut groups: Vec<&[Candidate]> = wanted.chunks(shares::PUT_RECORDS).rev().collect();
    while let Some(group) = groups.pop() {
        let Err(refusal) = shares::permits(house, unit, file, offer, group)? else { continue };
        if is_pause(refusal.code) {
            verdicts.pause = Some(refusal);
            return Ok(verdicts);
        }
        match group {
            [single] => {
                let (record_id, category) = (single.record_id, single.content.category());
                verdicts.refused.push(Refused { record_id, category, refusal });
            }
            _ => {
                let (first, rest) = group.split_at(split(group));
                groups.extend([rest, first]);
            }
        }
    }
    Ok(verdicts)
}

/// Where a group is split: between two categories if it has two, because most refusals are about a category; else in the middle.
fn split(group: &[Candidate]) -> usize {
    let first = group.first().map(|candidate| candidate.content.category());
    let boundary = group.iter().position(|candidate| Some(candidate.content.category()) != first);
    boundary.unwrap_or(group.len() / 2)
}

/// Refusals that pause, and take nothing back.
fn is_pause(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::PeerIdentity
            | RefusalCode::PeerSuspended
            | RefusalCode::RecipientKindForbidden
            | RefusalCode::NoAgreement
            | RefusalCode::NotAParty
            | RefusalCode::AgreementPendingGovernment
            | RefusalCode::AgreementSuspended
            | RefusalCode::AgreementExpired
            | RefusalCode::AgreementNotInForce
            | RefusalCode::StaleAssessment
            | RefusalCode::ApprovalMissing
            | RefusalCode::MembershipRequired
    )
}

/// What is permitted and the peer does not hold in its newest revision goes. What it never held goes all together or not at all, as a first share does.
fn put_fresh(
    house: &House,
    unit: &mut Unit,
    file: &ReferralFile,
    offer: &Offer,
    wanted: Vec<Candidate>,
    refused: &[Refused],
) -> Result<(), ActError> {
    let refused: HashSet<RecordId> = refused.iter().map(|one| one.record_id).collect();
    let mut waits = false;
    for record_id in &refused {
        waits |= unit.given(file.referral_id, *record_id)?.is_none();
    }
    let mut fresh = Vec::new();
    for candidate in wanted {
        let given = unit.given(file.referral_id, candidate.record_id)?;
        let is_new = given.as_ref().is_none_or(|given| given.revision < candidate.revision);
        if is_new && !refused.contains(&candidate.record_id) && (given.is_some() || !waits) {
            fresh.push(candidate);
        }
    }
    if let Err(refusal) = shares::put_all(house, unit, file, offer, fresh)? {
        say_why(unit, file, refusal)?;
    }
    Ok(())
}
