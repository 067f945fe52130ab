//! sled, under the five rules without which it loses acknowledged data at a power cut: large segments and no value over the limit; a real
//! `fdatasync` after its own flush, and a full stop after any error; no half-written snapshot at opening and durable names after creation; one
//! committer; and nothing entrusted to its deletions. Its own `flush` asks the kernel for less than durability.

use std::fs::{self, File};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::folder::{Folder, sync_folder};
use super::{Batch, Engine, EngineError, Health, Pair};

/// Fixed for the life of a folder. A page larger than a quarter of it would go to a file that sled never syncs; with values of at most
/// 64 KiB and 16 of them a page, none is.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;

/// What sled may keep in memory. Its default, a gigabyte, is more than an office machine has to spare.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// sled cleans up in the same thread that flushes on a timer; with it off, whole databases were lost.
const FLUSH_EVERY_MS: u64 = 500;

/// How long the lock of a database may outlive it: the last flush of a slow disk.
const LOCK_LINGERS: Duration = Duration::from_secs(5);

/// Name of the folder inside the store's folder.
const DATABASE: &str = "sled";

/// The embedded engine.
pub(crate) struct SledEngine {
    database: ::sled::Db,
    /// A second descriptor of the file that sled writes, to sync it.
    file: File,
    blobs: PathBuf,
    /// Preconditions are checked and the batch applied with nobody between.
    applying: Mutex<()>,
    stopped: AtomicBool,
    /// Last, so that the folder is given free only after sled has closed.
    folder: Folder,
}

impl SledEngine {
    /// Opens the database in a folder, or creates it there.
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        let folder = Folder::take(path, "sled")?;
        let inside = folder.join(DATABASE);
        let blobs = inside.join("blobs");
        remove_half_written_snapshots(&inside)?;
        refuse_blobs(&blobs)?;
        let database = open_database(&inside).map_err(|error| database_error("opening the store", error))?;
        let file = File::open(inside.join("db")).map_err(|error| EngineError::io("opening the store's file", error))?;
        let engine = Self { database, file, blobs, applying: Mutex::new(()), stopped: AtomicBool::new(false), folder };
        // What a killed process had applied may stand in the kernel's memory only; from here on it counts as durable.
        engine.sync()?;
        sync_folder(&inside)?;
        engine.folder.sync_names()?;
        Ok(engine)
    }

    fn sync_all(&self) -> Result<(), EngineError> {
        self.database.flush().map_err(|error| database_error("flushing the store", error))?;
        self.file.sync_data().map_err(|error| EngineError::io("syncing the store's file", error))?;
        refuse_blobs(&self.blobs)
    }

    fn apply_checked(&self, batch: Batch) -> Result<(), EngineError> {
        let Batch { expect, puts, deletes } = batch;
        for (key, expected) in &expect {
            if self.get(key)? != *expected {
                return Err(EngineError::Conflict);
            }
        }
        let mut changes = ::sled::Batch::default();
        for (key, value) in puts {
            changes.insert(key.as_ref(), value.as_ref());
        }
        for key in deletes {
            changes.remove(key.as_ref());
        }
        self.database.apply_batch(changes).map_err(|error| database_error("writing to the store", error))
    }

    fn refuse_if_stopped(&self) -> Result<(), EngineError> {
        if self.stopped.load(Ordering::Acquire) { Err(EngineError::Stopped) } else { Ok(()) }
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let found = self.database.get(key).map_err(|error| database_error("reading the store", error))?;
        Ok(found.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        let mut pairs = Vec::new();
        for pair in self.database.range::<&[u8], _>((from, Bound::Unbounded)).take(limit) {
            let (key, value) = pair.map_err(|error| database_error("scanning the store", error))?;
            if !key.starts_with(prefix) {
                break;
            }
            pairs.push((Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&value)));
        }
        Ok(pairs)
    }

    fn apply(&self, batch: Batch) -> Result<(), EngineError> {
        self.refuse_if_stopped()?;
        batch.check()?;
        let _alone = self.applying.lock().map_err(|_| EngineError::Stopped)?;
        let applied = self.apply_checked(batch);
        if !matches!(applied, Ok(()) | Err(EngineError::Conflict)) {
            self.stop();
        }
        applied
    }

    fn sync(&self) -> Result<(), EngineError> {
        self.refuse_if_stopped()?;
        self.sync_all().inspect_err(|_| self.stop())
    }

    fn health(&self) -> Result<Health, EngineError> {
        let doing = "asking the disk for its room";
        let disk_bytes = self.file.metadata().map_err(|error| EngineError::io(doing, error))?.len();
        let disk = rustix::fs::fstatvfs(&self.file).map_err(|error| EngineError::io(doing, error.into()))?;
        Ok(Health { disk_bytes, free_bytes: Some(disk.f_bavail.saturating_mul(disk.f_frsize)) })
    }
}

/// Opens the database. One that this process closed a moment ago keeps its lock until a thread of sled has ended; nobody else can have it, because the
/// folder is ours.
fn open_database(inside: &Path) -> Result<::sled::Db, ::sled::Error> {
    let give_up = Instant::now() + LOCK_LINGERS;
    loop {
        let opened = ::sled::Config::default()
            .path(inside)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MS))
            .open();
        match opened {
            Err(::sled::Error::Io(error)) if error.to_string().contains("acquire lock") && Instant::now() < give_up => {
                std::thread::sleep(LOCK_LINGERS / 100);
            }
            opened => return opened,
        }
    }
}

/// A crash can leave `snap.*.generating`, with which sled does not open; without it, it does.
fn remove_half_written_snapshots(inside: &Path) -> Result<(), EngineError> {
    let doing = "removing half-written snapshots";
    if !inside.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(inside).map_err(|error| EngineError::io(doing, error))? {
        let entry = entry.map_err(|error| EngineError::io(doing, error))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(|error| EngineError::io(doing, error))?;
        }
    }
    Ok(())
}

/// Values in `blobs` are never synced, so an acknowledgement would be a lie: refuse to go on.
fn refuse_blobs(blobs: &Path) -> Result<(), EngineError> {
    match fs::read_dir(blobs).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(EngineError::Blobs { folder: blobs.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(EngineError::io("looking for unsynced values", error)),
    }
}

fn database_error(doing: &'static str, error: ::sled::Error) -> EngineError {
    match error {
        ::sled::Error::Io(source) => EngineError::io(doing, source),
        other => EngineError::Database { doing, source: Box::new(other) },
    }
}
