//! Why the store cannot do what it was asked.

use std::sync::Arc;

use titian_proto::model::malformed::Malformed;

use super::engine::EngineError;
use super::sealing::KeyringError;

/// An error of the store. Cheap to clone, because one failed sync is told to everybody who waited for it. Holds no key and no value.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// An earlier error was final, or the node is stopping.
    #[error(
        "the store takes no more writes, because of an earlier error or because the node stops; look in the node's log, then start it again"
    )]
    Stopped,
    /// No room on the disk.
    #[error("the disk that holds the store is full; make room, then try again")]
    Full,
    /// Little room on the disk: nothing new is begun.
    #[error("the node's disk is nearly full: nothing new is taken, so that withdrawals and answers still fit")]
    Low,
    /// A value that must be chunked by its owner.
    #[error("this is too large to be stored in one piece ({length} bytes); split it")]
    TooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// A stored value that cannot be read.
    #[error("a stored value of the table {table} cannot be read; keep the folder and restore from an export")]
    Unreadable {
        /// Its table.
        table: &'static str,
        /// What is wrong with it.
        #[source]
        source: Malformed,
    },
    /// Written by a newer version.
    #[error("the store has format {found}, and this program knows formats up to {known}; install the newer program")]
    Newer {
        /// Its format.
        found: u64,
        /// The newest this program knows.
        known: u64,
    },
    /// The folder holds another node's store.
    #[error("the store belongs to the node {owner}; check the folder and the node id in node.toml")]
    OtherNode {
        /// Whose it is.
        owner: String,
    },
    /// Lines to import that are not an export, or are damaged.
    #[error("line {line} of the import: {problem}; nothing was taken over")]
    Import {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Only an empty store takes an import.
    #[error("the store is not empty; import into a new folder")]
    NotEmpty,
    /// An import that did not end.
    #[error("an import into this store did not end; import again into a new folder")]
    HalfImported,
    /// Lines could not be read or written.
    #[error("reading or writing the lines of an export failed")]
    Lines(#[source] Arc<std::io::Error>),
    /// Something was asked of a message that is not there.
    #[error("there is no such entry in the table {table}")]
    Missing {
        /// Its table.
        table: &'static str,
    },
    /// A message that may not be stored in this state or form.
    #[error("the table {table} cannot take this")]
    Refused {
        /// Its table.
        table: &'static str,
        /// Why not.
        #[source]
        source: Malformed,
    },
    /// A sealed value that does not open with its own key.
    #[error("a sealed value of the table {table} is not what was written: restore the store from its last export, and keep this folder")]
    Damaged {
        /// Its table.
        table: &'static str,
    },
    /// The keys of what is sealed.
    #[error("the keys of the store cannot be used")]
    Keyring(#[source] Arc<KeyringError>),
    /// The database failed.
    #[error("the store's database failed; look in the node's log")]
    Engine(#[source] Arc<EngineError>),
}

impl StoreError {
    /// A stored value that parses as bytes but not as what it must be.
    #[must_use]
    pub fn unreadable(table: &'static str, source: Malformed) -> Self {
        Self::Unreadable { table, source }
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stopped => "STORAGE_STOPPED",
            Self::Full => "STORAGE_FULL",
            Self::Low => "STORAGE_LOW",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::Unreadable { .. } => "STORAGE_UNREADABLE",
            Self::Newer { .. } => "STORAGE_NEWER",
            Self::OtherNode { .. } => "STORAGE_OTHER_NODE",
            Self::Import { .. } => "IMPORT_DAMAGED",
            Self::NotEmpty => "IMPORT_NOT_EMPTY",
            Self::HalfImported => "IMPORT_UNFINISHED",
            Self::Lines(_) => "LINES_FAILED",
            Self::Missing { .. } => "NOT_FOUND",
            Self::Refused { .. } => "STORAGE_REFUSED",
            Self::Damaged { .. } => "STORAGE_DAMAGED",
            Self::Keyring(error) => error.code(),
            Self::Engine(error) => match error.as_ref() {
                EngineError::InUse { .. } => "STORAGE_IN_USE",
                EngineError::Newer { .. } => "STORAGE_NEWER",
                EngineError::Foreign { .. } => "STORAGE_FOREIGN",
                EngineError::Blobs { .. } => "STORAGE_UNSAFE",
                EngineError::Damaged { .. } | EngineError::Unreadable => "STORAGE_DAMAGED",
                EngineError::ValueTooLarge { .. }
                | EngineError::KeyTooLong { .. }
                | EngineError::Conflict
                | EngineError::Full
                | EngineError::Stopped
                | EngineError::Io { .. }
                | EngineError::Database { .. } => "STORAGE_FAILED",
            },
        }
    }

    /// The exit code of a process that ends because of it (`sysexits.h`).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Engine(error) => match error.as_ref() {
                EngineError::InUse { .. } => 73,
                EngineError::Newer { .. } | EngineError::Foreign { .. } | EngineError::Damaged { .. } | EngineError::Unreadable => 65,
                EngineError::Blobs { .. }
                | EngineError::ValueTooLarge { .. }
                | EngineError::KeyTooLong { .. }
                | EngineError::Conflict
                | EngineError::Full
                | EngineError::Stopped
                | EngineError::Io { .. }
                | EngineError::Database { .. } => 74,
            },
            Self::Keyring(error) => error.exit_code(),
            Self::Unreadable { .. }
            | Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::OtherNode { .. }
            | Self::Import { .. }
            | Self::NotEmpty
            | Self::HalfImported
            | Self::Missing { .. }
            | Self::Refused { .. }
            | Self::TooLarge { .. } => 65,
            Self::Stopped | Self::Full | Self::Low | Self::Lines(_) => 74,
        }
    }
}

impl From<KeyringError> for StoreError {
    fn from(error: KeyringError) -> Self {
        Self::Keyring(Arc::new(error))
    }
}

impl From<EngineError> for StoreError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Full => Self::Full,
            EngineError::Stopped => Self::Stopped,
            EngineError::ValueTooLarge { length } => Self::TooLarge { length },
            other => Self::Engine(Arc::new(other)),
        }
    }
}
