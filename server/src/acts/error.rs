//! Why an act was not done. One type for every act; each error has a stable code, one sentence, and what to do next. None holds personal data.

use titian_proto::bundle::BundleError;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::DescriptorError;
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::Refusal;

use crate::store::StoreError;

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The gate refused.
    #[error("the gate refused: {}", .0.code.meaning().trim_end_matches('.'))]
    Refused(Refusal),
    /// There is no such thing, or this role may not know of it.
    #[error("there is no such {what}")]
    NotFound {
        /// The noun, such as "referral".
        what: &'static str,
    },
    /// It exists, but its state does not allow this.
    #[error("it is {state}; this needs {wanted}")]
    WrongState {
        /// What it is.
        state: &'static str,
        /// What it would have to be.
        wanted: &'static str,
    },
    /// Somebody changed it in between.
    #[error("it was changed by somebody else in the meantime")]
    StaleRevision,
    /// It belongs to the other union.
    #[error("it belongs to the other union, and only that union changes it")]
    NotYours,
    /// The case was handed over.
    #[error("the case was handed over to {owner}, and only that union changes it")]
    HandedOver {
        /// Whose it is now.
        owner: NodeId,
    },
    /// The case is offered to another union.
    #[error("the case is offered to {next}, and nobody changes it until that is decided")]
    InEscrow {
        /// Whose it would be.
        next: NodeId,
    },
    /// She said that a paper is not safe for her to carry.
    #[error("she said that a paper is not safe for her to carry")]
    PaperUnsafe,
    /// The second person is the first.
    #[error("nobody approves a referral of one's own")]
    OwnApproval,
    /// The second officer is the first.
    #[error("the same officer confirmed this peer before; a second officer must")]
    SameOfficer,
    /// The words read aloud are not those of the descriptor.
    #[error("the words are not those of the peer's fingerprint")]
    FingerprintDiffers,
    /// A descriptor or its chain is not believed.
    #[error("the descriptor is not believed: {0}")]
    Descriptor(#[from] DescriptorError),
    /// A bundle is not taken in, or cannot be made.
    #[error("{0}")]
    Bundle(#[from] BundleError),
    /// The input breaks a rule of its form.
    #[error("the input cannot be used: {0}")]
    Malformed(#[from] Malformed),
    /// The role may not do this.
    #[error("this role may not do that")]
    RoleForbids,
    /// Wrong name or wrong password; which of them is not said.
    #[error("name or password is wrong")]
    SignInFailed,
    /// Too many failed sign-ins.
    #[error("this name is locked after too many failed sign-ins, until {until}")]
    LockedOut {
        /// When the next attempt counts again.
        until: Instant,
    },
    /// No session, or one that has ended.
    #[error("there is no open session")]
    SessionEnded,
    /// Something that is there already stands against it.
    #[error("{what}")]
    Conflict {
        /// What stands against it: one sentence.
        what: &'static str,
    },
    /// A named limit of this node is reached.
    #[error("this node takes no more than {limit} {what}")]
    LimitReached {
        /// What is counted, in the plural.
        what: &'static str,
        /// How many may be.
        limit: usize,
    },
    /// So many calls wait already that one more would only wait longer.
    #[error("the node is busy")]
    Busy,
    /// The node is stopping; what was acknowledged stands.
    #[error("the node is stopping")]
    Stopping,
    /// Nobody reads the replies any more; nobody is told.
    #[error("the caller has hung up")]
    HungUp,
    /// The call is not part of this desk.
    #[error("this node's desk has no such call")]
    NoSuchCall,
    /// The node cannot do its own work; the cause is for its own telemetry.
    #[error("the node could not finish this")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store could not read or write.
    #[error("the node's store did not do this: {0}")]
    Store(#[from] StoreError),
}

impl ActError {
    /// The stable code that programs may rely on: a code of the gate, or one of those below.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.code(),
            Self::NotFound { .. } => "NOT_FOUND",
            Self::WrongState { .. } => "WRONG_STATE",
            Self::StaleRevision => "STALE_REVISION",
            Self::NotYours => "NOT_YOURS",
            Self::HandedOver { .. } => "HANDED_OVER",
            Self::InEscrow { .. } => "IN_ESCROW",
            Self::PaperUnsafe => "PAPER_UNSAFE",
            Self::OwnApproval => "OWN_APPROVAL",
            Self::SameOfficer => "SAME_OFFICER",
            Self::FingerprintDiffers => "FINGERPRINT_DIFFERS",
            Self::Descriptor(problem) => problem.code(),
            Self::Bundle(problem) => problem.code(),
            Self::Malformed(_) => "MALFORMED",
            Self::RoleForbids => "ROLE_FORBIDS",
            Self::SignInFailed => "SIGN_IN_FAILED",
            Self::LockedOut { .. } => "LOCKED_OUT",
            Self::SessionEnded => "SESSION_ENDED",
            Self::Conflict { .. } => "ALREADY_EXISTS",
            Self::LimitReached { .. } => "LIMIT_REACHED",
            Self::Busy => "BUSY",
            Self::Stopping => "STOPPING",
            Self::HungUp => "HUNG_UP",
            Self::NoSuchCall => "NO_SUCH_CALL",
            Self::Internal(_) => "INTERNAL",
            Self::Store(cause) => cause.code(),
        }
    }

    /// What the person at the desk does next: one sentence.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code.next_step(),
            Self::NotFound { .. } => "Check the id; list what there is.",
            Self::WrongState { .. } => "Look at its state first; another state must be set before, or the work is already done.",
            Self::StaleRevision => "Read it again, look at the change, and repeat yours on the newest revision.",
            Self::NotYours => "Ask the other union to change it; you can answer its referral.",
            Self::HandedOver { .. } => "Tell that union what should be changed; it answers for the case now.",
            Self::InEscrow { .. } => "Wait for its answer, or take the offer back: titian case cancel-hand-over.",
            Self::PaperUnsafe => {
                "Print nothing, and tell her by word of mouth; if she says that it is safe now, write down a new version of that consent."
            }
            Self::OwnApproval => "Ask another supervisor.",
            Self::SameOfficer => "Ask a second admin to compare the words and to confirm.",
            Self::FingerprintDiffers => {
                "Compare the words with the paper agreement; if they truly differ, do not confirm and call the union."
            }
            Self::Descriptor(_) => "Ask the union for its descriptor file again, and call its officers if that does not help.",
            Self::Bundle(problem) => problem.next_step(),
            Self::Malformed(_) => "Correct the field that is named and try again; nothing was stored.",
            Self::RoleForbids => "Ask somebody with the right role, or an admin if your role is wrong.",
            Self::SignInFailed => "Check name and password and try again; after 5 failures the name is locked for a while.",
            Self::LockedOut { .. } => "Wait until then, or ask an admin to set a new password.",
            Self::SessionEnded => "Sign in again.",
            Self::Conflict { .. } => "Look at what is there, and use it or choose another.",
            Self::LimitReached { .. } => "Ask union IT; the limit protects the node.",
            Self::Busy => "Try again in a few seconds.",
            Self::Stopping => "Try again when the node is up again.",
            Self::HungUp => "Call again.",
            Self::NoSuchCall => "Compare the versions of the program and of the node.",
            Self::Internal(_) => "Try again; if it stays, give union IT the time of the call: the node's log lines say why.",
            Self::Store(StoreError::Full) => "Union IT must free space on the node's disk; what was acknowledged is safe.",
            Self::Store(StoreError::Low) => {
                "Union IT must free space on the node's disk; withdrawals, answers and what was acknowledged pass as before."
            }
            Self::Store(StoreError::Missing { .. }) => "Check the id; list what there is.",
            Self::Store(StoreError::TooLarge { .. }) => "Split it into smaller pieces; nothing was stored.",
            Self::Store(StoreError::Stopped) => {
                "Union IT must look at the node's log lines and start it again; what was acknowledged is safe."
            }
            Self::Store(_) => "Union IT must look at the node's log lines and its disk; what was acknowledged is safe.",
        }
    }

    /// Paths of the fields concerned, never values.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Self::Refused(refusal) => refusal.paths.iter().map(String::as_str).collect(),
            Self::Malformed(malformed) if !malformed.path.is_empty() => vec![&malformed.path],
            Self::Malformed(_)
            | Self::NotFound { .. }
            | Self::WrongState { .. }
            | Self::StaleRevision
            | Self::NotYours
            | Self::HandedOver { .. }
            | Self::InEscrow { .. }
            | Self::PaperUnsafe
            | Self::OwnApproval
            | Self::SameOfficer
            | Self::FingerprintDiffers
            | Self::Descriptor(_)
            | Self::Bundle(_)
            | Self::RoleForbids
            | Self::SignInFailed
            | Self::LockedOut { .. }
            | Self::SessionEnded
            | Self::Conflict { .. }
            | Self::LimitReached { .. }
            | Self::Busy
            | Self::Stopping
            | Self::HungUp
            | Self::NoSuchCall
            | Self::Internal(_)
            | Self::Store(_) => Vec::new(),
        }
    }
}

impl From<Refusal> for ActError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
