//! Sign-ins under names that nobody has. They are locked out like accounts are, so that no answer tells which names exist.

use std::collections::{HashMap, VecDeque};

use titian_proto::model::date::Instant;

use crate::store::staff::Attempts;

/// Names remembered: more than anybody types by mistake; a flood of names forgets the oldest, and costs no more memory.
const NAMES_MAX: usize = 1024;

/// What is remembered of unknown names, in memory only: a flood must not fill the disk.
#[derive(Default)]
pub(super) struct Strangers {
    attempts: HashMap<String, Attempts>,
    order: VecDeque<String>,
}

impl Strangers {
    /// Counts an attempt before it is known to fail: it always does.
    ///
    /// # Errors
    /// Until when the name is locked.
    pub(super) fn charge(&mut self, name: &str, now: Instant) -> Result<(), Instant> {
        if !self.attempts.contains_key(name) {
            if self.order.len() >= NAMES_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.attempts.remove(&oldest);
            }
            self.order.push_back(name.to_owned());
        }
        self.attempts.entry(name.to_owned()).or_default().charge(now)
    }

    /// Forgets a name that somebody has now.
    pub(super) fn forget(&mut self, name: &str) {
        self.attempts.remove(name);
        self.order.retain(|known| known != name);
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES_MAX, Strangers};
    use titian_proto::model::date::Instant;

    #[test]
    fn a_flood_of_names_takes_no_more_memory_than_the_limit() {
        let mut strangers = Strangers::default();
        for number in 0..2 * NAMES_MAX {
            strangers.charge(&format!("name{number}"), Instant::from_millis(0)).unwrap();
        }
        assert_eq!(strangers.attempts.len(), NAMES_MAX);
        assert_eq!(strangers.order.len(), NAMES_MAX);
    }
}
