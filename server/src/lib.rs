//! The node of one union. The map, in reading order:
//!
//! - [`node`]: the one composition root.
//! - [`init`]: makes a new node's folder.
//! - [`desk`]: the border to staff.
//! - [`federation`]: the border to other unions.
//! - [`acts`]: what an actor may do: load, decide, write.
//! - [`link`]: moving envelopes, nothing about their meaning.
//! - [`store`]: the only place that knows a database.
//! - [`config`], [`telemetry`], [`ambient`], [`exit`], [`crash`]: what a node is told, what it tells, where time and randomness come in, how it ends.
//! - [`mutant`]: faults that the simulated world must catch.

pub mod acts;
pub mod ambient;
pub mod config;
pub mod crash;
pub mod desk;
pub mod exit;
pub mod federation;
pub mod init;
pub mod link;
pub mod mutant;
pub mod node;
pub mod store;
pub mod telemetry;

#[cfg(test)]
pub(crate) mod testing;
