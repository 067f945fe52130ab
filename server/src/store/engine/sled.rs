//! The embedded engine: a journal that makes every batch durable with one write and one sync, and sled as the index of what stands in it.
//!
//! sled alone was the ceiling of the whole node: each large value went through its log, its pages and its cache, several times over. Now it takes
//! what is small, thousands of keys at a time, behind everybody's back. Whatever it has not taken yet is read from memory, and after a crash from
//! the journal.

use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;

use super::folder::Folder;
use super::index::{Index, Slot};
use super::journal::Journal;
use super::order::Over;
use super::recent::{Recent, Value};
use super::{Batch, Engine, EngineError, Health, Pair};

/// Name of the journal inside the store's folder.
const JOURNAL: &str = "journal";

/// Bytes after which the newest batches are settled in the index.
const SETTLE_BYTES: usize = 4 * 1024 * 1024;

/// They are settled after this long also when they are few, so that little has to be read again after a crash.
const SETTLE_EVERY: Duration = Duration::from_millis(500);

/// Bytes of batches that may wait for those before them to be settled; beyond it, whoever applies waits.
const WAITING_BYTES_MAX: usize = 2 * SETTLE_BYTES;

/// The embedded engine.
pub(crate) struct SledEngine {
    kept: Arc<Kept>,
    settler: Option<JoinHandle<()>>,
}

/// What the engine and its settling thread share.
struct Kept {
    journal: Journal,
    index: Index,
    recent: RwLock<Recent>,
    /// Preconditions are checked and the batch applied with nobody between.
    applying: Mutex<()>,
    stopped: AtomicBool,
    /// Whether the engine ends; the settling thread waits for word at `turn`.
    ending: Mutex<bool>,
    turn: Condvar,
    /// Last, so that the folder is given free only after sled has closed.
    _folder: Folder,
}

impl SledEngine {
    /// Opens the store in a folder, or creates it there.
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        let folder = Folder::take(path, "sled")?;
        let index = Index::open(&folder)?;
        let journal = Journal::open(&folder.join(JOURNAL))?;
        recall(&journal, &index)?;
        folder.sync_names()?;
        let (recent, applying, stopped) = (RwLock::default(), Mutex::new(()), AtomicBool::new(false));
        let (ending, turn) = (Mutex::new(false), Condvar::new());
        let kept = Arc::new(Kept { journal, index, recent, applying, stopped, ending, turn, _folder: folder });
        let settling = Arc::clone(&kept);
        let thread = std::thread::Builder::new().name("store-settle".to_owned());
        let settler = thread.spawn(move || settling.settle_for_ever());
        let settler = settler.map_err(|error| EngineError::io("starting a thread of the store", error))?;
        Ok(Self { kept, settler: Some(settler) })
    }
}

impl Drop for SledEngine {
    /// What was applied stands in the index before the folder is given free.
    fn drop(&mut self) {
        *self.kept.ending.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.kept.turn.notify_all();
        if let Some(settler) = self.settler.take() {
            drop(settler.join());
        }
    }
}

/// Settles what stands in the journal and not in the index: a process that was killed left it so. From then on it counts as durable.
fn recall(journal: &Journal, index: &Index) -> Result<(), EngineError> {
    let mut at = index.settled_through()?.unwrap_or(journal.beginning());
    journal.sync()?;
    let mut settled = false;
    while let Some(recalled) = journal.recall(at)? {
        let changes = recalled.changes.iter();
        let changes = changes.map(|(key, value)| (key, value.as_ref().map(|(value, pointer)| (value, *pointer))));
        index.settle(changes, recalled.end)?;
        (at, settled) = (recalled.end, true);
    }
    if settled { index.sync() } else { Ok(()) }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let kept = &self.kept;
        if let Some(said) = kept.recent.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(said);
        }
        match kept.index.get(key)? {
            Some(Slot::Here(value)) => Ok(Some(value)),
            Some(Slot::Elsewhere(pointer)) => kept.journal.value(pointer).map(Some),
            None => Ok(None),
        }
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        let mut pairs = Vec::new();
        for found in self.kept.slots(from, prefix, limit)? {
            pairs.push(match found {
                (key, Slot::Here(value)) => (key, value),
                (key, Slot::Elsewhere(pointer)) => (key, self.kept.journal.value(pointer)?),
            });
        }
        Ok(pairs)
    }

    fn apply(&self, batch: Batch) -> Result<(), EngineError> {
        let kept = &self.kept;
        kept.refuse_if_stopped()?;
        batch.check()?;
        let _alone = kept.applying.lock().map_err(|_| EngineError::Stopped)?;
        for (key, expected) in &batch.expect {
            if self.get(key)? != *expected {
                return Err(EngineError::Conflict);
            }
        }
        kept.wait_for_room()?;
        kept.append(batch).inspect_err(|_| kept.stop())
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.kept.refuse_if_stopped()?;
        self.kept.journal.sync().inspect_err(|_| self.kept.stop())
    }

    fn health(&self) -> Result<Health, EngineError> {
        let doing = "asking the disk for its room";
        let file = self.kept.index.file();
        let index_bytes = file.metadata().map_err(|error| EngineError::io(doing, error))?.len();
        let disk = rustix::fs::fstatvfs(file).map_err(|error| EngineError::io(doing, error.into()))?;
        let disk_bytes = index_bytes + self.kept.journal.bytes();
        Ok(Health { disk_bytes, free_bytes: Some(disk.f_bavail.saturating_mul(disk.f_frsize)) })
    }
}

impl Kept {
    fn append(&self, batch: Batch) -> Result<(), EngineError> {
        let appended = self.journal.append(&batch)?;
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.add(batch, appended.values, appended.end);
        let due = recent.bytes() >= SETTLE_BYTES && !recent.is_settling();
        drop(recent);
        if due {
            self.tell();
        }
        Ok(())
    }

    /// What stands at the keys with a prefix. The lock is held throughout, so that nothing moves into the index meanwhile.
    fn slots(&self, from: Bound<&[u8]>, prefix: &[u8], limit: usize) -> Result<Vec<(Bytes, Slot)>, EngineError> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let here = |value: Value| Slot::Here(value.bytes);
        let newer = recent.range(from).map(|found| found.map(|(key, value)| (key, value.map(here))));
        let older = self.index.range(from).map(|found| found.map(|(key, slot)| (key, Some(slot))));
        let mut slots = Vec::new();
        for found in Over::new(newer, older) {
            let (key, slot) = found?;
            if slots.len() >= limit || !key.starts_with(prefix) {
                break;
            }
            slots.extend(slot.map(|slot| (key, slot)));
        }
        Ok(slots)
    }

    /// Waits while too much is on its way into the index.
    fn wait_for_room(&self) -> Result<(), EngineError> {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        while self.is_crowded() {
            self.refuse_if_stopped()?;
            ending = self.turn.wait_timeout(ending, SETTLE_EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn is_crowded(&self) -> bool {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        recent.is_settling() && recent.bytes() >= WAITING_BYTES_MAX
    }

    fn settle_for_ever(&self) {
        loop {
            let ending = self.wait_for_turn();
            if let Err(error) = self.settle() {
                self.stop();
                tracing::error!(event = "store.not-settled", error = &error as &dyn std::error::Error);
            }
            if ending || self.stopped.load(Ordering::Acquire) {
                return;
            }
        }
    }

    /// Waits until there is much to settle or it has waited long enough; whether the engine ends.
    fn wait_for_turn(&self) -> bool {
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let is_early = |ending: &mut bool| !*ending && self.recent.read().unwrap_or_else(PoisonError::into_inner).bytes() < SETTLE_BYTES;
        *self.turn.wait_timeout_while(ending, SETTLE_EVERY, is_early).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Brings the newest batches into the index. The journal is synced first: the index never knows what a power cut could take back.
    fn settle(&self) -> Result<(), EngineError> {
        let begun = self.recent.write().unwrap_or_else(PoisonError::into_inner).begin_settling();
        let Some(table) = begun else { return Ok(()) };
        self.journal.sync()?;
        crate::crash::point("index.before-settle");
        let changes = table.slots.iter().map(|(key, value)| (key, value.as_ref().map(|value| (&value.bytes, value.at))));
        self.index.settle(changes, table.end)?;
        crate::crash::point("index.before-sync");
        self.index.sync()?;
        self.recent.write().unwrap_or_else(PoisonError::into_inner).end_settling();
        self.tell();
        Ok(())
    }

    fn refuse_if_stopped(&self) -> Result<(), EngineError> {
        if self.stopped.load(Ordering::Acquire) { Err(EngineError::Stopped) } else { Ok(()) }
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.tell();
    }

    /// Wakes whoever waits at `turn`. With the lock, so that nobody who has looked and is about to wait misses it.
    fn tell(&self) {
        drop(self.ending.lock());
        self.turn.notify_all();
    }
}
