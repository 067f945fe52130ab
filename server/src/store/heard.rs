//! Notices from other unions that a person here must act upon: withdrawals to verify. Kept until somebody says that it is done, and after.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, ReferralId, TaskId};
use titian_proto::model::task::TaskKind;

use super::key::Key;
use super::table;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// Referrals kept of one notice: a worker has few. Ids of so many stay far
/// below the largest value.
pub const REFERRALS_MAX: usize = 256;

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Names the task.
    pub task_id: TaskId,
    /// What is to be done.
    pub kind: TaskKind,
    /// Who told.
    pub peer: NodeId,
    /// Referrals concerned, at most [`REFERRALS_MAX`].
    pub referral_ids: Vec<ReferralId>,
    /// To be done by.
    pub due: Instant,
    /// Who did it, as a pseudonym, and when.
    pub closed: Option<(String, Instant)>,
}

stored_json!(Heard, "heard/");

/// Reading notices.
pub trait HeardTable: Read + Sized {
    /// One notice.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn heard(&self, task_id: TaskId) -> Result<Option<Heard>, StoreError> {
        self.load(&key(task_id))
    }

    /// A page of the notices on which nobody has acted yet, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn heard_open(&self, after: Option<TaskId>, limit: usize) -> Result<Vec<Heard>, StoreError> {
        table::page(self, &Key::of(OPEN), after.map(open_key).as_deref(), limit)
    }
}

impl<R: Read> HeardTable for R {}

impl Unit {
    /// Writes a notice, and that it is open as long as nobody closed it.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_heard(&mut self, heard: &Heard) -> Result<(), StoreError> {
        if heard.closed.is_some() {
            self.delete(open_key(heard.task_id))?;
        } else {
            self.save(open_key(heard.task_id), heard)?;
        }
        self.save(key(heard.task_id), heard)
    }
}

/// Those that are open, so that the others are not read each time.
const OPEN: &str = "heard-open/";

fn key(task_id: TaskId) -> Key {
    Key::of("heard/").id(&task_id.0)
}

fn open_key(task_id: TaskId) -> Key {
    Key::of(OPEN).id(&task_id.0)
}
