//! Time and randomness, as arguments. Real ones are made where the node is composed, and nowhere else.

use std::sync::Arc;

use titian_proto::model::date::Instant;

/// Says what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Now, as this node believes. Nothing between two nodes is ordered by it.
    fn now(&self) -> Instant;
}

/// Gives random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills all of `bytes` with bytes nobody can guess. An implementation that cannot must end the process: predictable ids and nonces would
    /// undo what the log hides.
    fn fill(&self, bytes: &mut [u8]);
}

/// Both, to be handed down.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Ambient {
    /// Joins a clock and a source of randomness.
    #[must_use]
    pub fn new(clock: impl Clock, entropy: impl Entropy) -> Self {
        Self { clock: Arc::new(clock), entropy: Arc::new(entropy) }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
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
