//! Epochs: the lives of this node's database, and of its peers' as far as they were heard. The oldest first; a life's number is its place here.

use bytes::Bytes;
use titian_proto::model::id::{Epoch, NodeId};
use titian_proto::model::malformed::Malformed;

use super::error::StoreError;
use super::key::Key;
use super::meta;
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
        read_all(PEERS, self.load::<Raw>(&peer_key(peer))?)
    }

    /// The life of a peer's database in which it was told last how things stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn told_epoch(&self, peer: &NodeId) -> Result<Option<Epoch>, StoreError> {
        Ok(read_all(TOLD, self.load::<Raw>(&Key::of(TOLD).text(peer.as_str()))?)?.pop())
    }

    /// The life of this node's database in which a peer told it last how things stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn heard_epoch(&self, peer: &NodeId) -> Result<Option<Epoch>, StoreError> {
        Ok(read_all(HEARD, self.load::<Raw>(&Key::of(HEARD).text(peer.as_str()))?)?.pop())
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
            self.save(peer_key(peer), &write_all(&epochs))?;
        }
        Ok(())
    }

    /// Notes that a peer was told how things stand in the present life of its database.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn put_told_epoch(&mut self, peer: &NodeId) -> Result<(), StoreError> {
        let epochs = self.peer_epochs(peer)?;
        self.save(Key::of(TOLD).text(peer.as_str()), &write_all(&epochs[epochs.len().saturating_sub(1)..]))
    }
}

impl Unit {
    /// Notes that a peer has told how things stand in the present life of this node's database.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn put_heard_epoch(&mut self, peer: &NodeId) -> Result<(), StoreError> {
        let (_, epoch) = self.life()?;
        self.save(Key::of(HEARD).text(peer.as_str()), &write_all(&[epoch]))
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

fn peer_key(peer: &NodeId) -> Key {
    Key::of(PEERS).text(peer.as_str())
}
