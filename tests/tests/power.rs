//! The power goes while both unions are at work. Whatever somebody was told is stored is there when it comes back (`stack.md` 3).
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use titian_tests::disk::Disk;
use titian_tests::pair::{Pair, Places};
use titian_tests::traffic::{Told, Traffic, number};
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::Ground;
use tokio::runtime::Runtime;

/// Power cuts; with `tests/run --long` as many as `stack.md` has seen.
const CUTS: u64 = 3;
const CUTS_LONG: u64 = 50;
/// Records acknowledged before each cut: enough for many syncs.
const RECORDS: usize = 200;
/// Records under way at once.
const AT_ONCE: usize = 16;
/// How long what is owed may take to arrive.
const CATCH_UP: Duration = Duration::from_secs(60);

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    // Given two unions on one disk, with records under way
    let disk = Disk::new();
    let mut pair = Pair::found(&Places::under(&disk.path()));
    let work = Work::default();
    let cuts = if std::env::var_os("TITIAN_LONG").is_some() { CUTS_LONG } else { CUTS };
    for _ in 0..cuts {
        // When the power goes in the middle of it
        let enough = work.acknowledged().len() + RECORDS;
        std::thread::scope(|scope| {
            let (runtime, work) = (runtime(), &work);
            let traffic = runtime.block_on(Traffic::between(&pair)).expect("both desks");
            scope.spawn(move || runtime.block_on(work.go_on(traffic)));
            wait_until("enough records are acknowledged", PATIENCE, || (work.acknowledged().len() >= enough).then_some(()));
            disk.cut_power(&mut [&mut pair.mtuc.node, &mut pair.ksbsi.node]);
        });
        // And comes back, then both nodes start, and KSBSI comes to hold everything that MTUC's staff were told is stored
        pair.ksbsi.node.start();
        pair.mtuc.node.start();
        let held = held_in_time(&pair, &work);
        let numbers: Vec<u64> = held.iter().filter_map(|text| number(text)).collect();
        let distinct: BTreeSet<u64> = numbers.iter().copied().collect();
        assert_eq!(distinct.len(), numbers.len(), "a record is there twice");
        let missing: Vec<u64> = work.acknowledged().difference(&distinct).copied().collect();
        assert!(missing.is_empty(), "acknowledged, and gone: {missing:?}");
    }
}

#[test]
fn what_a_peer_was_told_is_stored_survives_a_power_cut() {
    // Given KSBSI's node alone on a disk whose power goes, with records under way
    let (disk, ground) = (Disk::new(), Ground::new());
    let places = Places { ksbsi: disk.path(), ..Places::under(ground.path()) };
    let mut pair = Pair::found(&places);
    let work = Work::default();
    std::thread::scope(|scope| {
        let (runtime, work) = (runtime(), &work);
        let traffic = runtime.block_on(Traffic::between(&pair)).expect("both desks");
        let sending = scope.spawn(move || runtime.block_on(work.go_on(traffic)));
        wait_until("enough records are acknowledged", PATIENCE, || (work.acknowledged().len() >= RECORDS).then_some(()));
        disk.cut_power(&mut [&mut pair.ksbsi.node]);
        // When MTUC, which holds KSBSI's receipts, is gone before it could send anything again
        pair.mtuc.node.kill9();
        sending.join().expect("the work ends with its desk");
    });
    // Then KSBSI has what it gave receipts for: MTUC finds nothing missing, and all of it comes to be held, once
    pair.ksbsi.node.start();
    pair.mtuc.node.start();
    let held = held_in_time(&pair, &work);
    let numbers: Vec<u64> = held.iter().filter_map(|text| number(text)).collect();
    assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len(), "a record is there twice");
    assert!(!pair.mtuc.node.telemetry().contains("EQUIVOCATION"), "KSBSI held less than it had acknowledged");
}

/// What KSBSI holds once everything that was acknowledged has come.
fn held_in_time(pair: &Pair, work: &Work) -> Vec<String> {
    runtime().block_on(async {
        let traffic = Traffic::between(pair).await.expect("both desks");
        traffic.arrived(0, work.acknowledged().len() as u64, CATCH_UP).await.expect("everything in time");
        traffic.texts().await.expect("the share")
    })
}

/// Records that are put one after another until the desk is gone, and those that were acknowledged.
#[derive(Default)]
struct Work {
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<u64>>,
}

impl Work {
    async fn go_on(&self, traffic: Traffic) {
        futures(AT_ONCE, || async {
            loop {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                let told = Told { text: format!("{{\"id\":{number},\"story\":\"{}\"}}", "x".repeat(1000)), barred: false };
                if traffic.put_one(&told).await.is_err() {
                    return;
                }
                self.acknowledged.lock().expect("no thread panics with it").insert(number);
            }
        })
        .await;
    }

    fn acknowledged(&self) -> BTreeSet<u64> {
        self.acknowledged.lock().expect("no thread panics with it").clone()
    }
}

/// Runs so many of a future side by side, until all have ended.
async fn futures<F: Future<Output = ()>>(count: usize, make: impl Fn() -> F) {
    let mut all: Vec<_> = (0..count).map(|_| Box::pin(make())).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
