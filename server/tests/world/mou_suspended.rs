//! An agreement is suspended while much is on its way (protocol.md 5, case 6): nothing is applied after the receiver knows it, safety still passes, and
//! when it is resumed everything comes, once.

use std::time::Duration;

use titian_proto::log::leaf::{Event, Leaf};
use titian_server::store::LogTable as _;

use crate::caseload::{Referred, as_asked};
use crate::founding;
use crate::network::Weather;
use crate::schedule;
use crate::settled::leaves_about;
use crate::union::Union;
use crate::world::World;

/// The union that sends, and the one that suspends.
const KSBSI: usize = 0;
const CLC: usize = 1;

/// Workers whose cases the two share.
const WORKERS: usize = 5;

/// Envelopes on their way.
const ENVELOPES: usize = 500;
const ENVELOPES_LONG: usize = 5_000;

/// When it is suspended: some have come by then, and most have not.
const MEANWHILE: Duration = Duration::from_secs(12);

#[test]
fn mou_suspended_mid_stream() {
    schedule::prepare();
    founding::runtime().block_on(async {
        // Given a slow line with 500 envelopes on it
        let mut world = World::new(6);
        let mut workers = Vec::new();
        for _ in 0..WORKERS {
            workers.push(world.refer_and_accept(KSBSI, CLC).await);
        }
        world.set_weather(KSBSI, CLC, Weather::SATELLITE);
        for envelope in 0..as_asked(ENVELOPES, ENVELOPES_LONG) {
            world.update(workers[envelope % WORKERS]).await;
        }
        tokio::time::sleep(MEANWHILE).await;

        // When the receiver suspends the agreement
        let before = applied(&world, 0);
        world.desk_of(CLC).agree(union(KSBSI), false).await;
        let suspended_at = world.nodes[CLC].disk.durable().leaf_count().unwrap();
        let Referred { intake, .. } = workers[0];
        world.desk_of(KSBSI).withdraw(intake).await;
        world.all_is_answered().await;

        // Then not one of them is applied after that, those in between are refused with the code for it, and a withdrawal still passes
        assert!(before > 0 && world.queued(KSBSI, CLC) == 0, "{before} came before");
        assert_eq!(applied(&world, suspended_at), 0, "none was applied after the receiver knew");
        let after: Vec<Leaf> = told(&world).into_iter().filter(|leaf| leaf.seq >= suspended_at).collect();
        let stopped = |leaf: &&Leaf| leaf.code.as_deref() == Some("AGREEMENT_SUSPENDED");
        assert!(after.iter().filter(stopped).count() > 0, "the log says why");
        assert!(after.iter().any(|leaf| leaf.event == Event::ConsentWithdrawn), "safety passes");

        // And when it is resumed, everything comes, once
        world.desk_of(CLC).agree(union(KSBSI), true).await;
        world.all_is_answered().await;
        world.settles().await;
        world.has_broken_nothing();
        assert!(applied(&world, suspended_at) > 0, "what waited has come");
    });
}

/// Shares that the receiver has applied since its log had so many leaves.
pub fn applied(world: &World, since: u64) -> usize {
    let is_share = |leaf: &Leaf| leaf.event == Event::ReferralReceived && leaf.fields.as_ref().is_some_and(|fields| !fields.is_empty());
    told(world).iter().filter(|leaf| leaf.seq >= since && is_share(leaf)).count()
}

/// The receiver's leaves of what came.
pub fn told(world: &World) -> Vec<Leaf> {
    let leaves = leaves_about(&world.nodes[CLC], &world.nodes[KSBSI].union.log_origin);
    leaves.into_iter().map(|(_, leaf)| leaf).filter(|leaf| leaf.peer_leaf.is_some() && leaf.event != Event::ReferralAcked).collect()
}

fn union(at: usize) -> Union {
    Union::all().swap_remove(at)
}
