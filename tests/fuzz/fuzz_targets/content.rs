//! Bodies of envelopes.
#![no_main]

use titian_tests::fuzz::content;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    content::enter(bytes);
});
