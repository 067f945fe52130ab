//! Named points of the road at which the fault tests end the process, as a power cut would. Compiled in only with the feature `crash-points`;
//! a released node has none of it.

/// Ends the process here if the environment asks for this point. With a number (`name:3`), at its third passing.
#[cfg(feature = "crash-points")]
pub fn point(name: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static ARMED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let armed = ARMED.get_or_init(|| {
        let text = std::env::var("TITIAN_CRASH_AT").ok()?;
        match text.split_once(':') {
            Some((name, times)) => Some((name.to_owned(), times.parse().ok()?)),
            None => Some((text, 1)),
        }
    });
    if let Some((armed, times)) = armed
        && armed == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 >= *times
    {
        std::process::abort();
    }
}

/// Nothing: the feature `crash-points` is off.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn point(_name: &'static str) {}
