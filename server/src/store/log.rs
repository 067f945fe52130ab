//! The log of what crossed the border: leaves by their index, appended inside the act that they tell of.

use bytes::Bytes;
use titian_proto::log::{Event, Leaf, LeafDraft};
use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;
use titian_proto::model::reference::AgreementId;

use super::engine::Pair;
use super::error::StoreError;
use super::key::Key;
use super::position::Position;
use super::read::Read;
use super::rows::Rows;
use super::unit::Unit;
use super::value::{Raw, frame};
use crate::ambient::Ambient;

const TABLE: &str = "log/";
const COUNT: &str = "log-count/";
const CHANNELS: &str = "channel/";

/// Reads the log.
pub trait LogTable: Read {
    /// How many leaves there are; the index of the next one.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn leaf_count(&self) -> Result<u64, StoreError>;

    /// The exact bytes of a leaf.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn leaf(&self, index: u64) -> Result<Option<Bytes>, StoreError>;

    /// Up to `limit` leaves from an index on, with their indexes.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, StoreError>;
}

impl<R: Read> LogTable for R {
    fn leaf_count(&self) -> Result<u64, StoreError> {
        Ok(self.load(&Key::of(COUNT))?.unwrap_or(0))
    }

    fn leaf(&self, index: u64) -> Result<Option<Bytes>, StoreError> {
        self.row(&Key::of(TABLE), index)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let mut rows = Rows::new(self, Key::of(TABLE));
        let numbers = (from..self.leaf_count()?).take(limit);
        let leaves = numbers.map(|index| Ok(rows.get(index)?.map(|leaf| (index, leaf))));
        leaves.filter_map(Result::transpose).collect()
    }
}

impl Unit {
    /// Gives a leaf its seat in the log. Returns its index and its exact bytes.
    ///
    /// # Errors
    /// When the leaf has not the fields of its event, or the store cannot be read.
    pub fn append_leaf(&mut self, draft: LeafDraft) -> Result<(u64, Bytes), StoreError> {
        let index = self.leaf_count()?;
        let seat = Seat { origin: &self.core.identity.log_origin, index, now: self.now(), ambient: &self.core.ambient };
        let leaf = seat.take(draft)?;
        self.put_row(Key::of(TABLE), index, leaf.clone());
        self.save(Key::of(COUNT), &(index + 1))?;
        Ok((index, leaf))
    }

    /// The next number of what crosses under an agreement in one direction: 0, 1, 2 and so on without gaps, so that auditors see what is missing. After
    /// a restore the count goes on from a higher number, once.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_channel(&mut self, agreement: &AgreementId, from: &NodeId, to: &NodeId) -> Result<u64, StoreError> {
        let key = Key::of(CHANNELS).text(agreement.as_str()).text(from.as_str()).text(to.as_str());
        // A restored node does not know how far it had counted. Its new life counts where no earlier one came: no number is given twice.
        let next = self.load::<u64>(&key)?.unwrap_or(0).max(Position::new(self.life()?.0, 0).number());
        let gap = u64::from(crate::mutant::is("leave-a-gap-in-a-channel") && next == 2);
        self.save(key, &(next + 1 + gap))?;
        Ok(next)
    }
}

/// The first leaf of a new log, as the pairs to write.
pub(crate) fn genesis(origin: &str, ambient: &Ambient) -> Result<[Pair; 2], StoreError> {
    lone(Event::LogGenesis, 0, origin, ambient)
}

/// The leaf that tells of an import, as the pairs to write.
pub(crate) fn restored(reader: &impl Read, origin: &str, ambient: &Ambient) -> Result<[Pair; 2], StoreError> {
    lone(Event::RestorePerformed, reader.leaf_count()?, origin, ambient)
}

fn lone(event: Event, index: u64, origin: &str, ambient: &Ambient) -> Result<[Pair; 2], StoreError> {
    let leaf = Seat { origin, index, now: ambient.now(), ambient }.take(LeafDraft::new(event))?;
    Ok([(Key::of(TABLE).number(index).into(), frame(&Raw(leaf))?), (Key::of(COUNT).into(), frame(&(index + 1))?)])
}

/// Where a leaf comes to stand.
struct Seat<'a> {
    origin: &'a str,
    index: u64,
    now: Instant,
    ambient: &'a Ambient,
}

impl Seat<'_> {
    fn take(&self, draft: LeafDraft) -> Result<Bytes, StoreError> {
        let refused = |source| StoreError::Refused { table: TABLE, source };
        draft.check().map_err(refused)?;
        let leaf: Leaf = draft.seat(self.origin, self.index, self.ambient.random(), self.now);
        let leaf = leaf.encode();
        if leaf.len() > Leaf::LENGTH_MAX {
            return Err(StoreError::TooLarge { length: leaf.len() });
        }
        Ok(leaf)
    }
}
