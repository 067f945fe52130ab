//! Deliberate faults, by name: the simulated world switches them on one at a time and must catch each (`tests/world/mutants.rs`). Compiled in only
//! with the feature `simulation`; a released node has none of it.

#[cfg(feature = "simulation")]
thread_local! {
    static SWITCHED_ON: std::cell::Cell<Option<&'static str>> = const { std::cell::Cell::new(None) };
}

/// Switches one fault on, or all off, for what this thread does from now on. A world runs on one thread.
#[cfg(feature = "simulation")]
pub fn switch(fault: Option<&'static str>) {
    SWITCHED_ON.set(fault);
}

/// Whether this fault is switched on.
#[cfg(feature = "simulation")]
#[must_use]
pub fn is(fault: &'static str) -> bool {
    SWITCHED_ON.get() == Some(fault)
}

/// No: the feature `simulation` is off.
#[cfg(not(feature = "simulation"))]
#[inline(always)]
#[must_use]
pub const fn is(_fault: &'static str) -> bool {
    false
}
