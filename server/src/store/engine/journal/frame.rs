//! One batch as bytes: a head with a checksum, how far the journal was synced then, and the changes. A frame that was written by half does not read
//! as one.

use bytes::{Buf as _, BufMut as _, Bytes};

use super::super::{Batch, EngineError};
use super::place::Place;

/// Begins each frame.
const MAGIC: [u8; 4] = *b"TJ1\n";

/// Bytes before what the checksum is of: the magic, its length, the checksum.
pub(super) const HEAD_BYTES: usize = 12;

const DELETE: u8 = 0;
const PUT: u8 = 1;

/// Writes a batch as one frame. Returns where in it each value stands, in the order of the puts.
pub(super) fn write(batch: &Batch, synced: Place, bytes: &mut Vec<u8>) -> Result<Vec<usize>, EngineError> {
    bytes.clear();
    bytes.reserve(room_for(batch));
    bytes.put_bytes(0, HEAD_BYTES);
    bytes.put_slice(&synced.write());
    let mut values = Vec::with_capacity(batch.puts.len());
    for (key, value) in &batch.puts {
        bytes.put_u8(PUT);
        bytes.put_u16(length(key)?);
        bytes.put_u32(length(value)?);
        bytes.put_slice(key);
        values.push(bytes.len());
        bytes.put_slice(value);
    }
    for key in &batch.deletes {
        bytes.put_u8(DELETE);
        bytes.put_u16(length(key)?);
        bytes.put_slice(key);
    }
    let (mut head, content) = bytes.split_at_mut(HEAD_BYTES);
    head.put_slice(&MAGIC);
    head.put_u32(length(content)?);
    head.put_u32(crc32fast::hash(content));
    Ok(values)
}

/// Bytes of a batch as a frame, so that a buffer does not grow step by step, each time copied.
fn room_for(batch: &Batch) -> usize {
    let of_lengths = 1 + size_of::<u16>() + size_of::<u32>();
    let puts = batch.puts.iter().map(|(key, value)| of_lengths + key.len() + value.len()).sum::<usize>();
    HEAD_BYTES + Place::BYTES + puts + batch.deletes.iter().map(|key| of_lengths + key.len()).sum::<usize>()
}

/// The length of something, as it is written before it. What the seam takes is far below every limit here.
fn length<N: TryFrom<usize>>(bytes: &[u8]) -> Result<N, EngineError> {
    N::try_from(bytes.len()).map_err(|_| EngineError::ValueTooLarge { length: bytes.len() })
}

/// The head of a frame.
pub(super) struct Head {
    /// Bytes after it.
    pub(super) length: usize,
    checksum: u32,
}

impl Head {
    /// Nothing where no frame begins.
    pub(super) fn read(mut bytes: &[u8]) -> Option<Self> {
        if bytes.len() < HEAD_BYTES || bytes.copy_to_bytes(MAGIC.len()) != MAGIC.as_slice() {
            return None;
        }
        let (length, checksum) = (bytes.get_u32(), bytes.get_u32());
        Some(Self { length: usize::try_from(length).ok()?, checksum })
    }

    /// Whether this is what was written.
    pub(super) fn fits(&self, content: &[u8]) -> bool {
        crc32fast::hash(content) == self.checksum
    }
}

/// One change of a frame.
pub(super) enum Change {
    /// A key and its value, with the place of the value among the changes.
    Put(Bytes, Bytes, usize),
    Delete(Bytes),
}

/// The changes of a frame, in their order. None where they do not read: the checksum fits, so this program did not write them.
pub(super) fn changes(content: &Bytes) -> Option<Vec<Change>> {
    let (mut rest, mut read) = (content.slice(Place::BYTES.min(content.len())..), Vec::new());
    while rest.has_remaining() {
        let put = rest.try_get_u8().ok()? == PUT;
        let key = usize::from(rest.try_get_u16().ok()?);
        let value = if put { Some(usize::try_from(rest.try_get_u32().ok()?).ok()?) } else { None };
        if rest.remaining() < key + value.unwrap_or(0) {
            return None;
        }
        let key = rest.split_to(key);
        let at = content.len() - rest.len();
        read.push(match value {
            Some(value) => Change::Put(key, rest.split_to(value), at),
            None => Change::Delete(key),
        });
    }
    Some(read)
}

/// Up to where the journal was synced when the frames in these bytes were written, one behind the other: the furthest of them. They are not looked for
/// anywhere else: what staff or a peer wrote may look like a frame.
pub(super) fn synced_before(mut bytes: &[u8]) -> Option<Place> {
    let mut synced = None;
    while let Some(head) = Head::read(bytes) {
        let Some(content) = bytes[HEAD_BYTES..].get(..head.length) else { break };
        if head.fits(content) {
            synced = synced.max(content.get(..Place::BYTES).and_then(Place::read));
        }
        bytes = &bytes[HEAD_BYTES + head.length..];
    }
    synced
}
