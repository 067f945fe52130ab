//! A counter for long streams, on the standard error, when a person looks on.

use std::io::{IsTerminal, Write};

/// Shown again after so many, so that a terminal does not slow the stream.
const EVERY: u64 = 256;

/// Counts what has come.
pub struct Progress {
    what: &'static str,
    count: u64,
    shown: bool,
    visible: bool,
}

impl Progress {
    /// Starts at 0. Shows itself only when a person sees the standard error but not the answer.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        let visible = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
        Self { what, count: 0, shown: false, visible }
    }

    /// As [`Self::new`], of work whose answer comes at its end: also where both go to the same screen.
    #[must_use]
    pub fn beside(what: &'static str) -> Self {
        Self { what, count: 0, shown: false, visible: std::io::stderr().is_terminal() }
    }

    /// Counts more.
    pub fn add(&mut self, more: u64) {
        let before = self.count / EVERY;
        self.count = self.count.saturating_add(more);
        if self.visible && self.count / EVERY != before {
            self.shown = true;
            drop(write!(std::io::stderr().lock(), "\r{} {}", self.count, self.what));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            drop(writeln!(std::io::stderr().lock(), "\r{} {}", self.count, self.what));
        }
    }
}
