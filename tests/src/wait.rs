//! Waiting for something to become true. The only place of the tests that sleeps.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long an ordinary wait may take. Two cores, unoptimised programs and argon2 included.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks: short, so that a test ends when its cause does; not zero, so that the nodes get the processor.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until `look` finds something, and gives it back.
///
/// # Panics
/// When nothing was found within `limit`; the text says what was awaited.
pub fn wait_until<T>(what: &str, limit: Duration, look: impl FnMut() -> Option<T>) -> T {
    match wait_until_some(limit, look) {
        Some(found) => found,
        None => panic!("waited {limit:?} in vain until {what}"),
    }
}

/// As [`wait_until`], where not finding it is an answer too.
pub fn wait_until_some<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let found = look();
        if found.is_some() || start.elapsed() >= limit {
            return found;
        }
        sleep(PAUSE);
    }
}

/// Lets time pass in a bench that looks at what happens meanwhile. A story waits for something that it can see: [`wait_until`].
pub fn let_pass(time: Duration) {
    sleep(time);
}
