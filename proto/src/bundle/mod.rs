//! Bundles: the frames of the link in a file, sealed to one union. The layout of the file stands in `titian/v1/bundle.proto`.
//!
//! Streaming at both ends: one chunk is in memory, whatever the size of the file. Randomness is an argument.
//!
//! - [`preamble`]: what stands in the clear: who sealed what to whom, signed by the sender.
//! - [`key`]: the key that bundles are sealed to.
//! - [`sealer`]: frames into chunks.
//! - [`cutter`]: bytes, as they come, into the preamble and chunks.
//! - [`opener`]: chunks into frames.
//! - [`error`]: why a bundle is not taken in or cannot be made.

pub mod cutter;
pub mod error;
pub mod key;
pub mod opener;
pub mod preamble;
pub mod sealer;
mod suite;

pub use cutter::{Cutter, SealedChunk};
pub use error::BundleError;
pub use key::SealingKey;
pub use opener::Opener;
pub use preamble::{Preamble, Suite};
pub use sealer::{Recipient, Sealer};

/// Largest frame in a chunk, in bytes: the largest frame of the link.
pub const FRAME_BYTES_MAX: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests;
