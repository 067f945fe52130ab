//! What is personal is sealed, opens with its own key alone, and is gone once that is destroyed; whatever the power and the backups do.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use titian_proto::model::id::{Digest, RecordId, WorkerId};
use titian_proto::model::staff::Role;
use titian_proto::wire;

use super::super::engine::double::Double;
use super::super::engine::{Batch, Engine as _, Pair};
use super::super::export::{import_into, write_all};
use super::super::records::{Holder, RecordTable as _};
use super::super::sealing::{Slot, TableSurvey, survey_engine};
use super::super::staff::{Account, Attempts, ReadStaff as _};
use super::super::value::frame;
use super::super::{FileKeys, Key, KeyDisk as _, KeyringError, NodeKey, Sealing, Store, StoreError, StoreOptions, Unit, meta};
use super::{on_double_with_keys, options};

const HOLDER: Holder = Holder::Worker(WorkerId([1; 16]));

/// The place of a record, and its value in the clear.
fn key(number: u64) -> Bytes {
    Key::of("worker-record/").id(&[1; 16]).id(&id(number).0).into()
}

fn id(number: u64) -> RecordId {
    RecordId(uuid_of(number))
}

fn uuid_of(number: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

fn put(number: u64) -> impl FnMut(&mut Unit) -> Result<(), StoreError> + Send + 'static {
    move |unit| unit.put_record(HOLDER, id(number), &wire::Record { revision: number, ..wire::Record::default() })
}

fn remove(number: u64) -> impl FnMut(&mut Unit) -> Result<(), StoreError> + Send + 'static {
    move |unit| unit.remove_record(HOLDER, id(number))
}

fn revisions(store: &Store) -> Vec<u64> {
    store.view().records(HOLDER).unwrap().into_iter().map(|record| record.revision).collect()
}

/// The slots of all sealed values that stand in an engine.
fn slots(engine: &Double) -> BTreeMap<Bytes, Slot> {
    let pairs: Vec<Pair> = engine.scan(&[], None, usize::MAX).unwrap();
    pairs.into_iter().filter_map(|(key, value)| Some((key, Slot::of(&value)?))).collect()
}

fn on(engine: &Arc<Double>, sealing: &Sealing) -> Result<Store, StoreError> {
    Store::on(Arc::clone(engine) as _, StoreOptions { sealing: sealing.clone(), ..options(Path::new("nowhere"), "my.mtuc") })
}

#[tokio::test]
async fn what_is_removed_opens_in_no_backup_and_what_stays_opens_in_all() {
    // Given a backup of two records
    let (store, engine, sealing) = on_double_with_keys();
    store.write(put(1)).await.unwrap();
    store.write(put(2)).await.unwrap();
    let mut lines = Vec::new();
    write_all(engine.as_ref(), "my.mtuc", &mut lines).unwrap();
    // When one is removed
    store.write(remove(1)).await.unwrap();
    store.keys_destroyed().await.unwrap();
    assert!(engine.scan(b"released/", None, 9).unwrap().is_empty(), "nothing is still to be done");
    drop(store);
    // Then the backup brings back the other alone
    let restored = Arc::new(Double::default());
    let options = StoreOptions { sealing: sealing.clone(), ..options(Path::new("nowhere"), "my.mtuc") };
    import_into(Arc::clone(&restored) as _, &options, Cursor::new(lines)).unwrap();
    let store = on(&restored, &sealing).unwrap();
    assert!(restored.get(&key(1)).unwrap().is_some(), "its row is there");
    assert_eq!(revisions(&store), [2]);
    assert!(store.view().record(HOLDER, id(1)).unwrap().is_none());
    assert_eq!(store.view().records_after(HOLDER, None, 1).unwrap().len(), 1, "a page is filled with what there is");
    // And a new value at its place has a new key
    let before = slots(&restored)[&key(1)];
    store.write(put(1)).await.unwrap();
    assert_ne!(slots(&restored)[&key(1)], before);
    assert_eq!(revisions(&store), [1, 2]);
}

#[tokio::test]
async fn a_value_keeps_its_key_while_it_changes_so_that_all_its_versions_go_together() {
    let (store, engine, _) = on_double_with_keys();
    store.write(put(1)).await.unwrap();
    let (slot, first) = (slots(&engine)[&key(1)], engine.get(&key(1)).unwrap().unwrap());
    store.write(put(1)).await.unwrap();
    let second = engine.get(&key(1)).unwrap().unwrap();
    assert_eq!(slots(&engine)[&key(1)], slot);
    assert_ne!(first, second, "sealed anew");
    store
        .write(|unit| {
            put(1)(unit)?;
            remove(1)(unit)?;
            put(1)(unit)
        })
        .await
        .unwrap();
    assert_eq!(slots(&engine)[&key(1)], slot);
}

#[tokio::test]
async fn what_takes_the_place_of_something_erased_has_a_key_of_its_own() {
    let (store, engine, sealing) = on_double_with_keys();
    store.write(put(1)).await.unwrap();
    let (before, old) = (engine.get(&key(1)).unwrap().unwrap(), slots(&engine)[&key(1)]);
    store
        .write(|unit| {
            unit.renew(key(1));
            put(1)(unit)
        })
        .await
        .unwrap();
    store.keys_destroyed().await.unwrap();
    assert_ne!(slots(&engine)[&key(1)], old);
    assert_eq!(revisions(&store), [1]);
    drop(store);
    engine.apply(Batch { puts: vec![(key(1), before)], ..Batch::default() }).unwrap();
    assert!(revisions(&on(&engine, &sealing).unwrap()).is_empty(), "what was there before opens with no key");
}

#[tokio::test]
async fn an_act_that_fails_gives_up_no_key() {
    let (store, engine, _) = on_double_with_keys();
    store.write(put(1)).await.unwrap();
    let failed: Result<(), StoreError> = store
        .write(|unit| {
            remove(1)(unit)?;
            Err(StoreError::Missing { table: "t/" })
        })
        .await;
    failed.unwrap_err();
    store.keys_destroyed().await.unwrap();
    assert_eq!(revisions(&store), [1]);
    assert!(slots(&engine).contains_key(&key(1)));
}

#[tokio::test]
async fn nothing_personal_stands_in_the_clear_and_no_name_in_a_key() {
    let (store, engine, _) = on_double_with_keys();
    let account = Account {
        name: "kenari".to_owned(),
        pseudonym: "S7".to_owned(),
        role: Role::Admin,
        password: "hash".to_owned(),
        closed: false,
        attempts: Attempts::default(),
        sessions: vec![Digest([1; 32])],
    };
    store.write(move |unit| unit.put_account(&account)).await.unwrap();
    assert_eq!(store.view().account("kenari").unwrap().unwrap().pseudonym, "S7");
    assert_eq!(store.view().accounts().unwrap().len(), 1);
    for (key, value) in engine.scan(&[], None, usize::MAX).unwrap() {
        assert!(![&key, &value].iter().any(|bytes| bytes.windows(6).any(|window| window == b"kenari")));
    }
    let of = |name: &str| survey_engine(engine.as_ref()).unwrap().into_iter().find(|table| table.table == name).unwrap();
    assert!(matches!(of("staff/named/"), TableSurvey { sealed: 1, clear: 0, to_be_sealed: 0, .. }));
    assert!(matches!(of("name-secret/"), TableSurvey { sealed: 1, clear: 0, .. }));
}

#[tokio::test]
async fn a_store_of_the_program_before_is_read_and_sealed_when_it_is_written() {
    // Given a store as it was written in the clear: format 1, no keyring, an account under its name
    let (made, engine, _) = on_double_with_keys();
    drop(made);
    let record = wire::Record { revision: 7, ..wire::Record::default() };
    let account = br#"{"name":"siti","pseudonym":"S1","role":"ADMIN","password":"x","closed":false,"attempts":{"failures":0,"locks":0,"locked_until":null},"sessions":[]}"#;
    let batch = Batch {
        puts: vec![
            (meta::key("format"), frame(&1u64).unwrap()),
            (key(7), frame(&record).unwrap()),
            (Key::of("staff/account/").text("siti").into(), [&[1], account.as_slice()].concat().into()),
        ],
        deletes: vec![meta::key(meta::KEYRING_KEY), meta::key(meta::BUCKETS_KEY), Key::of("name-secret/").into()],
        ..Batch::default()
    };
    engine.apply(batch).unwrap();
    let (_, _, sealing) = on_double_with_keys();
    // When this program opens it
    let store = on(&engine, &sealing).unwrap();
    // Then everything is read
    assert_eq!(revisions(&store), [7]);
    assert_eq!(store.view().account("siti").unwrap().unwrap().pseudonym, "S1");
    assert_eq!(store.view().accounts().unwrap().len(), 1);
    // And sealed when it is written again
    assert_eq!(Slot::of(&engine.get(&key(7)).unwrap().unwrap()), None);
    store.write(put(7)).await.unwrap();
    store
        .write(|unit| {
            let account = unit.account("siti")?.ok_or(StoreError::Missing { table: "staff/" })?;
            unit.put_account(&account)
        })
        .await
        .unwrap();
    assert!(Slot::of(&engine.get(&key(7)).unwrap().unwrap()).is_some());
    assert!(engine.scan(b"staff/account/", None, 9).unwrap().is_empty());
    assert_eq!(store.view().accounts().unwrap().len(), 1);
    // And an older program is told that it is too old
    assert_eq!(engine.get(&meta::key("format")).unwrap().unwrap(), frame(&meta::FORMAT).unwrap());
}

#[tokio::test]
async fn lines_of_the_program_before_are_sealed_when_they_are_imported() {
    // Given a store with a record in the clear, and its lines
    let (made, engine, _) = on_double_with_keys();
    drop(made);
    let clear = frame(&wire::Record { revision: 7, ..wire::Record::default() }).unwrap();
    let deletes = vec![meta::key(meta::KEYRING_KEY), meta::key(meta::BUCKETS_KEY), Key::of("name-secret/").into()];
    engine.apply(Batch { puts: vec![(key(7), clear)], deletes, ..Batch::default() }).unwrap();
    let mut lines = Vec::new();
    write_all(engine.as_ref(), "my.mtuc", &mut lines).unwrap();
    let options = options(Path::new("nowhere"), "my.mtuc");
    let (restored, sealing) = (Arc::new(Double::default()), options.sealing.clone());
    import_into(Arc::clone(&restored) as _, &options, Cursor::new(lines)).unwrap();
    assert!(Slot::of(&restored.get(&key(7)).unwrap().unwrap()).is_some());
    assert_eq!(revisions(&on(&restored, &sealing).unwrap()), [7]);
}

#[tokio::test]
async fn a_sealed_value_that_was_changed_or_put_elsewhere_is_damage() {
    let (store, engine, sealing) = on_double_with_keys();
    for number in [1, 2] {
        store.write(put(number)).await.unwrap();
    }
    drop(store);
    let (mut changed, other) = (engine.get(&key(1)).unwrap().unwrap().to_vec(), engine.get(&key(2)).unwrap().unwrap());
    *changed.last_mut().unwrap() ^= 1;
    for wrong in [changed.into(), other] {
        engine.apply(Batch { puts: vec![(key(1), wrong)], ..Batch::default() }).unwrap();
        let store = on(&engine, &sealing).unwrap();
        let error = store.view().record(HOLDER, id(1)).map(drop).unwrap_err();
        assert_eq!((error.code(), error.exit_code()), ("STORAGE_DAMAGED", 65));
        assert!(store.view().record(HOLDER, id(2)).unwrap().is_some());
    }
}

#[tokio::test]
async fn keys_that_do_not_fit_are_told_apart_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let opened = || Store::open(options(folder.path(), "my.mtuc"));
    let failure = |opened: Result<Store, StoreError>| opened.map(|_| ()).map_err(|error| (error.code(), error.exit_code())).unwrap_err();
    opened().unwrap().write(put(1)).await.unwrap();
    let (file, aside) = (folder.path().join("keyring"), folder.path().join("aside"));
    // Another node key
    let wrong = || {
        let mut options = options(folder.path(), "my.mtuc");
        options.sealing.node_key = NodeKey::parse(&"8".repeat(64), "a test").unwrap();
        Store::open(options)
    };
    assert_eq!(failure(wrong()), ("NODE_KEY_WRONG", 77));
    let passphrase = || {
        let mut options = options(folder.path(), "my.mtuc");
        options.sealing.node_key = NodeKey::passphrase("kenari kuning".to_owned().into()).unwrap();
        Store::open(options)
    };
    assert_eq!(failure(passphrase()), ("NODE_KEY_OTHER_KIND", 77));
    // No key file, one that is cut off, another's
    std::fs::rename(&file, &aside).unwrap();
    assert_eq!(failure(opened()), ("KEYRING_MISSING", 77));
    assert!(!file.exists(), "none is made in its place");
    std::fs::write(&file, &std::fs::read(&aside).unwrap()[..100]).unwrap();
    assert_eq!(failure(opened()), ("KEYRING_DAMAGED", 77));
    std::fs::remove_file(&file).unwrap();
    let other = tempfile::tempdir().unwrap();
    drop(Store::open(options(other.path(), "my.mtuc")).unwrap());
    std::fs::copy(other.path().join("keyring"), &file).unwrap();
    assert_eq!(failure(opened()), ("KEYRING_OTHER", 77));
    std::fs::copy(&aside, &file).unwrap();
    assert_eq!(revisions(&opened().unwrap()), [1]);
}

#[tokio::test]
async fn the_copy_that_has_forgotten_more_counts_and_one_copy_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let (file, mirror) = (folder.path().join("keyring"), folder.path().join("mirror"));
    let mirrored = || {
        let mut options = options(&folder.path().join("store"), "my.mtuc");
        options.sealing.disk = Arc::new(FileKeys::at(file.clone(), Some(mirror.clone())));
        Store::open(options).unwrap()
    };
    let store = mirrored();
    store.write(put(1)).await.unwrap();
    store.write(put(2)).await.unwrap();
    let before = std::fs::read(&file).unwrap();
    store.write(remove(1)).await.unwrap();
    store.keys_destroyed().await.unwrap();
    drop(store);
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(&mirror).unwrap());
    // An older copy in the place of the first
    std::fs::write(&file, &before).unwrap();
    assert_eq!(revisions(&mirrored()), [2]);
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(&mirror).unwrap());
    for lost in [&file, &mirror] {
        std::fs::write(lost, "torn").unwrap();
        assert_eq!(revisions(&mirrored()), [2]);
    }
}

#[tokio::test]
async fn a_mirror_that_is_away_keeps_nothing_from_being_written_and_is_no_promise_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (place, mirror) = (folder.path().join("stick"), folder.path().join("stick/mirror"));
    let mut options = options(&folder.path().join("store"), "my.mtuc");
    options.sealing.disk = Arc::new(FileKeys::at(folder.path().join("keyring"), Some(mirror)));
    let store = Store::open(options).unwrap();
    store.write(put(1)).await.unwrap();
    store.write(remove(1)).await.unwrap();
    assert_eq!(store.keys_destroyed().await.unwrap_err().code(), "KEYRING_FAILED");
    std::fs::create_dir(place).unwrap();
    store.keys_destroyed().await.unwrap();
}

#[test]
fn a_key_file_that_is_older_than_the_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = FileKeys::at(folder.path().join("keyring"), None);
    let opened = || Store::open(options(folder.path(), "my.mtuc"));
    drop(opened().unwrap());
    let old = file.read().unwrap().remove(0).bytes;
    opened().unwrap().write_blocking(put(1)).unwrap();
    file.write(&old).unwrap();
    let refused = opened().map(|_| ()).unwrap_err();
    assert!(matches!(&refused, StoreError::Keyring(error) if matches!(**error, KeyringError::Older { .. })), "{refused}");
    assert_eq!(file.read().unwrap().remove(0).bytes, old, "nothing is written into it");
}

#[tokio::test]
async fn no_slot_is_ever_given_twice() {
    // Given a store that is opened again and again, also from an older copy of everything in it
    let (store, engine, sealing) = on_double_with_keys();
    let mut given: BTreeMap<Slot, Bytes> = BTreeMap::new();
    let mut note = |engine: &Double| {
        for (key, slot) in slots(engine) {
            let before = given.insert(slot, key.clone());
            assert!(before.is_none_or(|before| before == key), "given to two values");
        }
    };
    for number in 0..1500 {
        store.write(put(number)).await.unwrap();
    }
    note(&engine);
    drop(store);
    let older = engine.scan(&[], None, usize::MAX).unwrap();
    for round in 1..4u64 {
        let store = on(&engine, &sealing).unwrap();
        for number in 0..10 {
            store.write(put(round * 10_000 + number)).await.unwrap();
        }
        note(&engine);
    }
    let restored = Arc::new(Double::default());
    restored.apply(Batch { puts: older, ..Batch::default() }).unwrap();
    let store = on(&restored, &sealing).unwrap();
    for number in 0..10 {
        store.write(put(90_000 + number)).await.unwrap();
    }
    note(&restored);
    assert_eq!(given.values().filter(|key| key.starts_with(b"worker-record/")).count(), 1500 + 30 + 10);
}
