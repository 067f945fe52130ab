//! Either node ends, as at a power cut, at every named point of a referral's road. After its restart the referral stands exactly once at both nodes,
//! and nothing that was acknowledged is missing.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::collections::BTreeSet;
use std::time::Duration;

use titian_tests::account::Account::{Auditor, Caseworker, FocalPoint};
use titian_tests::answer::Answer;
use titian_tests::programs::project;
use titian_tests::road::{self, Intake, consent_from, intake, leaves, share, show};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, objects_with};

/// At which node a point lies on the road of this story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Sender,
    Receiver,
    Both,
}

/// Every point of the road (`crash::point` in the server), where it lies, and at which passings it is tried: the first is an early step of the road,
/// a later one the share or an answer.
const POINTS: [(&str, At, &[u32]); 28] = [
    ("request.before-write", At::Sender, &[1]),
    ("request.after-write", At::Sender, &[1]),
    ("group.before-apply", At::Both, &[1, 4]),
    ("group.after-apply", At::Both, &[1, 4]),
    ("group.before-sync", At::Both, &[1, 4]),
    ("group.after-sync", At::Both, &[1, 4]),
    ("session.before-hello", At::Both, &[1]),
    ("session.after-hello", At::Both, &[1]),
    ("courier.before-dispatch", At::Both, &[1, 2]),
    ("courier.before-send", At::Both, &[1, 2]),
    ("courier.after-send", At::Both, &[1, 2]),
    ("passage.before-verify", At::Both, &[1, 2]),
    ("passage.after-verify", At::Both, &[1, 2]),
    ("arrivals.before-write", At::Both, &[1, 2]),
    ("arrivals.after-write", At::Both, &[1, 2]),
    ("inbox.before-acknowledge", At::Both, &[1, 2]),
    ("inbox.after-acknowledge", At::Both, &[1, 2]),
    ("speaker.before-receipts", At::Both, &[1, 2]),
    ("inbox.before-settle", At::Both, &[1, 2]),
    ("settlement.before-write", At::Both, &[1]),
    ("settlement.after-write", At::Both, &[1]),
    ("inbox.after-settle", At::Both, &[1]),
    ("answer.before-write", At::Receiver, &[1, 2]),
    ("answer.after-write", At::Receiver, &[1, 2]),
    ("put.before-write", At::Sender, &[1]),
    ("put.after-write", At::Sender, &[1]),
    ("withdraw.before-write", At::Sender, &[1]),
    ("withdraw.after-write", At::Sender, &[1]),
];

/// A round with a restart, a back-off and two unoptimised nodes.
const ROUND: Duration = Duration::from_secs(90);

#[test]
fn the_sender_may_end_at_any_point() {
    every_point(At::Sender);
}

#[test]
fn the_receiver_may_end_at_any_point() {
    every_point(At::Receiver);
}

#[test]
fn either_node_may_be_killed_at_any_moment() {
    // Given referrals on their way
    let mut world = World::in_force();
    let intakes: Vec<Intake> = (0..6).map(|_| ready_to_refer(&world)).collect();
    let mut rounds: Vec<Round> = intakes.into_iter().map(Round::new).collect();
    // When now the one, now the other node is killed between two steps
    for (number, round) in rounds.iter_mut().enumerate() {
        round.request(&mut world);
        if number % 2 == 0 { world.mtuc.node.restart() } else { world.ksbsi.node.restart() }
    }
    for (number, round) in rounds.iter_mut().enumerate() {
        round.accept(&mut world);
        if number % 2 == 0 { world.ksbsi.node.restart() } else { world.mtuc.node.restart() }
    }
    // Then each arrives exactly once
    for round in &mut rounds {
        round.finish(&mut world);
        round.assert_exactly_once(&world);
    }
}

#[test]
fn the_list_of_points_is_that_of_the_server() {
    let mut in_server = BTreeSet::new();
    points_under(&project().join("server/src"), &mut in_server);
    // No document is on this road: tests/documents.rs tries theirs.
    in_server.retain(|name| !name.starts_with("documents."));
    let here: BTreeSet<String> = POINTS.iter().map(|(name, _, _)| (*name).to_owned()).collect();
    assert_eq!(here, in_server, "this story tries every point, and every point exists");
    assert!(here.len() >= 25);
}

fn every_point(side: At) {
    let mut world = World::in_force();
    let mut never = Vec::new();
    for (name, at, passings) in POINTS.iter().filter(|(_, at, _)| *at == side || *at == At::Both) {
        for passing in *passings {
            let mut round = Round::new(ready_to_refer(&world));
            armed(&mut world, side).node.start_armed(&format!("{name}:{passing}"));
            round.play(&mut world, name.starts_with("withdraw"));
            // A point passed for the first time late in the round: the node may still be on its way down.
            if !round.ended_itself {
                never.push(format!("{name}:{passing} ({at:?})"));
            }
            round.assert_exactly_once(&world);
        }
    }
    assert!(never.is_empty(), "the node did not pass these points, armed as the {side:?}: {never:?}");
}

fn armed(world: &mut World, side: At) -> &mut Union {
    match side {
        At::Sender | At::Both => &mut world.mtuc,
        At::Receiver => &mut world.ksbsi,
    }
}

/// A worker with a case and a consent, and everybody signed in, so that the road's own steps come first after a restart.
fn ready_to_refer(world: &World) -> Intake {
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    for union in [&world.mtuc, &world.ksbsi] {
        for account in [Caseworker, FocalPoint, Auditor] {
            union.admit(account);
        }
    }
    intake
}

/// One referral on its road. Every step looks first whether it is done already: a step that was not acknowledged may have happened or not.
struct Round {
    intake: Intake,
    referral: Option<String>,
    /// The request was acknowledged: from then on the referral must be there.
    requested: bool,
    put: bool,
    ended_itself: bool,
}

impl Round {
    fn new(intake: Intake) -> Self {
        Self { intake, referral: None, requested: false, put: false, ended_itself: false }
    }

    fn play(&mut self, world: &mut World, withdraw: bool) {
        self.request(world);
        self.accept(world);
        self.finish(world);
        if withdraw {
            self.withdraw(world);
        }
        self.ended_itself |= revive(world);
    }

    fn request(&mut self, world: &mut World) {
        self.until(world, "the referral is requested", |round, world| {
            let listing = world.mtuc.json(Caseworker, &["referral", "list", "--case", &round.intake.case]);
            if listing.exit != 0 {
                return None;
            }
            let found = objects_with(&listing.json(), "agreement_id").len();
            assert!(found <= 1, "requested once, found {found} times");
            assert!(found == 1 || !round.requested, "an acknowledged referral is missing");
            if found == 0 {
                let answer = road::request(&world.mtuc, &round.intake, sample::CATEGORIES);
                round.requested |= answer.exit == 0;
                return None;
            }
            round.referral = Some(listing.id("referral_id"));
            Some(())
        });
    }

    fn accept(&mut self, world: &mut World) {
        self.until(world, "the referral is accepted", |round, world| {
            let referral = round.referral.clone()?;
            let shown = show(&world.ksbsi, &referral);
            if shown.exit != 0 || is_state(&shown, &["ACCEPTED", "IN_PROGRESS", "COMPLETED"]) {
                return (shown.exit == 0).then_some(());
            }
            world.ksbsi.json(FocalPoint, &["referral", "accept", &referral]);
            None
        });
    }

    fn finish(&mut self, world: &mut World) {
        self.until(world, "the share is held", |round, world| same_counts(world, round.referral.as_deref()?));
        self.until(world, "the outcome is recorded", |round, world| {
            let records = world.mtuc.json(Caseworker, &["record", "list", &round.intake.case]);
            let outcomes = if records.exit == 0 { records.stdout.matches("\"outcome\":{").count() } else { return None };
            assert!(outcomes <= 1, "put once, found {outcomes} times");
            assert!(outcomes == 1 || !round.put, "an acknowledged record is missing");
            if outcomes == 0 {
                let referral = round.referral.clone()?;
                let put =
                    ["record", "put", &round.intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
                round.put |= world.mtuc.json(Caseworker, &put).exit == 0;
                return None;
            }
            Some(())
        });
        self.until(world, "the outcome is held at the other union", |round, world| {
            share(&world.ksbsi, round.referral.as_deref()?).names("WAGES_PAID").then_some(())
        });
        for (verb, state) in [("start", &["IN_PROGRESS", "COMPLETED"][..]), ("complete", &["COMPLETED"])] {
            self.until(world, state[0], |round, world| {
                let referral = round.referral.clone()?;
                let shown = show(&world.ksbsi, &referral);
                if shown.exit != 0 || is_state(&shown, state) {
                    return (shown.exit == 0).then_some(());
                }
                let outcome: &[&str] = if verb == "complete" { &["--outcome", "SERVICE_GIVEN"] } else { &[] };
                world.ksbsi.json(FocalPoint, &[&["referral", verb, &referral], outcome].concat());
                None
            });
        }
        self.until(world, "both see it completed", |round, world| {
            is_state(&show(&world.mtuc, round.referral.as_deref()?), &["COMPLETED"]).then_some(())
        });
        self.until(world, "both hold the same", |round, world| same_counts(world, round.referral.as_deref()?));
    }

    fn withdraw(&mut self, world: &mut World) {
        self.until(world, "the withdrawal is known to both", |round, world| {
            let referral = round.referral.clone()?;
            if !is_state(&show(&world.mtuc, &referral), &["CONSENT_WITHDRAWN"]) {
                world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &round.intake.worker, "--action", "ERASE"]);
                return None;
            }
            is_state(&show(&world.ksbsi, &referral), &["CONSENT_WITHDRAWN"]).then_some(())
        });
    }

    /// Repeats a step until it is done, and brings back a node that ended itself.
    fn until(&mut self, world: &mut World, what: &str, mut step: impl FnMut(&mut Self, &World) -> Option<()>) {
        wait_until(what, ROUND, || {
            self.ended_itself |= revive(world);
            step(self, world)
        });
    }

    /// At each node one referral, one outcome, and no transfer applied twice.
    fn assert_exactly_once(&self, world: &World) {
        let referral = self.referral.as_deref().expect("requested");
        let listing = road::act(&world.ksbsi, &["referral", "list"]).done();
        let same = objects_with(&listing.json(), "agreement_id")
            .into_iter()
            .filter(|one| one.to_string().contains(&in_base64(&listing, referral)));
        assert_eq!(same.count(), 1, "once at the receiver");
        let shared = share(&world.ksbsi, referral);
        assert!(shared.stdout.matches("\"outcome\":{").count() <= 1, "one outcome, or none once frozen");
        for union in [&world.mtuc, &world.ksbsi] {
            let received = leaves(union).into_iter().filter(|leaf| leaf["event"] == "referral.received");
            let transfers: Vec<String> = received.map(|leaf| leaf["xfer"].to_string()).collect();
            let distinct: BTreeSet<&String> = transfers.iter().collect();
            assert_eq!(distinct.len(), transfers.len(), "{} applied a transfer twice", union.id());
        }
    }
}

/// Starts whichever node has ended itself, without the point.
fn revive(world: &mut World) -> bool {
    let mut ended = false;
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        if union.node.died() {
            union.node.start();
            ended = true;
        }
    }
    ended
}

fn same_counts(world: &World, referral: &str) -> Option<()> {
    let (here, there) = (show(&world.mtuc, referral), show(&world.ksbsi, referral));
    let both = here.exit == 0 && there.exit == 0;
    (both && there.count("records_held") > 0 && there.count("records_held") == here.count("records_shared")).then_some(())
}

fn is_state(shown: &Answer, states: &[&str]) -> bool {
    shown.exit == 0 && states.iter().any(|state| shown.has_code("state", state))
}

/// The id as the listing writes it, if it holds it.
fn in_base64(listing: &Answer, referral: &str) -> String {
    let entries = objects_with(&listing.json(), "agreement_id");
    let id_of = |entry: &serde_json::Value| Answer { stdout: entry.to_string(), ..listing.clone() }.id("referral_id");
    let text_of = |entry: &serde_json::Value| entry["referralId"].as_str().unwrap_or_default().to_owned();
    entries.iter().find(|entry| id_of(entry) == referral).map(text_of).unwrap_or_else(|| panic!("{referral} is not at the receiver"))
}

fn points_under(folder: &std::path::Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            points_under(&path, found);
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        found.extend(text.split("crash::point(\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
}

#[test]
fn a_node_that_was_away_catches_up() {
    // Given KSBSI's node is down while MTUC refers three workers
    let mut world = World::in_force();
    world.ksbsi.node.kill9();
    let referrals: Vec<String> = (0..3).map(|_| road::refer(&world).1).collect();
    // When it comes back, then all three are there
    world.ksbsi.node.start();
    for referral in referrals {
        road::arrive(&world.ksbsi, &referral);
    }
    wait_until("nothing waits at MTUC", PATIENCE, || {
        let peers = world.mtuc.json(titian_tests::account::Account::Admin, &["peer", "list"]);
        (peers.exit == 0 && peers.count("queued") == 0).then_some(())
    });
}
