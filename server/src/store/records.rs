//! Records: one typed piece each, kept under the worker or the case it is about.

use bytes::Bytes;
use titian_proto::model::id::{CaseId, RecordId, WorkerId};
use titian_proto::wire;
use titian_proto::wire::record_content::Content;

use super::key::Key;
use super::table;
use super::tag;
use super::{Read, StoreError, Unit};

const CASE: &str = "case-record/";

/// What a record is kept under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A worker: identity, contact, safety, ...
    Worker(WorkerId),
    /// A case: complaint, claim, outcome, ...
    Case(CaseId),
}

/// Reading records.
pub trait RecordTable: Read + Sized {
    /// A record.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn record(&self, holder: Holder, record_id: RecordId) -> Result<Option<wire::Record>, StoreError> {
        self.load(&key(holder).id(&record_id.0))
    }

    /// Every record of a holder, in the order of their ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn records(&self, holder: Holder) -> Result<Vec<wire::Record>, StoreError> {
        table::all(self, &key(holder))
    }

    /// A page of a holder's records, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn records_after(&self, holder: Holder, after: Option<RecordId>, limit: usize) -> Result<Vec<wire::Record>, StoreError> {
        let after = after.map(|record_id| key(holder).id(&record_id.0));
        table::page(self, &key(holder), after.as_deref(), limit)
    }

    /// Changes with every record of a worker, and is never the same twice.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn worker_records_tag(&self, worker_id: WorkerId) -> Result<Option<Bytes>, StoreError> {
        tag::tag(self, &key(Holder::Worker(worker_id)))
    }

    /// Cases in which an identity document was written down, each with a tag that changes with every one of them, after one case.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn cases_with_papers(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<(CaseId, Bytes)>, StoreError> {
        tag::tags(self, &Key::of(CASE), after.map(|case_id| case_id.0), limit)
            .map(|tags| tags.into_iter().map(|(case_id, tag)| (CaseId(case_id), tag)).collect())
    }
}

impl<R: Read> RecordTable for R {}

/// Revisions that a record may have in one life of the database. Nobody changes one so often between two restores, and the numbers stay readable.
const REVISIONS_OF_A_LIFE: u64 = 1_000_000;

impl Unit {
    /// The number of a record's next revision. A restored node does not know which numbers it had given before: those of its new life follow all of
    /// them, so that no peer ever takes a new revision for one that it holds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn revision_after(&mut self, known: u64) -> Result<u64, StoreError> {
        Ok((known + 1).max(u64::from(self.life()?.0) * REVISIONS_OF_A_LIFE))
    }

    /// Writes a record.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_record(&mut self, holder: Holder, record_id: RecordId, record: &wire::Record) -> Result<(), StoreError> {
        if matches!(record.content.as_ref().and_then(|content| content.content.as_ref()), Some(Content::IdentityDocument(_))) {
            self.change_tag(&key(holder))?;
        } else {
            self.tag_worker(holder)?;
        }
        self.save(key(holder).id(&record_id.0), record)
    }

    /// Writes a record under an id that was drawn for it.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_new_record(&mut self, holder: Holder, record_id: RecordId, record: &wire::Record) -> Result<(), StoreError> {
        self.note_absent(key(holder).id(&record_id.0));
        self.put_record(holder, record_id, record)
    }

    /// Takes a record away.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_record(&mut self, holder: Holder, record_id: RecordId) -> Result<(), StoreError> {
        self.tag_worker(holder)?;
        self.delete(key(holder).id(&record_id.0))
    }

    /// A case has no tag but for the papers that people are found by: its records are many, and nobody keeps what was read of the others.
    fn tag_worker(&mut self, holder: Holder) -> Result<(), StoreError> {
        match holder {
            Holder::Worker(_) => self.change_tag(&key(holder)),
            Holder::Case(_) => Ok(()),
        }
    }
}

fn key(holder: Holder) -> Key {
    match holder {
        Holder::Worker(worker_id) => Key::of("worker-record/").id(&worker_id.0),
        Holder::Case(case_id) => Key::of(CASE).id(&case_id.0),
    }
}
