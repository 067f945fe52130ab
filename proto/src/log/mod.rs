//! What auditors read: what crossed the border, without personal data.
//!
//! - [`event`]: what can stand in the log, and which fields each event has.
//! - [`leaf`]: one entry, in canonical JSON; [`draft`]: the same before it takes its seat.
//! - [`commitment`]: what an entry says of a content without telling it.
//! - [`tree`]: the Merkle tree of RFC 6962; [`proof`]: that a leaf stands in it, and that it only grew.
//! - [`tile`]: the tree and its leaves in files (C2SP tlog-tiles).
//! - [`policy`]: whom an auditor trusts (C2SP tlog-policy).
//! - [`proof_file`]: the proof of one leaf, to be given away (C2SP tlog-proof).
//! - [`note`]: signed lines (C2SP signed-note), by a log or a witness; [`checkpoint`]: the head of a log in one.

mod canonical;
pub mod checkpoint;
pub mod commitment;
pub mod draft;
pub mod event;
mod hex16;
pub mod leaf;
pub mod note;
pub mod policy;
pub mod proof;
pub mod proof_file;
pub mod tile;
pub mod tree;

pub use draft::LeafDraft;
pub use event::Event;
pub use leaf::Leaf;
