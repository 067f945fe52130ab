//! The head of a log, as c2sp.org/tlog-checkpoint has it: origin, size and root, in a note that the log signed.
//!
//! No line may follow the root (`audit-log.md` a.5): an extension would be signed by us and not read by others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::log::leaf::Leaf;
use crate::log::note::{KeyKind, Note, NoteKey, NoteSigner, Signed, WrongSignature};
use crate::model::id::Digest;
use crate::model::malformed::Malformed;

/// What a log says of itself at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Digest,
}

/// Why a note is not the checkpoint of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It cannot be read.
    #[error("the checkpoint cannot be read: {0}; fetch it again from the log")]
    Malformed(#[from] Malformed),
    /// It is of another log.
    #[error("the checkpoint is of the log {found}, not of {expected}; use the checkpoint of this log, or the key of the other")]
    OtherLog {
        /// The log of the key.
        expected: String,
        /// The log of the checkpoint.
        found: String,
    },
    /// The key of the log did not sign it.
    #[error("the checkpoint is not signed by the key of its log; ask the union for a signed one")]
    NotSigned,
    /// It carries a false signature.
    #[error(transparent)]
    WrongSignature(#[from] WrongSignature),
}

impl CheckpointError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "CHECKPOINT_MALFORMED",
            Self::OtherLog { .. } => "OTHER_LOG",
            Self::NotSigned => "NOT_SIGNED",
            Self::WrongSignature(_) => WrongSignature::CODE,
        }
    }
}

impl Checkpoint {
    /// The three lines.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0))
    }

    /// Reads the three lines.
    ///
    /// # Errors
    /// When there are others, or one has another form: a size has no sign and no zero before it.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let wrong = || Malformed::new("must be three lines: origin, size below 2^53, root in base64").at("checkpoint");
        let mut lines = text.strip_suffix('\n').ok_or_else(wrong)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next()) else {
            return Err(wrong());
        };
        let root = BASE64.decode(root).map_err(|_| wrong())?;
        let size = size.parse().map_err(|_| wrong())?;
        let checkpoint = Self { origin: origin.to_owned(), size, root: Digest::from_wire(&root).map_err(|_| wrong())? };
        let sound = !origin.is_empty() && size < Leaf::NUMBER_END && checkpoint.text() == text;
        if sound { Ok(checkpoint) } else { Err(wrong()) }
    }

    /// The note that the log signs. The size and root must never be rolled back: whoever calls has made this head durable before.
    ///
    /// # Errors
    /// When the signer is not a log's, is another log's, or the origin is not a line.
    pub fn sign(&self, log: &NoteSigner) -> Result<Note, Malformed> {
        if log.public().kind() != KeyKind::Log || log.public().name() != self.origin {
            return Err(Malformed::new("must be signed with the key of this log").at("checkpoint"));
        }
        let mut note = Note::new(self.text())?;
        Self::parse(note.text())?;
        note.sign(log, 0);
        Ok(note)
    }

    /// The checkpoint in a note, when the log that has this key signed it.
    ///
    /// # Errors
    /// When it cannot be read, is of another log, or the log did not sign it.
    pub fn of_note(note: &Note, log: &NoteKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != log.name() {
            return Err(CheckpointError::OtherLog { expected: log.name().to_owned(), found: checkpoint.origin });
        }
        match note.verify(log)? {
            Some(Signed::Text) => Ok(checkpoint),
            // A cosignature is no signature of the log, even if someone gave the same name to a witness.
            Some(Signed::At(_)) | None => Err(CheckpointError::NotSigned),
        }
    }

    /// Size and root, as proofs take them.
    #[must_use]
    pub fn head(&self) -> (u64, Digest) {
        (self.size, self.root)
    }
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
