//! The generated messages of `titian/v1/*.proto`; their comments are the reference. Regenerate with
//! `cargo run -p titian-proto --example generate`.
//!
//! None of these types has a derived `Debug`: most can hold personal data.

#![allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]

include!("gen/titian.v1.rs");
#[cfg(feature = "json")]
include!("gen/titian.v1.serde.rs");

/// The compiled descriptors of the contract, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!("gen/titian.v1.descriptors.bin");
