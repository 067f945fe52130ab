//! Export and import.

use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use titian_proto::envelope::Behind;

use super::super::engine::double::Double;
use super::super::export::import_into;
use super::super::{LogTable as _, Read as _, Sealing, Store, StoreError, StoreOptions};
use super::link::{headers, send};
use super::{on_double_with_keys, options};

/// Lines kept in memory.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A store with some pairs, as lines, and its keys.
fn exported() -> (String, Store, Sealing) {
    let (store, _, sealing) = on_double_with_keys();
    for n in 0..600u64 {
        store.write_blocking(move |unit| unit.save([b"t/".to_vec(), n.to_be_bytes().to_vec()].concat(), &n)).unwrap();
    }
    let lines = Shared::default();
    let count = store.export(lines.clone()).unwrap();
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(lines.lines().count() as u64, count + 2);
    (lines, store, sealing)
}

/// Where a backup comes back to: the keys are those of before.
fn with_keys(folder: &Path, node_id: &str, sealing: &Sealing) -> StoreOptions {
    StoreOptions { sealing: sealing.clone(), ..options(folder, node_id) }
}

#[test]
fn what_was_exported_comes_back_under_a_new_epoch_and_the_log_says_so() {
    let (lines, store, sealing) = exported();
    let folder = tempfile::tempdir().unwrap();
    let options = || with_keys(folder.path(), "my.mtuc", &sealing);
    Store::import(options(), Cursor::new(&lines)).unwrap();
    assert!(matches!(Store::import(options(), Cursor::new(&lines)), Err(StoreError::NotEmpty)));
    let again = Store::open(options()).unwrap();
    assert_eq!(again.view().scan(b"t/", None, 1000).unwrap(), store.view().scan(b"t/", None, 1000).unwrap());
    assert_ne!(again.epoch().unwrap(), store.epoch().unwrap());
    let leaves = again.view().leaves(0, 9).unwrap();
    assert_eq!(leaves.len(), 2);
    assert_eq!(leaves[0], store.view().leaves(0, 1).unwrap()[0]);
    assert!(String::from_utf8_lossy(&leaves[1].1).contains("restore.performed"));
}

#[test]
fn the_first_envelope_after_a_restore_says_behind_which_one_it_stands() {
    // Given two envelopes in the backup
    let (store, _, sealing) = on_double_with_keys();
    for body in ["first", "second"] {
        store.write_blocking(send(body)).unwrap();
    }
    let (old_life, lines) = (store.epoch().unwrap(), Shared::default());
    store.export(lines.clone()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lines = lines.0.lock().unwrap().clone();
    Store::import(with_keys(folder.path(), "my.mtuc", &sealing), Cursor::new(&lines)).unwrap();
    let restored = Store::open(with_keys(folder.path(), "my.mtuc", &sealing)).unwrap();
    // When the restored node sends two more
    for body in ["third", "fourth"] {
        restored.write_blocking(send(body)).unwrap();
    }
    // Then the first of them begins a chain of its own, and names the last one that the backup knew
    let behind: Vec<_> = headers(&restored).into_iter().map(|header| (header.link_sequence, header.behind)).collect();
    let last = Some(Behind { epoch: old_life, link_sequence: 2 });
    assert_eq!(behind, [(1, None), (2, None), (1, last), (2, None)]);
}

#[test]
fn lines_that_are_damaged_or_cut_off_are_refused_and_leave_nothing_that_opens() {
    let (lines, _, sealing) = exported();
    let changed = lines.replacen("0000000000000007 ", "0000000000000f07 ", 1);
    let cut = lines.rsplit_once("end ").unwrap().0.to_owned();
    for bad in [changed, cut, lines.replace("titian-export 2", "something 2")] {
        let double = Arc::new(Double::default());
        let imported = import_into(Arc::clone(&double) as _, &with_keys(Path::new("nowhere"), "my.mtuc", &sealing), Cursor::new(bad));
        assert!(matches!(imported, Err(StoreError::Import { .. })), "{imported:?}");
        assert!(matches!(Store::on(double, options(Path::new("nowhere"), "my.mtuc")), Err(StoreError::HalfImported)));
    }
}

#[test]
fn lines_of_another_node_or_a_newer_program_are_refused() {
    let (lines, _, _) = exported();
    let import =
        |node_id, lines: String| import_into(Arc::new(Double::default()), &options(Path::new("nowhere"), node_id), Cursor::new(lines));
    assert!(matches!(import("id.ksbsi", lines.clone()), Err(StoreError::OtherNode { .. })));
    assert!(matches!(
        import("my.mtuc", lines.replace("titian-export 2", "titian-export 3")),
        Err(StoreError::Newer { found: 3, known: 2 })
    ));
}
