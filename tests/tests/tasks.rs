//! What waits for a person: computed, by the day it is due, for those who may look at it, and without a name.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{self, Admin, Auditor, Caseworker, Supervisor};
use titian_tests::answer::{Answer, FORBIDDEN, NOT_FOUND};
use titian_tests::road::{self, act, arrive, consent_from, intake, refer, refer_and_accept, state};
use titian_tests::sample;
use titian_tests::transcript::Transcript;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, objects_with};

#[test]
fn the_day_begins_with_what_waits() {
    // Given a consent that ends in twenty days, and a referral that KSBSI is to answer
    let mut world = World::in_force();
    let mut transcript = Transcript::default();
    let soon = world.variant("soon.toml", &[("valid_days = 180", "valid_days = 20")]);
    let first = intake(&world.mtuc);
    consent_from(&world.mtuc, &first, &soon).done();
    let (_, referral) = refer(&world);
    arrive(&world.ksbsi, &referral);
    transcript.heading("what waits at MTUC: a consent to be renewed");
    transcript.add("my.mtuc, caseworker", &told(&world.mtuc, Caseworker));
    transcript.heading("what waits at KSBSI: a referral to be answered");
    transcript.add("id.ksbsi, caseworker", &told(&world.ksbsi, Caseworker));
    // When KSBSI accepts, then the first contact waits; and when it has begun, nothing does
    act(&world.ksbsi, &["referral", "accept", &referral]).done();
    assert_eq!(kinds(&world.ksbsi, Caseworker), ["CONTACT_WORKER"]);
    road::held(&world.ksbsi, &referral);
    world.ksbsi.json(Caseworker, &["referral", "start", &referral]).done();
    assert!(kinds(&world.ksbsi, Caseworker).is_empty());
    // And five weeks after she last confirmed how she may be reached, both ask her again; the consent of the other has ended
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(34 * 24);
        assert_eq!(kinds(union, Caseworker), ["CONFIRM_CONTACT"]);
    }
    transcript.heading("five weeks later");
    transcript.add("my.mtuc, caseworker", &told(&world.mtuc, Caseworker));
    // And nothing of it is for union IT or an auditor, nor in what is counted for them
    for account in [Admin, Auditor] {
        assert!(kinds(&world.mtuc, account).is_empty());
        assert!(!world.mtuc.json(account, &["node", "status"]).done().names("TASK_KIND"));
    }
    assert!(world.mtuc.titian(Caseworker, &["node", "status"]).done().names("confirm contact"));
    transcript.compare("tasks.txt");
}

#[test]
fn a_renewed_consent_waits_no_more() {
    let world = World::befriended();
    let soon = world.variant("soon.toml", &[("valid_days = 180", "valid_days = 20")]);
    let intake = intake(&world.mtuc);
    let consent = consent_from(&world.mtuc, &intake, &soon).done().id("consent_id");
    assert_eq!(kinds(&world.mtuc, Caseworker), ["RENEW_CONSENT"]);
    let renew = ["consent", "record", "--worker", &intake.worker, "--renews", &consent, "--from", &sample::returnee()];
    world.mtuc.json(Caseworker, &renew).done();
    assert!(kinds(&world.mtuc, Caseworker).is_empty());
    // Nor does one that she took back, or that another says again
    let other = road::intake(&world.mtuc);
    consent_from(&world.mtuc, &other, &soon).done();
    consent_from(&world.mtuc, &other, &sample::returnee()).done();
    assert!(kinds(&world.mtuc, Caseworker).is_empty());
}

#[test]
fn an_approval_waits_for_a_supervisor_and_then_for_whoever_sends_it() {
    let world = World::in_force();
    let file = world.variant("documents.toml", &[("\"EMPLOYER\", \"CLAIM\"]\nmethod", "\"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]\nmethod")]);
    let intake = road::intake_from(&world.mtuc, &file);
    consent_from(&world.mtuc, &intake, &file).done();
    world.mtuc.json(Caseworker, &["record", "put", &intake.case, "document", "document_type=ID_DOCUMENT"]).done();
    let referral = road::request(&world.mtuc, &intake, "CASE_CORE,DOCUMENTS").refused("APPROVAL_MISSING").id("referral_id");
    assert!(kinds(&world.mtuc, Caseworker).is_empty());
    assert_eq!(kinds(&world.mtuc, Supervisor), ["APPROVE_REFERRAL"]);
    world.mtuc.json(Supervisor, &["referral", "approve", &referral]).done();
    assert_eq!(kinds(&world.mtuc, Caseworker), ["SEND_APPROVED"]);
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    assert!(kinds(&world.mtuc, Supervisor).is_empty());
}

#[test]
fn a_withdrawal_at_the_other_union_is_verified_with_the_worker_and_closed_by_hand() {
    // Given a share, and the worker withdraws at KSBSI
    let world = World::in_force();
    let (_, referral) = refer_and_accept(&world);
    world.ksbsi.json(Caseworker, &["consent", "withdraw", "--referral", &referral, "--action", "ERASE"]).done();
    // Then it holds at MTUC at once, and somebody who can reach her is to ask her
    state(&world.mtuc, &referral, "CONSENT_WITHDRAWN");
    assert_eq!(kinds(&world.mtuc, Caseworker), ["VERIFY_WITHDRAWAL"]);
    assert!(kinds(&world.ksbsi, Caseworker).is_empty());
    // And it waits until that is done
    let task = tasks(&world.mtuc, Caseworker).id("task_id");
    world.mtuc.json(Auditor, &["task", "close", &task]).failed(FORBIDDEN, "ROLE_FORBIDS");
    world.mtuc.json(Caseworker, &["task", "close", &task]).done();
    world.mtuc.json(Caseworker, &["task", "close", &task]).done();
    assert!(kinds(&world.mtuc, Caseworker).is_empty());
    world.mtuc.json(Caseworker, &["task", "close", "0198c0de-0000-7000-8000-000000000000"]).failed(NOT_FOUND, "NOT_FOUND");
}

#[test]
fn what_is_not_proved_destroyed_waits_for_everybody() {
    // Given a share at KSBSI, which is away while she withdraws, and the annex's hours pass
    let mut world = World::in_force();
    let (intake, _) = refer_and_accept(&world);
    world.ksbsi.node.stop();
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"]).done();
    assert!(kinds(&world.mtuc, Admin).is_empty());
    world.mtuc.later(73);
    for account in [Admin, Auditor, Caseworker] {
        assert_eq!(kinds(&world.mtuc, account), ["ERASURE_OVERDUE"]);
    }
}

#[test]
fn what_will_be_destroyed_is_told_two_weeks_before() {
    // Given a referral that is over, and copies that may be kept for a year
    let mut world = World::in_force();
    let (_, referral) = refer_and_accept(&world);
    for verb in [&["start", &referral][..], &["complete", &referral, "--outcome", "SERVICE_GIVEN"]] {
        world.ksbsi.json(Caseworker, &[&["referral"], verb].concat()).done();
    }
    state(&world.mtuc, &referral, "COMPLETED");
    assert!(kinds(&world.mtuc, Caseworker).is_empty());
    // When thirteen days are left, then both are told, and nobody without a case is
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(352 * 24);
    }
    for union in [&world.mtuc, &world.ksbsi] {
        wait_until("both are told", PATIENCE, || (kinds(union, Caseworker) == ["RETENTION_ENDS"]).then_some(()));
        assert!(kinds(union, Admin).is_empty());
    }
}

/// What waits for an account.
fn tasks(union: &Union, account: Account) -> Answer {
    union.json(account, &["task", "list"]).done()
}

/// What waits for an account, as a person reads it: without a name, a category or a complaint.
fn told(union: &Union, account: Account) -> Answer {
    let answer = union.titian(account, &["task", "list"]).done();
    for secret in sample::CANARIES.into_iter().chain(["CLAIM", "WAGE", "W01", "Mina"]) {
        assert!(!answer.names(secret), "{secret}: {}", answer.told());
    }
    answer
}

/// The kinds of what waits, in their order.
fn kinds(union: &Union, account: Account) -> Vec<String> {
    let answer = tasks(union, account);
    let all = objects_with(&answer.json(), "kind");
    all.iter().filter_map(|task| task["kind"].as_str()?.strip_prefix("TASK_KIND_").map(str::to_owned)).collect()
}
