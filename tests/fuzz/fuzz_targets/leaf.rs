//! Leaves of a log.
#![no_main]

use titian_tests::fuzz::log;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    log::enter(bytes);
});
