//! Whose copy it is: the receiving union's own only with a consent that it took itself, and then as far and as long as that reaches.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::Caseworker;
use titian_tests::road::{self, act, events, share, show, state};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, sign_agreement};

/// What the sample's consent names.
const ALL: &str = "categories = [\"CASE_CORE\", \"DEMOGRAPHIC\", \"IDENTITY\", \"CONTACT\", \"SAFETY\", \"EMPLOYER\", \"CLAIM\"]\nmethod";

#[test]
fn a_copy_is_adopted_with_the_receivers_own_consent_and_with_nothing_else() {
    // Given a share at KSBSI under MTUC's consent, which names KSBSI as its recipient
    let world = World::in_force();
    let (_, referral) = road::refer_and_accept(&world);
    // When KSBSI says that it is its own, then its ledger says otherwise
    act(&world.ksbsi, &["referral", "start", &referral, "--adopt"]).refused("NO_CONSENT");
    state(&world.mtuc, &referral, "ACCEPTED");
    // And a consent for another purpose, or for somebody else, is none either
    let elsewhere = variant(&world, "elsewhere", &[("purposes = [\"WAGE_RECOVERY\"]\ncategories", "purposes = [\"SHELTER\"]\ncategories")]);
    own_consent(&world.ksbsi, &referral, &elsewhere);
    act(&world.ksbsi, &["referral", "start", &referral, "--adopt"]).refused("NO_CONSENT");
    // When she consents at KSBSI, then it is KSBSI's own, and MTUC sees that
    own_consent(&world.ksbsi, &referral, &sample::returnee());
    act(&world.ksbsi, &["referral", "start", &referral, "--adopt"]).done();
    assert!(state(&world.mtuc, &referral, "IN_PROGRESS").has_code("custody", "ADOPTED"));
}

#[test]
fn a_copy_that_was_begun_with_is_adopted_once_she_consents_here_too() {
    // Given a referral that KSBSI began as MTUC's copy
    let world = World::in_force();
    let (_, referral) = road::refer_and_accept(&world);
    act(&world.ksbsi, &["referral", "start", &referral]).done();
    assert!(state(&world.mtuc, &referral, "IN_PROGRESS").has_code("custody", "COPY"));
    // When she consents at KSBSI weeks later, then nothing becomes its own by itself
    own_consent(&world.ksbsi, &referral, &sample::returnee());
    assert!(show(&world.ksbsi, &referral).has_code("custody", "COPY"));
    // And once the work is taken up again as its own, it is, and MTUC sees that
    act(&world.ksbsi, &["referral", "hold", &referral]).done();
    act(&world.ksbsi, &["referral", "start", &referral, "--adopt"]).done();
    wait_until("MTUC sees whose it is", PATIENCE, || show(&world.mtuc, &referral).has_code("custody", "ADOPTED").then_some(()));
}

#[test]
fn what_she_takes_back_at_the_first_union_stays_where_she_consented_anew() {
    // Given a share that KSBSI adopted for her claim alone
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    adopt_claim(&world, &referral);
    // When she takes everything back at MTUC
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"]).done();
    // Then her name goes at KSBSI, her claim stays and can be read, and MTUC is told so under KSBSI's signature
    there(&world.mtuc, &referral, "ADOPTED");
    let rest = share(&world.ksbsi, &referral).done();
    assert!(rest.names("600000") && !rest.names("Siti Aminah") && !rest.names("Kilang Contoh"), "{}", rest.told());
    // And when she takes it back at KSBSI too, nothing stays
    world.ksbsi.json(Caseworker, &["consent", "withdraw", "--referral", &referral, "--action", "ERASE"]).done();
    wait_until("KSBSI holds nothing", PATIENCE, || (show(&world.ksbsi, &referral).count("records_held") == 0).then_some(()));
}

#[test]
fn what_was_adopted_is_kept_as_long_as_the_own_consent_lasts_and_no_longer() {
    // Given an annex under which copies are kept for 30 days, and a finished referral of which KSBSI adopted the claim
    let mut world = World::befriended();
    let file = variant(&world, "short", &[("retention_days = 365", "retention_days = 30")]);
    sign_agreement(&world.mtuc, &world.ksbsi, file.as_ref());
    let (_, referral) = road::refer_and_accept(&world);
    adopt_claim(&world, &referral);
    act(&world.ksbsi, &["referral", "complete", &referral, "--outcome", "SERVICE_GIVEN"]).done();
    // When the 30 days are over, then only what she allowed KSBSI itself is left
    world.ksbsi.later(31 * 24);
    wait_until("the rest of the copy is destroyed", PATIENCE, || (events(&world.ksbsi, "erase.acked") > 0).then_some(()));
    let rest = share(&world.ksbsi, &referral).done();
    assert!(rest.names("600000") && !rest.names("Siti Aminah"), "{}", rest.told());
    // When her consent at KSBSI has run out, then that goes as well
    world.ksbsi.later(170 * 24);
    wait_until("KSBSI holds nothing", PATIENCE, || (show(&world.ksbsi, &referral).count("records_held") == 0).then_some(()));
}

fn adopt_claim(world: &World, referral: &str) {
    let claim = variant(world, "claim", &[(ALL, "categories = [\"CASE_CORE\", \"CLAIM\"]\nmethod")]);
    own_consent(&world.ksbsi, referral, &claim);
    act(&world.ksbsi, &["referral", "start", referral, "--adopt"]).done();
    state(&world.mtuc, referral, "IN_PROGRESS");
}

fn own_consent(union: &Union, referral: &str, file: &str) {
    union.json(Caseworker, &["consent", "record", "--referral", referral, "--from", file]).done();
}

fn variant(world: &World, name: &str, changes: &[(&str, &str)]) -> String {
    world.variant(&format!("{name}.toml"), changes)
}

fn there(union: &Union, referral: &str, fate: &str) {
    wait_until(&format!("{} knows that it is {fate} there", union.id()), PATIENCE, || {
        let shown = union.json(Caseworker, &["erasure", "show", referral]);
        (shown.exit == 0 && shown.has_code("there", fate)).then_some(())
    });
}
