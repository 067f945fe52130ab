//! What every engine must do, as tests. A new engine adds two lines at the end.

use bytes::Bytes;

use super::{Batch, Engine, EngineError, KEY_MAX, VALUE_MAX};

fn puts(pairs: &[(&'static str, &'static str)]) -> Batch {
    Batch { puts: pairs.iter().map(|(key, value)| (Bytes::from(*key), Bytes::from(*value))).collect(), ..Batch::default() }
}

fn keys(engine: &dyn Engine, prefix: &str, after: Option<&str>, limit: usize) -> Vec<String> {
    let pairs = engine.scan(prefix.as_bytes(), after.map(str::as_bytes), limit).unwrap();
    pairs.into_iter().map(|(key, _)| String::from_utf8(key.to_vec()).unwrap()).collect()
}

/// Runs the whole contract against an empty engine.
pub(crate) fn holds(engine: &dyn Engine) {
    what_is_put_can_be_read(engine);
    a_scan_is_ordered_bounded_and_stays_in_its_prefix(engine);
    a_batch_with_a_false_precondition_changes_nothing(engine);
    what_is_too_large_is_refused(engine);
    one_batch_puts_and_deletes(engine);
    engine.sync().unwrap();
    engine.health().unwrap();
}

fn what_is_put_can_be_read(engine: &dyn Engine) {
    assert_eq!(engine.get(b"a/1").unwrap(), None);
    engine.apply(puts(&[("a/1", "one"), ("a/2", ""), ("b/1", "x")])).unwrap();
    assert_eq!(engine.get(b"a/1").unwrap().unwrap(), "one");
    assert_eq!(engine.get(b"a/2").unwrap().unwrap(), "", "an empty value is there");
    engine.apply(puts(&[("a/1", "uno")])).unwrap();
    assert_eq!(engine.get(b"a/1").unwrap().unwrap(), "uno");
}

fn a_scan_is_ordered_bounded_and_stays_in_its_prefix(engine: &dyn Engine) {
    engine.apply(puts(&[("s/c", "3"), ("s/a", "1"), ("s/b", "2"), ("s0", "beyond"), ("r/z", "before")])).unwrap();
    assert_eq!(keys(engine, "s/", None, 10), ["s/a", "s/b", "s/c"]);
    assert_eq!(keys(engine, "s/", None, 2), ["s/a", "s/b"]);
    assert_eq!(keys(engine, "s/", Some("s/a"), 10), ["s/b", "s/c"]);
    assert_eq!(keys(engine, "s/", Some("s/bb"), 10), ["s/c"], "the key to come after need not be there");
    assert_eq!(keys(engine, "s/", Some("s/c"), 10), Vec::<String>::new());
    assert_eq!(keys(engine, "s/", None, 0), Vec::<String>::new());
}

fn a_batch_with_a_false_precondition_changes_nothing(engine: &dyn Engine) {
    let expecting = |expect: Option<&'static str>| Batch {
        expect: vec![("p/1".into(), expect.map(Bytes::from))],
        ..puts(&[("p/1", "new"), ("p/2", "new")])
    };
    assert!(matches!(engine.apply(expecting(Some("old"))), Err(EngineError::Conflict)));
    assert_eq!(engine.get(b"p/2").unwrap(), None);
    engine.apply(expecting(None)).unwrap();
    assert!(matches!(engine.apply(expecting(None)), Err(EngineError::Conflict)));
    engine.apply(expecting(Some("new"))).unwrap();
}

fn what_is_too_large_is_refused(engine: &dyn Engine) {
    let of = |length: usize| Batch { puts: vec![("v/1".into(), vec![7; length].into())], ..puts(&[("v/2", "beside")]) };
    assert!(matches!(engine.apply(of(VALUE_MAX + 1)), Err(EngineError::ValueTooLarge { length }) if length == VALUE_MAX + 1));
    assert_eq!(engine.get(b"v/2").unwrap(), None);
    engine.apply(of(VALUE_MAX)).unwrap();
    assert_eq!(engine.get(b"v/1").unwrap().unwrap().len(), VALUE_MAX);
    let long = Batch { puts: vec![(vec![b'k'; KEY_MAX + 1].into(), Bytes::new())], ..Batch::default() };
    assert!(matches!(engine.apply(long), Err(EngineError::KeyTooLong { .. })));
}

fn one_batch_puts_and_deletes(engine: &dyn Engine) {
    let batch = Batch { deletes: vec!["s/a".into(), "not/there".into()], ..puts(&[("s/d", "4")]) };
    engine.apply(batch).unwrap();
    assert_eq!(keys(engine, "s/", None, 10), ["s/b", "s/c", "s/d"]);
}

mod engines {
    use super::super::{EngineError, EngineKind, double::Double};
    use super::holds;

    #[test]
    fn memory_double_keeps_the_contract() {
        holds(&Double::default());
    }

    #[test]
    fn sled_keeps_the_contract_and_what_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let engine = EngineKind::Sled.open(&path).unwrap();
        holds(engine.as_ref());
        drop(engine);
        let engine = EngineKind::Sled.open(&path).unwrap();
        assert_eq!(engine.get(b"s/d").unwrap().unwrap(), "4");
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _open = EngineKind::Sled.open(folder.path()).unwrap();
        assert!(matches!(EngineKind::Sled.open(folder.path()), Err(EngineError::InUse { .. })));
    }

    #[test]
    fn a_folder_of_a_newer_program_or_another_engine_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("format"), "4 sled\n").unwrap();
        assert!(matches!(EngineKind::Sled.open(folder.path()), Err(EngineError::Newer { found: 4, known: 3, .. })));
        std::fs::write(folder.path().join("format"), "1 other\n").unwrap();
        assert!(matches!(EngineKind::Sled.open(folder.path()), Err(EngineError::Foreign { .. })));
    }

    #[test]
    fn a_folder_of_the_format_before_is_read_as_it_is_and_closed_to_older_programs() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("format"), "1 sled\n").unwrap();
        let (small, large) = ([1, 7].as_slice(), vec![1; 60_000]);
        let older = sled::Config::default().path(folder.path().join("sled")).segment_size(8 * 1024 * 1024).open().unwrap();
        older.insert("t/small", small).unwrap();
        older.insert("t/large", large.as_slice()).unwrap();
        drop(older);
        for _ in 0..2 {
            // sled lets go of its folder a moment after it was closed.
            let again = || EngineKind::Sled.open(folder.path()).map_err(|_| std::thread::yield_now()).ok();
            let engine = (0..1_000_000).find_map(|_| again()).expect("the folder is free again");
            assert_eq!(engine.get(b"t/small").unwrap().unwrap(), small);
            assert_eq!(engine.get(b"t/large").unwrap().unwrap(), large);
            assert_eq!(super::keys(engine.as_ref(), "", None, 9).len(), 2);
        }
        assert_eq!(std::fs::read_to_string(folder.path().join("format")).unwrap(), "3 sled\n");
    }

    #[test]
    fn what_is_settled_stands_where_it_was_and_what_was_not_comes_back_from_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let large = vec![5; 5_000];
        for round in 0..5u8 {
            let engine = EngineKind::Sled.open(folder.path()).unwrap();
            for number in 0..=round {
                let expected = (number < round).then_some(large.as_slice());
                assert_eq!(engine.get(&[b't', number]).unwrap().as_deref(), expected);
            }
            let puts = vec![(vec![b't', round].into(), large.clone().into()), ("z".into(), vec![0, round].into())];
            engine.apply(super::Batch { puts, ..super::Batch::default() }).unwrap();
            assert_eq!(engine.get(b"z").unwrap().unwrap().as_ref(), [0, round], "also a value that looks like a place");
            let found = engine.scan(b"t", None, 99).unwrap();
            assert_eq!(found.len(), usize::from(round) + 1);
        }
    }

    #[test]
    fn room_of_what_was_changed_is_given_back_and_nothing_that_counts_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let engine = EngineKind::Sled.open(folder.path()).unwrap();
        let put = |key: &[u8], byte: u8| {
            let puts = vec![(key.to_vec().into(), vec![byte; 50_000].into())];
            engine.apply(super::Batch { puts, ..super::Batch::default() }).unwrap();
        };
        for round in 0..200u8 {
            put(&[b'k', round % 50 / 49 * round], round);
            put(b"often", round);
        }
        engine.sync().unwrap();
        let written = 2 * 200 * 50_000;
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while engine.health().unwrap().disk_bytes > written / 2 && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        assert!(engine.health().unwrap().disk_bytes <= written / 2, "{} bytes", engine.health().unwrap().disk_bytes);
        drop(engine);
        let engine = EngineKind::Sled.open(folder.path()).unwrap();
        assert_eq!(engine.get(b"often").unwrap().unwrap(), vec![199; 50_000]);
        assert_eq!(engine.get(&[b'k', 0]).unwrap().unwrap(), vec![198; 50_000]);
        for round in [49, 99, 149, 199] {
            assert_eq!(engine.get(&[b'k', round]).unwrap().unwrap(), vec![round; 50_000]);
        }
    }

    #[test]
    fn values_that_are_never_synced_stop_the_start_and_half_written_snapshots_do_not() {
        let folder = tempfile::tempdir().unwrap();
        drop(EngineKind::Sled.open(folder.path()).unwrap());
        std::fs::write(folder.path().join("index/snap.00000000000000FF.generating"), "half").unwrap();
        drop(EngineKind::Sled.open(folder.path()).unwrap());
        std::fs::write(folder.path().join("index/blobs/7"), "large").unwrap();
        assert!(matches!(EngineKind::Sled.open(folder.path()), Err(EngineError::Blobs { .. })));
    }

    #[test]
    fn many_of_the_largest_values_stay_out_of_unsynced_files() {
        let folder = tempfile::tempdir().unwrap();
        let engine = EngineKind::Sled.open(folder.path()).unwrap();
        for round in 0..8u8 {
            let puts = (0..64u8).map(|key| (vec![b'k', key, round % 2].into(), vec![round; super::VALUE_MAX].into())).collect();
            engine.apply(super::Batch { puts, ..super::Batch::default() }).unwrap();
            engine.sync().unwrap();
        }
    }
}
