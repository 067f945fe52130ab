//! Reports for donors: what is small is left out, and whoever did not say that she may be counted is not counted.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use serde_json::Value;
use titian_tests::account::Account::{Caseworker, Supervisor};
use titian_tests::answer::Answer;
use titian_tests::sample;
use titian_tests::transcript::Transcript;
use titian_tests::world::{World, objects_with};

/// What the 57 workers of Amman asked for, and what they complained of: the field's own figures, decoded from its percentages (`domain.md` 6.3).
const ASSISTANCE: [(&str, usize); 4] = [("RETURN_TRAVEL", 27), ("LEGAL", 17), ("WAGES", 11), ("FINANCIAL", 2)];
const COMPLAINTS: [(&str, usize); 4] = [("V01", 28), ("D02", 14), ("D05", 9), ("R06", 6)];
const WOMEN: usize = 44;

#[test]
fn the_57_workers_of_amman_are_reported_and_the_two_among_them_are_not() {
    // Given 57 workers who may be counted, one who may not, and one whom nobody asked
    let world = World::strangers();
    for number in 0..57 {
        let client = client(&world, number, at(&ASSISTANCE, number), at(&COMPLAINTS, 56 - number));
        said(&world, &client, "GIVEN");
    }
    let refused = client(&world, 57, "FINANCIAL", "R06");
    said(&world, &refused, "REFUSED");
    client(&world, 58, "FINANCIAL", "R06");
    // When a supervisor makes a report
    let report = ["report", "donor", "--from", "2026-01-01", "--until", "2026-06-30"];
    let told = world.mtuc.titian(Supervisor, &report).done();
    let json = world.mtuc.json(Supervisor, &report).done();
    // Then the 2 is withheld, and the 11 with it: 57 less 27 and 17 would leave 13, which is no number of theirs
    let row = |indicator: &str, name: &str| number(&json, indicator, name);
    let asked = ASSISTANCE.map(|(name, _)| row("I5", name));
    assert_eq!(asked, [Some(27), Some(17), None, None], "{}", told.told());
    // Violence and childbirth are one number, and neither is said by code or by sex
    assert_eq!((row("I4", "T4"), row("I4", "D02"), row("I4", "R06")), (Some(37), Some(14), Some(6)), "{}", told.told());
    assert!(!told.names("V01") && !told.names("D05"), "{}", told.told());
    assert_eq!(objects_with(&json.json(), "clientsOfOwnCases")[0]["clientsOfOwnCases"], "57", "{}", told.told());
    assert!(!told.names("%"), "percentages decode: {}", told.told());
    let mut transcript = Transcript::default();
    transcript.add("my.mtuc, supervisor", &told);
    transcript.add("my.mtuc, supervisor", &world.mtuc.titian(Supervisor, &[&report[..], &["--csv"]].concat()).done());
    transcript.compare("donor.txt");
}

#[test]
fn one_case_more_is_not_told_by_a_second_report() {
    // Given a report of five cases
    let world = World::strangers();
    let add = |number: usize| said(&world, &client(&world, number, "WAGES", "W01"), "GIVEN");
    (0..5).for_each(add);
    let report = |until: &str| world.mtuc.json(Supervisor, &["report", "donor", "--from", "2026-01-01", "--until", until]);
    assert_eq!(number(&report("2026-03-31").done(), "I4", "W01"), Some(5));
    // When a sixth worker comes, then no report tells that there is one more, of this period or a longer one
    add(5);
    for until in ["2026-03-31", "2026-04-30", "2026-12-31"] {
        report(until).refused("SMALL_CELL");
    }
    // Nor does another node's life change it: the store remembers what was given out
    let reports = world.mtuc.table("report/");
    assert_eq!(reports.len(), 1, "one report was given out");
    // And when four more have come it does
    (6..10).for_each(add);
    assert_eq!(number(&report("2026-03-31").done(), "I4", "W01"), Some(10));
}

/// A row of a table: nothing where it is withheld.
fn number(answer: &Answer, indicator: &str, name: &str) -> Option<u64> {
    let tables = objects_with(&answer.json(), "title");
    let rows = tables.iter().filter(|table| table["indicator"] == indicator).filter_map(|table| table["rows"].as_array()).flatten();
    let row: &Value =
        rows.clone().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{indicator} has no {name}: {}", answer.told()));
    let withheld = row["count"]["withheld"].as_bool().unwrap_or(false);
    (!withheld).then(|| row["count"]["count"].as_str().and_then(|count| count.parse().ok()).unwrap_or(0))
}

fn at(parts: &[(&'static str, usize)], number: usize) -> &'static str {
    let mut before = 0;
    for (name, count) in parts {
        before += count;
        if number < before {
            return name;
        }
    }
    panic!("the parts are not the whole")
}

/// A worker with a case of her own; gives her id.
fn client(world: &World, number: usize, assistance: &str, complaint: &str) -> String {
    let sex = if number < WOMEN { "FEMALE" } else { "MALE" };
    let changes = [
        ("Siti Aminah", format!("Client {number}")),
        ("sex = \"FEMALE\"", format!("sex = \"{sex}\"")),
        ("complaints = [\"W01\", \"W06\", \"D01\"]", format!("complaints = [\"{complaint}\"]")),
        ("primary = \"W01\"", format!("primary = \"{complaint}\"")),
        ("assistance_requested = [\"WAGES\"]", format!("assistance_requested = [\"{assistance}\"]")),
    ];
    let changes = changes.each_ref().map(|(from, to)| (*from, to.as_str()));
    let file = world.ground.file(&format!("client-{number}.toml"), &sample::changed(&changes)).display().to_string();
    titian_tests::road::intake_from(&world.mtuc, &file).worker
}

fn said(world: &World, worker: &str, said: &str) {
    world.mtuc.json(Caseworker, &["consent", "reporting", "--worker", worker, said]).done();
}
