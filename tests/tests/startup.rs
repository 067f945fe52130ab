//! What a node says when it cannot start: an exit code for the service manager, a sentence for the person, and nothing lost.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use titian_tests::account::Account::{Admin, Caseworker};
use titian_tests::answer::Answer;
use titian_tests::node::{Node, Plan, init_command};
use titian_tests::sample;
use titian_tests::world::Ground;

/// Wrong arguments or settings (`sysexits.h`).
const USAGE: i32 = 64;
/// Stored data that this program cannot use.
const DATA: i32 = 65;
/// A port is taken.
const PORT: i32 = 69;
/// The folder is taken.
const FOLDER: i32 = 73;
/// A key is missing or unreadable.
const KEY: i32 = 77;

#[test]
fn settings_with_a_slip_are_refused_by_their_name() {
    let (_ground, mut node) = node();
    let file = node.folder.join("node.toml");
    let settings = fs::read_to_string(&file).expect("node.toml");
    for (slip, named) in [("[desk2]\nlisten = \"127.0.0.1:1\"\n\n[telemetry]", "desk2"), ("[telemetry]\ncolour = \"red\"", "colour")] {
        fs::write(&file, settings.replace("[telemetry]", slip)).expect("node.toml");
        expect(&node.fails_to_start(), USAGE, named);
    }
    fs::write(&file, settings).expect("node.toml");
    node.start();
}

#[test]
fn the_desk_stays_on_this_machine() {
    let (_ground, mut node) = node();
    let file = node.folder.join("node.toml");
    let settings = fs::read_to_string(&file).expect("node.toml");
    let port = node.desk.rsplit(':').next().unwrap_or_default().to_owned();
    fs::write(&file, settings.replace(&format!("127.0.0.1:{port}"), &format!("0.0.0.0:{port}"))).expect("node.toml");
    expect(&node.fails_to_start(), USAGE, "loopback");
}

#[test]
fn a_second_node_on_the_same_folder_is_turned_away_and_the_first_goes_on() {
    let (_ground, mut node) = node();
    node.start();
    let told = node.fails_to_start();
    assert!(told.exit == FOLDER, "{}", told.told());
    node.restart();
}

#[test]
fn a_port_in_use_is_named() {
    let (_ground, mut node) = node();
    let address = node.desk.trim_start_matches("http://").to_owned();
    let taken = TcpListener::bind(&address).expect("the desk's port is free before the node runs");
    expect(&node.fails_to_start(), PORT, &address);
    drop(taken);
    node.start();
}

#[test]
fn a_missing_or_unreadable_key_is_named_and_nothing_is_made_in_its_place() {
    let (_ground, mut node) = node();
    for key in ["signing.key", "tls.key"] {
        let path = node.folder.join("keys").join(key);
        let bytes = fs::read(&path).expect("a key that init made");
        fs::remove_file(&path).expect("ours");
        expect(&node.fails_to_start(), KEY, key);
        assert!(!path.exists(), "a node never makes itself a new key");
        fs::write(&path, b"no key at all").expect("ours");
        expect(&node.fails_to_start(), KEY, key);
        fs::write(&path, bytes).expect("ours");
    }
    // The root key is meant to be elsewhere.
    fs::remove_file(node.folder.join("keys/root.key")).expect("init made it");
    node.start();
}

#[test]
fn a_data_folder_of_a_newer_program_is_left_alone() {
    let (_ground, mut node) = node();
    let file = find(&node.folder, "format").expect("the store says its format");
    let text = fs::read_to_string(&file).expect("text");
    let newer = text.replacen(char::is_numeric, "9", 1);
    fs::write(&file, &newer).expect("ours");
    expect(&node.fails_to_start(), DATA, "knows formats up to");
    assert_eq!(fs::read_to_string(&file).expect("text"), newer, "nothing was touched");
    fs::write(&file, text).expect("ours");
    node.start();
}

#[test]
fn init_refuses_to_overwrite_and_to_guess() {
    let ground = Ground::new();
    let folder = ground.path().join("my.mtuc");
    init_command(&folder, &Plan::mtuc()).done();
    let key = fs::read(folder.join("keys/root.key")).expect("a root key");
    let again = init_command(&folder, &Plan::mtuc());
    assert!(again.exit != 0, "{}", again.told());
    assert_eq!(fs::read(folder.join("keys/root.key")).expect("still there"), key);
    for (plan, what) in [
        (Plan { node_id: "MTUC", ..Plan::mtuc() }, "a name without its country"),
        (Plan { country: "XX", ..Plan::mtuc() }, "no such country"),
        (Plan { kind: "CLUB", ..Plan::mtuc() }, "no such kind"),
    ] {
        let told = init_command(&ground.path().join("refused"), &plan);
        assert!(told.exit != 0, "{what}: {}", told.told());
        assert!(!ground.path().join("refused/keys").exists(), "{what}: nothing is left behind");
    }
}

#[test]
fn what_is_exported_is_what_is_imported() {
    // Given a union with a worker
    let ground = Ground::new();
    let mut union = ground.union(&Plan::mtuc());
    union.titian(Caseworker, &["worker", "add", "--from", &sample::returnee()]).done();
    let before = union.json(Caseworker, &["worker", "list"]).done().stdout;
    let epoch = union.json(Admin, &["node", "status"]).done().text("epoch");
    // When its store is written out, and read into a fresh one
    union.node.stop();
    let lines = union.node.export().done().stdout;
    assert!(lines.lines().count() > 3);
    fs::rename(union.node.folder.join("store"), ground.path().join("old-store")).expect("ours");
    union.node.import(&lines).done();
    union.node.start();
    // Then the worker is there, and the epoch is a new one
    assert_eq!(union.json(Caseworker, &["worker", "list"]).done().stdout, before);
    assert_ne!(union.json(Admin, &["node", "status"]).done().text("epoch"), epoch, "a peer must be able to tell");
}

fn node() -> (Ground, Node) {
    let ground = Ground::new();
    let node = Node::init(ground.path(), &Plan::mtuc());
    (ground, node)
}

fn expect(told: &Answer, exit: i32, word: &str) {
    assert!(told.exit == exit && told.names(word), "should have ended with {exit} and named {word:?}:\n{}", told.told());
}

fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    let entries: Vec<_> = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    let here = entries.iter().find(|path| path.is_file() && path.file_name().is_some_and(|file| file == name)).cloned();
    here.or_else(|| entries.iter().filter(|path| path.is_dir()).find_map(|path| find(path, name)))
}
