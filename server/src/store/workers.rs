//! Workers: their files, and the names under which peers know them.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, SubjectRef, WorkerId};

use super::table::{self, Key};
use super::{Read, StoreError, Unit};

/// What is kept about a worker beside her records.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerFile {
    /// Her id at this node.
    pub worker_id: WorkerId,
    /// When she was added.
    pub added_at: Instant,
}

/// Reading workers.
pub trait WorkerTable: Read {
    /// A worker.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn worker(&self, worker_id: WorkerId) -> Result<Option<WorkerFile>, StoreError> {
        table::file(self, &key(worker_id))
    }

    /// Workers in the order of their ids, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn workers(&self, after: Option<WorkerId>, limit: usize) -> Result<Vec<WorkerFile>, StoreError> {
        table::page(self, &Key::of("worker"), after.map(key).as_ref(), limit)
    }

    /// The name under which a peer knows a worker, if it knows her.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn subject_ref(&self, worker_id: WorkerId, peer: &NodeId) -> Result<Option<SubjectRef>, StoreError> {
        table::file(self, &subject_key(worker_id, peer))
    }

    /// The worker whom a peer knows under a name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn worker_known_as(&self, peer: &NodeId, subject: SubjectRef) -> Result<Option<WorkerId>, StoreError> {
        table::file(self, &known_key(peer, subject))
    }
}

impl<R: Read + ?Sized> WorkerTable for R {}

impl Unit {
    /// Writes a worker.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_worker(&mut self, worker: &WorkerFile) -> Result<(), StoreError> {
        table::put_file(self, &key(worker.worker_id), worker)
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
        table::put_file(self, &subject_key(worker_id, peer), &subject)?;
        table::put_file(self, &known_key(peer, subject), &worker_id)?;
        Ok(subject)
    }
}

fn key(worker_id: WorkerId) -> Key {
    Key::of("worker").id(worker_id.0)
}

fn subject_key(worker_id: WorkerId, peer: &NodeId) -> Key {
    Key::of("subject").id(worker_id.0).node(peer)
}

fn known_key(peer: &NodeId, subject: SubjectRef) -> Key {
    Key::of("known-as").node(peer).id(subject.0)
}
