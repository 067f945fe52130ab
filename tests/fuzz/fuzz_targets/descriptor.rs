//! Descriptors, chains of them, and their files.
#![no_main]

use titian_tests::fuzz::descriptor;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    descriptor::enter(bytes);
});
