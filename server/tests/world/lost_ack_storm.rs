//! Every second acknowledgement is lost, and frames come twice and in another order (protocol.md 5, case 2): everything is applied once, whoever asks
//! again gets the same receipt, and nobody calls it an error.

use std::time::Duration;

use titian_proto::model::vocabulary::Category;

use crate::caseload::{Referred, as_asked};
use crate::founding;
use crate::network::Weather;
use crate::schedule;
use crate::world::World;

/// The two unions between whom it storms.
const CLC: usize = 1;
const MTUC: usize = 2;

/// Workers whose cases the two share, half of them each.
const WORKERS: usize = 16;

/// Envelopes that go through the storm.
const ENVELOPES: usize = 2_000;
const ENVELOPES_LONG: usize = 100_000;

/// Acts that staff do at once, and how many seconds they pause after that at most.
const AT_ONCE: usize = 40;
const PAUSE_MAX: u64 = 3;

/// How long it may take until everybody has every receipt, while the storm goes on: half of what is asked for again is lost again.
const PATIENCE: Duration = Duration::from_secs(6 * 3600);

#[test]
fn lost_ack_storm() {
    schedule::prepare();
    founding::runtime().block_on(async {
        // Given two unions that share cases over a stream, on which acknowledgements begin to vanish and everything else to come twice
        let mut world = World::new(2);
        let mut workers = Vec::new();
        for number in 0..WORKERS {
            let (from, to) = if number % 2 == 0 { (CLC, MTUC) } else { (MTUC, CLC) };
            workers.push(world.refer_and_accept(from, to).await);
        }
        world.network.keep_one_stream();
        let (clc, mtuc) = (world.nodes[CLC].union.node_id.clone(), world.nodes[MTUC].union.node_id.clone());
        let (before, streams) = ([world.put_in(CLC, MTUC), world.put_in(MTUC, CLC)], world.network.streams(&clc, &mtuc));
        world.network.set_weather(&clc, &mtuc, Weather::LOST_ACKNOWLEDGEMENTS);

        // When staff write down as much as they can
        let envelopes = as_asked(ENVELOPES, ENVELOPES_LONG);
        write_down(&mut world, &workers, envelopes).await;
        world.settles_within(PATIENCE).await;

        // Then what was sent was applied, each once, and what was asked for again was the same again
        world.has_broken_nothing();
        for (direction, (from, to)) in [(CLC, MTUC), (MTUC, CLC)].into_iter().enumerate() {
            let (outcomes, sent) = (world.outcomes(from, to), world.put_in(from, to));
            assert!(sent - before[direction] >= envelopes / 3, "{sent} envelopes");
            assert_eq!((outcomes.applied, outcomes.not_applied, outcomes.purged), (sent, 0, 0));
        }
        let repeated = world.watch.eyes().repeated;
        assert!(repeated.envelopes > 0 && repeated.receipts > 0, "{repeated:?}");
        // And the stream is still the same: nothing of it was an error
        assert_eq!(world.network.streams(&clc, &mtuc), streams);
    });
}

/// Records of all workers change, many at once.
async fn write_down(world: &mut World, workers: &[Referred], acts: usize) {
    for act in 0..acts {
        let referred = *world.random.pick(workers).unwrap();
        let desk = world.desk_of(referred.intake.home);
        tokio::spawn(desk.put(referred.intake, Category::Employer, None));
        if act % AT_ONCE == 0 {
            tokio::time::sleep(Duration::from_secs(world.random.below(PAUSE_MAX + 1))).await;
        }
    }
}
