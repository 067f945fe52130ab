//! What an actor may do, one file a noun; each act loads, decides and writes once.
//!
//! - `actor`: who.
//! - `error`: why not; `advice`: what each refusal means and what to do next.
//! - `staff`: accounts and sessions.
//! - `node`: how the node is, and the export of its store.
//! - `log`: what auditors read.

pub mod actor;
pub mod advice;
pub mod error;
pub mod log;
pub mod node;
pub mod staff;
