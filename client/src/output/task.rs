//! Tasks: ids and days, and what to do. No names.

use std::collections::BTreeSet;

use titian_proto::model::task::TaskKind;
use titian_proto::wire;

use crate::codes::words;
use crate::output::table::table;
use crate::output::text::{id, time};

/// Tasks, one a line, and under them what to do about each kind.
#[must_use]
pub fn list(tasks: &[wire::Task]) -> String {
    let row = |task: &wire::Task| {
        let wire::Task { task_id, kind, due_ms, overdue, worker_id, referral_ids, peer, to_be_closed } = task;
        let due = format!("{}{}", time(*due_ms), if *overdue { ", overdue" } else { "" });
        let referral = match referral_ids.as_slice() {
            [] => String::new(),
            [one] => id(one),
            [first, rest @ ..] => format!("{} and {} more", id(first), rest.len()),
        };
        vec![
            words::<wire::TaskKind>(*kind),
            due,
            peer.clone(),
            id(worker_id),
            referral,
            if *to_be_closed { id(task_id) } else { String::new() },
        ]
    };
    let rows = table(&["what", "due", "other union", "worker", "referral", "close with"], tasks.iter().map(row), "nothing waits");
    let kinds: BTreeSet<TaskKind> = tasks.iter().filter_map(|task| TaskKind::from_wire(task.kind).ok()).collect();
    kinds.iter().fold(rows, |text, kind| format!("{text}\n{}: {}\n", words::<wire::TaskKind>(kind.to_wire()), kind.next_step()))
}

/// How much waits, kind by kind.
#[must_use]
pub fn counts(counts: &[wire::TaskCount]) -> String {
    let row = |count: &wire::TaskCount| {
        let wire::TaskCount { kind, waiting, overdue } = count;
        vec![words::<wire::TaskKind>(*kind), waiting.to_string(), overdue.to_string()]
    };
    table(&["waits for you", "how many", "overdue"], counts.iter().map(row), "nothing waits for you")
}
