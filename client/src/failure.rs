//! Why a command failed: said once, at the edge, with an exit code.

use std::path::PathBuf;

use titian_proto::wire;

use crate::desk::{DeskError, ErrorKind};
use crate::input::InputError;

/// A command that failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The node said no, or could not be reached.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// What was given cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A file cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The session file cannot be read or written.
    #[error("{}", path.display())]
    Session {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The answer was shown; it says that something stays blocked.
    #[error("{0}")]
    Blocked(DeskError),
    /// The answer was shown; it says that something is still to be done first.
    #[error("{0}")]
    Unfinished(DeskError),
    /// The answer could not be written out.
    #[error("output")]
    Output(#[from] std::io::Error),
}

/// What is shown of a failure.
pub struct Report {
    /// Stable code.
    pub code: String,
    /// Which fields.
    pub paths: Vec<String>,
    /// What happened.
    pub what: String,
    /// What to do next.
    pub next: String,
    /// Whether it is one of the gate's codes.
    pub refused: bool,
    /// Exit code.
    pub exit: u8,
}

impl Failure {
    /// A failure of this program, in the words of its table.
    #[must_use]
    pub fn local(code: &str, kind: ErrorKind) -> Self {
        Self::Desk(DeskError::local(code, kind))
    }

    /// A referral that stays blocked, after it was shown.
    #[must_use]
    pub fn blocked(refusal: &wire::Refusal) -> Self {
        Self::Blocked(DeskError::from_refusal(refusal))
    }

    /// Work that stays unfinished, after its answer was shown.
    #[must_use]
    pub fn unfinished(code: &str, kind: ErrorKind) -> Self {
        Self::Unfinished(DeskError::local(code, kind))
    }

    /// Whether the reader of the output has gone away (`titian log list | head`): nothing went wrong.
    #[must_use]
    pub fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// What to show.
    #[must_use]
    pub fn report(&self) -> Report {
        match self {
            Self::Desk(error) | Self::Unfinished(error) => Report::of(error, None),
            Self::Blocked(error) => Report { exit: ErrorKind::Refused.exit_code(), ..Report::of(error, None) },
            Self::Input(error) => {
                Report { paths: error.paths(), ..Report::of(&DeskError::local("BAD_INPUT", ErrorKind::Input), Some(error.to_string())) }
            }
            Self::File { path, source } => {
                Report::of(&DeskError::local("FILE", ErrorKind::Input), Some(format!("{}: {source}", path.display())))
            }
            Self::Session { path, source } => {
                Report::of(&DeskError::local("SESSION_FILE", ErrorKind::SignIn), Some(format!("{}: {source}", path.display())))
            }
            Self::Output(source) => Report::of(&DeskError::local("OUTPUT", ErrorKind::Other), Some(source.to_string())),
        }
    }
}

impl Report {
    fn of(error: &DeskError, what: Option<String>) -> Self {
        let DeskError { code, message, next_step, paths, kind } = error;
        Self {
            code: code.clone(),
            paths: paths.clone(),
            what: what.unwrap_or_else(|| message.clone()),
            next: next_step.clone(),
            refused: titian_proto::model::refusal::RefusalCode::from_code(code).is_ok(),
            exit: kind.exit_code(),
        }
    }
}
