//! What happened in a world: a digest over all of it, and the last lines in words.

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

/// Lines kept to be shown with a failing seed.
const LINES_MAX: usize = 120;

/// The story of one world.
#[derive(Default)]
pub struct Trace {
    digest: Sha256,
    lines: VecDeque<String>,
    /// The first invariant that did not hold.
    violation: Option<String>,
}

impl Trace {
    /// Something happened that is worth a line.
    pub fn line(&mut self, now: u64, line: &str) {
        self.digest.update(now.to_le_bytes());
        self.digest.update(line.as_bytes());
        if self.lines.len() >= LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:>9}.{:03} {line}", now / 1000, now % 1000));
    }

    /// Something happened that only counts.
    pub fn bytes(&mut self, now: u64, bytes: &[u8]) {
        self.digest.update(now.to_le_bytes());
        self.digest.update(bytes);
    }

    /// An invariant does not hold.
    pub fn violated(&mut self, now: u64, invariant: &str, what: &str) {
        let line = format!("{invariant}: {what}");
        self.line(now, &line);
        self.violation.get_or_insert(line);
    }

    /// The first invariant that did not hold.
    pub fn violation(&self) -> Option<String> {
        self.violation.clone()
    }

    /// A digest over everything that happened.
    pub fn digest(&self) -> String {
        hex::encode(self.digest.clone().finalize())
    }

    /// The last lines.
    pub fn last_lines(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}
