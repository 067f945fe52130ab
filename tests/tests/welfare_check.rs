//! The one exception from consent: a worker who cannot be asked and may be in danger. Off by default, narrow, short, and listed at both ends.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Auditor, Caseworker, FocalPoint, Supervisor};
use titian_tests::answer::{Answer, BAD_INPUT, CONFLICT, FORBIDDEN};
use titian_tests::road::{self, Intake, act, arrive, held, share, show, state};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, objects_with, sign_agreement};

/// What the unions write into their settings.
const ON: &str = "\n[policy]\nwelfare_check = true\n";

/// Hours until it is over.
const FOURTEEN_DAYS: i64 = 14 * 24;

#[test]
fn it_is_off_until_annex_and_both_nodes_turn_it_on() {
    // Given an annex that names the purpose, and does not say that the exception may be used; the nodes allow it
    let mut world = World::befriended();
    world.mtuc.set(ON);
    world.ksbsi.set(ON);
    let named = world.variant("named.toml", &[("\"DOCUMENT_RECOVERY\"]", "\"DOCUMENT_RECOVERY\", \"WELFARE_CHECK\"]")]);
    sign_agreement(&world.mtuc, &world.ksbsi, named.as_ref());
    // Then it is refused, however many look at it
    let intake = road::intake(&world.mtuc);
    let check = ask(&world.mtuc, &intake, "IDENTITY").refused("PURPOSE_OUT_OF_SCOPE").id("referral_id");
    approve(&world.mtuc, &check).done();
    send(&world.mtuc, &check).refused("PURPOSE_OUT_OF_SCOPE");
    // And where the annex allows it and the own node does not, neither
    let world = with_annex(World::befriended());
    let intake = road::intake(&world.mtuc);
    ask(&world.mtuc, &intake, "IDENTITY").refused("PURPOSE_OUT_OF_SCOPE");
}

#[test]
fn two_persons_ask_for_her_and_the_other_union_learns_only_how_to_reach_her() {
    // Given two unions that turned it on, and a worker who was never asked
    let world = turned_on();
    let intake = road::intake(&world.mtuc);
    // When one person asks, then a second is missing; what it may not reach is not even written down
    let check = ask(&world.mtuc, &intake, "IDENTITY,CONTACT,SAFETY").refused("APPROVAL_MISSING").id("referral_id");
    world.mtuc.json(Caseworker, &["referral", "approve", &check]).failed(FORBIDDEN, "ROLE_FORBIDS");
    let wide = ask(&world.mtuc, &intake, "IDENTITY,CLAIM").refused("FIELD_OUT_OF_SCOPE").id("referral_id");
    approve(&world.mtuc, &wide).failed(BAD_INPUT, "MALFORMED");
    let forged = world.variant("forged.toml", &[("method = \"RECORDED_AUDIO\"", "basis = \"WELFARE_CHECK\"\nmethod = \"NOT_ASKED\"")]);
    road::consent_from(&world.mtuc, &intake, &forged).failed(BAD_INPUT, "MALFORMED");
    // When a supervisor approves, then it goes; its offer says "check on her" and nothing of the case
    approve(&world.mtuc, &check).done();
    send(&world.mtuc, &check).done();
    let offer = arrive(&world.ksbsi, &check);
    assert!(offer.has_code("kind", "WELFARE_CHECK"), "{}", offer.told());
    for said in ["W01", "countryOfOrigin", "AGE_BAND_A25_34", "WAGES", "TIER_T3", "INTAKE_KIND_COMPLAINT"] {
        assert!(!offer.names(said), "the offer says {said}: {}", offer.told());
    }
    act(&world.ksbsi, &["referral", "accept", &check]).done();
    let held = held(&world.ksbsi, &check);
    assert!(held.names("Siti Aminah") && held.names("+9996281230001") && held.names("sewing class"), "{}", held.told());
    assert!(!held.names("Kilang Contoh") && !held.names("600000") && !held.names("\"journey\""), "{}", held.told());
    // And a consent, or a purpose of another kind, does not widen it
    let put = ["record", "put", &intake.case, "narrative", "text=Cerita.", "language=id", "--share-under", &check];
    world.mtuc.json(Caseworker, &put).refused("FIELD_OUT_OF_SCOPE");
    // And it is marked at both ends: for staff, and in both logs
    for union in [&world.mtuc, &world.ksbsi] {
        let listed = union.json(FocalPoint, &["referral", "list", "--welfare-checks"]).done();
        assert!(objects_with(&listed.json(), "referral_id").iter().any(|one| has_id(one, &check)), "{}", listed.told());
        let logged = union.json(Auditor, &["log", "list", "--purpose", "WELFARE_CHECK"]).done();
        assert!(objects_with(&logged.json(), "leaf").len() >= 2, "{}", logged.told());
        assert!(sample::CANARIES.iter().all(|canary| !logged.names(canary)));
    }
    // And it stands for nothing else: for that she would have to be asked
    let other = road::request(&world.mtuc, &intake, "CASE_CORE").refused("NO_CONSENT").id("referral_id");
    let listed = world.mtuc.json(FocalPoint, &["referral", "list", "--welfare-checks"]).done();
    assert!(!objects_with(&listed.json(), "referral_id").iter().any(|one| has_id(one, &other)), "{}", listed.told());
}

#[test]
fn the_other_union_has_four_replies_and_when_she_declines_everything_goes() {
    // Given a welfare check that KSBSI took on
    let world = turned_on();
    let (intake, check) = taken_on(&world);
    // Then no reply but the four is taken
    let reply = |words: &[&str]| act(&world.ksbsi, &[&["referral"], words].concat());
    reply(&["return", &check, "--reason", "NEEDS_INFORMATION"]).failed(CONFLICT, "WRONG_STATE");
    reply(&["start", &check]).done();
    reply(&["hold", &check]).failed(BAD_INPUT, "MALFORMED");
    reply(&["complete", &check, "--outcome", "SERVICE_GIVEN"]).failed(BAD_INPUT, "MALFORMED");
    reply(&["complete", &check, "--outcome", "NOT_REACHED"]).failed(BAD_INPUT, "MALFORMED");
    reply(&["fail", &check, "--outcome", "CLIENT_UNREACHABLE"]).failed(BAD_INPUT, "MALFORMED");
    // When KSBSI reaches her, and she wants none of it
    reply(&["complete", &check, "--outcome", "REACHED_DECLINED"]).done();
    // Then what KSBSI had of her is destroyed at once, both know, and MTUC sees why
    for union in [&world.mtuc, &world.ksbsi] {
        erased(union, &check);
    }
    assert_eq!(show(&world.ksbsi, &check).count("records_held"), 0);
    let told = state(&world.mtuc, &check, "COMPLETED");
    assert!(told.has_code("outcome", "REACHED_DECLINED"), "{}", told.told());
    // And nobody asks KSBSI again: that was her word
    let again = ask(&world.mtuc, &intake, "IDENTITY,CONTACT,SAFETY").refused("CONSENT_WITHDRAWN").id("referral_id");
    approve(&world.mtuc, &again).done();
    send(&world.mtuc, &again).refused("CONSENT_WITHDRAWN");
}

#[test]
fn after_fourteen_days_it_is_over_at_both_ends() {
    // Given a welfare check under which KSBSI still looks for her
    let mut world = turned_on();
    let (_, check) = taken_on(&world);
    act(&world.ksbsi, &["referral", "start", &check]).done();
    state(&world.mtuc, &check, "IN_PROGRESS");
    // When fourteen days have passed, at KSBSI a little earlier
    world.ksbsi.later(FOURTEEN_DAYS + 1);
    wait_until("KSBSI holds nothing any more", PATIENCE, || {
        let shown = show(&world.ksbsi, &check);
        (shown.has_code("state", "EXPIRED") && shown.count("records_held") == 0).then_some(())
    });
    world.mtuc.later(FOURTEEN_DAYS + 1);
    // Then it is over at both, and both know that it is destroyed
    for union in [&world.mtuc, &world.ksbsi] {
        state(union, &check, "EXPIRED");
        erased(union, &check);
    }
    assert!(!share(&world.ksbsi, &check).names("Siti"));
    let listed = world.ksbsi.json(FocalPoint, &["referral", "list", "--welfare-checks"]).done();
    assert!(objects_with(&listed.json(), "referral_id").iter().any(|one| has_id(one, &check)), "its use stays listed: {}", listed.told());
}

#[test]
fn her_word_beats_it() {
    // Given a worker who consented to a referral to KSBSI and took that back
    let world = turned_on();
    let (intake, _) = road::refer(&world);
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "STOP"]).done();
    // Then no two persons send anybody from KSBSI to her
    let check = ask(&world.mtuc, &intake, "IDENTITY,CONTACT,SAFETY").refused("CONSENT_WITHDRAWN").id("referral_id");
    approve(&world.mtuc, &check).done();
    send(&world.mtuc, &check).refused("CONSENT_WITHDRAWN");
    // And neither where she prohibited KSBSI
    let file = world.variant("prohibited.toml", &[("prohibited_recipients = [\"EMPLOYER\"", "prohibited_recipients = [\"id.ksbsi\"")]);
    let intake = road::intake_from(&world.mtuc, &file);
    ask(&world.mtuc, &intake, "IDENTITY,CONTACT,SAFETY").refused("CLIENT_PROHIBITED_RECIPIENT");
}

fn turned_on() -> World {
    let mut world = World::befriended();
    world.mtuc.set(ON);
    world.ksbsi.set(ON);
    with_annex(world)
}

fn with_annex(world: World) -> World {
    let allowed = [
        ("\"DOCUMENT_RECOVERY\"]", "\"DOCUMENT_RECOVERY\", \"WELFARE_CHECK\"]"),
        ("onward = \"PROHIBITED\"", "onward = \"PROHIBITED\"\nwelfare_check_allowed = true"),
    ];
    let file = world.variant("welfare.toml", &allowed);
    sign_agreement(&world.mtuc, &world.ksbsi, file.as_ref());
    world
}

fn taken_on(world: &World) -> (Intake, String) {
    let intake = road::intake(&world.mtuc);
    let check = ask(&world.mtuc, &intake, "IDENTITY,CONTACT,SAFETY").refused("APPROVAL_MISSING").id("referral_id");
    approve(&world.mtuc, &check).done();
    send(&world.mtuc, &check).done();
    arrive(&world.ksbsi, &check);
    act(&world.ksbsi, &["referral", "accept", &check]).done();
    held(&world.ksbsi, &check);
    (intake, check)
}

fn ask(union: &Union, intake: &Intake, categories: &str) -> Answer {
    let words = ["referral", "request", "--case", &intake.case, "--to", "id.ksbsi", "--kind", "WELFARE_CHECK"];
    let what = ["--purpose", "WELFARE_CHECK", "--categories", categories, "--priority", "URGENT"];
    union.json(Caseworker, &[&words[..], &what].concat())
}

fn approve(union: &Union, check: &str) -> Answer {
    union.json(Supervisor, &["referral", "approve", check])
}

fn send(union: &Union, check: &str) -> Answer {
    union.json(Caseworker, &["referral", "send", check])
}

fn erased(union: &Union, check: &str) {
    wait_until(&format!("{} knows that it is destroyed at both ends", union.id()), PATIENCE, || {
        let shown = union.json(Caseworker, &["erasure", "show", check]);
        (shown.exit == 0 && shown.has_code("here", "ERASED") && shown.has_code("there", "ERASED")).then_some(())
    });
}

fn has_id(object: &serde_json::Value, id: &str) -> bool {
    let told = Answer { command: "referral list".to_owned(), exit: 0, stdout: object.to_string(), stderr: String::new() };
    told.id("referral_id") == id
}
