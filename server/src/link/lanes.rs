//! Which lane goes next. Safety goes before everything; the others share the line by their weights, and none is starved.

use titian_proto::envelope::Lane;

use super::limits::{FRAME_BYTES_MIN, weight};

/// The lanes that share a line, the most urgent first.
pub(super) const SHARING: [Lane; 4] = [Lane::States, Lane::Referrals, Lane::Shares, Lane::Documents];

/// A value for each lane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PerLane<T>([T; 5]);

impl<T> PerLane<T> {
    /// One made for each lane.
    pub(super) fn of(mut make: impl FnMut(Lane) -> T) -> Self {
        Self([make(Lane::Safety), make(Lane::States), make(Lane::Referrals), make(Lane::Shares), make(Lane::Documents)])
    }

    pub(super) fn get(&self, lane: Lane) -> &T {
        &self.0[index(lane)]
    }

    /// Each lane with its value.
    pub(super) fn to_vec(self) -> Vec<(Lane, T)>
    where
        T: Copy,
    {
        Lane::ALL.iter().map(|lane| (*lane, *self.get(*lane))).collect()
    }

    pub(super) fn get_mut(&mut self, lane: Lane) -> &mut T {
        &mut self.0[index(lane)]
    }
}

fn index(lane: Lane) -> usize {
    match lane {
        Lane::Safety => 0,
        Lane::States => 1,
        Lane::Referrals => 2,
        Lane::Shares => 3,
        Lane::Documents => 4,
    }
}

/// Shares a line by deficit round robin: each lane earns bytes by its weight and goes while it has any.
#[derive(Debug, Default)]
pub(super) struct Turn {
    earned: PerLane<u64>,
    at: usize,
}

impl Turn {
    /// The lane that goes next among those that are ready. One that has nothing to send saves nothing up.
    pub(super) fn next(&mut self, mut ready: impl FnMut(Lane) -> bool) -> Option<Lane> {
        let ready: Vec<Lane> = SHARING.into_iter().filter(|lane| ready(*lane)).collect();
        if ready.is_empty() {
            return None;
        }
        for lane in SHARING.into_iter().filter(|lane| !ready.contains(lane)) {
            *self.earned.get_mut(lane) = 0;
        }
        loop {
            let lane = SHARING[self.at % SHARING.len()];
            if ready.contains(&lane) && *self.earned.get(lane) > 0 {
                return Some(lane);
            }
            self.at = (self.at + 1) % SHARING.len();
            let next = SHARING[self.at];
            if ready.contains(&next) {
                // A frame may have cost more than was earned; the debt was forgotten when it was paid down to nothing.
                *self.earned.get_mut(next) += weight(next) * FRAME_BYTES_MIN as u64;
            }
        }
    }

    /// A lane has sent so many bytes.
    pub(super) fn spend(&mut self, lane: Lane, bytes: u64) {
        let earned = self.earned.get_mut(lane);
        *earned = earned.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that each lane gets when all always have frames of this size to send.
    fn shares(bytes: u64, frames: u64, ready: impl Fn(Lane) -> bool) -> PerLane<u64> {
        let (mut turn, mut sent) = (Turn::default(), PerLane::<u64>::default());
        for _ in 0..frames {
            let lane = turn.next(&ready).unwrap();
            turn.spend(lane, bytes);
            *sent.get_mut(lane) += bytes;
        }
        sent
    }

    #[test]
    fn documents_never_starve_others_and_are_never_starved() {
        let sent = shares(4096, 10_000, |_| true);
        let share = |lane| *sent.get(lane) as f64 / (4096.0 * 10_000.0);
        assert!(share(Lane::States) > 0.5, "{sent:?}");
        assert!(share(Lane::Documents) > 0.05 && share(Lane::Documents) < 0.08, "{sent:?}");
    }

    #[test]
    fn a_lone_lane_has_the_whole_line() {
        let sent = shares(1 << 20, 10, |lane| lane == Lane::Documents);
        assert_eq!(*sent.get(Lane::Documents), 10 << 20);
        assert_eq!(Turn::default().next(|_| false), None);
    }

    #[test]
    fn what_was_not_used_is_not_saved_up() {
        let mut turn = Turn::default();
        for _ in 0..1000 {
            let lane = turn.next(|lane| lane == Lane::Shares).unwrap();
            turn.spend(lane, 4096);
        }
        // Now states have something to say: they wait for one frame of shares at most.
        let next: Vec<_> = (0..3)
            .map(|_| {
                let lane = turn.next(|lane| matches!(lane, Lane::Shares | Lane::States)).unwrap();
                turn.spend(lane, 16 * 1024);
                lane
            })
            .collect();
        assert!(next[..2].contains(&Lane::States), "{next:?}");
    }
}
