//! The node key: what opens the key file. Kept elsewhere than what it opens.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::KeyringError;

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// Bytes of a salt.
pub(super) const SALT_BYTES: usize = 16;

/// Memory of argon2id, in KiB: 64 MiB, asked for once a start; what a guess costs a thief.
const MEMORY_KIB: u32 = 64 * 1024;

/// Passes of argon2id over it.
const PASSES: u32 = 3;

/// The most memory that a key file may ask for, in KiB: a damaged one must not take all there is.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;

/// The most passes that a key file may ask for.
const PASSES_MAX: u32 = 64;

/// What opens the key file. Never shown; wiped when dropped.
#[derive(Clone)]
pub enum NodeKey {
    /// 32 bytes that nobody can guess.
    Key(Zeroizing<[u8; KEY_BYTES]>),
    /// A passphrase, from which the key is made each time.
    Passphrase(Zeroizing<String>),
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "NodeKey::Key(..)",
            Self::Passphrase(_) => "NodeKey::Passphrase(..)",
        })
    }
}

impl NodeKey {
    /// From the text of a key file: 64 hexadecimal digits in its first line. `what` names it in the error.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str, what: &str) -> Result<Self, KeyringError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let line = text.lines().next().unwrap_or_default().trim();
        hex::decode_to_slice(line, key.as_mut()).map_err(|_| KeyringError::Malformed { what: what.to_owned() })?;
        Ok(Self::Key(key))
    }

    /// From a passphrase.
    ///
    /// # Errors
    /// When it is empty.
    pub fn passphrase(text: Zeroizing<String>) -> Result<Self, KeyringError> {
        if text.is_empty() {
            return Err(KeyringError::Malformed { what: "an empty passphrase".to_owned() });
        }
        Ok(Self::Passphrase(text))
    }

    /// How a key file that is written anew says that it is opened.
    pub(super) fn new_lock(&self, salt: [u8; SALT_BYTES]) -> Lock {
        match self {
            Self::Key(_) => Lock::Key,
            Self::Passphrase(_) => Lock::Passphrase { salt, memory_kib: MEMORY_KIB, passes: PASSES },
        }
    }

    /// The key that opens a file with this lock; nothing where it needs another kind.
    pub(super) fn unlock(&self, lock: &Lock) -> Result<Option<FileKey>, KeyringError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        match (self, lock) {
            (Self::Key(own), Lock::Key) => key.copy_from_slice(own.as_ref()),
            (Self::Passphrase(text), Lock::Passphrase { salt, memory_kib, passes }) => {
                let params = Params::new((*memory_kib).min(MEMORY_KIB_MAX), (*passes).min(PASSES_MAX), 1, Some(KEY_BYTES));
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| KeyringError::Derivation)?);
                argon2.hash_password_into(text.as_bytes(), salt, key.as_mut()).map_err(|_| KeyringError::Derivation)?;
            }
            (Self::Key(_), Lock::Passphrase { .. }) | (Self::Passphrase(_), Lock::Key) => return Ok(None),
        }
        Ok(Some(FileKey(key)))
    }
}

/// How a key file is opened. Stands in the clear at its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// By the node key itself.
    Key,
    /// By a key that argon2id makes from a passphrase.
    Passphrase { salt: [u8; SALT_BYTES], memory_kib: u32, passes: u32 },
}

impl Lock {
    /// For people.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Key => "a key",
            Self::Passphrase { .. } => "a passphrase",
        }
    }
}

/// The key of a key file. Wiped when dropped.
pub(super) struct FileKey(Zeroizing<[u8; KEY_BYTES]>);

impl FileKey {
    /// Bytes of [`Self::check`].
    pub(super) const CHECK_BYTES: usize = 8;

    pub(super) fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Says whether a key is the right one without opening anything, so that a wrong key is told apart from a damaged file. A one-way function of the
    /// key; whoever tries passphrases could as well try to open the file.
    pub(super) fn check(&self) -> [u8; Self::CHECK_BYTES] {
        let hash = Sha256::new().chain_update(b"titian/keyring-check/v1\n").chain_update(self.expose()).finalize();
        let mut check = [0; Self::CHECK_BYTES];
        check.copy_from_slice(&hash[..Self::CHECK_BYTES]);
        check
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(..)")
    }
}
