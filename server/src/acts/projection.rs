//! What a peer holds follows what the gate permits now. Whatever changes that (an agreement, a consent, whom she prohibits, the day), the difference
//! to what the peer holds is put, changed or retracted, in the same write as the change.
//!
//! Not every refusal takes something back. While the agreement or the peer is suspended, or an assessment is missing, nothing new goes and what is held
//! stays: it is a pause between the unions. What a second person must look at, perhaps again, waits by itself and holds nothing else up. What the annex no longer names, and what she no longer allows, is taken back.

use std::collections::HashSet;

use titian_proto::model::id::{NodeId, RecordId, ReferralId};
use titian_proto::model::referral::Offer;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Category;

use super::candidates::{self, Candidate, Cursor};
use super::context::{Acts, House};
use super::error::ActError;
use super::shares;
use super::{in_turn, policy, referrals};
use crate::store::referrals::{Given, Progress, ReferralFile, ReferralTable as _};
use crate::store::{StoreError, Topic, Unit};

/// Referrals looked at in one write when the day changes.
const PAGE: usize = 64;

/// Looks at every share, some referrals a write, for what changes with the day alone: that changes for a share as a whole, so that one of its records
/// tells of all.
///
/// # Errors
/// When the store fails.
pub async fn run(acts: &Acts) -> Result<(), ActError> {
    let mut after = None;
    loop {
        let page = acts.store.view().referral_ids(after, PAGE)?;
        in_turn::each(acts, "projection", &page, of_day).await?;
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(*last),
            Some(_) | None => return Ok(()),
        }
    }
}

/// Brings one share in step with the day.
fn of_day(house: &House, unit: &mut Unit, referral_id: ReferralId) -> Result<(), ActError> {
    let Some(file) = unit.referral(referral_id)? else { return Ok(()) };
    if has_changed(house, unit, &file)? {
        one(house, unit, file)?;
    }
    Ok(())
}

/// Whether the gate takes back the first record that the peer holds.
fn has_changed(house: &House, unit: &mut Unit, file: &ReferralFile) -> Result<bool, ActError> {
    if file.frozen || !file.state.is_sharing() {
        return Ok(false);
    }
    let Some(given) = unit.first_given(file.referral_id)? else { return Ok(false) };
    let Some(candidate) = candidates::record_of(unit, file, given.record_id)? else { return Ok(true) };
    let offer = referrals::offer_of(file)?;
    let verdict = shares::permits(house, unit, file, &offer, &[candidate])?;
    Ok(verdict.is_err_and(|refusal| !is_pause(refusal.code)))
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

/// Brings what was passed on from under a referral in step with what is held under it now.
///
/// # Errors
/// When the store fails.
pub fn of_origin(house: &House, unit: &mut Unit, origin: &ReferralFile) -> Result<(), ActError> {
    let Some(case_id) = origin.case_id.filter(|_| origin.passed_on) else { return Ok(()) };
    for referral_id in unit.referrals_of_case(case_id)? {
        let file = referrals::load(unit, referral_id)?;
        if file.onward_from == Some(origin.referral_id) {
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
    let mut refused = HashSet::new();
    let (mut why, mut waits, mut after) = (None, false, Some(Cursor::start()));
    while let Some(cursor) = after {
        let (mut wanted, next) = page_of(house, unit, &file, &offer, cursor)?;
        let mut verdicts = judge(house, unit, &file, &offer, &wanted)?;
        loop {
            if let Some(refusal) = verdicts.pause {
                return say_why(unit, &file, refusal);
            }
            let had_rules = unit.progress(file.referral_id)?.safety_shared;
            waits |= take_back(house, unit, &file, &verdicts.refused)?;
            for Refused { record_id, refusal, .. } in std::mem::take(&mut verdicts.refused) {
                why.get_or_insert(refusal);
                refused.insert(record_id);
            }
            if !had_rules || unit.progress(file.referral_id)?.safety_shared {
                break;
            }
            // The rules of safe contact were taken back: what may not stay without them goes, too.
            wanted.retain(|candidate| !refused.contains(&candidate.record_id));
            verdicts = judge(house, unit, &file, &offer, &wanted)?;
        }
        for Refused { record_id, refusal, .. } in verdicts.unapproved {
            waits |= unit.given(file.referral_id, record_id)?.is_none();
            why.get_or_insert(refusal);
            refused.insert(record_id);
        }
        after = next;
    }
    give_back_what_is_gone(house, unit, &file)?;
    put_fresh(house, unit, &file, &offer, &Held { refused, waits })?;
    if let Some(refusal) = why {
        say_why(unit, &file, refusal)?;
    }
    unit.publish(Topic::Referral(file.referral_id));
    Ok(())
}

/// Retracts what is refused and held. Whether something is refused that was never held.
fn take_back(house: &House, unit: &mut Unit, file: &ReferralFile, refused: &[Refused]) -> Result<bool, ActError> {
    let (mut held, mut waits) = (Vec::new(), false);
    for one in refused {
        match unit.given(file.referral_id, one.record_id)? {
            // One whose last revision did not arrive, too: the other side may hold an earlier one.
            Some(given) => held.push(given),
            None => waits = true,
        }
    }
    retract(house, unit, file, &held)?;
    if !held.is_empty() && refused.iter().any(|one| one.category == Category::Safety) {
        forget_rules(unit, file.referral_id)?;
    }
    Ok(waits)
}

/// The other side has no rules of safe contact from here any more.
///
/// # Errors
/// When the store fails.
pub(super) fn forget_rules(unit: &mut Unit, referral_id: ReferralId) -> Result<(), StoreError> {
    let progress = unit.progress(referral_id)?;
    unit.put_progress(referral_id, &Progress { safety_shared: false, ..progress })
}

fn retract(house: &House, unit: &mut Unit, file: &ReferralFile, held: &[Given]) -> Result<(), ActError> {
    match shares::retract(house, unit, file, held)? {
        Ok(()) => Ok(()),
        Err(refusal) => say_why(unit, file, refusal),
    }
}

/// What was passed on and is not held any more, because the union that gave it took it back.
fn give_back_what_is_gone(house: &House, unit: &mut Unit, file: &ReferralFile) -> Result<(), ActError> {
    if file.onward_from.is_none() {
        return Ok(());
    }
    let mut gone = Vec::new();
    for given in unit.all_given(file.referral_id)? {
        if candidates::record_of(unit, file, given.record_id)?.is_none() {
            gone.push(given);
        }
    }
    retract(house, unit, file, &gone)
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

/// A page of this node's records that the referral selects, or that staff put under it by name; in a page safety first, because contacts go only with it.
/// What is about the worker is one page.
fn page_of(
    house: &House,
    unit: &Unit,
    file: &ReferralFile,
    offer: &Offer,
    cursor: Cursor,
) -> Result<(Vec<Candidate>, Option<Cursor>), StoreError> {
    let (page, next) = candidates::page_of(house, unit, file, cursor)?;
    let mut wanted = Vec::with_capacity(page.len());
    for candidate in page {
        let category = candidate.content.category();
        let selected = referrals::is_sender(house, file) && offer.categories.contains(&category) && candidate.content.may_leave();
        if selected || unit.given(file.referral_id, candidate.record_id)?.is_some() {
            wanted.push(candidate);
        }
    }
    wanted.sort_by_key(|candidate| (candidate.content.category() != Category::Safety, candidate.content.category()));
    Ok((wanted, next))
}

/// What the gate says.
struct Verdicts {
    /// Records that may not be there now.
    refused: Vec<Refused>,
    /// Records that a second person must look at, perhaps again: nothing new of them goes, and what is held stays.
    unapproved: Vec<Refused>,
    /// Something between the unions: nothing moves, either way.
    pause: Option<Refusal>,
}

/// A record that may not be there now.
struct Refused {
    record_id: RecordId,
    category: Category,
    refusal: Refusal,
}

impl Refused {
    fn of(candidate: &Candidate, refusal: &Refusal) -> Self {
        Self { record_id: candidate.record_id, category: candidate.content.category(), refusal: refusal.clone() }
    }
}

fn judge(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer, wanted: &[Candidate]) -> Result<Verdicts, StoreError> {
    let mut verdicts = Verdicts { refused: Vec::new(), unapproved: Vec::new(), pause: None };
    // All at once where nothing is in the way: the usual case costs one question a message.
    let mut groups: Vec<&[Candidate]> = wanted.chunks(shares::PUT_RECORDS).rev().collect();
    while let Some(group) = groups.pop() {
        let Err(refusal) = shares::permits(house, unit, file, offer, group)? else { continue };
        if refusal.code == RefusalCode::ApprovalMissing {
            // The gate asked about consent first, so of this group nothing is taken back on that ground. What needs no second person goes on.
            match boundary(group) {
                Some(at) => groups.extend([&group[at..], &group[..at]]),
                None => verdicts.unapproved.extend(group.iter().map(|one| Refused::of(one, &refusal))),
            }
            continue;
        }
        if is_pause(refusal.code) {
            verdicts.pause = Some(refusal);
            return Ok(verdicts);
        }
        match group {
            [single] => verdicts.refused.push(Refused::of(single, &refusal)),
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
    boundary(group).unwrap_or(group.len() / 2)
}

/// Where the second category of a group begins, if it has two.
fn boundary(group: &[Candidate]) -> Option<usize> {
    let first = group.first().map(|candidate| candidate.content.category());
    group.iter().position(|candidate| Some(candidate.content.category()) != first)
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

/// What must not go.
struct Held {
    /// The gate refuses it.
    refused: HashSet<RecordId>,
    /// Something that the peer never held is refused: then nothing else that it never held goes either.
    waits: bool,
}

/// What is permitted and the peer does not hold in its newest revision goes. What it never held goes all together or not at all, as a first share does.
fn put_fresh(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer, held: &Held) -> Result<(), ActError> {
    let mut after = Some(Cursor::start());
    while let Some(cursor) = after {
        let (wanted, next) = page_of(house, unit, file, offer, cursor)?;
        let mut fresh = Vec::new();
        for candidate in wanted {
            let given = unit.given(file.referral_id, candidate.record_id)?;
            let is_new = given.as_ref().is_none_or(|given| given.revision < candidate.revision);
            if is_new && !held.refused.contains(&candidate.record_id) && (given.is_some() || !held.waits) {
                fresh.push(candidate);
            }
        }
        if let Err(refusal) = shares::put_all(house, unit, file, offer, fresh)? {
            return say_why(unit, file, refusal);
        }
        after = next;
    }
    Ok(())
}
