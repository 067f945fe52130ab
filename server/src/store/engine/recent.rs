//! What was applied lately and does not stand in the index yet: the newest batches, and those on their way there.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::journal::{Place, Pointer};
use super::order::Over;
use super::{Batch, EngineError};

/// A value that is still in memory, and where it stands in the journal.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) bytes: Bytes,
    pub(super) at: Pointer,
}

/// What the last batches say of the keys that they changed: a value, or that there is none.
#[derive(Default)]
pub(super) struct Table {
    pub(super) slots: BTreeMap<Bytes, Option<Value>>,
    /// Where the journal went on after the last of them.
    pub(super) end: Place,
    bytes: usize,
}

impl Table {
    fn put(&mut self, key: Bytes, value: Option<Value>) {
        let size = |value: &Option<Value>| value.as_ref().map_or(0, |value| value.bytes.len());
        self.bytes += key.len() + size(&value);
        if let Some(before) = self.slots.insert(key, value) {
            self.bytes = self.bytes.saturating_sub(size(&before));
        }
    }

    fn range<'a>(&'a self, from: Bound<&'a [u8]>) -> impl Iterator<Item = Result<(Bytes, Option<Value>), EngineError>> + 'a {
        self.slots.range::<[u8], _>((from, Bound::Unbounded)).map(|(key, value)| Ok((key.clone(), value.clone())))
    }
}

/// The newest batches over those that are being settled in the index.
#[derive(Default)]
pub(super) struct Recent {
    newest: Table,
    settling: Option<Arc<Table>>,
}

impl Recent {
    /// Takes over a batch that stands in the journal, up to where the next one will.
    pub(super) fn add(&mut self, batch: Batch, values: Vec<Pointer>, end: Place) {
        for ((key, bytes), at) in batch.puts.into_iter().zip(values) {
            self.newest.put(key, Some(Value { bytes, at }));
        }
        for key in batch.deletes {
            self.newest.put(key, None);
        }
        self.newest.end = end;
    }

    /// What was said of a key; the outer nothing: the index knows.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<Bytes>> {
        let settling = || self.settling.as_ref().and_then(|table| table.slots.get(key));
        let slot = self.newest.slots.get(key).or_else(settling)?;
        Some(slot.as_ref().map(|value| value.bytes.clone()))
    }

    /// What was said of keys, in their order.
    pub(super) fn range<'a>(&'a self, from: Bound<&'a [u8]>) -> impl Iterator<Item = Result<(Bytes, Option<Value>), EngineError>> + 'a {
        Over::new(self.newest.range(from), self.settling.iter().flat_map(move |table| table.range(from)))
    }

    /// Bytes of the newest batches, those on their way not counted.
    pub(super) fn bytes(&self) -> usize {
        self.newest.bytes
    }

    /// Whether some are on their way.
    pub(super) fn is_settling(&self) -> bool {
        self.settling.is_some()
    }

    /// Begins to settle what is newest; nothing where there is nothing.
    pub(super) fn begin_settling(&mut self) -> Option<Arc<Table>> {
        if self.settling.is_none() && !self.newest.slots.is_empty() {
            self.settling = Some(Arc::new(std::mem::take(&mut self.newest)));
        }
        self.settling.clone()
    }

    /// What was on its way stands in the index.
    pub(super) fn end_settling(&mut self) {
        self.settling = None;
    }
}
