//! Workers: their files, and the names under which peers know them.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, SubjectRef, WorkerId};

use super::key::Key;
use super::table;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// What is kept about a worker beside her records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerFile {
    /// Her id at this node.
    pub worker_id: WorkerId,
    /// When she was added.
    pub added_at: Instant,
    /// What she said about being counted in reports outside the node; none: nobody asked her. A question of its own (`domain.md` 2.6): nothing that
    /// she allows another union answers it, and nothing that she takes back there changes it.
    #[serde(default)]
    pub reporting: Option<bool>,
}

stored_json!(WorkerFile, "worker/");

/// Reading workers.
pub trait WorkerTable: Read + Sized {
    /// A worker.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn worker(&self, worker_id: WorkerId) -> Result<Option<WorkerFile>, StoreError> {
        self.load(&key(worker_id))
    }

    /// Workers in the order of their ids, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn workers(&self, after: Option<WorkerId>, limit: usize) -> Result<Vec<WorkerFile>, StoreError> {
        table::page(self, &Key::of("worker/"), after.map(key).as_deref(), limit)
    }

    /// The name under which a peer knows a worker, if it knows her.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn subject_ref(&self, worker_id: WorkerId, peer: &NodeId) -> Result<Option<SubjectRef>, StoreError> {
        self.load(&subject_key(worker_id, peer))
    }

    /// The worker whom a peer knows under a name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn worker_known_as(&self, peer: &NodeId, subject: SubjectRef) -> Result<Option<WorkerId>, StoreError> {
        self.load(&known_key(peer, subject))
    }
}

impl<R: Read> WorkerTable for R {}

impl Unit {
    /// Writes a worker.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_worker(&mut self, worker: &WorkerFile) -> Result<(), StoreError> {
        self.save(key(worker.worker_id), worker)
    }

    /// The name under which a peer knows a worker; a random one the first time.
    ///
    /// # Errors
    /// When the store cannot be read or take it.
    pub fn subject_ref_for(&mut self, worker_id: WorkerId, peer: &NodeId) -> Result<SubjectRef, StoreError> {
        if let Some(known) = self.subject_ref(worker_id, peer)? {
            return Ok(known);
        }
        let subject = SubjectRef(self.random());
        self.save(subject_key(worker_id, peer), &subject)?;
        self.save(known_key(peer, subject), &worker_id)?;
        Ok(subject)
    }
}

fn key(worker_id: WorkerId) -> Key {
    Key::of("worker/").id(&worker_id.0)
}

fn subject_key(worker_id: WorkerId, peer: &NodeId) -> Key {
    Key::of("subject/").id(&worker_id.0).text(peer.as_str())
}

fn known_key(peer: &NodeId, subject: SubjectRef) -> Key {
    Key::of("known-as/").text(peer.as_str()).id(&subject.0)
}
