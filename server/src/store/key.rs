//! Keys: the name of a table, then parts. Texts end with a slash, ids and numbers have a fixed length, numbers sort as numbers.

use bytes::Bytes;

/// Builds a key from its parts: `Key::of("log/").number(7)`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Vec<u8>);

impl Key {
    /// A key of a table. The name ends with a slash, so that no table's keys begin with another's name.
    #[must_use]
    pub fn of(table: &'static str) -> Self {
        /// Room for a table, a node and two ids: nearly every key, so that it does not grow part by part.
        const USUAL_LENGTH: usize = 64;
        debug_assert!(table.ends_with('/'), "a table's name ends with a slash");
        let mut key = Vec::with_capacity(USUAL_LENGTH);
        key.extend_from_slice(table.as_bytes());
        Self(key)
    }

    /// Adds a text that holds no slash, such as a node id, and ends it with one.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'/');
        self
    }

    /// Adds an id or another part of fixed length.
    #[must_use]
    pub fn id(mut self, id: &[u8]) -> Self {
        self.0.extend_from_slice(id);
        self
    }

    /// Adds one byte, such as a lane.
    #[must_use]
    pub fn byte(mut self, byte: u8) -> Self {
        self.0.push(byte);
        self
    }

    /// Adds a number, big end first, so that keys sort by it.
    #[must_use]
    pub fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// The id a key ends with, or none when it is too short for one.
    #[must_use]
    pub fn last_id(key: &[u8]) -> Option<[u8; 16]> {
        key.last_chunk::<16>().copied()
    }

    /// The number a key ends with, or none when it is too short for one.
    #[must_use]
    pub fn last_number(key: &[u8]) -> Option<u64> {
        key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::ops::Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Key> for Bytes {
    fn from(key: Key) -> Self {
        Self::copy_from_slice(&key.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_sort_by_their_number() {
        assert!(Key::of("log/").number(255) < Key::of("log/").number(256));
        assert_eq!(Key::last_number(&Key::of("log/").number(7)), Some(7));
    }
}
