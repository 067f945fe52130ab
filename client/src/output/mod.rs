//! What people and scripts read: aligned blocks and tables, or with `--json` the canonical proto3 JSON of the message that the node answered
//! (of a stream: one document a line).

pub mod agreement;
pub mod block;
pub mod breach;
pub mod bundle;
pub mod case;
pub mod consent;
pub mod document;
pub mod erasure;
pub mod log;
pub mod node;
pub mod peer;
pub mod progress;
pub mod record;
pub mod referral;
pub mod report;
pub mod slip;
pub mod staff;
pub mod table;
pub mod task;
pub mod text;
pub mod worker;

use std::io::Write;

use serde::Serialize;

use crate::failure::{Failure, Report};

/// Where a command's answer goes, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// For people, or with `json` for scripts.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether scripts read it.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Shows one message.
    ///
    /// # Errors
    /// When the output is closed or full.
    pub fn show<M: Serialize>(self, message: &M, human: impl FnOnce(&M) -> String) -> Result<(), Failure> {
        let mut text = if self.json { serde_json::to_string(message).map_err(std::io::Error::from)? } else { human(message) };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.raw(text.as_bytes())
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the output is closed or full.
    pub fn raw(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    }

    /// Says something beside the answer, to people only.
    pub fn note(self, text: &str) {
        if !self.json {
            complain(text);
        }
    }

    /// Shows a failure, once: to people on the standard error, to scripts as a document on the standard output.
    pub fn failure(self, failure: &Failure) {
        let report = failure.report();
        match (self.json, failure) {
            (true, Failure::Blocked(_) | Failure::Unfinished(_)) => {} // the answer that was shown says it
            (true, _) => drop(self.raw(format!("{}\n", failure_json(&report)).as_bytes())),
            (false, _) => complain(&failure_text(&report)),
        }
    }
}

/// A failure for people.
#[must_use]
pub fn failure_text(report: &Report) -> String {
    let Report { code, paths, what, next, refused, exit: _ } = report;
    let mut text = format!("{}: {}\n  what: {}\n", if *refused { "refused" } else { "failed" }, text::clean(code), text::clean(what));
    if !paths.is_empty() {
        text.push_str(&format!("  where: {}\n", text::clean(&paths.join(", "))));
    }
    text.push_str(&format!("  next: {}\n", text::clean(next)));
    text
}

/// A failure for scripts.
#[must_use]
pub fn failure_json(report: &Report) -> serde_json::Value {
    let Report { code, paths, what, next, refused: _, exit } = report;
    serde_json::json!({ "error": { "code": code, "paths": paths, "message": what, "nextStep": next, "exitCode": exit } })
}

/// Writes to the standard error. Where even that is closed, nobody is left to tell.
fn complain(text: &str) {
    drop(std::io::stderr().lock().write_all(format!("{}\n", text.trim_end()).as_bytes()));
}
