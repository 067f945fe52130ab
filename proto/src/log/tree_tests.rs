use proptest::prelude::*;

use super::*;

fn leaves(count: u32) -> Vec<Digest> {
    (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

/// The definition of RFC 6962, word for word: split at the largest power of two below the count.
fn root_by_definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [one] => *one,
        many => {
            let split = many.len().next_power_of_two() / 2;
            node_hash(root_by_definition(&many[..split]), root_by_definition(&many[split..]))
        }
    }
}

#[test]
fn every_place_of_every_count_proves_and_no_other_place_does() {
    for count in 1..=200 {
        let tree = Tree::new(leaves(count));
        assert_eq!(tree.root(), root_by_definition(&leaves(count)), "root of {count}");
        for (index, leaf) in leaves(count).into_iter().enumerate() {
            let index = u32::try_from(index).unwrap();
            let path = tree.path(index);
            assert_eq!(root_of_path(leaf, index.into(), count.into(), &path), Some(tree.root()), "{index} of {count}");
            let moved = root_of_path(leaf, u64::from(index ^ 1), count.into(), &path);
            assert!(count == 1 || moved != Some(tree.root()), "{index} of {count} proves at its neighbour's place");
        }
    }
}

#[test]
fn places_of_a_path_lead_to_its_nodes() {
    for count in 0..=33 {
        let tree = Tree::new(leaves(count));
        let nodes: Vec<Digest> = tree.nodes().copied().collect();
        for index in 0..=count {
            assert_eq!(tree.path_places(index).map(|place| nodes[place]).collect::<Vec<_>>(), tree.path(index), "{index} of {count}");
        }
    }
}

#[test]
fn the_empty_tree_is_the_hash_of_nothing() {
    assert_eq!(Tree::new(Vec::new()).root(), Digest::of(b""));
    assert_eq!(root_of_path(Digest::ZERO, 0, 0, &[]), None);
}

proptest! {
    #[test]
    fn a_changed_bit_fails(count in 1_u32..=200, place in any::<prop::sample::Index>(), node in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let tree = Tree::new(leaves(count));
        let index = u32::try_from(place.index(count as usize)).unwrap();
        let mut hashes = vec![leaves(count)[index as usize]];
        hashes.extend(tree.path(index));
        let changed = node.index(hashes.len());
        hashes[changed].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert_ne!(root_of_path(hashes[0], index.into(), count.into(), &hashes[1..]), Some(tree.root()));
    }

    #[test]
    fn a_longer_or_shorter_path_fails(count in 2_u32..=200, place in any::<prop::sample::Index>()) {
        let tree = Tree::new(leaves(count));
        let index = u32::try_from(place.index(count as usize)).unwrap();
        let leaf = leaves(count)[index as usize];
        let mut path = tree.path(index);
        path.push(Digest::ZERO);
        prop_assert_eq!(root_of_path(leaf, index.into(), count.into(), &path), None);
        path.truncate(path.len() - 2);
        prop_assert_ne!(root_of_path(leaf, index.into(), count.into(), &path), Some(tree.root()));
    }
}
