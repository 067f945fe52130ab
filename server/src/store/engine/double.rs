//! Engines that stand in for a real one in tests: in memory, and with faults.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::{Batch, Engine, EngineError, Health, Pair};

/// Keeps everything in memory; fails and counts as it is told.
#[derive(Default)]
pub(crate) struct Double {
    pairs: Mutex<BTreeMap<Bytes, Bytes>>,
    /// The next applies fail for want of room.
    pub(crate) full: AtomicBool,
    /// The disk says that little is left.
    pub(crate) nearly_full: AtomicBool,
    /// The next syncs fail.
    pub(crate) sync_fails: AtomicBool,
    /// How long a sync takes, in milliseconds.
    pub(crate) sync_millis: AtomicUsize,
    /// Syncs done.
    pub(crate) syncs: AtomicUsize,
}

impl Engine for Double {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.pairs.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        let pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = pairs.iter().filter(|(key, _)| key.starts_with(prefix) && after.is_none_or(|after| key.as_ref() > after));
        Ok(wanted.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn apply(&self, batch: Batch) -> Result<(), EngineError> {
        batch.check()?;
        if self.full.load(Ordering::SeqCst) {
            return Err(EngineError::Full);
        }
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        if batch.expect.iter().any(|(key, expected)| pairs.get(key) != expected.as_ref()) {
            return Err(EngineError::Conflict);
        }
        pairs.extend(batch.puts);
        for key in batch.deletes {
            pairs.remove(&key);
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), EngineError> {
        std::thread::sleep(Duration::from_millis(self.sync_millis.load(Ordering::SeqCst) as u64));
        self.syncs.fetch_add(1, Ordering::SeqCst);
        if self.sync_fails.load(Ordering::SeqCst) {
            Err(EngineError::Io { doing: "syncing", source: std::io::Error::other("gone") })
        } else {
            Ok(())
        }
    }

    fn health(&self) -> Result<Health, EngineError> {
        let free = if self.nearly_full.load(Ordering::SeqCst) { 4096 } else { u64::MAX };
        Ok(Health { disk_bytes: 0, free_bytes: Some(free) })
    }
}
