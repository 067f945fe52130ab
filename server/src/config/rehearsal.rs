//! A clock for demonstrations and tests: it was set once, at init, and has run on since.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use titian_proto::model::date::Instant;

/// The clock of a rehearsal. A node that serves workers has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// What it showed when it was set.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    clock: Instant,
    /// When it was set, by the clock of the machine.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    started_at: Instant,
}

impl Rehearsal {
    /// Sets the clock to show `clock` while the machine's clock shows `machine`. Both count in whole seconds, as the file does.
    #[must_use]
    pub fn begin(clock: Instant, machine: Instant) -> Self {
        let seconds = |instant: Instant| Instant::from_millis(instant.as_millis().div_euclid(1000).saturating_mul(1000));
        Self { clock: seconds(clock), started_at: seconds(machine) }
    }

    /// What it shows when the machine's clock shows `machine`.
    #[must_use]
    pub fn now(&self, machine: Instant) -> Instant {
        let elapsed = machine.as_millis().saturating_sub(self.started_at.as_millis());
        Instant::from_millis(self.clock.as_millis().saturating_add(elapsed))
    }
}

fn write<S: Serializer>(instant: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(instant)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}
