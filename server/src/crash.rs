//! Named points of the road at which the fault tests end the process, as a kill or a power cut would. Compiled in only with the feature
//! `crash-points`; a released node has none of it.

/// Ends the process here if the environment asks for this point. With a number (`name:3`), at its third passing. Where the environment asks for it,
/// the process stops instead and waits for whoever cuts the power under it.
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
        if std::env::var_os("TITIAN_CRASH_STOPS").is_some() {
            stop();
        }
        std::process::abort();
    }
}

/// Stops every thread at once. Nobody lets them go on: the next thing that comes is the kill.
#[cfg(feature = "crash-points")]
fn stop() {
    use rustix::process::{Signal, getpid, kill_process};

    while kill_process(getpid(), Signal::STOP).is_ok() {
        std::thread::park_timeout(std::time::Duration::from_secs(1));
    }
}

/// Nothing: the feature `crash-points` is off.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn point(_name: &'static str) {}
