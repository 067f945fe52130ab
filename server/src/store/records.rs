//! Records: one typed piece each, kept under the worker or the case it is about.

use titian_proto::model::id::{CaseId, RecordId, WorkerId};
use titian_proto::wire;

use super::key::Key;
use super::table;
use super::{Read, StoreError, Unit};

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
}

impl<R: Read> RecordTable for R {}

impl Unit {
    /// Writes a record.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_record(&mut self, holder: Holder, record_id: RecordId, record: &wire::Record) -> Result<(), StoreError> {
        self.save(key(holder).id(&record_id.0), record)
    }

    /// Takes a record away.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_record(&mut self, holder: Holder, record_id: RecordId) -> Result<(), StoreError> {
        self.delete(key(holder).id(&record_id.0))
    }
}

fn key(holder: Holder) -> Key {
    match holder {
        Holder::Worker(worker_id) => Key::of("worker-record/").id(&worker_id.0),
        Holder::Case(case_id) => Key::of("case-record/").id(&case_id.0),
    }
}
