//! Keys change. The owners sign the next descriptor, the running node takes it, and everybody who knows the union follows without a meeting: one union, both
//! in the same week, one that slept for a year. What was signed before is evidence as it was.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use prost::Message as _;
use titian_proto::envelope::{Header, KeyRing, open_envelope};
use titian_proto::model::descriptor::{DescriptorChain, Followed};
use titian_proto::wire;
use titian_tests::account::Account::Admin;
use titian_tests::node::{root_key_command, rotate_armed, rotate_command};
use titian_tests::road;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{AGREEMENT, World, wait_version};

/// Hours until the overlap is over: 91 days.
const AFTER_OVERLAP: i64 = 91 * 24;

/// Hours of half a year and a bit.
const HALF_A_YEAR: i64 = 185 * 24;

#[test]
fn a_union_changes_every_key_while_cases_flow() {
    // Given two friends with a case between them
    let mut world = World::in_force();
    let (_, before) = road::refer_and_accept(&world);
    road::share(&world.ksbsi, &before);
    let evidence = Evidence::of(&world);
    let process = world.mtuc.node.pid();
    // When MTUC's owners change every key, and the running node is told
    let first = newest_key(&world.mtuc);
    let (_, under_way) = road::refer(&world);
    rotate(&world.mtuc, &[]);
    reload(&world.mtuc);
    assert_ne!(newest_key(&world.mtuc), first);
    // Then nothing is lost, KSBSI follows without a meeting, and nobody restarted
    road::arrive(&world.ksbsi, &under_way);
    connected(&world);
    let (_, after) = road::refer_and_accept(&world);
    road::share(&world.ksbsi, &after);
    assert_eq!(world.mtuc.node.pid(), process);
    assert_eq!([followed(&world.mtuc), followed(&world.ksbsi)], [1, 1]);
    assert!(signers(&world.ksbsi, "my.mtuc").contains(&newest_key(&world.mtuc)), "the new key signs");
    // And what the old key signed verifies as it did, here and there, also after a restart of both
    evidence.verifies();
    world.mtuc.node.restart();
    world.ksbsi.node.restart();
    connected(&world);
    evidence.verifies();
    let (_, last) = road::refer(&world);
    road::arrive(&world.ksbsi, &last);
    // And the agreement stands, and a new version is signed with the new key
    world.amend(&[]);
}

#[test]
fn both_unions_change_their_keys_in_the_same_week() {
    let mut world = World::in_force();
    connected(&world);
    // When both have new keys before either has told the other
    rotate(&world.mtuc, &[]);
    rotate(&world.ksbsi, &[]);
    let (_, under_way) = road::refer(&world);
    reload(&world.mtuc);
    reload(&world.ksbsi);
    // Then each follows the other
    road::arrive(&world.ksbsi, &under_way);
    follows(&world.mtuc, 2);
    follows(&world.ksbsi, 2);
    // And again, with one of them down while the other changes, and changed itself before it comes back
    world.ksbsi.node.stop();
    rotate(&world.ksbsi, &["--keys", "tls,signing"]);
    rotate(&world.mtuc, &["--keys", "tls,signing"]);
    reload(&world.mtuc);
    world.ksbsi.node.start();
    follows(&world.mtuc, 4);
    follows(&world.ksbsi, 3); // what it started with is not told to a running node
    let (_, referral) = road::refer(&world);
    road::arrive(&world.ksbsi, &referral);
}

#[test]
fn a_union_that_slept_for_a_year_catches_up_with_one_that_changed_twice() {
    // Given KSBSI, which sleeps, and a word of MTUC's that waits for it
    let mut world = World::in_force();
    world.ksbsi.node.stop();
    propose_version_2(&world);
    // When MTUC changes its keys twice in that year, and KSBSI its own before it wakes, so that neither knows a key that the other has
    for _ in 0..2 {
        rotate(&world.mtuc, &[]);
        world.mtuc.later(HALF_A_YEAR);
    }
    world.ksbsi.node.set_clock_later(2 * HALF_A_YEAR);
    rotate(&world.ksbsi, &[]);
    world.ksbsi.later(1);
    // Then each follows the other, and what waited is believed, though the key that signed it has ended
    connected(&world);
    assert_eq!([followed(&world.mtuc), followed(&world.ksbsi)], [1, 1]);
    wait_version(&world.ksbsi, "2", "PROPOSED");
    // And when MTUC's certificate is near its end, its IT is called
    let alarmed = |union: &Union| union.json(Admin, &["node", "status"]).done().names("node.key-ending");
    assert!(!alarmed(&world.mtuc));
    world.mtuc.later(3 * HALF_A_YEAR);
    assert!(alarmed(&world.mtuc));
}

#[test]
fn a_key_that_was_replaced_opens_nothing_after_the_overlap() {
    // Given MTUC with new keys that KSBSI has followed, and somebody who has a copy of the old ones
    let mut world = World::befriended();
    let old = copy(&world.mtuc, &world.ground.path().join("copy"));
    rotate(&world.mtuc, &[]);
    reload(&world.mtuc);
    follows(&world.ksbsi, 1);
    let World { mtuc, ksbsi, .. } = &mut world;
    // When the overlap is over, and the copy comes in MTUC's place
    mtuc.node.stop();
    ksbsi.later(AFTER_OVERLAP);
    mtuc.node.set_clock_later(AFTER_OVERLAP);
    let settings = fs::read_to_string(mtuc.node.folder.join("node.toml")).expect("node.toml");
    let honest = std::mem::replace(&mut mtuc.node.folder, old);
    fs::write(mtuc.node.folder.join("node.toml"), settings).expect("the copy's node.toml");
    mtuc.node.start();
    // Then KSBSI does not let it in, and its telemetry says why
    wait_until("KSBSI tells of a key that has ended", PATIENCE, || ksbsi.node.telemetry().contains("\"EXPIRED\"").then_some(()));
    assert!(!ksbsi.json(Admin, &["peer", "list"]).done().names("\"connected\":true"));
    // And the true MTUC is let in
    mtuc.node.kill9();
    mtuc.node.folder = honest;
    mtuc.node.start();
    connected(&world);
}

#[test]
fn a_node_of_three_owners_changes_its_keys_when_two_of_them_sign() {
    // Given MTUC, whose owner hands it to three unions, of whom two must sign
    let world = World::befriended();
    let owners: Vec<(PathBuf, String)> = ["one", "two", "three"].iter().map(|name| owner(&world, name)).collect();
    let named: Vec<String> = owners.iter().zip(["One", "Two", "Three"]).map(|((_, public), name)| format!("{name}={public}")).collect();
    let handing = ["--keys", "none", "--threshold", "2", "--owner", &named[0], "--owner", &named[1], "--owner", &named[2]];
    rotate(&world.mtuc, &handing);
    reload(&world.mtuc);
    follows(&world.ksbsi, 1);
    // When one signs, one twice, or the former owner, then nothing changes
    let before = chain(&world.mtuc);
    let (one, two, former) = (owners[0].0.as_path(), owners[1].0.as_path(), root_key(&world.mtuc));
    for roots in [vec![one], vec![one, one], vec![one, &former]] {
        let refused = rotate_command(&world.mtuc.node.folder, &roots, &[]);
        assert!(refused.exit != 0 && refused.names("DESCRIPTOR_SIGNATURES_MISSING") && refused.names("1 of the 2"), "{}", refused.told());
    }
    assert_eq!(chain(&world.mtuc), before);
    // When two sign, then it has new keys, and KSBSI follows
    rotate_command(&world.mtuc.node.folder, &[one, two], &[]).done();
    reload(&world.mtuc);
    follows(&world.ksbsi, 2);
    connected(&world);
}

#[test]
fn two_descriptors_at_one_number_are_evidence() {
    // Given MTUC, whose owners sign two descriptors at one number, and KSBSI, which has followed the first
    let World { mut mtuc, ksbsi, ground } = World::befriended();
    let words = mtuc.words();
    let other = copy(&mtuc, &ground.path().join("copy"));
    rotate(&mtuc, &[]);
    reload(&mtuc);
    follows(&ksbsi, 1);
    mtuc.node.stop();
    rotate_command(&other, &[&root_key(&mtuc)], &[]).done();
    let known = chain(&mtuc);
    // When the second comes in its place
    mtuc.node.folder = other;
    mtuc.node.start();
    // Then it is not let in, the link is in quarantine, and what both signed is kept
    let quarantined = || ksbsi.json(Admin, &["peer", "list"]).names("quarantinedSinceMs").then_some(());
    wait_until("the link is in quarantine", PATIENCE, quarantined);
    assert!(ksbsi.json(Admin, &["node", "status"]).names("link.quarantined"));
    let file = ground.path().join("evidence");
    ksbsi.titian(Admin, &["peer", "evidence", "my.mtuc", "--out", &file.display().to_string()]).done();
    let proof = wire::Equivocation::decode(Bytes::from(fs::read(file).expect("a proof"))).expect("a proof");
    let kept = DescriptorChain::parse(&proof.descriptors).expect("a chain");
    assert!(kept == known && kept.fingerprint().matches(&words));
    let second = wire::DescriptorChain { descriptors: vec![proof.other_descriptor.expect("the other one")] };
    assert!(matches!(kept.follow(&second), Ok(Followed::Forked(_))), "the owners signed both");
}

#[test]
fn a_power_cut_at_any_moment_of_a_change_leaves_a_node_that_can_prove_who_it_is() {
    let mut world = World::befriended();
    // Given a change of keys that ends at each of its steps
    for point in ["rotate.after-keys", "rotate.before-rename", "rotate.after-rename"] {
        let ended = rotate_armed(&world.mtuc.node.folder, &[&root_key(&world.mtuc)], point);
        assert!(ended.exit != 0, "{point}: {}", ended.told());
        // Then the node starts, and KSBSI knows it
        world.mtuc.node.restart();
        connected(&world);
        // And the change can be made again
        rotate(&world.mtuc, &["--keys", "signing"]);
    }
    // And a node that ends while it takes its new keys, or its peer's, has them when it starts again
    world.mtuc.node.start_armed("renewal.before-signer");
    world.mtuc.node.reload();
    wait_until("MTUC has ended", PATIENCE, || world.mtuc.node.died().then_some(()));
    world.mtuc.node.start();
    connected(&world);
    rotate(&world.mtuc, &["--keys", "signing"]);
    world.ksbsi.node.start_armed("descriptor.after-follow");
    world.mtuc.node.restart();
    wait_until("KSBSI has ended", PATIENCE, || world.ksbsi.node.died().then_some(()));
    world.ksbsi.node.start();
    connected(&world);
}

/// What MTUC signed before it changed its keys: envelopes that KSBSI holds, and receipts.
struct Evidence {
    folder: PathBuf,
    envelopes: Vec<wire::Envelope>,
}

impl Evidence {
    fn of(world: &World) -> Self {
        let envelopes = envelopes_of(&world.ksbsi, "my.mtuc");
        assert!(!envelopes.is_empty());
        Self { folder: world.mtuc.node.folder.clone(), envelopes }
    }

    /// By the newest descriptors, at the time at which they say they were made.
    fn verifies(&self) {
        let chain = chain_in(&self.folder);
        let keys = KeyRing::from_descriptor_chain(&chain);
        for envelope in &self.envelopes {
            let made = Header::parse(&envelope.header).expect("a header").claimed_at;
            open_envelope(envelope, &keys, made).expect("it verifies as it did");
        }
    }
}

/// Changes every key, or what is said, with the root key in the node's folder.
fn rotate(union: &Union, further: &[&str]) {
    rotate_command(&union.node.folder, &[&root_key(union)], further).done();
}

/// Tells the running node, and waits until it has its new keys.
fn reload(union: &Union) {
    let renewed = || union.node.telemetry().matches("node.renewed").count();
    let before = renewed();
    union.node.reload();
    wait_until(&format!("{} has its new keys", union.id()), PATIENCE, || (renewed() > before).then_some(()));
}

fn root_key(union: &Union) -> PathBuf {
    union.node.folder.join("keys/root.key")
}

/// A root key of a further owner, and its public half.
fn owner(world: &World, name: &str) -> (PathBuf, String) {
    let file = world.ground.path().join(format!("{name}.root.key"));
    let public = root_key_command(&file).done().stdout.trim().to_owned();
    (file, public)
}

/// A copy of a node's folder as it is now, without what it stores.
fn copy(union: &Union, to: &Path) -> PathBuf {
    union.node.copy_folder(to);
    to.to_owned()
}

fn chain(union: &Union) -> DescriptorChain {
    chain_in(&union.node.folder)
}

fn chain_in(folder: &Path) -> DescriptorChain {
    DescriptorChain::from_file(&fs::read_to_string(folder.join("descriptor.txt")).expect("a descriptor")).expect("a chain")
}

fn newest_key(union: &Union) -> String {
    chain(union).newest().signing_keys.last().expect("a key").key_id.clone()
}

/// How often a union's log tells of changed keys, its own and others'.
fn followed(union: &Union) -> usize {
    road::events(union, "key.rotated")
}

fn follows(union: &Union, times: usize) {
    wait_until(&format!("{} follows", union.id()), PATIENCE, || (followed(union) == times).then_some(()));
}

fn connected(world: &World) {
    for union in [&world.mtuc, &world.ksbsi] {
        wait_until(&format!("{} is connected", union.id()), PATIENCE, || {
            let peers = union.json(Admin, &["peer", "list"]);
            (peers.exit == 0 && peers.names("\"connected\":true")).then_some(())
        });
    }
}

fn propose_version_2(world: &World) {
    let version = ("title = \"Cooperation on", "version = 2\nsupersedes = 1\ntitle = \"Cooperation on");
    let changes = [version, ("expires_on = \"2026-08-31\"", "expires_on = \"2029-08-31\"")];
    let file = world.variant("version-2.toml", &changes);
    world.mtuc.titian(Admin, &["agreement", "draft", &file]).done();
    world.mtuc.titian(Admin, &["agreement", "propose", AGREEMENT, "--version", "2"]).done();
}

fn envelopes_of(union: &Union, sender: &str) -> Vec<wire::Envelope> {
    let read = |stored: &String| wire::Delivery::decode(bytes_of(stored).slice(1..)).expect("a delivery").envelope;
    let by = |envelope: &wire::Envelope| wire::Header::decode(envelope.header.clone()).is_ok_and(|header| header.sender == sender);
    union.table("inbox-envelope/").values().filter_map(read).filter(by).collect()
}

fn bytes_of(hexadecimal: &str) -> Bytes {
    let (pairs, _) = hexadecimal.as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).expect("hexadecimal")).collect()
}

/// Short names of the keys that signed what a union took in from another.
fn signers(union: &Union, sender: &str) -> Vec<String> {
    envelopes_of(union, sender).into_iter().filter_map(|envelope| envelope.seal.map(|seal| seal.key_id)).collect()
}
