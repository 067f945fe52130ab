//! What she allows and takes back, and the proof that it is gone.

use titian_tests::account::Account::{Auditor, Caseworker, Supervisor};
use titian_tests::road;
use titian_tests::sample;
use titian_tests::teller::{Teller, settled};
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

#[test]
fn she_takes_it_back_and_gets_the_proof() {
    let mut story = Teller::new(World::in_force());
    let intake = road::intake(&story.world.mtuc);
    story.heading("she allows KSBSI to help with her wages, and to be counted");
    story.mtuc(Caseworker, &["consent", "record", "--worker", &intake.worker, "--from", &sample::returnee()]).done();
    story.mtuc(Caseworker, &["consent", "reporting", "--worker", &intake.worker, "GIVEN"]).done();
    let referral = road::request(&story.world.mtuc, &intake, sample::CATEGORIES).done().id("referral_id");
    road::arrive(&story.world.ksbsi, &referral);
    road::act(&story.world.ksbsi, &["referral", "accept", &referral]).done();
    road::held(&story.world.ksbsi, &referral);
    settled(&story.world.mtuc, &referral);
    story.heading("she takes her employer's name back");
    let part = ["consent", "withdraw", "--worker", &intake.worker, "--categories", "EMPLOYER", "--action", "ERASE"];
    story.mtuc(Caseworker, &part).done();
    erased(&story.world, 1);
    story.mtuc(Caseworker, &["consent", "list", "--worker", &intake.worker]).done();
    story.heading("a court wants KSBSI's copy kept, and she takes everything back at KSBSI, by word of mouth");
    story.ksbsi(Supervisor, &["erasure", "hold", &referral, "--authority", "PN-BLITAR-7", "--review-on", "2026-09-30"]).done();
    story.ksbsi(Caseworker, &["consent", "withdraw", "--referral", &referral, "--action", "ERASE"]).done();
    wait_until("KSBSI tells of the hold", PATIENCE, || {
        story.world.mtuc.json(Caseworker, &["erasure", "show", &referral]).names("LEGAL_HOLD").then_some(())
    });
    story.mtuc(Caseworker, &["erasure", "show", &referral]).done();
    story.heading("the court's order is lifted");
    story.world.ksbsi.titian(Supervisor, &["erasure", "lift", &referral]).done();
    wait_until("nothing is held any more", PATIENCE, || {
        let shown = story.world.mtuc.json(Caseworker, &["erasure", "show", &referral]).done();
        (!shown.names("LEGAL_HOLD") && !shown.names("PENDING")).then_some(())
    });
    story.mtuc(Caseworker, &["erasure", "list", "--open"]).done();
    story.mtuc(Auditor, &["erasure", "list"]).done();
    let receipts = story.world.ground.path().join("receipts").display().to_string();
    story.mtuc(Caseworker, &["erasure", "show", &referral, "--receipts", &receipts]).done();
    story.heading("somebody who can reach her asks her whether that is so");
    story.mtuc(Caseworker, &["task", "list"]).done();
    let task = story.world.mtuc.json(Caseworker, &["task", "list"]).done().id("task_id");
    story.mtuc(Caseworker, &["task", "close", &task]).done();
    story.transcript.compare("consents.txt");
}

fn erased(world: &World, receipts: usize) {
    wait_until("KSBSI has proved it", PATIENCE, || (road::events(&world.mtuc, "erase.acked") >= receipts).then_some(()));
}
