//! The second person: for every kind that needs one, never the author, in the log, and not for ever.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Caseworker, Supervisor};
use titian_tests::answer::{Answer, CONFLICT, FORBIDDEN};
use titian_tests::road::{self, Intake, act, arrive, events, held, share, show};
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

/// What she allows and the referral selects: her documents besides.
const DOCUMENTS: (&str, &str) = ("\"EMPLOYER\", \"CLAIM\"]\nmethod", "\"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]\nmethod");
/// Days for which an approval counts, and one.
const TOO_LATE_HOURS: i64 = 15 * 24;

#[test]
fn an_approval_ends_and_is_given_again() {
    // Given a referral with a passport in its case, which waits for its second person
    let mut world = World::in_force();
    let (_, referral) = waiting(&world);
    world.mtuc.json(Caseworker, &["referral", "approve", &referral]).failed(FORBIDDEN, "ROLE_FORBIDS");
    // When a supervisor approves, then the log says so
    approve(&world, &referral);
    assert_eq!(events(&world.mtuc, "referral.approved"), 1);
    // And when nobody sends it for more than two weeks, the approval counts no more
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(TOO_LATE_HOURS);
    }
    let late = world.mtuc.json(Caseworker, &["referral", "send", &referral]).refused("APPROVAL_MISSING");
    assert!(late.names("approval.approved_at"), "{}", late.told());
    // And given again, it goes
    approve(&world, &referral);
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    arrive(&world.ksbsi, &referral);
    assert_eq!(events(&world.mtuc, "referral.approved"), 2);
}

#[test]
fn an_approval_that_ends_while_a_passport_waits_lets_it_not_leave() {
    // Given a share, and another passport in it that waits for KSBSI, which is away for two weeks and a day
    let mut world = World::in_force();
    let (intake, referral) = shared(&world);
    let before = share(&world.ksbsi, &referral).stdout.matches("ID_DOCUMENT").count();
    world.ksbsi.node.stop();
    put_passport(&world, &intake, &referral).done();
    world.mtuc.later(TOO_LATE_HOURS);
    world.ksbsi.later(TOO_LATE_HOURS);
    // Then it does not leave, and MTUC says why
    wait_until("MTUC says why it waits", PATIENCE, || show(&world.mtuc, &referral).names("APPROVAL_MISSING").then_some(()));
    assert_eq!(share(&world.ksbsi, &referral).stdout.matches("ID_DOCUMENT").count(), before);
    // And approved again and sent again, it goes
    approve(&world, &referral);
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    wait_until("the passport comes", PATIENCE, || {
        (share(&world.ksbsi, &referral).stdout.matches("ID_DOCUMENT").count() > before).then_some(())
    });
}

#[test]
fn what_was_approved_once_stays_and_only_what_needs_a_second_person_waits() {
    // Given a share with a passport, and two weeks and a day later
    let mut world = World::in_force();
    let (intake, referral) = shared(&world);
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(TOO_LATE_HOURS);
    }
    // Then what is held stays, an outcome still goes, and another passport does not
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    world.mtuc.json(Caseworker, &put).done();
    wait_until("the outcome comes", PATIENCE, || share(&world.ksbsi, &referral).names("WAGES_PAID").then_some(()));
    assert!(share(&world.ksbsi, &referral).names("ID_DOCUMENT"));
    put_passport(&world, &intake, &referral).refused("APPROVAL_MISSING");
    // And what she takes out of her consent is taken back, also where an approval has ended
    let consent = world.mtuc.json(Caseworker, &["consent", "list", "--worker", &intake.worker]).done().id("consent_id");
    let narrower = world.variant("narrower.toml", &[("\"EMPLOYER\", \"CLAIM\"]\nmethod", "\"CLAIM\", \"DOCUMENTS\"]\nmethod")]);
    world.mtuc.json(Caseworker, &["consent", "record", "--worker", &intake.worker, "--renews", &consent, "--from", &narrower]).done();
    wait_until("the employer is taken back", PATIENCE, || (!share(&world.ksbsi, &referral).names("Kilang Contoh")).then_some(()));
    assert!(share(&world.ksbsi, &referral).names("ID_DOCUMENT"));
}

#[test]
fn nobody_approves_what_he_or_she_wrote_or_widened() {
    let world = World::in_force();
    // Given a referral that a supervisor wrote
    let (intake, _) = waiting(&world);
    let own = request(&world, Supervisor, &intake, "CASE_CORE,DOCUMENTS").refused("APPROVAL_MISSING").id("referral_id");
    world.mtuc.json(Supervisor, &["referral", "approve", &own]).failed(CONFLICT, "OWN_APPROVAL");
    // And one of a caseworker, which a supervisor made wider
    let others = request(&world, Caseworker, &intake, "CASE_CORE").refused("APPROVAL_MISSING").id("referral_id");
    world.mtuc.json(Supervisor, &["referral", "amend", &others, "--categories", "CASE_CORE,DOCUMENTS"]).refused("APPROVAL_MISSING");
    // Then that supervisor is not its second person
    world.mtuc.json(Supervisor, &["referral", "approve", &others]).failed(CONFLICT, "OWN_APPROVAL");
    assert_eq!(events(&world.mtuc, "referral.approved"), 0);
}

/// A worker with a passport in her case, and a referral that waits for its second person.
fn waiting(world: &World) -> (Intake, String) {
    let file = world.variant("documents.toml", &[DOCUMENTS]);
    let intake = road::intake_from(&world.mtuc, &file);
    road::consent_from(&world.mtuc, &intake, &file).done();
    world.mtuc.json(Caseworker, &["record", "put", &intake.case, "document", "document_type=ID_DOCUMENT"]).done();
    let all = format!("{},DOCUMENTS", sample::CATEGORIES);
    let referral = request(world, Caseworker, &intake, &all).refused("APPROVAL_MISSING").id("referral_id");
    (intake, referral)
}

/// As [`waiting`], approved and accepted; KSBSI holds the share.
fn shared(world: &World) -> (Intake, String) {
    let (intake, referral) = waiting(world);
    approve(world, &referral);
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    arrive(&world.ksbsi, &referral);
    act(&world.ksbsi, &["referral", "accept", &referral]).done();
    held(&world.ksbsi, &referral);
    (intake, referral)
}

/// Puts another passport into the share.
fn put_passport(world: &World, intake: &Intake, referral: &str) -> Answer {
    let passport = ["record", "put", &intake.case, "document", "document_type=ID_DOCUMENT", "--share-under", referral];
    world.mtuc.json(Caseworker, &passport)
}

fn request(world: &World, account: titian_tests::account::Account, intake: &Intake, categories: &str) -> Answer {
    let ask = ["--purpose", "WAGE_RECOVERY", "--services", "LEGAL_ADVICE", "--categories", categories];
    world.mtuc.json(account, &[&["referral", "request", "--case", &intake.case, "--to", "id.ksbsi"], &ask[..]].concat())
}

fn approve(world: &World, referral: &str) {
    world.mtuc.json(Supervisor, &["referral", "approve", referral]).done();
}
