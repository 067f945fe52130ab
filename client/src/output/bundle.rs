//! Bundles.

use titian_proto::wire;

use crate::codes::{code, words};
use crate::output::block::Block;
use crate::output::text::{count, time, yes};

/// What a bundle holds.
#[must_use]
pub fn contents(contents: &wire::BundleContents) -> String {
    let wire::BundleContents { recipient, envelopes, purged, receipts, bytes, withheld, given_back } = contents;
    let withheld = withheld.iter().map(|wire::WithheldLane { lane, code: why, envelopes }| {
        format!("{envelopes} of the lane {}: {}", words::<wire::Lane>(*lane), code::<wire::RefusalCode>(*why))
    });
    Block::new()
        .row("for", recipient)
        .row("envelopes", envelopes.to_string())
        .row("without body", count(*purged))
        .row("receipts", receipts.to_string())
        .row("given back", count(*given_back))
        .row("bytes", count(*bytes))
        .rows("stay here", withheld)
        .to_string()
}

/// What became of a bundle.
#[must_use]
pub fn intake(intake: &wire::BundleIntake) -> String {
    let wire::BundleIntake {
        sender,
        made_at_ms,
        applied,
        not_applied,
        refusals,
        known,
        settled,
        settled_before,
        strange_receipts,
        gaps,
        passed_over,
        quarantined,
        given_back,
    } = intake;
    let refusals =
        refusals.iter().map(|wire::BundleRefusal { code: why, envelopes }| format!("{envelopes} by {}", code::<wire::RefusalCode>(*why)));
    let gaps = gaps.iter().map(|wire::BundleGap { lane, expected, found, envelopes }| {
        let lane = words::<wire::Lane>(*lane);
        format!(
            "{envelopes} of the lane {lane}: place {expected} comes next, and the file goes on at {found}; take the earlier file in first"
        )
    });
    Block::new()
        .row("from", sender)
        .row("made", time(*made_at_ms))
        .row("applied", applied.to_string())
        .row("not applied", count(*not_applied))
        .rows("refused", refusals)
        .row("here before", count(*known))
        .row("receipts", settled.to_string())
        .row("receipts before", count(*settled_before))
        .row("given back", count(*given_back))
        .row("strange receipts", count(*strange_receipts))
        .row("passed over", count(*passed_over))
        .row("quarantined", yes(*quarantined))
        .rows("missing", gaps)
        .to_string()
}

/// How much of a bundle has been taken in: envelopes and receipts.
#[must_use]
pub fn taken(intake: &wire::BundleIntake) -> u64 {
    let waiting: u64 = intake.gaps.iter().map(|gap| gap.envelopes).sum();
    intake.applied + intake.not_applied + intake.known + intake.settled + intake.settled_before + intake.strange_receipts + waiting
}
