//! Reports for donors: a period in numbers, with nobody in them (`domain.md` 6).
//!
//! - `count`, with `cases` and `referrals`: counts, page by page; `tally`: what is counted.
//! - `suppress`: takes out what is small, and what it could be computed from.
//! - `difference`: what a report tells together with those that were given out before.
//! - `write`: the report itself.

mod cases;
mod count;
mod difference;
mod referrals;
mod suppress;
mod tally;
mod write;

use titian_proto::model::date::Date;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use self::count::Period;
use self::difference::{Cells, Told};
use self::write::Written;
use super::actor::Actor;
use super::context::{Acts, House};
use super::error::ActError;
use crate::store::View;
use crate::store::reports::{GivenOut, ReportTable as _};

/// Reports that a node gives out in its life: two a month for forty years. Each new one is looked at together with all of them.
const REPORTS_MAX: usize = 1000;

/// Names in a refusal; whoever asked chooses another period anyway.
const NAMES_MAX: usize = 8;

/// Counts a period for a donor, and remembers what was given out. Reading holds no writer up; only the last step is a write.
///
/// # Errors
/// When the period is none, the difference to earlier reports is small (`SMALL_CELL`), another report was made at the same moment, or the store fails.
pub async fn donor(acts: &Acts, actor: &Actor, from: Date, until: Date) -> Result<wire::DonorReport, ActError> {
    if until < from {
        return Err(ActError::Malformed(Malformed::new("must not be before the first day").at("until")));
    }
    let (house, view) = (acts.house.clone(), acts.store.view());
    let counting = tokio::task::spawn_blocking(move || prepare(&house, &view, Period { from, until })).await;
    let Prepared { written, earlier } = counting.map_err(|error| ActError::Internal(Box::new(error)))??;
    let Written { mut report, cells } = written;
    report.node_id = acts.house.node_id().to_string();
    report.from = from.to_string();
    report.until = until.to_string();
    let by = actor.pseudonym.clone();
    let made_at = acts
        .store
        .write_new(move |unit| {
            let known = unit.reports()?;
            if known.len() != earlier {
                return Err(ActError::Conflict { what: "another report was made at the same moment" });
            }
            let made_at = unit.now();
            let same = |one: &GivenOut| one.from == from && one.until == until && one.cells == cells;
            if !known.iter().any(same) {
                unit.put_report(&GivenOut { from, until, made_at, by: by.clone(), cells: cells.clone() })?;
            }
            Ok(made_at)
        })
        .await?;
    report.made_at_ms = made_at.as_millis();
    Ok(report)
}

/// A report that may be given out.
struct Prepared {
    written: Written,
    /// How many were given out before.
    earlier: usize,
}

fn prepare(house: &House, view: &View, period: Period) -> Result<Prepared, ActError> {
    let earlier = view.reports()?;
    if earlier.len() >= REPORTS_MAX {
        return Err(ActError::LimitReached { what: "reports", limit: REPORTS_MAX });
    }
    let written = write::write(count::count(house, view, period)?);
    let before: Vec<Told<'_>> = earlier.iter().map(|one| told(one.from, one.until, &one.cells)).collect();
    let small = difference::small(&before, told(period.from, period.until, &written.cells));
    if !small.is_empty() {
        let refusal = small.into_iter().take(NAMES_MAX).fold(Refusal::new(RefusalCode::SmallCell), Refusal::with_path);
        return Err(ActError::Refused(refusal));
    }
    Ok(Prepared { written, earlier: earlier.len() })
}

fn told(from: Date, until: Date, cells: &Cells) -> Told<'_> {
    Told { from: from.start().day_number(), end: until.end().day_number(), cells }
}

#[cfg(test)]
mod tests;
