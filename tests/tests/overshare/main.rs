//! Nothing leaves that is not agreed, allowed and selected; and no partner can fill the node up (`protocol.md` 5, case 15).
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]
#![allow(clippy::needless_update, reason = "messages grow with the protocol")]

mod draw;
mod flood;
mod greedy;
#[path = "../hostile/mod.rs"]
mod hostile;
#[allow(dead_code, reason = "poison needs more of it")]
#[path = "../skew/peer.rs"]
mod peer;
mod share;
mod yard;

#[test]
fn overshare_and_flood() {
    std::thread::scope(|scope| {
        scope.spawn(share::nothing_outside_the_intersection_leaves);
        scope.spawn(flood::no_partner_fills_the_node_up);
    });
}
