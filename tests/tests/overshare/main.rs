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

use std::net::SocketAddr;

use titian_tests::union::Union;

#[test]
fn overshare_and_flood() {
    std::thread::scope(|scope| {
        scope.spawn(share::nothing_outside_the_intersection_leaves);
        scope.spawn(flood::no_partner_fills_the_node_up);
    });
}

fn address(union: &Union) -> SocketAddr {
    let text = std::fs::read_to_string(union.node.folder.join("node.toml")).expect("node.toml");
    let settings: toml::Table = toml::from_str(&text).expect("node.toml is TOML");
    settings["federation"]["listen"].as_str().and_then(|listen| listen.parse().ok()).expect("an address")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}
