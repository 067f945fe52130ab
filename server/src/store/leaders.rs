//! Network leaders of groups, and which of them confirmed an outcome. Local: no message between nodes has a place for either.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{CaseId, RecordId, WorkerId};

use super::key::Key;
use super::table;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// A worker leads the group of a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Leader {
    worker_id: WorkerId,
}

stored_json!(Leader, "leader/");

/// A leader confirmed an outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Confirmed {
    /// Who.
    pub leader: WorkerId,
    /// The revision of the record that was confirmed: what is changed after it was confirmed is not confirmed.
    pub revision: u64,
    /// When it was written down.
    pub at: Instant,
    /// Staff pseudonym of who wrote it down.
    pub by: String,
}

stored_json!(Confirmed, "confirmed/");

/// Reading leaders and what they confirmed.
pub trait LeaderTable: Read + Sized {
    /// The network leaders of a group's case.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn leaders(&self, case_id: CaseId) -> Result<Vec<WorkerId>, StoreError> {
        let leaders: Vec<Leader> = table::all(self, &Key::of("leader/").id(&case_id.0))?;
        Ok(leaders.into_iter().map(|leader| leader.worker_id).collect())
    }

    /// Who confirmed an outcome, each leader once.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn confirmed(&self, record_id: RecordId) -> Result<Vec<Confirmed>, StoreError> {
        table::all(self, &Key::of("confirmed/").id(&record_id.0))
    }
}

impl<R: Read> LeaderTable for R {}

impl Unit {
    /// Writes that a worker leads the group of a case.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_leader(&mut self, case_id: CaseId, worker_id: WorkerId) -> Result<(), StoreError> {
        self.save(Key::of("leader/").id(&case_id.0).id(&worker_id.0), &Leader { worker_id })
    }

    /// Writes that a leader confirmed an outcome. The newest confirmation of a leader is the one that stands.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_confirmed(&mut self, record_id: RecordId, confirmed: &Confirmed) -> Result<(), StoreError> {
        self.save(Key::of("confirmed/").id(&record_id.0).id(&confirmed.leader.0), confirmed)
    }
}
