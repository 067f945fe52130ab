//! Other unions, bundles, breaches, stolen keys.

use titian_tests::account::Account::{Admin, Caseworker, SecondAdmin, Supervisor};
use titian_tests::node::{CLOCK, compromise_command};
use titian_tests::road;
use titian_tests::teller::{Teller, first_id};
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, has_peer, introduce};

#[test]
fn two_unions_meet_and_part() {
    let mut story = without_a_line(World::strangers());
    story.heading("descriptors are exchanged, and two officers read the words from the paper");
    let file = story.world.ground.path().join("ksbsi.txt").display().to_string();
    story.ksbsi(Admin, &["peer", "descriptor", "--out", &file]).done();
    story.mtuc(Admin, &["peer", "add", &file]).done();
    let words = story.world.ksbsi.words();
    let wrong = story.world.mtuc.words();
    assert_ne!(story.mtuc(Admin, &["peer", "confirm", "id.ksbsi", "--words", &wrong]).exit, 0);
    story.mtuc(Admin, &["peer", "confirm", "id.ksbsi", "--words", &words]).done();
    story.mtuc(SecondAdmin, &["peer", "confirm", "id.ksbsi", "--words", &words]).done();
    introduce(&story.world.mtuc, &story.world.ksbsi);
    wait_until("each is active at the other", PATIENCE, || {
        has_peer(&story.world.ksbsi.json(Admin, &["peer", "list"]), "my.mtuc", "ACTIVE").then_some(())
    });
    story.heading("suspended, and resumed");
    story.mtuc(Admin, &["peer", "suspend", "id.ksbsi", "--reason", "SAFETY"]).done();
    story.mtuc(Admin, &["peer", "resume", "id.ksbsi"]).done();
    story.heading("it has told no two stories");
    assert_ne!(story.mtuc(Admin, &["peer", "release", "id.ksbsi"]).exit, 0);
    let out = story.world.ground.path().join("evidence").display().to_string();
    assert_ne!(story.mtuc(Admin, &["peer", "evidence", "id.ksbsi", "--out", &out]).exit, 0);
    story.heading("its keys are in other hands, as its owners have signed");
    let root_key = story.world.ksbsi.node.folder.join("keys/root.key");
    let notice = compromise_command(&[&root_key], "id.ksbsi", CLOCK).done().stdout;
    let notice = story.world.ground.file("notice.txt", &notice).display().to_string();
    story.mtuc(Admin, &["peer", "compromise", &notice]).done();
    story.mtuc(Admin, &["peer", "list"]).done();
    story.transcript.compare("peers.txt");
}

/// Neither node dials the other, so that what is shown does not depend on how quick they are.
fn without_a_line(mut world: World) -> Teller {
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.node.stop();
        union.node.set_dials(false);
        union.node.start();
    }
    Teller::new(world)
}

#[test]
fn the_line_is_down_and_a_stick_goes() {
    let mut story = without_a_line(World::in_force());
    let (_, referral) = road::refer(&story.world);
    story.heading("MTUC writes what waits for KSBSI into a file, sealed to it");
    let file = story.world.ground.path().join("for-ksbsi.bundle").display().to_string();
    story.mtuc(Admin, &["bundle", "export", "--peer", "id.ksbsi", "--out", &file]).done();
    story.ksbsi(Admin, &["bundle", "import", &file]).done();
    story.ksbsi(Admin, &["bundle", "import", &file]).done();
    road::arrive(&story.world.ksbsi, &referral);
    story.transcript.compare("bundle.txt");
}

#[test]
fn a_laptop_is_stolen() {
    let mut story = Teller::new(World::in_force());
    let (_, referral) = road::refer_and_accept(&story.world);
    story.heading("KSBSI tells of it");
    let tell = ["breach", "tell", "--categories", "IDENTITY,CONTACT", "--referral", &referral, "--found-at", "2026-03-02T01:00:00Z"];
    story.ksbsi(Supervisor, &tell).done();
    wait_until("KSBSI has the receipt", PATIENCE, || {
        (!story.world.ksbsi.json(Admin, &["breach", "list", "--open"]).done().names("my.mtuc")).then_some(())
    });
    story.heading("MTUC's people are called until the workers know");
    let known = story.mtuc(Supervisor, &["breach", "list", "--open"]).done();
    story.mtuc(Caseworker, &["task", "list"]).done();
    story.mtuc(Admin, &["node", "status"]).done();
    story.mtuc(Supervisor, &["breach", "settle", &first_id(&known, &[&referral])]).done();
    story.transcript.compare("breach.txt");
}
