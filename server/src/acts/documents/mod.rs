//! Bytes of documents: attached, read, given to a peer piece by piece, pulled from one, swept up.
//!
//! - [`attach`]: staff give a record its bytes.
//! - [`read`]: staff read bytes, and see how far they have come.
//! - [`release`]: a peer asks for chunks; the gate is asked for every one.
//! - [`pull`]: this node holds a share and wants its bytes.
//! - [`follow`]: bytes go where their records go, and away with them.
//! - [`sweep`]: what nobody owns any more goes piece by piece.

pub mod attach;
pub mod follow;
pub mod pull;
mod question;
pub mod read;
pub mod release;
pub mod sweep;
