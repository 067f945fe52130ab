//! A node's disk is in other hands: after a theft, a raid, or a repair. Without the node key it says nothing of anybody; and what was erased nobody opens
//! any more, with whatever key is left, there or in an older backup.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

mod cipher;
mod thief;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use titian_tests::account::Account::Caseworker;
use titian_tests::answer::Answer;
use titian_tests::papers::Papers;
use titian_tests::programs;
use titian_tests::road;
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

use thief::{Loot, files_under, forms, found, opened};

/// Stands in a document, in a record that is removed, in one that stays, and in an account's name.
const PLANTED: [&str; 4] = ["kenari di dalam surat", "X7654321Q", "Y1234567Z", "kenari-kuning"];

/// The files whose bytes a thief must not have for these stories: the node key.
const NODE_KEY: [&str; 1] = ["node.key"];

#[test]
fn a_stolen_folder_without_the_node_key_opens_nothing() {
    // Given a worker whose records, papers, consent and referral hold canaries at two unions, and an account with one
    let mut papers = Papers::begin();
    let letter = [b"%PDF-1.7\n".to_vec(), PLANTED[0].repeat(4_000).into_bytes()].concat();
    let record = papers.record("CONTRACT");
    papers.attach(&record, &papers.file("letter.pdf", &letter)).done();
    assert_eq!(papers.pulled(), letter);
    let [goes, _] = PLANTED[1..3].iter().map(|number| passport(&papers, number)).collect::<Vec<_>>().try_into().expect("two");
    let admin = titian_tests::account::Account::Admin;
    papers.world.mtuc.titian(admin, &["staff", "add", PLANTED[3], "--role", "CASEWORKER"]).done();
    // When the disks are taken while everything is there, and again when some is removed
    nothing_is_found(&mut papers.world, "before anything was removed");
    papers.world.mtuc.json(Caseworker, &["record", "remove", &papers.intake.case, &goes]).done();
    papers.world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &papers.intake.worker, "--action", "ERASE"]).done();
    road::state(&papers.world.ksbsi, &papers.referral, "CONSENT_WITHDRAWN");
    // Then no canary stands in any file but those that a thief does not have, nor in an export
    nothing_is_found(&mut papers.world, "after the removal");
}

#[test]
fn a_thief_with_the_node_key_opens_nothing_that_was_erased_and_still_opens_the_others() {
    // Given two records, and a backup of the disk and an export from when both were there
    let mut papers = Papers::begin();
    let [goes, _] = PLANTED[1..3].iter().map(|number| passport(&papers, number)).collect::<Vec<_>>().try_into().expect("two");
    let folder = papers.world.mtuc.node.folder.clone();
    let (backup, lines) = (papers.world.ground.path().join("backup"), papers.world.ground.path().join("backup.lines"));
    papers.world.mtuc.node.stop();
    copy(&folder.join("store"), &backup);
    fs::write(&lines, papers.world.mtuc.node.export().done().stdout).expect("a place for the lines");
    let before = Loot::of(&folder.join("keyring"), &folder.join("keys/node.key"));
    assert_eq!(readable(&before, &backup, &lines), [true, true], "the tool opens what it has the keys of, or this tests nothing");
    // When one of them is removed
    papers.world.mtuc.node.start();
    papers.world.mtuc.json(Caseworker, &["record", "remove", &papers.intake.case, &goes]).done();
    wait_until("its key is destroyed", PATIENCE, || papers.world.mtuc.table("released/").is_empty().then_some(()));
    papers.world.mtuc.node.stop();
    // Then the thief, with the node key and every key that it opens, reads the other alone: on the disk and in the backup
    let loot = Loot::of(&folder.join("keyring"), &folder.join("keys/node.key"));
    assert_eq!(readable(&loot, &folder, &lines), [false, true]);
    assert_eq!(readable(&loot, &backup, &lines), [false, true]);
    // And so does the union itself, once it has gone back to that backup
    fs::remove_dir_all(folder.join("store")).expect("a store");
    let lines = fs::read_to_string(&lines).expect("the lines");
    papers.world.mtuc.node.import(&lines).done();
    papers.world.mtuc.node.start();
    let records = papers.world.mtuc.json(Caseworker, &["record", "list", &papers.intake.case]).done();
    assert!(!records.names(PLANTED[1]) && records.names(PLANTED[2]));
}

#[test]
fn the_node_key_can_be_changed_and_the_doctor_says_where_it_is() {
    // Given a union whose node key lies beside its store
    let mut world = World::befriended();
    let _intake = road::intake(&world.mtuc);
    world.mtuc.node.stop();
    let folder = world.mtuc.node.folder.clone();
    let told = node(&folder, &["doctor", "--json"], "").done().json();
    let warnings = told["warnings"].to_string();
    assert!(warnings.contains("node.key lies on the same disk") && warnings.contains("no second copy"), "{warnings}");
    assert_eq!(told["open_to_others"].as_array().map(Vec::len), Some(0), "{told}");
    let tables = told["tables"].as_array().expect("tables");
    assert!(tables.iter().all(|table| table["kept"] != "sealed" || table["clear"] == 0), "{told}");
    assert!(tables.iter().any(|table| table["table"] == "worker-record/" && table["sealed"].as_u64() > Some(0)));
    // When IT takes another key, and then a passphrase
    let old = fs::read_to_string(folder.join("keys/node.key")).expect("a node key");
    node(&folder, &["rekey"], "").done();
    let new = fs::read_to_string(folder.join("keys/node.key")).expect("a node key");
    assert_ne!(old, new);
    node(&folder, &["rekey", "--to", "passphrase"], "burung kenari\n").done();
    // Then no key lies on the disk, the passphrase opens the store, and another one loses nothing
    assert!(!folder.join("keys/node.key").exists());
    let refused = node(&folder, &["export"], "burung nuri\n");
    assert!(refused.exit == 77 && refused.stderr.contains("does not open with this node key"), "{}", refused.told());
    node(&folder, &["export"], "burung kenari\n").done();
    let warnings = node(&folder, &["doctor", "--json"], "").done().json()["warnings"].to_string();
    assert!(!warnings.contains("node.key"), "{warnings}");
    // And a key of which systemd tells the node does as well
    let credentials = world.ground.path().join("credentials");
    fs::create_dir(&credentials).expect("a folder");
    let file = credentials.join("titian-node-key").display().to_string();
    node(&folder, &["rekey", "--to", "credential", "--new-key", &file], "burung kenari\n").done();
    let told = node_with(&folder, &["export"], "", &[("CREDENTIALS_DIRECTORY", &credentials.display().to_string())]);
    told.done();
    let refused = node(&folder, &["export"], "");
    assert!(refused.exit == 77 && refused.stderr.contains("titian-node-key"), "{}", refused.told());
}

#[test]
fn on_the_day_of_a_raid_one_command_ends_what_the_disk_can_tell() {
    let mut world = World::befriended();
    let _intake = road::intake(&world.mtuc);
    world.mtuc.node.stop();
    let folder = world.mtuc.node.folder.clone();
    // Somebody who does not mean it
    let refused = node(&folder, &["wipe"], "yes\n");
    assert!(refused.exit == 64 && refused.stderr.contains("nothing was destroyed"), "{}", refused.told());
    node(&folder, &["export"], "").done();
    // And somebody who does
    let told = node(&folder, &["wipe", "--yes", "my.mtuc"], "").done().stdout;
    assert!(told.contains("keyring") && told.contains("node.key") && told.contains("titian-node compromise"), "{told}");
    assert!(!folder.join("keyring").exists() && !folder.join("keys/node.key").exists());
    let refused = node(&folder, &["export"], "");
    assert!(refused.exit == 77 && refused.stderr.contains("missing"), "{}", refused.told());
}

/// Puts a passport into the worker's case at MTUC; gives the record's id.
fn passport(papers: &Papers, number: &str) -> String {
    let (number, case) = (format!("number={number}"), &papers.intake.case);
    let put = ["record", "put", case, "identity_document", "kind=PASSPORT", &number, "country=ID"];
    papers.world.mtuc.json(Caseworker, &put).done().id("record_id")
}

/// Looks for every canary in every form in whatever a thief finds of two stopped nodes, and starts them again.
fn nothing_is_found(world: &mut World, when: &str) {
    let canaries: Vec<&str> = sample::CANARIES.iter().chain(&PLANTED).copied().collect();
    let forms: Vec<(&str, Vec<u8>)> = canaries.iter().flat_map(|text| forms(text).into_iter().map(|form| (*text, form))).collect();
    let needles: Vec<Vec<u8>> = forms.iter().map(|(_, form)| form.clone()).collect();
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.node.stop();
        let lines = union.node.export().done().stdout;
        let holds = |bytes: &[u8]| found(&needles, [bytes]).first().map(|at| forms[*at].0);
        assert_eq!(holds(lines.as_bytes()), None, "in an export of {} {when}", union.id());
        let files = files_under(&union.node.folder, &NODE_KEY);
        assert!(files.len() > 10, "{} has files", union.id());
        for file in files {
            let bytes = fs::read(&file).unwrap_or_default();
            assert_eq!(holds(&bytes), None, "in {} of {} {when}", file.display(), union.id());
        }
        still_there(union);
    }
}

/// The node comes up again, and knows its workers.
fn still_there(union: &mut Union) {
    union.node.start();
    assert_eq!(union.json(Caseworker, &["case", "list"]).exit, 0);
}

/// Which of the two passports a thief reads, on a disk or in the lines of an export.
fn readable(loot: &Loot, folder: &Path, lines: &Path) -> [bool; 2] {
    let keys = loot.keys();
    let needles: Vec<Vec<u8>> = PLANTED[1..3].iter().map(|number| number.as_bytes().to_vec()).collect();
    let mut places: Vec<Vec<u8>> = files_under(folder, &NODE_KEY).iter().map(|file| fs::read(file).unwrap_or_default()).collect();
    let lines = fs::read_to_string(lines).unwrap_or_default();
    places.extend(lines.lines().filter_map(|line| Some(thief::bytes_of(line.split_once(' ')?.1))));
    let read = places.iter().flat_map(|place| opened(loot, &keys, place));
    let found =
        read.fold(Default::default(), |before: std::collections::BTreeSet<usize>, clear| &before | &found(&needles, [clear.as_slice()]));
    [0, 1].map(|at| found.contains(&at))
}

/// Runs `titian-node` on a folder, with something to read.
fn node(folder: &Path, arguments: &[&str], typed: &str) -> Answer {
    node_with(folder, arguments, typed, &[])
}

/// As [`node`], with further environment.
fn node_with(folder: &Path, arguments: &[&str], typed: &str, environment: &[(&str, &str)]) -> Answer {
    let mut command = Command::new(programs::node());
    command.env_remove("CREDENTIALS_DIRECTORY").envs(environment.iter().copied());
    command.args(arguments).arg("--folder").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("titian-node can be started");
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(typed.as_bytes()).ok();
    }
    Answer::of(&format!("titian-node {}", arguments.join(" ")), &child.wait_with_output().expect("its output"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").filter_map(Result::ok) {
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a file");
        }
    }
}
