//! Staff read bytes, and see how far they have come.

use titian_proto::document::chunks::ChunkPlan;
use titian_proto::document::key::DocumentKey;
use titian_proto::model::id::{BodyId, CaseId, RecordId, RecordRef, ReferralId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;
use titian_proto::wire::record_content::Content;

use crate::acts::context::Acts;
use crate::acts::error::ActError;
use crate::acts::{records, shares};
use crate::store::documents::{DocumentTable, HeldDocument, HeldState};
use crate::store::{StoreError, View};

/// Bytes that are here as a whole.
pub struct Whole {
    /// What they are.
    pub media_type: String,
    /// How many.
    pub size: u64,
    plan: ChunkPlan,
    view: View,
    body: BodyId,
    key: DocumentKey,
    next: u64,
}

impl Whole {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// When the store cannot be read, or the bytes have been taken away meanwhile.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, ActError> {
        if self.plan.length(self.next).is_none() {
            return Ok(None);
        }
        let sealed = self.view.document_chunk(self.body, self.next)?.ok_or(ActError::NotFound { what: "document" })?;
        let piece = self.key.open(self.next, &sealed).map_err(|problem| StoreError::unreadable("document-chunk/", problem))?;
        self.next += 1;
        Ok(Some(piece))
    }
}

/// The bytes of a record of this node.
///
/// # Errors
/// When there are none, or the store cannot be read.
pub fn own(acts: &Acts, record_id: RecordId) -> Result<Whole, ActError> {
    let view = acts.store.view();
    let own = view.own_document(record_id)?.ok_or(ActError::NotFound { what: "document with bytes" })?;
    let plan = ChunkPlan::new(own.size).map_err(unreadable)?;
    let key = own.opening.key()?;
    Ok(Whole { media_type: own.media.name().to_owned(), size: own.size, plan, view, body: own.body, key, next: 0 })
}

/// The bytes of a record held from the other side.
///
/// # Errors
/// When there is no such referral or record, the share is frozen, the bytes have not all come, or the store cannot be read.
pub fn held(acts: &Acts, referral_id: ReferralId, record_ref: RecordRef) -> Result<Whole, ActError> {
    let view = acts.store.view();
    shares::check_shown(&view, referral_id)?;
    let held = view.held_document(referral_id, record_ref)?.ok_or(ActError::NotFound { what: "document with bytes" })?;
    let (true, Some(opening)) = (held.state == HeldState::Whole, &held.opening) else {
        return Err(ActError::WrongState { state: "not all here yet", wanted: "a document of which every byte has come" });
    };
    let (plan, key) = (held.plan().map_err(unreadable)?, opening.key()?);
    Ok(Whole { media_type: held.media_type, size: held.size, plan, view, body: held.body, key, next: 0 })
}

/// A page of this node's own documents of a case, and the last record that was looked at; none when that was all.
///
/// # Errors
/// When there is no such case, or the store cannot be read.
pub fn list_own(
    acts: &Acts,
    case_id: CaseId,
    after: Option<RecordId>,
    limit: usize,
) -> Result<(Vec<wire::Document>, Option<RecordId>), ActError> {
    let records = records::list(acts, case_id, after, limit)?;
    let last = records.last().map(|record| RecordId::from_wire(&record.record_id)).transpose()?;
    let view = acts.store.view();
    let mut documents = Vec::new();
    for record in records.into_iter().filter(|record| record.category == Category::Documents.to_wire()) {
        let Some(manifest) = manifest_of(record.content) else { continue };
        let own = view.own_document(RecordId::from_wire(&record.record_id)?)?;
        let state = if own.is_some() { wire::DocumentState::Whole } else { wire::DocumentState::NoBytes };
        documents.push(wire::Document {
            record: record.record_id,
            manifest: Some(manifest),
            state: state as i32,
            held_bytes: own.map_or(0, |own| own.size),
            blocked_by: None,
        });
    }
    Ok((documents, last))
}

/// A page of the documents held from the other side, and the last record that was looked at; none when that was all.
///
/// # Errors
/// When there is no such referral, its share is frozen, or the store cannot be read.
pub fn list_held(
    acts: &Acts,
    referral_id: ReferralId,
    after: Option<RecordRef>,
    limit: usize,
) -> Result<(Vec<wire::Document>, Option<RecordRef>), ActError> {
    let records = shares::held(acts, referral_id, after, limit)?;
    let last = records.last().map(|record| RecordRef::from_wire(&record.record_ref)).transpose()?;
    let view = acts.store.view();
    let mut documents = Vec::new();
    for record in records {
        let Some(manifest) = manifest_of(record.content) else { continue };
        let held = view.held_document(referral_id, RecordRef::from_wire(&record.record_ref)?)?;
        documents.push(wire::Document {
            record: record.record_ref,
            manifest: Some(manifest),
            state: state_of(held.as_ref()) as i32,
            held_bytes: held.as_ref().map_or(0, |held| held.plan().map_or(0, |plan| plan.bytes_of(held.chunks))),
            blocked_by: held.and_then(|held| held.refused).map(|refusal| refusal.to_wire()),
        });
    }
    Ok((documents, last))
}

fn state_of(held: Option<&HeldDocument>) -> wire::DocumentState {
    match held.map(|held| held.state) {
        None => wire::DocumentState::NoBytes,
        Some(HeldState::Coming) => wire::DocumentState::Coming,
        Some(HeldState::Whole) => wire::DocumentState::Whole,
        Some(HeldState::Refused) => wire::DocumentState::Refused,
    }
}

fn manifest_of(content: Option<wire::RecordContent>) -> Option<wire::DocumentManifest> {
    match content?.content? {
        Content::Document(manifest) => Some(manifest),
        _ => None,
    }
}

fn unreadable(problem: Malformed) -> ActError {
    StoreError::unreadable("document/", problem).into()
}
