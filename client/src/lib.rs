//! The command line of staff, IT and auditors, and the library beneath it. No rules live here: the node decides, this asks and shows.
//!
//! - [`desk`]: [`Desk`], a typed connection to one node; tests use it too.
//! - [`session`]: the file that keeps a session between two commands.
//! - [`input`]: files people write, as records and consents.
//! - [`commands`]: one file a noun.
//! - [`output`]: what people and scripts read.
//! - [`words`]: every code in the field's words, with what to do next.
//! - [`codes`]: closed lists as people write and read them.
//! - [`files`]: files that only their owner may read.
//! - [`failure`]: why a command failed, and its exit code.

pub mod codes;
pub mod commands;
pub mod desk;
pub mod failure;
pub mod files;
pub mod input;
pub mod output;
pub mod session;
pub mod words;

pub use desk::{Desk, DeskError, ErrorKind, Flow};
