//! Why a bundle is not taken in, or cannot be made.

use crate::envelope::EnvelopeError;
use crate::model::id::NodeId;
use crate::model::malformed::Malformed;

/// Why a bundle is not taken in, or cannot be made. Names unions and the short names of keys; holds no content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The file does not begin as a bundle does.
    #[error("the file is not a bundle, or its beginning was altered on its way")]
    NotABundle,
    /// A version or suite that this program does not know.
    #[error("the bundle was made by newer software than this node's")]
    Newer,
    /// The file ends before its last chunk.
    #[error("the file ends too early: it was cut on its way")]
    Truncated,
    /// A chunk does not open, or something stands where nothing may.
    #[error("the file was altered on its way")]
    Damaged,
    /// It is sealed to another union.
    #[error("the bundle is for {recipient}, not for this union")]
    ForAnother {
        /// For whom it is.
        recipient: NodeId,
    },
    /// Nobody of that name is an active peer.
    #[error("the bundle names {sender} as its sender, which is not an active peer of this node")]
    SenderUnknown {
        /// Who is said to have made it.
        sender: NodeId,
    },
    /// The header is not signed by the sender it names.
    #[error("the bundle is not signed by the sender it names")]
    NotSigned(#[source] EnvelopeError),
    /// It is sealed to a key that this node does not hold.
    #[error("the bundle is sealed to key {key_id}, which this node does not hold")]
    OtherKey {
        /// Short name of that key.
        key_id: String,
    },
    /// The peer's descriptor has no sealing key that is valid now.
    #[error("the descriptor that is known of {peer} has no key that bundles are sealed to")]
    NoSealingKey {
        /// The peer.
        peer: NodeId,
    },
    /// The frames inside break a rule of the format.
    #[error("the bundle's content breaks a rule: {0}")]
    Content(#[from] Malformed),
    /// It was made from a database of the sender that was replaced by a newer one.
    #[error("the bundle was made from a database of {sender} that was replaced by a newer one")]
    OtherEpoch {
        /// Who made it.
        sender: NodeId,
    },
    /// It says something else in a place than what is here.
    #[error("the bundle and what {sender} sent before exclude each other")]
    OtherChain {
        /// Who made it.
        sender: NodeId,
    },
    /// It was made before its sender knew that this node was restored.
    #[error("the bundle was made before {sender} knew that this node was restored from a backup")]
    BeforeRestore {
        /// Who made it.
        sender: NodeId,
    },
}

impl BundleError {
    /// Every stable code, in the order of the variants.
    pub const CODES: [&'static str; 13] = [
        "BUNDLE_UNREADABLE",
        "BUNDLE_NEWER",
        "BUNDLE_TRUNCATED",
        "BUNDLE_DAMAGED",
        "BUNDLE_FOR_ANOTHER",
        "BUNDLE_SENDER_UNKNOWN",
        "BUNDLE_NOT_SIGNED",
        "BUNDLE_OTHER_KEY",
        "NO_SEALING_KEY",
        "BUNDLE_CONTENT",
        "BUNDLE_OTHER_EPOCH",
        "BUNDLE_OTHER_CHAIN",
        "BUNDLE_BEFORE_RESTORE",
    ];

    /// The stable code that programs may rely on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotABundle => "BUNDLE_UNREADABLE",
            Self::Newer => "BUNDLE_NEWER",
            Self::Truncated => "BUNDLE_TRUNCATED",
            Self::Damaged => "BUNDLE_DAMAGED",
            Self::ForAnother { .. } => "BUNDLE_FOR_ANOTHER",
            Self::SenderUnknown { .. } => "BUNDLE_SENDER_UNKNOWN",
            Self::NotSigned(_) => "BUNDLE_NOT_SIGNED",
            Self::OtherKey { .. } => "BUNDLE_OTHER_KEY",
            Self::NoSealingKey { .. } => "NO_SEALING_KEY",
            Self::Content(_) => "BUNDLE_CONTENT",
            Self::OtherEpoch { .. } => "BUNDLE_OTHER_EPOCH",
            Self::OtherChain { .. } => "BUNDLE_OTHER_CHAIN",
            Self::BeforeRestore { .. } => "BUNDLE_BEFORE_RESTORE",
        }
    }

    /// What the person with the file does next: one sentence.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NotABundle => "Check that it is the right file, and ask the other union for it again.",
            Self::Newer => "Ask union IT to upgrade this node; then take the same file in again.",
            Self::Truncated => {
                "Copy the file again, or ask the other union for it again; what stood before the cut was taken in, and nothing is lost."
            }
            Self::Damaged => {
                "Copy the file again, or ask the other union for it again; what stood before the damage was taken in, and nothing is lost."
            }
            Self::ForAnother { .. } => "Give it to the union that it is for; nobody else can open it.",
            Self::SenderUnknown { .. } => {
                "Look at the peers; one that is suspended or not confirmed by two officers sends nothing here, on a stick neither."
            }
            Self::NotSigned(_) => "Do not use it; ask the other union whether it made this file, and for its newest descriptor.",
            Self::OtherKey { .. } => "Give your newest descriptor to the other union, and ask it for a new bundle.",
            Self::NoSealingKey { .. } => {
                "Ask the other union for its newest descriptor, made by a node that has a sealing key, and add it with peer add."
            }
            Self::Content(_) => {
                "Ask the other union for the file again; if it stays, union IT of both compare the versions of their nodes."
            }
            Self::OtherEpoch { .. } => "Ask the other union for a new bundle: its node was restored from a backup after this one was made.",
            Self::OtherChain { .. } => {
                "Keep the file, and call the other union; only withdrawals and what protects people pass until then."
            }
            Self::BeforeRestore { .. } => {
                "Make a bundle for the other union with bundle export; once it has taken that in, its next bundle brings everything back, this file's \
                 content too."
            }
        }
    }
}
