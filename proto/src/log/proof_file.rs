//! One leaf's proof in a file, as c2sp.org/tlog-proof has it: its index, its path to the root, and the checkpoint with who signed it. Whoever holds the
//! leaf and a policy verifies it alone, without the log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::log::checkpoint::{Checkpoint, CheckpointError};
use crate::log::leaf::Leaf;
use crate::log::note::{Note, WrongSignature};
use crate::log::policy::{Policy, Witnessed};
use crate::log::proof::verify_inclusion;
use crate::log::tree::leaf_hash;
use crate::model::id::Digest;
use crate::model::malformed::Malformed;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Longest path: a log has fewer than 2^53 leaves.
pub const PATH_MAX: usize = 53;
/// Largest file in bytes: the largest note, and before it the longest path.
pub const LENGTH_MAX: usize = crate::log::note::LENGTH_MAX + 4096;

/// The proof of one leaf. We write no extra line, and refuse what carries one: nothing signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// Index of the leaf.
    pub index: u64,
    /// Its path, from the bottom.
    pub path: Vec<Digest>,
    /// The checkpoint, with its signatures.
    pub note: Note,
}

/// What a proof proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The head under which the leaf stands.
    pub checkpoint: Checkpoint,
    /// Who saw that head.
    pub witnessed: Witnessed,
}

/// Why a file does not prove a leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The file cannot be read.
    #[error("the proof cannot be read: {0}; ask for the file again")]
    Malformed(#[from] Malformed),
    /// Its checkpoint is not one of a log of the policy.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It carries a false cosignature.
    #[error(transparent)]
    WrongSignature(#[from] WrongSignature),
    /// The leaf does not stand there.
    #[error("the leaf does not stand at index {index} of the log; keep the file, and compare the leaf with the one that was given")]
    NotIncluded {
        /// The index that the file claims.
        index: u64,
    },
    /// Too few witnesses saw the head.
    #[error("too few witnesses of the policy saw this head of the log; ask for a proof under a newer checkpoint")]
    NoQuorum,
}

impl ProofError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "PROOF_MALFORMED",
            Self::Checkpoint(source) => source.code(),
            Self::WrongSignature(_) => WrongSignature::CODE,
            Self::NotIncluded { .. } => "NOT_INCLUDED",
            Self::NoQuorum => "NO_QUORUM",
        }
    }
}

impl ProofFile {
    /// The exact bytes of the file.
    #[must_use]
    pub fn encode(&self) -> String {
        let path: String = self.path.iter().map(|hash| BASE64.encode(hash.0) + "\n").collect();
        format!("{HEADER}\nindex {}\n{path}\n{}", self.index, self.note.encode())
    }

    /// Reads a file. It verifies nothing yet.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = |rule: &str| Malformed::new(rule).at("proof");
        if bytes.len() > LENGTH_MAX {
            return Err(wrong("must be at most 69632 bytes"));
        }
        let all = std::str::from_utf8(bytes).map_err(|_| wrong("must be UTF-8"))?;
        let (head, note) = all.split_once("\n\n").ok_or_else(|| wrong("must have an empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(wrong("must begin with c2sp.org/tlog-proof@v1"));
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(number);
        let index = index.ok_or_else(|| wrong("must have a line such as: index 40231"))?;
        let path: Option<Vec<Digest>> = lines.map(|line| Digest::from_wire(&BASE64.decode(line).ok()?).ok()).collect();
        let path = path.filter(|path| path.len() <= PATH_MAX).ok_or_else(|| wrong("must have at most 53 hashes of 32 bytes, in base64"))?;
        Ok(Self { index, path, note: Note::parse(note.as_bytes())? })
    }

    /// Checks that this leaf stands in a log of the policy, under a head that enough of its witnesses saw.
    ///
    /// # Errors
    /// When it does not; each with its code.
    pub fn verify(&self, leaf: &[u8], policy: &Policy) -> Result<Proven, ProofError> {
        let checkpoint = policy.checkpoint(&self.note)?;
        if !verify_inclusion(leaf_hash(leaf), self.index, checkpoint.head(), &self.path) {
            return Err(ProofError::NotIncluded { index: self.index });
        }
        let witnessed = policy.witnessed(&self.note)?;
        if witnessed.quorum { Ok(Proven { checkpoint, witnessed }) } else { Err(ProofError::NoQuorum) }
    }
}

/// A decimal without sign and without zeros before it.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| *number < Leaf::NUMBER_END && number.to_string() == text)
}

#[cfg(test)]
#[path = "proof_file_tests.rs"]
mod tests;
