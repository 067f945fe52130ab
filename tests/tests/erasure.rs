//! What was delivered is destroyed when the worker takes it back, or when its time is over; and whoever held it says so, signed.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use serde_json::Value;
use titian_tests::account::Account::{Admin, Caseworker, Supervisor};
use titian_tests::answer::Answer;
use titian_tests::node::Plan;
use titian_tests::road::{self, Intake, events, leaves, share, show, state};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, befriend, sign_agreement_called};

#[test]
fn a_withdrawal_after_delivery_ends_in_signed_receipts_at_both_ends() {
    // Given a share held at KSBSI
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let records = show(&world.ksbsi, &referral).count("records_held");
    assert!(records > 0);
    // When she withdraws at MTUC
    withdraw(&world.mtuc, &intake, &[]).done();
    // Then KSBSI destroys every record and what its offer said of her, and both know of both
    for union in [&world.mtuc, &world.ksbsi] {
        erased(union, &referral);
    }
    let there = show(&world.ksbsi, &referral);
    assert_eq!(there.count("records_held"), 0, "{}", there.told());
    for said in ["AGE_BAND_A25_34", "complaintCodes", "countryOfOrigin"] {
        assert!(!there.names(said), "{said} is still there: {}", there.told());
    }
    assert_eq!(show(&world.mtuc, &referral).count("records_shared"), 0);
    // And its log says which of its entries that was, and nothing else
    let destroyed: Vec<Value> = leaves(&world.ksbsi).into_iter().filter(|leaf| leaf["event"] == "erase.done").collect();
    let targets = destroyed.iter().filter_map(|leaf| leaf["targets"].as_array()).flatten().count();
    assert!(targets >= 2, "the offer and the share: {destroyed:?}");
    assert!(destroyed.iter().all(|leaf| leaf["code"] == "WITHDRAWAL"));
    assert!(events(&world.mtuc, "erase.acked") >= 1 && events(&world.ksbsi, "erase.acked") >= 1, "both logs say so");
    // And MTUC keeps KSBSI's word as a file that stands alone
    let folder = world.ground.path().join("receipts");
    std::fs::create_dir_all(&folder).expect("a folder");
    let words = ["erasure", "show", &referral, "--receipts", &folder.display().to_string()];
    world.mtuc.json(Caseworker, &words).done();
    let receipt = std::fs::read(folder.join("receipt-1.envelope")).expect("the receipt");
    assert!(receipt.len() > 100 && sample::CANARIES.iter().all(|canary| !String::from_utf8_lossy(&receipt).contains(canary)));
    // And nothing comes back: the referral is over for good
    put(&world.mtuc, &intake, "outcome", &referral).refused("CONSENT_WITHDRAWN");
    assert!(!world.mtuc.json(Admin, &["node", "status"]).names("consent.erasure-overdue"));
}

#[test]
fn she_takes_back_one_category_and_the_rest_goes_on() {
    // Given a share with her claim
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    assert!(share(&world.ksbsi, &referral).names("600000"));
    // When she takes back the claim alone
    withdraw(&world.mtuc, &intake, &["--categories", "CLAIM"]).done();
    // Then it goes at KSBSI, with a receipt, and the rest stays
    wait_until("the claim is gone", PATIENCE, || (!share(&world.ksbsi, &referral).names("600000")).then_some(()));
    wait_until("KSBSI has said so", PATIENCE, || {
        let told = world.mtuc.json(Caseworker, &["erasure", "show", &referral]);
        (told.exit == 0 && told.has_code("there", "ERASED")).then_some(())
    });
    let held = share(&world.ksbsi, &referral).done();
    assert!(held.names("Siti Aminah"), "{}", held.told());
    assert!(show(&world.mtuc, &referral).has_code("state", "ACCEPTED"));
    // And a new claim does not go, while her employer still does
    put(&world.mtuc, &intake, "outcome", &referral).refused("CONSENT_WITHDRAWN");
    let employer = [
        "record",
        "put",
        &intake.case,
        "employer",
        "role=EMPLOYER",
        "legal_name=Kilang Lain",
        "country=MY",
        "sector=MANUFACTURING",
        "--share-under",
        &referral,
    ];
    world.mtuc.json(Caseworker, &employer).done();
    wait_until("the rest goes on", PATIENCE, || share(&world.ksbsi, &referral).names("Kilang Lain").then_some(()));
}

#[test]
fn what_the_other_union_counts_does_not_answer_what_was_taken_here() {
    // Given a share at KSBSI, where she has said more than at MTUC: she allowed KSBSI much of her own, and took the claim back there
    let mut world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    for _ in 0..5 {
        world.ksbsi.json(Caseworker, &["consent", "record", "--referral", &referral, "--from", &sample::returnee()]).done();
    }
    let claim = ["consent", "withdraw", "--referral", &referral, "--categories", "CLAIM", "--action", "ERASE"];
    world.ksbsi.json(Caseworker, &claim).done();
    wait_until("MTUC has KSBSI's receipt", PATIENCE, || {
        let told = world.mtuc.json(Caseworker, &["erasure", "show", &referral]);
        (told.exit == 0 && told.has_code("there", "ERASED")).then_some(())
    });
    // When KSBSI is away and she takes the employer back at MTUC
    world.ksbsi.node.stop();
    withdraw(&world.mtuc, &intake, &["--categories", "EMPLOYER"]).done();
    // Then MTUC does not take the old receipt for an answer
    let told = world.mtuc.json(Caseworker, &["erasure", "show", &referral]).done();
    assert!(told.has_code("there", "PENDING"), "{}", told.told());
    // And it has one when KSBSI has erased that too
    world.ksbsi.node.start();
    wait_until("KSBSI has answered", PATIENCE, || {
        let told = world.mtuc.json(Caseworker, &["erasure", "show", &referral]);
        (told.exit == 0 && told.has_code("there", "ERASED")).then_some(())
    });
    assert!(!share(&world.ksbsi, &referral).names("Kilang Contoh"));
}

#[test]
fn withdrawal_overtakes_the_queue() {
    // Given the link is down, and three envelopes for KSBSI wait
    let mut world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    world.ksbsi.node.stop();
    for _ in 0..3 {
        put(&world.mtuc, &intake, "outcome", &referral).done();
    }
    // When she withdraws
    let withdrawn = withdraw(&world.mtuc, &intake, &[]).done();
    assert_eq!(withdrawn.count("purged"), 3, "{}", withdrawn.told());
    // And the link comes back, then the withdrawal is delivered and answered, and not one body leaves
    world.ksbsi.node.start();
    erased(&world.mtuc, &referral);
    erased(&world.ksbsi, &referral);
    let purged = leaves(&world.ksbsi).into_iter().filter(|leaf| leaf["code"] == "CONSENT_WITHDRAWN").count();
    assert_eq!(purged, 3, "the log explains each purge");
    assert!(!share(&world.ksbsi, &referral).names("WAGES_PAID"));
}

#[test]
fn what_a_court_holds_is_kept_and_said_so() {
    // Given a share at KSBSI that a court wants kept
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let hold = ["erasure", "hold", &referral, "--authority", "PN-BLITAR-PERDATA", "--review-on", "2026-09-30"];
    world.ksbsi.json(Caseworker, &hold).failed(titian_tests::answer::FORBIDDEN, "ROLE_FORBIDS");
    world.ksbsi.json(Supervisor, &hold).done();
    // When she withdraws
    withdraw(&world.mtuc, &intake, &[]).done();
    // Then it is frozen and kept, and MTUC is told which ground and until when
    let told = stands(&world.mtuc, &referral, "LEGAL_HOLD");
    assert!(told.exit == 0);
    let held = show(&world.ksbsi, &referral);
    assert!(held.count("records_held") > 0 && held.find("frozen").is_some_and(|frozen| frozen == true), "{}", held.told());
    assert!(!share(&world.ksbsi, &referral).names("Siti Aminah"), "and nobody reads it");
    // And when the court is done, it goes, with a second receipt
    world.ksbsi.json(Supervisor, &["erasure", "lift", &referral]).done();
    erased(&world.mtuc, &referral);
    assert_eq!(show(&world.ksbsi, &referral).count("records_held"), 0);
}

#[test]
fn an_erasure_that_nobody_proves_calls_somebody() {
    // Given a share at KSBSI, whose node then is away
    let mut world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    world.ksbsi.node.stop();
    withdraw(&world.mtuc, &intake, &[]).done();
    assert!(
        !world.mtuc.json(Admin, &["node", "status"]).names("consent.erasure-overdue"),
        "there is time until the annex's hours are over"
    );
    // When the annex's 72 hours are over
    world.mtuc.later(73);
    // Then the status says so, and the list names the union that has not answered
    assert!(world.mtuc.json(Admin, &["node", "status"]).names("consent.erasure-overdue"));
    let list = world.mtuc.titian(Caseworker, &["erasure", "list", "--open"]).done();
    assert!(list.names("id.ksbsi") && list.names("pending") && list.names("yes"), "{}", list.told());
    // And it ends with the receipt
    world.ksbsi.later(73);
    erased(&world.mtuc, &referral);
    assert!(!world.mtuc.json(Admin, &["node", "status"]).names("consent.erasure-overdue"));
}

#[test]
fn a_copy_goes_on_its_day_at_both_ends() {
    // Given a referral that was done
    let mut world = World::in_force();
    let (_, referral) = road::refer_and_accept(&world);
    road::act(&world.ksbsi, &["referral", "start", &referral]).done();
    road::act(&world.ksbsi, &["referral", "complete", &referral, "--outcome", "SERVICE_GIVEN"]).done();
    state(&world.mtuc, &referral, "COMPLETED");
    // When its 365 days are over
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(366 * 24);
    }
    // Then nothing of it is left at KSBSI, MTUC has its word, and the state stays what it was
    erased(&world.mtuc, &referral);
    erased(&world.ksbsi, &referral);
    assert_eq!(show(&world.ksbsi, &referral).count("records_held"), 0);
    assert!(show(&world.mtuc, &referral).has_code("state", "COMPLETED"));
    let told = world.mtuc.json(Caseworker, &["erasure", "show", &referral]).done();
    assert!(told.has_code("ground", "RETENTION"), "{}", told.told());
}

#[test]
fn what_a_union_made_its_own_goes_when_her_consent_for_it_ends() {
    // Given a share that KSBSI made its own, with a consent of 180 days
    let mut world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    world.ksbsi.json(Caseworker, &["consent", "record", "--referral", &referral, "--from", &sample::returnee()]).done();
    road::act(&world.ksbsi, &["referral", "start", &referral]).done();
    // When she takes MTUC's back, then KSBSI keeps what she allowed it, and says so
    withdraw(&world.mtuc, &intake, &[]).done();
    stands(&world.mtuc, &referral, "ADOPTED");
    assert!(show(&world.ksbsi, &referral).count("records_held") > 0);
    // And when KSBSI's own consent has ended, it goes there too, and MTUC has KSBSI's word for it
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.later(181 * 24);
    }
    erased(&world.mtuc, &referral);
    assert_eq!(show(&world.ksbsi, &referral).count("records_held"), 0);
}

#[test]
fn a_withdrawal_travels_on_to_whom_it_was_passed_on() {
    // Given MTUC's referral at KSBSI, and KSBSI's own of the same case to CLC, with her consent for CLC
    let (mut world, mut clc, referral, onward, intake) = passed_on();
    // When CLC is away and she withdraws at MTUC
    clc.node.stop();
    withdraw(&world.mtuc, &intake, &[]).done();
    // Then KSBSI has erased and says that one is still to come
    wait_until("MTUC knows of CLC", PATIENCE, || {
        let told = world.mtuc.titian(Caseworker, &["erasure", "list"]);
        told.names("0 of 1").then_some(())
    });
    erased_here(&world.ksbsi, &referral);
    // And when CLC comes back, it hears of it, erases, and MTUC learns that too
    clc.node.start();
    erased(&clc, &onward);
    wait_until("MTUC knows that CLC has erased", PATIENCE, || {
        let told = world.mtuc.titian(Caseworker, &["erasure", "list"]);
        told.names("1 of 1").then_some(())
    });
    assert_eq!(show(&clc, &onward).count("records_held"), 0);
    // And after a restart of all of them nothing is back
    for union in [&mut world.mtuc, &mut world.ksbsi, &mut clc] {
        union.node.stop();
        union.node.start();
    }
    assert_eq!(show(&clc, &onward).count("records_held") + show(&world.ksbsi, &referral).count("records_held"), 0);
}

/// KSBSI accepted MTUC's referral and referred the case that it keeps for it to CLC.
fn passed_on() -> (World, Union, String, String, Intake) {
    let world = World::in_force();
    let clc = world.ground.union(&Plan::clc());
    befriend(&world.ksbsi, &clc);
    let onward_agreement = world.variant(
        "ksbsi-clc.toml",
        &[
            ("id = \"AG-MY-ID\"", "id = \"AG-ID-KH\""),
            ("\"id.ksbsi\"", "\"kh.clc\""),
            ("\"my.mtuc\"", "\"id.ksbsi\""),
            ("id = \"MY-ID-1\"", "id = \"ID-KH-1\""),
            ("id = \"ID-MY-1\"", "id = \"KH-ID-1\""),
        ],
    );
    sign_agreement_called("AG-ID-KH", &world.ksbsi, &clc, onward_agreement.as_ref());
    let (intake, referral) = road::refer_and_accept(&world);
    let case = show(&world.ksbsi, &referral).id("case_id");
    let consent = world.variant(
        "consent-clc.toml",
        &[
            ("recipient = \"id.ksbsi\"", "recipient = \"kh.clc\"\ndestination_country = \"KH\""),
            ("\"SAFETY\", \"EMPLOYER\", \"CLAIM\"]\nmethod", "\"SAFETY\", \"EMPLOYER\", \"CLAIM\", \"UNION_MEMBERSHIP\"]\nmethod"),
        ],
    );
    world.ksbsi.json(Caseworker, &["consent", "record", "--referral", &referral, "--from", &consent]).done();
    let facts = world.ground.file("facts.toml", sample::FACTS).display().to_string();
    for only in ["complaint", "journey", "claim"] {
        world.ksbsi.json(Caseworker, &["record", "put", &case, "--from", &facts, "--only", only]).done();
    }
    let words = ["referral", "request", "--case", &case, "--to", "kh.clc", "--purpose", "WAGE_RECOVERY", "--categories", "CASE_CORE,CLAIM"];
    let onward = world.ksbsi.json(Caseworker, &words).done().id("referral_id");
    road::arrive(&clc, &onward);
    road::act(&clc, &["referral", "accept", &onward]).done();
    road::held(&clc, &onward);
    (world, clc, referral, onward, intake)
}

fn put(union: &Union, intake: &Intake, only: &str, referral: &str) -> Answer {
    let words = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", only, "--share-under", referral];
    union.json(Caseworker, &words)
}

fn withdraw(union: &Union, intake: &Intake, scope: &[&str]) -> Answer {
    let mut words = vec!["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"];
    words.extend_from_slice(scope);
    union.json(Caseworker, &words)
}

/// Waits until the erasure of both sides stands so at a union.
fn stands(union: &Union, referral: &str, erasure: &str) -> Answer {
    wait_until(&format!("the erasure is {erasure} at {}", union.id()), PATIENCE, || {
        let shown = show(union, referral);
        (shown.exit == 0 && shown.has_code("erasure", erasure)).then_some(shown)
    })
}

fn erased(union: &Union, referral: &str) {
    stands(union, referral, "ERASED");
}

fn erased_here(union: &Union, referral: &str) {
    wait_until(&format!("{} has erased", union.id()), PATIENCE, || {
        let told = union.json(Caseworker, &["erasure", "show", referral]);
        (told.exit == 0 && told.has_code("here", "ERASED")).then_some(())
    });
}
