//! The one narrow seam to a database: ordered keys, an atomic batch with preconditions, a sync that means it, and a range scan.
//!
//! Everything above is the same whatever stands below; `contract` holds the tests that every engine passes.

mod folder;
mod index;
mod journal;
mod kept;
mod order;
mod recent;
mod reclaim;
mod runs;
mod sled;

#[cfg(test)]
pub(crate) mod contract;
#[cfg(test)]
pub(crate) mod double;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
pub(crate) use order::Over;

/// Largest value in bytes. sled writes larger ones into files of their own that it never syncs; what is larger is chunked by its owner.
pub const VALUE_MAX: usize = 64 * 1024;

/// Longest key in bytes: the longest of ours is a prefix, two node ids and two ids, well below it.
pub const KEY_MAX: usize = 512;

/// A key and its value.
pub type Pair = (Bytes, Bytes);

/// Changes that become visible all or not at all.
#[derive(Default)]
pub struct Batch {
    /// What must hold for the batch to be applied: the value of a key, or its absence.
    pub expect: Vec<(Bytes, Option<Bytes>)>,
    /// Keys to write.
    pub puts: Vec<Pair>,
    /// Keys to remove; a key that is not there is no error.
    pub deletes: Vec<Bytes>,
}

impl Batch {
    /// Whether it would change nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty()
    }

    /// Refuses keys and values beyond the limits.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        let too_large = |value: &Bytes| EngineError::ValueTooLarge { length: value.len() };
        let keys = self.puts.iter().map(|(key, _)| key).chain(&self.deletes);
        if let Some(key) = keys.into_iter().find(|key| key.len() > KEY_MAX) {
            return Err(EngineError::KeyTooLong { length: key.len() });
        }
        self.puts.iter().find(|(_, value)| value.len() > VALUE_MAX).map_or(Ok(()), |(_, value)| Err(too_large(value)))
    }
}

/// How an engine fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// What it takes on disk, in bytes.
    pub disk_bytes: u64,
    /// What is left on that disk, in bytes; none where that cannot be known.
    pub free_bytes: Option<u64>,
}

/// A database.
pub trait Engine: Send + Sync + 'static {
    /// The value of a key.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Up to `limit` pairs whose keys begin with `prefix` and come after `after`, in the order of the keys' bytes.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError>;

    /// Makes a batch visible, atomically also over a crash. Durable only after [`Self::sync`].
    ///
    /// # Errors
    /// [`EngineError::Conflict`], [`EngineError::ValueTooLarge`] and [`EngineError::KeyTooLong`] leave everything as it was. After any other
    /// error nobody knows what is on disk, and the engine takes nothing more.
    fn apply(&self, batch: Batch) -> Result<(), EngineError>;

    /// Returns when every batch applied before the call is on stable storage.
    ///
    /// # Errors
    /// Any error is final: the engine takes nothing more.
    fn sync(&self) -> Result<(), EngineError>;

    /// Size and room. Cheap.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    fn health(&self) -> Result<Health, EngineError>;
}

/// Which database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The embedded store.
    #[default]
    Sled,
}

impl EngineKind {
    /// Its name in the configuration.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Sled => "sled",
        }
    }

    /// Reads the name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        (code == Self::Sled.code()).then_some(Self::Sled)
    }

    /// Whether a process has the store in a folder open. A folder that is not there is open nowhere.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn is_in_use(self, folder: &Path) -> Result<bool, EngineError> {
        match folder.is_dir().then(|| folder::lock(folder)) {
            None | Some(Ok(_)) => Ok(false),
            Some(Err(EngineError::InUse { .. })) => Ok(true),
            Some(Err(error)) => Err(error),
        }
    }

    /// Opens the database in a folder, or creates it there.
    ///
    /// # Errors
    /// When the folder belongs to another process, to a newer version or to another engine, or cannot be read or written.
    pub fn open(self, folder: &Path) -> Result<Arc<dyn Engine>, EngineError> {
        match self {
            Self::Sled => Ok(Arc::new(sled::SledEngine::open(folder)?)),
        }
    }
}

/// Why an engine cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process has the folder open.
    #[error("another process uses the store in {}", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder was written by a newer version.
    #[error("the store in {} has format {found}; this program knows formats up to {known}", folder.display())]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// The folder is not a store of this engine.
    #[error("{} is not a store of the engine {engine}", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// The engine asked for.
        engine: &'static str,
    },
    /// A value beyond [`VALUE_MAX`].
    #[error("a value of {length} bytes is larger than the {VALUE_MAX} that may be stored in one piece")]
    ValueTooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// A key beyond [`KEY_MAX`].
    #[error("a key of {length} bytes is longer than {KEY_MAX}")]
    KeyTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A precondition of a batch does not hold.
    #[error("a precondition of the batch does not hold")]
    Conflict,
    /// The journal is shorter than the index knows it, or says something else than what was written.
    #[error("the journal in {} is damaged: restore the store from its last export, and keep this folder", folder.display())]
    Damaged {
        /// The folder of the journal.
        folder: PathBuf,
    },
    /// What the index says of where a value stands cannot be read.
    #[error("the index of the store is damaged: restore the store from its last export, and keep this folder")]
    Unreadable,
    /// No room on the disk.
    #[error("the disk is full")]
    Full,
    /// Values stand in files that the database never syncs.
    #[error("{} is not empty: values in it are not safe from a power cut", folder.display())]
    Blobs {
        /// The folder of those files.
        folder: PathBuf,
    },
    /// An earlier error was final.
    #[error("stopped after an earlier error")]
    Stopped,
    /// The operating system refused.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The database failed.
    #[error("{doing}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl EngineError {
    /// An error of the operating system; a full disk is told apart.
    pub(crate) fn io(doing: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io { doing, source },
        }
    }
}
