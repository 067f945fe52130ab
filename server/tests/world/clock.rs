//! The clock of a node: the world's time, and how far the node's belief is from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use titian_proto::model::date::Instant;
use titian_server::ambient::Clock;

/// 2026-03-02T02:00:00Z: when the three unions were founded.
pub const FOUNDED: i64 = 1_772_416_800_000;

/// The hands of one node's clock. Clones move together.
#[derive(Clone)]
pub struct Hands {
    began: tokio::time::Instant,
    epoch: i64,
    off_by: Arc<AtomicI64>,
}

impl Hands {
    /// A clock that is right; the world's time begins now, at `epoch` milliseconds since 1970.
    pub fn new(epoch: i64) -> Self {
        Self { began: tokio::time::Instant::now(), epoch, off_by: Arc::default() }
    }

    /// From now on it is off by so many milliseconds.
    pub fn set_off_by(&self, millis: i64) {
        self.off_by.store(millis, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Instant {
        let elapsed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Instant::from_millis(self.epoch + elapsed + self.off_by.load(Ordering::SeqCst))
    }

    fn ran(&self) -> Duration {
        self.began.elapsed()
    }
}
