//! Workers.

use titian_proto::wire;
use titian_proto::wire::record_content::Content;

use crate::codes::words;
use crate::output::block::Block;
use crate::output::record;
use crate::output::table::table;
use crate::output::text::{id, time};

/// A worker with her records.
#[must_use]
pub fn worker(worker: &wire::Worker) -> String {
    let wire::Worker { worker_id, records, added_at_ms, reporting } = worker;
    let head = Block::new()
        .row("worker", id(worker_id))
        .row("added", time(*added_at_ms))
        .row("counted in reports", words::<wire::ReportingConsent>(*reporting))
        .to_string();
    records.iter().fold(head, |text, one| format!("{text}\n{}", record::record(one)))
}

/// Workers, one a line.
#[must_use]
pub fn list(workers: &[wire::Worker]) -> String {
    let row = |worker: &wire::Worker| vec![id(&worker.worker_id), name(worker), time(worker.added_at_ms)];
    table(&["worker", "name", "added"], workers.iter().map(row), "no workers")
}

/// Who was found, one a line.
#[must_use]
pub fn found(answer: &wire::FindWorkersResponse) -> String {
    let row = |one: &wire::FoundWorker| {
        let wire::FoundWorker { worker_id, referral_id, shared_by, full_name } = one;
        let place = if referral_id.is_empty() { format!("worker {}", id(worker_id)) } else { format!("referral {}", id(referral_id)) };
        vec![place, full_name.clone(), shared_by.clone()]
    };
    let all = table(&["found", "name", "shared by"], answer.found.iter().map(row), "nobody");
    if answer.more { format!("{all}There are more; add a word.\n") } else { all }
}

fn name(worker: &wire::Worker) -> String {
    let name = worker.records.iter().find_map(|record| match record.content.as_ref()?.content.as_ref()? {
        Content::Identity(identity) => Some(identity.full_name.clone()),
        _ => None,
    });
    name.unwrap_or_default()
}
