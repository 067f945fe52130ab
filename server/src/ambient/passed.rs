//! The time that has passed, whatever a clock is set to afterwards.

use std::time::Duration;

use titian_proto::model::date::Instant;

/// A clock that is set further back than this was wrong before, and not now: no consent is longer, so what it began with has not begun there and
/// nothing leaves; and a node whose clock once stood in the next decade must find back.
const FAR_DAYS: i64 = 200;

/// So many times at which the clock was far from every other are remembered.
const ISLANDS_MAX: usize = 8;

/// What time it has been, by what the clock said and how long it has run since. Times that lie far from each other are kept apart, so that a jump
/// there and back forgets nothing.
#[derive(Debug, Default)]
pub(super) struct Passed(Vec<Island>);

/// A time that was believed, when the clock had run so long.
#[derive(Clone, Copy, Debug)]
struct Island {
    latest: Instant,
    ran: Duration,
}

impl Island {
    fn at(self, ran: Duration) -> Instant {
        let since = i64::try_from(ran.saturating_sub(self.ran).as_millis()).unwrap_or(i64::MAX);
        Instant::from_millis(self.latest.as_millis().saturating_add(since))
    }
}

impl Passed {
    /// Now, by a clock that says this after it has run so long: never before what has passed, unless that is far ahead.
    pub(super) fn now(&mut self, clock: Instant, ran: Duration) -> Instant {
        let now = self.near(clock, ran).map_or(clock, |near| near.at(ran).max(clock));
        self.has_been(now, ran);
        now
    }

    /// It has been so late when the clock had run so long.
    pub(super) fn has_been(&mut self, latest: Instant, ran: Duration) {
        if let Some(near) = self.near(latest, ran) {
            if near.at(ran) < latest {
                *near = Island { latest, ran };
            }
            return;
        }
        if self.0.len() >= ISLANDS_MAX {
            self.0.remove(0);
        }
        self.0.push(Island { latest, ran });
    }

    /// What time it has been.
    pub(super) fn latest(&self, ran: Duration) -> Vec<Instant> {
        self.0.iter().map(|island| island.at(ran)).collect()
    }

    /// The latest time that has passed not far from this one.
    fn near(&mut self, instant: Instant, ran: Duration) -> Option<&mut Island> {
        let is_near = |island: &&mut Island| island.at(ran) <= instant.plus_days(FAR_DAYS) && instant <= island.at(ran).plus_days(FAR_DAYS);
        self.0.iter_mut().filter(is_near).max_by_key(|island| island.at(ran))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGAN: Instant = Instant::from_millis(1_772_416_800_000);

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_clock_that_is_set_back_by_two_days_has_not_turned_time_back() {
        let mut passed = Passed::default();
        assert_eq!(passed.now(BEGAN, Duration::ZERO), BEGAN);
        assert_eq!(passed.now(BEGAN.plus_days(-2), HOUR), BEGAN.plus_hours(1));
        assert_eq!(passed.now(BEGAN.plus_days(-2), HOUR * 5), BEGAN.plus_hours(5));
        // Set right again, it goes on as it says.
        assert_eq!(passed.now(BEGAN.plus_hours(7), HOUR * 6), BEGAN.plus_hours(7));
    }

    #[test]
    fn a_clock_that_stood_years_ahead_finds_back_and_has_forgotten_nothing() {
        let mut passed = Passed::default();
        passed.now(BEGAN, Duration::ZERO);
        assert_eq!(passed.now(BEGAN.plus_days(3 * 365), HOUR), BEGAN.plus_days(3 * 365));
        assert_eq!(passed.now(BEGAN.plus_days(-1), HOUR * 2), BEGAN.plus_hours(2));
        assert_eq!(passed.now(BEGAN.plus_days(-3 * 365), HOUR * 3), BEGAN.plus_days(-3 * 365));
        assert_eq!(passed.now(BEGAN, HOUR * 4), BEGAN.plus_hours(4));
    }

    #[test]
    fn what_was_noted_has_passed() {
        let mut passed = Passed::default();
        passed.has_been(BEGAN, Duration::ZERO);
        assert_eq!(passed.now(BEGAN.plus_days(-30), HOUR), BEGAN.plus_hours(1));
    }

    #[test]
    fn few_times_are_remembered() {
        let mut passed = Passed::default();
        for years in 0..100 {
            passed.now(BEGAN.plus_days(years * 365), Duration::ZERO);
        }
        assert_eq!(passed.0.len(), ISLANDS_MAX);
    }
}
