//! The node of one union. The map, in reading order:
//!
//! - [`config`], [`telemetry`], [`ambient`]: what a node is told, what it tells, and where time and randomness come in.
//! - [`federation`]: the border to other unions.
//! - [`init`]: makes a new node's folder.
//! - [`exit`]: how the process ends.

pub mod ambient;
pub mod federation;
