//! A leaf of a log, as a peer or an auditor reads it.

use titian_proto::log::Leaf;
use titian_proto::model::id::Digest;

use super::assert_same;

/// Reads a leaf. One that is read is canonical: there are no other bytes that say the same.
pub fn enter(bytes: &[u8]) -> bool {
    let Ok(leaf) = Leaf::parse(bytes) else { return false };
    assert!(leaf.encode() == bytes, "a leaf was read from bytes that are not its own");
    assert_same(&leaf, Leaf::parse(&leaf.encode()));
    Leaf::hash(bytes) != Digest::ZERO
}
