//! Clocks that jump by years, run backwards and differ by days (protocol.md 5, case 12): the order of each case holds, a consent ends no later than
//! she said, and nothing leaves because a clock is wrong. That certificates count by the node's own clock is told in `tests/federation`.

use std::time::Duration;

use titian_proto::model::referral::ReferralState;
use titian_proto::model::refusal::RefusalCode;
use titian_server::mutant;
use titian_server::store::referrals::{ReferralFile, ReferralTable as _};

use crate::caseload::{Referred, as_asked};
use crate::founding;
use crate::network::Weather;
use crate::schedule;
use crate::world::{DAY, World};

/// Seeds that are played.
const SEEDS: usize = 12;
const SEEDS_LONG: usize = 400;

/// Things that happen in one of them.
const STEPS: usize = 80;

/// Hours between two of them at most: the short consents end in the middle of the story.
const HOURS_MAX: u64 = 8;

/// For how many days workers allow something.
const DAYS: [u32; 3] = [1, 4, 90];

/// By how much a clock is wrong.
const OFF_BY: [i64; 9] = [0, DAY / 24, -DAY / 24, 2 * DAY, -2 * DAY, 40 * DAY, -40 * DAY, 3 * 365 * DAY, -3 * 365 * DAY];

const KSBSI: usize = 0;
const CLC: usize = 1;

#[test]
fn clock_chaos() {
    schedule::prepare();
    for seed in 1..=as_asked(SEEDS, SEEDS_LONG) {
        let (violation, story) = play(seed);
        assert_eq!(violation, None, "seed {seed}\n{story}");
    }
}

#[test]
fn a_node_that_believes_its_clock_is_caught() {
    schedule::prepare();
    mutant::switch(Some("believe-the-clock"));
    let caught = (1..=SEEDS).find_map(|seed| play(seed).0);
    mutant::switch(None);
    assert!(caught.as_ref().is_some_and(|violation| violation.starts_with("no overshare")), "{caught:?}");
}

/// Plays a seed. The first invariant that did not hold, and the last of the story.
fn play(seed: usize) -> (Option<String>, String) {
    founding::runtime().block_on(async {
        // Given workers who allowed something for a day, for some days, for a season
        let mut world = World::new(u64::try_from(seed).unwrap());
        let mut workers = Vec::new();
        for (number, days) in DAYS.iter().cycle().take(6).enumerate() {
            let (from, to) = [(KSBSI, CLC), (CLC, KSBSI)][number % 2];
            workers.push(world.refer_for(from, to, *days).await);
        }
        // When staff work on while clocks jump and lines come and go
        for _ in 0..STEPS {
            step(&mut world, &mut workers).await;
            tokio::time::advance(Duration::from_secs(world.random.below(HOURS_MAX * 3600))).await;
            tokio::time::sleep(Duration::from_secs(world.random.between(5, 20))).await;
        }
        world.heal().await;
        world.settles().await;
        // Then nothing left that its worker no longer allowed, and what came, came in order
        let violation = world.watch.eyes().trace.violation();
        (violation, world.story())
    })
}

async fn step(world: &mut World, workers: &mut Vec<Referred>) {
    let at = usize::try_from(world.random.below(2)).unwrap();
    let referred = *world.random.pick(workers).unwrap();
    match world.random.below(12) {
        0..3 => {
            let off_by = world.random.pick(&OFF_BY).copied().unwrap();
            world.nodes[at].hands.set_off_by(off_by);
            world.watch.line(&format!("{} is off by {off_by} ms", world.nodes[at].union.node_id));
        }
        3 => run_backwards(world, at).await,
        4 => {
            let weather = if world.random.chance(500) { Weather::FAIR } else { Weather::DARK };
            world.set_weather(KSBSI, CLC, weather);
        }
        5 => {
            let days = world.random.pick(&DAYS).copied().unwrap();
            workers.push(world.refer_for(at, 1 - at, days).await);
        }
        6..8 => world.desk_of(referred.to).answer(referred.referral_id, ReferralState::Accepted).await,
        8 => world.restart(at),
        9 => world.desk_of(referred.intake.home).send(referred.referral_id).await,
        _ => world.update(referred).await,
    }
}

/// A clock that goes back an hour again and again, while staff look at it.
async fn run_backwards(world: &World, at: usize) {
    for hours in 0..24 {
        world.nodes[at].hands.set_off_by(-hours * DAY / 24);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[test]
fn a_clock_that_is_set_back_does_not_lengthen_a_consent() {
    for restarts in [false, true] {
        told(async |world| {
            // Given a worker who allowed it for a day, and a record of hers that waits for the line
            let referred = accepted(world, 1).await;
            world.set_weather(KSBSI, CLC, Weather::DARK);
            world.update(referred).await;
            tokio::time::advance(Duration::from_secs(25 * 3600)).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            // When the day is over, the clock is set back by two, and the line comes back
            world.nodes[KSBSI].hands.set_off_by(-2 * DAY);
            if restarts {
                world.restart(KSBSI);
            }
            world.set_weather(KSBSI, CLC, Weather::FAIR);
            world.settles().await;
            // Then nothing of it leaves
            assert_eq!(world.outcomes(KSBSI, CLC).purged, 1);
            assert_eq!(blocked_by(world, KSBSI, referred), Some(RefusalCode::ConsentExpired));
        });
    }
}

#[test]
fn two_days_ahead_at_the_receiver_end_a_consent_there_and_no_later() {
    told(async |world| {
        let referred = accepted(world, 1).await;
        world.nodes[CLC].hands.set_off_by(2 * DAY);
        world.update(referred).await;
        world.settles().await;
        assert_eq!((world.outcomes(KSBSI, CLC).not_applied, world.outcomes(KSBSI, CLC).purged), (1, 0));
        assert_eq!(blocked_by(world, KSBSI, referred), Some(RefusalCode::ConsentExpired));
    });
}

#[test]
fn two_days_behind_at_the_receiver_a_consent_has_not_begun_until_they_are_over() {
    told(async |world| {
        // Given a receiver whose clock is two days behind
        world.nodes[CLC].hands.set_off_by(-2 * DAY);
        world.restart(CLC);
        let referred = world.refer_for(KSBSI, CLC, 90).await;
        world.settles().await;
        // When somebody is referred to it, then by its clock her consent has not begun
        assert_eq!(blocked_by(world, KSBSI, referred), Some(RefusalCode::NoConsent));
        assert!(file(world, CLC, referred).is_none());
    });
}

#[test]
fn three_years_ahead_the_agreement_is_over_and_three_years_behind_it_has_not_begun() {
    for (off_by, code) in [(3 * 365 * DAY, RefusalCode::AgreementExpired), (-3 * 365 * DAY, RefusalCode::AgreementNotInForce)] {
        told(async |world| {
            // Given a clock that jumps while a record waits for the line
            let referred = accepted(world, 90).await;
            world.set_weather(KSBSI, CLC, Weather::DARK);
            world.update(referred).await;
            world.nodes[KSBSI].hands.set_off_by(off_by);
            world.set_weather(KSBSI, CLC, Weather::FAIR);
            tokio::time::sleep(Duration::from_secs(60)).await;
            // Then nothing of it leaves
            assert_eq!(blocked_by(world, KSBSI, referred), Some(code));
            assert_eq!(world.watch.eyes().trace.violation(), None);
            // And when the clock is right again, staff can send it
            world.nodes[KSBSI].hands.set_off_by(0);
            world.desk_of(KSBSI).send(referred.referral_id).await;
            world.settles().await;
            assert_eq!(blocked_by(world, KSBSI, referred), None);
        });
    }
}

/// Tells a story and checks that it broke nothing.
fn told(story: impl AsyncFnOnce(&mut World)) {
    schedule::prepare();
    founding::runtime().block_on(async {
        let mut world = World::new(12);
        story(&mut world).await;
        world.has_broken_nothing();
    });
}

async fn accepted(world: &mut World, days: u32) -> Referred {
    let referred = world.refer_for(KSBSI, CLC, days).await;
    world.all_is_answered().await;
    world.desk_of(CLC).answer(referred.referral_id, ReferralState::Accepted).await;
    world.all_is_answered().await;
    referred
}

fn file(world: &World, at: usize, referred: Referred) -> Option<ReferralFile> {
    world.desk_of(at).acts.store.view().referral(referred.referral_id).unwrap()
}

fn blocked_by(world: &World, at: usize, referred: Referred) -> Option<RefusalCode> {
    world.desk_of(at).acts.store.view().progress(referred.referral_id).unwrap().blocked_by.map(|refusal| refusal.code)
}
