//! Acceptance scenario AT-1 of the field (`domain.md` 5), step by step: a returnee's wage claim goes from MTUC to KSBSI.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::Caseworker;
use titian_tests::answer::NOT_FOUND;
use titian_tests::road::{self, Intake, act, arrive, events, held, leaves, request, share, show, state};
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, wait_agreement};

#[test]
fn at_1_a_returnees_wage_claim() {
    let mut world = World::in_force();
    let (intake, referral) = consent_comes_first(&world);
    what_is_held_stays_inside_agreement_and_consent(&world, &intake, &referral);
    ksbsi_does_not_pass_it_on(&world, &referral);
    ksbsi_makes_it_its_own(&world, &referral);
    mtuc_settles(&world, &intake, &referral);
    days_end(&mut world, &intake, &referral);
    nothing_personal_was_written_down(&world);
}

/// 1.1 to 1.3
fn consent_comes_first(world: &World) -> (Intake, String) {
    // 1.1 No consent yet, and staff send: refused, blocked, and KSBSI's node has seen nothing
    let intake = road::intake(&world.mtuc);
    let referral = request(&world.mtuc, &intake, sample::CATEGORIES).refused("NO_CONSENT").id("referral_id");
    assert!(show(&world.mtuc, &referral).has_code("state", "DRAFT"));
    show(&world.ksbsi, &referral).failed(NOT_FOUND, "NOT_FOUND");
    // 1.2 Her consent: the offer has codes, corridor, language, sex and age band, and no name, phone or employer
    road::consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    let offer = arrive(&world.ksbsi, &referral);
    for said in ["W01", "\"id\"", "SEX_FEMALE", "AGE_BAND_A25_34", "\"MY\""] {
        assert!(offer.names(said), "{said} is not in the offer: {}", offer.told());
    }
    assert!(sample::CANARIES.iter().all(|canary| !offer.names(canary)), "{}", offer.told());
    // 1.3 KSBSI accepts: the package is held, and its commitment equals MTUC's
    act(&world.ksbsi, &["referral", "accept", &referral]).done();
    held(&world.ksbsi, &referral);
    wait_until("both ends hold the same commitment", PATIENCE, || {
        let (here, there) = (show(&world.mtuc, &referral).find("commitment"), show(&world.ksbsi, &referral).find("commitment"));
        (here.is_some() && here == there).then_some(())
    });
    (intake, referral)
}

/// 1.4 to 1.6
fn what_is_held_stays_inside_agreement_and_consent(world: &World, intake: &Intake, referral: &str) {
    let before = share(&world.ksbsi, referral).done().stdout;
    let status = ["record", "put", &intake.case, "immigration_status", "status=EXPIRED", "--share-under", referral];
    // 1.4 An immigration status in an update: the whole update is refused by its path, and the package is what it was
    let refused = world.mtuc.json(Caseworker, &status).refused("FIELD_OUT_OF_SCOPE");
    assert!(refused.names("worker.immigration_status"), "{}", refused.told());
    // 1.5 The same with an annex that names it, and a consent that does not
    let widened = [(
        "\"SAFETY\", \"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]",
        "\"SAFETY\", \"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\", \"IMMIGRATION_STATUS\"]",
    )];
    world.amend(&widened);
    world.mtuc.json(Caseworker, &status).refused("CONSENT_CATEGORY");
    assert_eq!(share(&world.ksbsi, referral).done().stdout, before, "KSBSI holds what it held");
    // 1.6 A contact without the rules by which she may be reached
    request(&world.mtuc, intake, "CASE_CORE,DEMOGRAPHIC,IDENTITY,CONTACT").refused("SAFE_CONTACT_MISSING");
}

/// 1.7: to SBMI, in the same country, with an agreement and an annex between the two
fn ksbsi_does_not_pass_it_on(world: &World, referral: &str) {
    let sbmi = world.sbmi_beside_ksbsi();
    let case = show(&world.ksbsi, referral).id("case_id");
    let pass_on = ["referral", "request", "--case", &case, "--to", "id.sbmi", "--purpose", "WAGE_RECOVERY", "--categories", "CLAIM"];
    let refused = world.ksbsi.json(Caseworker, &[&pass_on[..], &["--onward-from", referral]].concat()).refused("ONWARD_PROHIBITED");
    show(&sbmi, &refused.id("referral_id")).failed(NOT_FOUND, "NOT_FOUND");
}

/// 1.8 and 1.9
fn ksbsi_makes_it_its_own(world: &World, referral: &str) {
    // 1.8 KSBSI's caseworker reaches her and takes KSBSI's own consent: in progress, adopted
    let back = world.ground.file("consent-back.toml", &sample::consent_back()).display().to_string();
    for consent in [&sample::returnee(), &back] {
        world.ksbsi.json(Caseworker, &["consent", "record", "--referral", referral, "--from", consent]).done();
    }
    world.ksbsi.json(Caseworker, &["referral", "start", referral]).done();
    assert!(state(&world.mtuc, referral, "IN_PROGRESS").has_code("custody", "ADOPTED"));
    // and what a power of attorney is goes back under the annex of that direction
    let case = show(&world.ksbsi, referral).id("case_id");
    let document = ["record", "put", &case, "document", "document_type=POWER_OF_ATTORNEY", "language=id", "--share-under", referral];
    world.ksbsi.json(Caseworker, &document).done();
    wait_until("MTUC holds it", PATIENCE, || share(&world.mtuc, referral).names("POWER_OF_ATTORNEY").then_some(()));
    // 1.9 What no annex of that direction is for stays
    let wages =
        ["referral", "request", "--case", &case, "--to", "my.mtuc", "--purpose", "RETURN_REINTEGRATION", "--categories", "CASE_CORE"];
    let facts = world.ground.file("facts.toml", FACTS).display().to_string();
    world.ksbsi.json(Caseworker, &["record", "put", &case, "--from", &facts]).done();
    world.ksbsi.json(Caseworker, &wages).refused("PURPOSE_OUT_OF_SCOPE");
}

/// What KSBSI writes of its own, so that it could ask.
const FACTS: &str = r#"
[complaint]
kind = "INDIVIDUAL"
intake_kind = "INQUIRY"
intake_channel = "PEER_UNION"
complaints = ["W01"]
primary = "W01"
client_decision = "MEDIATION"
"#;

/// 1.10
fn mtuc_settles(world: &World, intake: &Intake, referral: &str) {
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", referral];
    world.mtuc.json(Caseworker, &put).done();
    let outcome = wait_until("KSBSI holds the outcome", PATIENCE, || {
        let held = share(&world.ksbsi, referral);
        held.names("WAGES_PAID").then_some(held)
    });
    assert!(outcome.names("540000") && outcome.names("MYR"), "{}", outcome.told());
    assert!(!outcome.names("CONFIRMATION_CLIENT"), "nobody has confirmed it until she does: {}", outcome.told());
}

/// 1.11 and 1.12
fn days_end(world: &mut World, intake: &Intake, referral: &str) {
    // 1.11 Day 181: an update is refused; renewed, it goes
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(181 * 24);
    }
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", referral];
    world.mtuc.json(Caseworker, &put).refused("CONSENT_EXPIRED");
    let consent = world.mtuc.json(Caseworker, &["consent", "list", "--worker", &intake.worker]).done().id("consent_id");
    world
        .mtuc
        .json(Caseworker, &["consent", "record", "--worker", &intake.worker, "--renews", &consent, "--from", &sample::returnee()])
        .done();
    world.mtuc.json(Caseworker, &put).done();
    // 1.12 The agreement ends the next day: nothing new goes, and a withdrawal still passes
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(48);
    }
    wait_agreement(&world.mtuc, "EXPIRED");
    world.mtuc.json(Caseworker, &put).refused("AGREEMENT_EXPIRED");
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"]).done();
    state(&world.ksbsi, referral, "CONSENT_WITHDRAWN");
}

/// Every step left a leaf, at both, and no name, phone or employer stands in a log or in telemetry.
fn nothing_personal_was_written_down(world: &World) {
    assert!(events(&world.mtuc, "referral.refused") >= 1 && events(&world.ksbsi, "consent.withdrawn") >= 1);
    for union in [&world.mtuc, &world.ksbsi] {
        let (log, telemetry) = (format!("{:?}", leaves(union)), union.node.telemetry());
        for canary in sample::CANARIES {
            assert!(!log.contains(canary) && !telemetry.contains(canary), "{canary} stands in a log of {}", union.id());
        }
    }
}
