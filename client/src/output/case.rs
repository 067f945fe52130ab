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
    let wire::Case { case_id, worker_id, case_number, tier, records, opened_by, opened_at_ms, leaders } = case;
    let worker = if worker_id.is_empty() { "a group".to_owned() } else { id(worker_id) };
    let head = Block::new()
        .row("case", id(case_id))
        .row("number", case_number)
        .row("worker", worker)
        .row("tier", code::<wire::Tier>(*tier))
        .row("opened by", opened_by)
        .row("opened", time(*opened_at_ms))
        .rows("leaders", leaders.iter().map(|leader| id(leader)))
        .to_string();
    records.iter().fold(head, |text, one| format!("{text}\n{}", record::record(one)))
}

/// How far the confirmation of an outcome is.
#[must_use]
pub fn confirmed(record: &wire::Record, response: &wire::ConfirmOutcomeResponse) -> String {
    let wire::ConfirmOutcomeResponse { record: _, confirmed, leaders, queued_under, blocked } = response;
    let whole = if confirmed == leaders { "it counts as confirmed" } else { "it does not count as confirmed yet" };
    let block = Block::inner()
        .row("leaders", format!("{confirmed} of {leaders} confirmed; {whole}"))
        .rows("queued under", queued_under.iter().map(|referral| id(referral)))
        .rows("blocked under", blocked.iter().map(record::blocked));
    format!("{}{block}", record::record(record))
}

/// Who owns the case of a referral.
#[must_use]
pub fn tenure(tenure: &wire::Tenure) -> String {
    let wire::Tenure { referral_id, owner, owner_term, state, offered_term, since_ms } = tenure;
    let mut block = Block::new().row("referral", id(referral_id)).row("owner", owner).row("term", owner_term.to_string());
    block = block.row("hand-over", code::<wire::TenureState>(*state));
    if *offered_term > 0 {
        block = block.row("offered term", offered_term.to_string());
    }
    if *since_ms > 0 {
        block = block.row("since", time(*since_ms));
    }
    block.to_string()
}

/// Cases, one a line.
#[must_use]
pub fn list(cases: &[wire::Case]) -> String {
    let row = |case: &wire::Case| {
        vec![id(&case.case_id), case.case_number.clone(), code::<wire::Tier>(case.tier), id(&case.worker_id), time(case.opened_at_ms)]
    };
    table(&["case", "number", "tier", "worker", "opened"], cases.iter().map(row), "no cases")
}
