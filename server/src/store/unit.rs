//! A unit: the changes of a group of acts before they are written, with a savepoint before each act.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{Epoch, NodeId, RecordRef, ReferralId};
use titian_proto::model::refusal::RefusalCode;

use super::engine::{Batch, EngineError, KEY_MAX, Over, Pair, VALUE_MAX};
use super::epochs::EpochTable as _;
use super::error::StoreError;
use super::group::Core;
use super::inbox::PendingReceipt;
use super::outbox::PendingEnvelope;
use super::read::Read;
use super::rows::{Span, Written};
use super::sealing::{self, Found, Slot};
use super::value::{Stored, frame};

/// What changed, for those who watch a desk. Told after the change is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A referral, its delivery or its state.
    Referral(ReferralId),
    /// A record shared under a referral.
    Record {
        /// The referral.
        referral: ReferralId,
        /// The record, as the two peers know it.
        record_ref: RecordRef,
    },
    /// Something is to be destroyed, or told of it.
    Erasures,
    /// Bytes of a document that are to come from a peer, or that nobody owns any more.
    Documents,
    /// The list of peers.
    Peers,
    /// The list of agreements, or a statement about one.
    Agreements,
}

impl Topic {
    /// Whether it is about one case. Those come with every record; who follows the node's own business is not woken for them.
    pub(crate) fn is_about_a_case(self) -> bool {
        matches!(self, Self::Referral(_) | Self::Record { .. })
    }
}

/// Longest list that is kept until the group closes.
const LIST_KEPT_MAX: usize = 16;

/// What an act reads and changes. Sees its own changes and those of the acts before it. An act that returns an error leaves no trace.
pub struct Unit {
    pub(crate) core: Arc<Core>,
    now: Instant,
    overlay: BTreeMap<Bytes, Option<Bytes>>,
    /// What the engine said. Nobody else writes while a group is decided, and its acts ask for the same case, referral and cursors.
    seen: RefCell<HashMap<Bytes, Option<Found>>>,
    /// What the engine said stands under a prefix, and whether that is all.
    seen_lists: RefCell<HashMap<Bytes, (bool, Vec<Pair>)>>,
    /// What stood in the overlay before each change of the act in progress.
    undo: Vec<(Bytes, Option<Option<Bytes>>)>,
    /// Rows of the group, which are joined when it closes.
    pub(crate) rows: Written,
    /// Rows of the act in progress.
    pub(crate) row_undo: Vec<(Bytes, u64)>,
    /// Where rows were read last, of each kind.
    seen_rows: RefCell<HashMap<Bytes, Span>>,
    bytes: usize,
    pub(crate) topics: Vec<Topic>,
    /// Envelopes whose seal comes when the group closes.
    pub(crate) outgoing: Vec<PendingEnvelope>,
    /// Which of those go without their body, and why.
    pub(crate) purged: Vec<(usize, RefusalCode)>,
    /// Receipts whose seal comes when the group closes.
    pub(crate) answers: Vec<PendingReceipt>,
    /// Slots of parts of rows that were given up.
    released: Vec<Slot>,
    /// Keys at which less takes the place of what is to be erased.
    renewed: Vec<Bytes>,
    /// The present life of this database and its epoch, once somebody asked.
    life: Option<(u32, Epoch)>,
}

/// What a group writes.
pub(crate) struct Closing {
    pub(crate) batch: Batch,
    /// Whether keys are to be destroyed for it.
    pub(crate) has_released: bool,
}

/// Where an act began.
pub(crate) struct Savepoint {
    bytes: usize,
    topics: usize,
    outgoing: usize,
    purged: usize,
    answers: usize,
    released: usize,
    renewed: usize,
}

impl Unit {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let now = core.ambient.now();
        let (overlay, seen, undo, topics) = (BTreeMap::new(), RefCell::default(), Vec::new(), Vec::new());
        let (rows, row_undo, seen_rows, seen_lists) = (Written::default(), Vec::new(), RefCell::default(), RefCell::default());
        let (outgoing, purged, answers, life) = (Vec::new(), Vec::new(), Vec::new(), None);
        let (released, renewed) = (Vec::new(), Vec::new());
        Self {
            core,
            now,
            overlay,
            seen,
            seen_lists,
            undo,
            rows,
            row_undo,
            seen_rows,
            bytes: 0,
            topics,
            outgoing,
            purged,
            answers,
            released,
            renewed,
            life,
        }
    }

    /// When this act is decided; one time for the whole act.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// So many random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        self.core.ambient.random()
    }

    /// This node.
    #[must_use]
    pub fn node_id(&self) -> &NodeId {
        &self.core.identity.node_id
    }

    /// The present life of this database, from 0, and its epoch.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn life(&mut self) -> Result<(u32, Epoch), StoreError> {
        if let Some(life) = self.life {
            return Ok(life);
        }
        let epochs = self.own_epochs()?;
        let epoch = *epochs.last().ok_or(StoreError::Missing { table: super::meta::TABLE })?;
        let life = (u32::try_from(epochs.len() - 1).unwrap_or(u32::MAX), epoch);
        self.life = Some(life);
        Ok(life)
    }

    /// Writes a raw value.
    ///
    /// # Errors
    /// When the value is larger than [`VALUE_MAX`] or the key longer than [`KEY_MAX`].
    pub fn put(&mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<(), StoreError> {
        let (key, value) = (key.into(), value.into());
        let most = if sealing::is_sealed(&key) { VALUE_MAX - sealing::OVERHEAD_BYTES } else { VALUE_MAX };
        if value.len() > most {
            return Err(StoreError::TooLarge { length: value.len() });
        }
        if key.len() > KEY_MAX {
            return Err(EngineError::KeyTooLong { length: key.len() }.into());
        }
        self.change(key, Some(value));
        Ok(())
    }

    /// Writes a typed value.
    ///
    /// # Errors
    /// As [`Self::put`], and when the value has no stored form.
    pub fn save<T: Stored>(&mut self, key: impl Into<Bytes>, value: &T) -> Result<(), StoreError> {
        self.put(key, frame(value)?)
    }

    /// Removes a key; one that is not there is no error.
    ///
    /// # Errors
    /// None today; a table may refuse.
    pub fn delete(&mut self, key: impl Into<Bytes>) -> Result<(), StoreError> {
        self.change(key.into(), None);
        Ok(())
    }

    /// Tells those who watch, once this act is durable.
    pub fn publish(&mut self, topic: Topic) {
        self.topics.push(topic);
    }

    fn change(&mut self, key: Bytes, value: Option<Bytes>) {
        self.bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
        let before = self.overlay.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    /// Begins an act.
    pub(crate) fn begin(&mut self) -> Savepoint {
        self.now = self.core.ambient.now();
        self.undo.clear();
        self.row_undo.clear();
        let (topics, outgoing) = (self.topics.len(), self.outgoing.len());
        Savepoint {
            bytes: self.bytes,
            topics,
            outgoing,
            purged: self.purged.len(),
            answers: self.answers.len(),
            released: self.released.len(),
            renewed: self.renewed.len(),
        }
    }

    /// Undoes everything since the act began.
    pub(crate) fn roll_back(&mut self, savepoint: &Savepoint) {
        let Savepoint { bytes, topics, outgoing, purged, answers, released, renewed } = savepoint;
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(before) => self.overlay.insert(key, before),
                None => self.overlay.remove(&key),
            };
        }
        while let Some((rows, number)) = self.row_undo.pop() {
            self.rows.take_back(&rows, number);
        }
        // What was replaced is as it was.
        self.seen_rows.get_mut().clear();
        self.bytes = *bytes;
        self.topics.truncate(*topics);
        self.outgoing.truncate(*outgoing);
        self.purged.truncate(*purged);
        self.answers.truncate(*answers);
        self.released.truncate(*released);
        self.renewed.truncate(*renewed);
    }

    /// Counts bytes that are written beside the overlay.
    pub(crate) fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Size of what it would write, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What the engine holds at a key, asked once a group.
    fn stored(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        if let Some(found) = self.seen.borrow().get(key) {
            return Ok(found.as_ref().map(|found| found.value.clone()));
        }
        let found = self.core.vault.find(key)?;
        let value = found.as_ref().map(|found| found.value.clone());
        self.seen.borrow_mut().insert(Bytes::copy_from_slice(key), found);
        Ok(value)
    }

    /// What the engine holds under a prefix. A short list from its beginning is asked for once a group: each act of a case looks up its referrals.
    fn stored_under(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        if after.is_some() {
            return self.core.vault.scan(prefix, after, limit);
        }
        if let Some((whole, pairs)) = self.seen_lists.borrow().get(prefix)
            && (*whole || pairs.len() >= limit)
        {
            return Ok(pairs.iter().take(limit).cloned().collect());
        }
        let pairs = self.core.vault.scan(prefix, None, limit)?;
        if pairs.len() <= LIST_KEPT_MAX {
            self.seen_lists.borrow_mut().insert(Bytes::copy_from_slice(prefix), (pairs.len() < limit, pairs.clone()));
        }
        Ok(pairs)
    }

    /// Rows of a kind are about to change.
    pub(crate) fn forget_span(&mut self, rows: &[u8]) {
        self.seen_rows.get_mut().remove(rows);
    }

    /// Gives up the key of a part of a row.
    pub(crate) fn release(&mut self, slot: Slot) {
        self.released.push(slot);
    }

    /// What stands at a key so far is to be erased, though less takes its place in this act: that is sealed with a key of its own, and the key of
    /// every version before is destroyed.
    pub(crate) fn renew(&mut self, key: impl Into<Bytes>) {
        self.renewed.push(key.into());
    }

    /// Nothing stands at a key that holds an id which this act has just drawn: the engine need not be asked.
    pub(crate) fn note_absent(&mut self, key: impl Into<Bytes>) {
        self.seen.get_mut().insert(key.into(), None);
    }

    /// The slot of the value that the engine holds at a key.
    fn slot_before(&self, key: &[u8]) -> Result<Option<Slot>, StoreError> {
        match self.seen.borrow().get(key) {
            Some(found) => Ok(found.as_ref().and_then(|found| found.slot)),
            None => Ok(self.core.vault.engine.get(key)?.as_deref().and_then(Slot::of)),
        }
    }

    /// Everything it would write, sealed, with these rows. A value keeps its key for as long as it stands at its place; what is deleted gives it up.
    pub(crate) fn take_batch(&mut self, rows: Vec<Pair>, mut last_bucket: u32) -> Result<Closing, StoreError> {
        let mut batch = Batch { puts: rows, ..Batch::default() };
        let mut released = std::mem::take(&mut self.released);
        let renewed: HashSet<Bytes> = std::mem::take(&mut self.renewed).into_iter().collect();
        for (key, value) in std::mem::take(&mut self.overlay) {
            match value {
                Some(value) if sealing::is_sealed(&key) => {
                    let mut before = self.slot_before(&key)?;
                    if renewed.contains(&key) {
                        released.extend(before.take());
                    }
                    let (sealed, slot) = self.core.vault.seal(&key, &value, before)?;
                    last_bucket = last_bucket.max(slot.bucket);
                    batch.puts.push((key, sealed));
                }
                Some(value) => batch.puts.push((key, value)),
                None => {
                    if sealing::is_sealed(&key) {
                        released.extend(self.slot_before(&key)?);
                    }
                    batch.deletes.push(key);
                }
            }
        }
        for slot in &released {
            batch.puts.push(sealing::released_row(*slot)?);
        }
        batch.puts.extend(self.core.vault.note_used(last_bucket)?);
        Ok(Closing { batch, has_released: !released.is_empty() })
    }
}

impl Read for Unit {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        match self.overlay.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.stored(key),
        }
    }

    fn row(&self, rows: &[u8], number: u64) -> Result<Option<Bytes>, StoreError> {
        if let Some(row) = self.rows.get(rows, number) {
            return Ok(Some(row.clone()));
        }
        let seen = self.seen_rows.borrow().get(rows).and_then(|span| span.row(number).cloned());
        if seen.is_some() {
            return Ok(seen);
        }
        let Some(span) = Span::holding(self, rows, number)? else { return Ok(None) };
        let row = span.row(number).cloned();
        self.seen_rows.borrow_mut().insert(Bytes::copy_from_slice(rows), span);
        Ok(row)
    }

    fn open_part(&self, place: &[u8], stored: &Bytes) -> Result<Option<Bytes>, StoreError> {
        self.core.vault.open_part(place, stored)
    }

    fn blind(&self, table: &str, name: &[u8]) -> [u8; 16] {
        self.core.vault.keyring.blind(table, name)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            Some(_) | None => Bound::Included(prefix),
        };
        let own = self.overlay.range::<[u8], _>((from, Bound::Unbounded));
        let mut own = own.take_while(|(key, _)| key.starts_with(prefix)).peekable();
        if own.peek().is_none() {
            return self.stored_under(prefix, after, limit);
        }
        let stored =
            Pages { core: &self.core, prefix, after: after.map(Bytes::copy_from_slice), limit, page: VecDeque::new(), ended: false };
        let own = own.map(|(key, value)| Ok((key.clone(), value.clone())));
        let pairs = Over::new(own, stored.map(|pair| pair.map(|(key, value)| (key, Some(value)))));
        pairs.filter_map(present).take(limit).collect()
    }
}

/// A pair, unless the key was removed.
fn present(pair: Result<(Bytes, Option<Bytes>), StoreError>) -> Option<Result<Pair, StoreError>> {
    pair.map(|(key, value)| value.map(|value| (key, value))).transpose()
}

/// What the engine holds, page by page, because some of it may be deleted by the unit.
struct Pages<'a> {
    core: &'a Core,
    prefix: &'a [u8],
    after: Option<Bytes>,
    limit: usize,
    page: VecDeque<Pair>,
    ended: bool,
}

impl Iterator for Pages<'_> {
    type Item = Result<Pair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() && !self.ended {
            match self.core.vault.scan(self.prefix, self.after.as_deref(), self.limit) {
                Ok(page) => self.page = page.into(),
                Err(error) => return Some(Err(error)),
            }
            self.ended = self.page.len() < self.limit;
            self.after = self.page.back().map(|(key, _)| key.clone());
        }
        self.page.pop_front().map(Ok)
    }
}
