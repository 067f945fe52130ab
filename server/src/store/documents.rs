//! Bytes of documents: chunks under a body, and whose body it is. Chunks are sealed before they come here; with the row of a document its key goes,
//! and the chunks without an owner are swept up piece by piece afterwards.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use titian_proto::document::chunks::{ChunkPlan, SECTION_CHUNKS, Salt};
use titian_proto::document::frames::DocumentName;
use titian_proto::document::key::DocumentKey;
use titian_proto::document::media::MediaType;
use titian_proto::envelope::Lane;
use titian_proto::model::id::{BodyId, Digest, NodeId, RecordId, RecordRef, ReferralId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::Refusal;

use super::key::Key;
use super::table;
use super::value::{Raw, stored_json};
use super::{Health, Read, Room, Store, StoreError, Unit};

/// The bytes that belong to a record of this node.
#[derive(Clone, Serialize, Deserialize)]
pub struct OwnDocument {
    /// Where its chunks are.
    pub body: BodyId,
    /// The root of their tree.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// What they are.
    #[serde(with = "media_name")]
    pub media: MediaType,
    /// What opens them.
    pub opening: Opening,
}

/// The bytes of a record held from the other side, as far as they have come.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldDocument {
    /// The record, as the two unions know it.
    pub record_ref: RecordRef,
    /// Where their chunks are.
    pub body: BodyId,
    /// The root of the tree, as the record says.
    pub digest: Digest,
    /// Bytes, as the record says.
    pub size: u64,
    /// What they are, as the record says.
    pub media_type: String,
    /// What opens them, once it came.
    pub opening: Option<Opening>,
    /// So many chunks from the start are here, each of them proved.
    pub chunks: u64,
    /// How they stand.
    pub state: HeldState,
    /// Why no more come for now, or why they were not taken.
    pub refused: Option<Refusal>,
}

/// How the bytes of a held record stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HeldState {
    /// Still to come.
    Coming,
    /// All here, and what the record says.
    Whole,
    /// All came, and were not what the record says; none is kept.
    Refused,
}

/// A document whose record the other side holds from here.
#[derive(Clone, Serialize, Deserialize)]
pub struct OfferedDocument {
    /// The record, as the two unions know it.
    pub record_ref: RecordRef,
    /// The record here.
    pub record_id: RecordId,
    /// The digest of the bytes that began to leave, and their number; none: none did.
    pub released: Option<(Digest, u64)>,
}

/// What opens the chunks of a body. It stands in a sealed value alone, and is gone with the key of that.
#[derive(Clone, Serialize, Deserialize)]
pub struct Opening {
    #[serde(with = "table::base64_bytes")]
    key: Bytes,
    #[serde(with = "table::base64_bytes")]
    salt: Bytes,
}

/// A document whose bytes are still to come from a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The referral.
    pub referral_id: ReferralId,
    /// The record, as the two unions know it.
    pub record_ref: RecordRef,
}

stored_json!(OwnDocument, "document/");
stored_json!(HeldDocument, "document-held/");
stored_json!(OfferedDocument, "document-offered/");
stored_json!(Wanted, "document-wanted/");
stored_json!(BodyId, "document-waste/");

impl Opening {
    /// From a key and a salt.
    #[must_use]
    pub fn new(key: &DocumentKey, salt: &Salt) -> Self {
        Self { key: Bytes::copy_from_slice(key.expose()), salt: Bytes::copy_from_slice(&salt.0) }
    }

    /// The key.
    ///
    /// # Errors
    /// When what is stored is no key.
    pub fn key(&self) -> Result<DocumentKey, StoreError> {
        DocumentKey::from_wire(&self.key).map_err(unreadable)
    }

    /// The salt.
    ///
    /// # Errors
    /// When what is stored is no salt.
    pub fn salt(&self) -> Result<Salt, StoreError> {
        Digest::from_wire(&self.salt).map(|salt| Salt(salt.0)).map_err(unreadable)
    }
}

impl HeldDocument {
    /// How it is cut.
    ///
    /// # Errors
    /// When the record says a size that no document has.
    pub fn plan(&self) -> Result<ChunkPlan, Malformed> {
        ChunkPlan::new(self.size)
    }

    /// Its name between the two unions.
    #[must_use]
    pub fn name(&self, referral_id: ReferralId) -> DocumentName {
        DocumentName { referral_id, record_ref: self.record_ref, digest: self.digest }
    }
}

/// Reading documents.
pub trait DocumentTable: Read + Sized {
    /// The bytes of a record of this node.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn own_document(&self, record_id: RecordId) -> Result<Option<OwnDocument>, StoreError> {
        self.load(&own_key(record_id))
    }

    /// The bytes of a record held from the other side.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn held_document(&self, referral_id: ReferralId, record_ref: RecordRef) -> Result<Option<HeldDocument>, StoreError> {
        self.load(&held_key(referral_id, record_ref))
    }

    /// The bytes of every record held under a referral.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn held_documents(&self, referral_id: ReferralId) -> Result<Vec<HeldDocument>, StoreError> {
        table::all(self, &Key::of("document-held/").id(&referral_id.0))
    }

    /// A document whose record the other side holds from here.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn offered_document(&self, referral_id: ReferralId, record_ref: RecordRef) -> Result<Option<OfferedDocument>, StoreError> {
        self.load(&offered_key(referral_id, record_ref))
    }

    /// Every document whose record the other side holds from here under a referral.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn offered_documents(&self, referral_id: ReferralId) -> Result<Vec<OfferedDocument>, StoreError> {
        table::all(self, &Key::of("document-offered/").id(&referral_id.0))
    }

    /// Documents whose bytes are still to come from a peer, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn wanted_documents(&self, peer: &NodeId, after: Option<Wanted>, limit: usize) -> Result<Vec<Wanted>, StoreError> {
        let after = after.map(|wanted| wanted_key(peer, wanted));
        table::page(self, &Key::of("document-wanted/").text(peer.as_str()), after.as_deref(), limit)
    }

    /// A chunk as it is sealed.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn document_chunk(&self, body: BodyId, index: u64) -> Result<Option<Bytes>, StoreError> {
        Ok(self.load::<Raw>(&chunk_key(body, index))?.map(|raw| raw.0))
    }

    /// The hashes of the chunks of one section.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn section_hashes(&self, body: BodyId, section: u64) -> Result<Vec<Digest>, StoreError> {
        digests(self.load::<Raw>(&Key::of("document-hashes/").id(&body.0).number(section))?)
    }

    /// The roots of all sections.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn section_roots(&self, body: BodyId) -> Result<Vec<Digest>, StoreError> {
        digests(self.load::<Raw>(&Key::of("document-roots/").id(&body.0))?)
    }

    /// Bodies that nobody owns any more.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn waste(&self, limit: usize) -> Result<Vec<BodyId>, StoreError> {
        table::page(self, &Key::of("document-waste/"), None, limit)
    }

    /// Bodies that somebody began to attach.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn attaching(&self) -> Result<Vec<BodyId>, StoreError> {
        table::all(self, &Key::of("document-attaching/"))
    }
}

impl<R: Read> DocumentTable for R {}

impl Store {
    /// Whether the room on the disk allows so many bytes more of documents.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn has_room_for_documents(&self, bytes: u64) -> Result<bool, StoreError> {
        let health = self.health()?;
        let after = Health { free_bytes: health.free_bytes.map(|free| free.saturating_sub(bytes)), ..health };
        Ok(Room::of(after).is_for(Lane::Documents))
    }
}

impl Unit {
    /// Begins a body: it is swept up after a crash unless it gets an owner.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn begin_body(&mut self, body: BodyId) -> Result<(), StoreError> {
        self.save(attaching_key(body), &body)
    }

    /// Writes a sealed chunk.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_chunk(&mut self, body: BodyId, index: u64, sealed: &Bytes) -> Result<(), StoreError> {
        self.save(chunk_key(body, index), &Raw(sealed.clone()))
    }

    /// Writes the hashes of a section, at most [`SECTION_CHUNKS`].
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_section(&mut self, body: BodyId, section: u64, hashes: &[Digest]) -> Result<(), StoreError> {
        debug_assert!(hashes.len() <= SECTION_CHUNKS, "a section is one value");
        self.save(Key::of("document-hashes/").id(&body.0).number(section), &Raw(concat(hashes)))
    }

    /// Gives a body to a record of this node, with the roots of its sections. What the record had before becomes waste.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_own_document(&mut self, record_id: RecordId, document: &OwnDocument, roots: &[Digest]) -> Result<(), StoreError> {
        self.remove_own_document(record_id)?;
        self.delete(attaching_key(document.body))?;
        self.save(Key::of("document-roots/").id(&document.body.0), &Raw(concat(roots)))?;
        self.save(own_key(record_id), document)
    }

    /// Takes the bytes of a record of this node away, if it has any.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remove_own_document(&mut self, record_id: RecordId) -> Result<(), StoreError> {
        let Some(OwnDocument { body, .. }) = self.own_document(record_id)? else { return Ok(()) };
        self.throw_away(body)?;
        self.delete(own_key(record_id))
    }

    /// Writes how far the bytes of a held record have come. Those that are still to come are found by [`DocumentTable::wanted_documents`].
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_held_document(&mut self, peer: &NodeId, referral_id: ReferralId, held: &HeldDocument) -> Result<(), StoreError> {
        let place = Wanted { referral_id, record_ref: held.record_ref };
        if held.state == HeldState::Coming {
            self.save(wanted_key(peer, place), &place)?;
        } else {
            self.delete(wanted_key(peer, place))?;
        }
        self.save(held_key(referral_id, held.record_ref), held)
    }

    /// Takes the bytes of a held record away. Whether there were any.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remove_held_document(&mut self, peer: &NodeId, referral_id: ReferralId, record_ref: RecordRef) -> Result<bool, StoreError> {
        let Some(HeldDocument { body, .. }) = self.held_document(referral_id, record_ref)? else { return Ok(false) };
        self.throw_away(body)?;
        self.delete(wanted_key(peer, Wanted { referral_id, record_ref }))?;
        self.delete(held_key(referral_id, record_ref))?;
        Ok(true)
    }

    /// Writes that the other side holds the record of a document from here.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_offered_document(&mut self, referral_id: ReferralId, offered: &OfferedDocument) -> Result<(), StoreError> {
        self.save(offered_key(referral_id, offered.record_ref), offered)
    }

    /// Writes that the other side no longer holds it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remove_offered_document(&mut self, referral_id: ReferralId, record_ref: RecordRef) -> Result<(), StoreError> {
        self.delete(offered_key(referral_id, record_ref))
    }

    /// Nobody owns a body any more. With its owner its key went, in this same write; its chunks go piece by piece.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn throw_away(&mut self, body: BodyId) -> Result<(), StoreError> {
        self.delete(attaching_key(body))?;
        self.save(waste_key(body), &body)
    }

    /// Sweeps up some of a body that is waste. Whether all of it is gone.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sweep(&mut self, body: BodyId, limit: usize) -> Result<bool, StoreError> {
        let mut left = limit;
        for prefix in [Key::of("document-chunk/"), Key::of("document-hashes/"), Key::of("document-roots/")] {
            let found = self.scan(&prefix.id(&body.0), None, left)?;
            left -= found.len();
            found.into_iter().try_for_each(|(key, _)| self.delete(key))?;
            if left == 0 {
                return Ok(false);
            }
        }
        self.delete(waste_key(body))?;
        Ok(true)
    }
}

fn own_key(record_id: RecordId) -> Key {
    Key::of("document/").id(&record_id.0)
}

fn held_key(referral_id: ReferralId, record_ref: RecordRef) -> Key {
    Key::of("document-held/").id(&referral_id.0).id(&record_ref.0)
}

fn offered_key(referral_id: ReferralId, record_ref: RecordRef) -> Key {
    Key::of("document-offered/").id(&referral_id.0).id(&record_ref.0)
}

fn wanted_key(peer: &NodeId, wanted: Wanted) -> Key {
    Key::of("document-wanted/").text(peer.as_str()).id(&wanted.referral_id.0).id(&wanted.record_ref.0)
}

fn chunk_key(body: BodyId, index: u64) -> Key {
    Key::of("document-chunk/").id(&body.0).number(index)
}

fn waste_key(body: BodyId) -> Key {
    Key::of("document-waste/").id(&body.0)
}

fn attaching_key(body: BodyId) -> Key {
    Key::of("document-attaching/").id(&body.0)
}

fn concat(digests: &[Digest]) -> Bytes {
    digests.iter().flat_map(|digest| digest.0).collect::<Vec<u8>>().into()
}

fn digests(stored: Option<Raw>) -> Result<Vec<Digest>, StoreError> {
    stored.map_or(Ok(Vec::new()), |raw| raw.0.chunks(32).map(|hash| Digest::from_wire(hash).map_err(unreadable)).collect())
}

fn unreadable(problem: Malformed) -> StoreError {
    StoreError::unreadable("document/", problem)
}

/// A media type by its name.
mod media_name {
    use serde::{Deserialize, Deserializer, Serializer};
    use titian_proto::document::media::MediaType;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(media: &MediaType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(media.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MediaType, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        MediaType::from_name(&name).ok_or_else(|| serde::de::Error::custom("is no type of the list"))
    }
}
