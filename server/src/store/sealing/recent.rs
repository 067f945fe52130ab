//! Bodies that were sealed a moment ago, in the clear: most of them leave at once, and opening one takes as long as sealing it did.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::value::Slot;

/// Bytes that are kept: what a fast line takes in a fifth of a second.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The last of them.
#[derive(Default)]
pub(super) struct Recent(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_slot: HashMap<Slot, Bytes>,
    order: VecDeque<(Slot, usize)>,
    bytes: usize,
}

impl Recent {
    /// Keeps one, in the place of the oldest.
    pub(super) fn keep(&self, slot: Slot, clear: Bytes) {
        let mut kept = self.kept();
        kept.bytes += clear.len();
        kept.order.push_back((slot, clear.len()));
        kept.by_slot.insert(slot, clear);
        while kept.bytes > BYTES_MAX
            && let Some((oldest, length)) = kept.order.pop_front()
        {
            kept.by_slot.remove(&oldest);
            kept.bytes -= length;
        }
    }

    pub(super) fn get(&self, slot: Slot) -> Option<Bytes> {
        self.kept().by_slot.get(&slot).cloned()
    }

    /// Forgets those whose keys are destroyed.
    pub(super) fn forget(&self, slots: &[Slot]) {
        let mut kept = self.kept();
        for slot in slots {
            kept.by_slot.remove(slot);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_kept_and_none_whose_key_is_destroyed() {
        let recent = Recent::default();
        let slot = |number| Slot { bucket: 1, number };
        for number in 0..100 {
            recent.keep(slot(number), vec![7; BYTES_MAX / 50].into());
        }
        assert!(recent.get(slot(0)).is_none() && recent.get(slot(99)).is_some());
        recent.forget(&[slot(99)]);
        assert!(recent.get(slot(99)).is_none() && recent.get(slot(98)).is_some());
    }
}
