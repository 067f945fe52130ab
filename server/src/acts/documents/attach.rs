//! Staff give a record its bytes. What they are is read from the bytes themselves, images lose what stands beside the picture, and however large
//! the document is, a few pieces of it are in memory at a time.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use titian_proto::document::chunks::{CHUNK_BYTES, DOCUMENT_BYTES_MAX, Salt, TreeBuilder, digest_of_roots};
use titian_proto::document::clean::clean;
use titian_proto::document::key::DocumentKey;
use titian_proto::document::media::{ContentCheck, MediaType};
use titian_proto::model::id::{BodyId, CaseId, Digest, RecordId, ReferralId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::record::{DocumentManifest, RecordContent};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::value::Text;
use tokio::sync::Semaphore;
use tokio_stream::{Stream, StreamExt as _};

use super::release;
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::question;
use crate::acts::records::{self, Put, PutDone};
use crate::store::cases::CaseTable;
use crate::store::documents::{Opening, OwnDocument};
use crate::store::{Read, StoreError, Unit};

/// Chunks in one write: a MiB, so that a sync costs each of them little.
const CHUNKS_A_WRITE: usize = 32;

/// Images cleaned at the same time; each is in memory twice.
const IMAGES_AT_ONCE: usize = 1;

/// Which record gets the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The case.
    pub case_id: CaseId,
    /// The record, a document.
    pub record_id: RecordId,
    /// Its revision; 0: whichever is there.
    pub revision: u64,
}

/// What came of attaching bytes.
pub struct Attached {
    /// What came of changing the record.
    pub put: PutDone,
    /// Referrals under which the record goes and the bytes may not, and why.
    pub bytes_blocked: Vec<(ReferralId, Refusal)>,
}

/// Bodies that are being attached by this process. What is begun and not among them was left by a crash or a caller who hung up.
pub struct Attaching {
    live: Mutex<HashSet<BodyId>>,
    images: Semaphore,
}

impl Default for Attaching {
    fn default() -> Self {
        Self { live: Mutex::default(), images: Semaphore::new(IMAGES_AT_ONCE) }
    }
}

impl Attaching {
    /// Whether somebody is attaching this body now.
    #[must_use]
    pub fn is_live(&self, body: BodyId) -> bool {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).contains(&body)
    }

    fn begin(&self, body: BodyId) -> Live<'_> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).insert(body);
        Live { attaching: self, body }
    }
}

/// Keeps a body from being swept up while it is attached.
struct Live<'a> {
    attaching: &'a Attaching,
    body: BodyId,
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.attaching.live.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.body);
    }
}

/// Attaches bytes to a document's record. When it returns they are on stable storage, the record names them, and the shares that hold it follow.
///
/// # Errors
/// When there is no such record, it is no document or the other union's, its revision is another, the bytes are of no type on the list or too
/// many, the disk is nearly full, or the store fails. Then nothing is changed.
pub async fn attach(
    acts: &Acts,
    target: Target,
    mut pieces: impl Stream<Item = Result<Bytes, ActError>> + Unpin + Send,
) -> Result<Attached, ActError> {
    find(&acts.store.view(), &acts.house, target)?;
    let head = head(&mut pieces).await?;
    let media = MediaType::of_head(&head).ok_or_else(wrong_type)?;
    let body = BodyId(acts.house.ambient.random());
    let live = acts.house.attaching.begin(body);
    let mut intake = Intake::begin(acts, body, media).await?;
    if media.is_image() {
        intake.take_image(head, &mut pieces).await?;
    } else {
        intake.take(&head).await?;
        while let Some(piece) = pieces.next().await {
            intake.take(&piece?).await?;
        }
    }
    let (own, roots) = intake.finish().await?;
    let house = acts.house.clone();
    crate::crash::point("documents.before-attach");
    let attached = acts.store.write(move |unit| name_bytes(&house, unit, target, &own, &roots)).await;
    crate::crash::point("documents.after-attach");
    drop(live);
    attached
}

/// Gives the bytes to the record, and the record's new revision to its shares.
fn name_bytes(house: &House, unit: &mut Unit, target: Target, own: &OwnDocument, roots: &[Digest]) -> Result<Attached, ActError> {
    let Target { case_id, record_id, .. } = target;
    let (revision, manifest) = find(unit, house, target)?;
    let manifest = DocumentManifest {
        media_type: Some(Text::parse(own.media.name(), Text::CODE_BYTES)?),
        size_bytes: own.size,
        content_digest: Some(own.digest),
        ..manifest
    };
    unit.put_own_document(record_id, own, roots)?;
    let content = RecordContent::Document(manifest);
    let put = records::put_in(house, unit, &[Put { case_id, record_id: Some(record_id), revision, content, share_under: None }])?;
    let mut bytes_blocked = Vec::new();
    for referral_id in &put.queued_under {
        if let Some(refusal) = release::blocked(house, unit, *referral_id, record_id)? {
            bytes_blocked.push((*referral_id, refusal));
        }
    }
    unit.publish(crate::store::Topic::Documents);
    Ok(Attached { put, bytes_blocked })
}

/// The record's revision and what it says.
fn find(read: &impl Read, house: &House, target: Target) -> Result<(u64, DocumentManifest), ActError> {
    let Target { case_id, record_id, revision } = target;
    let case = read.case(case_id)?.ok_or(ActError::NotFound { what: "case" })?;
    let (_, known) = records::find(read, &case, record_id)?.ok_or(ActError::NotFound { what: "record" })?;
    if known.owner != house.node_id().as_str() {
        return Err(ActError::NotYours);
    }
    if revision != 0 && known.revision != revision {
        return Err(ActError::StaleRevision);
    }
    match question::content_of(known.content.as_ref()) {
        Some(RecordContent::Document(manifest)) => Ok((known.revision, manifest)),
        _ => Err(ActError::WrongState { state: "a record of another type", wanted: "a record of the type document" }),
    }
}

/// Enough of the start to tell the type.
async fn head(pieces: &mut (impl Stream<Item = Result<Bytes, ActError>> + Unpin)) -> Result<Bytes, ActError> {
    let mut head = BytesMut::new();
    while head.len() < MediaType::HEAD_BYTES {
        match pieces.next().await {
            Some(piece) => head.extend_from_slice(&piece?),
            None => break,
        }
    }
    if head.is_empty() {
        return Err(Malformed::new("must hold at least one byte").at(BYTES_PATH).into());
    }
    Ok(head.freeze())
}

/// Takes bytes in, seals them chunk by chunk, and writes them as they come.
struct Intake<'a> {
    acts: &'a Acts,
    body: BodyId,
    media: MediaType,
    key: DocumentKey,
    salt: Salt,
    check: ContentCheck,
    /// What does not fill a chunk yet.
    rest: BytesMut,
    sealed: Vec<(u64, Bytes)>,
    tree: TreeBuilder,
    sections: Vec<(u64, Vec<Digest>)>,
    count: u64,
    size: u64,
}

impl<'a> Intake<'a> {
    async fn begin(acts: &'a Acts, body: BodyId, media: MediaType) -> Result<Self, ActError> {
        acts.store.write(move |unit: &mut Unit| unit.begin_body(body)).await?;
        let ambient = &acts.house.ambient;
        Ok(Self {
            acts,
            body,
            media,
            key: DocumentKey::new(ambient.random()),
            salt: Salt(ambient.random()),
            check: ContentCheck::new(media),
            rest: BytesMut::new(),
            sealed: Vec::new(),
            tree: TreeBuilder::default(),
            sections: Vec::new(),
            count: 0,
            size: 0,
        })
    }

    /// A whole image, cleaned in memory.
    async fn take_image(
        &mut self,
        head: Bytes,
        pieces: &mut (impl Stream<Item = Result<Bytes, ActError>> + Unpin),
    ) -> Result<(), ActError> {
        let place = self.acts.house.attaching.images.acquire().await.map_err(|_| ActError::Stopping)?;
        let mut image = head.to_vec();
        while let Some(piece) = pieces.next().await {
            image.extend_from_slice(&piece?);
            if image.len() > MediaType::IMAGE_BYTES_MAX {
                return Err(too_large());
            }
        }
        let media = self.media;
        let cleaned = tokio::task::spawn_blocking(move || clean(media, &image)).await;
        let cleaned = cleaned.map_err(|error| ActError::Internal(Box::new(error)))?.map_err(|_| wrong_type())?;
        for part in cleaned.chunks(CHUNKS_A_WRITE * CHUNK_BYTES) {
            self.cut(part).await?;
        }
        drop(place);
        Ok(())
    }

    /// The next bytes of a document that is kept as it is.
    async fn take(&mut self, piece: &[u8]) -> Result<(), ActError> {
        if !self.check.is_enough() && !self.check.see(piece) {
            return Err(wrong_type());
        }
        self.cut(piece).await
    }

    async fn cut(&mut self, piece: &[u8]) -> Result<(), ActError> {
        self.size += piece.len() as u64;
        if self.size > DOCUMENT_BYTES_MAX {
            return Err(too_large());
        }
        self.rest.extend_from_slice(piece);
        while self.rest.len() >= CHUNK_BYTES {
            let chunk = self.rest.split_to(CHUNK_BYTES);
            self.seal(&chunk)?;
            if self.sealed.len() == CHUNKS_A_WRITE {
                self.write().await?;
            }
        }
        Ok(())
    }

    fn seal(&mut self, chunk: &[u8]) -> Result<(), ActError> {
        self.sealed.push((self.count, self.key.seal(self.count, chunk)?));
        self.count += 1;
        if let Some(section) = self.tree.add(self.salt.leaf_hash(chunk)) {
            self.sections.push((self.sections_written(), section));
        }
        Ok(())
    }

    fn sections_written(&self) -> u64 {
        (self.count - 1) / titian_proto::document::chunks::SECTION_CHUNKS as u64
    }

    async fn write(&mut self) -> Result<(), ActError> {
        if !self.acts.store.has_room_for_documents(0)? {
            return Err(StoreError::Full.into());
        }
        let (body, sealed, sections) = (self.body, std::mem::take(&mut self.sealed), std::mem::take(&mut self.sections));
        self.acts
            .store
            .write(move |unit: &mut Unit| {
                sealed.iter().try_for_each(|(index, chunk)| unit.put_chunk(body, *index, chunk))?;
                sections.iter().try_for_each(|(number, hashes)| unit.put_section(body, *number, hashes))
            })
            .await?;
        Ok(())
    }

    async fn finish(mut self) -> Result<(OwnDocument, Vec<Digest>), ActError> {
        let whole_text = self.media != MediaType::Text || std::mem::replace(&mut self.check, ContentCheck::new(self.media)).finish();
        if !whole_text {
            return Err(wrong_type());
        }
        if !self.rest.is_empty() {
            let chunk = std::mem::take(&mut self.rest);
            self.seal(&chunk)?;
        }
        let (last, roots) = std::mem::take(&mut self.tree).finish();
        if let Some(section) = last {
            self.sections.push((self.sections_written(), section));
        }
        self.write().await?;
        let own = OwnDocument {
            body: self.body,
            digest: digest_of_roots(&roots),
            size: self.size,
            media: self.media,
            opening: Opening::new(&self.key, &self.salt),
        };
        Ok((own, roots))
    }
}

/// Where bytes stand, for a refusal.
const BYTES_PATH: &str = "document.bytes";

fn wrong_type() -> ActError {
    ActError::Refused(Refusal::new(RefusalCode::DocumentType).with_path(BYTES_PATH))
}

fn too_large() -> ActError {
    ActError::Refused(Refusal::new(RefusalCode::DocumentTooLarge).with_path(BYTES_PATH))
}
