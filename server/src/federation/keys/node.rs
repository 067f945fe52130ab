//! The file of the key that opens the store's key file, where it is kept in a file.

use std::path::Path;

use zeroize::Zeroizing;

use super::{KeyError, KeyFolder, write_secret};

/// File of the key that opens the store's key file.
pub const NODE_KEY_FILE: &str = "node.key";

/// File of the one that is to take its place.
pub const NEW_NODE_KEY_FILE: &str = "node.key.new";

impl KeyFolder {
    /// Writes that key into a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn store_node_key(&self, key: &[u8; 32]) -> Result<(), KeyError> {
        write_node_key(&self.path(NODE_KEY_FILE), key)
    }
}

/// Writes such a key into a new file, as 64 hexadecimal digits.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn write_node_key(file: &Path, key: &[u8; 32]) -> Result<(), KeyError> {
    let mut text = Zeroizing::new(hex::encode(key));
    text.push('\n');
    write_secret(file, text.as_bytes())
}
