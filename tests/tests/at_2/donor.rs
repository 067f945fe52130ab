//! 2.11: what a donor is told of it.

use titian_tests::account::Account::{Auditor, Caseworker, Supervisor};
use titian_tests::answer::{Answer, BAD_INPUT, FORBIDDEN};
use titian_tests::world::{World, objects_with};

use crate::group::Group;

/// Five leaders and three members are clients; 10,455 workers are represented; the two are never one number.
pub(crate) fn report(world: &World, group: &Group, members: &[String]) {
    // Nobody is counted who was not asked
    let (from, until) = ("2026-01-01", "2026-06-30");
    let donor = |from: &str, until: &str, further: &[&str]| {
        world.mtuc.titian(Supervisor, &[further, &["report", "donor", "--from", from, "--until", until]].concat())
    };
    let before = donor("2025-01-01", "2025-12-31", &[]).done();
    assert!(!before.names("10,455"), "it was opened later: {}", before.told());
    for worker in group.leaders.iter().chain(members) {
        world.mtuc.json(Caseworker, &["consent", "reporting", "--worker", worker, "GIVEN"]).done();
    }
    // Then clients and represented workers stand in columns of their own
    let told = donor(from, until, &[]).done();
    let line =
        |what: &str| told.stdout.lines().find(|line| line.starts_with(what)).unwrap_or_default().split_whitespace().collect::<Vec<_>>();
    assert_eq!(line("opened"), ["opened", "(I2)", "4", "5", "(+3)", "10,455"], "{}", told.told());
    assert_eq!(line("resolved"), ["resolved", "(I3)", "1", "5", "10,455"], "{}", told.told());
    assert!(told.names("MYR 12,546,000.00") && told.names("USD 3,100,840.34 at 4.046"), "{}", told.told());
    let json = donor(from, until, &["--json"]).done();
    let csv = world.mtuc.titian(Supervisor, &["report", "donor", "--from", from, "--until", until, "--csv"]).done();
    for answer in [&told, &json, &csv] {
        tells_nobody(answer);
    }
    numbers(&json);
    assert!(csv.names("I2,opened,represented,10455") && csv.names("I2,opened,clients_of_own_cases,3"), "{}", csv.told());
    // Who may make one, and of what
    let asked = ["report", "donor", "--from", from, "--until", until];
    for other in [Caseworker, Auditor] {
        world.mtuc.json(other, &asked).failed(FORBIDDEN, "ROLE_FORBIDS");
    }
    donor(until, from, &[]).failed(BAD_INPUT, "MALFORMED");
    // One client more, and the same period again would tell that there is one more
    let (late, file) = crate::group::member(world, "Bambang");
    titian_tests::road::consent_from(&world.mtuc, &late, &file).done();
    world.mtuc.json(Caseworker, &["consent", "reporting", "--worker", &late.worker, "GIVEN"]).done();
    donor(from, until, &[]).refused("SMALL_CELL");
    for (from, until) in [("2026-02-01", "2026-06-30"), ("2026-01-01", "2026-03-31"), ("2026-02-01", "2026-05-31")] {
        donor(from, until, &[]).refused("SMALL_CELL");
    }
    // And who takes back that she may be counted is not counted
    world.mtuc.json(Caseworker, &["consent", "reporting", "--worker", &late.worker, "REFUSED"]).done();
    donor(from, until, &[]).done();
}

/// No name, no case number, no office, and no sum of clients and represented workers.
fn tells_nobody(answer: &Answer) {
    for name in ["Leader of", "Slamet", "Dewi", "Pembinaan", "2026-0001", "Kuala Lumpur", "10,463", "10463", "10,460", "10460"] {
        assert!(!answer.names(name), "{name}: {}", answer.told());
    }
}

fn numbers(answer: &Answer) {
    let opened = objects_with(&answer.json(), "represented").into_iter().next().unwrap_or_default();
    let number = |name: &str| opened[name].as_str().unwrap_or("0").to_owned();
    let all = [number("cases"), number("clientsOfGroups"), number("clientsOfOwnCases"), number("represented")];
    assert_eq!(all, ["4", "5", "3", "10455"], "{}", answer.told());
}
