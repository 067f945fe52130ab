//! What waits for a person, computed from the store at each look: nothing is kept in step, so nothing gets out of step. Only what another union told is
//! kept, until somebody says that it is done.
//!
//! A list names no worker, no category and no complaint (`domain.md` 3, do no harm), and nothing here is ever sent to a worker.
//!
//! - `workers`: consents that end, contacts to be confirmed.
//! - `referrals`: answers, approvals and first contacts that wait.
//! - [`heard`]: what other unions told, and what is to be destroyed.

pub mod heard;
mod referrals;
mod workers;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, ReferralId, TaskId, WorkerId};
use titian_proto::model::staff::Role;
pub use titian_proto::model::task::TaskKind;
use titian_proto::wire;

use super::actor::Actor;
use super::context::Acts;
use super::error::ActError;
use crate::store::heard::HeardTable as _;

/// Days before its end from which a consent is to be renewed: a worker who is reached once a week is asked four times.
const RENEW_DAYS: i64 = 30;

/// Days before a retention ends from which it is told: long enough for a court's order, short enough to be read.
const RETENTION_WARNING_DAYS: i64 = 14;

/// Tasks that are counted for the status. More say no more to whoever reads it.
const COUNT_MAX: usize = 1000;

/// Workers or referrals read at a time.
const PAGE: usize = 256;

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Names it; the same as long as the same waits.
    pub task_id: TaskId,
    /// What.
    pub kind: TaskKind,
    /// By when.
    pub due: Instant,
    /// The worker at this node.
    pub worker_id: Option<WorkerId>,
    /// Referrals concerned.
    pub referral_ids: Vec<ReferralId>,
    /// The other union.
    pub peer: Option<NodeId>,
}

/// How many of a kind wait, and how many of them too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// What.
    pub kind: TaskKind,
    /// How many.
    pub waiting: u32,
    /// How many are overdue.
    pub overdue: u32,
}

/// A page of what waits for a role, by the day it is due, and the time of the look.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(acts: &Acts, role: Role, after: Option<(Instant, TaskId)>, limit: usize) -> Result<(Instant, Vec<Task>), ActError> {
    let now = acts.house.ambient.now();
    let page = look(acts, now, Page { role, after, limit, tasks: BTreeMap::new() }).await?;
    Ok((now, page.tasks.into_values().collect()))
}

/// How much waits for a role, kind by kind.
///
/// # Errors
/// When the store cannot be read.
pub async fn count(acts: &Acts, role: Role) -> Result<Vec<Count>, ActError> {
    let now = acts.house.ambient.now();
    let page = look(acts, now, Page { role, after: None, limit: COUNT_MAX, tasks: BTreeMap::new() }).await?;
    let of = |kind: TaskKind| {
        let due: Vec<Instant> = page.tasks.values().filter(|task| task.kind == kind).map(|task| task.due).collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Count { kind, waiting: number(due.len()), overdue: number(due.iter().filter(|due| **due < now).count()) }
    };
    Ok(TaskKind::ALL.iter().map(|kind| of(*kind)).filter(|count| count.waiting > 0).collect())
}

/// Says that something is done that the node cannot see for itself. Said again it changes nothing.
///
/// # Errors
/// When there is no such task that a person closes, or the store fails.
pub async fn close(acts: &Acts, actor: &Actor, task_id: TaskId) -> Result<(), ActError> {
    let (role, pseudonym) = (actor.role, actor.pseudonym.clone());
    acts.store
        .write(move |unit| {
            let concerns = |heard: &crate::store::heard::Heard| heard.kind.concerns(role);
            let mut heard = unit.heard(task_id)?.filter(concerns).ok_or(ActError::NotFound { what: "task that is closed by hand" })?;
            if heard.closed.is_none() {
                heard.closed = Some((pseudonym.clone(), unit.now()));
                unit.put_heard(&heard)?;
            }
            Ok(())
        })
        .await
}

impl Task {
    fn new(task_id: TaskId, kind: TaskKind, due: Instant) -> Self {
        Self { task_id, kind, due, worker_id: None, referral_ids: Vec::new(), peer: None }
    }

    /// As staff see it.
    #[must_use]
    pub fn to_wire(&self, now: Instant) -> wire::Task {
        wire::Task {
            task_id: self.task_id.to_wire(),
            kind: self.kind.to_wire(),
            due_ms: self.due.as_millis(),
            overdue: self.due < now,
            worker_id: self.worker_id.map(WorkerId::to_wire).unwrap_or_default(),
            referral_ids: self.referral_ids.iter().map(|id| id.to_wire()).collect(),
            peer: self.peer.as_ref().map(NodeId::to_string).unwrap_or_default(),
            to_be_closed: self.kind.is_closed_by_hand(),
        }
    }
}

/// Everything is looked at and a page of it kept, so the memory is bounded; on a thread of its own, because it takes as long as the caseload is large.
async fn look(acts: &Acts, now: Instant, mut page: Page) -> Result<Page, ActError> {
    let (house, view) = (acts.house.clone(), acts.store.view());
    let looked = tokio::task::spawn_blocking(move || {
        workers::look(&view, now, &mut page)?;
        referrals::look(&house, &view, now, &mut page)?;
        heard::look(&house, &view, now, &mut page)?;
        Ok(page)
    });
    looked.await.map_err(|error| ActError::Internal(Box::new(error)))?
}

/// The first so many tasks of a role after one of them.
struct Page {
    role: Role,
    after: Option<(Instant, TaskId)>,
    limit: usize,
    tasks: BTreeMap<(Instant, TaskId), Task>,
}

impl Page {
    /// Whether a kind is looked for at all.
    fn wants(&self, kind: TaskKind) -> bool {
        kind.concerns(self.role)
    }

    fn add(&mut self, task: Task) {
        let key = (task.due, task.task_id);
        if self.wants(task.kind) && self.after.is_none_or(|after| key > after) {
            self.tasks.insert(key, task);
            if self.tasks.len() > self.limit {
                self.tasks.pop_last();
            }
        }
    }
}

/// The name of a task: the same as long as the same waits.
fn name(kind: TaskKind, of: &[&[u8]]) -> TaskId {
    let mut hash = Sha256::new();
    hash.update(kind.code());
    for part in of {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut name = [0; 16];
    name.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
    TaskId(name)
}

#[cfg(test)]
mod tests;
