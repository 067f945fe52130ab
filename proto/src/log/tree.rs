//! RFC 6962 Merkle trees over SHA-256: root, inclusion path, and the root that a path leads to. Seals use small ones, the log a large one.

use sha2::Digest as _;

use crate::log::proof::Nodes;
use crate::model::id::Digest;

/// The hash of a leaf: SHA-256 of a zero byte and the leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest(sha2::Sha256::new().chain_update([0]).chain_update(leaf).finalize().into())
}

/// The hash of an inner node: SHA-256 of a one byte and both children.
#[must_use]
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    Digest(sha2::Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// A whole tree in memory. The levels stand one above the other, leaf hashes first; a node without a neighbour rises as it is, which gives the
/// tree of RFC 6962.
#[derive(Clone, Debug)]
pub struct Tree {
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree over these leaf hashes. More than `u32::MAX` do not fit in memory.
    #[must_use]
    pub fn new(leaf_hashes: Vec<Digest>) -> Self {
        let mut levels = vec![leaf_hashes];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks(2).map(join).collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// Number of leaves.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.levels.first().map_or(0, |leaves| u32::try_from(leaves.len()).unwrap_or(u32::MAX))
    }

    /// The root; of an empty tree the SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.levels.last().and_then(|top| top.first()).copied().unwrap_or_else(|| Digest::of(b""))
    }

    /// The inclusion path of a leaf, from the bottom; empty where the tree has no such leaf.
    #[must_use]
    pub fn path(&self, index: u32) -> Vec<Digest> {
        if index >= self.count() {
            return Vec::new();
        }
        let neighbour = |(height, level): (usize, &Vec<Digest>)| level.get((index as usize >> height) ^ 1).copied();
        self.levels.iter().enumerate().filter_map(neighbour).collect()
    }

    /// Every node, level above level, the leaf hashes first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Digest> {
        self.levels.iter().flatten()
    }

    /// As [`Self::path`], as places among [`Self::nodes`].
    pub(crate) fn path_places(&self, index: u32) -> impl Iterator<Item = usize> {
        let levels = if index < self.count() { self.levels.as_slice() } else { &[] };
        let neighbour = move |below: &mut usize, (height, level): (usize, &Vec<Digest>)| {
            let (at, first) = ((index as usize >> height) ^ 1, *below);
            *below += level.len();
            Some((at < level.len()).then_some(first + at))
        };
        levels.iter().enumerate().scan(0, neighbour).flatten()
    }
}

impl Nodes for Tree {
    fn node(&self, height: u32, number: u64) -> Option<Digest> {
        // The last node of a level may stand over fewer leaves than a complete subtree has.
        let end = number.checked_add(1)?.checked_shl(height)?;
        let complete = end >> height == number + 1 && end <= u64::from(self.count());
        let level = self.levels.get(height as usize).filter(|_| complete)?;
        level.get(usize::try_from(number).ok()?).copied()
    }
}

/// The root that a leaf's path leads to (RFC 9162, 2.1.3.2). None when the path cannot belong to this place in a tree of this count.
#[must_use]
pub fn root_of_path(leaf_hash: Digest, index: u64, count: u64, path: &[Digest]) -> Option<Digest> {
    if index >= count {
        return None;
    }
    let (mut place, mut last, mut hash) = (index, count - 1, leaf_hash);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if place % 2 == 1 || place == last {
            hash = node_hash(*sibling, hash);
            while place % 2 == 0 && place != 0 {
                place /= 2;
                last /= 2;
            }
        } else {
            hash = node_hash(hash, *sibling);
        }
        place /= 2;
        last /= 2;
    }
    (last == 0).then_some(hash)
}

fn join(pair: &[Digest]) -> Digest {
    match pair {
        [left, right] => node_hash(*left, *right),
        [alone] => *alone,
        _ => Digest::ZERO, // chunks of two hold one or two
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
