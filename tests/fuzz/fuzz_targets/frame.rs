//! Frames of the link.
#![no_main]

use titian_tests::fuzz::frame;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    frame::enter(bytes);
});
