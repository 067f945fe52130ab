//! Statements about agreements.
#![no_main]

use titian_tests::fuzz::agreement;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    agreement::enter_statement(bytes);
});
