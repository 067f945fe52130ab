//! Proofs of the tree of RFC 6962: that a leaf stands in it, and that a later tree only added to an earlier one. Provers follow the definition of
//! RFC 6962, 2.1; verifiers are the ones of RFC 9162, 2.1.3.2 and 2.1.4.2, so that one does not hide a fault of the other.

use crate::log::tree::{node_hash, root_of_path};
use crate::model::id::Digest;

/// Where a prover finds the hashes of complete subtrees: at height `h`, number `i` stands over the leaves from `i << h` to `(i + 1) << h`.
pub trait Nodes {
    /// The hash of a complete subtree; none where it is not known.
    fn node(&self, height: u32, number: u64) -> Option<Digest>;
}

/// The root over the first `count` leaves; of none the SHA-256 of nothing. None where a hash is not known.
#[must_use]
pub fn root(nodes: &impl Nodes, count: u64) -> Option<Digest> {
    if count == 0 { Some(Digest::of(b"")) } else { range(nodes, 0, count) }
}

/// The inclusion path of a leaf in the tree over the first `count` leaves, from the bottom. None outside the tree or where a hash is not known.
#[must_use]
pub fn prove_inclusion(nodes: &impl Nodes, index: u64, count: u64) -> Option<Vec<Digest>> {
    if index >= count {
        return None;
    }
    let (mut start, mut end, mut path) = (0, count, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether a leaf stands at this index of the tree with this root.
#[must_use]
pub fn verify_inclusion(leaf_hash: Digest, index: u64, head: (u64, Digest), path: &[Digest]) -> bool {
    root_of_path(leaf_hash, index, head.0, path) == Some(head.1)
}

/// The proof that the tree over `new` leaves only added to the one over `old`. Empty from the empty tree and between equal ones. None where `old` is
/// larger or a hash is not known.
#[must_use]
pub fn prove_consistency(nodes: &impl Nodes, old: u64, new: u64) -> Option<Vec<Digest>> {
    if old > new {
        return None;
    }
    if old == 0 || old == new {
        return Some(Vec::new());
    }
    let (mut start, mut end, mut proof) = (0, new, Vec::new());
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            proof.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    // A subtree that begins at the first leaf is the old tree itself, which the verifier holds.
    if start > 0 {
        proof.push(range(nodes, start, end)?);
    }
    proof.reverse();
    Some(proof)
}

/// Whether the newer of two heads (count and root) only added to the older one.
#[must_use]
pub fn verify_consistency(old: (u64, Digest), new: (u64, Digest), proof: &[Digest]) -> bool {
    if old.0 == 0 {
        return proof.is_empty() && old.1 == Digest::of(b"") && (new.0 > 0 || new.1 == old.1);
    }
    if old.0 >= new.0 {
        return old == new && proof.is_empty();
    }
    let (mut place, mut last) = (old.0 - 1, new.0 - 1);
    let whole = place.trailing_ones();
    (place, last) = (place >> whole, last >> whole);
    // An old tree of a power of two is itself the first node.
    let (first, rest) = if old.0.is_power_of_two() {
        (old.1, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (*first, rest)
    };
    let (mut old_root, mut new_root) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            (old_root, new_root) = (node_hash(*sibling, old_root), node_hash(*sibling, new_root));
            while place.is_multiple_of(2) && place != 0 {
                (place, last) = (place / 2, last / 2);
            }
        } else {
            new_root = node_hash(new_root, *sibling);
        }
        (place, last) = (place / 2, last / 2);
    }
    last == 0 && old_root == old.1 && new_root == new.1
}

/// The root over leaves `start..end`, where `start` is a multiple of the power of two that holds the range.
fn range(nodes: &impl Nodes, start: u64, end: u64) -> Option<Digest> {
    let count = end - start;
    if count.is_power_of_two() {
        let height = count.trailing_zeros();
        return nodes.node(height, start >> height);
    }
    let middle = start + split(count);
    Some(node_hash(range(nodes, start, middle)?, range(nodes, middle, end)?))
}

/// The largest power of two below a count of two or more.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
