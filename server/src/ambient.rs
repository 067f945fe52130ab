//! Time and randomness, as arguments. Real ones are made where the node is composed, and nowhere else.

mod passed;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use titian_proto::model::date::Instant;

use self::passed::Passed;

/// Says what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Now, as it is set. Nothing between two nodes is ordered by it.
    fn now(&self) -> Instant;

    /// How long it has run, however it was set meanwhile. A clock that does not count says zero.
    fn ran(&self) -> Duration {
        Duration::ZERO
    }
}

/// Gives random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills all of `bytes` with bytes nobody can guess. An implementation that cannot must end the process: predictable ids and nonces would
    /// undo what the log hides.
    fn fill(&self, bytes: &mut [u8]);
}

/// How often it is noted what time it has been: a write an hour.
pub const NOTED_EVERY_HOURS: i64 = 1;

/// A clock that is so far behind is not one that is set right by a few minutes each night.
const BEHIND_HOURS: i64 = 1;

/// Both, to be handed down.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    passed: Arc<Mutex<Passed>>,
    entropy: Arc<dyn Entropy>,
}

impl Ambient {
    /// Joins a clock and a source of randomness.
    #[must_use]
    pub fn new(clock: impl Clock, entropy: impl Entropy) -> Self {
        Self { clock: Arc::new(clock), passed: Arc::default(), entropy: Arc::new(entropy) }
    }

    /// Now, as this node believes: what has passed has passed, also when its clock is set back. What a worker allowed until yesterday would else
    /// be allowed again.
    #[must_use]
    pub fn now(&self) -> Instant {
        if crate::mutant::is("believe-the-clock") {
            return self.clock.now();
        }
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).now(self.clock.now(), self.clock.ran())
    }

    /// Whether the clock says so much less than what has passed that somebody must look at it: either it is set back, or it stood ahead before.
    #[must_use]
    pub fn is_clock_behind(&self) -> bool {
        self.clock.now().plus_hours(BEHIND_HOURS) < self.now()
    }

    /// What time it has been; several where the clock stood far from itself.
    #[must_use]
    pub fn passed(&self) -> Vec<Instant> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).latest(self.clock.ran())
    }

    /// It has been so late already when this was last noted, before this node began. If the clock says otherwise it was set back meanwhile, and
    /// what passed after the last note counts too.
    pub fn resume(&self, noted: &[Instant]) {
        let (clock, ran) = (self.clock.now(), self.clock.ran());
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        for latest in noted {
            let since = if clock < *latest { NOTED_EVERY_HOURS } else { 0 };
            passed.has_been(latest.plus_hours(since), ran);
        }
    }

    /// Fills all of `bytes` with random bytes.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.entropy.fill(bytes);
    }

    /// So many random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for Ambient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ambient")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counting, Hands};

    #[test]
    fn a_clock_that_is_set_back_is_noticed_and_one_that_is_corrected_is_not() {
        let hands = Hands::new();
        let ambient = Ambient::new(hands.clone(), Counting::default());
        let _ = ambient.now(); // so late it has been
        hands.forward_minutes(-30);
        assert!(!ambient.is_clock_behind());
        hands.forward_minutes(-60);
        assert!(ambient.is_clock_behind());
    }
}
