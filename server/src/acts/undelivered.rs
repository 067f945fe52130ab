//! What was queued and is not held by the peer: refused there, or purged before it left. This node's own picture is put right, so that staff can
//! send it again and nothing is lost.

use bytes::Bytes;
use prost::Message as _;
use titian_proto::envelope::{EnvelopeKind, Header};
use titian_proto::gate::Content;
use titian_proto::model::referral::{Offer, ReferralState, SharePut};
use titian_proto::wire;

use crate::store::referrals::ReferralTable;
use crate::store::{SentEnvelope, StoreError, Unit};

/// Takes back what an envelope would have told the peer. An envelope whose body is already gone was taken back before.
///
/// # Errors
/// When the store fails.
pub fn take_back(unit: &mut Unit, header: &Header, body: &Bytes) -> Result<(), StoreError> {
    match Content::parse(header.kind, body) {
        Ok((_, Content::Offer(offer))) => offer_back(unit, &offer),
        Ok((_, Content::Put(put))) => put_back(unit, &put),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// As [`take_back`], of an envelope as it stands on disk. Where a restore brought it back without its body, the referral itself says what was offered.
///
/// # Errors
/// When the store fails.
pub fn take_back_sent(unit: &mut Unit, sent: &SentEnvelope) -> Result<(), StoreError> {
    let referral_id = sent.header.referral_id.filter(|_| sent.is_destroyed && sent.header.kind == EnvelopeKind::Offer);
    let Some(referral_id) = referral_id else { return take_back(unit, &sent.header, &sent.body) };
    let offered = unit.referral(referral_id)?.and_then(|file| wire::Offer::decode(file.offer).ok());
    match offered.and_then(|offer| Offer::from_wire(&offer).ok()) {
        Some(offer) => offer_back(unit, &offer),
        None => Ok(()),
    }
}

/// The peer does not have the offer: it can be requested again from where it was before.
fn offer_back(unit: &mut Unit, offer: &Offer) -> Result<(), StoreError> {
    let Some(mut file) = unit.referral(offer.referral_id)? else { return Ok(()) };
    if file.state != ReferralState::Requested {
        return Ok(());
    }
    file.state = if offer.version == 1 { ReferralState::Draft } else { ReferralState::Returned };
    file.changed_at = unit.now();
    unit.remove_due(offer.respond_by, offer.referral_id)?;
    unit.put_referral(&file)
}

/// The peer does not have these revisions. Their names at the peer stay: it may hold an earlier revision under them.
fn put_back(unit: &mut Unit, put: &SharePut) -> Result<(), StoreError> {
    let mut progress = unit.progress(put.referral_id)?;
    for mut given in unit.all_given(put.referral_id)? {
        let refused = put.records.iter().any(|record| record.record_ref == given.record_ref && record.revision == given.revision);
        if refused {
            given.revision = 0;
            unit.put_given(put.referral_id, &given)?;
            progress.records_shared = progress.records_shared.saturating_sub(1);
        }
    }
    unit.put_progress(put.referral_id, &progress)
}
