//! Why signed bytes are not believed.

use crate::model::malformed::Malformed;
use crate::model::refusal::RefusalCode;

/// Why an envelope, a receipt or another signed thing is not believed. Names keys by their public short name; holds no content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It cannot be read.
    #[error("cannot be read; the sender's software is older, newer or damaged")]
    Malformed(
        #[source]
        #[from]
        Malformed,
    ),
    /// The signer's descriptor has no such key.
    #[error("is signed by key {key_id}, which is not in the signer's descriptor; ask the signer for its newest descriptor")]
    KeyUnknown {
        /// Short name of the key.
        key_id: String,
    },
    /// The key did not sign at that time.
    #[error("is signed by key {key_id} outside the time in which it signs; ask the signer for its newest descriptor")]
    KeyNotCurrent {
        /// Short name of the key.
        key_id: String,
    },
    /// The signature is not the key's over these bytes.
    #[error("has a signature that key {key_id} did not make over these bytes; it was altered or is a forgery")]
    SignatureWrong {
        /// Short name of the key.
        key_id: String,
    },
    /// The body is not the one that the header names.
    #[error("has a body that is not the one its header names; it was altered")]
    BodyDigestWrong,
}

impl EnvelopeError {
    /// The refusal that says the same: what cannot be read is malformed, everything else puts the sender's identity in doubt.
    #[must_use]
    pub fn refusal_code(&self) -> RefusalCode {
        match self {
            Self::Malformed(_) => RefusalCode::Malformed,
            Self::KeyUnknown { .. } | Self::KeyNotCurrent { .. } | Self::SignatureWrong { .. } | Self::BodyDigestWrong => {
                RefusalCode::PeerIdentity
            }
        }
    }
}
