//! Epochs: the lives of this node's database, and of its peers' as far as they were heard. The oldest first; a life's number is its place here.

use bytes::Bytes;
use titian_proto::model::id::{Epoch, NodeId};
use titian_proto::model::malformed::Malformed;

use super::error::StoreError;
use super::key::Key;
use super::meta;
use super::position::Position;
use super::read::Read;
use super::unit::Unit;
use super::value::Raw;

const PEERS: &str = "peer-epoch/";

const TOLD: &str = "told-epoch/";

const HEARD: &str = "heard-epoch/";

/// Bytes of an epoch.
const EPOCH_BYTES: usize = 16;

/// Reads epochs.
pub trait EpochTable: Read + Sized {
    /// Every life of this node's database; the last is the present one.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn own_epochs(&self) -> Result<Vec<Epoch>, StoreError> {
        read_all(meta::TABLE, self.load::<Raw>(&meta::epoch_key())?)
    }

    /// Every life of a peer's database that was heard of; none before first contact.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn peer_epochs(&self, peer: &NodeId) -> Result<Vec<Epoch>, StoreError> {
        read_all(PEERS, self.load::<Raw>(&key(PEERS, peer))?)
    }

    /// The life of a peer's database in which it was told last how things stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn told_epoch(&self, peer: &NodeId) -> Result<Option<Epoch>, StoreError> {
        one(self, TOLD, peer)
    }

    /// The life of this node's database in which a peer told it last how things stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn heard_epoch(&self, peer: &NodeId) -> Result<Option<Epoch>, StoreError> {
        one(self, HEARD, peer)
    }
}

impl<R: Read> EpochTable for R {}

impl Unit {
    /// Notes a new life of a peer's database. One that is known stays where it is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn add_peer_epoch(&mut self, peer: &NodeId, epoch: Epoch) -> Result<(), StoreError> {
        let mut epochs = self.peer_epochs(peer)?;
        if !epochs.contains(&epoch) {
            epochs.push(epoch);
            self.save(key(PEERS, peer), &write_all(&epochs))?;
        }
        Ok(())
    }

    /// Notes that a peer was told how things stand in the present life of its database.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn put_told_epoch(&mut self, peer: &NodeId) -> Result<(), StoreError> {
        let epochs = self.peer_epochs(peer)?;
        self.save(key(TOLD, peer), &write_all(&epochs[epochs.len().saturating_sub(1)..]))
    }

    /// Notes that a peer has told how things stand in the present life of this node's database.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn put_heard_epoch(&mut self, peer: &NodeId) -> Result<(), StoreError> {
        let (_, epoch) = self.life()?;
        self.save(key(HEARD, peer), &write_all(&[epoch]))
    }
}

/// Epochs one after the other; a single one looks as it did when there was only one.
pub(crate) fn write_all(epochs: &[Epoch]) -> Raw {
    Raw(epochs.iter().flat_map(|epoch| epoch.0).collect::<Bytes>())
}

pub(crate) fn read_all(table: &'static str, stored: Option<Raw>) -> Result<Vec<Epoch>, StoreError> {
    let Some(Raw(bytes)) = stored else { return Ok(Vec::new()) };
    let (whole, rest) = bytes.as_chunks::<EPOCH_BYTES>();
    if !rest.is_empty() || whole.is_empty() {
        return Err(StoreError::unreadable(table, Malformed::new("must be epochs of 16 bytes")));
    }
    Ok(whole.iter().copied().map(Epoch).collect())
}

/// Which life it is of those that are known, the oldest first.
#[must_use]
pub fn life_of(epochs: &[Epoch], epoch: Epoch) -> Option<u32> {
    epochs.iter().position(|known| *known == epoch).and_then(|life| u32::try_from(life).ok())
}

/// The epoch in whose chain a place lies.
#[must_use]
pub fn epoch_of(epochs: &[Epoch], position: Position) -> Option<Epoch> {
    usize::try_from(position.life()).ok().and_then(|life| epochs.get(life)).copied()
}

fn one(read: &impl Read, table: &'static str, peer: &NodeId) -> Result<Option<Epoch>, StoreError> {
    Ok(read_all(table, read.load::<Raw>(&key(table, peer))?)?.pop())
}

fn key(table: &'static str, peer: &NodeId) -> Key {
    Key::of(table).text(peer.as_str())
}
