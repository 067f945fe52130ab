//! Whom a worker prohibited. Nothing of hers goes there, from this node or from the next.

use bytes::Bytes;
use titian_proto::model::id::{RecordRef, ReferralId};
use titian_proto::model::record::{RecordContent, Safety};
use titian_proto::model::vocabulary::Category;

use super::context::House;
use super::policy::Direction;
use super::question::content_of;
use crate::store::records::{Holder, RecordTable};
use crate::store::referrals::{Progress, ReferralFile, ReferralTable};
use crate::store::{Read, StoreError};

/// Records held from another union that are read at once.
const PAGE: usize = 256;

/// Whom the worker prohibited: from her safety record, here or in what arrives. Where she is known only through another union, what goes out asks what that
/// union told.
///
/// # Errors
/// When the store cannot be read.
pub fn prohibited(
    house: &House,
    read: &impl Read,
    direction: Direction,
    file: Option<&ReferralFile>,
    arriving: &[&RecordContent],
) -> Result<Vec<String>, StoreError> {
    let mut prohibited = Vec::new();
    for content in arriving {
        if let RecordContent::Safety(safety) = content {
            prohibited.extend(safety_prohibits(safety));
        }
    }
    if let Some(worker_id) = file.and_then(|file| file.worker_id) {
        let tag = read.worker_records_tag(worker_id)?;
        prohibited.extend_from_slice(&house.prohibited.at(worker_id, tag, || prohibited_by(read, Holder::Worker(worker_id)))?);
    }
    if let Some(file) = file.filter(|_| direction == Direction::Out) {
        prohibited.extend(prohibited_elsewhere(house, read, file)?);
    }
    Ok(prohibited)
}

/// Whom a worker prohibited who is known here only through another union, or whose share is passed on: from what that union told of her safety, and from
/// what staff here wrote into the case.
fn prohibited_elsewhere(house: &House, read: &impl Read, file: &ReferralFile) -> Result<Vec<String>, StoreError> {
    let mut told: Vec<ReferralId> = file.onward_from.into_iter().collect();
    let mut prohibited = Vec::new();
    if let Some((union, subject)) = &file.known_through {
        told.extend(read.referrals_of_subject(union, *subject)?);
        if let Some(case_id) = file.case_id {
            prohibited = prohibited_by(read, Holder::Case(case_id))?;
        }
    }
    for referral_id in told {
        let tag = held_tag(&read.progress(referral_id)?);
        prohibited.extend_from_slice(&house.prohibited_there.at(referral_id, Some(tag), || prohibited_there(read, referral_id))?);
    }
    Ok(prohibited)
}

/// Changes with what is held under a referral.
fn held_tag(progress: &Progress) -> Bytes {
    let commitment = progress.commitment.map(|digest| digest.0).unwrap_or_default();
    [&progress.came.to_be_bytes()[..], &progress.records_held.to_be_bytes(), &commitment].concat().into()
}

/// Whom the safety records held under a referral prohibit.
fn prohibited_there(read: &impl Read, referral_id: ReferralId) -> Result<Vec<String>, StoreError> {
    let mut prohibited = Vec::new();
    let mut after = None;
    loop {
        let page = read.held_after(referral_id, after, PAGE)?;
        for record in &page {
            if let Some(RecordContent::Safety(safety)) = content_of(record.content.as_ref()) {
                prohibited.extend(safety_prohibits(&safety));
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => {
                let last = RecordRef::from_wire(&last.record_ref).map_err(|problem| StoreError::unreadable("held/", problem))?;
                after = Some(last);
            }
            Some(_) | None => return Ok(prohibited),
        }
    }
}

/// Whom the safety records of a worker or a case of this node prohibit.
fn prohibited_by(read: &impl Read, holder: Holder) -> Result<Vec<String>, StoreError> {
    let mut prohibited = Vec::new();
    for record in read.records(holder)? {
        if record.category != Category::Safety.to_wire() {
            continue;
        }
        if let Some(RecordContent::Safety(safety)) = content_of(record.content.as_ref()) {
            prohibited.extend(safety_prohibits(&safety));
        }
    }
    Ok(prohibited)
}

fn safety_prohibits(safety: &Safety) -> Vec<String> {
    safety.prohibited_recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect()
}
