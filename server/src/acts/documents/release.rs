//! A peer asks for chunks of a document whose record it holds. The gate is asked for every chunk; what it permits is sealed for this peer alone.

use titian_proto::document::chunks::{SECTION_CHUNKS, path_of};
use titian_proto::document::frames::DocumentName;
use titian_proto::document::key::DocumentKey;
use titian_proto::gate::BytesPermit;
use titian_proto::log::leaf::Event;
use titian_proto::log::tree::Tree;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, RecordId, RecordRef, ReferralId};
use titian_proto::model::record::{RecordContent, SharedRecord};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use super::question::{self, InShare};
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::policy::{self, Direction};
use crate::acts::question::{content_of, holders};
use crate::acts::shares;
use crate::store::documents::{DocumentTable, OfferedDocument, OwnDocument};
use crate::store::records::RecordTable;
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::{Read, StoreError, Unit};

/// A document on its way to one peer: what need not be computed again for every chunk.
pub struct Release {
    name: DocumentName,
    /// The key for this peer and this share.
    key: DocumentKey,
    sections: Tree,
    section: Option<(u64, Tree)>,
}

/// What the gate permits, and where it is kept.
struct Permitted {
    permit: BytesPermit,
    own: OwnDocument,
    file: ReferralFile,
    offered: OfferedDocument,
}

/// Begins to give the bytes of a document to a peer. That they begin to leave stands in the log before the first of them does.
///
/// # Errors
/// When the store fails. Inside: the refusal.
pub async fn begin(acts: &Acts, peer: &NodeId, name: DocumentName) -> Result<Result<Release, Refusal>, ActError> {
    let (house, asking) = (acts.house.clone(), peer.clone());
    let view = acts.store.view();
    let own = match permit(&house, &view, house.ambient.now(), peer, name)? {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(Permitted { own, offered: OfferedDocument { released: Some((digest, _)), .. }, .. }) if digest == name.digest => own,
        Ok(_) => match acts.store.write(move |unit| log_release(&house, unit, &asking, name)).await? {
            Ok(own) => own,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    let key = own.opening.key()?.for_recipient(peer, name.referral_id, name.record_ref);
    Ok(Ok(Release { name, key, sections: Tree::new(view.section_roots(own.body)?), section: None }))
}

/// What opens the chunks, for the peer.
///
/// # Errors
/// When the store fails. Inside: the refusal.
pub fn opening(acts: &Acts, peer: &NodeId, release: &Release) -> Result<Result<wire::DocumentOpening, Refusal>, ActError> {
    let permitted = permit(&acts.house, &acts.store.view(), acts.house.ambient.now(), peer, release.name)?;
    match permitted {
        Ok(Permitted { permit, own, .. }) => Ok(Ok(permit.opening(&release.key, &own.opening.salt()?.0))),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// One chunk, for the peer; none behind the last.
///
/// # Errors
/// When the store fails, or the chunk is not what was attached. Inside: the refusal.
pub fn chunk(
    acts: &Acts,
    peer: &NodeId,
    release: &mut Release,
    index: u64,
) -> Result<Result<Option<wire::DocumentChunk>, Refusal>, ActError> {
    let view = acts.store.view();
    let Permitted { permit, own, .. } = match permit(&acts.house, &view, acts.house.ambient.now(), peer, release.name)? {
        Ok(permitted) => permitted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(sealed) = view.document_chunk(own.body, index)? else { return Ok(Ok(None)) };
    let chunk = own.opening.key()?.open(index, &sealed).map_err(|problem| StoreError::unreadable("document-chunk/", problem))?;
    let number = index / SECTION_CHUNKS as u64;
    let section = match release.section.take().filter(|(known, _)| *known == number) {
        Some(known) => known,
        None => (number, Tree::new(view.section_hashes(own.body, number)?)),
    };
    let path = path_of(index, &section.1, &release.sections);
    release.section = Some(section);
    Ok(Ok(Some(permit.chunk(&release.key, index, &chunk, &path)?)))
}

/// Why the bytes of a record may not go under a referral, if they may not.
///
/// # Errors
/// When the store fails.
pub fn blocked(house: &House, unit: &Unit, referral_id: ReferralId, record_id: RecordId) -> Result<Option<Refusal>, StoreError> {
    let (Some(file), Some(given), Some(own)) =
        (unit.referral(referral_id)?, unit.given(referral_id, record_id)?, unit.own_document(record_id)?)
    else {
        return Ok(None);
    };
    let name = DocumentName { referral_id, record_ref: given.record_ref, digest: own.digest };
    Ok(permit(house, unit, unit.now(), shares::other_side(house, &file), name)?.err())
}

/// Asks the gate about bytes that this peer holds the record of.
fn permit(
    house: &House,
    read: &impl Read,
    now: Instant,
    peer: &NodeId,
    name: DocumentName,
) -> Result<Result<Permitted, Refusal>, StoreError> {
    let DocumentName { referral_id, record_ref, digest } = name;
    let Some(file) = read.referral(referral_id)?.filter(|file| shares::other_side(house, file) == peer) else {
        return Ok(Err(policy::unknown_referral()));
    };
    let other_bytes = || Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path("document.content_digest")));
    let Some(offered) = read.offered_document(referral_id, record_ref)? else { return other_bytes() };
    let Some(record) = given_record(house, read, &file, &offered)? else { return other_bytes() };
    let Some(own) = read.own_document(offered.record_id)?.filter(|own| own.digest == digest) else { return other_bytes() };
    if !matches!(&record.content, RecordContent::Document(manifest) if manifest.content_digest == Some(digest)) {
        return other_bytes();
    }
    let others = others(read, referral_id, record_ref)?;
    let permitted = question::ask(house, read, now, Direction::Out, InShare { file: &file, record, others })?;
    Ok(permitted.map(|permit| Permitted { permit, own, file, offered }))
}

/// The record as the peer knows it. One that the peer refused, or never got, was not given.
fn given_record(
    house: &House,
    read: &impl Read,
    file: &ReferralFile,
    offered: &OfferedDocument,
) -> Result<Option<SharedRecord>, StoreError> {
    let OfferedDocument { record_ref, record_id, .. } = *offered;
    if read.given(file.referral_id, record_id)?.is_none_or(|given| given.revision == 0) {
        return Ok(None);
    }
    for holder in holders(file) {
        if let Some(record) = read.record(holder, record_id)? {
            let content = content_of(record.content.as_ref());
            let owner = house.node_id().clone();
            return Ok(content.map(|content| SharedRecord { record_ref, owner, revision: record.revision, content }));
        }
    }
    Ok(None)
}

/// Bytes of other documents that began to leave under a referral.
fn others(read: &impl Read, referral_id: ReferralId, record_ref: RecordRef) -> Result<u64, StoreError> {
    let offered = read.offered_documents(referral_id)?.into_iter().filter(|offered| offered.record_ref != record_ref);
    Ok(offered.filter_map(|offered| offered.released).map(|(_, size)| size).sum())
}

fn log_release(house: &House, unit: &mut Unit, peer: &NodeId, name: DocumentName) -> Result<Result<OwnDocument, Refusal>, ActError> {
    let Permitted { permit: _, own, file, offered } = match permit(house, unit, unit.now(), peer, name)? {
        Ok(permitted) => permitted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let key = own.opening.key()?.for_recipient(peer, name.referral_id, name.record_ref);
    let leaf = question::leaf(house, unit, unit.now(), Event::DocumentSent, &file, key.commitment(name.digest))?;
    unit.append_leaf(leaf)?;
    unit.put_offered_document(name.referral_id, &OfferedDocument { released: Some((own.digest, own.size)), ..offered })?;
    Ok(Ok(own))
}
