//! Pieces of one size, and the tree whose root is the content digest: so that any chunk can be checked alone, and the manifest stays small for
//! the largest document.

use sha2::Digest as _;
use zeroize::ZeroizeOnDrop;

use crate::log::tree::{Tree, root_of_path};
use crate::model::id::Digest;
use crate::model::malformed::Malformed;

/// Bytes of a chunk. Small enough that something urgent waits four seconds behind one on a line of 64 kbit/s, and that a chunk is one stored value;
/// large enough that its path and its frame add three hundredths.
pub const CHUNK_BYTES: usize = 32 * 1024;

/// Chunks of a section: their hashes are one stored value of 32 KiB, and their tree is small.
pub const SECTION_CHUNKS: usize = 1024;

/// Bytes of a document at most: 1,024 sections.
pub const DOCUMENT_BYTES_MAX: u64 = (SECTION_CHUNKS * SECTION_CHUNKS * CHUNK_BYTES) as u64;

/// How a document of some size is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkPlan {
    size: u64,
}

impl ChunkPlan {
    /// The plan for a document of so many bytes.
    ///
    /// # Errors
    /// When it is empty, or larger than [`DOCUMENT_BYTES_MAX`].
    pub fn new(size: u64) -> Result<Self, Malformed> {
        if (1..=DOCUMENT_BYTES_MAX).contains(&size) { Ok(Self { size }) } else { Err(Malformed::new("must be 1 byte to 32 GiB")) }
    }

    /// Number of chunks.
    #[must_use]
    pub fn count(self) -> u64 {
        self.size.div_ceil(CHUNK_BYTES as u64)
    }

    /// Bytes of one chunk; none where there is no such chunk.
    #[must_use]
    pub fn length(self, index: u64) -> Option<usize> {
        let left = self.size.checked_sub(index.checked_mul(CHUNK_BYTES as u64)?)?;
        let length = usize::try_from(left.min(CHUNK_BYTES as u64)).ok()?;
        (length > 0).then_some(length)
    }

    /// Bytes of the first so many chunks.
    #[must_use]
    pub fn bytes_of(self, chunks: u64) -> u64 {
        chunks.saturating_mul(CHUNK_BYTES as u64).min(self.size)
    }
}

/// Stands before every chunk in the tree: random for each document, so that the digest tells nobody what the bytes are.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct Salt(pub [u8; 32]);

crate::model::value::redacted!(Salt);

impl Salt {
    /// The hash of a chunk as a leaf of the tree.
    #[must_use]
    pub fn leaf_hash(&self, chunk: &[u8]) -> Digest {
        Digest(sha2::Sha256::new().chain_update([0]).chain_update(self.0).chain_update(chunk).finalize().into())
    }

    /// Whether a chunk stands at this place of the document with this digest.
    #[must_use]
    pub fn proves(&self, digest: Digest, plan: ChunkPlan, index: u64, chunk: &[u8], path: &[Digest]) -> bool {
        let fits = plan.length(index) == Some(chunk.len());
        fits && root_of_path(self.leaf_hash(chunk), index, plan.count(), path) == Some(digest)
    }
}

/// The tree of a document, built chunk by chunk with the hashes of one section in memory.
#[derive(Default)]
pub struct TreeBuilder {
    section: Vec<Digest>,
    roots: Vec<Digest>,
}

impl TreeBuilder {
    /// Adds the next chunk's hash; gives the hashes of the section when they are complete.
    #[must_use]
    pub fn add(&mut self, leaf_hash: Digest) -> Option<Vec<Digest>> {
        self.section.push(leaf_hash);
        (self.section.len() == SECTION_CHUNKS).then(|| self.close_section())
    }

    /// The hashes of the last section, if it has any, and the roots of all sections.
    #[must_use]
    pub fn finish(mut self) -> (Option<Vec<Digest>>, Vec<Digest>) {
        let last = (!self.section.is_empty()).then(|| self.close_section());
        (last, self.roots)
    }

    fn close_section(&mut self) -> Vec<Digest> {
        let section = std::mem::take(&mut self.section);
        self.roots.push(Tree::new(section.clone()).root());
        section
    }
}

/// The content digest from the roots of the sections.
#[must_use]
pub fn digest_of_roots(roots: &[Digest]) -> Digest {
    Tree::new(roots.to_vec()).root()
}

/// The path of a chunk, from the hashes of its section and the roots of all sections: a section has a power of two leaves, so its tree is a part
/// of the whole.
#[must_use]
pub fn path_of(index: u64, section: &Tree, sections: &Tree) -> Vec<Digest> {
    let size = SECTION_CHUNKS as u64;
    let place = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    [section.path(place(index % size)), sections.path(place(index / size))].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = Salt([7; 32]);

    struct Cut {
        plan: ChunkPlan,
        chunks: Vec<Vec<u8>>,
        sections: Vec<Vec<Digest>>,
        roots: Vec<Digest>,
    }

    fn document(size: u64) -> Cut {
        let plan = ChunkPlan::new(size).unwrap();
        let chunks: Vec<Vec<u8>> = (0..plan.count()).map(|index| vec![(index % 251) as u8; plan.length(index).unwrap()]).collect();
        let (mut builder, mut sections) = (TreeBuilder::default(), Vec::new());
        for chunk in &chunks {
            sections.extend(builder.add(SALT.leaf_hash(chunk)));
        }
        let (last, roots) = builder.finish();
        sections.extend(last);
        Cut { plan, chunks, sections, roots }
    }

    #[test]
    fn a_plan_cuts_every_byte_into_one_chunk() {
        for size in [1, 5, CHUNK_BYTES as u64 - 1, CHUNK_BYTES as u64, CHUNK_BYTES as u64 + 1, 10 * CHUNK_BYTES as u64, 5 << 30] {
            let plan = ChunkPlan::new(size).unwrap();
            assert_eq!(plan.length(plan.count()), None);
            let last = plan.count() - 1;
            assert_eq!(plan.bytes_of(last) + plan.length(last).unwrap() as u64, size);
            assert_eq!(plan.bytes_of(plan.count()), size);
        }
        assert!(ChunkPlan::new(0).is_err() && ChunkPlan::new(DOCUMENT_BYTES_MAX + 1).is_err());
        assert_eq!(ChunkPlan::new(1).unwrap().length(u64::MAX), None);
    }

    #[test]
    fn every_chunk_proves_its_place_and_no_other() {
        // One chunk, several, exactly one section, a section and a bit: the last section and the last chunk are the odd ones.
        let section = (SECTION_CHUNKS * CHUNK_BYTES) as u64;
        for size in [3, 5 * CHUNK_BYTES as u64 + 1, section, section + CHUNK_BYTES as u64 + 9] {
            let Cut { plan, chunks, sections, roots } = document(size);
            let digest = digest_of_roots(&roots);
            let whole = Tree::new(sections.concat());
            assert_eq!(whole.root(), digest, "the tree of RFC 6962 over all chunks");
            let tree = Tree::new(roots);
            for index in (0..plan.count()).filter(|index| index % 97 < 3 || index + 3 > plan.count()) {
                let path = path_of(index, &Tree::new(sections[index as usize / SECTION_CHUNKS].clone()), &tree);
                assert_eq!(path, whole.path(index as u32));
                let chunk = &chunks[index as usize];
                assert!(SALT.proves(digest, plan, index, chunk, &path));
                assert!(!SALT.proves(digest, plan, index, &[&chunk[1..], &[0xee]].concat(), &path), "other bytes");
                assert!(!SALT.proves(digest, plan, index, &chunk[1..], &path), "another length");
                assert!(!SALT.proves(digest, plan, index + 1, chunk, &path), "another place");
                assert!(!Salt([8; 32]).proves(digest, plan, index, chunk, &path), "another salt");
            }
        }
    }
}
