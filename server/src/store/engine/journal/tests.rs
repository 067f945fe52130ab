//! The journal keeps what it was given, and tells a batch that was written by half from a whole one.

use bytes::Bytes;

use super::{Batch, EngineError, Journal};

fn batch(key: &'static str, value: &'static str) -> Batch {
    Batch { puts: vec![(key.into(), value.into())], deletes: vec!["gone".into()], ..Batch::default() }
}

fn recalled(journal: &Journal) -> Vec<(Bytes, Option<Bytes>)> {
    let (mut at, mut read) = (journal.beginning(), Vec::new());
    while let Some(recalled) = journal.recall(at).unwrap() {
        read.extend(recalled.changes.into_iter().map(|(key, value)| (key, value.map(|(value, _)| value))));
        at = recalled.end;
    }
    read
}

#[test]
fn what_was_appended_is_recalled_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let pointer = journal.append(&batch("a", "one")).unwrap().values[0];
    journal.append(&batch("b", "two")).unwrap();
    journal.sync().unwrap();
    assert_eq!(journal.value(pointer).unwrap(), "one");
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    let gone = ("gone".into(), None);
    assert_eq!(recalled(&journal), [("a".into(), Some("one".into())), gone.clone(), ("b".into(), Some("two".into())), gone]);
    assert_eq!(journal.value(pointer).unwrap(), "one");
}

#[test]
fn a_batch_that_was_cut_off_at_any_byte_is_taken_away_and_the_journal_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let first = journal.append(&batch("a", "one")).unwrap().end;
    let last = journal.append(&batch("b", "two")).unwrap().end;
    drop(journal);
    for length in (first.offset..last.offset).rev() {
        std::fs::OpenOptions::new().write(true).open(folder.path().join("00000001")).unwrap().set_len(length.into()).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(recalled(&journal).len(), 2, "cut off at {length}");
        assert_eq!(journal.append(&batch("c", "six")).unwrap().end, last);
        assert_eq!(recalled(&journal)[2].0, "c");
    }
}

#[test]
fn a_value_that_is_no_longer_what_was_written_is_not_given_out() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let pointer = journal.append(&batch("a", "one")).unwrap().values[0];
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("00000001")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"x", pointer.place.offset.into()).unwrap();
    assert!(matches!(journal.value(pointer), Err(EngineError::Damaged { .. })));
}

#[test]
fn damage_in_what_was_synced_is_told_apart_from_a_batch_that_was_cut_off() {
    for synced in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let pointer = journal.append(&batch("a", "one")).unwrap().values[0];
        if synced {
            journal.sync().unwrap();
        }
        let end = journal.append(&batch("b", "two")).unwrap().end;
        drop(journal);
        let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("00000001")).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, b"x", pointer.place.offset.into()).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        match journal.recall(journal.beginning()) {
            Err(EngineError::Damaged { .. }) => assert!(synced, "nobody was told that it was kept"),
            Ok(None) => assert!(!synced && journal.end() < end, "what was kept is not taken away"),
            Ok(Some(_)) | Err(_) => panic!("neither damage nor an end"),
        }
    }
}

#[test]
fn a_journal_that_is_shorter_than_the_index_knows_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let end = journal.append(&batch("a", "one")).unwrap().end;
    drop(journal);
    std::fs::write(folder.path().join("00000001"), "").unwrap();
    assert!(matches!(Journal::open(folder.path()).unwrap().recall(end), Err(EngineError::Damaged { .. })));
}
