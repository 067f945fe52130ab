//! Records that may go under a referral: of its case and its worker, or held under the referral that it passes on.

use titian_proto::model::id::{NodeId, RecordId, RecordRef};
use titian_proto::model::record::RecordContent;
use titian_proto::wire;

use super::context::House;
use super::question;
use crate::store::records::RecordTable as _;
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{Read, StoreError};

/// A record of this node that is to be shared.
pub struct Candidate {
    /// Its id here.
    pub record_id: RecordId,
    /// Its revision.
    pub revision: u64,
    /// What it says.
    pub content: RecordContent,
    /// Whose it is; none: this node's own.
    pub owner: Option<NodeId>,
}

impl Candidate {
    /// The same again, for another referral.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { content: self.content.clone(), owner: self.owner.clone(), ..*self }
    }

    /// A record of this node, if it can be read.
    #[must_use]
    pub fn of(record: &wire::Record) -> Option<Self> {
        let content = question::content_of(record.content.as_ref())?;
        Some(Self { record_id: RecordId::from_wire(&record.record_id).ok()?, revision: record.revision, content, owner: None })
    }

    /// As [`Self::of`], with its owner.
    fn of_own(record: &wire::Record) -> Option<Self> {
        let owner = NodeId::parse(&record.owner).ok();
        Self::of(record).map(|candidate| Self { owner, ..candidate })
    }

    /// A record held from another union, if it can be read: known here by its name there.
    fn of_held(record: &wire::SharedRecord) -> Option<Self> {
        let content = question::content_of(record.content.as_ref())?;
        let record_id = RecordId(RecordRef::from_wire(&record.record_ref).ok()?.0);
        Some(Self { record_id, revision: record.revision, content, owner: Some(NodeId::parse(&record.owner).ok()?) })
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
        records.extend(read.records(holder)?.iter().filter_map(Candidate::of_own));
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
    file.onward_from.is_some() || candidate.owner.as_ref() == Some(house.node_id())
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
    let (mut page, is_last) = match file.onward_from {
        Some(origin) => {
            let held = read.held_after(origin, after.map(|record_id| RecordRef(record_id.0)), PAGE)?;
            (held.iter().filter_map(Candidate::of_held).collect::<Vec<_>>(), held.len() < PAGE)
        }
        None => {
            let Some(of) = question::holders(file).get(holder).copied() else { return Ok((Vec::new(), None)) };
            let records = read.records_after(of, after, PAGE)?;
            (records.iter().filter_map(Candidate::of_own).collect(), records.len() < PAGE)
        }
    };
    let next = match (is_last, page.last().map(|candidate| candidate.record_id)) {
        (false, Some(last)) => Some(Cursor { holder, after: Some(last) }),
        // A page of which nothing can be read ends its holder.
        _ if file.onward_from.is_none() => Some(Cursor { holder: holder + 1, after: None }),
        _ => None,
    };
    page.retain(|candidate| is_to_send(house, file, candidate));
    Ok((page, next))
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
            return Ok(Candidate::of_own(&record));
        }
    }
    Ok(None)
}
