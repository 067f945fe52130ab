//! A statement's exact bytes and its signature. What was signed is stored and forwarded as it came.

use bytes::Bytes;
use prost::Message as _;

use crate::envelope::{EnvelopeError, KeyRing, Signer};
use crate::model::date::Instant;
use crate::model::malformed::{At, Malformed};
use crate::model::statement::Statement;
use crate::wire;

/// Why a statement is not taken.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It cannot be read.
    #[error("the statement cannot be read")]
    Malformed(#[from] Malformed),
    /// It is about another id, version or digest.
    #[error("the statement is about another text of the agreement; compare the digests")]
    AnotherText,
    /// Its speaker is not a party that may say this.
    #[error("the speaker has no say in this agreement")]
    NoSay,
    /// Its signature does not fit.
    #[error("the statement's signature does not fit; ask the party to export the agreement again")]
    Signature(#[source] EnvelopeError),
}

/// A statement with its signature.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedStatement {
    /// The exact bytes of the statement.
    pub bytes: Bytes,
    /// The speaker's signing key.
    pub key_id: String,
    /// Ed25519 over [`SignedStatement::CONTEXT`] and the bytes.
    pub signature: [u8; 64],
}

impl SignedStatement {
    /// What stands before the bytes when they are signed, so that the signature cannot be mistaken for another one.
    pub const CONTEXT: &'static str = "titian/statement/v1\n";
    /// Longest statement, in bytes; a full one with an approval has a quarter of it.
    pub const BYTES_MAX: usize = 8 * 1024;
    /// Longest key id.
    pub const KEY_ID_MAX: usize = 128;

    /// Signs a statement.
    #[must_use]
    pub fn sign(statement: &Statement, signer: &Signer) -> Self {
        let bytes = Bytes::from(statement.to_wire().encode_to_vec());
        let signature = signer.sign(Self::CONTEXT, &bytes);
        Self { bytes, key_id: signer.key_id().to_owned(), signature }
    }

    /// Checks the signature against the speaker's keys at an instant, then reads the statement.
    ///
    /// # Errors
    /// When the key is unknown or not current, the signature does not fit, or the statement cannot be read.
    pub fn verify(&self, keys: &KeyRing, at: Instant) -> Result<Statement, StatementError> {
        keys.verify(&self.key_id, Self::CONTEXT, &self.bytes, &self.signature, at).map_err(StatementError::Signature)?;
        Ok(self.statement()?)
    }

    /// Reads the statement without checking the signature: to learn whose key must fit.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn statement(&self) -> Result<Statement, Malformed> {
        if self.bytes.len() > Self::BYTES_MAX {
            return Err(Malformed::new("is longer than 8 KiB").at("statement"));
        }
        let wire = wire::Statement::decode(self.bytes.clone()).map_err(|_| Malformed::new("cannot be read").at("statement"))?;
        Statement::from_wire(&wire).at("statement")
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the key id or the signature has another form, or the bytes are too many.
    pub fn from_wire(signed: &wire::SignedStatement) -> Result<Self, Malformed> {
        let wire::SignedStatement { statement, key_id, signature } = signed;
        if statement.is_empty() || statement.len() > Self::BYTES_MAX {
            return Err(Malformed::new("must be 1 byte to 8 KiB").at("statement"));
        }
        if key_id.is_empty() || key_id.len() > Self::KEY_ID_MAX {
            return Err(Malformed::new("must be 1 to 128 characters").at("key_id"));
        }
        let signature = <[u8; 64]>::try_from(signature.as_ref()).map_err(|_| Malformed::new("must be 64 bytes").at("signature"))?;
        Ok(Self { bytes: statement.clone(), key_id: key_id.clone(), signature })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::SignedStatement {
        wire::SignedStatement {
            statement: self.bytes.clone(),
            key_id: self.key_id.clone(),
            signature: Bytes::copy_from_slice(&self.signature),
        }
    }
}

impl std::fmt::Debug for SignedStatement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedStatement").field("key_id", &self.key_id).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}
