//! The node of one union.

pub mod ambient;
pub mod crash;
pub mod store;
