//! The contract between unions: the messages, and the rules that both ends apply to them.
//!
//! Pure: nothing here reads a clock, a disk or a network; `now` is an argument. The map, in reading order:
//!
//! - [`model`]: the typed domain, one noun a file, and the only conversions from the wire.
//! - [`gate`]: the one decision whether something may go to a peer: a permit or a refusal.
//! - [`document`]: the bytes of a document: what may be one, cleaned, in sealed chunks.
//! - [`envelope`]: what travels: sign, verify, receipt.
//! - [`bundle`]: the frames of the link in a file, sealed to one union.
//! - [`log`]: what auditors read: the leaf and its commitments.
//! - [`wire`]: the generated messages. Nothing behind a node's border sees them.

pub mod bundle;
pub mod document;
pub mod envelope;
pub mod gate;
pub mod log;
pub mod model;
pub mod wire;
