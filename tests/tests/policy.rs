//! Agreements: what is in force, from when, for what; and what is not one.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Caseworker};
use titian_tests::answer::{Answer, BAD_INPUT, CONFLICT, REFUSED};
use titian_tests::road::{self, arrive, consent_from, events, intake, request, request_to, share, show};
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{AGREEMENT, World, befriend, sign_agreement, wait_agreement, wait_version};

#[test]
fn one_signature_is_no_agreement() {
    // Given an agreement that only MTUC has signed
    let world = World::befriended();
    world.mtuc.titian(Admin, &["agreement", "draft", &sample::returnee()]).done();
    say(&world, &["sign"], "before it was proposed").failed(CONFLICT, "WRONG_STATE");
    say(&world, &["propose"], "").done();
    say(&world, &["sign"], "").done();
    wait_agreement(&world.ksbsi, "PROPOSED");
    // Then nothing may be referred under it, whatever the worker allows
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    request(&world.mtuc, &intake, sample::CATEGORIES).refused("AGREEMENT_NOT_IN_FORCE");
    // And KSBSI may still turn it down
    world.ksbsi.titian(Admin, &["agreement", "reject", AGREEMENT, "--reason", "UNION_DECISION"]).done();
    wait_agreement(&world.mtuc, "REJECTED");
}

#[test]
fn an_agreement_travels_as_a_file_too() {
    // Given two friends whose nodes cannot reach each other: KSBSI is down while MTUC signs
    let mut world = World::befriended();
    world.ksbsi.node.stop();
    world.mtuc.titian(Admin, &["agreement", "draft", &sample::returnee()]).done();
    say(&world, &["propose"], "").done();
    say(&world, &["sign"], "").done();
    let file = world.ground.path().join("agreement.txt").display().to_string();
    world.mtuc.titian(Admin, &["agreement", "export", AGREEMENT, "--out", &file]).done();
    world.ksbsi.node.start();
    // When KSBSI takes in the file and signs
    world.ksbsi.titian(Admin, &["agreement", "import", &file]).done();
    world.ksbsi.titian(Admin, &["agreement", "sign", AGREEMENT]).done();
    world.ksbsi.titian(Admin, &["agreement", "export", AGREEMENT, "--out", &file]).done();
    world.mtuc.titian(Admin, &["agreement", "import", &file]).done();
    // Then it is in force at both, however often the same comes again over the link
    wait_agreement(&world.mtuc, "IN_FORCE");
    wait_agreement(&world.ksbsi, "IN_FORCE");
    // And a file with a changed word is not the agreement that was signed
    let text = std::fs::read_to_string(&file).expect("the exported file");
    let changed = world.ground.file("changed.txt", &text.replacen("max_tier = \"T3\"", "max_tier = \"T4\"", 1)).display().to_string();
    let answer = world.mtuc.titian(Admin, &["agreement", "import", &changed]);
    assert!(answer.exit != 0 || text == std::fs::read_to_string(&changed).unwrap_or_default(), "{}", answer.told());
}

#[test]
fn a_new_version_supersedes_and_narrows() {
    // Given version 1 in force
    let world = World::in_force();
    // When both sign version 2, without EMPLOYER
    world.amend(&[("\"SAFETY\", \"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]", "\"SAFETY\", \"CLAIM\", \"DOCUMENTS\"]")]);
    // Then version 1 is superseded, and what it alone allowed is refused
    wait_version(&world.mtuc, "1", "SUPERSEDED");
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    request(&world.mtuc, &intake, sample::CATEGORIES).refused("FIELD_OUT_OF_SCOPE");
    request(&world.mtuc, &intake, "CASE_CORE,DEMOGRAPHIC,IDENTITY,CONTACT,SAFETY,CLAIM").done();
}

#[test]
fn a_suspension_stops_case_data_at_once_and_ends_by_the_same_hand() {
    // Given a referral with its share
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let before = share(&world.ksbsi, &referral).done().stdout;
    // When KSBSI suspends the agreement, alone
    world.ksbsi.titian(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]).done();
    wait_agreement(&world.mtuc, "SUSPENDED");
    // Then an update is refused at MTUC, and MTUC cannot end what KSBSI began
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    world.mtuc.json(Caseworker, &put).refused("AGREEMENT_SUSPENDED");
    let answer = say(&world, &["resume"], "");
    assert!(answer.exit != 0, "{}", answer.told());
    assert_eq!(share(&world.ksbsi, &referral).done().stdout, before);
    assert!(events(&world.mtuc, "mou.suspended") >= 1 && events(&world.ksbsi, "mou.suspended") >= 1, "both logs say so");
    // And when KSBSI resumes, the update goes
    world.ksbsi.titian(Admin, &["agreement", "resume", AGREEMENT, "--reason", "SAFETY"]).done();
    wait_agreement(&world.mtuc, "IN_FORCE");
    world.mtuc.json(Caseworker, &put).done();
    wait_until("KSBSI holds the outcome", PATIENCE, || share(&world.ksbsi, &referral).names("WAGES_PAID").then_some(()));
}

#[test]
fn what_waits_when_a_suspension_comes_is_asked_again_before_it_leaves() {
    // Given an offer queued while KSBSI is down, and MTUC suspends
    let mut world = World::in_force();
    world.ksbsi.node.stop();
    let (_, referral) = road::refer(&world);
    say(&world, &["suspend"], "SAFETY").done();
    // When KSBSI comes back, then the statement passes and the offer does not
    world.ksbsi.node.start();
    wait_agreement(&world.ksbsi, "SUSPENDED");
    let heard = show(&world.ksbsi, &referral);
    assert!(heard.exit != 0, "{}", heard.told());
    wait_until("MTUC says why it waits", PATIENCE, || show(&world.mtuc, &referral).names("AGREEMENT_SUSPENDED").then_some(()));
    // And nothing is lost: it is a draft again, and goes when MTUC resumes
    wait_until("it is a draft again", PATIENCE, || show(&world.mtuc, &referral).has_code("state", "DRAFT").then_some(()));
    say(&world, &["resume"], "SAFETY").done();
    wait_agreement(&world.ksbsi, "IN_FORCE");
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    arrive(&world.ksbsi, &referral);
}

#[test]
fn a_share_that_waits_when_a_suspension_comes_can_be_sent_again_after_it() {
    // Given an accepted referral, and an outcome put while KSBSI is down
    let mut world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    world.ksbsi.node.stop();
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    world.mtuc.json(Caseworker, &put).done();
    // When MTUC suspends before it could leave
    say(&world, &["suspend"], "SAFETY").done();
    world.ksbsi.node.start();
    wait_until("MTUC says why it waits", PATIENCE, || show(&world.mtuc, &referral).names("AGREEMENT_SUSPENDED").then_some(()));
    assert!(!share(&world.ksbsi, &referral).names("WAGES_PAID"), "not a byte of it left");
    // Then after the suspension it is sent again, once
    say(&world, &["resume"], "SAFETY").done();
    wait_agreement(&world.ksbsi, "IN_FORCE");
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    wait_until("KSBSI holds it", PATIENCE, || share(&world.ksbsi, &referral).names("WAGES_PAID").then_some(()));
    assert_eq!(share(&world.ksbsi, &referral).done().stdout.matches("\"outcome\":{").count(), 1);
}

#[test]
fn what_a_newer_version_replaced_does_not_come_back_when_that_one_is_suspended_or_ended() {
    // Given version 2, without EMPLOYER, and a referral under it
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    world.amend(&[("\"SAFETY\", \"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]", "\"SAFETY\", \"CLAIM\", \"DOCUMENTS\"]")]);
    // When KSBSI suspends the agreement
    world.ksbsi.titian(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]).done();
    for union in [&world.mtuc, &world.ksbsi] {
        wait_version(union, "2", "SUSPENDED");
        wait_version(union, "1", "SUPERSEDED");
    }
    // Then nothing goes, under either version
    request(&world.mtuc, &intake, "CASE_CORE").refused("AGREEMENT_SUSPENDED");
    let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
    world.mtuc.json(Caseworker, &put).refused("AGREEMENT_SUSPENDED");
    // And when it is ended, version 1 is not in force either
    world.ksbsi.titian(Admin, &["agreement", "terminate", AGREEMENT, "--reason", "SAFETY", "--on", "2026-01-02"]).done();
    for union in [&world.mtuc, &world.ksbsi] {
        wait_version(union, "2", "TERMINATED");
        wait_version(union, "1", "SUPERSEDED");
    }
    request(&world.mtuc, &intake, "CASE_CORE").refused("AGREEMENT_NOT_IN_FORCE");
}

#[test]
fn who_suspends_an_agreement_suspends_what_is_in_force_and_not_a_proposal() {
    // Given version 1 in force, and a version 2 that MTUC proposes
    let world = World::in_force();
    let version = ("title = \"Cooperation on", "version = 2\nsupersedes = 1\ntitle = \"Cooperation on");
    world.mtuc.titian(Admin, &["agreement", "draft", &world.variant("version-2.toml", &[version])]).done();
    world.mtuc.titian(Admin, &["agreement", "propose", AGREEMENT, "--version", "2"]).done();
    wait_version(&world.ksbsi, "2", "PROPOSED");
    // When KSBSI suspends the agreement and names no version, then nothing goes any more
    world.ksbsi.titian(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]).done();
    for union in [&world.mtuc, &world.ksbsi] {
        wait_version(union, "1", "SUSPENDED");
    }
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    request(&world.mtuc, &intake, sample::CATEGORIES).refused("AGREEMENT_SUSPENDED");
    // And it ends by the same word
    world.ksbsi.titian(Admin, &["agreement", "resume", AGREEMENT, "--reason", "SAFETY"]).done();
    wait_version(&world.mtuc, "1", "IN_FORCE");
}

#[test]
fn a_government_that_must_approve_is_waited_for() {
    // Given an agreement for which Indonesia's approval was declared necessary
    let world = World::befriended();
    let parties =
        ["parties = [\"my.mtuc\", \"id.ksbsi\"]", "parties = [\"my.mtuc\", { node_id = \"id.ksbsi\", approval_required = true }]"];
    let file = world.ground.file("approval.toml", &sample::changed(&[(parties[0], parties[1])]));
    world.mtuc.titian(Admin, &["agreement", "draft", &file.display().to_string()]).done();
    for verb in ["propose", "sign"] {
        say(&world, &[verb], "").done();
    }
    wait_agreement(&world.ksbsi, "PROPOSED");
    world.ksbsi.titian(Admin, &["agreement", "sign", AGREEMENT]).done();
    // Then both signatures are not enough
    wait_agreement(&world.mtuc, "AWAITING_APPROVAL");
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    request(&world.mtuc, &intake, sample::CATEGORIES).refused("AGREEMENT_PENDING_GOVERNMENT");
    // And with the approval attached it is in force
    let digest = "5e".repeat(32);
    let evidence = [
        "--authority",
        "Ministry of Manpower",
        "--reference",
        "MM-2026-1",
        "--date",
        "2026-02-01",
        "--scan-digest",
        &digest,
        "--office",
        "President",
    ];
    let approve = [&["agreement", "approve", AGREEMENT], &evidence[..]].concat();
    world.ksbsi.titian(Admin, &approve).done();
    wait_agreement(&world.mtuc, "IN_FORCE");
}

#[test]
fn without_an_agreement_or_outside_its_annex_nothing_goes() {
    let (world, clc) = World::three_unions();
    befriend(&world.mtuc, &clc);
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    // CLC: a friend without an agreement. A union nobody knows: no peer.
    request_to(&world.mtuc, &intake, "kh.clc", sample::CATEGORIES).refused("NO_AGREEMENT");
    let unknown = request_to(&world.mtuc, &intake, "vn.vgcl", sample::CATEGORIES);
    assert!(unknown.exit != 0, "{}", unknown.told());
    // KSBSI: a purpose that the annex does not name
    let other = ["referral", "request", "--case", &intake.case, "--to", "id.ksbsi", "--purpose", "SHELTER", "--categories", "CASE_CORE"];
    world.mtuc.json(Caseworker, &other).refused("PURPOSE_OUT_OF_SCOPE");
    // and a category that it does not name
    request(&world.mtuc, &intake, "CASE_CORE,HEALTH").refused("FIELD_OUT_OF_SCOPE");
}

#[test]
fn without_an_annex_back_nothing_comes_back() {
    // Given an agreement with one direction only
    let world = World::befriended();
    let text = sample::text();
    let back = text.find("[[annex]]\nid = \"ID-MY-1\"").expect("the annex back");
    let rest = text[back..].find("[worker]").map(|at| back + at).expect("the worker");
    let file = world.ground.file("one-way.toml", &format!("{}{}", &text[..back], &text[rest..]));
    sign_agreement(&world.mtuc, &world.ksbsi, &file);
    let intake = intake(&world.ksbsi);
    let own = world.ground.file("consent-back.toml", &sample::consent_back()).display().to_string();
    consent_from(&world.ksbsi, &intake, &own).done();
    request_to(&world.ksbsi, &intake, "my.mtuc", "CASE_CORE,CLAIM").refused("ANNEX_DIRECTION");
}

#[test]
fn texts_that_are_no_agreement_are_refused_where_they_are_wrong() {
    let world = World::strangers();
    let second = "[[annex]]\nid = \"MY-ID-2\"\nfrom = \"my.mtuc\"\nto = \"id.ksbsi\"\npurposes = [\"WAGE_RECOVERY\"]\ncategories = [\"CASE_CORE\"]\nmax_tier = \"T2\"\nretention_days = 30\nwithdrawal_action_hours = 72\npeer_breach_notice_hours = 12\nconsent_methods = [\"WRITTEN_SIGNED\"]\nonward = \"PROHIBITED\"\n\n[worker]";
    let cases: [(&str, &str, &str); 6] = [
        ("overlapping annexes", "[worker]", second),
        ("no end", "expires_on = \"2026-08-31\"\n", ""),
        ("an unknown key", "kind = \"BILATERAL\"", "kind = \"BILATERAL\"\nhandshake = true"),
        ("an unknown category", "categories = [\"CASE_CORE\", \"CLAIM\", \"DOCUMENTS\"]", "categories = [\"GOSSIP\"]"),
        ("withdrawals acted on too late", "withdrawal_action_hours = 72", "withdrawal_action_hours = 73"),
        ("breaches told too late", "peer_breach_notice_hours = 12", "peer_breach_notice_hours = 25"),
    ];
    for (number, (what, from, to)) in cases.into_iter().enumerate() {
        let file = world.variant(&format!("agreement-{number}.toml"), &[(from, to)]);
        let answer = world.mtuc.titian(Admin, &["agreement", "draft", &file]);
        assert!([BAD_INPUT, REFUSED].contains(&answer.exit) && answer.names("MALFORMED"), "{what}: {}", answer.told());
    }
    assert!(!world.mtuc.json(Admin, &["agreement", "list"]).done().names(AGREEMENT), "none of them was kept");
}

/// An officer of MTUC says something about the sample agreement.
fn say(world: &World, verb: &[&str], reason: &str) -> Answer {
    let mut arguments = vec!["agreement"];
    arguments.extend_from_slice(verb);
    arguments.push(AGREEMENT);
    if matches!(verb, ["suspend" | "resume"]) {
        arguments.extend_from_slice(&["--reason", if reason.is_empty() { "SAFETY" } else { reason }]);
    }
    world.mtuc.titian(Admin, &arguments)
}
