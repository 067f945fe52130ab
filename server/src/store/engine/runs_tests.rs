//! The index with runs says what a map says, whatever is put, changed and taken away, and whoever reads meanwhile.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use proptest::prelude::*;

use super::super::folder::Folder;
use super::super::index::{Index, Slot};
use super::super::journal::{Place, Pointer};
use super::*;

/// Changes of some keys: a small value, or that there is none any more.
type Written = BTreeMap<Bytes, Option<Bytes>>;

fn index(folder: &std::path::Path) -> (Index, Folder) {
    let folder = Folder::take(folder, "sled").unwrap();
    (Index::open(&folder).unwrap(), folder)
}

/// A key of a table that ends with an id which grows, or with one that does not.
fn key(table: &str, number: u16, grows: bool) -> Bytes {
    let mut id = [0; ID_BYTES];
    id[4..6].copy_from_slice(&number.to_be_bytes());
    (id[6], id[8]) = if grows { (0x70, 0x80) } else { (0x10, 0x80) };
    [table.as_bytes(), &id].concat().into()
}

fn settle(index: &Index, written: &Written) {
    let pointer = Pointer::read(&[7; Pointer::BYTES]).unwrap();
    index.settle(written.iter().map(|(key, value)| (key, value.as_ref().map(|value| (value, pointer)))), Place::default()).unwrap();
}

fn value(slot: Slot) -> Bytes {
    match slot {
        Slot::Here(value) => value,
        Slot::Elsewhere(pointer) => Bytes::copy_from_slice(&pointer.write()),
    }
}

fn all(index: &Index, from: Bound<&[u8]>, prefix: &[u8]) -> Vec<(Bytes, Bytes)> {
    let found = index.range(from, prefix).map(|found| found.map(|(key, slot)| (key, value(slot))).unwrap());
    found.take_while(|(key, _)| key.starts_with(prefix)).collect()
}

fn runs(index: &Index) -> usize {
    index.database().range(SPACE..SPACE_END).count()
}

fn some_written() -> impl Strategy<Value = Vec<Written>> {
    let table = prop::sample::select(vec!["given/a", "given/b", "held/", "case/"]);
    let one =
        (table, 0..4_u16, 0..60_u16, prop::option::weighted(0.8, prop::collection::vec(1..=255_u8, 0..20)), prop::bool::weighted(0.9));
    let change = |(table, high, low, value, grows): (&str, u16, u16, Option<Vec<u8>>, bool)| {
        (key(table, high * 100 + low, grows), value.map(Bytes::from))
    };
    prop::collection::vec(prop::collection::vec(one.prop_map(change), 1..120).prop_map(Written::from_iter), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_index_with_runs_says_what_a_map_says(batches in some_written(), reopened in 0..12_usize) {
        let folder = tempfile::tempdir().unwrap();
        let (mut open, mut map) = (index(folder.path()), BTreeMap::new());
        for (at, written) in batches.iter().enumerate() {
            settle(&open.0, written);
            for (key, value) in written {
                match value {
                    Some(value) => drop(map.insert(key.clone(), value.clone())),
                    None => drop(map.remove(key)),
                }
            }
            if at == reopened {
                drop(open);
                open = index(folder.path());
            }
            for key in batches.iter().flat_map(Written::keys) {
                prop_assert_eq!(open.0.get(key).unwrap().map(value), map.get(key).cloned());
            }
            for prefix in [b"".as_slice(), b"given/", b"given/a", b"held/", b"nowhere/"] {
                let wanted = |after: &[u8]| map.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_ref() > after).map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>();
                prop_assert_eq!(all(&open.0, Bound::Included(prefix), prefix), wanted(b""));
                for key in written.keys().filter(|key| key.starts_with(prefix)).take(3) {
                    prop_assert_eq!(all(&open.0, Bound::Excluded(key), prefix), wanted(key));
                }
            }
        }
    }
}

#[test]
fn what_is_put_one_behind_the_other_stands_together_and_what_comes_between_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let (index, _folder) = index(folder.path());
    let put = |numbers: &mut dyn Iterator<Item = u16>| {
        settle(&index, &numbers.map(|number| (key("given/a", number, true), Some(Bytes::from_static(b"\x01given")))).collect());
    };
    put(&mut (0..1000).map(|number| number * 10));
    assert_eq!(runs(&index), 1000_usize.div_ceil(KEYS));
    put(&mut (0..1000).map(|number| 10_000 + number));
    assert_eq!(runs(&index), 2 * 1000_usize.div_ceil(KEYS));
    // A run takes in what belongs between its keys, and comes apart when it is too long.
    put(&mut (1..10));
    put(&mut (0..310).filter(|number| number % 10 != 0));
    assert!(runs(&index) > 2 * 1000_usize.div_ceil(KEYS));
    assert_eq!(all(&index, Bound::Unbounded, b"given/a").len(), 2000 + 279);
    assert_eq!(index.database().range(b"given/".as_slice()..).count(), 0, "none stands by itself");
    settle(&index, &(0..11_000).map(|number| (key("given/a", number, true), None)).collect());
    assert_eq!((runs(&index), all(&index, Bound::Unbounded, b"").len()), (0, 0));
}

#[test]
fn who_reads_while_runs_come_apart_misses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (index, _folder) = index(folder.path());
    let written = |numbers: &mut dyn Iterator<Item = u16>| -> Written {
        numbers.map(|number| (key("given/a", number, true), Some(Bytes::from_static(b"\x01given")))).collect()
    };
    settle(&index, &written(&mut (0..640).map(|number| number * 100)));
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut rounds = 0;
            while !ended.load(Ordering::Acquire) || rounds == 0 {
                let old = all(&index, Bound::Unbounded, b"given/a")
                    .into_iter()
                    .filter(|(key, _)| u16::from_be_bytes([key[11], key[12]]) % 100 == 0);
                assert_eq!(old.count(), 640);
                for number in (0..640).step_by(31) {
                    assert!(index.get(&key("given/a", number * 100, true)).unwrap().is_some());
                }
                rounds += 1;
            }
        });
        for part in 1..100 {
            settle(&index, &written(&mut (0..640).map(|number| number * 100 + part)));
        }
        ended.store(true, Ordering::Release);
        reading.join().unwrap();
    });
    assert_eq!(all(&index, Bound::Unbounded, b"given/a").len(), 64_000);
}

#[test]
fn damage_is_told_apart_from_runs() {
    for stored in [b"".as_slice(), b"\x02", b"\x01short", &[&[FORM], [7; ID_BYTES].as_slice(), &[9], b"little"].concat()] {
        assert!(Run::read(stored).is_err());
    }
}
