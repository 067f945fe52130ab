//! Why the keys of a store cannot be used.

use std::io;
use std::path::PathBuf;

/// An error of the key file or of the node key. Says what to do; nothing is lost by any of them.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The store is sealed, and its key file is not there.
    #[error("the key file {file} is missing, and without it nothing in the store can be read: put back its mirror; no export holds it")]
    Missing {
        /// Where it should be.
        file: String,
    },
    /// It was sealed with another node key.
    #[error(
        "the key file {file} does not open with this node key: put back the node key it was sealed with, or give its passphrase; nothing is lost"
    )]
    WrongNodeKey {
        /// The file.
        file: String,
    },
    /// It is sealed the other way.
    #[error("the key file {file} is sealed with {sealed_with}, and [sealing] in node.toml says something else: correct it")]
    OtherKind {
        /// The file.
        file: String,
        /// How it is sealed.
        sealed_with: &'static str,
    },
    /// Neither it nor its mirror is whole.
    #[error("the key file {file} is damaged: put back its mirror; keep this folder")]
    Damaged {
        /// The file.
        file: String,
    },
    /// Written by a newer program.
    #[error("the key file {file} was written by a newer program; install that")]
    Newer {
        /// The file.
        file: String,
    },
    /// It belongs to another store.
    #[error("the key file {file} is not the one that this store was sealed with: put the right one in its place")]
    Other {
        /// The file.
        file: String,
    },
    /// It is older than what is sealed with its keys.
    #[error("the key file {file} is older than the store: put the newest copy in its place, its mirror if there is one")]
    Older {
        /// The file.
        file: String,
    },
    /// The node key is not there.
    #[error("the node key {} is missing: put it back; without it nothing in the store can be read", .file.display())]
    NoNodeKey {
        /// Where it should be.
        file: PathBuf,
    },
    /// What should be a node key is none.
    #[error("{what} is no node key: it must be 64 hexadecimal digits, or a passphrase that is not empty")]
    Malformed {
        /// What was read.
        what: String,
    },
    /// The key cannot be made from the passphrase.
    #[error("the key cannot be made from the passphrase: the machine has too little memory for it")]
    Derivation,
    /// The operating system refused.
    #[error("{doing} failed ({file})")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        file: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl KeyringError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "KEYRING_MISSING",
            Self::WrongNodeKey { .. } => "NODE_KEY_WRONG",
            Self::OtherKind { .. } => "NODE_KEY_OTHER_KIND",
            Self::Damaged { .. } => "KEYRING_DAMAGED",
            Self::Newer { .. } => "KEYRING_NEWER",
            Self::Other { .. } => "KEYRING_OTHER",
            Self::Older { .. } => "KEYRING_OLDER",
            Self::NoNodeKey { .. } => "NODE_KEY_MISSING",
            Self::Malformed { .. } => "NODE_KEY_MALFORMED",
            Self::Derivation | Self::Io { .. } => "KEYRING_FAILED",
        }
    }

    /// The exit code of a process that ends because of it (`sysexits.h`).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } | Self::Derivation => 74,
            Self::Missing { .. }
            | Self::WrongNodeKey { .. }
            | Self::OtherKind { .. }
            | Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::Other { .. }
            | Self::Older { .. }
            | Self::NoNodeKey { .. }
            | Self::Malformed { .. } => 77,
        }
    }
}
