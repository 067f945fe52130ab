//! What both stores hold when everything is over: the same receipts, no share without its referral, nothing that one side holds and the other never gave.

use std::collections::{BTreeMap, BTreeSet};

use titian_tests::account::Account::Admin;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

use crate::round::assert_nothing_twice;

/// A store, as its export says: what a key ends with, and the value, both in hexadecimal, of each table.
struct Lines(String);

/// Bytes of a referral's id in hexadecimal, with which the keys of its records begin.
const ID: usize = 32;

impl Lines {
    /// The store of a union, whose node stops for it.
    fn of(union: &mut Union) -> Self {
        union.node.stop();
        let lines = Self(union.node.export().done().stdout);
        union.node.start();
        lines
    }

    fn table<'a>(&'a self, name: &str) -> Vec<(&'a str, &'a str)> {
        let prefix: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let of_table = |line: &'a str| line.strip_prefix(prefix.as_str())?.split_once(' ');
        self.0.lines().filter_map(of_table).collect()
    }

    fn referrals(&self) -> BTreeSet<&str> {
        self.table("referral/").into_iter().map(|(key, _)| key).collect()
    }

    /// How many records stand in a table, by referral.
    fn by_referral(&self, table: &str) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for (key, _) in self.table(table) {
            *counts.entry(&key[..ID.min(key.len())]).or_default() += 1;
        }
        counts
    }

    fn values(&self, table: &str) -> BTreeSet<&str> {
        self.table(table).into_iter().map(|(_, value)| value).collect()
    }
}

/// Waits until nothing is on its way, and compares the two stores.
pub(crate) fn compare(world: &mut World) {
    let (mtuc, ksbsi) = settled_stores(world);
    for (here, there, name) in [(&mtuc, &ksbsi, "KSBSI"), (&ksbsi, &mtuc, "MTUC")] {
        let (came, gave) = (here.values("settled/"), there.values("inbox/"));
        assert!(came == gave, "of {} receipts that {name} gave {} came", gave.len(), came.intersection(&gave).count());
    }
}

/// As [`compare`], where KSBSI was restored: what it had sent after its backup was made it no longer knows, and has no receipts for.
pub(crate) fn compare_restored(world: &mut World) {
    let (mtuc, ksbsi) = settled_stores(world);
    assert!(mtuc.values("settled/") == ksbsi.values("inbox/"), "every receipt that KSBSI ever gave is given again, the very same");
    assert!(ksbsi.values("settled/").is_subset(&mtuc.values("inbox/")), "every receipt that came is one that MTUC gave");
}

/// What both stores hold once nothing is on its way. No share is without its referral, and each side holds what the other gave.
fn settled_stores(world: &mut World) -> (Lines, Lines) {
    for union in [&world.mtuc, &world.ksbsi] {
        wait_until(&format!("nothing waits at {}", union.id()), PATIENCE, || {
            let peers = union.json(Admin, &["peer", "list"]);
            (peers.exit == 0 && peers.count("queued") == 0).then_some(())
        });
    }
    assert_nothing_twice(world);
    for union in [&world.mtuc, &world.ksbsi] {
        let telemetry = union.node.telemetry();
        for word in ["link.quarantined", "ROLLED_BACK", "rolled back"] {
            assert!(!telemetry.contains(word), "{} found that the other held less than it had acknowledged: {word}", union.id());
        }
    }
    let (mtuc, ksbsi) = (Lines::of(&mut world.mtuc), Lines::of(&mut world.ksbsi));
    for (here, there, name) in [(&mtuc, &ksbsi, "KSBSI"), (&ksbsi, &mtuc, "MTUC")] {
        let (held, referrals) = (there.by_referral("held/"), there.referrals());
        let orphans: Vec<_> = held.keys().filter(|referral| !referrals.contains(**referral)).collect();
        assert!(orphans.is_empty(), "{name} holds a share without its referral: {orphans:?}");
        assert_eq!(held, here.by_referral("given/"), "what {name} holds is what it was given");
    }
    (mtuc, ksbsi)
}
