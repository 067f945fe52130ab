//! One Ed25519 signature over the root of a small tree of hashes. Each hash stays provable alone; one signature a group commit is what lets a
//! small machine keep up.

use std::fmt;

use bytes::Bytes;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::log::tree::{Tree, leaf_hash};
use crate::model::id::Digest;
use crate::wire;

/// Most hashes under one signature: a path of ten hashes, and more than one group commit holds.
pub const SEAL_COUNT_MAX: usize = 1024;

const DIGEST_BYTES: usize = size_of::<Digest>();

/// What a seal is over; one cannot be taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealContext {
    /// Hashes of envelopes.
    Envelope,
    /// Hashes of receipts.
    Receipt,
    /// The hash of a bundle's header.
    Bundle,
}

impl SealContext {
    /// The words that stand before what is signed, with the line end.
    #[must_use]
    pub fn line(self) -> &'static str {
        match self {
            Self::Envelope => "titian/seal/v1\nenvelope\n",
            Self::Receipt => "titian/seal/v1\nreceipt\n",
            Self::Bundle => "titian/seal/v1\nbundle\n",
        }
    }
}

/// A node's signing key. Prints its short name only.
#[derive(Clone)]
pub struct Signer {
    key_id: String,
    key: SigningKey,
}

impl Signer {
    /// A signer whose key stands in the node's descriptor under this short name.
    #[must_use]
    pub fn new(key_id: String, key: SigningKey) -> Self {
        Self { key_id, key }
    }

    /// Short name of the key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Seals hashes, in their order: one signature for every [`SEAL_COUNT_MAX`] of them.
    #[must_use]
    pub fn seal(&self, context: SealContext, hashes: &[Digest]) -> Vec<wire::Seal> {
        hashes.chunks(SEAL_COUNT_MAX).flat_map(|chunk| self.seal_chunk(context, chunk)).collect()
    }

    /// Signs a context line and the bytes after it. The line's end is added where it is missing.
    #[must_use]
    pub fn sign(&self, context_line: &str, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(&signed_bytes(context_line, bytes)).to_bytes()
    }

    fn seal_chunk(&self, context: SealContext, hashes: &[Digest]) -> Vec<wire::Seal> {
        let tree = Tree::new(hashes.iter().map(|hash| leaf_hash(&hash.0)).collect());
        let signature = Bytes::copy_from_slice(&self.sign(context.line(), &root_bytes(tree.count(), tree.root())));
        // All paths are parts of one buffer: a thousand seals have ten thousand hashes.
        let nodes = Bytes::from(tree.nodes().fold(Vec::new(), |mut bytes, node| {
            bytes.extend_from_slice(&node.0);
            bytes
        }));
        let node = |place: usize| nodes.slice(place * DIGEST_BYTES..(place + 1) * DIGEST_BYTES);
        let seal = |index| wire::Seal {
            key_id: self.key_id.clone(),
            signature: signature.clone(),
            index,
            count: tree.count(),
            path: tree.path_places(index).map(node).collect(),
        };
        (0..tree.count()).map(seal).collect()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// What a seal signs after its context line.
pub(crate) fn root_bytes(count: u32, root: Digest) -> [u8; 36] {
    let mut bytes = [0; 36];
    let (head, tail) = bytes.split_at_mut(4);
    head.copy_from_slice(&count.to_be_bytes());
    tail.copy_from_slice(&root.0);
    bytes
}

/// A context line, its end, and the bytes.
pub(crate) fn signed_bytes(context_line: &str, bytes: &[u8]) -> Vec<u8> {
    let line = context_line.strip_suffix('\n').unwrap_or(context_line);
    [line.as_bytes(), b"\n", bytes].concat()
}
