//! The command line as people meet it: the returnee's road as a golden transcript, golden error texts, exit codes, `--json`.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Auditor, Caseworker, FocalPoint, Supervisor};
use titian_tests::answer::{BAD_INPUT, FORBIDDEN, NOT_FOUND, UNREACHABLE};
use titian_tests::road;
use titian_tests::sample;
use titian_tests::teller::{Teller, first_id, settled};
use titian_tests::transcript::Transcript;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

#[test]
fn the_returnees_road_reads_as_it_did() {
    let mut story = Teller::new(World::in_force());
    story.transcript.heading("1.1 no consent yet");
    let worker = first_id(&story.mtuc(Caseworker, &["worker", "add", "--from", &sample::returnee()]).done(), &[]);
    let case = first_id(&story.mtuc(Caseworker, &["case", "open", "--worker", &worker, "--from", &sample::returnee()]).done(), &[&worker]);
    let ask = ["--purpose", "WAGE_RECOVERY", "--services", "LEGAL_ADVICE", "--categories"];
    let request = [&["referral", "request", "--case", &case, "--to", "id.ksbsi"], &ask[..]].concat();
    let all = [&request[..], &[sample::CATEGORIES]].concat();
    let referral = first_id(&story.mtuc(Caseworker, &all).refused("NO_CONSENT"), &[&worker, &case]);
    story.transcript.heading("1.2 the offer");
    story.mtuc(Caseworker, &["consent", "record", "--worker", &worker, "--from", &sample::returnee()]).done();
    story.mtuc(Caseworker, &["referral", "send", &referral]).done();
    road::arrive(&story.world.ksbsi, &referral);
    settled(&story.world.mtuc, &referral);
    story.ksbsi(FocalPoint, &["referral", "show", &referral]).done();
    story.transcript.heading("1.3 accepted: the share");
    story.ksbsi(FocalPoint, &["referral", "accept", &referral]).done();
    road::held(&story.world.ksbsi, &referral);
    settled(&story.world.mtuc, &referral);
    story.ksbsi(Caseworker, &["referral", "share", &referral]).done();
    story.mtuc(Caseworker, &["referral", "show", &referral]).done();
    story.transcript.heading("1.4 outside the annex");
    let put = ["record", "put", &case, "immigration_status", "status=EXPIRED", "--share-under", &referral];
    story.mtuc(Caseworker, &put).refused("FIELD_OUT_OF_SCOPE");
    story.transcript.heading("1.6 a contact without its rules");
    let bare = [&request[..], &["CASE_CORE,DEMOGRAPHIC,IDENTITY,CONTACT"]].concat();
    story.mtuc(Caseworker, &bare).refused("SAFE_CONTACT_MISSING");
    story.transcript.heading("1.10 the outcome");
    let outcome = ["record", "put", &case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    story.mtuc(Caseworker, &outcome).done();
    wait_until("KSBSI holds the outcome", PATIENCE, || road::share(&story.world.ksbsi, &referral).names("WAGES_PAID").then_some(()));
    story.ksbsi(Caseworker, &["referral", "start", &referral]).done();
    story.ksbsi(Caseworker, &["referral", "complete", &referral, "--outcome", "SERVICE_GIVEN"]).done();
    road::state(&story.world.mtuc, &referral, "COMPLETED");
    settled(&story.world.mtuc, &referral);
    settled(&story.world.ksbsi, &referral);
    story.mtuc(Caseworker, &["referral", "show", &referral]).done();
    story.transcript.compare("returnee.txt");
}

#[test]
fn every_error_says_what_and_what_next() {
    let mut story = Teller::new(World::befriended());
    let worker = first_id(&story.mtuc(Caseworker, &["worker", "add", "--from", &sample::returnee()]).done(), &[]);
    let case = first_id(&story.mtuc(Caseworker, &["case", "open", "--worker", &worker, "--from", &sample::returnee()]).done(), &[&worker]);
    story.transcript = Transcript::default();
    story.transcript.name(&story.world.ground.path().display().to_string(), "folder");
    let nothing = "0198c0de-0000-7000-8000-000000000000";
    story.transcript.heading("nothing there");
    story.mtuc(Caseworker, &["referral", "show", nothing]).failed(NOT_FOUND, "NOT_FOUND");
    story.mtuc(Caseworker, &["case", "show", nothing]).failed(NOT_FOUND, "NOT_FOUND");
    story.transcript.heading("a role that may not");
    story.mtuc(Admin, &["worker", "list"]).failed(FORBIDDEN, "ROLE_FORBIDS");
    story.mtuc(Auditor, &["case", "list"]).failed(FORBIDDEN, "ROLE_FORBIDS");
    story.mtuc(Supervisor, &["peer", "suspend", "id.ksbsi", "--reason", "SAFETY"]).failed(FORBIDDEN, "ROLE_FORBIDS");
    story.transcript.heading("input that cannot be read");
    for (number, (what, from, to)) in bad_inputs().into_iter().enumerate() {
        let file = story.world.variant(&format!("bad-{number}.toml"), &[(from, &to)]);
        story.transcript.heading(what);
        let told = story.mtuc(Caseworker, &["worker", "add", "--from", &file]);
        let told = if told.exit == 0 { story.mtuc(Caseworker, &["case", "open", "--worker", &worker, "--from", &file]) } else { told };
        assert!(told.exit == BAD_INPUT, "{what}: {}", told.told());
    }
    story.transcript.heading("a record that cannot be");
    story.mtuc(Caseworker, &["record", "put", &case, "claim", "amount_minor_units=600000"]).failed(BAD_INPUT, "");
    story.mtuc(Caseworker, &["record", "put", &case, "complaint", "kind=SECRET"]).failed(BAD_INPUT, "");
    story.transcript.name(&worker, "worker");
    story.transcript.name(&case, "case");
    story.transcript.compare("errors.txt");
}

/// What is wrong, the text of the sample, and what stands there instead.
fn bad_inputs() -> Vec<(&'static str, &'static str, String)> {
    let long = format!("full_name = \"{}\"", "a".repeat(10_000));
    vec![
        ("an unknown field", "sex = \"FEMALE\"", "sex = \"FEMALE\"\nreligion = \"x\"".to_owned()),
        ("an unknown code", "sex = \"FEMALE\"", "sex = \"LADY\"".to_owned()),
        ("an empty name", "full_name = \"Siti Aminah\"", "full_name = \"\"".to_owned()),
        ("a name without end", "full_name = \"Siti Aminah\"", long),
        ("no such country", "country_of_origin = \"ID\"", "country_of_origin = \"XX\"".to_owned()),
        (
            "no such currency",
            "amount_minor_units = 600000\ncurrency = \"MYR\"",
            "amount_minor_units = 600000\ncurrency = \"RMX\"".to_owned(),
        ),
        ("an amount without currency", "amount_minor_units = 600000\ncurrency = \"MYR\"", "amount_minor_units = 600000".to_owned()),
        ("an unknown complaint", "primary = \"W01\"", "primary = \"W99\"".to_owned()),
        ("a day that is none", "limitation_date = \"2027-01-31\"", "limitation_date = \"2027-02-31\"".to_owned()),
        ("no TOML at all", "[worker]", "[worker".to_owned()),
    ]
}

#[test]
fn bytes_that_are_no_text_are_refused_with_a_clear_word() {
    let world = World::strangers();
    let path = world.ground.path().join("latin-1.toml");
    std::fs::write(&path, b"[worker]\nfull_name = \"Jos\xe9\"\n").expect("a file");
    let answer = world.mtuc.titian(Caseworker, &["worker", "add", "--from", &path.display().to_string()]);
    assert!(answer.exit == BAD_INPUT && answer.names("UTF-8"), "{}", answer.told());
    let big = world.ground.file("big.toml", &"# nothing\n".repeat(1_000_000)).display().to_string();
    let answer = world.mtuc.titian(Caseworker, &["worker", "add", "--from", &big]);
    assert!(answer.exit == BAD_INPUT, "a message over its limit: {}", answer.stderr);
}

#[test]
fn sign_in_locks_out_who_guesses_and_tells_nobody_whether_the_name_exists() {
    let world = World::strangers();
    world.mtuc.admit(Caseworker);
    let known = world.mtuc.bare("guess.session", "a wrong password", &["staff", "sign-in", "caseworker"]);
    let unknown = world.mtuc.bare("guess.session", "a wrong password", &["staff", "sign-in", "nobody-here"]);
    assert_eq!((known.exit, &known.stdout, &known.stderr), (FORBIDDEN, &unknown.stdout, &unknown.stderr), "the same answer for both");
    wait_until("guessing locks the account", PATIENCE, || {
        world.mtuc.bare("guess.session", "a wrong password", &["staff", "sign-in", "caseworker"]).names("LOCKED_OUT").then_some(())
    });
    // The right password does not help while it is locked; and the session that stood before still does.
    let right = world.mtuc.bare("guess.session", &Caseworker.password(), &["staff", "sign-in", "caseworker"]);
    right.failed(FORBIDDEN, "LOCKED_OUT");
    world.mtuc.titian(Caseworker, &["worker", "list"]).done();
    // After signing out, nothing goes.
    world.mtuc.titian(Caseworker, &["staff", "sign-out"]).done();
    let session = world.mtuc.session(Caseworker);
    let name = session.file_name().and_then(|name| name.to_str()).expect("a session file");
    let after = world.mtuc.bare(name, "", &["worker", "list"]);
    assert_eq!(after.exit, FORBIDDEN, "{}", after.told());
}

#[test]
fn json_is_one_document_and_a_failure_is_one_too() {
    let mut world = World::strangers();
    let added = world.mtuc.json(Caseworker, &["worker", "add", "--from", &sample::returnee()]).done();
    assert_eq!(added.stdout.lines().count(), 1);
    assert_eq!(added.id("worker_id").len(), 36);
    let failed = world.mtuc.json(Caseworker, &["case", "show", "0198c0de-0000-7000-8000-000000000000"]).failed(NOT_FOUND, "NOT_FOUND");
    assert!(failed.find("code").is_some() && failed.find("nextStep").is_some(), "{}", failed.told());
    world.mtuc.node.stop();
    world.mtuc.json(Caseworker, &["worker", "list"]).failed(UNREACHABLE, "NODE_UNREACHABLE");
}
