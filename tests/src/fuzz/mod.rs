//! What strangers' bytes go through before anybody believes them: entry functions for fuzzers. Ordinary tests call the same functions with seeds
//! and seeded mutations of them (`tests/tests/fuzz.rs`); `tests/fuzz` hands them to libFuzzer.
//!
//! An entry function takes any bytes. It never panics, whatever they are, except with a finding: something was read that does not come back the
//! same when it is written and read again. What was signed is exempt: its bytes are kept and never written anew. It says whether the bytes were
//! read to the end: every seed must be, or the mutations of it would test nothing but the first line of a parser.
//!
//! - [`frame`]: a frame of the link, and everything the border reads out of it.
//! - [`content`]: the body of an envelope; its first byte chooses the kind in the header.
//! - [`log`]: a leaf of a log.
//! - [`descriptor`]: one descriptor, a chain of them, and the file in which it is exchanged.
//! - [`agreement`]: statements, and the agreement file that carries them.
//! - [`seeds`]: inputs that are read to the end, for mutations to start from.
//! - [`mutation`]: seeded changes of an input.

pub mod agreement;
pub mod content;
pub mod descriptor;
pub mod frame;
pub mod log;
pub mod mutation;
pub mod seeds;

use titian_proto::model::date::Instant;

/// One thing that strangers' bytes go through.
pub struct Target {
    /// Its name here and in `tests/fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Takes any bytes, and says whether they were read to the end.
    pub enter: fn(&[u8]) -> bool,
    /// Inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: [Target; 7] = [
    Target { name: "frame", enter: frame::enter, seeds: seeds::frames },
    Target { name: "content", enter: content::enter, seeds: seeds::contents },
    Target { name: "leaf", enter: log::enter, seeds: seeds::leaves },
    Target { name: "descriptor", enter: descriptor::enter, seeds: seeds::descriptors },
    Target { name: "statement", enter: agreement::enter_statement, seeds: seeds::statements },
    Target { name: "agreement", enter: agreement::enter_file, seeds: seeds::agreement_files },
    Target { name: "agreement_text", enter: agreement::enter_text, seeds: seeds::agreement_texts },
];

/// The moment of the golden vectors, at which their keys sign: 2026-03-02T02:32:34.321Z.
const NOW: Instant = Instant::from_millis(1_772_418_754_321);

/// What was read comes back the same.
fn assert_same<T: PartialEq, E>(read: &T, again: Result<T, E>) {
    assert!(again.is_ok_and(|again| again == *read), "what was read does not come back when it is written and read again");
}
