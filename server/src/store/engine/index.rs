//! The index: sled, under the rules without which it loses data at a power cut: no page that is too large for its segments; a real `fdatasync` after
//! its own flush, and a full stop after any error; no half-written snapshot at opening and durable names after creation; one committer; and nothing
//! entrusted to its deletions. Its own `flush` asks the kernel for less than durability.
//!
//! It holds the small values, and of the large ones where they stand in the journal, those of many records together (`runs`); and how far the journal
//! stands in it.

use std::fs::{self, File};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::EngineError;
use super::folder::{Folder, sync_folder};
use super::journal::{Place, Pointer};
use super::order::Over;
use super::runs::{self, Changes, Runs};

/// Name of the folder, and what sled writes at once; fixed for the life of a folder. A page larger than a quarter of it would go to a file that sled
/// never syncs: with what is small and 16 of them a page, none is.
const NAME: &str = "index";
const SEGMENT_BYTES: usize = 1024 * 1024;

/// The same for a folder of format 1, in which values of up to 64 KiB stand.
const OLDER_NAME: &str = "sled";
const OLDER_SEGMENT_BYTES: usize = 8 * 1024 * 1024;

/// What sled may keep in memory. Its default, a gigabyte, is more than an office machine has to spare.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;

/// sled cleans up in the same thread that flushes on a timer; with it off, whole databases were lost.
const FLUSH_EVERY_MS: u64 = 500;

/// How long the lock of a database may outlive it: the last flush of a slow disk.
const LOCK_LINGERS: Duration = Duration::from_secs(5);

/// Up to this size a value stands here; larger ones stand in the journal alone.
const HERE_MAX: usize = 128;

/// Begins what says where a value stands. A value that begins so itself stands in the journal, whatever its size.
const ELSEWHERE: u8 = 0;

/// How far the journal stands in here. Before all keys of tables, which begin with letters.
const SETTLED_THROUGH: &[u8] = b"\0journal";

/// Where the keys of tables begin.
const FIRST: &[u8] = b"\x01";

/// The open index.
pub(super) struct Index {
    database: ::sled::Db,
    runs: Runs,
    /// A second descriptor of the file that sled writes, to sync it.
    file: File,
    blobs: PathBuf,
}

/// What the index holds at a key.
pub(super) enum Slot {
    /// The value.
    Here(Bytes),
    /// Where it stands.
    Elsewhere(Pointer),
}

impl Index {
    /// Opens the index of a store's folder, or begins one.
    pub(super) fn open(folder: &Folder) -> Result<Self, EngineError> {
        let older = folder.join(OLDER_NAME);
        let (inside, segment) = if older.is_dir() { (older, OLDER_SEGMENT_BYTES) } else { (folder.join(NAME), SEGMENT_BYTES) };
        let blobs = inside.join("blobs");
        remove_half_written_snapshots(&inside)?;
        refuse_blobs(&blobs)?;
        let database = open_database(&inside, segment).map_err(|error| database_error("opening the store", error))?;
        let file = File::open(inside.join("db")).map_err(|error| EngineError::io("opening the store's file", error))?;
        let runs = Runs::open(&database)?;
        let index = Self { database, runs, file, blobs };
        // What a killed process had applied may stand in the kernel's memory only; from here on it counts as durable.
        index.sync()?;
        sync_folder(&inside)?;
        Ok(index)
    }

    /// Up to where the journal stands in here; none where nothing of it does.
    pub(super) fn settled_through(&self) -> Result<Option<Place>, EngineError> {
        let found = self.database.get(SETTLED_THROUGH).map_err(|error| database_error("reading the store", error))?;
        found.map(|place| Place::read(&place).ok_or(EngineError::Unreadable)).transpose()
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slot>, EngineError> {
        let found = self.database.get(key).map_err(|error| database_error("reading the store", error))?;
        match found {
            Some(stored) => read_slot(&stored).map(Some),
            None if runs::grows(key) => self.runs.get(&self.database, key),
            None => Ok(None),
        }
    }

    /// Everything from a key on, in the order of the keys; what lies beyond the keys with a prefix may be left out.
    pub(super) fn range(&self, from: Bound<&[u8]>, prefix: &[u8]) -> impl Iterator<Item = Result<(Bytes, Slot), EngineError>> + use<'_> {
        let in_runs = self.runs.range(&self.database, from, prefix);
        let from = match from {
            Bound::Included(key) => Bound::Included(key.max(FIRST)),
            Bound::Excluded(key) => Bound::Excluded(key),
            Bound::Unbounded => Bound::Included(FIRST),
        };
        let alone = self.database.range::<&[u8], _>((from, Bound::Unbounded)).map(|pair| {
            let (key, stored) = pair.map_err(|error| database_error("scanning the store", error))?;
            Ok((Bytes::copy_from_slice(&key), read_slot(&stored)?))
        });
        Over::new(in_runs.into_iter().flatten(), alone)
    }

    /// Takes in what the journal says up to a place, all or nothing.
    pub(super) fn settle<'a>(
        &self,
        changes: impl Iterator<Item = (&'a Bytes, Option<(&'a Bytes, Pointer)>)>,
        through: Place,
    ) -> Result<(), EngineError> {
        let (mut batch, mut growing) = (::sled::Batch::default(), Changes::new());
        for (key, value) in changes {
            if runs::grows(key) {
                growing
                    .insert(key, value.map(|(value, pointer)| if is_here(value) { value.to_vec() } else { elsewhere(pointer).to_vec() }));
                continue;
            }
            match value {
                Some((value, _)) if is_here(value) => batch.insert(key.as_ref(), value.as_ref()),
                Some((_, pointer)) => batch.insert(key.as_ref(), elsewhere(pointer).as_slice()),
                None => batch.remove(key.as_ref()),
            }
        }
        let _nobody_reads_several = self.runs.weave(&self.database, growing, &mut batch)?;
        batch.insert(SETTLED_THROUGH, through.write().as_slice());
        self.database.apply_batch(batch).map_err(|error| database_error("writing to the store", error))
    }

    /// Returns when everything settled before the call is on stable storage.
    pub(super) fn sync(&self) -> Result<(), EngineError> {
        self.database.flush().map_err(|error| database_error("flushing the store", error))?;
        self.file.sync_data().map_err(|error| EngineError::io("syncing the store's file", error))?;
        refuse_blobs(&self.blobs)
    }

    /// What stands under it all.
    #[cfg(test)]
    pub(super) fn database(&self) -> &::sled::Db {
        &self.database
    }

    /// The file that sled writes.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

fn is_here(value: &[u8]) -> bool {
    value.len() <= HERE_MAX && value.first() != Some(&ELSEWHERE)
}

fn elsewhere(pointer: Pointer) -> [u8; 1 + Pointer::BYTES] {
    let mut slot = [ELSEWHERE; 1 + Pointer::BYTES];
    slot[1..].copy_from_slice(&pointer.write());
    slot
}

pub(super) fn read_slot(stored: &[u8]) -> Result<Slot, EngineError> {
    match stored.split_first() {
        Some((&ELSEWHERE, pointer)) => Ok(Slot::Elsewhere(Pointer::read(pointer).ok_or(EngineError::Unreadable)?)),
        Some(_) | None => Ok(Slot::Here(Bytes::copy_from_slice(stored))),
    }
}

/// Opens the database. One that this process closed a moment ago keeps its lock until a thread of sled has ended; nobody else can have it, because the
/// folder is ours.
fn open_database(inside: &Path, segment: usize) -> Result<::sled::Db, ::sled::Error> {
    let give_up = Instant::now() + LOCK_LINGERS;
    loop {
        let opened = ::sled::Config::default()
            .path(inside)
            .segment_size(segment)
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

pub(super) fn database_error(doing: &'static str, error: ::sled::Error) -> EngineError {
    match error {
        ::sled::Error::Io(source) => EngineError::io(doing, source),
        other => EngineError::Database { doing, source: Box::new(other) },
    }
}
