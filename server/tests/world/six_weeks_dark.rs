//! Six weeks without a line (protocol.md 5, case 1): nothing is lost, nothing comes twice, and what a worker took back arrives before everything else.

use std::time::Duration;

use titian_proto::log::leaf::Event;
use titian_proto::model::agreement::AgreementState;
use titian_proto::model::referral::ReferralState;
use titian_server::acts::policy;
use titian_server::store::LogTable as _;
use titian_server::store::referrals::ReferralTable as _;

use crate::caseload::{Referred, as_asked};
use crate::founding;
use crate::network::Weather;
use crate::schedule;
use crate::settled::leaves_about;
use crate::world::World;

/// The two unions between whom the line is gone; the third has its lines all the time.
const KSBSI: usize = 0;
const CLC: usize = 1;

/// How long there is no line.
const DARK: Duration = Duration::from_secs(42 * 24 * 3600);

/// Workers whose cases the two have shared before, half of them each.
const WORKERS: usize = 24;

/// Envelopes that wait at the end of it.
const ENVELOPES: usize = 1000;
const ENVELOPES_LONG: usize = 10_000;

/// How often the line that came back is cut, and how many milliseconds each stream lasts.
const CUTS: usize = 200;
const LASTS: (u64, u64) = (500, 5_000);

/// How long it may take until all has come, once the line stays: the long form's thousands of envelopes at 8 KB a second.
const PATIENCE: Duration = Duration::from_secs(12 * 3600);

#[test]
fn six_weeks_dark() {
    schedule::prepare();
    founding::runtime().block_on(async {
        // Given two unions with cases in common, and six weeks without a line in which staff go on working
        let mut world = World::new(42);
        let mut workers = Vec::new();
        for number in 0..WORKERS {
            let (from, to) = if number % 2 == 0 { (KSBSI, CLC) } else { (CLC, KSBSI) };
            workers.push(world.refer_and_accept(from, to).await);
        }
        let envelopes = as_asked(ENVELOPES, ENVELOPES_LONG);
        world.set_weather(KSBSI, CLC, Weather::DARK);
        work_for_six_weeks(&mut world, &mut workers, envelopes).await;
        let queued = world.queued(KSBSI, CLC) + world.queued(CLC, KSBSI);
        assert!(queued >= envelopes, "{queued} envelopes wait");
        let logged = [KSBSI, CLC].map(|at| world.nodes[at].disk.durable().leaf_count().unwrap());

        // When the line comes back, slow, lossy, and cut again and again
        world.set_weather(KSBSI, CLC, Weather::SATELLITE);
        let in_the_middle = cut_again_and_again(&mut world).await;
        world.settles_within(PATIENCE).await;

        // Then everything came, once, in the order of each case, and nothing of it was refused: what the unions trust each other by still holds
        world.has_broken_nothing();
        assert!(in_the_middle > CUTS / 2, "{in_the_middle} of {CUTS} cuts went through something");
        for (from, to) in [(KSBSI, CLC), (CLC, KSBSI)] {
            let outcomes = world.outcomes(from, to);
            // An answer to a referral and her withdrawal may cross on the line; the withdrawal beats it.
            assert_eq!(outcomes.applied + outcomes.purged + outcomes.withdrawn, world.put_in(from, to), "{outcomes:?}");
            assert_eq!(outcomes.not_applied, 0, "{outcomes:?}");
            assert!(outcomes.purged > 0, "what was queued for a worker who withdrew did not leave");
            // And what workers took back came before everything else
            withdrawals_came_first(&world, from, to, logged[to]);
            agreement_holds(&world, from);
        }
    });
}

/// Staff of both unions work every day: they write down what is new, refer more workers, move on with what they have accepted, and some workers take
/// back what they allowed, at either union.
async fn work_for_six_weeks(world: &mut World, workers: &mut Vec<Referred>, acts: usize) {
    let pause = DARK / u32::try_from(acts).unwrap();
    for act in 0..acts {
        let at = usize::try_from(world.random.below(workers.len() as u64)).unwrap();
        let referred = workers[at];
        match act % 25 {
            // Whoever was referred a while ago and may have something in the queue.
            20 if workers.len() > WORKERS / 2 => withdraw(world, workers.swap_remove(at), act % 4 == 0).await,
            4 | 12 => drop(world.refer(referred.intake.home, referred.to).await),
            // She comes, is referred, and thinks better of it before anything has left.
            16 => {
                let fresh = world.refer(referred.intake.home, referred.to).await;
                withdraw(world, fresh, false).await;
            }
            8 => move_on(world, referred).await,
            _ => world.update(referred).await,
        }
        tokio::time::advance(pause).await;
    }
    assert!(world.nodes.iter().all(|node| node.is_well()));
}

/// Cuts every stream soon after it was opened. How many of the cuts came before everything was over.
async fn cut_again_and_again(world: &mut World) -> usize {
    let mut in_the_middle = 0;
    for _ in 0..CUTS {
        let before = streams(world);
        while streams(world) == before {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_millis(world.random.between(LASTS.0, LASTS.1))).await;
        in_the_middle += usize::from(world.queued(KSBSI, CLC) + world.queued(CLC, KSBSI) > 0);
        world.network.cut(&world.nodes[KSBSI].union.node_id, &world.nodes[CLC].union.node_id);
    }
    in_the_middle
}

/// She takes it all back: at her own union, or at the one that was asked.
async fn withdraw(world: &World, referred: Referred, there: bool) {
    let Referred { intake, to, referral_id } = referred;
    if there {
        world.desk_of(to).withdraw_here(Some(intake.worker), referral_id).await;
    } else {
        world.desk_of(intake.home).withdraw(intake).await;
    }
}

/// The union that accepted goes on, or waits for something.
async fn move_on(world: &World, referred: Referred) {
    let desk = world.desk_of(referred.to);
    let file = desk.acts.store.view().referral(referred.referral_id).unwrap().unwrap();
    let next = if file.state == ReferralState::InProgress { ReferralState::OnHold } else { ReferralState::InProgress };
    desk.answer(referred.referral_id, next).await;
}

/// Since its log had so many leaves, a node has taken in no envelope of a peer before the last withdrawal of that peer.
fn withdrawals_came_first(world: &World, from: usize, to: usize, since: u64) {
    let leaves = leaves_about(&world.nodes[to], &world.nodes[from].union.log_origin);
    let taken = leaves.iter().map(|(_, leaf)| leaf).filter(|leaf| leaf.seq >= since && leaf.peer_leaf.is_some());
    // Receipts of erasure travel with the withdrawals.
    let beside = [Event::ReferralAcked, Event::EraseAcked];
    let events: Vec<Event> = taken.map(|leaf| leaf.event).filter(|event| !beside.contains(event)).collect();
    let withdrawals = events.iter().filter(|event| **event == Event::ConsentWithdrawn).count();
    assert!(withdrawals > 0);
    assert!(
        events[..withdrawals].iter().all(|event| *event == Event::ConsentWithdrawn),
        "{withdrawals} withdrawals, in this order: {events:?}"
    );
}

fn agreement_holds(world: &World, at: usize) {
    let acts = world.desk_of(at).acts;
    let agreements = policy::agreements(&acts.house, &acts.store.view(), acts.house.ambient.now()).unwrap();
    assert!(agreements.iter().all(|known| known.state == AgreementState::InForce));
}

fn streams(world: &World) -> usize {
    world.network.streams(&world.nodes[KSBSI].union.node_id, &world.nodes[CLC].union.node_id)
}
