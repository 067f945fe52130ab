//! What is kept: the journal, its index, and what is on its way from one into the other. A thread of the engine settles it there.

use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::folder::Folder;
use super::index::{Index, Slot};
use super::journal::{Journal, Pointer};
use super::order::Over;
use super::recent::{Recent, Value};
use super::reclaim::reclaim;
use super::{Batch, EngineError, Pair};

/// Name of the journal inside the store's folder.
const JOURNAL: &str = "journal";

/// Bytes after which the newest batches are settled in the index.
const SETTLE_BYTES: usize = 2 * 1024 * 1024;

/// Few of them are settled once nothing has come for this long: who works meanwhile waits for no second file.
const SETTLE_WHEN_QUIET: Duration = Duration::from_millis(100);

/// And in any case after this long.
const SETTLE_WITHIN: Duration = Duration::from_secs(30);

/// Bytes of batches that may wait for those before them to be settled; beyond it, whoever applies waits.
const WAITING_BYTES_MAX: usize = SETTLE_BYTES;

/// What the engine and its settling thread share.
pub(super) struct Kept {
    pub(super) journal: Journal,
    pub(super) index: Index,
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

/// Nobody else changes anything while this is held.
pub(super) type Alone<'a> = MutexGuard<'a, ()>;

impl Kept {
    /// Opens what a folder keeps, or begins it there.
    pub(super) fn open(path: &Path) -> Result<Self, EngineError> {
        let folder = Folder::take(path, "sled")?;
        let index = Index::open(&folder)?;
        let journal = Journal::open(&folder.join(JOURNAL))?;
        recall(&journal, &index)?;
        folder.sync_names()?;
        let (recent, applying, stopped) = (RwLock::default(), Mutex::new(()), AtomicBool::new(false));
        let (ending, turn) = (Mutex::new(false), Condvar::new());
        Ok(Self { journal, index, recent, applying, stopped, ending, turn, _folder: folder })
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        if let Some(said) = self.recent.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(said);
        }
        match self.index.get(key)? {
            Some(Slot::Here(value)) => Ok(Some(value)),
            Some(Slot::Elsewhere(pointer)) => self.value(key, pointer),
            None => Ok(None),
        }
    }

    /// The pairs with a prefix, from a key on.
    pub(super) fn pairs(&self, from: Bound<&[u8]>, prefix: &[u8], limit: usize) -> Result<Vec<Pair>, EngineError> {
        let mut pairs = Vec::new();
        for (key, slot) in self.slots(from, prefix, limit)? {
            let value = match slot {
                Slot::Here(value) => Some(value),
                Slot::Elsewhere(pointer) => self.value(&key, pointer)?,
            };
            pairs.extend(value.map(|value| (key, value)));
        }
        Ok(pairs)
    }

    /// The value of a key, of which the index has just said where it stands. It may have been moved since, and its segment have gone.
    fn value(&self, key: &[u8], pointer: Pointer) -> Result<Option<Bytes>, EngineError> {
        match self.journal.value(pointer) {
            Ok(value) => Ok(Some(value)),
            Err(_) if !self.journal.has(pointer) => self.get(key),
            Err(error) => Err(error),
        }
    }

    /// Waits until nobody else changes anything.
    pub(super) fn alone(&self) -> Result<Alone<'_>, EngineError> {
        self.applying.lock().map_err(|_| EngineError::Stopped)
    }

    /// Writes a batch behind all others, and makes it visible.
    pub(super) fn append(&self, _alone: &Alone<'_>, batch: Batch) -> Result<(), EngineError> {
        let appended = self.journal.append(&batch)?;
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        let before = recent.bytes();
        recent.add(batch, appended.values, appended.end);
        let bytes = recent.bytes();
        drop(recent);
        if before == 0 || (before < SETTLE_BYTES && bytes >= SETTLE_BYTES) {
            self.tell();
        }
        Ok(())
    }

    /// What stands at the keys with a prefix. The lock is held throughout, so that nothing moves into the index meanwhile.
    fn slots(&self, from: Bound<&[u8]>, prefix: &[u8], limit: usize) -> Result<Vec<(Bytes, Slot)>, EngineError> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let here = |value: Value| Slot::Here(value.bytes);
        let newer = recent.range(from).map(|found| found.map(|(key, value)| (key, value.map(here))));
        let older = self.index.range(from, prefix).map(|found| found.map(|(key, slot)| (key, Some(slot))));
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
    pub(super) fn wait_for_room(&self) -> Result<(), EngineError> {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        while self.is_crowded() {
            self.refuse_if_stopped()?;
            ending = self.turn.wait_timeout(ending, SETTLE_WHEN_QUIET).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn is_crowded(&self) -> bool {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        recent.is_settling() && recent.bytes() >= WAITING_BYTES_MAX
    }

    /// Settles whatever comes, until the engine ends or something fails.
    pub(super) fn settle_for_ever(&self) {
        let mut living = None;
        loop {
            let ending = self.wait_for_turn();
            if let Err(error) = self.settle().and_then(|()| self.reclaim_if_due(&mut living, ending)) {
                self.stop();
                tracing::error!(event = "store.not-settled", error = &error as &dyn std::error::Error);
            }
            if ending || self.is_stopped() {
                return;
            }
        }
    }

    /// Looks for room that can be given back once the journal has grown to twice what counted in it when it was looked through last, so that looking
    /// costs each value little over the years.
    fn reclaim_if_due(&self, living: &mut Option<u64>, ending: bool) -> Result<(), EngineError> {
        if !ending && self.journal.full_bytes() > living.map_or(0, |living| 2 * living) {
            *living = Some(reclaim(self)?);
        }
        Ok(())
    }

    /// Settles when there is much to settle: for the settling thread, while it does something else for long.
    pub(super) fn settle_if_full(&self) -> Result<(), EngineError> {
        if self.is_full() { self.settle() } else { Ok(()) }
    }

    /// The settling thread settles once more, and ends.
    pub(super) fn end(&self) {
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.turn.notify_all();
    }

    /// Waits until there is much to settle, or nothing has come for a while, or it has waited long enough; whether the engine ends.
    fn wait_for_turn(&self) -> bool {
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = |ending: &mut bool| !*ending && !self.is_stopped() && self.newest_bytes() == 0;
        let mut ending = self.turn.wait_while(ending, is_idle).unwrap_or_else(PoisonError::into_inner);
        let (begin, mut seen) = (Instant::now(), self.journal.end());
        loop {
            let is_early = |ending: &mut bool| !*ending && !self.is_full();
            let waited = self.turn.wait_timeout_while(ending, SETTLE_WHEN_QUIET, is_early).unwrap_or_else(PoisonError::into_inner);
            ending = waited.0;
            let before = std::mem::replace(&mut seen, self.journal.end());
            if *ending || !waited.1.timed_out() || seen == before || begin.elapsed() >= SETTLE_WITHIN {
                return *ending;
            }
        }
    }

    fn is_full(&self) -> bool {
        self.newest_bytes() >= SETTLE_BYTES
    }

    fn newest_bytes(&self) -> usize {
        self.recent.read().unwrap_or_else(PoisonError::into_inner).bytes()
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Brings the newest batches into the index. The journal is synced first: the index never knows what a power cut could take back.
    pub(super) fn settle(&self) -> Result<(), EngineError> {
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

    pub(super) fn refuse_if_stopped(&self) -> Result<(), EngineError> {
        if self.is_stopped() { Err(EngineError::Stopped) } else { Ok(()) }
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.tell();
    }

    /// Wakes whoever waits at `turn`. With the lock, so that nobody who has looked and is about to wait misses it.
    fn tell(&self) {
        drop(self.ending.lock());
        self.turn.notify_all();
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
