//! The harness: unions as real `titian-node` processes in a folder of their own, driven through the `titian` command line as staff drive it.
//!
//! In reading order:
//! - [`programs`]: where the two programs are, built once if nobody did.
//! - [`node`]: one process: started, killed, stopped, restarted, its telemetry kept.
//! - [`account`] and [`answer`]: who calls, and what a call answered.
//! - [`union`](mod@union): a node and its staff.
//! - [`world`]: several unions; two that trust each other; two with an agreement in force.
//! - [`backup`]: what IT has kept of a node; [`disk`]: a disk whose power can be cut.
//! - [`sample`] and [`road`]: the returnee of `deploy/sample`, and the steps of her referral.
//! - [`fuzz`]: what strangers' bytes go through, for fuzzers and for tests.
//! - [`papers`]: the bytes of her documents.
//! - [`pair`], [`traffic`], [`meter`]: two unions for a bench, what is sent between them, and what it costs.
//! - [`port`]: ports that stay free.
//! - [`transcript`]: commands and outputs as a golden text.
//! - [`wait`]: the one place that waits.
//!
//! A harness that cannot go on panics with what it was doing: the test that called it has failed.
#![allow(clippy::panic, clippy::print_stderr, reason = "a harness fails the test that uses it, and says why on stderr")]

pub mod account;
pub mod answer;
pub mod backup;
pub mod disk;
pub mod fuzz;
pub mod meter;
pub mod node;
pub mod pair;
pub mod papers;
pub mod port;
pub mod programs;
pub mod road;
pub mod sample;
pub mod teller;
pub mod traffic;
pub mod transcript;
pub mod union;
pub mod wait;
pub mod world;
