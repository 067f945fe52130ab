//! Cases.

use titian_proto::wire;

use crate::codes::code;
use crate::output::block::Block;
use crate::output::record;
use crate::output::table::table;
use crate::output::text::{id, time};

/// A case with its records.
#[must_use]
pub fn case(case: &wire::Case) -> String {
    let wire::Case { case_id, worker_id, case_number, tier, records, opened_by, opened_at_ms } = case;
    let worker = if worker_id.is_empty() { "a group".to_owned() } else { id(worker_id) };
    let head = Block::new()
        .row("case", id(case_id))
        .row("number", case_number)
        .row("worker", worker)
        .row("tier", code::<wire::Tier>(*tier))
        .row("opened by", opened_by)
        .row("opened", time(*opened_at_ms))
        .to_string();
    records.iter().fold(head, |text, one| format!("{text}\n{}", record::record(one)))
}

/// Cases, one a line.
#[must_use]
pub fn list(cases: &[wire::Case]) -> String {
    let row = |case: &wire::Case| {
        vec![id(&case.case_id), case.case_number.clone(), code::<wire::Tier>(case.tier), id(&case.worker_id), time(case.opened_at_ms)]
    };
    table(&["case", "number", "tier", "worker", "opened"], cases.iter().map(row), "no cases")
}
