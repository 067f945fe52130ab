//! Breaches.

use titian_proto::wire;

use crate::codes::list_codes;
use crate::output::block::Block;
use crate::output::table::table;
use crate::output::text::{id, time, yes};

/// One breach: what, who knows, and what a person has to do.
#[must_use]
pub fn breach(breach: &wire::Breach) -> String {
    let wire::Breach {
        breach_id,
        told_by,
        found_at_ms,
        noted_at_ms,
        due_ms,
        overdue,
        categories,
        referral_ids,
        told,
        settled_by,
        settled_at_ms,
    } = breach;
    let block = Block::new()
        .row("breach", id(breach_id))
        .row("found", time(*found_at_ms))
        .row("written down", time(*noted_at_ms))
        .row("what", list_codes::<wire::Category>(categories))
        .row("due", time(*due_ms))
        .row("overdue", yes(*overdue))
        .rows("referral", referral_ids.iter().map(|referral| id(referral)));
    if told_by.is_empty() {
        let block = block.rows("told to", told.iter().map(told_to));
        return format!("{block}Call whoever has not answered: their workers must be told in time, too.\n");
    }
    let block = block.row("told by", told_by);
    match settled_by.as_str() {
        "" => format!(
            "{block}Tell the workers concerned, in the way in which each can be reached safely and no other; then titian breach settle {}.\n",
            id(breach_id)
        ),
        who => block.row("seen to by", who).row("on", time(*settled_at_ms)).to_string(),
    }
}

/// Breaches, one a line.
#[must_use]
pub fn list(breaches: &[wire::Breach]) -> String {
    let row = |one: &wire::Breach| {
        let answered = one.told.iter().filter(|told| told.answered_at_ms != 0).count();
        let state = match (one.told_by.is_empty(), one.settled_by.is_empty()) {
            (true, _) => format!("{answered} of {} know", one.told.len()),
            (false, true) => "to be seen to".to_owned(),
            (false, false) => "seen to".to_owned(),
        };
        let place = if one.told_by.is_empty() { "here".to_owned() } else { one.told_by.clone() };
        vec![id(&one.breach_id), place, time(one.found_at_ms), list_codes::<wire::Category>(&one.categories), state, yes(one.overdue)]
    };
    table(&["breach", "where", "found", "what", "state", "overdue"], breaches.iter().map(row), "no breaches")
}

fn told_to(told: &wire::BreachTold) -> String {
    let wire::BreachTold { node_id, answered_at_ms } = told;
    match answered_at_ms {
        0 => format!("{node_id}: not yet answered"),
        answered => format!("{node_id}: knows since {}", time(*answered)),
    }
}
