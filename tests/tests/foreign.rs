//! A client not written here speaks to the node: python3 with grpcio, and nothing of ours but the published .proto files.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use titian_tests::account::Account::Caseworker;
use titian_tests::node::run;
use titian_tests::programs::project;
use titian_tests::world::World;

/// Pinned, so that a new release of theirs is not a failing test of ours.
const PACKAGES: [&str; 2] = ["grpcio==1.76.0", "grpcio-tools==1.76.0"];

#[test]
fn a_foreign_client_refers_a_worker_and_reads_it_at_the_other_node() {
    // Given stubs that foreign tools made of the .proto files
    let python = environment();
    let stubs = stubs(&python);
    // And two unions whose caseworkers have one password
    let world = World::in_force();
    world.mtuc.admit(Caseworker);
    world.ksbsi.admit(Caseworker);
    // When the foreign client takes the road
    let script = project().join("tests/foreign/client.py");
    let mut command = Command::new(&python);
    command.arg(script).arg(&stubs).args([&world.mtuc.node.desk, &world.ksbsi.node.desk, &Caseworker.password()]);
    let told = run("python3 tests/foreign/client.py", &mut command).done();
    // Then it met what our own client meets
    assert_eq!(told.text("stranger"), "UNAUTHENTICATED");
    assert_eq!(told.text("first_blocked_by"), "REFUSAL_CODE_NO_CONSENT");
    assert_eq!(told.text("second_state"), "REFERRAL_STATE_REQUESTED");
    assert_eq!((told.text("read_sender"), told.text("read_state")), ("my.mtuc".to_owned(), "REFERRAL_STATE_RECEIVED".to_owned()));
    assert!(told.text("read_codes").contains("W01"), "{}", told.told());
}

/// An environment of its own under the target folder, kept from run to run.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-client");
    let python = folder.join("bin/python3");
    let ready = folder.join(format!("ready-{}", PACKAGES.join("-")));
    if !ready.exists() {
        let made = run(
            "python3 -m venv (is python3 with python3-venv installed? tests/run does it)",
            Command::new("python3").args(["-m", "venv"]).arg(&folder),
        );
        made.done();
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]).args(PACKAGES);
        run("pip install (is there a network?)", &mut install).done();
        std::fs::write(&ready, "").expect("a place in the target folder");
    }
    python
}

/// Compiles the contract as any stranger would.
fn stubs(python: &Path) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign-stubs");
    std::fs::create_dir_all(&out).expect("a place in the target folder");
    let proto = project().join("proto");
    let files = std::fs::read_dir(proto.join("titian/v1")).expect("the contract").filter_map(Result::ok).map(|entry| entry.path());
    let mut command = Command::new(python);
    command.args(["-m", "grpc_tools.protoc", "-I"]).arg(&proto).arg(format!("--python_out={}", out.display()));
    command
        .arg(format!("--grpc_python_out={}", out.display()))
        .args(files.filter(|file| file.extension().is_some_and(|end| end == "proto")));
    run("grpc_tools.protoc", &mut command).done();
    out
}
