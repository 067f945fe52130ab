//! Cases: their files, and the names under which peers know them.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{CaseId, CaseRef, NodeId, SubjectRef, WorkerId};

use super::key::Key;
use super::table;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// What is kept about a case beside its records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseFile {
    /// Its id at this node.
    pub case_id: CaseId,
    /// The worker; none for a group.
    pub worker_id: Option<WorkerId>,
    /// Local display number such as "2026-0001".
    pub case_number: String,
    /// Staff pseudonym of who opened it.
    pub opened_by: String,
    /// When it was opened.
    pub opened_at: Instant,
    /// The worker, where she is known only through the union that referred her: that union, and its name for her.
    #[serde(default)]
    pub known_through: Option<(NodeId, SubjectRef)>,
}

stored_json!(CaseFile, "case/");

/// Reading cases.
pub trait CaseTable: Read + Sized {
    /// A case.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn case(&self, case_id: CaseId) -> Result<Option<CaseFile>, StoreError> {
        self.load(&key(case_id))
    }

    /// Cases in the order of their ids, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn cases(&self, after: Option<CaseId>, limit: usize) -> Result<Vec<CaseFile>, StoreError> {
        table::page(self, &Key::of("case/"), after.map(key).as_deref(), limit)
    }
}

impl<R: Read> CaseTable for R {}

impl Unit {
    /// Writes a case.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_case(&mut self, case: &CaseFile) -> Result<(), StoreError> {
        self.save(key(case.case_id), case)
    }

    /// The next number of a year's cases, from 1.
    ///
    /// # Errors
    /// When the store cannot be read or take it.
    pub fn next_case_number(&mut self, year: &str) -> Result<u64, StoreError> {
        let key = Key::of("case-number/").text(year);
        let next = self.load::<u64>(&key)?.unwrap_or(0) + 1;
        self.save(key, &next)?;
        Ok(next)
    }

    /// The name under which a peer knows a case; a random one the first time.
    ///
    /// # Errors
    /// When the store cannot be read or take it.
    pub fn case_ref_for(&mut self, case_id: CaseId, peer: &NodeId) -> Result<CaseRef, StoreError> {
        let key = Key::of("case-ref/").id(&case_id.0).text(peer.as_str());
        if let Some(known) = self.load(&key)? {
            return Ok(known);
        }
        let case_ref = CaseRef(self.random());
        self.save(key, &case_ref)?;
        Ok(case_ref)
    }
}

fn key(case_id: CaseId) -> Key {
    Key::of("case/").id(&case_id.0)
}
