//! A case gets a new owner, and never two: offered, accepted with the receiver's own consent, committed by the owner alone (`protocol.md` 4.3).
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Caseworker, FocalPoint, Supervisor};
use titian_tests::answer::Answer;
use titian_tests::road::{self, Intake, act, state};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{AGREEMENT, World};

/// Exit code of a conflict of state.
const CONFLICT: i32 = 7;

#[test]
fn a_case_is_handed_over_and_only_the_new_owner_answers_for_it() {
    // Given a transfer that KSBSI works on, for which she has not consented at KSBSI yet
    let world = World::in_force();
    let (intake, referral) = transfer(&world);
    step(&world.ksbsi, "accept-hand-over", &referral).failed(CONFLICT, "WRONG_STATE");
    // When MTUC offers the case, then nobody changes it there, and MTUC still owns it
    step(&world.mtuc, "hand-over", &referral).done();
    edit(&world.mtuc, &intake).failed(CONFLICT, "IN_ESCROW");
    tenure(&world.ksbsi, &referral, "my.mtuc", "OFFERED");
    // And KSBSI cannot take it under MTUC's consent alone
    step(&world.ksbsi, "accept-hand-over", &referral).refused("NO_CONSENT");
    adopt(&world, &referral);
    step(&world.ksbsi, "accept-hand-over", &referral).done();
    // Then it is KSBSI's at both ends, and MTUC's edits are refused with the name of the owner
    tenure(&world.ksbsi, &referral, "id.ksbsi", "SETTLED");
    assert_eq!(tenure(&world.mtuc, &referral, "id.ksbsi", "SETTLED").text("owner_term"), "2");
    let refused = edit(&world.mtuc, &intake).failed(CONFLICT, "HANDED_OVER");
    assert!(refused.names("id.ksbsi"), "{}", refused.told());
    step(&world.mtuc, "hand-over", &referral).failed(CONFLICT, "HANDED_OVER");
    // And what she takes back at MTUC still passes
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"]).done();
    wait_until("KSBSI heard of it", PATIENCE, || road::show(&world.ksbsi, &referral).has_code("state", "CONSENT_WITHDRAWN").then_some(()));
}

#[test]
fn an_offer_is_taken_back_or_turned_down_and_the_case_is_free_again() {
    // Given a case that MTUC offers
    let world = World::in_force();
    let (intake, referral) = transfer(&world);
    step(&world.mtuc, "hand-over", &referral).done();
    tenure(&world.ksbsi, &referral, "my.mtuc", "OFFERED");
    // When KSBSI turns it down, then MTUC may change it
    step(&world.ksbsi, "cancel-hand-over", &referral).done();
    tenure(&world.mtuc, &referral, "my.mtuc", "SETTLED");
    edit(&world.mtuc, &intake).done();
    // When MTUC offers it again and takes that back, then it is free once KSBSI has answered, and no term is given twice
    assert_eq!(step(&world.mtuc, "hand-over", &referral).done().text("offered_term"), "3");
    step(&world.mtuc, "cancel-hand-over", &referral).done();
    tenure(&world.mtuc, &referral, "my.mtuc", "SETTLED");
    edit(&world.mtuc, &intake).done();
    step(&world.ksbsi, "accept-hand-over", &referral).failed(CONFLICT, "WRONG_STATE");
}

#[test]
fn under_a_suspended_agreement_nothing_is_handed_over() {
    // Given an adopted transfer, and an agreement that MTUC suspended
    let world = World::in_force();
    let (_, referral) = transfer(&world);
    adopt(&world, &referral);
    world.mtuc.json(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]).done();
    // Then the case is not offered
    step(&world.mtuc, "hand-over", &referral).refused("AGREEMENT_SUSPENDED");
}

#[test]
fn two_owners() {
    // Given a case that MTUC offered, and that KSBSI accepts while MTUC's node is down
    let mut world = World::in_force();
    let (intake, referral) = transfer(&world);
    adopt(&world, &referral);
    step(&world.mtuc, "hand-over", &referral).done();
    tenure(&world.ksbsi, &referral, "my.mtuc", "OFFERED");
    world.mtuc.node.stop();
    step(&world.ksbsi, "accept-hand-over", &referral).done();
    world.mtuc.node.start();
    // When MTUC cancels, whether the acceptance has come or not
    let cancelled = step(&world.mtuc, "cancel-hand-over", &referral);
    assert!(cancelled.exit == 0 || cancelled.names("WRONG_STATE"), "{}", cancelled.told());
    // Then the receiver's order decides: it accepted first, and is the one owner
    tenure(&world.mtuc, &referral, "id.ksbsi", "SETTLED");
    tenure(&world.ksbsi, &referral, "id.ksbsi", "SETTLED");
    edit(&world.mtuc, &intake).failed(CONFLICT, "HANDED_OVER");
}

/// A referral of kind TRANSFER that KSBSI accepted, with its share there.
fn transfer(world: &World) -> (Intake, String) {
    let intake = road::intake(&world.mtuc);
    road::consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    let ask = ["--to", "id.ksbsi", "--purpose", "WAGE_RECOVERY", "--kind", "TRANSFER", "--categories", sample::CATEGORIES];
    let mut arguments = vec!["referral", "request", "--case", &intake.case, "--services", "LEGAL_ADVICE", "--priority", "NORMAL"];
    arguments.extend_from_slice(&ask);
    let referral = world.mtuc.json(Caseworker, &arguments).done().id("referral_id");
    road::arrive(&world.ksbsi, &referral);
    act(&world.ksbsi, &["referral", "accept", &referral]).done();
    road::held(&world.ksbsi, &referral);
    state(&world.mtuc, &referral, "ACCEPTED");
    (intake, referral)
}

/// She consents at KSBSI, which goes to work with it.
fn adopt(world: &World, referral: &str) {
    world.ksbsi.json(Caseworker, &["consent", "record", "--referral", referral, "--from", &sample::returnee()]).done();
    act(&world.ksbsi, &["referral", "start", referral, "--adopt"]).done();
    state(&world.mtuc, referral, "IN_PROGRESS");
}

fn step(union: &Union, step: &str, referral: &str) -> Answer {
    union.json(Supervisor, &["case", step, referral])
}

/// Waits until a union knows who owns the case, and how that stands.
fn tenure(union: &Union, referral: &str, owner: &str, how: &str) -> Answer {
    wait_until(&format!("at {} the case is {owner}'s, {how}", union.id()), PATIENCE, || {
        let shown = union.json(FocalPoint, &["case", "owner", referral]);
        (shown.exit == 0 && shown.names(owner) && shown.has_code("state", how)).then_some(shown)
    })
}

fn edit(union: &Union, intake: &Intake) -> Answer {
    union.json(Caseworker, &["record", "put", &intake.case, "claim", "currency=MYR", "amount_minor_units=1"])
}
