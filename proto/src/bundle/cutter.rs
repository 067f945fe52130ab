//! The bytes of a file, as they come, cut into the preamble and chunks. Holds at most one chunk and what was pushed last.

use bytes::{Buf as _, Bytes, BytesMut};

use super::FRAME_BYTES_MAX;
use super::error::BundleError;
use super::preamble::{MAGIC, PREAMBLE_BYTES_MAX, Preamble};
use super::suite::TAG_BYTES;
use crate::model::id::Digest;

/// Mark and length before a sealed frame.
const CHUNK_HEAD_BYTES: usize = 5;

/// Magic and length before the preamble.
const FILE_HEAD_BYTES: usize = MAGIC.len() + 4;

/// A chunk as it stands in the file; not opened, and not believed.
pub struct SealedChunk {
    pub(super) last: bool,
    pub(super) sealed: Bytes,
}

/// Cuts the bytes of a file.
#[derive(Default)]
pub struct Cutter {
    waiting: BytesMut,
}

impl Cutter {
    /// Nothing has come yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next bytes of the file. Take out what is whole before pushing more: that bounds the memory.
    pub fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// The preamble, first of all; none while bytes of it are to come.
    ///
    /// # Errors
    /// When the file is no bundle, or of a version that this program does not know.
    pub fn preamble(&mut self) -> Result<Option<Preamble>, BundleError> {
        let begun = self.waiting.len().min(MAGIC.len());
        if self.waiting[..begun] != MAGIC[..begun] {
            return Err(BundleError::NotABundle);
        }
        let Some(length) = number_at(&self.waiting, MAGIC.len()) else { return Ok(None) };
        if length == 0 || length > PREAMBLE_BYTES_MAX {
            return Err(BundleError::NotABundle);
        }
        if self.waiting.len() < FILE_HEAD_BYTES + length {
            return Ok(None);
        }
        let head = self.waiting.split_to(FILE_HEAD_BYTES + length);
        Preamble::read(&head[FILE_HEAD_BYTES..], Digest::of(&head)).map(Some)
    }

    /// The next chunk; none while bytes of it are to come.
    ///
    /// # Errors
    /// When its mark or length cannot be.
    pub fn chunk(&mut self) -> Result<Option<SealedChunk>, BundleError> {
        let Some(mark) = self.waiting.first() else { return Ok(None) };
        let last = match mark {
            0 => false,
            1 => true,
            _ => return Err(BundleError::Damaged),
        };
        let Some(length) = number_at(&self.waiting, 1) else { return Ok(None) };
        if !(TAG_BYTES..=FRAME_BYTES_MAX + TAG_BYTES).contains(&length) {
            return Err(BundleError::Damaged);
        }
        if self.waiting.len() < CHUNK_HEAD_BYTES + length {
            self.waiting.reserve(CHUNK_HEAD_BYTES + length - self.waiting.len());
            return Ok(None);
        }
        self.waiting.advance(CHUNK_HEAD_BYTES);
        Ok(Some(SealedChunk { last, sealed: self.waiting.split_to(length).freeze() }))
    }

    /// Whether bytes wait that were not taken out.
    pub(super) fn has_rest(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// Four bytes as a length; none where they have not all come.
fn number_at(bytes: &[u8], at: usize) -> Option<usize> {
    let number = bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)?;
    usize::try_from(number).ok()
}
