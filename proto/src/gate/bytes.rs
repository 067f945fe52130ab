//! Bytes of a document: more sensitive than what the document is, and bounded by the annex. Asked beside everything that its record must show.

use bytes::Bytes;

use crate::document::chunks::ChunkPlan;
use crate::document::key::DocumentKey;
use crate::document::media::MediaType;
use crate::gate::{Question, refuse_if};
use crate::model::agreement::Annex;
use crate::model::consent::{ConsentMethod, Grant};
use crate::model::id::Digest;
use crate::model::malformed::Malformed;
use crate::model::record::{DocumentManifest, RecordContent, SharedRecord};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::vocabulary::Tier;
use crate::wire;

use super::Content;

/// The bytes that are asked about.
pub(super) struct Wanted {
    media: Option<MediaType>,
    size: u64,
    others: u64,
    name: wire::DocumentName,
}

/// Leave to send, or to take, chunks of exactly these bytes. Made by the gate alone; cannot be copied.
#[must_use]
pub struct BytesPermit {
    name: wire::DocumentName,
}

impl Wanted {
    /// Of a put with exactly one record, a document with bytes.
    pub(super) fn of(question: &Question<'_>, others: u64) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(RefusalCode::Malformed).with_path(DIGEST_PATH);
        let Content::Put(put) = &question.content else { return Err(malformed()) };
        let [SharedRecord { record_ref, content: RecordContent::Document(manifest), .. }] = put.records.as_slice() else {
            return Err(malformed());
        };
        let DocumentManifest { media_type, size_bytes, content_digest, .. } = manifest;
        let digest: Digest = content_digest.ok_or_else(malformed)?;
        let name = wire::DocumentName {
            referral_id: put.referral_id.to_wire(),
            record_ref: record_ref.to_wire(),
            content_digest: digest.to_wire(),
        };
        let media = media_type.as_ref().and_then(|name| MediaType::from_name(name.as_str()));
        Ok(Self { media, size: *size_bytes, others, name })
    }

    /// Evidence is of tier T3 whatever its record is (`domain.md` 2.0), and the annex bounds it.
    pub(super) fn check_annex(&self, annex: &Annex) -> Result<(), Refusal> {
        if annex.max_tier < Tier::T3 {
            return Err(Refusal::new(RefusalCode::TierTooHigh).with_path("case.document"));
        }
        let too_large = |path: &str| Err(Refusal::new(RefusalCode::DocumentTooLarge).with_path(path));
        if self.size > annex.document_bytes_max() {
            return too_large("case.document.size_bytes");
        }
        if self.size.saturating_add(self.others) > annex.documents_bytes_max() {
            return too_large("referral.documents");
        }
        Ok(())
    }

    /// A spoken consent reaches T2 and no further.
    pub(super) fn check_consent(&self, grant: Option<&Grant>) -> Result<(), Refusal> {
        refuse_if(grant.is_some_and(|grant| grant.method == ConsentMethod::VerbalWitnessed), RefusalCode::ConsentMethod)
    }

    /// A type of the list, of a size that there is.
    pub(super) fn check_content(&self) -> Result<(), Refusal> {
        let Some(media) = self.media else { return Err(Refusal::new(RefusalCode::DocumentType).with_path("case.document.media_type")) };
        let large_image = media.is_image() && self.size > MediaType::IMAGE_BYTES_MAX as u64;
        if large_image || ChunkPlan::new(self.size).is_err() {
            return Err(Refusal::new(RefusalCode::DocumentTooLarge).with_path("case.document.size_bytes"));
        }
        Ok(())
    }

    pub(super) fn permit(self) -> BytesPermit {
        BytesPermit { name: self.name }
    }
}

/// Where the manifest says that there are bytes.
const DIGEST_PATH: &str = "case.document.content_digest";

impl BytesPermit {
    /// What opens the chunks, for the peer.
    #[must_use]
    pub fn opening(&self, key: &DocumentKey, salt: &[u8; 32]) -> wire::DocumentOpening {
        let (key, salt) = (Bytes::copy_from_slice(key.expose()), Bytes::copy_from_slice(salt));
        wire::DocumentOpening { document: Some(self.name.clone()), key, salt }
    }

    /// A chunk, for the peer.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn chunk(&self, key: &DocumentKey, index: u64, chunk: &[u8], path: &[Digest]) -> Result<wire::DocumentChunk, Malformed> {
        let sealed = key.seal(index, chunk)?;
        Ok(wire::DocumentChunk { document: Some(self.name.clone()), index, sealed, path: path.iter().map(|one| one.to_wire()).collect() })
    }
}
