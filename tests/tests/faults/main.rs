//! Nodes end at every named point between a local edit and the remote receipt, by kill -9 and by cuts of the power. Afterwards everything stands exactly
//! once at both unions, nothing that was acknowledged is missing, no share is without its referral, and no state is half moved (`protocol.md` 5, case 3).
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

mod aftermath;
mod armed;
mod points;
mod roads;
mod round;

use armed::{Armed, End};
use points::{At, Road};
use round::{Round, assert_nothing_twice, ready_to_refer};
use titian_tests::account::Account::Admin;
use titian_tests::road::{self, Intake};
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, sign_agreement};

/// Workers who are taken in before points are tried.
const WORKERS: usize = 8;

#[test]
fn crash_at_every_step() {
    // Two cores: about as many walks side by side, each with two nodes that mostly wait.
    std::thread::scope(|scope| {
        for side in [At::Sender, At::Receiver] {
            scope.spawn(move || referrals(side, End::Kill, points::tries(Road::Referral, side)));
            scope.spawn(move || {
                referrals(side, End::PowerCut, points::cuts(side));
            });
        }
        scope.spawn(|| {
            roads::papers(End::Kill);
            roads::office(End::Kill);
            roads::stick(End::Kill);
            roads::back_again(End::Kill);
        });
        if points::is_long() {
            scope.spawn(|| {
                roads::papers(End::PowerCut);
                roads::office(End::PowerCut);
                roads::stick(End::PowerCut);
                roads::back_again(End::PowerCut);
            });
        }
    });
}

/// Referrals take their road, one after another, while a node ends at point after point.
fn referrals(side: At, end: End, points: Vec<String>) {
    let (mut world, mut armed) = Armed::found(side, end, points);
    sign_agreement(&world.mtuc, &world.ksbsi, &sample::returnee_path());
    while armed.has_more() {
        armed.rest(&mut world);
        let workers: Vec<Intake> = (0..WORKERS).map(|_| ready_to_refer(&world)).collect();
        armed.prepared();
        for worker in workers {
            if armed.has_more() {
                armed.begin(&mut world);
                let mut round = Round::new(worker);
                round.play(&mut armed, &mut world);
                round.assert_exactly_once(&mut armed, &mut world);
                armed.end(&mut world);
            }
        }
    }
    armed.assert_all_tried();
    aftermath::compare(&mut world);
}

#[test]
fn either_node_may_be_killed_at_any_moment() {
    // Given referrals on their way
    let mut world = World::in_force();
    let intakes: Vec<Intake> = (0..6).map(|_| ready_to_refer(&world)).collect();
    let mut rounds: Vec<Round> = intakes.into_iter().map(Round::new).collect();
    let mut unarmed = Armed::nowhere();
    // When now the one, now the other node is killed between two steps
    for (number, round) in rounds.iter_mut().enumerate() {
        round.request(&mut unarmed, &mut world);
        if number % 2 == 0 { world.mtuc.node.restart() } else { world.ksbsi.node.restart() }
    }
    for (number, round) in rounds.iter_mut().enumerate() {
        round.accept(&mut unarmed, &mut world);
        if number % 2 == 0 { world.ksbsi.node.restart() } else { world.mtuc.node.restart() }
    }
    // Then each arrives exactly once
    for round in &mut rounds {
        round.finish(&mut unarmed, &mut world);
        round.assert_exactly_once(&mut unarmed, &mut world);
    }
    assert_nothing_twice(&world);
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
        let peers = world.mtuc.json(Admin, &["peer", "list"]);
        (peers.exit == 0 && peers.count("queued") == 0).then_some(())
    });
}
