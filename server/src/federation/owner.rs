//! What a node's owners sign with the root keys they keep offline, on a machine that runs no node.

use std::path::{Path, PathBuf};

use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::CompromiseNotice;
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;

use super::keys::{KeyError, SecretKey, load_key, write_key};
use crate::ambient::Ambient;

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// A root key cannot be used.
    #[error("a root key cannot be used")]
    Key(#[from] KeyError),
    /// The words break their form.
    #[error("the notice cannot be made")]
    Malformed(#[from] Malformed),
}

/// Signs a notice that a node's keys are in other hands, with the root keys in these files; gives the text for the file that every union gets.
///
/// # Errors
/// When a key cannot be used, or the notice breaks its form.
pub fn sign_compromise(roots: &[PathBuf], node_id: NodeId, since: Instant, key_ids: Vec<String>) -> Result<String, OwnerError> {
    let keys = roots.iter().map(|file| load_key(file)).collect::<Result<Vec<_>, _>>()?;
    let keys: Vec<_> = keys.iter().map(SecretKey::signing_key).collect();
    Ok(CompromiseNotice::sign(node_id, since, key_ids, &keys)?.to_file())
}

/// Makes a root key for an owner and writes it into a new file; gives its public half, as 64 hexadecimal digits.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn new_root_key(ambient: &Ambient, file: &Path) -> Result<String, OwnerError> {
    let key = SecretKey::generate(ambient);
    write_key(file, &key)?;
    Ok(hex::encode(key.public_bytes()))
}
