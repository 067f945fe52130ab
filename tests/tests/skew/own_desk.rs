//! What comes over the own desk: names of every form stay as they are written, and what no peer could read never becomes an envelope.

use titian_tests::account::Account::Caseworker;
use titian_tests::answer::{Answer, BAD_INPUT};
use titian_tests::road;
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

use crate::words::NAMES;

/// A note of ten megabytes.
const NOTE: usize = 10 << 20;

#[test]
fn names_of_every_form_arrive_as_they_were_written() {
    let world = World::in_force();
    for (number, name) in NAMES.iter().enumerate() {
        // Given a worker with such a name
        let file = world.variant(&format!("name-{number}.toml"), &[("full_name = \"Siti Aminah\"", &format!("full_name = \"{name}\""))]);
        let intake = road::intake_from(&world.mtuc, &file);
        road::consent_from(&world.mtuc, &intake, &file).done();
        // When she is referred and accepted
        let referral = road::request(&world.mtuc, &intake, sample::CATEGORIES).done().id("referral_id");
        road::arrive(&world.ksbsi, &referral);
        road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
        // Then KSBSI reads the very letters: nothing is composed, decomposed or split
        assert!(road::held(&world.ksbsi, &referral).names(name), "name {number} as it was written");
    }
}

#[test]
fn what_no_peer_could_read_stops_at_the_desk() {
    let world = World::in_force();
    let (intake, referral) = road::refer_and_accept(&world);
    let put = |from: &str, only: &str| {
        world.mtuc.titian(Caseworker, &["record", "put", &intake.case, "--from", from, "--only", only, "--share-under", &referral])
    };
    // A note of ten megabytes
    let note = world.ground.file("note.toml", &format!("[[narrative]]\ntext = \"{}\"\nlanguage = \"id\"\n", "kenari ".repeat(NOTE / 7)));
    refused(&put(&note.display().to_string(), "narrative"));
    // Days of other calendars: the last of a month of 32 days, a Buddhist year, a year of Bikram Sambat
    for (number, (day, told)) in [("2082-02-32", "day"), ("2541-07-10", "Gregorian"), ("2055-03-24", "Gregorian")].into_iter().enumerate() {
        let born = format!("full_name = \"Siti Aminah\"\ndate_of_birth = \"{day}\"");
        let file = world.variant(&format!("born-{number}.toml"), &[("full_name = \"Siti Aminah\"", &born)]);
        let answer = world.mtuc.titian(Caseworker, &["worker", "add", "--from", &file]);
        assert!(refused(&answer).names(told) && !answer.names(day), "{}", answer.told());
    }
    // Then the case goes on
    put(&sample::returnee(), "outcome").done();
    wait_until("KSBSI holds the outcome", PATIENCE, || road::share(&world.ksbsi, &referral).names("WAGES_PAID").then_some(()));
}

/// It was refused as bad input, and the answer repeats nothing of it.
fn refused(answer: &Answer) -> &Answer {
    assert!(answer.exit == BAD_INPUT && !answer.names("kenari"), "should be bad input, and not repeated: exit {}", answer.exit);
    answer
}
