use proptest::prelude::*;

use super::*;
use crate::log::proof::{prove_consistency, prove_inclusion};
use crate::log::tree::leaf_hash;

fn hashes(count: u64) -> Vec<Digest> {
    (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

fn grown(count: u64) -> Levels {
    let mut levels = Levels::default();
    hashes(count).into_iter().for_each(|hash| levels.push(hash));
    levels
}

#[test]
fn files_lie_where_the_specification_says() {
    let path = |kind, number, width| Tile { kind, number, width }.path();
    assert_eq!(path(Kind::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(Kind::Hashes(1), 0, 256), "tile/1/000");
    assert_eq!(path(Kind::Hashes(0), 273, 112), "tile/0/273.p/112");
    assert_eq!(path(Kind::Entries, 1_000, 1), "tile/entries/x001/000.p/1");
}

#[test]
fn a_log_of_seventy_thousand_has_these_files() {
    let files: Vec<Tile> = Tile::of_size(70_000).collect();
    let of = |kind| files.iter().filter(|tile| tile.kind == kind).collect::<Vec<_>>();
    assert_eq!((of(Kind::Entries).len(), of(Kind::Hashes(0)).len(), of(Kind::Hashes(1)).len()), (274, 274, 2));
    assert_eq!(of(Kind::Hashes(1)).last().map(|tile| tile.path()), Some("tile/1/001.p/17".to_owned()));
    assert_eq!(of(Kind::Hashes(2)).last().map(|tile| tile.path()), Some("tile/2/000.p/1".to_owned()));
    assert_eq!(files.len(), 274 + 274 + 2 + 1);
    assert_eq!(Tile::of_size(0).count(), 0);
    assert!(Tile::of_size(256).all(|tile| tile.width == 256 || tile.kind == Kind::Hashes(1)));
}

#[test]
fn levels_give_the_same_roots_and_proofs_as_a_whole_tree() {
    // Two levels of tiles are full, and a third has begun.
    let count = 66_000;
    let (levels, tree) = (grown(count), Tree::new(hashes(count)));
    assert_eq!(levels.size(), count);
    for size in [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, count] {
        assert_eq!(levels.root(size), Some(Tree::new(hashes(size)).root()), "{size}");
        for index in [0, size / 2, size - 1] {
            assert_eq!(prove_inclusion(&levels, index, size), prove_inclusion(&tree, index, size), "{index} of {size}");
            assert!(prove_inclusion(&levels, index, size).is_some());
        }
        assert_eq!(prove_consistency(&levels, size, count), prove_consistency(&tree, size, count), "{size} to {count}");
    }
    assert_eq!(levels.root(count + 1), None);
    for tile in Tile::of_size(count).filter(|tile| tile.kind != Kind::Entries) {
        assert_eq!(levels.hashes(tile).map(<[Digest]>::len), Some(tile.width.into()), "{}", tile.path());
    }
}

#[test]
fn a_bundle_of_another_count_or_with_more_behind_it_is_refused() {
    let leaves: [&[u8]; 3] = [b"one", b"", b"three"];
    let bytes = encode_entries(leaves).unwrap();
    assert_eq!(decode_entries(&bytes, 3).unwrap(), leaves);
    assert!(decode_entries(&bytes, 2).is_err() && decode_entries(&bytes, 4).is_err());
    assert!(decode_entries(&bytes[..bytes.len() - 1], 3).is_err());
    assert!(decode_entries(&[bytes.as_slice(), &[0]].concat(), 3).is_err());
    assert!(encode_entries([]).is_err());
    assert!(encode_entries(vec![b"x".as_slice(); 257]).is_err());
    assert!(encode_entries([vec![0; Leaf::LENGTH_MAX + 1].as_slice()]).is_err());
}

#[test]
fn a_tile_of_another_count_is_refused() {
    let bytes = encode_hashes(&hashes(7));
    assert_eq!(decode_hashes(&bytes, 7).unwrap(), hashes(7));
    assert!(decode_hashes(&bytes, 6).is_err() && decode_hashes(&bytes, 8).is_err());
    assert!(decode_hashes(&bytes[1..], 7).is_err());
}

proptest! {
    #[test]
    fn what_decodes_is_what_was_encoded(bytes in prop::collection::vec(any::<u8>(), 1..200), width in 1_u16..8) {
        if let Ok(leaves) = decode_entries(&bytes, width) {
            prop_assert_eq!(encode_entries(leaves).unwrap(), bytes);
        }
    }
}
