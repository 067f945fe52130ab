//! Referrals: written, requested, answered, ended.
//!
//! - [`request`]: the sender writes one, requests it, widens or narrows it; a second person approves it.
//! - [`answer`]: either side sets the states that are its to set.
//! - [`receive`]: offers and states that arrive.
//! - [`expire`]: what was not answered in time.
//! - `welfare`: what a welfare check rests on.

pub mod answer;
pub mod expire;
pub mod listed;
pub mod receive;
pub mod request;
mod welfare;

use prost::Message;
use titian_proto::model::id::{CaseId, ReferralId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::referral::Offer;
use titian_proto::wire;

use super::context::{Acts, House};
use super::erasures;
use super::error::ActError;
use super::question;
use crate::store::referrals::{Progress, ReferralFile, ReferralTable};
use crate::store::{Read, StoreError};

/// Referrals looked through at once.
const PAGE: usize = 256;

/// A referral as staff see it.
///
/// # Errors
/// When there is none, or the store cannot be read.
pub fn show(acts: &Acts, referral_id: ReferralId) -> Result<wire::Referral, ActError> {
    let view = acts.store.view();
    let file = load(&view, referral_id)?;
    Ok(describe(&file, &view.progress(referral_id)?))
}

/// Referrals as staff see them, in the order of their ids.
///
/// # Errors
/// When the store cannot be read.
pub fn list(acts: &Acts, after: Option<ReferralId>, limit: usize) -> Result<Vec<wire::Referral>, ActError> {
    let view = acts.store.view();
    let mut found = Vec::new();
    for file in view.referrals(after, limit)? {
        found.push(describe(&file, &view.progress(file.referral_id)?));
    }
    Ok(found)
}

/// Welfare checks, from and to this node, in the order of their ids: each use of the exception, ended ones too.
///
/// # Errors
/// When the store cannot be read.
pub fn list_welfare_checks(acts: &Acts, after: Option<ReferralId>, limit: usize) -> Result<Vec<wire::Referral>, ActError> {
    let view = acts.store.view();
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let page = view.referrals(after, PAGE)?;
        for file in page.iter().filter(|file| erasures::welfare::is_one(file)).take(limit - found.len()) {
            found.push(describe(file, &view.progress(file.referral_id)?));
        }
        after = page.last().map(|file| file.referral_id);
        if page.len() < PAGE || found.len() >= limit {
            return Ok(found);
        }
    }
}

/// Referrals of one case, in the order of their ids. None when there is no such case.
///
/// # Errors
/// When the store cannot be read.
pub fn list_of_case(acts: &Acts, case_id: CaseId, after: Option<ReferralId>, limit: usize) -> Result<Vec<wire::Referral>, ActError> {
    let view = acts.store.view();
    let ids = view.referrals_of_case(case_id)?;
    let next = ids.into_iter().filter(|referral_id| after.is_none_or(|after| *referral_id > after)).take(limit);
    next.map(|referral_id| Ok(describe(&load(&view, referral_id)?, &view.progress(referral_id)?))).collect()
}

/// A referral's file.
///
/// # Errors
/// When there is none, or the store cannot be read.
pub fn load(read: &impl Read, referral_id: ReferralId) -> Result<ReferralFile, ActError> {
    read.referral(referral_id)?.ok_or(ActError::NotFound { what: "referral" })
}

/// A referral's offer.
///
/// # Errors
/// When the stored bytes no longer parse.
pub fn offer_of(file: &ReferralFile) -> Result<Offer, ActError> {
    question::read_offer(file).ok_or_else(offer_unreadable)
}

/// Why an offer that is stored cannot be looked at.
#[must_use]
pub fn offer_unreadable() -> ActError {
    ActError::Store(StoreError::unreadable("referral/", Malformed::new("holds an offer that cannot be read")))
}

/// Whether this node sent the referral.
#[must_use]
pub fn is_sender(house: &House, file: &ReferralFile) -> bool {
    &file.sender == house.node_id()
}

/// A referral as staff see it.
#[must_use]
pub fn describe(file: &ReferralFile, progress: &Progress) -> wire::Referral {
    wire::Referral {
        referral_id: file.referral_id.to_wire(),
        sender: file.sender.to_string(),
        recipient: file.recipient.to_string(),
        case_id: file.case_id.map(|id| id.to_wire()).unwrap_or_default(),
        worker_id: file.worker_id.map(|id| id.to_wire()).unwrap_or_default(),
        offer: wire::Offer::decode(file.offer.clone()).ok(),
        state: file.state.to_wire(),
        delivery: progress.delivery.map_or(0, |stage| stage.to_wire()),
        custody: file.custody.map_or(0, |custody| custody.to_wire()),
        erasure: file.erasure.map_or(0, |erasure| erasure.to_wire()),
        blocked_by: progress.blocked_by.as_ref().map(|refusal| refusal.to_wire()),
        agreement_id: file.agreement_id.clone(),
        agreement_version: file.agreement_version,
        reason: file.reason.map_or(0, |reason| reason.to_wire()),
        outcome: file.outcome.map_or(0, |outcome| outcome.to_wire()),
        records_held: progress.records_held,
        records_shared: progress.records_shared,
        frozen: file.frozen,
        commitment: progress.commitment.map(|commitment| commitment.to_wire()).unwrap_or_default(),
        author: file.author.clone(),
        changed_at_ms: file.changed_at.as_millis(),
        held_by_authority: file.legal_hold.as_ref().map(|hold| hold.authority.clone()).unwrap_or_default(),
        onward_from: file.onward_from.map(|id| id.to_wire()).unwrap_or_default(),
        hold_review_on: file.legal_hold.as_ref().map(|hold| hold.review_on.to_string()).unwrap_or_default(),
    }
}
