//! Two reports whose difference is small say what neither of them says: June to August less June and July is August (`domain.md` 6.3). Pure.
//!
//! Each report that was given out tells, for each of its numbers, how much was counted between two days. Together they tell how much was counted between any
//! two days that a chain of reports connects; and where one period holds others, how much was counted in what the others leave of it. A new report is looked
//! at for everything that it would tell in these two ways together with all that were given out before.

use std::collections::{BTreeMap, VecDeque};

use super::suppress::Matter;

/// Numbers by the names of their cells, such as "I4/W01".
pub(super) type Cells = BTreeMap<String, u64>;

/// What a report tells: how much was counted from a day on, up to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    /// Number of the first day.
    pub(super) from: i64,
    /// Number of the day after the last.
    pub(super) end: i64,
    /// Its published numbers.
    pub(super) cells: &'a Cells,
}

/// Names of the cells of which the new report, together with the earlier ones, would tell something small.
pub(super) fn small<'a>(earlier: &[Told<'_>], new: Told<'a>) -> Vec<&'a str> {
    let is_told = |name: &str, count: u64| is_told_by_a_chain(earlier, new, name, count) || is_left_over(earlier, new, name, count);
    new.cells.iter().filter(|(name, count)| is_told(name, **count)).map(|(name, _)| name.as_str()).collect()
}

fn is_told_by_a_chain(earlier: &[Told<'_>], new: Told<'_>, name: &str, count: u64) -> bool {
    let mut steps: BTreeMap<i64, Vec<(i64, i128)>> = BTreeMap::new();
    for told in earlier {
        let Some(count) = told.cells.get(name) else { continue };
        steps.entry(told.from).or_default().push((told.end, i128::from(*count)));
        steps.entry(told.end).or_default().push((told.from, -i128::from(*count)));
    }
    let before = reach(&steps, new.from);
    let after = reach(&steps, new.end);
    let count = i128::from(count);
    if let Some(known) = before.get(&new.end) {
        // Known already: what has changed since then is told now, of whatever period.
        return *known != count && is_small(name, known - count, false);
    }
    before.iter().any(|(_, back)| after.iter().any(|(_, on)| (*back, *on) != (0, 0) && is_small(name, count - back + on, true)))
}

/// Whether something small is left over in the new period by those in it, or by the new one and others in an earlier one.
fn is_left_over(earlier: &[Told<'_>], new: Told<'_>, name: &str, count: u64) -> bool {
    let periods = |from: i64, end: i64| Covered::most(earlier, name, from, end);
    let left = |whole: u64, days: i64, parts: Covered| {
        parts.days > 0 && is_small(name, i128::from(whole) - i128::from(parts.count), parts.days < days)
    };
    let holds = |told: &&Told<'_>| told.from <= new.from && new.end <= told.end && (told.from, told.end) != (new.from, new.end);
    let in_an_earlier_one = |told: &Told<'_>| {
        let (before, after) = (periods(told.from, new.from), periods(new.end, told.end));
        let days = before.days + after.days + new.end - new.from;
        let parts = Covered { count: before.count + after.count + count, days };
        told.cells.get(name).is_some_and(|whole| left(*whole, told.end - told.from, parts))
    };
    left(count, new.end - new.from, periods(new.from, new.end)) || earlier.iter().filter(holds).any(in_an_earlier_one)
}

/// What reports beside each other tell of a longer period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Covered {
    count: u64,
    days: i64,
}

impl Covered {
    /// The most that reports which do not overlap tell of a period, so that the least is left over.
    fn most(reports: &[Told<'_>], name: &str, from: i64, end: i64) -> Self {
        let inside = reports.iter().filter(|told| from <= told.from && told.end <= end);
        let mut inside: Vec<(i64, i64, u64)> = inside.filter_map(|told| Some((told.end, told.from, *told.cells.get(name)?))).collect();
        inside.sort_unstable();
        let mut most = vec![Self::default()];
        for (at, (end, from, count)) in inside.iter().enumerate() {
            let before = most[inside[..at].partition_point(|(ended, ..)| ended <= from)];
            let with = Self { count: before.count + count, days: before.days + end - from };
            most.push(most[at].max(with));
        }
        most.last().copied().unwrap_or_default()
    }
}

/// Whether a number of a cell is small. Another period without anybody of T4 says so too.
fn is_small(name: &str, count: i128, of_a_period: bool) -> bool {
    let count = u64::try_from(count.unsigned_abs()).unwrap_or(u64::MAX);
    let matter = matter_of(name);
    if count == 0 { of_a_period && matter.is_small(0) } else { matter.is_small(count) }
}

/// The cell that counts T4 complaints together; every other is general.
pub(super) const T4_CELL: &str = "I4/T4";

fn matter_of(name: &str) -> Matter {
    if name == T4_CELL { Matter::T4 } else { Matter::General }
}

/// Days that a chain of reports connects with a day, and how much was counted from it to them.
fn reach(steps: &BTreeMap<i64, Vec<(i64, i128)>>, day: i64) -> BTreeMap<i64, i128> {
    let mut reached = BTreeMap::from([(day, 0)]);
    let mut next = VecDeque::from([day]);
    while let Some(day) = next.pop_front() {
        let here = reached[&day];
        for (other, count) in steps.get(&day).into_iter().flatten() {
            if !reached.contains_key(other) {
                reached.insert(*other, here + count);
                next.push_back(*other);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(name: &str, count: u64) -> Cells {
        Cells::from([(name.to_owned(), count)])
    }

    /// Reports by first day, day after the last, and one number.
    fn refused(name: &str, earlier: &[(i64, i64, u64)], new: (i64, i64, u64)) -> bool {
        let all: Vec<(i64, i64, Cells)> =
            earlier.iter().chain([&new]).map(|(from, end, count)| (*from, *end, cells(name, *count))).collect();
        let told: Vec<Told<'_>> = all.iter().map(|(from, end, cells)| Told { from: *from, end: *end, cells }).collect();
        let Some((new, earlier)) = told.split_last() else { return false };
        !small(earlier, *new).is_empty()
    }

    #[test]
    fn june_to_august_less_june_and_july_is_august() {
        assert!(refused("I4/W01", &[(0, 61, 20)], (0, 92, 22)));
        assert!(!refused("I4/W01", &[(0, 61, 20)], (0, 92, 25)));
        // Nothing in August names nobody, unless it is of T4
        assert!(!refused("I4/W01", &[(0, 61, 20)], (0, 92, 20)));
        assert!(refused(T4_CELL, &[(0, 61, 20)], (0, 92, 20)));
        assert!(refused(T4_CELL, &[(0, 61, 20)], (0, 92, 30)));
        assert!(!refused(T4_CELL, &[(0, 61, 20)], (0, 92, 31)));
    }

    #[test]
    fn whichever_comes_first_and_however_many_it_takes() {
        assert!(refused("I4/W01", &[(0, 92, 22)], (0, 61, 20)));
        // The half-year, and its months but one
        assert!(refused("I4/W01", &[(0, 31, 9), (31, 59, 8), (90, 120, 7), (120, 181, 9)], (0, 181, 36)));
        assert!(!refused("I4/W01", &[(0, 31, 9), (31, 59, 8), (90, 120, 7), (120, 181, 9)], (0, 181, 39)));
        // Two that overlap tell nothing: what is between their ends is a difference of two unknowns
        assert!(!refused("I4/W01", &[(0, 61, 20)], (31, 92, 22)));
        // Years beside each other may differ by one
        assert!(!refused("I4/W01", &[(0, 365, 20)], (365, 730, 21)));
    }

    #[test]
    fn what_others_leave_of_a_longer_period_is_told_too() {
        // The year less February to November is January and December
        assert!(refused("I4/W01", &[(31, 334, 18)], (0, 365, 20)));
        assert!(refused("I4/W01", &[(0, 365, 20)], (31, 334, 18)));
        assert!(!refused("I4/W01", &[(31, 334, 15)], (0, 365, 20)));
        // And less two other parts
        assert!(refused("I4/W01", &[(31, 90, 9), (120, 334, 9)], (0, 365, 20)));
        assert!(refused("I4/W01", &[(0, 365, 20), (31, 90, 9)], (120, 334, 9)));
        assert!(!refused("I4/W01", &[(0, 365, 30), (31, 90, 9)], (120, 334, 9)));
        // Nobody of T4 in what is left is told, and whoever covers the whole leaves no period
        assert!(refused(T4_CELL, &[(31, 334, 20)], (0, 365, 20)));
        assert!(!refused(T4_CELL, &[(0, 31, 20), (31, 365, 20)], (0, 365, 40)));
    }

    #[test]
    fn a_period_told_again_says_the_same_or_nothing() {
        assert!(!refused("I4/W01", &[(0, 61, 20)], (0, 61, 20)));
        assert!(!refused(T4_CELL, &[(0, 61, 20)], (0, 61, 20)));
        assert!(refused("I4/W01", &[(0, 61, 20)], (0, 61, 21)));
        assert!(!refused("I4/W01", &[(0, 61, 20)], (0, 61, 26)));
    }
}
