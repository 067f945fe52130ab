//! Scenario AT-1 of the field: a returnee's wage claim goes from MTUC to KSBSI, told at both nodes.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Caseworker, FocalPoint};
use titian_tests::answer::{CONFLICT, FORBIDDEN, NOT_FOUND};
use titian_tests::road::{self, act, arrive, consent_from, events, held, intake, request, share, show, state};
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

#[test]
fn without_consent_nothing_leaves_and_the_other_union_learns_nothing() {
    // Given MTUC and KSBSI with their agreement in force, and a worker who was not yet asked
    let world = World::in_force();
    let intake = intake(&world.mtuc);
    let before = (events(&world.mtuc, "referral.sent"), events(&world.ksbsi, "referral.received"));
    // When MTUC's caseworker asks for a referral
    let refused = request(&world.mtuc, &intake, sample::CATEGORIES).refused("NO_CONSENT");
    // Then it stays a draft that says why, and KSBSI has nothing: no referral, no log leaf
    let referral = refused.id("referral_id");
    let draft = show(&world.mtuc, &referral).done();
    assert!(draft.has_code("state", "DRAFT") && draft.names("NO_CONSENT"), "{}", draft.told());
    show(&world.ksbsi, &referral).failed(NOT_FOUND, "NOT_FOUND");
    let after = (events(&world.mtuc, "referral.sent"), events(&world.ksbsi, "referral.received"));
    assert_eq!(before, after, "nothing was sent");
}

#[test]
fn with_consent_the_offer_travels_and_the_share_follows_acceptance() {
    // Given the worker's consent, written down after a refusal
    let world = World::in_force();
    let intake = intake(&world.mtuc);
    let referral = request(&world.mtuc, &intake, sample::CATEGORIES).refused("NO_CONSENT").id("referral_id");
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    // Then the offer has what is needed to answer, and no name
    let offer = arrive(&world.ksbsi, &referral);
    assert!(offer.names("W01") && offer.names("W06") && offer.names("D01"), "{}", offer.told());
    assert!(offer.names("SEX_FEMALE") && offer.names("AGE_BAND_A25_34") && offer.names("\"MY\""), "{}", offer.told());
    for canary in sample::CANARIES {
        assert!(!offer.names(canary), "the offer names {canary:?}");
    }
    assert!(!share(&world.ksbsi, &referral).names("Siti"), "nothing is shared before acceptance");
    // And looking at it made it received, at both
    state(&world.ksbsi, &referral, "RECEIVED");
    state(&world.mtuc, &referral, "RECEIVED");
    // When KSBSI accepts
    act(&world.ksbsi, &["referral", "accept", &referral]).done();
    // Then the share is held, and its commitment is the same at both ends
    let shared = held(&world.ksbsi, &referral);
    assert!(shared.names("Siti Aminah") && shared.names("+9996281230001") && shared.names("sewing class"), "the selected records came");
    same_commitment(&world, &referral);
    assert!(
        events(&world.mtuc, "referral.sent") >= 2 && events(&world.ksbsi, "referral.received") >= 2,
        "offer and share are logged at both"
    );
    assert!(events(&world.mtuc, "referral.acked") >= 2, "and so are the receipts");
}

#[test]
fn an_update_outside_the_annex_is_refused_whole_and_the_share_stays() {
    // Given an accepted referral with its share
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let before = share(&world.ksbsi, &referral).done().stdout;
    // When MTUC adds an immigration status under it, which no annex allows
    let put = ["record", "put", &intake.case, "immigration_status", "status=EXPIRED", "--share-under", &referral];
    let refused = world.mtuc.json(Caseworker, &put).refused("FIELD_OUT_OF_SCOPE");
    // Then the refusal names the field, never a value, and nothing was stored or sent
    assert!(refused.names("immigration_status"), "{}", refused.told());
    assert!(!refused.names("STATUS_CODE_EXPIRED"), "a refusal names paths, not values");
    let records = world.mtuc.json(Caseworker, &["record", "list", &intake.case]).done();
    assert!(!records.names("immigrationStatus"), "not even kept at home: it was one update");
    assert_eq!(share(&world.ksbsi, &referral).done().stdout, before, "KSBSI holds what it held");
}

#[test]
fn a_large_share_is_narrowed_to_the_last_record() {
    // Given a share with more claims than one message may name
    const CLAIMS: u64 = 300;
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let claims: String = (1..=CLAIMS).map(|number| format!("[[claim]]\namount_minor_units = {number}\ncurrency = \"MYR\"\n\n")).collect();
    let file = world.ground.file("claims.toml", &claims).display().to_string();
    world.mtuc.json(Caseworker, &["record", "put", &intake.case, "--from", &file]).done();
    wait_until("KSBSI holds every claim", PATIENCE, || (show(&world.ksbsi, &referral).count("records_held") > CLAIMS).then_some(()));
    // When MTUC selects no claims any more
    world.mtuc.json(Caseworker, &["referral", "amend", &referral, "--categories", "CASE_CORE,DEMOGRAPHIC"]).done();
    // Then none is left at KSBSI
    wait_until("KSBSI holds no claim", PATIENCE, || (!share(&world.ksbsi, &referral).names("\"claim\"")).then_some(()));
}

#[test]
fn a_contact_never_travels_without_its_safe_contact_rules() {
    // Given a worker who consented to everything selected
    let world = World::in_force();
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    // When CONTACT is selected without SAFETY, then it is refused
    request(&world.mtuc, &intake, "CASE_CORE,DEMOGRAPHIC,IDENTITY,CONTACT").refused("SAFE_CONTACT_MISSING");
    // And with SAFETY it goes
    request(&world.mtuc, &intake, sample::CATEGORIES).done();
}

#[test]
fn the_receiving_union_takes_its_own_consent_and_answers_under_the_annex_back() {
    // Given a share held at KSBSI
    let world = World::in_force();
    let (_, referral) = road::refer_and_accept(&world);
    // When KSBSI reaches her, and she consents there too
    let back = world.ground.file("consent-back.toml", &sample::consent_back()).display().to_string();
    for consent in [&sample::returnee(), &back] {
        world.ksbsi.json(Caseworker, &["consent", "record", "--referral", &referral, "--from", consent]).done();
    }
    world.ksbsi.json(Caseworker, &["referral", "start", &referral]).done();
    // Then both see it in progress, with a custody of its own
    let seen = state(&world.mtuc, &referral, "IN_PROGRESS");
    assert!(seen.has_code("custody", "ADOPTED"), "{}", seen.told());
    // And what a document is may travel back
    let case = world.ksbsi.json(Caseworker, &["referral", "show", &referral]).done().id("case_id");
    let document = ["document_type=POWER_OF_ATTORNEY", "original_with=UNION", "language=id"];
    let put = [&["record", "put", &case, "document"], &document[..], &["--share-under", &referral]].concat();
    world.ksbsi.json(Caseworker, &put).done();
    wait_until("MTUC holds the power of attorney", PATIENCE, || share(&world.mtuc, &referral).names("POWER_OF_ATTORNEY").then_some(()));
}

#[test]
fn the_outcome_reaches_the_other_union_unconfirmed() {
    // Given a referral in progress
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    // When MTUC settles
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    world.mtuc.json(Caseworker, &put).done();
    // Then KSBSI shows it, and that she has not confirmed
    let held = wait_until("KSBSI holds the outcome", PATIENCE, || {
        let held = share(&world.ksbsi, &referral);
        held.names("WAGES_PAID").then_some(held)
    });
    assert!(held.names("540000") && held.names("MYR") && !held.names("CONFIRMATION_CLIENT"), "{}", held.told());
    // And when KSBSI completes it, MTUC sees that
    act(&world.ksbsi, &["referral", "start", &referral]).done();
    act(&world.ksbsi, &["referral", "complete", &referral, "--outcome", "SERVICE_GIVEN"]).done();
    let ended = state(&world.mtuc, &referral, "COMPLETED");
    assert!(ended.has_code("outcome", "SERVICE_GIVEN"), "{}", ended.told());
    same_commitment(&world, &referral);
}

#[test]
fn each_side_sets_only_its_own_states() {
    // Given a referral that KSBSI has looked at
    let world = World::in_force();
    let (_, referral) = road::refer(&world);
    arrive(&world.ksbsi, &referral);
    // Then the sender may not answer for the receiver, nor the receiver cancel for the sender
    act(&world.mtuc, &["referral", "accept", &referral]).failed(CONFLICT, "WRONG_STATE");
    act(&world.ksbsi, &["referral", "cancel", &referral]).failed(CONFLICT, "WRONG_STATE");
    // And an admin sees no case at all
    world.mtuc.json(titian_tests::account::Account::Admin, &["referral", "show", &referral]).failed(FORBIDDEN, "ROLE_FORBIDS");
    // When KSBSI needs to know more, MTUC may ask again
    act(&world.ksbsi, &["referral", "return", &referral, "--reason", "NEEDS_INFORMATION"]).done();
    state(&world.mtuc, &referral, "RETURNED");
    world.mtuc.json(FocalPoint, &["referral", "send", &referral]).done();
    wait_until("it is asked again", PATIENCE, || {
        let shown = show(&world.ksbsi, &referral);
        (shown.has_code("state", "RECEIVED") || shown.has_code("state", "REQUESTED")).then_some(())
    });
    act(&world.ksbsi, &["referral", "reject", &referral, "--reason", "NO_CAPACITY"]).done();
    let rejected = state(&world.mtuc, &referral, "REJECTED");
    assert!(rejected.has_code("reason", "NO_CAPACITY"), "{}", rejected.told());
}

#[test]
fn a_mononym_in_its_own_script_travels_unharmed() {
    // Given a worker of one name, written in Javanese
    let world = World::in_force();
    let name = "ꦱꦸꦥꦂꦤꦺꦴ";
    let file = world.variant("suparno.toml", &[("full_name = \"Siti Aminah\"", &format!("full_name = \"{name}\""))]);
    let intake = road::intake_from(&world.mtuc, &file);
    consent_from(&world.mtuc, &intake, &file).done();
    let referral = request(&world.mtuc, &intake, sample::CATEGORIES).done().id("referral_id");
    arrive(&world.ksbsi, &referral);
    act(&world.ksbsi, &["referral", "accept", &referral]).done();
    assert!(held(&world.ksbsi, &referral).names(name));
}

fn same_commitment(world: &World, referral: &str) {
    let commitment = wait_until("both ends hold the same commitment", PATIENCE, || {
        let at = |union| show(union, referral).find("commitment");
        let (here, there) = (at(&world.mtuc), at(&world.ksbsi));
        (here.is_some() && here == there).then_some(here).flatten()
    });
    assert!(commitment.as_str().is_some_and(|text| text.len() == 44), "32 bytes in base64");
}
