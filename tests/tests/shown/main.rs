//! Everything that `titian` can do, shown: short stories as golden pages for whoever wants to see what she will read, and a check that no command is
//! missing from them.
//!
//! - [`cases`]: workers, cases, records, papers.
//! - [`consents`]: what she allows and takes back, and the proof that it is gone.
//! - [`referrals`]: what becomes of a request.
//! - [`hand_over`]: a case gets a new owner.
//! - [`agreements`]: from the draft to the end of an agreement.
//! - [`peers`]: other unions, bundles, breaches, stolen keys.
//! - [`office`]: accounts, the log, the node and its keys.
//! - [`every_command`]: none is missing.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

mod agreements;
mod cases;
mod consents;
mod every_command;
mod hand_over;
mod office;
mod peers;
mod referrals;
