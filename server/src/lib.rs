//! The node of one union. The map, in reading order:
//!
//! - [`node`]: the one composition root.
//! - [`init`]: makes a new node's folder.
//! - [`federation`]: the border to other unions.
//! - [`config`], [`telemetry`], [`ambient`], [`exit`]: what a node is told, what it tells, where time and randomness come in, how it ends.

pub mod ambient;
pub mod config;
pub mod exit;
pub mod federation;
pub mod init;
pub mod node;
pub mod telemetry;
