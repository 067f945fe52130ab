//! 2.10: RM 1,200 for each of 10,455 workers, and five leaders who confirm that it was paid.

use titian_tests::account::Account::Caseworker;
use titian_tests::account::Account::FocalPoint;
use titian_tests::answer::{Answer, BAD_INPUT, FORBIDDEN};
use titian_tests::road::{self, share};
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

use crate::group::Group;

/// The outcome of a case, as it was paid: so many workers, in all, and the same in dollars.
fn outcome(workers: u64, total: u64, dollars: u64) -> String {
    format!(
        r#"
[outcome]
outcome_type = "WAGES_PAID"
amount_minor_units = {total}
currency = "MYR"
per_worker_minor_units = 120000
workers_paid = {workers}
paid_on = "2026-03-01"

[outcome.conversion]
amount_minor_units = {dollars}
currency = "USD"
rate = "4.046"
rate_date = "2026-03-01"
source = "Bank Negara Malaysia"
"#
    )
}

/// Settles the whole group and the part of Indonesia, whose union follows it under its referral.
pub(crate) fn settle(world: &World, group: &Group, indonesia: &str) {
    let put = |case: &str, text: &str, further: &[&str]| {
        let file = world.ground.file("outcome.toml", text).display().to_string();
        world.mtuc.json(Caseworker, &[&["record", "put", case, "--from", &file], further].concat())
    };
    // A total that is not what each got times how many got it is no total; nor does 4.13 ringgit for a dollar give these dollars
    let short = put(&group.case, &outcome(10_454, 1_254_600_000, 310_084_034), &[]).failed(BAD_INPUT, "MALFORMED");
    assert!(short.names("outcome.amount_total"), "{}", short.told());
    let other_rate = outcome(10_455, 1_254_600_000, 310_084_034).replace("4.046", "4.13");
    let wrong = put(&group.case, &other_rate, &[]).failed(BAD_INPUT, "MALFORMED");
    assert!(wrong.names("outcome.conversion.amount"), "{}", wrong.told());
    // 12,546,000.00 is 10,455 times 1,200.00, and at 4.046 it is US$3,100,840: in cents, or in whole dollars
    put(&group.case, &outcome(10_455, 1_254_600_000, 310_084_034), &[]).done();
    // That leaders confirmed is not written by hand
    let by_hand = outcome(2_900, 348_000_000, 86_010_875).replace("paid_on", "confirmed_by = [\"NETWORK_LEADER\"]\npaid_on");
    put(group.part("ID"), &by_hand, &[]).failed(BAD_INPUT, "MALFORMED");
    put(group.part("ID"), &outcome(2_900, 348_000_000, 86_010_875), &["--share-under", indonesia]).done();
    let held = wait_until("KSBSI holds what was paid", PATIENCE, || {
        let held = share(&world.ksbsi, indonesia);
        held.names("WAGES_PAID").then_some(held)
    });
    assert!(held.names("348000000") && held.names("4.046") && held.names("86010875"), "{}", held.told());
    assert!(!held.names("CONFIRMATION_NETWORK_LEADER"), "nobody has confirmed it yet: {}", held.told());
    let unchanged = put(&group.case, &outcome(10_455, 1_254_600_000, 310_084_000), &[]).done();
    world.mtuc.json(Caseworker, &["record", "remove", &group.case, &unchanged.id("record_id")]).done();
    five_confirm(world, group, indonesia);
}

/// An outcome counts as confirmed when the last of the five leaders has confirmed it.
fn five_confirm(world: &World, group: &Group, indonesia: &str) {
    let confirm = |case: &str, leader: &str| world.mtuc.json(Caseworker, &["case", "confirm", case, "--leader", leader]);
    let said = |answer: &Answer| (answer.count("confirmed"), answer.count("leaders"), answer.names("CONFIRMATION_NETWORK_LEADER"));
    let other = world.mtuc.json(FocalPoint, &["case", "confirm", &group.case, "--leader", &group.leaders[0]]);
    other.failed(FORBIDDEN, "ROLE_FORBIDS");
    // A worker who leads nobody confirms nothing
    let (stranger, _) = crate::group::member(world, "Wahyu");
    confirm(&group.case, &stranger.worker).failed(BAD_INPUT, "MALFORMED");
    for case in [group.case.as_str(), group.part("ID")] {
        for (number, leader) in group.leaders.iter().take(4).enumerate() {
            assert_eq!(said(&confirm(case, leader).done()), (number as u64 + 1, 5, false));
        }
        // The same leader once more is the same leader
        assert_eq!(said(&confirm(case, &group.leaders[0]).done()), (4, 5, false));
    }
    assert!(!share(&world.ksbsi, indonesia).names("CONFIRMATION_NETWORK_LEADER"), "four of five are not five");
    for case in [group.case.as_str(), group.part("ID")] {
        let last = confirm(case, &group.leaders[4]).done();
        assert_eq!((said(&last), last.count("leaders_confirmed")), ((5, 5, true), 5), "{}", last.told());
    }
    // KSBSI learns that five confirmed, and not who
    let held = wait_until("KSBSI holds that it is confirmed", PATIENCE, || {
        let held = share(&world.ksbsi, indonesia);
        held.names("CONFIRMATION_NETWORK_LEADER").then_some(held)
    });
    assert_eq!(held.count("leaders_confirmed"), 5, "{}", held.told());
    assert!(!held.names("Leader of"), "{}", held.told());
    assert!(road::events(&world.mtuc, "referral.sent") > 0 && road::events(&world.ksbsi, "referral.received") > 0);
    // What is changed afterwards is not confirmed any more
    let record = world.mtuc.json(Caseworker, &["case", "show", group.part("ID")]).done();
    assert!(record.names("CONFIRMATION_NETWORK_LEADER"), "{}", record.told());
}
