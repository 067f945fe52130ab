//! A case gets a new owner.

use titian_tests::account::Account::{Caseworker, Supervisor};
use titian_tests::answer::CONFLICT;
use titian_tests::road;
use titian_tests::sample;
use titian_tests::teller::{Teller, settled};
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

#[test]
fn a_case_is_handed_over() {
    let mut story = Teller::new(World::in_force());
    let intake = road::intake(&story.world.mtuc);
    road::consent_from(&story.world.mtuc, &intake, &sample::returnee()).done();
    let ask = ["--purpose", "WAGE_RECOVERY", "--kind", "TRANSFER", "--categories", sample::CATEGORIES, "--priority", "NORMAL"];
    let request = [&["referral", "request", "--case", &intake.case, "--to", "id.ksbsi", "--services", "LEGAL_ADVICE"], &ask[..]].concat();
    let referral = story.world.mtuc.json(Caseworker, &request).done().id("referral_id");
    road::arrive(&story.world.ksbsi, &referral);
    road::act(&story.world.ksbsi, &["referral", "accept", &referral]).done();
    road::held(&story.world.ksbsi, &referral);
    settled(&story.world.mtuc, &referral);
    story.heading("MTUC offers the case, and nobody changes it there meanwhile");
    story.mtuc(Supervisor, &["case", "hand-over", &referral]).done();
    let change = ["record", "put", &intake.case, "claim", "currency=MYR", "amount_minor_units=1"];
    story.mtuc(Caseworker, &change).failed(CONFLICT, "IN_ESCROW");
    offered(&story, &referral);
    story.heading("KSBSI turns it down: she has not said yet that she wants that");
    story.ksbsi(Supervisor, &["case", "accept-hand-over", &referral]).refused("NO_CONSENT");
    story.ksbsi(Supervisor, &["case", "cancel-hand-over", &referral]).done();
    wait_until("MTUC has it back", PATIENCE, || at_mtuc(&story, &referral, "SETTLED").then_some(()));
    story.heading("she consents at KSBSI, and MTUC offers it again");
    story.world.ksbsi.json(Caseworker, &["consent", "record", "--referral", &referral, "--from", &sample::returnee()]).done();
    road::act(&story.world.ksbsi, &["referral", "start", &referral, "--adopt"]).done();
    road::state(&story.world.mtuc, &referral, "IN_PROGRESS");
    story.mtuc(Supervisor, &["case", "hand-over", &referral]).done();
    offered(&story, &referral);
    story.ksbsi(Supervisor, &["case", "accept-hand-over", &referral]).done();
    wait_until("it is KSBSI's", PATIENCE, || at_mtuc(&story, &referral, "SETTLED").then_some(()));
    story.mtuc(Caseworker, &["case", "owner", &referral]).done();
    story.mtuc(Caseworker, &change).failed(CONFLICT, "HANDED_OVER");
    story.transcript.compare("hand-over.txt");
}

fn at_mtuc(story: &Teller, referral: &str, state: &str) -> bool {
    story.world.mtuc.json(Caseworker, &["case", "owner", referral]).has_code("state", state)
}

/// Waits until KSBSI has heard of the offer.
fn offered(story: &Teller, referral: &str) {
    wait_until("KSBSI heard of it", PATIENCE, || {
        story.world.ksbsi.json(Caseworker, &["case", "owner", referral]).has_code("state", "OFFERED").then_some(())
    });
}
