//! Two reports whose difference is small say what neither of them says: June to August less June and July is August (`domain.md` 6.3). Pure.
//!
//! Each report that was given out tells, for each of its numbers, how much was counted between two days. Together they tell how much was counted between any
//! two days that a chain of reports connects. A new report is looked at for everything that it would tell together with all that were given out before.

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
    new.cells.iter().filter(|(name, count)| tells(earlier, new, name, **count)).map(|(name, _)| name.as_str()).collect()
}

fn tells(earlier: &[Told<'_>], new: Told<'_>, name: &str, count: u64) -> bool {
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
    fn a_period_told_again_says_the_same_or_nothing() {
        assert!(!refused("I4/W01", &[(0, 61, 20)], (0, 61, 20)));
        assert!(!refused(T4_CELL, &[(0, 61, 20)], (0, 61, 20)));
        assert!(refused("I4/W01", &[(0, 61, 20)], (0, 61, 21)));
        assert!(!refused("I4/W01", &[(0, 61, 20)], (0, 61, 26)));
    }
}
