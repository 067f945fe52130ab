//! What is known of the line to a peer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a line carries so much that the processor is dearer than its bytes. Clones share it: who speaks and who hears find out, who compresses asks.
#[derive(Clone, Debug, Default)]
pub struct Line(Arc<Found>);

#[derive(Debug, Default)]
struct Found {
    in_saying: AtomicBool,
    in_hearing: AtomicBool,
}

impl Line {
    /// What was found in saying.
    pub fn found_in_saying(&self, is_wide: bool) {
        self.0.in_saying.store(is_wide, Ordering::Relaxed);
    }

    /// What was found in hearing: who hears much says little, receipts, from which nothing can be found.
    pub fn found_in_hearing(&self, is_wide: bool) {
        self.0.in_hearing.store(is_wide, Ordering::Relaxed);
    }

    /// How it was found last; narrow until more is known.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.0.in_saying.load(Ordering::Relaxed) || self.0.in_hearing.load(Ordering::Relaxed)
    }
}
