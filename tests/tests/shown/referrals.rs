//! What becomes of a request.

use titian_tests::account::Account::{Caseworker, FocalPoint, Supervisor};
use titian_tests::road;
use titian_tests::sample;
use titian_tests::teller::{Teller, settled};
use titian_tests::world::World;

#[test]
fn requests_end_in_many_ways() {
    let mut story = Teller::new(World::in_force());
    let intake = road::intake(&story.world.mtuc);
    road::consent_from(&story.world.mtuc, &intake, &sample::returnee()).done();
    let ask = |story: &Teller| {
        let referral = road::request(&story.world.mtuc, &intake, "CASE_CORE,DEMOGRAPHIC,IDENTITY,CLAIM").done().id("referral_id");
        road::arrive(&story.world.ksbsi, &referral);
        settled(&story.world.mtuc, &referral);
        referral
    };
    story.heading("rejected: another office is nearer");
    let first = ask(&story);
    story.ksbsi(FocalPoint, &["referral", "reject", &first, "--reason", "OUT_OF_AREA"]).done();
    road::state(&story.world.mtuc, &first, "REJECTED");
    story.heading("returned, and asked again");
    let second = ask(&story);
    story.ksbsi(FocalPoint, &["referral", "return", &second, "--reason", "NEEDS_INFORMATION"]).done();
    road::state(&story.world.mtuc, &second, "RETURNED");
    story.mtuc(Caseworker, &["referral", "send", &second]).done();
    road::state(&story.world.ksbsi, &second, "RECEIVED");
    story.ksbsi(FocalPoint, &["referral", "accept", &second]).done();
    road::held(&story.world.ksbsi, &second);
    settled(&story.world.mtuc, &second);
    story.heading("less is enough");
    story.mtuc(Caseworker, &["referral", "amend", &second, "--categories", "CASE_CORE,CLAIM"]).done();
    settled(&story.world.mtuc, &second);
    story.heading("begun, paused, and she cannot be reached");
    story.ksbsi(FocalPoint, &["referral", "start", &second]).done();
    story.ksbsi(FocalPoint, &["referral", "hold", &second]).done();
    story.ksbsi(FocalPoint, &["referral", "fail", &second, "--outcome", "CLIENT_UNREACHABLE"]).done();
    road::state(&story.world.mtuc, &second, "FAILED");
    story.heading("called off, and one that was a mistake");
    let third = ask(&story);
    story.mtuc(Caseworker, &["referral", "cancel", &third]).done();
    let fourth = ask(&story);
    story.mtuc(Caseworker, &["referral", "enter-in-error", &fourth]).done();
    road::state(&story.world.ksbsi, &fourth, "ENTERED_IN_ERROR");
    road::state(&story.world.ksbsi, &third, "CANCELLED");
    for referral in [&first, &second, &third, &fourth] {
        settled(&story.world.mtuc, referral);
    }
    story.mtuc(Caseworker, &["referral", "list"]).done();
    story.heading("nothing is parked");
    assert_ne!(story.mtuc(FocalPoint, &["referral", "retry", &second]).exit, 0);
    story.transcript.compare("referrals.txt");
}

#[test]
fn a_second_person_looks_at_papers_that_say_who_she_is() {
    let mut story = Teller::new(World::in_force());
    let more = ("\"EMPLOYER\", \"CLAIM\"]\nmethod", "\"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]\nmethod");
    let file = story.world.variant("documents.toml", &[more]);
    let intake = road::intake_from(&story.world.mtuc, &file);
    road::consent_from(&story.world.mtuc, &intake, &file).done();
    story.world.mtuc.json(Caseworker, &["record", "put", &intake.case, "document", "document_type=ID_DOCUMENT"]).done();
    story.heading("nothing leaves before a second person has looked at it");
    let ask = ["--purpose", "WAGE_RECOVERY", "--services", "LEGAL_ADVICE", "--categories", "CASE_CORE,DOCUMENTS"];
    let request = [&["referral", "request", "--case", &intake.case, "--to", "id.ksbsi"], &ask[..]].concat();
    let asked = story.mtuc(Caseworker, &request).refused("APPROVAL_MISSING");
    let referral = titian_tests::teller::first_id(&asked, &[&intake.case, &intake.worker]);
    story.mtuc(Supervisor, &["task", "list"]).done();
    story.mtuc(Supervisor, &["referral", "approve", &referral]).done();
    story.mtuc(Caseworker, &["referral", "send", &referral]).done();
    story.transcript.compare("approval.txt");
}
