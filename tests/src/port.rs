//! Ports for nodes: below those that the system gives to outgoing connections. A node that is down for a moment finds its port free again.

use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;

/// First port.
const FIRST: u64 = 10_000;

/// Ports to choose from: Linux gives connections those from 32,768 on.
const COUNT: u64 = 22_000;

/// Ports tried before the machine is said to be full.
const TRIES: u32 = 1_000;

/// A port that nobody listens on.
///
/// # Panics
/// When none is found.
#[must_use]
pub fn free() -> u16 {
    for attempt in 0..TRIES {
        let place = RandomState::new().hash_one((std::process::id(), attempt)) % COUNT;
        let port = u16::try_from(FIRST + place).unwrap_or(u16::MAX);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}
