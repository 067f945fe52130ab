//! Whatever bytes a stranger sends, nothing that reads them panics or grows without end. `tests/fuzz` asks the same of libFuzzer, for as long as it
//! is left alone; here every target runs for a moment, from its seeds and from seeded changes of them.
#![allow(clippy::panic, reason = "a failing check is a failing test")]

use std::panic::catch_unwind;
use std::time::Duration;

use titian_tests::fuzz::mutation::{Numbers, mutated};
use titian_tests::fuzz::{TARGETS, Target};
use titian_tests::meter;
use titian_tests::programs::project;

/// Inputs for each target; with `tests/run --long` fifty times as many.
const INPUTS: u64 = 20_000;

/// What the test itself, its seeds and the largest input need at once, many times over.
const MEMORY_BYTES_MAX: u64 = 256 << 20;

/// No input may take so long: the slowest is a full chain of descriptors, in an unoptimised build.
const SLOWEST: Duration = Duration::from_secs(5);

#[test]
fn every_target_survives_its_seeds_and_what_becomes_of_them() {
    let inputs = if std::env::var_os("TITIAN_LONG").is_some() { 50 * INPUTS } else { INPUTS };
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for (number, seed) in seeds.iter().enumerate() {
            assert!(survive(&target, seed, &format!("seed {number}")), "{}: seed {number} is not read to the end", target.name);
        }
        for number in 0..inputs {
            let input = mutated(&seeds, &mut Numbers::of(number));
            survive(&target, &input, &format!("number {number}"));
        }
    }
    let peak = meter::peak_memory(std::process::id());
    assert!(peak < MEMORY_BYTES_MAX, "held {peak} bytes at once");
}

#[test]
fn every_target_is_one_of_the_fuzzers() {
    for target in TARGETS {
        let file = project().join(format!("tests/fuzz/fuzz_targets/{}.rs", target.name));
        assert!(file.exists(), "{} is missing", file.display());
    }
}

fn survive(target: &Target, input: &[u8], which: &str) -> bool {
    let start = std::time::Instant::now();
    let ended = catch_unwind(|| (target.enter)(input));
    let Ok(read) = ended else { panic!("{}, {which}: {}", target.name, printable(input)) };
    assert!(start.elapsed() < SLOWEST, "{}, {which} took {:?}: {}", target.name, start.elapsed(), printable(input));
    read
}

/// Hexadecimal: to be put into a test of its own.
fn printable(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
