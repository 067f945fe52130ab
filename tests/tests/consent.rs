//! What the worker allows, and that it holds: at the request, in the queue, in flight, and with what was delivered.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::Caseworker;
use titian_tests::answer::{Answer, BAD_INPUT, REFUSED};
use titian_tests::road::{self, consent_from, events, intake, request, share, show, state};
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

#[test]
fn a_withdrawal_while_the_offer_waits_lets_not_a_byte_of_it_leave() {
    // Given KSBSI's node is down, and an offer waits for it
    let mut world = World::in_force();
    world.ksbsi.node.stop();
    let (intake, referral) = road::refer(&world);
    // When the worker withdraws
    let withdrawn = withdraw(&world, &intake.worker, "ERASE").done();
    // Then the offer is purged from the queue
    assert!(withdrawn.count("purged") >= 1, "{}", withdrawn.told());
    state(&world.mtuc, &referral, "CONSENT_WITHDRAWN");
    // And when KSBSI comes back, it never hears of the referral
    world.ksbsi.node.start();
    wait_until("MTUC has nothing more to send", PATIENCE, || {
        let peers = world.mtuc.json(titian_tests::account::Account::Admin, &["peer", "list"]);
        (peers.names("\"connected\":true") && peers.count("queued") == 0).then_some(())
    });
    let heard = show(&world.ksbsi, &referral);
    assert!(heard.exit != 0, "{}", heard.told());
    for canary in sample::CANARIES {
        assert!(!world.ksbsi.node.telemetry().contains(canary));
    }
}

#[test]
fn a_withdrawal_after_delivery_freezes_what_is_held() {
    // Given a share held at KSBSI
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    // When she withdraws at MTUC
    withdraw(&world, &intake.worker, "ERASE").done();
    // Then KSBSI holds it frozen: not shown to anybody
    let frozen = state(&world.ksbsi, &referral, "CONSENT_WITHDRAWN");
    assert!(frozen.find("frozen").is_some_and(|value| value == true), "{}", frozen.told());
    let held = share(&world.ksbsi, &referral);
    assert!(!held.names("Siti Aminah"), "a frozen share is not shown");
    assert_eq!(events(&world.mtuc, "consent.withdrawn"), 1, "and the log says so");
    // And an update is refused
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    let refused = world.mtuc.json(Caseworker, &put);
    assert!(refused.exit == REFUSED, "{}", refused.told());
}

#[test]
fn she_may_withdraw_at_the_union_that_received_her_too() {
    let world = World::in_force();
    let (_, referral) = road::refer_and_accept(&world);
    // When she says so at KSBSI
    let words = ["consent", "withdraw", "--referral", &referral, "--action", "ERASE"];
    world.ksbsi.json(Caseworker, &words).done();
    // Then MTUC knows, and nothing new is sent
    state(&world.ksbsi, &referral, "CONSENT_WITHDRAWN");
    state(&world.mtuc, &referral, "CONSENT_WITHDRAWN");
}

#[test]
fn a_withdrawal_passes_while_the_agreement_is_suspended() {
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let admin = titian_tests::account::Account::Admin;
    world.ksbsi.titian(admin, &["agreement", "suspend", titian_tests::world::AGREEMENT, "--reason", "SAFETY"]).done();
    titian_tests::world::wait_agreement(&world.mtuc, "SUSPENDED");
    withdraw(&world, &intake.worker, "RESTRICT").done();
    state(&world.ksbsi, &referral, "CONSENT_WITHDRAWN");
}

#[test]
fn a_withdrawal_is_owed_to_a_suspended_peer_and_reaches_it_later() {
    // Given a share held at KSBSI, whom MTUC then suspends
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let admin = titian_tests::account::Account::Admin;
    world.mtuc.titian(admin, &["peer", "suspend", "id.ksbsi", "--reason", "SAFETY"]).done();
    // When the worker withdraws, then it holds at MTUC at once, and KSBSI cannot hear of it yet
    withdraw(&world, &intake.worker, "ERASE").done();
    state(&world.mtuc, &referral, "CONSENT_WITHDRAWN");
    assert!(!show(&world.ksbsi, &referral).has_code("state", "CONSENT_WITHDRAWN"));
    // And when MTUC resumes the peer, KSBSI is told and freezes what it holds
    world.mtuc.titian(admin, &["peer", "resume", "id.ksbsi"]).done();
    state(&world.ksbsi, &referral, "CONSENT_WITHDRAWN");
    assert!(!share(&world.ksbsi, &referral).names("Siti Aminah"), "a frozen share is not shown");
}

#[test]
fn what_she_did_not_allow_is_refused_with_the_code_for_it() {
    let world = World::in_force();
    // Each: what the consent says instead, and the refusal it earns
    let cases: [(&str, &str, &str, &str); 4] = [
        ("another recipient", "recipient = \"id.ksbsi\"", "recipient = \"kh.clc\"", "CONSENT_RECIPIENT"),
        (
            "another purpose",
            "purposes = [\"WAGE_RECOVERY\"]\ncategories = [\"CASE_CORE\", \"DEMO",
            "purposes = [\"SHELTER\"]\ncategories = [\"CASE_CORE\", \"DEMO",
            "CONSENT_PURPOSE",
        ),
        ("fewer categories", "\"SAFETY\", \"EMPLOYER\", \"CLAIM\"]\nmethod", "\"SAFETY\", \"CLAIM\"]\nmethod", "CONSENT_CATEGORY"),
        ("no warning given", "informed_inadequate_protection = true", "informed_inadequate_protection = false", "CONSENT_NOTICE"),
    ];
    for (number, (what, from, to, code)) in cases.into_iter().enumerate() {
        let file = world.variant(&format!("consent-{number}.toml"), &[(from, to)]);
        let intake = intake(&world.mtuc);
        // Some are turned away when they are written down, the others when they are used.
        let written = consent_from(&world.mtuc, &intake, &file);
        let told = if written.exit == 0 { request(&world.mtuc, &intake, sample::CATEGORIES) } else { written };
        assert!([REFUSED, BAD_INPUT].contains(&told.exit) && told.names(code), "{what}: {}", told.told());
    }
}

#[test]
fn a_consent_that_is_none_is_not_written_down() {
    let world = World::befriended();
    let intake = intake(&world.mtuc);
    let cases: [(&str, &str, &str); 6] = [
        ("without an end", "valid_days = 180\n", ""),
        ("longer than half a year", "valid_days = 180", "valid_days = 181"),
        ("for two recipients", "recipient = \"id.ksbsi\"", "recipient = \"id.ksbsi,kh.clc\""),
        ("given by a network leader", "method = \"RECORDED_AUDIO\"", "method = \"RECORDED_AUDIO\"\ngiven_by = \"NETWORK_LEADER\""),
        ("given by the employer", "method = \"RECORDED_AUDIO\"", "method = \"RECORDED_AUDIO\"\ngiven_by = \"EMPLOYER\""),
        (
            "without a category",
            "categories = [\"CASE_CORE\", \"DEMOGRAPHIC\", \"IDENTITY\", \"CONTACT\", \"SAFETY\", \"EMPLOYER\", \"CLAIM\"]",
            "categories = []",
        ),
    ];
    for (number, (what, from, to)) in cases.into_iter().enumerate() {
        let file = world.variant(&format!("no-consent-{number}.toml"), &[(from, to)]);
        let answer = consent_from(&world.mtuc, &intake, &file);
        assert!([BAD_INPUT, REFUSED].contains(&answer.exit), "{what}: {}", answer.told());
    }
    let list = world.mtuc.json(Caseworker, &["consent", "list", "--worker", &intake.worker]).done();
    assert!(!list.names("RECORDED_AUDIO"), "none of them was written down: {}", list.told());
}

fn withdraw(world: &World, worker: &str, action: &str) -> Answer {
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", worker, "--action", action])
}
