//! The journal: every batch, in the order in which they were applied, in append-only files. A batch is on stable storage once the journal is: one
//! write and one sync, whatever the index beside it does. The large values stand here alone; the index only says where.

mod frame;
mod place;
mod segment;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;

use self::frame::{Change, HEAD_BYTES, Head};
pub(super) use self::place::{Place, Pointer};
use self::segment::Segment;
use super::{Batch, EngineError};

/// Where a segment ends and the next begins: few files, and each is small enough to be copied and looked at.
const SEGMENT_BYTES: u32 = if cfg!(test) { 1024 * 1024 } else { 256 * 1024 * 1024 };

/// Room that is kept for the next frame; a larger one gives its room back.
const FRAME_KEPT_BYTES: usize = 1024 * 1024;

/// The open journal.
pub(super) struct Journal {
    folder: PathBuf,
    segments: RwLock<BTreeMap<u32, Arc<Segment>>>,
    tail: Mutex<Tail>,
    /// Bytes of the segments before the last.
    full: AtomicU64,
    /// Up to where everything is on stable storage, as a number.
    synced: AtomicU64,
}

/// Where the journal goes on.
struct Tail {
    end: Place,
    /// The last frame, kept for its room.
    frame: Vec<u8>,
}

/// A batch that stands in the journal.
pub(super) struct Appended {
    /// Where the next batch will stand.
    pub(super) end: Place,
    /// Where each value of its puts stands, in their order.
    pub(super) values: Vec<Pointer>,
}

/// A batch that was read again.
pub(super) struct Recalled {
    /// Each key with its value and where that stands, or without one where the key was removed; in the order of the changes.
    pub(super) changes: Vec<(Bytes, Option<(Bytes, Pointer)>)>,
    /// Where the next batch stands.
    pub(super) end: Place,
}

impl Journal {
    /// Opens the journal of a folder, or begins one.
    pub(super) fn open(folder: &Path) -> Result<Self, EngineError> {
        let mut segments = Segment::open_all(folder)?;
        if segments.is_empty() {
            segments.insert(1, Arc::new(Segment::create(folder, 1)?));
        }
        let end = match segments.last_key_value() {
            Some((number, last)) => Place { segment: *number, offset: last.length()? },
            None => Place::default(),
        };
        let full =
            segments.range(..end.segment).try_fold(0, |bytes, (_, segment)| Ok::<_, EngineError>(bytes + u64::from(segment.length()?)))?;
        Ok(Self {
            folder: folder.to_owned(),
            segments: RwLock::new(segments),
            tail: Mutex::new(Tail { end, frame: Vec::new() }),
            full: AtomicU64::new(full),
            synced: AtomicU64::new(0),
        })
    }

    /// Where the journal begins.
    pub(super) fn beginning(&self) -> Place {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first_key_value().map_or(Place::default(), |(number, _)| Place { segment: *number, offset: 0 })
    }

    /// Writes a batch behind all others. It is on stable storage only after [`Self::sync`].
    pub(super) fn append(&self, batch: &Batch) -> Result<Appended, EngineError> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let Tail { end, frame } = &mut *tail;
        frame.shrink_to(FRAME_KEPT_BYTES);
        let values = frame::write(batch, Place::of_number(self.synced.load(Ordering::Acquire)), frame)?;
        let length = u32::try_from(frame.len()).map_err(|_| EngineError::ValueTooLarge { length: frame.len() })?;
        if end.offset > 0 && end.offset.saturating_add(length) > SEGMENT_BYTES {
            *end = self.begin_segment(*end)?;
        }
        self.segment(end.segment)?.write(end.offset, frame)?;
        let values = values.into_iter().zip(&batch.puts).map(|(at, (_, value))| Pointer::to(value, end.behind(at))).collect();
        end.offset += length;
        Ok(Appended { end: *end, values })
    }

    /// Returns when everything appended before the call is on stable storage.
    pub(super) fn sync(&self) -> Result<(), EngineError> {
        // Earlier segments were synced when they were full.
        let end = self.end();
        self.segment(end.segment)?.sync()?;
        self.synced.fetch_max(end.number(), Ordering::AcqRel);
        Ok(())
    }

    /// Reads a value.
    pub(super) fn value(&self, pointer: Pointer) -> Result<Bytes, EngineError> {
        let value = self.segment(pointer.place.segment)?.read(pointer.place.offset, pointer.length as usize)?;
        if crc32fast::hash(&value) == pointer.checksum { Ok(value) } else { Err(self.damaged()) }
    }

    /// The batch at a place, or nothing where the journal ends there. The rest of a batch that was cut off by a crash is taken away: nobody was told
    /// that it was kept. Where a later batch says that it had been synced, it is damage, and nothing is taken away.
    pub(super) fn recall(&self, at: Place) -> Result<Option<Recalled>, EngineError> {
        let (segment, end) = (self.segment(at.segment)?, self.end());
        if at > end {
            return Err(self.damaged());
        }
        let length = segment.length()?;
        if at.offset == length && at.segment < end.segment {
            return self.recall(Place { segment: at.segment + 1, offset: 0 });
        }
        match self.read_batch(&segment, at, length)? {
            Some(recalled) => Ok(Some(recalled)),
            None if at.segment < end.segment => Err(self.damaged()),
            None => {
                let rest = segment.read(at.offset, (length - at.offset) as usize)?;
                if frame::synced_before(&rest).is_some_and(|synced| synced > at) {
                    return Err(self.damaged());
                }
                segment.cut_off(at.offset)?;
                self.tail.lock().unwrap_or_else(PoisonError::into_inner).end = at;
                self.synced.store(at.number(), Ordering::Release);
                Ok(None)
            }
        }
    }

    /// Whether the segment of a value is still there.
    pub(super) fn has(&self, pointer: Pointer) -> bool {
        self.segment(pointer.segment()).is_ok()
    }

    /// Segments before the last, each with its bytes.
    pub(super) fn full_segments(&self) -> Vec<(u32, u64)> {
        let last = self.end().segment;
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.range(..last).filter_map(|(number, segment)| Some((*number, segment.length().ok()?.into()))).collect()
    }

    /// Takes away a segment in which nothing counts any more.
    pub(super) fn remove_segment(&self, number: u32) -> Result<(), EngineError> {
        let segment = self.segment(number)?;
        self.full.fetch_sub(u64::from(segment.length()?), Ordering::Relaxed);
        self.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        Segment::remove(&self.folder, number)
    }

    /// Bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.full_bytes() + u64::from(self.end().offset)
    }

    /// Bytes of the segments before the last.
    pub(super) fn full_bytes(&self) -> u64 {
        self.full.load(Ordering::Relaxed)
    }

    fn read_batch(&self, segment: &Segment, at: Place, length: u32) -> Result<Option<Recalled>, EngineError> {
        let rest = (length - at.offset) as usize;
        if rest < HEAD_BYTES {
            return Ok(None);
        }
        let head = Head::read(&segment.read(at.offset, HEAD_BYTES)?).filter(|head| head.length <= rest - HEAD_BYTES);
        let Some(head) = head else { return Ok(None) };
        let begin = at.behind(HEAD_BYTES);
        let content = segment.read(begin.offset, head.length)?;
        if !head.fits(&content) {
            return Ok(None);
        }
        let changes = frame::changes(&content).ok_or_else(|| self.damaged())?.into_iter().map(|change| match change {
            Change::Put(key, value, at) => {
                let pointer = Pointer::to(&value, begin.behind(at));
                (key, Some((value, pointer)))
            }
            Change::Delete(key) => (key, None),
        });
        Ok(Some(Recalled { changes: changes.collect(), end: begin.behind(head.length) }))
    }

    fn begin_segment(&self, end: Place) -> Result<Place, EngineError> {
        self.segment(end.segment)?.sync()?;
        let number = end.segment + 1;
        let segment = Arc::new(Segment::create(&self.folder, number)?);
        self.segments.write().unwrap_or_else(PoisonError::into_inner).insert(number, segment);
        self.full.fetch_add(u64::from(end.offset), Ordering::Relaxed);
        Ok(Place { segment: number, offset: 0 })
    }

    /// Where the next batch will stand.
    pub(super) fn end(&self) -> Place {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).end
    }

    fn segment(&self, number: u32) -> Result<Arc<Segment>, EngineError> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.get(&number).cloned().ok_or_else(|| self.damaged())
    }

    fn damaged(&self) -> EngineError {
        EngineError::Damaged { folder: self.folder.clone() }
    }
}

#[cfg(test)]
mod tests;
