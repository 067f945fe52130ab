//! What a peer holds follows agreement, consent and the worker's word, without anybody sending anything.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::Caseworker;
use titian_tests::answer::Answer;
use titian_tests::road::{self, Intake, share, show, state};
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, objects_with};

#[test]
fn what_a_narrower_annex_no_longer_names_is_taken_back_and_the_rest_goes_on() {
    // Given a share with the employer
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    assert!(share(&world.ksbsi, &referral).names("Kilang Contoh"));
    // When both sign a version without EMPLOYER
    world.amend(&[("\"SAFETY\", \"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]", "\"SAFETY\", \"CLAIM\", \"DOCUMENTS\"]")]);
    // Then the employer is gone at KSBSI, and everything else is there
    wait_until("the employer is taken back", PATIENCE, || (!share(&world.ksbsi, &referral).names("Kilang Contoh")).then_some(()));
    assert!(share(&world.ksbsi, &referral).done().names("Siti Aminah"));
    // And the referral goes on under the new version
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    world.mtuc.json(Caseworker, &put).done();
    wait_until("the outcome comes", PATIENCE, || share(&world.ksbsi, &referral).names("WAGES_PAID").then_some(()));
    assert_eq!(show(&world.mtuc, &referral).count("agreement_version"), 2);
}

#[test]
fn what_waits_under_an_older_version_arrives_under_the_narrower_of_the_two() {
    // Given an outcome and an employer that wait while KSBSI is away
    let mut world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    world.mtuc.node.set_dials(false);
    world.mtuc.node.stop();
    world.mtuc.node.start();
    world.ksbsi.node.stop();
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    world.mtuc.json(Caseworker, &put).done();
    world.ksbsi.node.start();
    // When a new version comes into force at both, then the outcome is there once
    world.amend(&[("\"SAFETY\", \"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]", "\"SAFETY\", \"CLAIM\", \"DOCUMENTS\"]")]);
    wait_until("the outcome comes", PATIENCE, || share(&world.ksbsi, &referral).names("WAGES_PAID").then_some(()));
    assert_eq!(share(&world.ksbsi, &referral).stdout.matches("\"outcome\":{").count(), 1);
}

#[test]
fn a_narrower_consent_takes_back_and_a_wider_one_gives() {
    // Given a share with her claim
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    assert!(share(&world.ksbsi, &referral).names("600000"));
    let consent = world.mtuc.json(Caseworker, &["consent", "list", "--worker", &intake.worker]).done().id("consent_id");
    // When she says it anew, without the claim
    let narrower = world.variant("narrower.toml", &[("\"EMPLOYER\", \"CLAIM\"]\nmethod", "\"EMPLOYER\"]\nmethod")]);
    renew(&world, &intake, &consent, &narrower);
    // Then the claim goes, and the rest stays
    wait_until("the claim is taken back", PATIENCE, || (!share(&world.ksbsi, &referral).names("600000")).then_some(()));
    assert!(share(&world.ksbsi, &referral).done().names("Kilang Contoh"));
    state(&world.mtuc, &referral, "ACCEPTED");
    // And when she allows it again, it is back without anybody sending it
    renew(&world, &intake, &consent, &sample::returnee());
    wait_until("the claim is back", PATIENCE, || share(&world.ksbsi, &referral).names("600000").then_some(()));
}

#[test]
fn a_consent_that_ends_takes_everything_back_and_a_renewed_one_gives_it_again() {
    // Given a share, and day 181
    let mut world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(181 * 24);
    }
    // Then KSBSI holds nothing any more, though the agreement is in force until the next day
    wait_until("nothing is held", PATIENCE, || (show(&world.ksbsi, &referral).count("records_held") == 0).then_some(()));
    let told = show(&world.mtuc, &referral);
    assert!(told.names("CONSENT_EXPIRED"), "{}", told.told());
    // And when she renews it, everything is there again
    let consent = world.mtuc.json(Caseworker, &["consent", "list", "--worker", &intake.worker]).done().id("consent_id");
    renew(&world, &intake, &consent, &sample::returnee());
    wait_until("everything is back", PATIENCE, || share(&world.ksbsi, &referral).names("Siti Aminah").then_some(()));
}

#[test]
fn a_contact_never_stays_where_the_rules_of_safe_contact_are_gone() {
    const NUMBER: &str = "+9996281230001";
    // Given a share with her number and how she may be reached safely
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let rules = |shared: &Answer| shared.names("sewing class");
    assert!(share(&world.ksbsi, &referral).names(NUMBER) && rules(&share(&world.ksbsi, &referral)));
    let consent = world.mtuc.json(Caseworker, &["consent", "list", "--worker", &intake.worker]).done().id("consent_id");
    // When she says her consent anew, without the rules
    let ask = "\"CONTACT\", \"SAFETY\", \"EMPLOYER\", \"CLAIM\"]\nmethod";
    let narrower = world.variant("no-rules.toml", &[(ask, &ask.replace("\"SAFETY\", ", ""))]);
    renew(&world, &intake, &consent, &narrower);
    // Then her number goes with them, and the rest stays
    let gone = |what: &str| {
        wait_until(what, PATIENCE, || {
            (!share(&world.ksbsi, &referral).names(NUMBER) && !rules(&share(&world.ksbsi, &referral))).then_some(())
        });
    };
    gone("number and rules are taken back");
    assert!(share(&world.ksbsi, &referral).done().names("Kilang Contoh"));
    // And when she allows them again and staff take the rules away, it is the same
    renew(&world, &intake, &consent, &sample::returnee());
    wait_until("both are back", PATIENCE, || share(&world.ksbsi, &referral).names(NUMBER).then_some(()));
    let shown = world.mtuc.json(Caseworker, &["worker", "show", &intake.worker]).done();
    let rules_record = objects_with(&shown.json(), "revision").into_iter().find(|record| record["content"]["safety"].is_object());
    let rules_record = Answer { stdout: rules_record.expect("she has rules").to_string(), ..shown }.id("record_id");
    world.mtuc.json(Caseworker, &["record", "remove", &intake.case, &rules_record]).done();
    gone("number and rules are taken back again");
}

#[test]
fn who_takes_back_the_rules_of_safe_contact_takes_back_the_contact() {
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let withdraw = ["consent", "withdraw", "--worker", &intake.worker, "--categories", "SAFETY", "--action", "ERASE"];
    world.mtuc.json(Caseworker, &withdraw).done();
    wait_until("her number is gone", PATIENCE, || (!share(&world.ksbsi, &referral).names("+9996281230001")).then_some(()));
    assert!(share(&world.ksbsi, &referral).done().names("Kilang Contoh"), "the rest stays");
}

/// The next version of a consent.
fn renew(world: &World, intake: &Intake, consent: &str, file: &str) {
    world.mtuc.json(Caseworker, &["consent", "record", "--worker", &intake.worker, "--renews", consent, "--from", file]).done();
}
