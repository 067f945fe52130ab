//! Counts a period, page by page, from what is visible: no writer waits for it.
//!
//! Only clients who said that they may be counted outside the node are counted (`domain.md` 6.2). Groups are counted by what their leaders represent, which is
//! nobody's record; a sub-case is a part of its group and is not counted again.

use titian_proto::log::Event;
use titian_proto::log::leaf::Leaf;
use titian_proto::model::date::{Date, Instant};
use titian_proto::model::id::WorkerId;
use titian_proto::model::record::{RecordContent, Sex};

use super::cases;
use super::referrals;
use super::tally::Tally;
use crate::acts::context::House;
use crate::acts::error::ActError;
use crate::acts::policy;
use crate::acts::question::content_of;
use crate::store::cases::CaseTable as _;
use crate::store::consents::Subject;
use crate::store::records::{Holder, RecordTable as _};
use crate::store::referrals::ReferralTable as _;
use crate::store::workers::{WorkerFile, WorkerTable as _};
use crate::store::{LogTable as _, Read, StoreError};

/// Entries read at a time: what bounds the memory of a report beside its numbers.
pub(super) const PAGE: usize = 256;

/// A period, both days included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    /// First day.
    pub(super) from: Date,
    /// Last day.
    pub(super) until: Date,
}

impl Period {
    /// Whether a day lies in it.
    pub(super) fn has(&self, day: Date) -> bool {
        (self.from..=self.until).contains(&day)
    }

    /// Whether a moment lies in it.
    pub(super) fn has_moment(&self, moment: Instant) -> bool {
        self.has(moment.date())
    }
}

/// Counts.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn count(house: &House, read: &impl Read, period: Period) -> Result<Tally, ActError> {
    let mut tally = Tally::default();
    let mut after = None;
    loop {
        let page = read.cases(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.case_id);
        for file in &page {
            cases::count(read, period, file, &mut tally)?;
        }
    }
    let mut after = None;
    loop {
        let page = read.referrals(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.referral_id);
        for file in &page {
            referrals::count(house, read, period, file, &mut tally)?;
        }
    }
    count_consents(read, period, &mut tally)?;
    count_refusals(read, period, &mut tally)?;
    Ok(tally)
}

/// A client who may be counted, with her sex; nothing for one who did not say so.
pub(super) fn client(read: &impl Read, worker_id: WorkerId) -> Result<Option<Sex>, StoreError> {
    let Some(file) = read.worker(worker_id)? else { return Ok(None) };
    if !may_be_counted(read, &file)? {
        return Ok(None);
    }
    let records = read.records(Holder::Worker(worker_id))?;
    let sex = records.iter().find_map(|record| match content_of(record.content.as_ref()) {
        Some(RecordContent::Demographic(demographic)) => Some(demographic.sex),
        _ => None,
    });
    Ok(Some(sex.unwrap_or(Sex::NotStated)))
}

/// What she said when she was asked; where she was asked on the form of a consent only, what stands on the newest of them.
fn may_be_counted(read: &impl Read, file: &WorkerFile) -> Result<bool, StoreError> {
    match file.reporting {
        Some(said) => Ok(said),
        None => said_on_a_form(read, &Subject::Worker(file.worker_id)),
    }
}

/// Whether the newest consent form of a subject says that she may be counted.
pub(super) fn said_on_a_form(read: &impl Read, subject: &Subject) -> Result<bool, StoreError> {
    let ledger = policy::ledger(read, subject)?;
    Ok(ledger.grants.iter().max_by_key(|grant| grant.sequence).is_some_and(|grant| grant.consent_reporting))
}

fn count_consents(read: &impl Read, period: Period, tally: &mut Tally) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = read.workers(after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.worker_id);
        for file in &page {
            if !may_be_counted(read, file)? {
                continue;
            }
            let ledger = policy::ledger(read, &Subject::Worker(file.worker_id))?;
            let given = ledger.grants.iter().filter(|grant| period.has_moment(grant.given_at)).count();
            let withdrawn = ledger.withdrawals.iter().filter(|one| period.has_moment(one.effective_at)).count();
            *tally.consents.entry("GIVEN").or_default() += given as u64;
            *tally.consents.entry("WITHDRAWN").or_default() += withdrawn as u64;
        }
    }
}

/// Leaves stand in the order in which they were written, so the first of the period is found by halving.
fn count_refusals(read: &impl Read, period: Period, tally: &mut Tally) -> Result<(), StoreError> {
    let seconds = |moment: Instant| u64::try_from(moment.hour_seconds()).unwrap_or(0);
    let (start, end) = (seconds(period.from.start()), seconds(period.until.end()));
    let mut index = first_from(read, start)?;
    loop {
        let page = read.leaves(index, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        index = last + 1;
        for (_, bytes) in &page {
            let Ok(leaf) = Leaf::parse(bytes) else { continue };
            if leaf.time >= end {
                return Ok(());
            }
            if let (Event::ReferralRefused, Some(code)) = (leaf.event, leaf.code) {
                *tally.refusals.entry(code).or_default() += 1;
            }
        }
    }
}

fn first_from(read: &impl Read, start: u64) -> Result<u64, StoreError> {
    let (mut low, mut high) = (0, read.leaf_count()?);
    while low < high {
        let middle = low + (high - low) / 2;
        let leaf = read.leaf(middle)?.and_then(|bytes| Leaf::parse(&bytes).ok());
        if leaf.is_some_and(|leaf| leaf.time < start) { low = middle + 1 } else { high = middle }
    }
    Ok(low)
}
