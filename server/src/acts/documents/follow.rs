//! Bytes go where their records go, and away with them: each of these stands in the same write as the change of the record.

use titian_proto::model::id::{BodyId, Digest, NodeId, RecordId, RecordRef, ReferralId};
use titian_proto::model::record::{DocumentManifest, RecordContent, SharedRecord};

use crate::store::documents::{DocumentTable, HeldDocument, HeldState, OfferedDocument};
use crate::store::referrals::Given;
use crate::store::{StoreError, Topic, Unit};

/// A record of this node says something else, or is gone: bytes that it no longer names go.
///
/// # Errors
/// When the store fails.
pub fn record_changed(unit: &mut Unit, record_id: RecordId, content: Option<&RecordContent>) -> Result<(), StoreError> {
    let named = content.and_then(digest_of);
    if unit.own_document(record_id)?.is_some_and(|own| Some(own.digest) != named) {
        unit.remove_own_document(record_id)?;
        unit.publish(Topic::Documents);
    }
    Ok(())
}

/// A record of this node was put into a share: if it names bytes, the other side may ask for them.
///
/// # Errors
/// When the store fails.
pub fn record_given(unit: &mut Unit, referral_id: ReferralId, given: &Given, content: &RecordContent) -> Result<(), StoreError> {
    let RecordContent::Document(_) = content else { return Ok(()) };
    let released = unit.offered_document(referral_id, given.record_ref)?.and_then(|offered| offered.released);
    let released = released.filter(|(digest, _)| Some(*digest) == digest_of(content));
    unit.put_offered_document(referral_id, &OfferedDocument { record_ref: given.record_ref, record_id: given.record_id, released })
}

/// A record of this node was taken out of a share: nothing more of its bytes is given.
///
/// # Errors
/// When the store fails.
pub fn record_retracted(unit: &mut Unit, referral_id: ReferralId, record_ref: RecordRef) -> Result<(), StoreError> {
    unit.remove_offered_document(referral_id, record_ref)
}

/// A record arrived from the other side: the bytes that it names are wanted, those that it no longer names go.
///
/// # Errors
/// When the store fails.
pub fn record_arrived(unit: &mut Unit, peer: &NodeId, referral_id: ReferralId, record: &SharedRecord) -> Result<(), StoreError> {
    let named = digest_of(&record.content);
    // The first revision replaces nothing: most records are no documents, and cost no look.
    if named.is_none() && record.revision <= 1 {
        return Ok(());
    }
    let known = unit.held_document(referral_id, record.record_ref)?;
    if known.as_ref().map(|held| held.digest) == named {
        return Ok(());
    }
    record_gone(unit, peer, referral_id, record.record_ref)?;
    let (RecordContent::Document(manifest), Some(digest)) = (&record.content, named) else { return Ok(()) };
    let DocumentManifest { media_type, size_bytes, .. } = manifest;
    let held = HeldDocument {
        record_ref: record.record_ref,
        body: BodyId(unit.random()),
        digest,
        size: *size_bytes,
        media_type: media_type.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default(),
        opening: None,
        chunks: 0,
        state: HeldState::Coming,
        refused: None,
    };
    unit.put_held_document(peer, referral_id, &held)?;
    unit.publish(Topic::Documents);
    Ok(())
}

/// A record of the other side is gone, and with it its bytes.
///
/// # Errors
/// When the store fails.
pub fn record_gone(unit: &mut Unit, peer: &NodeId, referral_id: ReferralId, record_ref: RecordRef) -> Result<(), StoreError> {
    if unit.remove_held_document(peer, referral_id, record_ref)? {
        unit.publish(Topic::Documents);
    }
    Ok(())
}

fn digest_of(content: &RecordContent) -> Option<Digest> {
    if let RecordContent::Document(manifest) = content { manifest.content_digest } else { None }
}
