//! The embedded engine: a journal that makes every batch durable with one write and one sync, and sled as the index of what stands in it.
//!
//! sled alone was the ceiling of the whole node: each large value went through its log, its pages and its cache, several times over. Now it takes
//! what is small, thousands of keys at a time, behind everybody's back. Whatever it has not taken yet is read from memory, and after a crash from
//! the journal.

use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::kept::Kept;
use super::{Batch, Engine, EngineError, Health, Pair};

/// How long an answer of the disk counts. It is asked for with every record that staff put; what the fastest disk takes in meanwhile is a fraction of the
/// room that is kept.
const HEALTH_COUNTS_FOR: Duration = Duration::from_millis(10);

/// The embedded engine.
pub(crate) struct SledEngine {
    kept: Arc<Kept>,
    /// What the disk said last, and when.
    health: Mutex<Option<(Instant, Health)>>,
    settler: Option<JoinHandle<()>>,
}

impl SledEngine {
    /// Opens the store in a folder, or creates it there.
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        let kept = Arc::new(Kept::open(path)?);
        let settling = Arc::clone(&kept);
        let thread = std::thread::Builder::new().name("store-settle".to_owned());
        let settler = thread.spawn(move || settling.settle_for_ever());
        let settler = settler.map_err(|error| EngineError::io("starting a thread of the store", error))?;
        Ok(Self { kept, health: Mutex::default(), settler: Some(settler) })
    }
}

impl Drop for SledEngine {
    /// What was applied stands in the index before the folder is given free.
    fn drop(&mut self) {
        self.kept.end();
        if let Some(settler) = self.settler.take() {
            drop(settler.join());
        }
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.kept.get(key)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        self.kept.pairs(from, prefix, limit)
    }

    fn apply(&self, batch: Batch) -> Result<(), EngineError> {
        let kept = &self.kept;
        kept.refuse_if_stopped()?;
        batch.check()?;
        let alone = kept.alone()?;
        for (key, expected) in &batch.expect {
            if kept.get(key)? != *expected {
                return Err(EngineError::Conflict);
            }
        }
        kept.wait_for_room()?;
        kept.append(&alone, batch).inspect_err(|_| kept.stop())
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.kept.refuse_if_stopped()?;
        self.kept.journal.sync().inspect_err(|_| self.kept.stop())
    }

    fn health(&self) -> Result<Health, EngineError> {
        let mut known = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((at, health)) if at.elapsed() < HEALTH_COUNTS_FOR => Ok(health),
            _ => {
                let health = self.look()?;
                *known = Some((Instant::now(), health));
                Ok(health)
            }
        }
    }
}

impl SledEngine {
    /// Asks the disk.
    fn look(&self) -> Result<Health, EngineError> {
        let doing = "asking the disk for its room";
        let file = self.kept.index.file();
        let index_bytes = file.metadata().map_err(|error| EngineError::io(doing, error))?.len();
        let disk = rustix::fs::fstatvfs(file).map_err(|error| EngineError::io(doing, error.into()))?;
        let disk_bytes = index_bytes + self.kept.journal.bytes();
        Ok(Health { disk_bytes, free_bytes: Some(disk.f_bavail.saturating_mul(disk.f_frsize)) })
    }
}
