//! The worker's own slip: what she can carry home of what she allowed, and anybody can check without a node.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Auditor, Caseworker};
use titian_tests::answer::{Answer, BAD_INPUT, CONFLICT, FORBIDDEN, NOT_FOUND};
use titian_tests::road::{Intake, consent_from, intake};
use titian_tests::sample;
use titian_tests::transcript::Transcript;
use titian_tests::world::World;

/// She says that a paper is safe for her.
const SAFE: (&str, &str) = ("valid_days = 180", "valid_days = 180\nreceipt_given = \"YES\"");

#[test]
fn she_carries_home_who_may_hold_what_until_when_and_anybody_can_check_it() {
    // Given a worker who allowed KSBSI something, for whom a paper is safe
    let world = World::befriended();
    let intake = allowed(&world, &[SAFE]);
    let mut transcript = Transcript::default();
    transcript.name(&world.ground.path().display().to_string(), "folder");
    transcript.name(&world.mtuc.words(), "words of MTUC");
    // When her slip is made, as text and as a page
    let text = slip(&world, &intake, &[]).done();
    transcript.add("my.mtuc, caseworker", &without_code(&text));
    let (page, plain, descriptor) = (place(&world, "slip.html"), place(&world, "slip.txt"), place(&world, "mtuc.txt"));
    transcript.add("my.mtuc, caseworker", &slip(&world, &intake, &["--language", "en", "--out", &page]).done());
    slip(&world, &intake, &["--out", &plain]).done();
    // Then the page holds nothing of hers: no name, no telephone, no employer, no purpose, no complaint, no id
    let html = std::fs::read_to_string(&page).expect("the page");
    for secret in sample::CANARIES.into_iter().chain(["Mina", "WAGE", "wage", "W01", &intake.worker, &intake.case]) {
        assert!(!html.contains(secret) && !text.stdout.contains(secret), "{secret}");
    }
    assert!(html.contains("Confederation of Indonesia Prosperity Trade Union") && html.contains("<svg"));
    // And with the descriptor file alone, without a node and without an account, anybody can check it
    world.mtuc.titian(Admin, &["peer", "descriptor", "--out", &descriptor]).done();
    let mut world = world;
    world.mtuc.node.stop();
    let verified = check(&world, &plain, &descriptor).done();
    transcript.add("anybody", &verified);
    // And one changed word is found
    let altered = std::fs::read_to_string(&plain).expect("the text").replace("CASE_CORE DEMOGRAPHIC", "CASE_CORE");
    let altered = world.ground.file("altered.txt", &altered).display().to_string();
    let refused = check(&world, &altered, &descriptor).failed(BAD_INPUT, "SLIP_NOT_SIGNED");
    transcript.add("anybody", &refused);
    transcript.compare("slip.txt");
}

#[test]
fn nothing_is_printed_where_a_paper_may_endanger_her() {
    // Given a worker who says that a paper is not safe for her
    let world = World::befriended();
    let unsafe_paper = ("valid_days = 180", "valid_days = 180\nreceipt_given = \"NO_UNSAFE\"");
    let intake = allowed(&world, &[unsafe_paper]);
    // Then no slip is made, and the desk says why
    slip(&world, &intake, &[]).failed(CONFLICT, "PAPER_UNSAFE");
    // And another consent that says nothing of it does not make it safe
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    slip(&world, &intake, &[]).failed(CONFLICT, "PAPER_UNSAFE");
    // And where nobody asked her, whoever prints it is told to
    let other = allowed(&world, &[]);
    let made = slip(&world, &other, &[]).done();
    assert!(made.stderr.contains("Ask before you give it to her"), "{}", made.told());
}

#[test]
fn no_paper_says_that_there_is_anything_medical_and_two_papers_have_nothing_in_common() {
    // Given a worker who allowed a medical report to go
    let world = World::befriended();
    let health =
        [SAFE, ("\"EMPLOYER\", \"CLAIM\"]\nmethod", "\"HEALTH\", \"GBV_TRAFFICKING\"]\nmethod"), ("valid_days = 180", "valid_days = 90")];
    let intake = allowed(&world, &health);
    // When two slips are made
    let made = |arguments: &[&str]| slip(&world, &intake, &[&["--language", "en"], arguments].concat()).done().stdout;
    let (one, other) = (made(&[]), made(&[]));
    // Then neither names it
    for text in [&one, &other] {
        assert!(text.contains("sensitive information") && text.contains("SENSITIVE"));
        assert!(!text.contains("HEALTH") && !text.contains("GBV"), "{text}");
    }
    // And each has a number of its own
    let number = |text: &str| text.lines().find_map(|line| line.strip_prefix("ref ").map(str::to_owned)).expect("a number");
    assert_ne!(number(&one), number(&other));
}

#[test]
fn what_she_took_back_is_on_no_slip_and_no_auditor_makes_one() {
    let world = World::befriended();
    let intake = allowed(&world, &[SAFE]);
    world.mtuc.titian(Auditor, &["consent", "slip", "--worker", &intake.worker]).failed(FORBIDDEN, "ROLE_FORBIDS");
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"]).done();
    slip(&world, &intake, &[]).failed(NOT_FOUND, "NOT_FOUND");
}

/// A worker taken in at MTUC, with the consent of the sample as changed.
fn allowed(world: &World, changes: &[(&str, &str)]) -> Intake {
    let intake = intake(&world.mtuc);
    let file = world.variant(&format!("consent-{}.toml", intake.worker), changes);
    consent_from(&world.mtuc, &intake, &file).done();
    intake
}

fn slip(world: &World, intake: &Intake, more: &[&str]) -> Answer {
    world.mtuc.titian(Caseworker, &[&["consent", "slip", "--worker", &intake.worker], more].concat())
}

/// Checks a slip as somebody who has no account and no node.
fn check(world: &World, slip: &str, descriptor: &str) -> Answer {
    world.mtuc.bare("nobody.session", "", &["consent", "verify-slip", slip, "--descriptor", descriptor])
}

fn place(world: &World, name: &str) -> String {
    world.ground.path().join(name).display().to_string()
}

/// The answer without the square code and the signature, which are different each time.
fn without_code(answer: &Answer) -> Answer {
    let is_same = |line: &&str| !line.contains(['█', '▀', '▄']) && !line.starts_with("sig ");
    let lines: Vec<&str> = answer.stdout.lines().filter(is_same).collect();
    Answer { stdout: lines.join("\n") + "\n", ..answer.clone() }
}
