//! The steps of one referral from MTUC to KSBSI, as staff take them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::Value;

use crate::account::Account::{Auditor, Caseworker, FocalPoint};
use crate::answer::Answer;
use crate::sample;
use crate::union::Union;
use crate::wait::{PATIENCE, wait_until};
use crate::world::{World, objects_with};

/// A worker and her case, as the union of the country of destination took them in.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Worker id.
    pub worker: String,
    /// Case id.
    pub case: String,
}

/// Takes in the worker and the case of an input file.
///
/// # Panics
/// When a step fails.
#[must_use]
pub fn intake_from(union: &Union, file: &str) -> Intake {
    let worker = union.json(Caseworker, &["worker", "add", "--from", file]).done().id("worker_id");
    let case = union.json(Caseworker, &["case", "open", "--worker", &worker, "--from", file]).done().id("case_id");
    Intake { worker, case }
}

/// Takes in the returnee of the sample.
#[must_use]
pub fn intake(union: &Union) -> Intake {
    intake_from(union, &sample::returnee())
}

/// Writes down the consent of an input file.
pub fn consent_from(union: &Union, intake: &Intake, file: &str) -> Answer {
    union.json(Caseworker, &["consent", "record", "--worker", &intake.worker, "--from", file])
}

/// Requests a referral to KSBSI for wage recovery.
pub fn request(union: &Union, intake: &Intake, categories: &str) -> Answer {
    request_to(union, intake, "id.ksbsi", categories)
}

/// Requests a referral for wage recovery to any union.
pub fn request_to(union: &Union, intake: &Intake, recipient: &str, categories: &str) -> Answer {
    let ask = ["--purpose", "WAGE_RECOVERY", "--categories", categories, "--services", "LEGAL_ADVICE", "--priority", "NORMAL"];
    let mut arguments = vec!["referral", "request", "--case", &intake.case, "--to", recipient];
    arguments.extend_from_slice(&ask);
    union.json(Caseworker, &arguments)
}

/// Takes the returnee in at MTUC, with her consent, and refers her; gives the intake and the referral's id.
///
/// # Panics
/// When a step fails.
#[must_use]
pub fn refer(world: &World) -> (Intake, String) {
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    let referral = request(&world.mtuc, &intake, sample::CATEGORIES).done().id("referral_id");
    (intake, referral)
}

/// As [`refer`], and KSBSI accepts; returns when the share is held there.
///
/// # Panics
/// When a step fails.
#[must_use]
pub fn refer_and_accept(world: &World) -> (Intake, String) {
    let (intake, referral) = refer(world);
    arrive(&world.ksbsi, &referral);
    act(&world.ksbsi, &["referral", "accept", &referral]).done();
    held(&world.ksbsi, &referral);
    (intake, referral)
}

/// An act of the union's focal point, who answers referrals.
pub fn act(union: &Union, arguments: &[&str]) -> Answer {
    union.json(FocalPoint, arguments)
}

/// How a referral stands at a union.
pub fn show(union: &Union, referral: &str) -> Answer {
    union.json(FocalPoint, &["referral", "show", referral])
}

/// Waits until the referral has come to a union, and looks at it, which makes it received.
///
/// # Panics
/// When it does not come.
pub fn arrive(union: &Union, referral: &str) -> Answer {
    wait_until(&format!("the referral has come to {}", union.id()), PATIENCE, || {
        let shown = show(union, referral);
        (shown.exit == 0).then_some(shown)
    })
}

/// Waits until the referral has this state at a union.
///
/// # Panics
/// When it does not get it.
pub fn state(union: &Union, referral: &str, state: &str) -> Answer {
    wait_until(&format!("the referral is {state} at {}", union.id()), PATIENCE, || {
        let shown = show(union, referral);
        (shown.exit == 0 && shown.has_code("state", state)).then_some(shown)
    })
}

/// Waits until a union holds the share of a referral, and gives it.
///
/// # Panics
/// When it does not come.
pub fn held(union: &Union, referral: &str) -> Answer {
    wait_until(&format!("{} holds the share", union.id()), PATIENCE, || {
        let shown = show(union, referral);
        (shown.exit == 0 && shown.count("records_held") > 0).then_some(())
    });
    share(union, referral).done()
}

/// What a union holds of the other's case under a referral.
pub fn share(union: &Union, referral: &str) -> Answer {
    union.json(Caseworker, &["referral", "share", referral])
}

/// The leaves of a union's log, oldest first, as JSON: canonical JSON carries their exact bytes in base64.
///
/// # Panics
/// When the log cannot be listed, or a leaf is not JSON.
#[must_use]
pub fn leaves(union: &Union) -> Vec<Value> {
    let listing = union.json(Auditor, &["log", "list"]).done();
    let entries = objects_with(&listing.json(), "leaf");
    entries.iter().filter_map(|entry| entry["leaf"].as_str()).map(leaf).collect()
}

fn leaf(armoured: &str) -> Value {
    let bytes = BASE64.decode(armoured).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("a leaf is not JSON: {error}"))
}

/// How many leaves of this event a union's log holds.
#[must_use]
pub fn events(union: &Union, event: &str) -> usize {
    leaves(union).iter().filter(|leaf| leaf.get("event").and_then(|value| value.as_str()) == Some(event)).count()
}
