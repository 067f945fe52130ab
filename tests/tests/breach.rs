//! A breach: whoever is concerned hears of it within the annex's hours, in every state of an agreement, and a person sees to it.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Auditor, Caseworker, Supervisor};
use titian_tests::answer::{BAD_INPUT, CONFLICT, FORBIDDEN, NOT_FOUND};
use titian_tests::road::{self, events};
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{AGREEMENT, World};

#[test]
fn a_breach_is_told_while_the_agreement_is_suspended_and_calls_a_person_until_it_is_seen_to() {
    // Given a share at KSBSI, and an agreement that MTUC has suspended since
    let world = World::in_force();
    let (_, referral) = road::refer_and_accept(&world);
    world.mtuc.titian(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]).done();
    // When a laptop is stolen at KSBSI, and its supervisor tells of it
    let tell = ["breach", "tell", "--categories", "IDENTITY,CONTACT", "--referral", &referral, "--found-at", "2026-03-02T01:00:00Z"];
    world.ksbsi.json(Caseworker, &tell).failed(FORBIDDEN, "ROLE_FORBIDS");
    let told = world.ksbsi.json(Supervisor, &tell).done();
    assert!(told.names("my.mtuc"), "{}", told.told());
    // Then MTUC knows, both logs say so, and a person is called there
    let breach = wait_until("MTUC knows", PATIENCE, || {
        let list = world.mtuc.json(Supervisor, &["breach", "list", "--open"]).done();
        list.names("id.ksbsi").then(|| list.id("breach_id"))
    });
    assert!(alarm(&world.mtuc, "breach.told"));
    assert!(world.mtuc.json(Caseworker, &["task", "list"]).done().names("BREACH_NOTICE"));
    wait_until("KSBSI has its receipt", PATIENCE, || {
        (!world.ksbsi.json(Admin, &["breach", "list", "--open"]).done().names("my.mtuc")).then_some(())
    });
    assert_eq!((events(&world.mtuc, "breach.told"), events(&world.ksbsi, "breach.told")), (1, 1));
    // When MTUC's supervisor has reached the worker
    world.mtuc.json(Auditor, &["breach", "settle", &breach]).failed(FORBIDDEN, "ROLE_FORBIDS");
    world.mtuc.json(Supervisor, &["breach", "settle", &breach]).done();
    // Then nobody is called any more, and it stays written down
    assert!(!alarm(&world.mtuc, "breach.told"));
    assert!(!world.mtuc.json(Caseworker, &["task", "list"]).done().names("BREACH_NOTICE"));
    world.mtuc.json(Supervisor, &["breach", "settle", &breach]).failed(CONFLICT, "WRONG_STATE");
    assert!(world.mtuc.json(Auditor, &["breach", "list"]).done().names("id.ksbsi"));
}

#[test]
fn who_cannot_be_told_now_is_told_later_and_an_alarm_says_when_the_hours_are_over() {
    // Given MTUC, which KSBSI has suspended
    let world = World::in_force();
    let (_, referral) = road::refer_and_accept(&world);
    world.ksbsi.titian(Admin, &["peer", "suspend", "my.mtuc", "--reason", "SAFETY"]).done();
    // When a breach of yesterday is written down
    let tell = ["breach", "tell", "--categories", "CONTACT", "--peer", "my.mtuc", "--found-at", "2026-03-01T10:00:00Z"];
    world.ksbsi.json(Admin, &tell).done();
    // Then nothing leaves, and union IT is called: its hours are over
    assert!(alarm(&world.ksbsi, "breach.unanswered"));
    assert!(!alarm(&world.mtuc, "breach.told"));
    // And when MTUC is resumed it is told
    world.ksbsi.titian(Admin, &["peer", "resume", "my.mtuc"]).done();
    wait_until("MTUC knows", PATIENCE, || alarm(&world.mtuc, "breach.told").then_some(()));
    wait_until("KSBSI has its receipt", PATIENCE, || (!alarm(&world.ksbsi, "breach.unanswered")).then_some(()));
    // And what cannot be is refused with what is wrong
    let nothing = "0198c0de-0000-7000-8000-000000000000";
    world.ksbsi.json(Admin, &["breach", "tell", "--categories", "CONTACT", "--referral", nothing]).failed(NOT_FOUND, "NOT_FOUND");
    let tomorrow = ["breach", "tell", "--categories", "CONTACT", "--referral", &referral, "--found-at", "2026-03-05T10:00:00Z"];
    world.ksbsi.json(Admin, &tomorrow).failed(BAD_INPUT, "MALFORMED");
}

fn alarm(union: &Union, code: &str) -> bool {
    union.json(Admin, &["node", "status"]).done().names(code)
}
