//! Workers, cases, records, papers.

use titian_tests::account::Account::Caseworker;
use titian_tests::answer::CONFLICT;
use titian_tests::papers;
use titian_tests::sample;
use titian_tests::teller::{Teller, first_id};
use titian_tests::world::World;

/// Nine workers of one employer, for whom a network leader speaks.
const GROUP: &str = r#"
[case]
kind = "GROUP"
intake_kind = "COMPLAINT"
intake_channel = "NETWORK_LEADER"
complaints = ["W04"]
primary = "W04"
client_decision = "MEDIATION"
route = "INFORMAL_MEDIATION"

[case.group_count]
parent_group_ref = "019cac46-0000-7000-8000-000000000001"
represented_count = 9
registered_count = 1
"#;

/// What the employer paid.
const OUTCOME: &str = r#"
[outcome]
outcome_type = "WAGES_PAID"
amount_minor_units = 1080000
currency = "MYR"
per_worker_minor_units = 120000
workers_paid = 9
paid_on = "2026-03-01"
"#;

#[test]
fn a_returnee_is_taken_in() {
    let mut story = Teller::new(World::strangers());
    story.heading("she is taken in, and her case is opened");
    let worker = first_id(&story.mtuc(Caseworker, &["worker", "add", "--from", &sample::returnee()]).done(), &[]);
    let case = first_id(&story.mtuc(Caseworker, &["case", "open", "--worker", &worker, "--from", &sample::returnee()]).done(), &[&worker]);
    story.heading("she stands at the door again");
    story.mtuc(Caseworker, &["worker", "find", "siti"]).done();
    story.mtuc(Caseworker, &["worker", "find", "nobody"]).done();
    story.mtuc(Caseworker, &["worker", "show", &worker]).done();
    story.mtuc(Caseworker, &["worker", "list"]).done();
    story.mtuc(Caseworker, &["case", "list"]).done();
    story.heading("what she tells is written down, and put right");
    let put = story.mtuc(Caseworker, &["record", "put", &case, "immigration_status", "status=EXPIRED"]).done();
    let record = first_id(&put, &[&case, &worker]);
    let change = ["record", "put", &case, "immigration_status", "status=REGULAR", "--record", &record, "--revision", "1"];
    story.mtuc(Caseworker, &change).done();
    story.mtuc(Caseworker, &change).failed(CONFLICT, "STALE_REVISION");
    story.mtuc(Caseworker, &["record", "list", &case]).done();
    story.mtuc(Caseworker, &["record", "remove", &case, &record]).done();
    story.heading("a paper");
    let paper = story.mtuc(Caseworker, &["record", "put", &case, "document", "document_type=CONTRACT"]).done();
    let paper = first_id(&paper, &[&case, &worker]);
    let file = story.world.ground.path().join("contract.pdf");
    std::fs::write(&file, papers::pdf(4_000)).expect("a file");
    story.mtuc(Caseworker, &["document", "attach", &case, &paper, &file.display().to_string()]).done();
    story.mtuc(Caseworker, &["document", "list", "--case", &case]).done();
    let out = story.world.ground.path().join("again.pdf").display().to_string();
    story.mtuc(Caseworker, &["document", "get", &paper, "--out", &out]).done();
    story.mtuc(Caseworker, &["case", "show", &case]).done();
    story.transcript.compare("cases.txt");
}

#[test]
fn a_group_is_split_by_country_and_its_leader_confirms_what_was_paid() {
    let mut story = Teller::new(World::strangers());
    let leader = story.world.mtuc.json(Caseworker, &["worker", "add", "--from", &sample::returnee()]).done().id("worker_id");
    let file = story.world.ground.file("group.toml", GROUP).display().to_string();
    story.heading("a network leader speaks for nine");
    let case = first_id(&story.mtuc(Caseworker, &["case", "open", "--leader", &leader, "--from", &file]).done(), &[&leader]);
    story.mtuc(Caseworker, &["case", "split", &case, "--part", "ID=6", "--part", "NP=3"]).done();
    story.heading("the employer paid, and the leader says so, too");
    let outcome = story.world.ground.file("outcome.toml", OUTCOME).display().to_string();
    story.mtuc(Caseworker, &["record", "put", &case, "--from", &outcome]).done();
    story.mtuc(Caseworker, &["case", "confirm", &case, "--leader", &leader]).done();
    story.transcript.compare("group.txt");
}
