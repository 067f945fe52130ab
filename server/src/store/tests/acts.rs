//! Acts: what stays, what is seen, what a sync costs, and what a bad disk does.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::super::{Read, Store, StoreError, Unit, VALUE_MAX};
use super::{on_double, options};

fn put(key: &'static str, value: &'static str) -> impl FnMut(&mut Unit) -> Result<(), StoreError> {
    move |unit| unit.put(key, value)
}

fn value(store: &Store, key: &str) -> Option<Bytes> {
    store.view().get(key.as_bytes()).unwrap()
}

#[tokio::test]
async fn an_act_that_fails_leaves_no_trace() {
    let (store, _) = on_double();
    store.write(put("t/1", "before")).await.unwrap();
    let failed: Result<(), StoreError> = store
        .write(|unit| {
            unit.put("t/1", "after")?;
            unit.put("t/2", "new")?;
            unit.delete("t/1")?;
            Err(StoreError::Missing { table: "t/" })
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Missing { .. })));
    assert_eq!(value(&store, "t/1").unwrap(), "before");
    assert_eq!(value(&store, "t/2"), None);
}

#[tokio::test]
async fn an_act_reads_what_it_wrote() {
    let (store, _) = on_double();
    for (key, value) in [("t/1", "1"), ("t/2", "2"), ("t/4", "4"), ("u/1", "beyond")] {
        store.write(put(key, value)).await.unwrap();
    }
    let seen = store
        .write(|unit| {
            unit.delete("t/1")?;
            unit.put("t/2", "two")?;
            unit.put("t/3", "three")?;
            assert_eq!(unit.get(b"t/1")?, None);
            let keys = |pairs: Vec<(Bytes, Bytes)>| pairs.into_iter().map(|(key, value)| [key, value].concat()).collect::<Vec<_>>();
            assert_eq!(keys(unit.scan(b"t/", None, 1)?), [b"t/2two"]);
            assert_eq!(keys(unit.scan(b"t/", Some(b"t/3"), 9)?), [b"t/44"]);
            Ok::<_, StoreError>(keys(unit.scan(b"t/", None, 9)?))
        })
        .await
        .unwrap();
    assert_eq!(seen, [b"t/2two".to_vec(), b"t/3three".to_vec(), b"t/44".to_vec()]);
}

#[tokio::test]
async fn many_acts_share_a_sync() {
    let (store, double) = on_double();
    double.sync_millis.store(20, Ordering::SeqCst);
    let before = double.syncs.load(Ordering::SeqCst);
    let writes: Vec<_> = (0..200u64)
        .map(|n| (store.clone(), n))
        .map(|(store, n)| tokio::spawn(async move { store.write(move |unit| unit.put(n.to_be_bytes().to_vec(), "x")).await }))
        .collect();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    let syncs = double.syncs.load(Ordering::SeqCst) - before;
    assert!(syncs <= 6, "{syncs} syncs for 200 acts");
}

#[tokio::test]
async fn an_act_that_changes_nothing_costs_no_sync() {
    let (store, double) = on_double();
    let before = double.syncs.load(Ordering::SeqCst);
    store.write(|unit| unit.get(b"t/1")).await.unwrap();
    assert_eq!(double.syncs.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn a_failed_sync_stops_the_store_for_good() {
    let (store, double) = on_double();
    double.sync_fails.store(true, Ordering::SeqCst);
    assert!(matches!(store.write(put("t/1", "1")).await, Err(StoreError::Engine(_))));
    double.sync_fails.store(false, Ordering::SeqCst);
    assert!(matches!(store.write(put("t/2", "2")).await, Err(StoreError::Stopped)));
    assert!(store.is_stopped());
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_refuses_until_there_is_room() {
    let (store, double) = on_double();
    double.nearly_full.store(true, Ordering::SeqCst);
    assert!(matches!(store.write(put("t/1", "1")).await, Err(StoreError::Full)));
    double.nearly_full.store(false, Ordering::SeqCst);
    store.write(put("t/1", "1")).await.unwrap();
}

#[tokio::test]
async fn a_disk_that_fills_up_under_a_write_is_told_apart_and_stops_the_store() {
    let (store, double) = on_double();
    double.full.store(true, Ordering::SeqCst);
    assert!(matches!(store.write(put("t/1", "1")).await, Err(StoreError::Full)));
    assert!(matches!(store.write(put("t/1", "1")).await, Err(StoreError::Stopped)));
}

#[tokio::test]
async fn one_value_too_large_refuses_its_act_only() {
    let (store, _) = on_double();
    let too_large = store.write(|unit| unit.put("t/1", vec![0; VALUE_MAX + 1])).await;
    assert!(matches!(too_large, Err(StoreError::TooLarge { .. })));
    store.write(put("t/1", "1")).await.unwrap();
}

#[tokio::test]
async fn a_store_opened_again_has_everything_and_the_same_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(options(&path, "my.mtuc")).unwrap();
    let epoch = store.epoch().unwrap();
    for n in 0..50u64 {
        store.write(move |unit| unit.save(n.to_be_bytes().to_vec(), &n)).await.unwrap();
    }
    assert_eq!(Store::open(options(&path, "my.mtuc")).map(|_| ()).unwrap_err().exit_code(), 73);
    drop(store);
    assert!(matches!(Store::open(options(&path, "id.ksbsi")), Err(StoreError::OtherNode { .. })));
    let store = Store::open(options(&path, "my.mtuc")).unwrap();
    assert_eq!(store.epoch().unwrap(), epoch);
    for n in 0..50u64 {
        assert_eq!(store.view().load::<u64>(&n.to_be_bytes()).unwrap(), Some(n));
    }
}
