//! The sample data of `deploy/sample`: scenario AT-1.

use std::path::PathBuf;

use crate::programs;

/// Texts of the sample that name a person, reach her, or name her employer. None may stand in a log, in telemetry or in a refusal.
pub const CANARIES: [&str; 8] =
    ["Siti Aminah", "Aminah", "+9996281230001", "6281230001", "Kilang Contoh", "201901000001", "the sewing class", "Is this a good time"];

/// Categories that the sample's consent grants and its annex covers.
pub const CATEGORIES: &str = "CASE_CORE,DEMOGRAPHIC,IDENTITY,CONTACT,SAFETY,EMPLOYER,CLAIM";

/// What a union writes into the case that it keeps of a worker whom another referred.
pub const FACTS: &str = r#"
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

/// Where the sample stands.
#[must_use]
pub fn returnee_path() -> PathBuf {
    programs::project().join("deploy/sample/returnee.toml")
}

/// The same as an argument.
#[must_use]
pub fn returnee() -> String {
    returnee_path().display().to_string()
}

/// The sample's text.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn text() -> String {
    match std::fs::read_to_string(returnee_path()) {
        Ok(text) => text,
        Err(error) => panic!("{}: {error}", returnee_path().display()),
    }
}

/// What the worker of the sample allows KSBSI to send to MTUC: its consent, the other way round.
///
/// # Panics
/// When the sample has no consent.
#[must_use]
pub fn consent_back() -> String {
    let all = text();
    let Some((_, after)) = all.split_once("[consent]") else { panic!("the sample has no consent") };
    let consent = after.split("\n\n").next().unwrap_or_default();
    let lines = consent.lines().map(|line| match line.split(" = ").next() {
        Some("recipient") => "recipient = \"my.mtuc\"",
        Some("categories") => "categories = [\"CASE_CORE\", \"CLAIM\", \"DOCUMENTS\"]",
        _ => line,
    });
    format!("[consent]{}\n", lines.collect::<Vec<_>>().join("\n"))
}

/// The sample with some texts replaced, wherever they stand.
///
/// # Panics
/// When a text does not stand in it: a variant that changes nothing would test nothing.
#[must_use]
pub fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text(), |text, (from, to)| {
        assert!(text.contains(from), "the sample has no {from:?}");
        text.replace(from, to)
    })
}
