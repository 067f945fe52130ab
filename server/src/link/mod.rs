//! Moving envelopes between two nodes, and nothing about their meaning.
//!
//! - [`links`]: one live session a peer, whoever dialled.
//! - [`session`]: the two hellos, then one that reads, one that takes in and one that speaks, until the stream ends.
//! - [`hello`]: who speaks, in which life of its database, and how far each lane has come.
//! - [`reader`]: hears the peer, and never waits for the line.
//! - [`inbox`]: takes what came, has it decided and written.
//! - [`speaker`]: says what was not said yet, the most urgent first.
//! - [`board`]: how the session stands, for those three.
//! - [`courier`]: takes what is durable in one lane of the outbox, past the gate.
//! - [`giving`]: what a peer that was restored gets back.
//! - [`documents`]: bytes of documents, asked for and given chunk by chunk.
//! - [`lanes`] and [`window`]: which lane goes next, and how much may be on the way.
//! - [`bundle`]: the same frames in a file, where there is no line.
//! - [`limits`]: every bound of a link, with its reason.

mod board;
pub mod bundle;
mod courier;
mod documents;
mod giving;
mod hello;
mod inbox;
mod lanes;
pub mod limits;
mod links;
mod reader;
mod session;
mod speaker;
mod window;

pub use links::Links;
