//! A record as a peer sees it.

use super::RecordContent;
use crate::model::id::{NodeId, RecordRef};
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{counted, required};
use crate::wire;

/// A record as a peer sees it under one referral.
#[derive(Clone, PartialEq)]
pub struct SharedRecord {
    /// Random, one per record and peer, so that two peers cannot join what they hold.
    pub record_ref: RecordRef,
    /// The node that owns it. Only the owner writes it.
    pub owner: NodeId,
    /// From 1; a lower one than held is refused.
    pub revision: u64,
    /// What it says.
    pub content: RecordContent,
}

impl std::fmt::Debug for SharedRecord {
    /// Which record, at which revision, and nothing it says.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharedRecord({} of {}, {}, revision {})", self.record_ref, self.owner, self.content.record_type(), self.revision)
    }
}

impl SharedRecord {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When an id, the owner or the content breaks its form, or the revision is 0.
    pub fn from_wire(record: &wire::SharedRecord) -> Result<Self, Malformed> {
        let wire::SharedRecord { record_ref, owner, revision, content } = record;
        Ok(Self {
            record_ref: RecordRef::from_wire(record_ref).at("record_ref")?,
            owner: NodeId::parse(owner).at("owner")?,
            revision: counted(*revision, "revision")?,
            content: required(content.as_ref(), "content", RecordContent::from_wire)?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::SharedRecord {
        wire::SharedRecord {
            record_ref: self.record_ref.to_wire(),
            owner: self.owner.to_string(),
            revision: self.revision,
            content: Some(self.content.to_wire()),
        }
    }
}
