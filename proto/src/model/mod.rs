//! The typed domain. One noun a file; each file holds the type, its rules and its conversions from and to the wire.

pub(crate) mod code;
mod reading;

mod advice;
pub mod agreement;
pub mod armor;
pub mod consent;
pub mod date;
pub mod descriptor;
pub mod id;
pub mod malformed;
pub mod record;
pub mod reference;
pub mod referral;
pub mod refusal;
pub mod slip;
pub mod staff;
pub mod statement;
pub mod task;
pub mod value;
pub mod vocabulary;
