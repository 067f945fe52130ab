//! More waits than a lane has room for: the sender waits for room, the receiver gives it as it gets on, and nothing is an error.

use titian_proto::envelope::Lane;

use crate::founding;
use crate::network::Weather;
use crate::schedule;
use crate::world::World;

const KSBSI: usize = 0;
const CLC: usize = 1;

/// Referrals that wait: more than twice what the lane has room for.
const REFERRALS: u64 = 1_100;

#[test]
fn a_full_lane_waits_for_room() {
    schedule::prepare();
    founding::runtime().block_on(async {
        // Given more referrals than the other side gives room for at once
        let room = titian_server::link::limits::allowance(Lane::Referrals).envelopes;
        assert!(REFERRALS > 2 * room);
        let mut world = World::new(5);
        let (ksbsi, clc) = (world.nodes[KSBSI].union.node_id.clone(), world.nodes[CLC].union.node_id.clone());
        world.network.set_weather(&ksbsi, &clc, Weather::DARK);
        for _ in 0..REFERRALS {
            world.refer(KSBSI, CLC).await;
        }
        // When the line comes back
        world.network.keep_one_stream();
        let streams = world.network.streams(&ksbsi, &clc);
        world.network.set_weather(&ksbsi, &clc, Weather::FAIR);
        let credits = world.watch.eyes().credits;
        world.settles().await;
        // Then all of it comes, over one stream, and room was given again and again: each lane's at the beginning, both ways, and more
        world.has_broken_nothing();
        assert_eq!(world.outcomes(KSBSI, CLC).applied, world.put_in(KSBSI, CLC));
        assert_eq!(world.network.streams(&ksbsi, &clc), streams + 1);
        let given = world.watch.eyes().credits - credits;
        assert!(given > 2 * Lane::ALL.len() + 1, "{given} times");
    });
}
