//! Receipts that this node gave before it was restored from a backup, returned by the peers that hold them.

use bytes::Bytes;
use titian_proto::envelope::Lane;
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::wire;

use super::inbox::read_receipt;
use super::key::Key;
use super::lane_key::lane_key;
use super::value::Raw;
use super::{Read, StoreError, Unit};

const TABLE: &str = "returned/";

/// Reads returned receipts.
pub trait ReturnedTable: Read + Sized {
    /// Whether a peer returned receipts whose envelopes have not come again.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn has_returned(&self, peer: &NodeId) -> Result<bool, StoreError> {
        Ok(!self.scan(&Key::of(TABLE).text(peer.as_str()), None, 1)?.is_empty())
    }

    /// The receipt that this node once gave for an envelope that it no longer knows.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn returned(&self, peer: &NodeId, lane: Lane, envelope: Digest) -> Result<Option<wire::SignedReceipt>, StoreError> {
        let stored = self.load::<Raw>(&lane_key(TABLE, peer, lane).id(&envelope.0))?;
        stored.map(|raw| read_receipt(TABLE, raw.0)).transpose()
    }
}

impl<R: Read> ReturnedTable for R {}

impl Unit {
    /// Keeps a receipt that a peer returned until its envelope comes again.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_returned(&mut self, peer: &NodeId, lane: Lane, envelope: Digest, receipt: Bytes) -> Result<(), StoreError> {
        self.save(lane_key(TABLE, peer, lane).id(&envelope.0), &Raw(receipt))
    }

    /// Forgets a returned receipt, because it was given again.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_returned(&mut self, peer: &NodeId, lane: Lane, envelope: Digest) -> Result<(), StoreError> {
        self.delete(lane_key(TABLE, peer, lane).id(&envelope.0))
    }
}
