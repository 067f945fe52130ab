//! Accounts, the log, the node and its keys.

use std::process::Command;

use titian_tests::account::Account::{Admin, Auditor, Caseworker};
use titian_tests::answer::Answer;
use titian_tests::node::{root_key_command, rotate_command, run};
use titian_tests::programs;
use titian_tests::road;
use titian_tests::sample;
use titian_tests::teller::Teller;
use titian_tests::world::World;

#[test]
fn people_come_and_go_and_an_auditor_reads_the_log() {
    let mut story = Teller::new(World::befriended());
    story.heading("an account, its password, its end");
    story.mtuc(Admin, &["staff", "add", "nurul", "--role", "CASEWORKER"]).done();
    story.mtuc(Admin, &["staff", "password", "nurul"]).done();
    story.mtuc(Admin, &["staff", "list"]).done();
    story.mtuc(Admin, &["staff", "close", "nurul"]).done();
    story.mtuc(Caseworker, &["staff", "sign-out"]).done();
    story.mtuc(Caseworker, &["staff", "sign-in", "caseworker"]).done();
    story.heading("what an auditor reads: nobody is in it");
    let intake = road::intake(&story.world.mtuc);
    road::consent_from(&story.world.mtuc, &intake, &sample::returnee()).done();
    road::request(&story.world.mtuc, &intake, sample::CATEGORIES).refused("NO_AGREEMENT");
    story.mtuc(Auditor, &["log", "status"]).done();
    story.mtuc(Auditor, &["log", "list"]).done();
    let shown = story.mtuc(Auditor, &["log", "show", "0"]).done();
    let nonce = shown.stdout.split("\"nonce\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce").to_owned();
    story.transcript.name(&nonce, "nonce");
    story.heading("how the node is, and its export");
    story.mtuc(Admin, &["node", "status"]).done();
    let out = story.world.ground.path().join("mtuc.export").display().to_string();
    story.mtuc(Admin, &["node", "export", "--out", &out]).done();
    story.transcript.compare("office.txt");
}

#[test]
fn keys_change_and_strangers_stand_at_the_door() {
    let mut story = Teller::new(World::strangers());
    let folder = story.world.mtuc.node.folder.clone();
    let root_key = folder.join("keys/root.key");
    story.heading("new keys, signed by the owners");
    story.transcript.add("MTUC's IT", &rotate_command(&folder, &[&root_key], &[]).done());
    let owner = story.world.ground.path().join("second-owner.key");
    story.transcript.add("a second owner", &root_key_command(&owner).done());
    story.heading("the node stands still");
    story.world.mtuc.node.stop();
    for arguments in [&["doctor"][..], &["rekey"], &["wipe"], &["wipe", "--yes", "my.mtuc"]] {
        let answer = node(&story, arguments);
        story.transcript.add("MTUC's IT", &answer);
    }
    story.transcript.compare("keys.txt");
}

fn node(story: &Teller, arguments: &[&str]) -> Answer {
    let mut command = Command::new(programs::node());
    command.args(arguments).arg("--folder").arg(&story.world.mtuc.node.folder);
    run(&format!("titian-node {}", arguments.join(" ")), &mut command)
}
