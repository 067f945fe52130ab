//! Tags: a value that changes with everything it stands for and is never the same twice. Who holds what was read under a tag may keep it for
//! as long as the tag is the same: the tag is read first, and a batch becomes visible as a whole.

use bytes::Bytes;

use super::key::Key;
use super::value::Raw;
use super::{Read, StoreError, Unit};

const TABLE: &str = "tag/";

/// The tag of everything under a key; none when nothing was written there since there are tags.
pub(crate) fn tag(read: &impl Read, of: &Key) -> Result<Option<Bytes>, StoreError> {
    read.get(&Key::of(TABLE).id(of))
}

/// The tags of what stands under a key by an id, after one of the ids, in their order.
pub(crate) fn tags(read: &impl Read, under: &Key, after: Option<[u8; 16]>, limit: usize) -> Result<Vec<([u8; 16], Bytes)>, StoreError> {
    let prefix = Key::of(TABLE).id(under);
    let after = after.map(|id| prefix.clone().id(&id));
    let pairs = read.scan(&prefix, after.as_deref(), limit)?;
    Ok(pairs.into_iter().filter_map(|(key, tag)| Some((*key.last_chunk()?, tag))).collect())
}

impl Unit {
    /// Says that something under a key changes in this act. Random, so that a tag of an act that left no trace never comes again.
    pub(crate) fn change_tag(&mut self, of: &Key) -> Result<(), StoreError> {
        let tag: [u8; 16] = self.random();
        self.save(Key::of(TABLE).id(of), &Raw(Bytes::copy_from_slice(&tag)))
    }
}
