//! Records that may go under a referral: of its case and its worker, or held under the referral that it passes on.

use titian_proto::model::id::{NodeId, RecordId, RecordRef};
use titian_proto::model::record::RecordContent;
use titian_proto::wire;

use super::context::House;
use super::question;
use crate::store::records::RecordTable as _;
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{Read, StoreError};

/// A record that is to be shared.
#[derive(Clone)]
pub struct Candidate {
    /// Its id here.
    pub record_id: RecordId,
    /// Its revision.
    pub revision: u64,
    /// What it says.
    pub content: RecordContent,
    /// Whose it is: this node's own, or another union's that gave it.
    pub owner: NodeId,
}

impl Candidate {
    /// A record of a case or a worker here, if it can be read.
    #[must_use]
    pub fn of(record: &wire::Record) -> Option<Self> {
        let content = question::content_of(record.content.as_ref())?;
        let (record_id, owner) = (RecordId::from_wire(&record.record_id).ok()?, NodeId::parse(&record.owner).ok()?);
        Some(Self { record_id, revision: record.revision, content, owner })
    }

    /// A record held from another union, if it can be read: known here by its name there.
    fn of_held(record: &wire::SharedRecord) -> Option<Self> {
        let content = question::content_of(record.content.as_ref())?;
        let (record_ref, owner) = (RecordRef::from_wire(&record.record_ref).ok()?, NodeId::parse(&record.owner).ok()?);
        Some(Self { record_id: RecordId(record_ref.0), revision: record.revision, content, owner })
    }
}

/// Every record that a referral is about: of its case and its worker, or what is held under the referral that it passes on.
///
/// # Errors
/// When the store cannot be read.
pub fn records_of(read: &impl Read, file: &ReferralFile) -> Result<Vec<Candidate>, StoreError> {
    if let Some(origin) = file.onward_from {
        return Ok(read.held_after(origin, None, usize::MAX)?.iter().filter_map(Candidate::of_held).collect());
    }
    let mut records = Vec::new();
    for holder in question::holders(file) {
        records.extend(read.records(holder)?.iter().filter_map(Candidate::of));
    }
    Ok(records)
}

/// As [`records_of`], those that may be this node's to send.
///
/// # Errors
/// When the store cannot be read.
pub fn own_or_passed_on(house: &House, read: &impl Read, file: &ReferralFile) -> Result<Vec<Candidate>, StoreError> {
    let mut records = records_of(read, file)?;
    records.retain(|candidate| is_to_send(house, file, candidate));
    Ok(records)
}

fn is_to_send(house: &House, file: &ReferralFile, candidate: &Candidate) -> bool {
    file.onward_from.is_some() || &candidate.owner == house.node_id()
}

/// How far somebody has come through the records of a referral.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    /// Which holder of the referral: its worker, its case.
    holder: usize,
    /// After this record of it.
    after: Option<RecordId>,
}

impl Cursor {
    /// Before the first.
    #[must_use]
    pub fn start() -> Self {
        Self { holder: 0, after: None }
    }
}

/// Records read at once: of the largest, some megabytes.
const PAGE: usize = 256;

/// As [`own_or_passed_on`], a page, and where the next begins.
///
/// # Errors
/// When the store cannot be read.
pub fn page_of(
    house: &House,
    read: &impl Read,
    file: &ReferralFile,
    cursor: Cursor,
) -> Result<(Vec<Candidate>, Option<Cursor>), StoreError> {
    let Cursor { holder, after } = cursor;
    let (mut page, last): (Vec<Candidate>, _) = match file.onward_from {
        Some(origin) => {
            let held = read.held_after(origin, after.map(|record_id| RecordRef(record_id.0)), PAGE)?;
            let last = last_of_full(&held).map(|record| RecordRef::from_wire(&record.record_ref)).transpose();
            let last = last.map_err(|problem| StoreError::unreadable("held/", problem))?;
            (held.iter().filter_map(Candidate::of_held).collect(), last.map(|record_ref| RecordId(record_ref.0)))
        }
        None => {
            let Some(of) = question::holders(file).get(holder).copied() else { return Ok((Vec::new(), None)) };
            let records = read.records_after(of, after, PAGE)?;
            let last = last_of_full(&records).map(|record| RecordId::from_wire(&record.record_id)).transpose();
            let last = last.map_err(|problem| StoreError::unreadable("records/", problem))?;
            (records.iter().filter_map(Candidate::of).collect(), last)
        }
    };
    let next = match last {
        Some(last) => Some(Cursor { holder, after: Some(last) }),
        None if file.onward_from.is_none() => Some(Cursor { holder: holder + 1, after: None }),
        None => None,
    };
    page.retain(|candidate| is_to_send(house, file, candidate));
    Ok((page, next))
}

/// Where a page ends after which there may be more, whether it can be read there or not.
fn last_of_full<Row>(page: &[Row]) -> Option<&Row> {
    page.last().filter(|_| page.len() == PAGE)
}

/// One record of a referral, if it is there.
///
/// # Errors
/// When the store cannot be read.
pub fn record_of(read: &impl Read, file: &ReferralFile, record_id: RecordId) -> Result<Option<Candidate>, StoreError> {
    if let Some(origin) = file.onward_from {
        return Ok(read.held(origin, RecordRef(record_id.0))?.as_ref().and_then(Candidate::of_held));
    }
    for holder in question::holders(file) {
        if let Some(record) = read.record(holder, record_id)? {
            return Ok(Candidate::of(&record));
        }
    }
    Ok(None)
}
