//! Moving envelopes between two nodes, and nothing about their meaning.
//!
//! - [`links`]: one live session a peer, whoever dialled.
//! - [`session`]: hello, then courier and inbox until the stream ends.
//! - [`courier`]: takes what is durable in the outbox and sends it, in the order of its lane.
//! - [`inbox`]: takes what arrives, has it decided and written, and answers when it is on stable storage.
//! - [`limits`]: every bound of a link, with its reason.

mod courier;
mod inbox;
pub mod limits;
mod links;
mod session;

pub use links::Links;
