//! How much may be on the way: as much as the line carries without a queue before it, so that what is urgent waits behind little.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::limits::{FRAME_BYTES, FRAME_BYTES_MIN, QUEUEING, WIDE_BYTES, WIDE_WITHIN, WINDOW_FIRST, WINDOW_MAX, WINDOW_MIN};

/// Grows while acknowledgements come as fast as the fastest, and shrinks when they come late: then something queues on the way.
#[derive(Debug)]
pub(super) struct Window {
    bytes: usize,
    on_the_way: usize,
    fastest: Option<Duration>,
    shrunk_at: Option<Instant>,
    wide: Wide,
}

/// Whether so much is carried that the line is a wide one.
#[derive(Debug, Default)]
pub(super) struct Wide {
    is: bool,
    /// When the first began its way of what is counted, and how much has arrived since.
    since: Option<Instant>,
    bytes: usize,
}

impl Wide {
    /// Whether it was found so.
    pub(super) fn is(&self) -> bool {
        self.is
    }

    /// So much has arrived that was on its way since then.
    pub(super) fn arrived(&mut self, bytes: usize, since: Instant, now: Instant) {
        self.bytes += bytes;
        let took = now.saturating_duration_since(*self.since.get_or_insert(since));
        if took >= WIDE_WITHIN {
            self.is |= self.bytes as f64 * WIDE_WITHIN.as_secs_f64() >= WIDE_BYTES as f64 * took.as_secs_f64();
            (self.since, self.bytes) = (None, 0);
        }
    }
}

impl Window {
    pub(super) fn new() -> Self {
        Self { bytes: WINDOW_FIRST, on_the_way: 0, fastest: None, shrunk_at: None, wide: Wide::default() }
    }

    /// Bytes that may still be put on the way. A frame goes when there is room for a part of it and nothing is on the way.
    pub(super) fn room(&self) -> usize {
        if self.on_the_way == 0 { self.bytes } else { self.bytes.saturating_sub(self.on_the_way) }
    }

    /// Bytes of one frame, so that what is urgent never waits behind a large one.
    pub(super) fn frame_bytes(&self) -> usize {
        (self.bytes / 4).clamp(FRAME_BYTES_MIN, FRAME_BYTES)
    }

    /// Whether the line was found to carry much, and nothing has queued before it since.
    pub(super) fn is_wide(&self) -> bool {
        self.wide.is()
    }

    pub(super) fn put(&mut self, bytes: usize) {
        self.on_the_way += bytes;
    }

    /// What was put on the way is taken off it without an answer, because it is sent again.
    pub(super) fn give_up(&mut self, bytes: usize) {
        self.on_the_way = self.on_the_way.saturating_sub(bytes);
    }

    /// An acknowledgement came for something sent then.
    pub(super) fn acknowledged(&mut self, bytes: usize, sent_at: Instant, now: Instant) {
        self.on_the_way = self.on_the_way.saturating_sub(bytes);
        let took = now.saturating_duration_since(sent_at);
        let fastest = self.fastest.map_or(took, |fastest| fastest.min(took));
        self.fastest = Some(fastest);
        self.wide.arrived(bytes, sent_at, now);
        if took <= fastest + QUEUEING {
            self.bytes = (self.bytes + bytes).min(WINDOW_MAX);
        } else if self.shrunk_at.is_none_or(|then| then <= sent_at) {
            // Once for each time around: what is acknowledged next was on the way before the window shrank.
            self.bytes = (self.bytes / 2).max(WINDOW_MIN);
            self.shrunk_at = Some(now);
            self.wide = Wide::default();
        }
    }
}

/// What was sent of a lane and is not acknowledged: up to which place, how many bytes, and when.
#[derive(Debug)]
pub(super) struct Unacknowledged<P>(VecDeque<(P, usize, Instant)>);

impl<P> Default for Unacknowledged<P> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<P: Ord + Copy> Unacknowledged<P> {
    pub(super) fn sent(&mut self, through: P, bytes: usize, at: Instant) {
        self.0.push_back((through, bytes, at));
    }

    /// Takes off everything up to a place, and tells the window.
    pub(super) fn stored(&mut self, through: P, now: Instant, window: &mut Window) {
        while let Some((place, bytes, at)) = self.0.front().copied() {
            if place > through {
                return;
            }
            self.0.pop_front();
            window.acknowledged(bytes, at, now);
        }
    }

    /// Takes off everything, because it is sent again.
    pub(super) fn give_up(&mut self, window: &mut Window) {
        for (_, bytes, _) in self.0.drain(..) {
            window.give_up(bytes);
        }
    }

    /// Since when the oldest waits.
    pub(super) fn since(&self) -> Option<Instant> {
        self.0.front().map(|(_, _, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends frames for some seconds over a line with a rate and a delay; gives the longest time that bytes stood on the way at the end, and whether the
    /// line was ever taken for a wide one.
    fn queue_after(seconds: u64, bytes_a_second: f64, delay: Duration) -> (Duration, usize, bool) {
        let start = Instant::now();
        let (mut window, mut sent, mut now) = (Window::new(), Unacknowledged::default(), start);
        let (mut line_free, mut arrivals, mut place) = (start, VecDeque::new(), 0u64);
        let (mut longest, mut carried, mut wide) = (Duration::ZERO, 0, false);
        while now < start + Duration::from_secs(seconds) {
            while window.room() > 0 {
                let bytes = window.frame_bytes().min(window.room());
                place += 1;
                line_free = line_free.max(now) + Duration::from_secs_f64(bytes as f64 / bytes_a_second);
                arrivals.push_back((line_free + delay, place, now));
                window.put(bytes);
                sent.sent(place, bytes, now);
                carried += bytes;
            }
            let Some((at, place, sent_at)) = arrivals.pop_front() else { break };
            now = at;
            if now > start + Duration::from_secs(seconds / 2) {
                longest = longest.max(now - sent_at);
            }
            sent.stored(place, now, &mut window);
            wide |= window.is_wide();
        }
        (longest, carried, wide)
    }

    #[test]
    fn a_slow_line_holds_little_in_front_of_what_is_urgent() {
        let (longest, _, wide) = queue_after(600, 8_000.0, Duration::from_millis(600));
        assert!(longest < Duration::from_secs(6) && !wide, "{longest:?}");
    }

    #[test]
    fn a_fast_and_long_line_is_kept_full() {
        let (_, carried, wide) = queue_after(20, 50e6, Duration::from_millis(50));
        assert!(carried > 600_000_000 && wide, "{carried} bytes of 1,000,000,000");
    }

    #[test]
    fn a_line_of_twenty_megabits_is_not_a_wide_one() {
        let (_, carried, wide) = queue_after(60, 2.5e6, Duration::from_millis(100));
        assert!(carried > 100_000_000 && !wide, "{carried} bytes of 150,000,000");
    }
}
