//! What two nodes say to each other about bytes, parsed.

use bytes::Bytes;

use crate::document::chunks::Salt;
use crate::document::key::DocumentKey;
use crate::model::id::{Digest, RecordRef, ReferralId};
use crate::model::malformed::{At, Malformed};
use crate::wire;

/// Which bytes are meant: those of one record in one share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentName {
    /// The referral.
    pub referral_id: ReferralId,
    /// The record, as the two unions know it.
    pub record_ref: RecordRef,
    /// The content digest of its manifest.
    pub digest: Digest,
}

/// Chunks that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentAsk {
    /// Of which bytes.
    pub name: DocumentName,
    /// The first.
    pub from: u64,
    /// How many, 1 to [`DocumentAsk::COUNT_MAX`].
    pub count: u32,
    /// The opening is asked for too.
    pub opening: bool,
}

/// What opens chunks.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentOpening {
    /// Of which bytes.
    pub name: DocumentName,
    /// Opens them.
    pub key: DocumentKey,
    /// Proves them.
    pub salt: Salt,
}

/// A chunk as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentChunk {
    /// Of which bytes.
    pub name: DocumentName,
    /// Its place.
    pub index: u64,
    /// Sealed for the recipient.
    pub sealed: Bytes,
    /// From the chunk to the digest.
    pub path: Vec<Digest>,
}

crate::model::value::redacted!(DocumentOpening, DocumentChunk);

impl DocumentName {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When it is missing, or an id or the digest has another length.
    pub fn from_wire(name: Option<&wire::DocumentName>) -> Result<Self, Malformed> {
        let wire::DocumentName { referral_id, record_ref, content_digest } = name.ok_or_else(|| Malformed::missing("document"))?;
        Ok(Self {
            referral_id: ReferralId::from_wire(referral_id).at("document.referral_id")?,
            record_ref: RecordRef::from_wire(record_ref).at("document.record_ref")?,
            digest: Digest::from_wire(content_digest).at("document.content_digest")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(self) -> wire::DocumentName {
        let Self { referral_id, record_ref, digest } = self;
        wire::DocumentName { referral_id: referral_id.to_wire(), record_ref: record_ref.to_wire(), content_digest: digest.to_wire() }
    }
}

impl DocumentAsk {
    /// Chunks of one ask: half a MiB, so that two asks keep a line busy and little waits in memory.
    pub const COUNT_MAX: u32 = 16;

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the name or the count breaks its form.
    pub fn from_wire(ask: &wire::DocumentAsk) -> Result<Self, Malformed> {
        let wire::DocumentAsk { document, from, count, opening } = ask;
        if !(1..=Self::COUNT_MAX).contains(count) {
            return Err(Malformed::new("must be 1 to 16").at("count"));
        }
        Ok(Self { name: DocumentName::from_wire(document.as_ref())?, from: *from, count: *count, opening: *opening })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(self) -> wire::DocumentAsk {
        let Self { name, from, count, opening } = self;
        wire::DocumentAsk { document: Some(name.to_wire()), from, count, opening }
    }
}

impl DocumentOpening {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the name, the key or the salt breaks its form.
    pub fn from_wire(opening: &wire::DocumentOpening) -> Result<Self, Malformed> {
        let wire::DocumentOpening { document, key, salt } = opening;
        Ok(Self {
            name: DocumentName::from_wire(document.as_ref())?,
            key: DocumentKey::from_wire(key).at("key")?,
            salt: Salt(Digest::from_wire(salt).at("salt")?.0),
        })
    }
}

impl DocumentChunk {
    /// Hashes in a path at most: a tree of the largest document has 20 levels.
    const PATH_MAX: usize = 20;

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the name or the path breaks its form.
    pub fn from_wire(chunk: wire::DocumentChunk) -> Result<Self, Malformed> {
        let wire::DocumentChunk { document, index, sealed, path } = chunk;
        if path.len() > Self::PATH_MAX {
            return Err(Malformed::new("has more than 20 hashes").at("path"));
        }
        let path = path.iter().map(|hash| Digest::from_wire(hash).at("path")).collect::<Result<_, _>>()?;
        Ok(Self { name: DocumentName::from_wire(document.as_ref())?, index, sealed, path })
    }
}
