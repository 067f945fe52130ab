use proptest::prelude::*;

use super::*;
use crate::log::tree::{Tree, leaf_hash};

/// The leaves of the tests that Certificate Transparency's implementations share, and the roots that they publish for 1 to 8 of them.
const PUBLISHED_LEAVES: [&str; 8] = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const PUBLISHED_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
/// Trees of the exhaustive tests have up to this many leaves: all shapes of seven levels.
const COUNT_MAX: u64 = 130;

fn grown(count: u64) -> Tree {
    Tree::new((0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect())
}

fn head(count: u64) -> (u64, Digest) {
    (count, grown(count).root())
}

#[test]
fn roots_are_the_published_ones() {
    let hashes = PUBLISHED_LEAVES.map(|leaf| leaf_hash(&hex::decode(leaf).unwrap()));
    let tree = Tree::new(hashes.to_vec());
    for (count, published) in (1..).zip(PUBLISHED_ROOTS) {
        assert_eq!(hex::encode(root(&tree, count).unwrap().0), published, "{count} leaves");
    }
    assert_eq!(root(&tree, 0), Some(Digest::of(b"")));
    assert_eq!(root(&tree, 9), None, "a leaf that is not there");
}

#[test]
fn every_inclusion_verifies_at_its_own_place_only() {
    let tree = grown(COUNT_MAX);
    for count in 1..=COUNT_MAX {
        let head = head(count);
        for index in 0..count {
            let path = prove_inclusion(&tree, index, count).unwrap();
            let leaf = leaf_hash(&index.to_be_bytes());
            assert!(verify_inclusion(leaf, index, head, &path), "{index} of {count}");
            assert!(!verify_inclusion(leaf, index + 1, head, &path), "{index} of {count}, one place on");
        }
        assert_eq!(prove_inclusion(&tree, count, count), None);
    }
}

#[test]
fn every_growth_verifies_and_no_other_head_does() {
    let tree = grown(COUNT_MAX);
    let heads: Vec<_> = (0..=COUNT_MAX).map(head).collect();
    for (old, old_head) in (0..).zip(&heads) {
        for (new, new_head) in (old..).zip(&heads[usize::try_from(old).unwrap()..]) {
            let proof = prove_consistency(&tree, old, new).unwrap();
            assert!(verify_consistency(*old_head, *new_head, &proof), "{old} to {new}");
            assert!(!verify_consistency((old, Digest::ZERO), *new_head, &proof), "{old} to {new}, another old root");
            let too_long = [proof.as_slice(), &[Digest::ZERO]].concat();
            assert!(!verify_consistency(*old_head, *new_head, &too_long), "{old} to {new}, a hash too many");
            // From the empty tree everything is growth; there is nothing that a proof could hold on to.
            assert!(old == 0 && new > 0 || !verify_consistency(*old_head, (new, Digest::ZERO), &proof), "{old} to {new}, another new root");
            assert!(old == new || !verify_consistency(*new_head, *old_head, &proof), "{new} back to {old}");
        }
    }
    assert_eq!(prove_consistency(&tree, 2, 1), None);
}

proptest! {
    #[test]
    fn a_history_that_was_rewritten_has_no_proof(old in 1_u64..200, more in 1_u64..200, place in any::<prop::sample::Index>()) {
        let changed = place.index(usize::try_from(old).unwrap());
        let mut leaves: Vec<Digest> = (0..old + more).map(|index| leaf_hash(&index.to_be_bytes())).collect();
        leaves[changed] = leaf_hash(b"rewritten");
        let fork = Tree::new(leaves);
        let proof = prove_consistency(&fork, old, old + more).unwrap();
        prop_assert!(!verify_consistency(head(old), (old + more, fork.root()), &proof));
    }

    #[test]
    fn a_changed_or_missing_hash_fails(old in 1_u64..200, more in 1_u64..200, place in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let new = old + more;
        let proof = prove_consistency(&grown(new), old, new).unwrap();
        let place = place.index(proof.len());
        let mut changed = proof.clone();
        changed[place].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!verify_consistency(head(old), head(new), &changed));
        let mut shorter = proof;
        shorter.remove(place);
        prop_assert!(!verify_consistency(head(old), head(new), &shorter));
    }

    #[test]
    fn no_bytes_make_a_verifier_stop(old in any::<u64>(), new in any::<u64>(), proof in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let proof: Vec<Digest> = proof.into_iter().map(Digest).collect();
        prop_assert!(!verify_consistency((old, Digest::ZERO), (new, Digest([1; 32])), &proof));
        prop_assert!(!verify_inclusion(Digest::ZERO, old, (new, Digest([1; 32])), &proof));
    }
}
