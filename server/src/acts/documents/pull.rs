//! This node holds a share whose records name bytes, and takes them chunk by chunk. Each chunk is proved against the record before it is stored; the
//! gate is asked before anything is asked for, and again before anything is stored.

use bytes::Bytes;
use titian_proto::document::chunks::ChunkPlan;
use titian_proto::document::frames::{DocumentChunk, DocumentName, DocumentOpening};
use titian_proto::document::media::{ContentCheck, MediaType};
use titian_proto::gate::BytesPermit;
use titian_proto::log::leaf::Event;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{BodyId, NodeId};
use titian_proto::model::record::SharedRecord;
use titian_proto::model::refusal::{Refusal, RefusalCode};

use super::question::{self, InShare};
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::policy::{self, Direction};
use crate::acts::shares;
use crate::store::documents::{DocumentTable, HeldDocument, HeldState, Opening, Wanted};
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::{Read, StoreError, Topic, Unit, View};

/// Documents looked at together.
const WANTED_A_PAGE: usize = 64;

/// A document whose bytes are to come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pull {
    /// Which.
    pub name: DocumentName,
    /// So many chunks from the start are on stable storage.
    pub held: u64,
    /// So many there are.
    pub count: u64,
    /// What opens them is known.
    pub opened: bool,
}

/// What became of chunks that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// So many chunks from the start are on stable storage.
    Held(u64),
    /// All of them are, and are what the record says.
    Whole,
    /// They are not taken.
    Refused(Refusal),
    /// The record has gone, or names other bytes now.
    Gone,
}

/// The next document whose bytes are to come from a peer, without those in `skip`.
///
/// # Errors
/// When the store fails.
pub async fn next(acts: &Acts, peer: &NodeId, skip: &[DocumentName]) -> Result<Option<Pull>, ActError> {
    let view = acts.store.view();
    let mut after = None;
    loop {
        let page = view.wanted_documents(peer, after, WANTED_A_PAGE)?;
        let Some(last) = page.last() else { return Ok(None) };
        after = Some(*last);
        for wanted in page {
            if let Some(pull) = look(acts, &view, peer, wanted, skip).await? {
                return Ok(Some(pull));
            }
        }
    }
}

/// Whether the bytes of a document may come now. What stands against it is noted where staff see it.
async fn look(acts: &Acts, view: &View, peer: &NodeId, wanted: Wanted, skip: &[DocumentName]) -> Result<Option<Pull>, ActError> {
    let Some(held) = view.held_document(wanted.referral_id, wanted.record_ref)? else { return Ok(None) };
    let name = held.name(wanted.referral_id);
    if skip.contains(&name) {
        return Ok(None);
    }
    if let Err(refusal) = permit(&acts.house, view, acts.house.ambient.now(), peer, name)? {
        refused(acts, peer, name, refusal).await?;
        return Ok(None);
    }
    let Ok(plan) = held.plan() else { return Ok(None) };
    if held.chunks == plan.count() {
        finish(acts, peer, name, &held).await?;
        return Ok(None);
    }
    if !acts.store.has_room_for_documents(held.size - plan.bytes_of(held.chunks))? {
        tracing::warn!(event = "document.no-room", peer = %peer, referral = %wanted.referral_id, bytes = held.size);
        return Ok(None);
    }
    Ok(Some(Pull { name, held: held.chunks, count: plan.count(), opened: held.opening.is_some() }))
}

/// Keeps what opens the chunks of a document.
///
/// # Errors
/// When the store fails.
pub async fn take_opening(acts: &Acts, peer: &NodeId, opening: &DocumentOpening) -> Result<(), ActError> {
    let (name, peer) = (opening.name, peer.clone());
    let opening = Opening::new(&opening.key, &opening.salt);
    acts.store
        .write(move |unit: &mut Unit| {
            // What proved chunks already stays; another would open none of them.
            let Some(held) = current(unit, name)?.filter(|held| held.chunks == 0) else { return Ok(()) };
            let held = HeldDocument { opening: Some(opening.clone()), ..held };
            unit.put_held_document(&peer, name.referral_id, &held)
        })
        .await
        .map_err(|error: StoreError| error.into())
}

/// Takes chunks of one document that came in their order. All are proved before one of them is stored.
///
/// # Errors
/// When the store fails.
pub async fn take(acts: &Acts, peer: &NodeId, name: DocumentName, chunks: Vec<DocumentChunk>) -> Result<Taken, ActError> {
    let view = acts.store.view();
    let Some(held) = current(&view, name)? else { return Ok(Taken::Gone) };
    let Some(proved) = prove(&held, &chunks)? else {
        let refusal = Refusal::new(RefusalCode::DocumentDamaged).with_path("document.chunk");
        refused(acts, peer, name, refusal.clone()).await?;
        return Ok(Taken::Refused(refusal));
    };
    let (house, from) = (acts.house.clone(), peer.clone());
    crate::crash::point("documents.before-store");
    let stored = acts.store.write(move |unit| store_chunks(&house, unit, &from, name, held.chunks, &proved)).await?;
    crate::crash::point("documents.after-store");
    match stored {
        Taken::Held(count) if held.plan().is_ok_and(|plan| plan.count() == count) => match current(&view, name)? {
            Some(held) => finish(acts, peer, name, &held).await,
            None => Ok(Taken::Gone),
        },
        other => Ok(other),
    }
}

/// Notes why no more of a document comes for now.
///
/// # Errors
/// When the store fails.
pub async fn refused(acts: &Acts, peer: &NodeId, name: DocumentName, refusal: Refusal) -> Result<(), ActError> {
    if current(&acts.store.view(), name)?.is_none_or(|held| held.refused.as_ref() == Some(&refusal)) {
        return Ok(());
    }
    tracing::warn!(event = "document.refused", peer = %peer, referral = %name.referral_id, code = refusal.code.code());
    let peer = peer.clone();
    acts.store
        .write(move |unit: &mut Unit| {
            let Some(held) = current(unit, name)? else { return Ok(()) };
            // An opening that proved nothing may be what was wrong.
            let opening = held.opening.clone().filter(|_| held.chunks > 0);
            unit.put_held_document(&peer, name.referral_id, &HeldDocument { opening, refused: Some(refusal.clone()), ..held })
        })
        .await
        .map_err(|error: StoreError| error.into())
}

/// The document, if its bytes are still to come and are still these.
fn current(read: &impl Read, name: DocumentName) -> Result<Option<HeldDocument>, StoreError> {
    let held = read.held_document(name.referral_id, name.record_ref)?;
    Ok(held.filter(|held| held.digest == name.digest && held.state == HeldState::Coming))
}

/// The chunks as they are kept, if each stands at the next place and belongs to the digest.
fn prove(held: &HeldDocument, chunks: &[DocumentChunk]) -> Result<Option<Vec<Bytes>>, StoreError> {
    let (Some(opening), Ok(plan)) = (&held.opening, held.plan()) else { return Ok(None) };
    let (key, salt) = (opening.key()?, opening.salt()?);
    let proves = |place: u64, chunk: &DocumentChunk| {
        let opened = key.open(place, &chunk.sealed);
        chunk.index == place && opened.is_ok_and(|plain| salt.proves(held.digest, plan, place, &plain, &chunk.path))
    };
    let all = (held.chunks..).zip(chunks).all(|(place, chunk)| proves(place, chunk));
    Ok(all.then(|| chunks.iter().map(|chunk| chunk.sealed.clone()).collect()))
}

fn store_chunks(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    name: DocumentName,
    from: u64,
    proved: &[Bytes],
) -> Result<Taken, StoreError> {
    let Some(mut held) = current(unit, name)?.filter(|held| held.chunks == from) else { return Ok(Taken::Gone) };
    if let Err(refusal) = permit(house, unit, unit.now(), peer, name)? {
        return Ok(Taken::Refused(refusal));
    }
    for chunk in proved {
        unit.put_chunk(held.body, held.chunks, chunk)?;
        held.chunks += 1;
    }
    held.refused = None;
    unit.put_held_document(peer, name.referral_id, &held)?;
    Ok(Taken::Held(held.chunks))
}

/// All chunks are here: looks once more whether they are what the record says. What is not is not kept, and not asked for again.
async fn finish(acts: &Acts, peer: &NodeId, name: DocumentName, held: &HeldDocument) -> Result<Taken, ActError> {
    let (view, looked) = (acts.store.view(), held.clone());
    let good = tokio::task::spawn_blocking(move || check_content(&view, &looked)).await;
    let good = good.map_err(|error| ActError::Internal(Box::new(error)))??;
    let (house, from) = (acts.house.clone(), peer.clone());
    let taken = acts.store.write(move |unit| conclude(&house, unit, &from, name, good)).await?;
    if let Taken::Refused(refusal) = &taken {
        tracing::warn!(event = "document.refused", peer = %peer, referral = %name.referral_id, code = refusal.code.code());
    }
    Ok(taken)
}

fn check_content(view: &View, held: &HeldDocument) -> Result<bool, StoreError> {
    let (Some(media), Some(opening), Ok(plan)) = (MediaType::from_name(&held.media_type), &held.opening, held.plan()) else {
        return Ok(false);
    };
    let (key, mut check) = (opening.key()?, ContentCheck::new(media));
    for index in 0..plan.count() {
        let chunk = chunk_of(view, held.body, plan, index)?;
        let opened = key.open(index, &chunk).map_err(|problem| StoreError::unreadable("document-chunk/", problem))?;
        if !check.see(&opened) {
            return Ok(false);
        }
        if check.is_enough() {
            break;
        }
    }
    Ok(check.finish())
}

fn chunk_of(view: &View, body: BodyId, plan: ChunkPlan, index: u64) -> Result<Bytes, StoreError> {
    debug_assert!(plan.length(index).is_some(), "asked for inside the plan");
    view.document_chunk(body, index)?.ok_or(StoreError::Missing { table: "document-chunk/" })
}

fn conclude(house: &House, unit: &mut Unit, peer: &NodeId, name: DocumentName, good: bool) -> Result<Taken, ActError> {
    let Some(held) = current(unit, name)? else { return Ok(Taken::Gone) };
    let Some(file) = unit.referral(name.referral_id)? else { return Ok(Taken::Gone) };
    unit.publish(Topic::Referral(name.referral_id));
    if !good {
        let refusal = Refusal::new(RefusalCode::DocumentType).with_path("document.bytes");
        unit.throw_away(held.body)?;
        unit.publish(Topic::Documents);
        let body = BodyId(unit.random());
        let held = HeldDocument { body, opening: None, chunks: 0, state: HeldState::Refused, refused: Some(refusal.clone()), ..held };
        unit.put_held_document(peer, name.referral_id, &held)?;
        return Ok(Taken::Refused(refusal));
    }
    if let Some(opening) = &held.opening {
        let commitment = opening.key()?.commitment(name.digest);
        let leaf = question::leaf(house, unit, unit.now(), Event::DocumentReceived, &file, commitment)?;
        unit.append_leaf(leaf)?;
    }
    unit.put_held_document(peer, name.referral_id, &HeldDocument { state: HeldState::Whole, refused: None, ..held })?;
    Ok(Taken::Whole)
}

/// Asks the gate about bytes from this peer.
fn permit(
    house: &House,
    read: &impl Read,
    now: Instant,
    peer: &NodeId,
    name: DocumentName,
) -> Result<Result<BytesPermit, Refusal>, StoreError> {
    let unknown = || Ok(Err(policy::unknown_referral()));
    let Some(file) = read.referral(name.referral_id)?.filter(|file| shares::other_side(house, file) == peer) else { return unknown() };
    let Some(record) = read.held(name.referral_id, name.record_ref)?.and_then(|record| SharedRecord::from_wire(&record).ok()) else {
        return unknown();
    };
    let others = others(read, &file, name)?;
    question::ask(house, read, now, Direction::In, InShare { file: &file, record, others })
}

/// Bytes of the other documents of a share that have begun to come.
fn others(read: &impl Read, file: &ReferralFile, name: DocumentName) -> Result<u64, StoreError> {
    let held = read.held_documents(file.referral_id)?.into_iter();
    Ok(held.filter(|held| held.record_ref != name.record_ref && held.chunks > 0).map(|held| held.size).sum())
}

#[cfg(test)]
mod tests {
    use titian_proto::document::chunks::{CHUNK_BYTES, Salt, TreeBuilder, digest_of_roots};
    use titian_proto::document::key::DocumentKey;
    use titian_proto::log::tree::Tree;
    use titian_proto::model::id::{Digest, RecordRef, ReferralId};

    use super::*;

    /// A document of three chunks of which one is held, and the two that are to come.
    fn one_held() -> (HeldDocument, Vec<DocumentChunk>) {
        let (key, salt) = (DocumentKey::new([1; 32]), Salt([2; 32]));
        let parts = [vec![3; CHUNK_BYTES], vec![4; CHUNK_BYTES], vec![5; 9]];
        let leaves: Vec<_> = parts.iter().map(|part| salt.leaf_hash(part)).collect();
        let mut tree = TreeBuilder::default();
        leaves.iter().for_each(|leaf| drop(tree.add(*leaf)));
        let held = HeldDocument {
            record_ref: RecordRef([6; 16]),
            body: BodyId([7; 16]),
            digest: digest_of_roots(&tree.finish().1),
            size: 2 * CHUNK_BYTES as u64 + 9,
            media_type: "application/pdf".to_owned(),
            opening: Some(Opening::new(&key, &salt)),
            chunks: 1,
            state: HeldState::Coming,
            refused: None,
        };
        let name = held.name(ReferralId([8; 16]));
        let tree = Tree::new(leaves);
        let chunk = |index: u64| {
            let sealed = key.seal(index, &parts[index as usize]).unwrap();
            DocumentChunk { name, index, sealed, path: tree.path(index as u32) }
        };
        (held, vec![chunk(1), chunk(2)])
    }

    #[test]
    fn chunks_are_kept_when_each_stands_at_the_next_place_of_the_digest() {
        let (held, chunks) = one_held();
        assert_eq!(prove(&held, &chunks).unwrap().map(|proved| proved.len()), Some(2));
        assert_eq!(prove(&held, &chunks[..1]).unwrap().map(|proved| proved.len()), Some(1));
    }

    #[test]
    fn one_wrong_chunk_and_none_of_them_is_kept() {
        let (held, chunks) = one_held();
        let wrong = |change: &dyn Fn(&mut Vec<DocumentChunk>)| {
            let mut chunks = chunks.clone();
            change(&mut chunks);
            prove(&held, &chunks).unwrap()
        };
        assert!(wrong(&|chunks| chunks.swap(0, 1)).is_none(), "out of order");
        assert!(wrong(&|chunks| drop(chunks.remove(0))).is_none(), "one is missing");
        assert!(wrong(&|chunks| chunks[1].path[0] = Digest::ZERO).is_none(), "another path");
        let other = DocumentKey::new([1; 32]).seal(2, &[0; 9]).unwrap();
        assert!(wrong(&|chunks| chunks[1].sealed = other.clone()).is_none(), "other bytes under the right key");
        let elsewhere = DocumentKey::new([9; 32]).seal(2, &[5; 9]).unwrap();
        assert!(wrong(&|chunks| chunks[1].sealed = elsewhere.clone()).is_none(), "sealed for somebody else");
        let unopened = HeldDocument { opening: None, ..held.clone() };
        assert!(prove(&unopened, &chunks).unwrap().is_none(), "before its opening");
    }
}
