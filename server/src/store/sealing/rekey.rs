//! Another node key for the same keys.

use super::error::KeyringError;
use super::keyring::Keyring;
use super::{NodeKey, Sealing};

/// Whether the key file opens with this node key. One that is not there opens with every key.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub fn opens(sealing: &Sealing) -> Result<bool, KeyringError> {
    match Keyring::load(sealing, false) {
        Ok(_) => Ok(true),
        Err(KeyringError::WrongNodeKey { .. } | KeyringError::OtherKind { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a key file.
#[cfg(test)]
pub(crate) fn testing_keyring(sealing: &Sealing) {
    Keyring::load(sealing, false).unwrap().make_ahead().unwrap();
}

/// Writes the key file anew, to be opened by another node key. No process may have the store open.
///
/// # Errors
/// When it does not open with the present key, or a copy cannot be written: that one still opens with the old key.
pub fn rekey(sealing: &Sealing, new: &NodeKey) -> Result<(), KeyringError> {
    Keyring::load(sealing, true)?.write_for(new)
}
