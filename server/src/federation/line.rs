//! What is known of the line to a peer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a line carries so much that the processor is dearer than its bytes. Clones share it: who speaks finds out, who compresses asks.
#[derive(Clone, Debug, Default)]
pub struct Line(Arc<AtomicBool>);

impl Line {
    /// Says how it is now.
    pub fn set_wide(&self, is_wide: bool) {
        self.0.store(is_wide, Ordering::Relaxed);
    }

    /// How it was found last; narrow until more is known.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
