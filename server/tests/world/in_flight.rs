//! A withdrawal and a share, or the offer before it, cross on the line. Whatever comes first, it ends destroyed at the recipient, with its word.

use std::time::Duration;

use titian_proto::model::referral::ReferralState;
use titian_server::store::referrals::ReferralTable as _;

use crate::caseload::as_asked;
use crate::founding;
use crate::network::Weather;
use crate::schedule;
use crate::union::ANNEXED;
use crate::world::World;

/// The union that sends, and the recipient.
const KSBSI: usize = 0;
const CLC: usize = 1;

/// Moments at which she withdraws, after something was put on its way: from before it left to after its receipt has come.
const MOMENTS: usize = 24;
const MOMENTS_LONG: usize = 600;

/// How long the longest is, in milliseconds: some times there and back.
const LONGEST: u64 = 2_400;

#[test]
fn a_withdrawal_and_what_it_crosses_end_destroyed_at_the_recipient_with_a_receipt() {
    schedule::prepare();
    founding::runtime().block_on(async {
        let moments = as_asked(MOMENTS, MOMENTS_LONG);
        for moment in 0..moments {
            let after = Duration::from_millis(LONGEST * u64::try_from(moment).unwrap() / u64::try_from(moments).unwrap());
            for at_recipient in [false, true] {
                crosses_offer(moment, after).await;
                crosses_share(moment, after, at_recipient).await;
            }
        }
    });
}

/// The offer is on its way.
async fn crosses_offer(seed: usize, after: Duration) {
    let mut world = slow_world(seed);
    // She was referred before and has said more since, so that the two unions do not count her words alike
    let earlier = world.refer(KSBSI, CLC).await;
    world.all_is_answered().await;
    let (desk, to) = (world.desk_of(KSBSI), world.nodes[CLC].union.node_id.clone());
    for _ in 0..3 {
        desk.clone().consent(earlier.intake, to.clone(), ANNEXED.to_vec(), 90).await;
    }
    desk.clone().request(earlier.intake, to, ANNEXED.to_vec()).await;
    let files = desk.acts.store.view().referrals(None, usize::MAX).unwrap();
    let second = files.iter().find(|file| file.case_id == Some(earlier.intake.case_id) && file.referral_id != earlier.referral_id);
    let second = second.expect("it is written down").referral_id;
    tokio::time::sleep(after).await;
    desk.withdraw(earlier.intake).await;
    ends_destroyed(&mut world, second).await;
}

/// A part of the share is on its way.
async fn crosses_share(seed: usize, after: Duration, at_recipient: bool) {
    let mut world = slow_world(seed);
    let referred = world.refer_and_accept(KSBSI, CLC).await;
    world.update(referred).await;
    tokio::time::sleep(after).await;
    if at_recipient {
        world.desk_of(CLC).withdraw_here(Some(referred.intake.worker), referred.referral_id).await;
    } else {
        world.desk_of(KSBSI).withdraw(referred.intake).await;
    }
    ends_destroyed(&mut world, referred.referral_id).await;
}

fn slow_world(seed: usize) -> World {
    let world = World::new(u64::try_from(seed).unwrap() + 900);
    world.set_weather(KSBSI, CLC, Weather::SATELLITE);
    world
}

async fn ends_destroyed(world: &mut World, referral_id: titian_proto::model::id::ReferralId) {
    world.settles().await;
    world.has_broken_nothing();
    let sender = world.nodes[KSBSI].disk.durable().referral(referral_id).unwrap().unwrap();
    assert_eq!(sender.state, ReferralState::ConsentWithdrawn);
    let recipient = world.nodes[CLC].disk.durable();
    assert!(recipient.held_after(referral_id, None, 1).unwrap().is_empty());
    let file = recipient.referral(referral_id).unwrap();
    assert!(file.is_none_or(|file| file.state == ReferralState::ConsentWithdrawn));
    let erasure = titian_server::store::erasures::ErasureTable::erasure(&world.nodes[KSBSI].disk.durable(), referral_id).unwrap().unwrap();
    assert!(erasure.receipts > 0, "the recipient has said so");
}
