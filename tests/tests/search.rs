//! Somebody comes to the door without a paper: staff find her by what she tells them, at her own union and where she was referred to.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Auditor, Caseworker};
use titian_tests::answer::{Answer, BAD_INPUT, FORBIDDEN};
use titian_tests::road::{self, Intake};
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, objects_with};

#[test]
fn a_worker_is_found_by_her_name_her_telephone_and_her_passport() {
    // Given a worker of MTUC, whose passport was noted, and another of another name
    let world = World::befriended();
    let siti = road::intake(&world.mtuc);
    let passport = ["record", "put", &siti.case, "identity_document", "kind=PASSPORT", "number=X7654321Q", "country=ID"];
    world.mtuc.json(Caseworker, &passport).done();
    let other = world.variant("dewi.toml", &[("Siti Aminah", "Dewi Aminah"), ("+9996281230001", "+9996281239999")]);
    let dewi = road::intake_from(&world.mtuc, &other);
    // When staff ask for her in the ways in which people tell such things
    for words in [&["siti"][..], &["AMINAH", "Siti"], &["0 6281230001"], &["+999 628-123-0001"], &["x 765 4321 q"]] {
        // Then she is found, and nobody else
        assert_eq!(workers(&world.mtuc, words), std::slice::from_ref(&siti.worker), "{words:?}");
    }
    assert_eq!(workers(&world.mtuc, &["aminah"]), [siti.worker, dewi.worker]);
    for nobody in ["sitti", "Siti Aminah Rahma", "81230002"] {
        assert!(workers(&world.mtuc, &[nobody]).is_empty(), "{nobody} is nobody");
    }
    find(&world.mtuc, &["--", "-!-"]).failed(BAD_INPUT, "MALFORMED");
    // And whoever meets no workers finds none
    for account in [Admin, Auditor] {
        world.mtuc.json(account, &["worker", "find", "siti"]).failed(FORBIDDEN, "ROLE_FORBIDS");
    }
    // And nothing of the question stands in a log
    let log = world.mtuc.node.telemetry();
    assert!(!log.to_lowercase().contains("aminah") && !log.contains("6281230001"), "the log is silent");
}

#[test]
fn what_changed_is_found_at_once_and_what_is_gone_never() {
    // Given a worker who was referred to KSBSI
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let found = find(&world.ksbsi, &["siti"]).done();
    assert!(found.id("referral_id") == referral && found.names("my.mtuc"), "who received her finds her: {}", found.told());
    // When her name is corrected at MTUC
    rename(&world.mtuc, &intake, "Sitti Rahma");
    // Then she is found by the new name at both, and by the old one at neither
    wait_until("KSBSI finds the new name", PATIENCE, || (shared(&world.ksbsi, &["rahma"]) == [referral.clone()]).then_some(()));
    assert_eq!(workers(&world.mtuc, &["rahma"]), std::slice::from_ref(&intake.worker));
    assert!(workers(&world.mtuc, &["aminah"]).is_empty() && shared(&world.ksbsi, &["aminah"]).is_empty());
    // When she takes it back
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"]).done();
    // Then KSBSI does not find her any more, and MTUC does: she is its own member
    wait_until("KSBSI finds nobody", PATIENCE, || shared(&world.ksbsi, &["rahma"]).is_empty().then_some(()));
    assert_eq!(workers(&world.mtuc, &["rahma"]), [intake.worker]);
}

/// Corrects the name of a worker.
fn rename(union: &Union, intake: &Intake, name: &str) {
    let shown = union.json(Caseworker, &["worker", "show", &intake.worker]).done();
    let identity = objects_with(&shown.json(), "revision").into_iter().find(|record| record["content"]["identity"].is_object());
    let identity = Answer { stdout: identity.expect("she has a name").to_string(), ..shown };
    let (id, revision) = (identity.id("record_id"), identity.count("revision").to_string());
    let put = ["record", "put", &intake.case, "--record", &id, "--revision", &revision, "identity", &format!("full_name={name}")];
    union.json(Caseworker, &put).done();
}

/// Workers of a union who are found.
fn workers(union: &Union, words: &[&str]) -> Vec<String> {
    ids(&find(union, words).done(), "workerId", "worker_id")
}

/// Referrals under which somebody is found.
fn shared(union: &Union, words: &[&str]) -> Vec<String> {
    ids(&find(union, words).done(), "referralId", "referral_id")
}

fn ids(found: &Answer, member: &str, name: &str) -> Vec<String> {
    let with = objects_with(&found.json(), member).into_iter();
    with.map(|one| Answer { stdout: one.to_string(), ..found.clone() }.id(name)).collect()
}

fn find(union: &Union, words: &[&str]) -> Answer {
    union.json(Caseworker, &[&["worker", "find"], words].concat())
}
