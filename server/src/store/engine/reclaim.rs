//! Gives room back to the disk. A segment of the journal in which little is left that counts is emptied: what counts is written once more, at the end,
//! and then the segment goes.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

use super::index::Slot;
use super::kept::Kept;
use super::{Batch, EngineError};

/// Keys looked at in one go, so that nobody waits long for the index.
const PAGE: usize = 1024;

/// Bytes moved in one batch.
const BATCH_BYTES: usize = 1024 * 1024;

/// Empties the segments in which less than half counts. Returns how many bytes count in the whole journal.
pub(super) fn reclaim(kept: &Kept) -> Result<u64, EngineError> {
    // In this order: whatever stands in these segments is settled before the index is looked through.
    let full = kept.journal.full_segments();
    kept.settle()?;
    let mut living: BTreeMap<u32, u64> = BTreeMap::new();
    for_each_place(kept, |_, segment, bytes| {
        *living.entry(segment).or_default() += bytes;
        Ok(())
    })?;
    for (segment, bytes) in full {
        if living.get(&segment).copied().unwrap_or(0) < bytes / 2 {
            move_out(kept, segment)?;
            // Only what is durable elsewhere may go.
            kept.settle()?;
            kept.journal.remove_segment(segment)?;
        }
    }
    Ok(living.values().sum())
}

fn move_out(kept: &Kept, from: u32) -> Result<(), EngineError> {
    let (mut keys, mut waiting) = (Vec::new(), 0);
    for_each_place(kept, |key, segment, bytes| {
        if segment == from {
            keys.push(key.clone());
            waiting += bytes as usize;
        }
        if waiting >= BATCH_BYTES {
            waiting = 0;
            return write_again(kept, std::mem::take(&mut keys));
        }
        Ok(())
    })?;
    write_again(kept, keys)
}

/// Writes values once more as they are. Whatever was changed since was written behind them anyway, and stays.
fn write_again(kept: &Kept, keys: Vec<Bytes>) -> Result<(), EngineError> {
    let alone = kept.alone()?;
    let mut batch = Batch::default();
    for key in keys {
        if let Some(value) = kept.get(&key)? {
            batch.puts.push((key, value));
        }
    }
    if batch.is_empty() { Ok(()) } else { kept.append(&alone, batch) }
}

/// Goes through every key of the index whose value stands in the journal: the key, the segment, and how many bytes.
fn for_each_place(kept: &Kept, mut each: impl FnMut(&Bytes, u32, u64) -> Result<(), EngineError>) -> Result<(), EngineError> {
    let mut after: Option<Bytes> = None;
    loop {
        let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let page = kept.index.range(from, &[]).take(PAGE).collect::<Result<Vec<_>, _>>()?;
        for (key, slot) in &page {
            if let Slot::Elsewhere(pointer) = slot {
                each(key, pointer.segment(), pointer.bytes())?;
            }
        }
        kept.settle_if_full()?;
        if page.len() < PAGE {
            return Ok(());
        }
        after = page.last().map(|(key, _)| key.clone());
    }
}
