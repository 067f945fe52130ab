//! The world bites: each deliberate fault is caught by the invariant that is there for it, within a few seeds.

use titian_server::mutant;

use crate::schedule;

/// Most seeds that a fault may survive.
const SEEDS_MAX: u64 = 600;

/// Plays seeds with a fault switched on until an invariant breaks. What was caught, and by which seed.
///
/// # Panics
/// When another invariant breaks than this, or none does.
fn caught(fault: &'static str, invariant: &str) -> String {
    schedule::prepare();
    mutant::switch(Some(fault));
    let found = (1..=SEEDS_MAX).find_map(|seed| Some((seed, schedule::play(seed).violation?)));
    mutant::switch(None);
    let Some((seed, violation)) = found else { panic!("{fault} survives {SEEDS_MAX} seeds") };
    assert!(violation.starts_with(invariant), "{fault} should break \"{invariant}\" and at seed {seed} breaks {violation}");
    format!("{fault}: seed {seed}: {violation}")
}

/// One test a fault.
macro_rules! mutants {
    ($( $name:ident: $fault:literal breaks $invariant:literal; )+) => {
        $(
            #[test]
            fn $name() {
                println!("{}", caught($fault, $invariant));
            }
        )+
    };
}

mutants! {
    an_acknowledgement_before_the_sync_is_caught: "acknowledge-before-sync" breaks "acknowledged means stored";
    sending_before_the_sync_is_caught: "send-before-sync" breaks "acknowledged means stored";
    a_change_that_is_not_written_is_caught: "change-is-not-written" breaks "acknowledged means stored";
    a_queue_trimmed_at_a_restart_is_caught: "trim-the-queue-at-restart" breaks "eventually receipts arrive";
    a_forgetful_gate_on_the_way_out_is_caught: "no-gate-on-the-way-out" breaks "no overshare";
    a_forgetful_gate_on_arrival_is_caught: "no-gate-on-arrival" breaks "no overshare";
    a_gate_not_asked_at_dispatch_is_caught: "no-gate-at-dispatch" breaks "no overshare";
    a_forgotten_dedupe_is_caught: "forget-the-dedupe" breaks "finally both logs reconcile";
    a_skipped_receipt_is_caught: "skip-a-receipt" breaks "eventually receipts arrive";
    an_unsigned_receipt_that_is_believed_is_caught: "believe-an-unsigned-receipt" breaks "finally both logs reconcile";
    a_broken_order_of_a_case_is_caught: "break-the-order-of-a-case" breaks "finally the order of each case held";
    a_suspension_that_is_forgotten_is_caught: "suspension-is-forgotten" breaks "no overshare";
    a_withdrawal_that_does_not_purge_is_caught: "withdrawal-does-not-purge" breaks "no overshare";
    a_withdrawal_that_does_not_freeze_is_caught: "withdrawal-does-not-freeze" breaks "acknowledged means stored";
    a_retract_that_is_ignored_is_caught: "retract-is-ignored" breaks "eventually a peer holds what it was given";
    the_last_word_winning_is_caught: "the-last-word-wins" breaks "eventually both sides agree";
    a_restored_node_that_goes_on_in_its_old_life_is_caught: "import-goes-on-in-the-old-life" breaks "eventually receipts arrive";
    a_peer_that_returns_no_receipts_is_caught: "return-no-receipts" breaks "one story";
    what_was_given_back_and_not_heard_is_caught: "count-what-was-given-back-as-heard" breaks "eventually receipts arrive";
    a_withdrawal_that_a_restore_undoes_is_caught: "restore-what-was-withdrawn" breaks "eventually both sides agree";
    a_gap_in_a_channel_is_caught: "leave-a-gap-in-a-channel" breaks "finally both logs reconcile";
}
