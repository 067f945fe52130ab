//! Personal data at rest: sealed on its way into the engine, opened on its way out, and gone for good once its key is destroyed.
//!
//! Each sealed value has a key of its own: a leaf of a tree of 1024 leaves, a *bucket*. Buckets live in the *key file*, small, beside the store and
//! never in an export; the key file is opened by the *node key*, which is kept elsewhere. A key is destroyed by *puncturing* its bucket: in place of
//! the root come the few nodes from which every other leaf, and not this one, can be made. So nothing is written again for the survivors, neither in
//! the store nor in any backup, and they stay readable in both; wrapping them anew under a new bucket key, as one would else, makes every older backup
//! of them unreadable and writes a thousand rows for each one destroyed.
//!
//! The leaf itself is the record key. A random key wrapped by the leaf would open to the same people and be destroyed by the same act, for 48 bytes
//! and a second sealing more.
//!
//! - `tree`: the keys of a bucket, and how one of them is destroyed.
//! - `keyring`: all buckets, who gets the next slot; `key_file`: how they are written; `key_disk`: where.
//! - `node_key`: what opens the key file; `error`: why it cannot.
//! - `value`: a sealed value; `tables`: which tables are sealed, and why the others need not be.
//! - `vault`: the engine, seen through all this; `recent`: what need not be opened again.
//! - `survey`: what a thief of the disk would find; `rekey`: another node key.
//! - `destroy`: slots that were released are punctured, with their rows as the list of what is still to be done.

mod destroy;
mod error;
mod key_disk;
mod key_file;
mod keyring;
mod node_key;
mod recent;
mod rekey;
mod survey;
mod tables;
mod tree;
mod value;
mod vault;

pub(crate) use destroy::{Destroyer, Destroying, is_owed, row as released_row};
pub use error::KeyringError;
#[cfg(any(test, feature = "simulation"))]
pub use key_disk::MemoryKeys;
pub use key_disk::{FileKeys, KeyCopy, KeyDisk, destroy_file};
#[cfg(feature = "simulation")]
pub(crate) use keyring::Keyring;
pub use node_key::NodeKey;
#[cfg(test)]
pub(crate) use rekey::testing_keyring;
pub use rekey::{opens, rekey};
#[cfg(test)]
pub(crate) use survey::survey_engine;
pub use survey::{TableSurvey, survey};
pub(crate) use tables::is_sealed;
pub(crate) use value::{OVERHEAD_BYTES, Slot, is_sealed_value};
pub(crate) use vault::{Found, Vault};

use std::sync::Arc;

use crate::ambient::Ambient;

/// Where the key file of a store lies, and what opens it.
#[derive(Clone)]
pub struct Sealing {
    /// Where it lies.
    pub disk: Arc<dyn KeyDisk>,
    /// What opens it.
    pub node_key: NodeKey,
    /// Randomness for keys and nonces, and for nothing else: one seed gives a world the same story whatever is sealed in it.
    pub ambient: Ambient,
}
