//! What one union gave another goes on to a third only where the annex and the worker both say so, and comes back as one.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::Caseworker;
use titian_tests::road::{self, Intake, share, show};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, sign_agreement};

#[test]
fn what_she_lets_go_on_goes_on_and_comes_back_as_one() {
    // Given an annex that allows onward sharing with a new consent, and her consent for KSBSI that names SBMI
    let (world, sbmi, intake, referral) = may_be_passed_on(&[]);
    // When KSBSI passes on her claim, then it is refused until she consents anew, for SBMI
    let case = show(&world.ksbsi, &referral).id("case_id");
    let words = ["referral", "request", "--case", &case, "--to", "id.sbmi", "--purpose", "WAGE_RECOVERY", "--categories", "CLAIM"];
    let pass_on = || world.ksbsi.json(Caseworker, &[&words[..], &["--onward-from", &referral]].concat());
    pass_on().refused("NO_CONSENT");
    let anew = world.variant("anew.toml", &[("recipient = \"id.ksbsi\"", "recipient = \"id.sbmi\"")]);
    world.ksbsi.json(Caseworker, &["consent", "record", "--referral", &referral, "--from", &anew]).done();
    let onward = pass_on().done().id("referral_id");
    road::arrive(&sbmi, &onward);
    road::act(&sbmi, &["referral", "accept", &onward]).done();
    // Then SBMI holds the claim as MTUC's, and nothing else
    let held = road::held(&sbmi, &onward);
    assert!(held.names("600000") && held.names("my.mtuc") && !held.names("Siti Aminah"), "{}", held.told());
    // And when she takes the claim back at MTUC, it goes at both
    let withdraw = ["consent", "withdraw", "--worker", &intake.worker, "--categories", "CLAIM", "--action", "ERASE"];
    world.mtuc.json(Caseworker, &withdraw).done();
    for (union, referral) in [(&world.ksbsi, &referral), (&sbmi, &onward)] {
        wait_until(&format!("{} holds no claim", union.id()), PATIENCE, || (!share(union, referral).names("600000")).then_some(()));
    }
}

#[test]
fn whom_she_prohibited_gets_nothing_from_the_next_union_either() {
    // Given a worker who told MTUC that SBMI must learn nothing, and a consent that says otherwise
    let (world, _sbmi, _, referral) = may_be_passed_on(&[("[\"EMPLOYER\", \"RECRUITER\"]", "[\"EMPLOYER\", \"id.sbmi\"]")]);
    let case = show(&world.ksbsi, &referral).id("case_id");
    let anew = world.variant("anew.toml", &[("recipient = \"id.ksbsi\"", "recipient = \"id.sbmi\"")]);
    world.ksbsi.json(Caseworker, &["consent", "record", "--referral", &referral, "--from", &anew]).done();
    let words = ["referral", "request", "--case", &case, "--to", "id.sbmi", "--purpose", "WAGE_RECOVERY", "--categories", "CLAIM"];
    // When KSBSI, which knows her only through MTUC, passes her claim on, then it is refused
    world.ksbsi.json(Caseworker, &[&words[..], &["--onward-from", &referral]].concat()).refused("CLIENT_PROHIBITED_RECIPIENT");
    // And so it is when KSBSI refers her with what it wrote down itself
    let facts = world.ground.file("facts.toml", FACTS).display().to_string();
    for only in ["complaint", "journey", "claim"] {
        world.ksbsi.json(Caseworker, &["record", "put", &case, "--from", &facts, "--only", only]).done();
    }
    world.ksbsi.json(Caseworker, &words).refused("CLIENT_PROHIBITED_RECIPIENT");
}

/// What KSBSI writes into its own case.
const FACTS: &str = r#"
[complaint]
kind = "INDIVIDUAL"
intake_kind = "COMPLAINT"
intake_channel = "PEER_UNION"
complaints = ["W01"]
primary = "W01"
client_decision = "MEDIATION"

[journey]
country_of_origin = "ID"
country_of_destination = "MY"
migration_stage = "RETURNEE"
languages = ["id"]

[claim]
amount_minor_units = 600000
currency = "MYR"
"#;

/// A share at KSBSI that the annex and her consent let go on to SBMI, which is given too.
fn may_be_passed_on(changes: &[(&str, &str)]) -> (World, Union, Intake, String) {
    let world = World::befriended();
    let sbmi = world.sbmi_beside_ksbsi();
    let consented = "valid_days = 180\n";
    let onward =
        [("onward = \"PROHIBITED\"", "onward = \"WITH_NEW_CONSENT\""), (consented, "valid_days = 180\nonward_to = [\"id.sbmi\"]\n")];
    let file = world.variant("onward.toml", &[&onward[..], changes].concat());
    sign_agreement(&world.mtuc, &world.ksbsi, file.as_ref());
    let intake = road::intake_from(&world.mtuc, &file);
    road::consent_from(&world.mtuc, &intake, &file).done();
    let referral = road::request(&world.mtuc, &intake, sample::CATEGORIES).done().id("referral_id");
    road::arrive(&world.ksbsi, &referral);
    road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
    road::held(&world.ksbsi, &referral);
    (world, sbmi, intake, referral)
}
