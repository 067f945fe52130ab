//! Erasures.

use titian_proto::wire;

use crate::codes::{list_codes, words};
use crate::output::block::Block;
use crate::output::table::table;
use crate::output::text::{id, time, yes};

/// One erasure, and what it does not prove.
#[must_use]
pub fn erasure(erasure: &wire::ReferralErasure) -> String {
    let wire::ReferralErasure {
        referral_id,
        peer,
        ground,
        asked_at_ms,
        due_ms,
        categories,
        here,
        there,
        answered_at_ms,
        onward,
        overdue,
        receipts,
    } = erasure;
    let what = if categories.is_empty() { "everything".to_owned() } else { list_codes::<wire::Category>(categories) };
    let receipts = match receipts {
        0 => "none yet".to_owned(),
        count => format!("{count}; the last came {}", time(*answered_at_ms)),
    };
    let block = Block::new()
        .row("referral", id(referral_id))
        .row("other union", peer)
        .row("why", words::<wire::ErasureGround>(*ground))
        .row("what", what)
        .row("asked", time(*asked_at_ms))
        .row("due", time(*due_ms))
        .row("overdue", yes(*overdue))
        .row("held here", words::<wire::Erasure>(*here))
        .row("held there", words::<wire::Erasure>(*there))
        .row("receipts", receipts)
        .rows("passed on to", onward.iter().map(onward_to));
    format!("{block}A receipt is the other union's signed promise, not a proof that no screenshot and no print-out was made.\n")
}

fn onward_to(onward: &wire::OnwardErasure) -> String {
    let wire::OnwardErasure { node_id, erased } = onward;
    format!("{node_id}: {}", if *erased { "erased" } else { "not yet answered" })
}

/// Erasures, one a line.
#[must_use]
pub fn list(erasures: &[wire::ReferralErasure]) -> String {
    let row = |one: &wire::ReferralErasure| {
        let answered = one.onward.iter().filter(|onward| onward.erased).count();
        let onward = if one.onward.is_empty() { String::new() } else { format!("{answered} of {}", one.onward.len()) };
        vec![
            id(&one.referral_id),
            one.peer.clone(),
            words::<wire::ErasureGround>(one.ground),
            words::<wire::Erasure>(one.here),
            words::<wire::Erasure>(one.there),
            onward,
            time(one.due_ms),
            yes(one.overdue),
        ]
    };
    table(&["referral", "other union", "why", "here", "there", "passed on", "due", "overdue"], erasures.iter().map(row), "no erasures")
}
