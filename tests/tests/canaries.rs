//! No name, telephone, employer or passport number stands in a log, in telemetry or in a refusal. Canaries are planted everywhere a person's data
//! may come in, also where it does not belong, and looked for everywhere else.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Auditor, Caseworker};
use titian_tests::answer::Answer;
use titian_tests::road::{self, consent_from, request, request_to};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::world::World;

/// Planted besides those of the sample.
const PLANTED: [&str; 3] = ["X7654321Q", "kenari-kuning", "Desa Burung Kenari"];

#[test]
fn personal_data_stands_in_no_log_no_telemetry_and_no_refusal() {
    // Given a worker whose records hold canaries
    let world = World::in_force();
    let address = ["origin_admin1 = \"ID-JI\"", "origin_admin1 = \"ID-JI\"\naddress = \"Desa Burung Kenari\""];
    let file = world.variant("canaries.toml", &[(address[0], address[1])]);
    let intake = road::intake_from(&world.mtuc, &file);
    // When her referral is refused, in every way at hand
    let mut refusals = vec![request(&world.mtuc, &intake, sample::CATEGORIES)];
    consent_from(&world.mtuc, &intake, &file).done();
    refusals.push(request(&world.mtuc, &intake, "IDENTITY,CONTACT"));
    refusals.push(request(&world.mtuc, &intake, "IDENTITY,NARRATIVE"));
    refusals.push(request_to(&world.mtuc, &intake, "kh.clc", "IDENTITY"));
    refusals.extend(misplaced(&world, &intake.case));
    // And when it is made, accepted, changed and withdrawn
    let referral = request(&world.mtuc, &intake, sample::CATEGORIES).done().id("referral_id");
    road::arrive(&world.ksbsi, &referral);
    road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
    road::held(&world.ksbsi, &referral);
    let passport =
        ["record", "put", &intake.case, "identity_document", "kind=PASSPORT", "number=X7654321Q", "country=ID", "--share-under", &referral];
    refusals.push(world.mtuc.titian(Caseworker, &passport));
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"]).done();
    road::state(&world.ksbsi, &referral, "CONSENT_WITHDRAWN");
    // Then no canary stands in any refusal, log or telemetry
    for refusal in &refusals {
        assert!(refusal.exit != 0, "should have been refused: {}", refusal.told());
        silent(&refusal.stderr, &refusal.command);
        silent(&refusal.stdout, &refusal.command);
    }
    for union in [&world.mtuc, &world.ksbsi] {
        log_and_telemetry_are_silent(union);
    }
}

/// Personal data where only codes may stand.
fn misplaced(world: &World, case: &str) -> Vec<Answer> {
    let put = |words: &[&str]| world.mtuc.titian(Caseworker, &[&["record", "put", case], words].concat());
    let file = world.variant("misplaced.toml", &[("sex = \"FEMALE\"", "sex = \"kenari-kuning\"")]);
    vec![
        put(&["complaint", "kind=kenari-kuning"]),
        put(&["claim", "amount_minor_units=kenari-kuning", "currency=MYR"]),
        put(&["kenari-kuning", "a=b"]),
        world.mtuc.titian(Caseworker, &["worker", "add", "--from", &file]),
        world.mtuc.titian(Admin, &["agreement", "draft", &file.replace("misplaced", "kenari")]),
    ]
    .into_iter()
    .map(without_echo)
    .collect()
}

/// The command line's own parser repeats a word it does not know to the person who typed it; that screen is hers.
fn without_echo(answer: Answer) -> Answer {
    if answer.exit == 2 { Answer { stdout: String::new(), stderr: String::new(), ..answer } } else { answer }
}

fn log_and_telemetry_are_silent(union: &Union) {
    let telemetry = union.node.telemetry();
    assert!(!telemetry.is_empty(), "{} says something", union.id());
    silent(&telemetry, &format!("telemetry of {}", union.id()));
    let leaves = road::leaves(union);
    assert!(leaves.len() > 3, "{} keeps a log", union.id());
    for leaf in leaves {
        silent(&leaf.to_string(), &format!("log of {}", union.id()));
    }
    silent(&union.json(Auditor, &["log", "status"]).done().stdout, "log status");
    silent(&union.json(Admin, &["node", "status"]).done().stdout, "node status");
    for file in names_under(&union.node.folder) {
        silent(&file, "a file name");
    }
}

fn silent(text: &str, place: &str) {
    for canary in sample::CANARIES.iter().chain(&PLANTED) {
        // The place is named, the text is not: a failing test is a log, too.
        assert!(!text.contains(canary), "{place} holds the canary {canary:?}");
    }
}

fn names_under(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .flat_map(|entry| {
            let below = if entry.path().is_dir() { names_under(&entry.path()) } else { Vec::new() };
            std::iter::once(entry.file_name().to_string_lossy().into_owned()).chain(below)
        })
        .collect()
}
