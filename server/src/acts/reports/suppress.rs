//! What is so small that it could name a person is withheld, and with it what it could be computed from (`domain.md` 6.3). Pure.
//!
//! There is one mark for both. Two marks would tell which of two withheld cells is the small one, and with the total their values: of 6 that are left,
//! "small" and "withheld with it" can only be 1 and 5. With one mark each of the two may be either.
//!
//! Percentages are never printed: with the total they are the count in another form, and without it 49 % of 57 can only be 28.

/// What a count is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Matter {
    /// Anything but T4.
    General,
    /// Violence, trafficking, health and what else is T4.
    T4,
}

impl Matter {
    /// Counts below this are small: 5 for anything, as statistical offices do it, 11 for T4, as trafficking data is published.
    pub(super) const fn small_below(self) -> u64 {
        match self {
            Self::General => 5,
            Self::T4 => 11,
        }
    }

    /// Whether a count could name somebody. Nobody is named by zero, except where it says that of all these people nobody was a survivor.
    pub(super) const fn is_small(self, count: u64) -> bool {
        count < self.small_below() && (count > 0 || matches!(self, Self::T4))
    }

    /// The smallest count that is small.
    const fn smallest(self) -> u64 {
        match self {
            Self::General => 1,
            Self::T4 => 0,
        }
    }
}

/// A table as it may be published: nothing where a number is withheld.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Published {
    /// The cells, in their order.
    pub(super) cells: Vec<Option<u64>>,
    /// All cells together.
    pub(super) total: Option<u64>,
}

/// Withholds what is small, and where that can be computed from the total, the smallest other cell with it. A table is of one matter: where two thresholds
/// meet in one table, whoever knows both can sometimes tell a small cell from one that was withheld with it.
///
/// Why nothing can be told: the same is done with the cells in any other order, so whoever sees the table cannot tell which of the withheld cells holds which
/// of their numbers; and either these are not all the same, or they are small ones of which each can be more than one number.
pub(super) fn publish(counts: &[u64], matter: Matter) -> Published {
    let total: u64 = counts.iter().sum();
    let small: Vec<usize> = (0..counts.len()).filter(|at| matter.is_small(counts[*at])).collect();
    let told = !small.is_empty() && !is_open(counts, matter, &small);
    let with = if told { complement(counts, &small) } else { Vec::new() };
    // Of a total that is small itself no part may be said; and where all cells are small and are told by it, it may not be said.
    if matter.is_small(total) || (told && with.is_empty()) {
        return Published { cells: vec![None; counts.len()], total: None };
    }
    let withheld = [small, with].concat();
    let cell = |at: usize| (!withheld.contains(&at)).then_some(counts[at]);
    Published { cells: (0..counts.len()).map(cell).collect(), total: Some(total) }
}

/// The smallest cell that would be published, and every other that is as small: which of them was chosen would tell something. Where there is none but
/// zeros, those.
fn complement(counts: &[u64], withheld: &[usize]) -> Vec<usize> {
    let others = || (0..counts.len()).filter(|at| !withheld.contains(at));
    let smallest = others().map(|at| counts[at]).filter(|count| *count > 0).min().unwrap_or(0);
    others().filter(|at| counts[*at] == smallest).collect()
}

/// Whether each of several small cells can still be more than one number, for whoever knows that they are small and what they are together.
fn is_open(counts: &[u64], matter: Matter, small: &[usize]) -> bool {
    let together: u64 = small.iter().map(|at| counts[*at]).sum();
    let many = small.len() as u64;
    many > 1 && together > many * matter.smallest() && together < many * (matter.small_below() - 1)
}

/// A row of a table that is also known by column.
#[derive(Clone, Debug)]
pub(super) struct Split {
    /// Whether its sum is published.
    pub(super) published: bool,
    /// Of what.
    pub(super) matter: Matter,
    /// The row by column.
    pub(super) columns: Vec<u64>,
}

/// Which rows may be shown by column. Columns are taken to be known together, because other tables may tell their sums. A row is shown only where no
/// part of it is small; and if the rest could be computed from the sums, no row is.
pub(super) fn shown(rows: &[Split]) -> Vec<bool> {
    let is_whole =
        |row: &Split| row.published && row.matter == Matter::General && !row.columns.iter().any(|count| Matter::General.is_small(*count));
    let hidden: Vec<&Split> = rows.iter().filter(|row| !is_whole(row) && row.columns.iter().any(|count| *count > 0)).collect();
    if hidden.is_empty() || is_closed(&hidden) { rows.iter().map(is_whole).collect() } else { vec![false; rows.len()] }
}

/// Whether the sums of rows and columns tell nothing of what is in the hidden rows: there are several, together they are not small, and each of their
/// cells can be more than one number.
fn is_closed(hidden: &[&Split]) -> bool {
    let width = hidden.iter().map(|row| row.columns.len()).max().unwrap_or(0);
    let of = |row: &Split, column: usize| row.columns.get(column).copied().unwrap_or(0);
    let sum = |row: &Split| row.columns.iter().sum::<u64>();
    let all: u64 = hidden.iter().map(|row| sum(row)).sum();
    hidden.len() > 1
        && (0..width).all(|column| {
            let together: u64 = hidden.iter().map(|row| of(row, column)).sum();
            let closed = |row: &&Split| (sum(row) + together).saturating_sub(all) < sum(row).min(together);
            together == 0 || (!Matter::General.is_small(together) && hidden.iter().all(closed))
        })
}

#[cfg(test)]
#[path = "suppress_tests.rs"]
mod tests;
