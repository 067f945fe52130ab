//! What travels between two nodes: signed bytes, answered by a signed receipt. Signed bytes are stored and forwarded as they came; nothing
//! here re-encodes what must verify.
//!
//! - [`kind`]: kinds of envelope and the lane each takes.
//! - [`header`]: everything about an envelope but its content; its hash.
//! - [`outline`]: what a header of every version says.
//! - [`receipt`]: the recipient's answer to one envelope.
//! - [`seal`]: one signature over many hashes, each provable alone.
//! - [`keyring`]: the keys of one node, and what they verify.
//! - [`error`]: why something is not believed.

pub mod error;
pub mod header;
pub mod keyring;
pub mod kind;
pub mod outline;
pub mod receipt;
pub mod seal;

pub use error::EnvelopeError;
pub use header::{Behind, Header, envelope_hash, open_envelope};
pub use keyring::KeyRing;
pub use kind::{EnvelopeKind, Lane};
pub use outline::Outline;
pub use receipt::{Receipt, ReceiptOutcome, open_receipt, receipt_hash};
pub use seal::{SealContext, Signer};

#[cfg(test)]
mod tests;
