//! The keys of one bucket: the leaves of a binary tree, each node made from the one above it by a one-way function (Goldreich, Goldwasser and Micali).
//! Who holds a node can make every leaf below it and nothing else. A bucket is kept as the few nodes that cover what was not destroyed.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Steps from the root to a leaf.
pub(super) const DEPTH: u8 = 10;

/// Leaves of a bucket.
pub(super) const SLOTS: u16 = 1 << DEPTH;

/// What each step hashes beside the node above and the side. With both it is 49 bytes: one block of SHA-256 a step, and always as long, so that no
/// node is the beginning of another's hash.
const STEP: &[u8; 16] = b"titian/slot/v1\n\0";

/// One node of a tree. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(super) struct Node([u8; Node::BYTES]);

impl Node {
    /// Bytes of a node.
    pub(super) const BYTES: usize = 32;

    pub(super) fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    pub(super) fn expose(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The node below, on the left (0) or the right (1).
    fn below(&self, side: u16) -> Self {
        let side = [u8::from(side & 1 == 1)];
        Self(Sha256::new().chain_update(STEP).chain_update(self.0).chain_update(side).finalize().into())
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node(..)")
    }
}

/// A node that covers leaves, and how deep it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    pub(super) depth: u8,
    /// In a place of its own: the map moves what it holds, and leaves what it moved behind.
    pub(super) node: Box<Node>,
}

/// What is left of a bucket's tree: nodes by the first leaf that they cover. None of them stands below another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tree(BTreeMap<u16, Cover>);

impl Tree {
    /// A whole one.
    pub(super) fn new(root: Node) -> Self {
        Self(BTreeMap::from([(0, Cover { depth: 0, node: Box::new(root) })]))
    }

    /// One that was written node by node; nothing where these are no nodes of a tree.
    pub(super) fn of(nodes: impl IntoIterator<Item = (u16, Cover)>) -> Option<Self> {
        let nodes: BTreeMap<_, _> = nodes.into_iter().collect();
        let mut free = 0;
        for (first, Cover { depth, .. }) in &nodes {
            let leaves = leaves_below(*depth)?;
            if *first < free || first % leaves != 0 {
                return None;
            }
            free = first.checked_add(leaves).filter(|end| *end <= SLOTS)?;
        }
        Some(Self(nodes))
    }

    /// Its nodes, by the first leaf that they cover.
    pub(super) fn nodes(&self) -> impl ExactSizeIterator<Item = (u16, &Cover)> {
        self.0.iter().map(|(first, cover)| (*first, cover))
    }

    /// Whether every leaf is destroyed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many leaves can still be made.
    #[cfg(test)]
    pub(super) fn leaves(&self) -> u16 {
        self.0.values().filter_map(|cover| leaves_below(cover.depth)).sum()
    }

    /// The node from which a leaf can be made, with the first leaf that it covers.
    fn covering(&self, slot: u16) -> Option<(u16, &Cover)> {
        let (first, cover) = self.0.range(..=slot).next_back()?;
        (slot - first < leaves_below(cover.depth)?).then_some((*first, cover))
    }

    /// Whether a leaf can still be made.
    #[cfg(test)]
    pub(super) fn has(&self, slot: u16) -> bool {
        self.covering(slot).is_some()
    }

    /// Destroys a leaf: in place of the node that covered it stand the nodes beside its path. Whether there was something to destroy.
    pub(super) fn puncture(&mut self, slot: u16) -> bool {
        let Some((mut first, _)) = self.covering(slot) else { return false };
        let Some(Cover { mut depth, mut node }) = self.0.remove(&first) else { return false };
        while depth < DEPTH {
            depth += 1;
            let half = 1 << (DEPTH - depth);
            let (left, right) = (Box::new(node.below(0)), Box::new(node.below(1)));
            if slot < first + half {
                self.0.insert(first + half, Cover { depth, node: right });
                node = left;
            } else {
                self.0.insert(first, Cover { depth, node: left });
                node = right;
                first += half;
            }
        }
        true
    }
}

fn leaves_below(depth: u8) -> Option<u16> {
    (depth <= DEPTH).then(|| 1 << (DEPTH - depth))
}

/// The way to the leaf that was made last. Slots are mostly asked for one after the other, and then two steps a leaf are enough in place of ten.
#[derive(Default)]
pub(super) struct Path {
    bucket: u32,
    slot: u16,
    /// Depth of the first of the nodes.
    top: u8,
    /// From the covering node to the leaf; empty: no way is known.
    nodes: Vec<Node>,
}

impl Path {
    /// The key of a slot; nothing where it is destroyed.
    pub(super) fn leaf(&mut self, bucket: u32, tree: &Tree, slot: u16) -> Option<Node> {
        let (_, cover) = tree.covering(slot)?;
        let differing = (u16::BITS - (self.slot ^ slot).leading_zeros()) as u8;
        let shared = DEPTH.saturating_sub(differing);
        if self.nodes.is_empty() || self.bucket != bucket || self.top != cover.depth || shared < self.top {
            self.nodes.clear();
            self.nodes.reserve_exact(usize::from(DEPTH) + 1);
            self.nodes.push(Node::clone(&cover.node));
            (self.bucket, self.top) = (bucket, cover.depth);
        } else {
            self.nodes.truncate(usize::from(shared - self.top) + 1);
        }
        self.slot = slot;
        while let Some(last) = self.nodes.last()
            && self.nodes.len() <= usize::from(DEPTH - self.top)
        {
            let depth = self.top + self.nodes.len() as u8;
            self.nodes.push(last.below(slot >> (DEPTH - depth)));
        }
        self.nodes.last().cloned()
    }

    /// Forgets the way: a key that it knows may be destroyed.
    pub(super) fn forget(&mut self) {
        self.nodes.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The leaf by its definition: ten hashes from the root, and nothing of what this file does to be quick.
    fn by_definition(root: [u8; 32], slot: u16) -> [u8; 32] {
        (0..DEPTH).rev().fold(root, |node, bit| {
            let side = (slot >> bit & 1) as u8;
            Sha256::digest([b"titian/slot/v1\n\0".as_slice(), &node, &[side]].concat()).into()
        })
    }

    fn leaf(tree: &Tree, slot: u16) -> Option<[u8; 32]> {
        Path::default().leaf(1, tree, slot).map(|node| *node.expose())
    }

    proptest! {
        #[test]
        fn a_tree_makes_every_leaf_but_the_destroyed(destroyed in prop::collection::btree_set(0..SLOTS, 0..200)) {
            let root = [7; 32];
            let mut tree = Tree::new(Node::new(root));
            for slot in &destroyed {
                prop_assert!(tree.puncture(*slot));
                prop_assert!(!tree.puncture(*slot));
            }
            let mut path = Path::default();
            for slot in 0..SLOTS {
                let expected = (!destroyed.contains(&slot)).then(|| by_definition(root, slot));
                prop_assert_eq!(path.leaf(1, &tree, slot).map(|node| *node.expose()), expected);
                prop_assert_eq!(tree.has(slot), expected.is_some());
            }
            prop_assert_eq!(usize::from(tree.leaves()), usize::from(SLOTS) - destroyed.len());
            // And no node that is kept stands above a destroyed leaf.
            for (first, Cover { depth, .. }) in tree.nodes() {
                prop_assert!(destroyed.range(first..first + leaves_below(*depth).unwrap()).next().is_none());
            }
            prop_assert_eq!(Tree::of(tree.nodes().map(|(first, cover)| (first, cover.clone()))), Some(tree.clone()));
        }

        #[test]
        fn the_order_of_destroying_leaves_no_trace(slots in prop::collection::btree_set(0..SLOTS, 0..60).prop_map(Vec::from_iter).prop_shuffle()) {
            let destroyed = |order: &[u16]| {
                let mut tree = Tree::new(Node::new([9; 32]));
                order.iter().for_each(|slot| assert!(tree.puncture(*slot)));
                tree
            };
            let sorted: BTreeSet<u16> = slots.iter().copied().collect();
            prop_assert_eq!(destroyed(&slots), destroyed(&Vec::from_iter(sorted)));
        }

        #[test]
        fn a_remembered_way_gives_the_same_keys(asked in prop::collection::vec((0..3u32, 0..SLOTS), 1..80)) {
            let trees = [1, 2, 3].map(|seed| Tree::new(Node::new([seed; 32])));
            let mut path = Path::default();
            for (bucket, slot) in asked {
                let tree = &trees[bucket as usize];
                prop_assert_eq!(path.leaf(bucket, tree, slot).map(|node| *node.expose()), leaf(tree, slot));
            }
        }
    }

    #[test]
    fn the_last_leaf_leaves_nothing() {
        let mut tree = Tree::new(Node::new([7; 32]));
        assert!((0..SLOTS).all(|slot| tree.puncture(slot)));
        assert!(tree.is_empty());
    }

    #[test]
    fn what_is_no_tree_is_told_apart() {
        let cover = |depth| Cover { depth, node: Box::new(Node::new([7; 32])) };
        for nodes in [vec![(0, cover(11))], vec![(1, cover(9))], vec![(0, cover(0)), (512, cover(1))], vec![(1024, cover(10))]] {
            assert_eq!(Tree::of(nodes), None);
        }
        assert_eq!(format!("{:?}", cover(3).node), "Node(..)");
    }
}
