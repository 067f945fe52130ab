//! Ports for nodes: below those that the system gives to outgoing connections, and each given to one test process at a time, so that a node that is down
//! for a moment finds its port free again.

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

/// First port.
const FIRST: u64 = 10_000;

/// Ports to choose from: Linux gives connections those from 32,768 on.
const COUNT: u64 = 22_000;

/// Ports tried before the machine is said to be full.
const TRIES: u32 = 1_000;

/// A locked file for each port that this process has taken; the system lets go of them when it ends.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port that nobody listens on, and that no other test gets while this process lives.
///
/// # Panics
/// When none is found.
#[must_use]
pub fn free() -> u16 {
    for attempt in 0..TRIES {
        let place = RandomState::new().hash_one((std::process::id(), attempt)) % COUNT;
        let port = u16::try_from(FIRST + place).unwrap_or(u16::MAX);
        if take(port) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}

/// Whether the port was nobody's. Two files opened by one process exclude each other, too.
fn take(port: u16) -> bool {
    let folder = std::env::temp_dir().join("titian-ports");
    let file = fs::create_dir_all(&folder).and_then(|()| File::create(folder.join(port.to_string())));
    let Ok(file) = file else { return false };
    if file.try_lock().is_err() {
        return false;
    }
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    true
}
