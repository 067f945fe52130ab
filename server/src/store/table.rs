//! How the tables of the nouns are written: keys made of fixed parts, and small files as versioned JSON.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use titian_proto::model::id::NodeId;

use super::{Read, StoreError, Unit, value};

/// A key: the table's name, then parts of fixed length or ended by a zero byte, so that a prefix never matches half an id.
#[derive(Clone)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    /// A key of this table.
    pub(crate) fn of(table: &str) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(table.as_bytes());
        bytes.push(b'/');
        Self(bytes)
    }

    /// Adds an id of 16 bytes.
    pub(crate) fn id(mut self, id: [u8; 16]) -> Self {
        self.0.extend_from_slice(&id);
        self
    }

    /// Adds 32 bytes.
    pub(crate) fn digest(mut self, digest: [u8; 32]) -> Self {
        self.0.extend_from_slice(&digest);
        self
    }

    /// Adds a node's name.
    pub(crate) fn node(self, node: &NodeId) -> Self {
        self.text(node.as_str())
    }

    /// Adds a text without zero bytes.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
        self
    }

    /// Adds a number, in the order of numbers.
    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Reads a small file.
pub(crate) fn file<T: DeserializeOwned>(read: &(impl Read + ?Sized), key: &Key) -> Result<Option<T>, StoreError> {
    read.get(key.bytes())?.map(|stored| decode(&stored)).transpose()
}

/// Reads every small file under a prefix, in the order of the keys.
pub(crate) fn files<T: DeserializeOwned>(read: &(impl Read + ?Sized), prefix: &Key) -> Result<Vec<T>, StoreError> {
    all(read, prefix)?.iter().map(|(_, stored)| decode(stored)).collect()
}

/// Reads a page of small files after a key.
pub(crate) fn page<T: DeserializeOwned>(
    read: &(impl Read + ?Sized),
    prefix: &Key,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<T>, StoreError> {
    read.scan(prefix.bytes(), after.map(Key::bytes), limit)?.iter().map(|(_, stored)| decode(stored)).collect()
}

/// Everything under a prefix, read in pages.
pub(crate) fn all(read: &(impl Read + ?Sized), prefix: &Key) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
    /// Entries a page: bounds the memory of one look at the engine.
    const PAGE: usize = 1024;
    let mut found: Vec<(Bytes, Bytes)> = Vec::new();
    loop {
        let after = found.last().map(|(key, _)| key.clone());
        let page = read.scan(prefix.bytes(), after.as_deref(), PAGE)?;
        let last = page.len() < PAGE;
        found.extend(page);
        if last {
            return Ok(found);
        }
    }
}

/// Writes a small file.
pub(crate) fn put_file<T: Serialize>(unit: &mut Unit, key: &Key, file: &T) -> Result<(), StoreError> {
    let json = serde_json::to_vec(file).map_err(StoreError::unreadable)?;
    put_bytes(unit, key, &json)
}

/// Writes bytes as they are, under a version.
pub(crate) fn put_bytes(unit: &mut Unit, key: &Key, bytes: &[u8]) -> Result<(), StoreError> {
    unit.put(key.bytes(), value::frame(bytes))
}

/// Reads bytes as they were written by [`put_bytes`].
pub(crate) fn bytes(read: &(impl Read + ?Sized), key: &Key) -> Result<Option<Bytes>, StoreError> {
    read.get(key.bytes())?.map(value::unframe).transpose()
}

fn decode<T: DeserializeOwned>(stored: &Bytes) -> Result<T, StoreError> {
    serde_json::from_slice(&value::unframe(stored.clone())?).map_err(StoreError::unreadable)
}

/// Bytes in a small file, as base64.
pub(crate) mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Bytes::from).map_err(serde::de::Error::custom)
    }
}
