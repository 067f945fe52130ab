//! From the draft to the end of an agreement.

use titian_tests::account::Account::Admin;
use titian_tests::sample;
use titian_tests::teller::Teller;
use titian_tests::world::{AGREEMENT, World, wait_agreement, wait_version};

#[test]
fn an_agreement_lives() {
    let mut story = Teller::new(World::befriended());
    let parties = "parties = [\"my.mtuc\", { node_id = \"id.ksbsi\", approval_required = true }]";
    let approval = ("parties = [\"my.mtuc\", \"id.ksbsi\"]", parties);
    let file = story.world.variant("agreement.toml", &[approval]);
    story.heading("drafted, proposed, signed by both");
    story.mtuc(Admin, &["agreement", "draft", &file]).done();
    story.mtuc(Admin, &["agreement", "propose", AGREEMENT]).done();
    story.mtuc(Admin, &["agreement", "sign", AGREEMENT]).done();
    wait_agreement(&story.world.ksbsi, "PROPOSED");
    story.ksbsi(Admin, &["agreement", "sign", AGREEMENT]).done();
    story.heading("KSBSI's government must approve");
    let digest = "ab".repeat(32);
    let evidence = ["--authority", "Ministry of Manpower", "--reference", "MM-2026-1", "--date", "2026-02-01", "--office", "President"];
    let approve = [&["agreement", "approve", AGREEMENT, "--scan-digest", &digest], &evidence[..]].concat();
    story.ksbsi(Admin, &approve).done();
    wait_agreement(&story.world.mtuc, "IN_FORCE");
    story.mtuc(Admin, &["agreement", "list"]).done();
    story.heading("suspended at once and alone, and resumed");
    story.mtuc(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]).done();
    wait_agreement(&story.world.ksbsi, "SUSPENDED");
    story.mtuc(Admin, &["agreement", "resume", AGREEMENT, "--reason", "REHEARSAL"]).done();
    wait_agreement(&story.world.ksbsi, "IN_FORCE");
    story.heading("a second version, which KSBSI does not want");
    let version = ("title = \"Cooperation on", "version = 2\nsupersedes = 1\ntitle = \"Cooperation on");
    let second = story.world.variant("second.toml", &[version]);
    story.world.mtuc.titian(Admin, &["agreement", "draft", &second]).done();
    story.world.mtuc.titian(Admin, &["agreement", "propose", AGREEMENT, "--version", "2"]).done();
    wait_version(&story.world.ksbsi, "2", "PROPOSED");
    story.ksbsi(Admin, &["agreement", "reject", AGREEMENT, "--version", "2", "--reason", "UNION_DECISION"]).done();
    story.heading("as a file");
    let out = story.world.ground.path().join("agreement.txt").display().to_string();
    story.mtuc(Admin, &["agreement", "export", AGREEMENT, "--version", "1", "--out", &out]).done();
    story.ksbsi(Admin, &["agreement", "import", &out]).done();
    story.heading("nobody joins an agreement of two");
    assert_ne!(story.ksbsi(Admin, &["agreement", "accede", AGREEMENT, "--version", "1"]).exit, 0);
    story.heading("ended, with notice");
    story.mtuc(Admin, &["agreement", "terminate", AGREEMENT, "--reason", "UNION_DECISION", "--on", "2026-08-31"]).done();
    story.mtuc(Admin, &["agreement", "show", AGREEMENT, "--version", "1"]).done();
    story.transcript.name(&sample::returnee(), "sample");
    story.transcript.compare("agreements.txt");
}
