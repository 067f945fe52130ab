//! What auditors read: the leaves of the node's log, in order and as they are.

use bytes::Bytes;
use titian_proto::log::leaf::Leaf;
use titian_proto::model::vocabulary::Purpose;

use crate::acts::error::ActError;
use crate::store::{LogTable as _, Store};

/// Leaves read at a time; a leaf is a few hundred bytes.
pub const LEAVES_A_PAGE: usize = 256;

/// Number of leaves that are on stable storage: a leaf that an auditor has seen never goes away again. Waits for the disk.
///
/// # Errors
/// When the store cannot be read.
pub async fn size(store: &Store) -> Result<u64, ActError> {
    // A write that changes nothing is answered when everything it saw is durable.
    store.write(|unit| Ok::<_, ActError>(unit.leaf_count()?)).await
}

/// Up to `limit` leaves from an index on, in order, each with its index. Callers stay below [`size`].
///
/// # Errors
/// When the store cannot be read.
pub fn leaves(store: &Store, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, ActError> {
    Ok(store.view().leaves(from, limit)?)
}

/// Whether a leaf is about something with this purpose.
#[must_use]
pub fn is_for(leaf: &[u8], purpose: Purpose) -> bool {
    Leaf::parse(leaf).is_ok_and(|leaf| leaf.purpose == Some(purpose))
}
