//! Why a call to a node failed: its stable code, and what to do next.

use titian_proto::model::refusal::RefusalCode;
use titian_proto::wire;
use tonic::{Code, Status};

use crate::words;

/// Metadata that carries the stable code.
const CODE: &str = "titian-code";
/// Metadata that carries the paths of the fields concerned, with commas.
const PATHS: &str = "titian-paths";
/// Metadata that says what to do next.
const NEXT_STEP: &str = "titian-next-step";

/// A call that failed. Holds no personal data: codes, paths and sentences only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct DeskError {
    /// Stable code: a refusal code such as NO_CONSENT, or one of the desk such as WRONG_STATE.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub next_step: String,
    /// Which fields, as paths.
    pub paths: Vec<String>,
    /// Whose fault, in the classes of the exit codes.
    pub kind: ErrorKind,
}

/// Class of a failure. Each has an exit code of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The gate said no.
    Refused,
    /// Sign-in, session or role.
    SignIn,
    /// There is no such thing.
    NotFound,
    /// The node cannot be reached or does not answer.
    Unreachable,
    /// State or revision is another one.
    Conflict,
    /// What was given cannot be read.
    Input,
    /// Wrong use of a command or a setting.
    Usage,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// Exit code of the command line.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::SignIn => 4,
            Self::NotFound => 5,
            Self::Unreachable => 6,
            Self::Conflict => 7,
            Self::Input => 8,
        }
    }
}

impl DeskError {
    /// One of this program's own failures, in the words of [`words::TABLE`].
    #[must_use]
    pub fn local(code: &str, kind: ErrorKind) -> Self {
        let (message, next_step) = words::sentences(code);
        Self { code: code.to_owned(), message: message.to_owned(), next_step: next_step.to_owned(), paths: Vec::new(), kind }
    }

    /// A refusal that came in an answer, not as an error.
    #[must_use]
    pub fn from_refusal(refusal: &wire::Refusal) -> Self {
        let wire::Refusal { code, paths } = refusal;
        let code = crate::codes::code::<wire::RefusalCode>(*code);
        Self { paths: paths.clone(), ..Self::local(&code, kind_of(&code, Code::FailedPrecondition)) }
    }
}

impl From<Status> for DeskError {
    fn from(status: Status) -> Self {
        let metadata = |key: &str| status.metadata().get(key).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let code = match metadata(CODE) {
            code if code.is_empty() => code_of(status.code()).to_owned(),
            code => code,
        };
        let own = Self::local(&code, kind_of(&code, status.code()));
        let transport = metadata(CODE).is_empty();
        let message =
            if words::says_all(&code) || transport || status.message().is_empty() { own.message } else { sentence(status.message()) };
        let next_step = match metadata(NEXT_STEP) {
            next if next.is_empty() || words::says_all(&code) => own.next_step,
            next => next,
        };
        let paths = metadata(PATHS).split(',').map(str::trim).filter(|path| !path.is_empty()).map(str::to_owned).collect();
        Self { code, message, next_step, paths, kind: own.kind }
    }
}

/// The node's sentence as it stands alone: with a capital letter and a full stop.
fn sentence(message: &str) -> String {
    let mut letters = message.trim_end_matches('.').chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}

/// The class of a code; where this program does not know it, that of the gRPC status.
fn kind_of(code: &str, status: Code) -> ErrorKind {
    match code {
        "MALFORMED" | "FREE_TEXT_FORBIDDEN" | "BAD_INPUT" => ErrorKind::Input,
        "SIGN_IN_FAILED" | "LOCKED_OUT" | "SESSION_ENDED" | "NOT_SIGNED_IN" | "ROLE_FORBIDS" => ErrorKind::SignIn,
        "NOT_FOUND" => ErrorKind::NotFound,
        "WRONG_STATE" | "STALE_REVISION" | "CONFLICT" => ErrorKind::Conflict,
        "STORAGE_FULL" | "INTERNAL" => ErrorKind::Other,
        "NODE_UNREACHABLE" | "NO_ANSWER" => ErrorKind::Unreachable,
        code if RefusalCode::from_code(code).is_ok() => ErrorKind::Refused,
        _ => kind_of_status(status),
    }
}

fn kind_of_status(status: Code) -> ErrorKind {
    match status {
        Code::Unauthenticated | Code::PermissionDenied => ErrorKind::SignIn,
        Code::NotFound => ErrorKind::NotFound,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => ErrorKind::Unreachable,
        Code::Aborted | Code::AlreadyExists | Code::FailedPrecondition => ErrorKind::Conflict,
        Code::InvalidArgument | Code::OutOfRange => ErrorKind::Input,
        Code::Ok | Code::Unknown | Code::ResourceExhausted | Code::Unimplemented | Code::Internal | Code::DataLoss => ErrorKind::Other,
    }
}

/// A code of our own for an error that came without one: from the transport, not from the desk.
fn code_of(status: Code) -> &'static str {
    match status {
        Code::Unavailable => "NODE_UNREACHABLE",
        Code::DeadlineExceeded | Code::Cancelled => "NO_ANSWER",
        Code::Unauthenticated => "SESSION_ENDED",
        Code::PermissionDenied => "ROLE_FORBIDS",
        Code::NotFound => "NOT_FOUND",
        Code::Unimplemented => "NOT_A_TITIAN_NODE",
        Code::Aborted | Code::AlreadyExists | Code::FailedPrecondition => "WRONG_STATE",
        Code::InvalidArgument | Code::OutOfRange => "MALFORMED",
        Code::Ok | Code::Unknown | Code::ResourceExhausted | Code::Internal | Code::DataLoss => "INTERNAL",
    }
}
