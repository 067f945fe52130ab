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

impl Unit {
    /// Says that something under a key changes in this act. Random, so that a tag of an act that left no trace never comes again.
    pub(crate) fn change_tag(&mut self, of: &Key) -> Result<(), StoreError> {
        let tag: [u8; 16] = self.random();
        self.save(Key::of(TABLE).id(of), &Raw(Bytes::copy_from_slice(&tag)))
    }
}
