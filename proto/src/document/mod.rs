//! The bytes of a document, as both unions treat them: what may be one, without what it gives away, in chunks that are sealed for one recipient.
//!
//! - [`media`]: the type is what the bytes are, never what somebody calls them.
//! - [`clean`]: images without what a camera writes beside the picture.
//! - [`chunks`]: pieces of one size, and the tree whose root is the content digest.
//! - [`key`]: sealing, at rest and for one recipient.
//! - [`frames`]: what two nodes say to each other about bytes.

pub mod chunks;
pub mod clean;
pub mod frames;
pub mod key;
pub mod media;
