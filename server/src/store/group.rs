//! Group commit: one thread decides acts and applies them in groups, a second makes the groups durable, and only then are the writers answered.
//! While the second waits for the disk, the first already decides the next group, so that groups grow with the load and a sync is shared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use arc_swap::ArcSwap;
use titian_proto::envelope::Signer;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::durable::{Durable, Marks};
use super::error::StoreError;
use super::sealing::{Destroying, Vault};
use super::unit::{Closing, Topic, Unit};
use super::{Identity, inbox, outbox};
use crate::ambient::Ambient;

/// Acts in one group: enough that a sync costs each of them little, few enough that the first does not wait long for the last.
pub(crate) const GROUP_ACTS_MAX: usize = 256;

/// Bytes after which a group takes no more acts: half a segment of the embedded engine.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Acts that may wait to be decided; beyond it, writers wait before they are queued. Four groups.
pub(crate) const ACTS_WAITING_MAX: usize = 4 * GROUP_ACTS_MAX;

/// Groups applied and waiting for the disk. One, so that the decider stops and lets the next group grow.
pub(crate) const GROUPS_WAITING_MAX: usize = 1;

/// Acts in a group that is made durable by the thread that decided it, when the other has nothing to do: waking it takes as long as a sync does.
const ALONE_ACTS_MAX: usize = 4;

/// Groups that share a sync at most; bounds how long the first of them waits for its answer.
pub(crate) const GROUPS_A_SYNC_MAX: usize = 4;

/// Room that must be left on the disk before a group is taken: sled was never shown to survive a disk that fills up under it, and the log of
/// the system and the key file need some too.
pub(crate) const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;

/// What the two threads share.
pub(crate) struct Core {
    pub(crate) vault: Vault,
    pub(crate) ambient: Ambient,
    pub(crate) identity: Identity,
    pub(crate) signer: ArcSwap<Signer>,
    pub(crate) durable: Arc<Durable>,
    pub(crate) destroying: Destroying,
    pub(crate) outbox: watch::Sender<u64>,
    /// What changed about cases.
    pub(crate) case_changes: broadcast::Sender<Topic>,
    /// What changed about anything else.
    pub(crate) node_changes: broadcast::Sender<Topic>,
    pub(crate) stopped: AtomicBool,
    /// Groups that are applied and not durable yet.
    pub(crate) syncing: AtomicUsize,
}

impl Core {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Nobody knows what is on disk after this; only a restart, which reads it again, does.
    pub(crate) fn stop(&self, error: &StoreError) {
        tracing::error!(code = error.code(), error = error as &dyn std::error::Error, "the store stops for good");
        self.stopped.store(true, Ordering::Release);
    }
}

/// One act and the writer who waits for it.
pub(crate) trait Act: Send {
    /// Decides; whether its changes stay.
    fn decide(&mut self, unit: &mut Unit) -> bool;
    /// Tells the writer what was decided, or that it could not be kept.
    fn answer(self: Box<Self>, kept: Result<(), StoreError>);
}

/// A closure as an act.
pub(crate) struct Waiting<F, T, E> {
    act: F,
    decided: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Waiting<F, T, E> {
    pub(crate) fn new(act: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Self { act, decided: None, reply }, answer)
    }
}

impl<F, T, E> Act for Waiting<F, T, E>
where
    F: FnMut(&mut Unit) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn decide(&mut self, unit: &mut Unit) -> bool {
        let decided = (self.act)(unit);
        let keep = decided.is_ok();
        self.decided = Some(decided);
        keep
    }

    fn answer(self: Box<Self>, kept: Result<(), StoreError>) {
        let Self { act: _, decided, reply } = *self;
        let answer = match (kept, decided) {
            (Ok(()), Some(decided)) => decided,
            (Ok(()), None) => Err(StoreError::Stopped.into()),
            (Err(error), _) => Err(error.into()),
        };
        // A writer who no longer waits is no error: what was decided stands.
        drop(reply.send(answer));
    }
}

/// A group that is applied and waits for the disk.
pub(crate) struct Group {
    acts: Vec<Box<dyn Act>>,
    changed: bool,
    /// Keys are to be destroyed once it is durable.
    has_released: bool,
    topics: Vec<Topic>,
    marks: Marks,
}

impl Group {
    fn answer(self, kept: &Result<(), StoreError>) {
        for act in self.acts {
            act.answer(kept.clone());
        }
    }
}

/// The first thread: decides and applies, until no store is left that could ask.
pub(crate) fn decide(core: &Arc<Core>, acts: &mut mpsc::Receiver<Box<dyn Act>>, groups: &SyncSender<Group>) {
    while let Some(first) = acts.blocking_recv() {
        let Some(group) = decide_group(core, first, acts) else { continue };
        if group.acts.len() <= ALONE_ACTS_MAX && acts.is_empty() && core.syncing.load(Ordering::Acquire) == 0 {
            finish(core, vec![group]);
            continue;
        }
        core.syncing.fetch_add(1, Ordering::AcqRel);
        if let Err(unsent) = groups.send(group) {
            unsent.0.answer(&Err(StoreError::Stopped));
        }
    }
}

/// Decides one act and those that wait behind it, and applies what they would write. None when nothing is left to make durable: the writers are
/// answered then.
pub(crate) fn decide_group(core: &Arc<Core>, first: Box<dyn Act>, acts: &mut mpsc::Receiver<Box<dyn Act>>) -> Option<Group> {
    if core.is_stopped() {
        first.answer(Err(StoreError::Stopped));
        return None;
    }
    let mut unit = Unit::new(Arc::clone(core));
    let mut decided = vec![decide_one(first, &mut unit)];
    while decided.len() < GROUP_ACTS_MAX && unit.bytes() < GROUP_BYTES_MAX {
        let Ok(next) = acts.try_recv() else { break };
        decided.push(decide_one(next, &mut unit));
    }
    let (group, applied) = close(core, unit, decided);
    match applied {
        Ok(()) => Some(group),
        Err(error) => {
            group.answer(&Err(error));
            None
        }
    }
}

fn decide_one(mut act: Box<dyn Act>, unit: &mut Unit) -> Box<dyn Act> {
    let savepoint = unit.begin();
    if !act.decide(unit) {
        unit.roll_back(&savepoint);
    }
    act
}

/// Seals what leaves and applies everything the group would write as one batch.
fn close(core: &Core, mut unit: Unit, acts: Vec<Box<dyn Act>>) -> (Group, Result<(), StoreError>) {
    let mut marks = Marks::default();
    let closing = seal(core, &mut unit, &mut marks);
    let topics = std::mem::take(&mut unit.topics);
    let (changed, has_released) = closing.as_ref().map_or((false, false), |closing| (!closing.batch.is_empty(), closing.has_released));
    let mut group = Group { acts, changed, has_released, topics, marks };
    let applied = closing.and_then(|Closing { batch, .. }| {
        if !changed {
            return Ok(());
        }
        refuse_when_full(core)?;
        if core.vault.keyring.is_low() {
            core.destroying.wake();
        }
        crate::crash::point("group.before-apply");
        core.vault.apply(batch).inspect_err(|error| core.stop(error))?;
        crate::crash::point("group.after-apply");
        if crate::mutant::is("send-before-sync") {
            tell(core, &mut group);
        }
        Ok(())
    });
    (group, applied)
}

/// One signature for all envelopes of the group and one for all its receipts; with them, every row of the group and everything else it writes.
fn seal(core: &Core, unit: &mut Unit, marks: &mut Marks) -> Result<Closing, StoreError> {
    let (outgoing, answers) = (std::mem::take(&mut unit.outgoing), std::mem::take(&mut unit.answers));
    let mut rows = std::mem::take(&mut unit.rows);
    let last_bucket = outbox::seal(core, outgoing, &unit.purged, marks, &mut rows)?;
    inbox::seal(&core.signer.load(), answers, marks, &mut rows);
    unit.take_batch(rows.into_pairs()?, last_bucket)
}

fn refuse_when_full(core: &Core) -> Result<(), StoreError> {
    let free = core.vault.engine.health()?.free_bytes;
    if free.is_some_and(|free| free < FREE_BYTES_MIN) { Err(StoreError::Full) } else { Ok(()) }
}

/// The second thread: syncs, then answers, until the first has ended.
pub(crate) fn sync(core: &Core, groups: &Receiver<Group>) {
    while let Ok(first) = groups.recv() {
        let mut ready = vec![first];
        while ready.len() < GROUPS_A_SYNC_MAX {
            let Ok(next) = groups.try_recv() else { break };
            ready.push(next);
        }
        let count = ready.len();
        finish(core, ready);
        core.syncing.fetch_sub(count, Ordering::AcqRel);
    }
}

/// Makes groups durable with one sync, and answers their writers.
pub(crate) fn finish(core: &Core, ready: Vec<Group>) {
    let kept = keep(core, ready.iter().any(|group| group.changed));
    for mut group in ready {
        if kept.is_ok() {
            tell(core, &mut group);
        }
        group.answer(&kept);
    }
}

/// An act that changed nothing may have seen what is not durable yet, so its answer too stands behind the syncs before it.
fn keep(core: &Core, changed: bool) -> Result<(), StoreError> {
    if core.is_stopped() {
        return Err(StoreError::Stopped);
    }
    if !changed || crate::mutant::is("acknowledge-before-sync") {
        return Ok(());
    }
    crate::crash::point("group.before-sync");
    core.vault.engine.sync().map_err(StoreError::from).inspect_err(|error| core.stop(error))?;
    crate::crash::point("group.after-sync");
    Ok(())
}

fn tell(core: &Core, group: &mut Group) {
    let marks = std::mem::take(&mut group.marks);
    let enqueued = !marks.sent.is_empty();
    core.durable.raise(marks);
    if std::mem::take(&mut group.has_released) {
        core.destroying.wake();
    }
    if enqueued {
        core.outbox.send_modify(|count| *count = count.wrapping_add(1));
    }
    for topic in group.topics.drain(..) {
        let watchers = if topic.is_about_a_case() { &core.case_changes } else { &core.node_changes };
        // Nobody watching is no error.
        drop(watchers.send(topic));
    }
}
