//! Reading: the same for a view and for an act in progress.

use std::sync::Arc;

use bytes::Bytes;

use super::engine::Pair;
use super::error::StoreError;
use super::rows::Span;
use super::sealing::Vault;
use super::value::{Stored, unframe};

/// Reads the store. Tables add their own reading as extension traits over this.
pub trait Read {
    /// The raw value of a key.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Up to `limit` raw pairs whose keys begin with `prefix` and come after `after`, in the order of the keys.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, StoreError>;

    /// A row of a kind, by its number.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn row(&self, rows: &[u8], number: u64) -> Result<Option<Bytes>, StoreError>
    where
        Self: Sized,
    {
        Ok(Span::holding(self, rows, number)?.and_then(|span| span.row(number).cloned()))
    }

    /// The part of a row that was sealed for a place of its own; nothing where its key is destroyed. What was never sealed is given back as it is.
    ///
    /// # Errors
    /// When it is not what was sealed there.
    fn open_part(&self, place: &[u8], stored: &Bytes) -> Result<Option<Bytes>, StoreError>;

    /// A name by which a row is found, made of something personal; it says nothing to whoever has not the keys of this store.
    fn blind(&self, table: &str, name: &[u8]) -> [u8; 16];

    /// The typed value of a key.
    ///
    /// # Errors
    /// When the database or the value cannot be read.
    fn load<T: Stored>(&self, key: &[u8]) -> Result<Option<T>, StoreError>
    where
        Self: Sized,
    {
        self.get(key)?.as_ref().map(unframe).transpose()
    }

    /// As [`Self::scan`], with typed values.
    ///
    /// # Errors
    /// When the database or one of the values cannot be read.
    fn load_all<T: Stored>(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, T)>, StoreError>
    where
        Self: Sized,
    {
        self.scan(prefix, after, limit)?.into_iter().map(|(key, value)| Ok((key, unframe(&value)?))).collect()
    }
}

/// Reads what is visible now. Not a snapshot: two reads may see two moments. What it sees may not be durable yet; whatever is told to a peer
/// goes through the reads that wait for that.
#[derive(Clone)]
pub struct View {
    pub(crate) vault: Vault,
    pub(crate) durable: Arc<super::durable::Durable>,
}

impl View {
    /// Up to `limit` keys that begin with `prefix` and come after `after`, in their order, whether or not what stands there can be read. A value of which
    /// the key is destroyed has its place still.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn keys(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Bytes>, StoreError> {
        Ok(self.vault.engine.scan(prefix, after, limit)?.into_iter().map(|(key, _)| key).collect())
    }
}

impl Read for View {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.vault.get(key)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.vault.scan(prefix, after, limit)
    }

    fn open_part(&self, place: &[u8], stored: &Bytes) -> Result<Option<Bytes>, StoreError> {
        self.vault.open_part(place, stored)
    }

    fn blind(&self, table: &str, name: &[u8]) -> [u8; 16] {
        self.vault.keyring.blind(table, name)
    }
}

/// The most that a read returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    /// How many.
    pub count: usize,
    /// Bytes; the first is returned whatever its size.
    pub bytes: usize,
}
