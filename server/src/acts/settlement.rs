//! Signed receipts that came back: the envelope is settled, the referral shows how it went, the log says that it was answered.

use bytes::Bytes;
use titian_proto::envelope::{Header, Receipt, ReceiptOutcome};
use titian_proto::log::leaf::{Event, Leaf, LeafDraft};
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::referral::DeliveryStage;
use titian_proto::model::refusal::RefusalCode;

use super::context::{Acts, House};
use super::error::ActError;
use super::outgoing;
use super::parked;
use super::undelivered;
use crate::store::referrals::ReferralTable;
use crate::store::{OutboxTable, Position, SentEnvelope, StoreError, Topic, Unit};

/// A receipt whose signature is the peer's.
pub struct Settlement {
    /// What it says.
    pub receipt: Receipt,
    /// The exact bytes of the signed receipt.
    pub signed: Bytes,
}

/// Settles a batch of receipts in one write. A receipt that came before is the same receipt.
///
/// # Errors
/// When a receipt is for something that was not sent, or the store fails.
pub async fn settle(acts: &Acts, peer: &NodeId, batch: Vec<Settlement>) -> Result<(), ActError> {
    let (house, peer) = (acts.house.clone(), peer.clone());
    crate::crash::point("settlement.before-write");
    acts.store.write(move |unit| batch.iter().try_for_each(|settlement| one(&house, unit, &peer, settlement))).await?;
    crate::crash::point("settlement.after-write");
    Ok(())
}

fn one(house: &House, unit: &mut Unit, peer: &NodeId, settlement: &Settlement) -> Result<(), ActError> {
    let receipt = &settlement.receipt;
    let not_sent = || ActError::Malformed(Malformed::new("is for something that was not sent").at("receipt.envelope_hash"));
    let Some((position, sent)) = find(unit, peer, receipt)? else {
        // After a restore the peer also answers what this node no longer knows that it sent.
        return if unit.life()?.0 > 0 { Ok(()) } else { Err(not_sent()) };
    };
    if !unit.settle(peer, receipt.lane, position, settlement.signed.clone())? {
        return Ok(());
    }
    log_answer(house, unit, peer, &sent.header, receipt)?;
    match receipt.outcome {
        ReceiptOutcome::Refused => undelivered::take_back(unit, &sent.header, &sent.body)?,
        ReceiptOutcome::Parked => parked::note(unit, peer, receipt, position, &sent.header)?,
        ReceiptOutcome::Applied | ReceiptOutcome::Purged => {}
    }
    note_at_referral(unit, &sent.header, receipt)
}

/// The envelope that a receipt answers: the one with its sequence in the newest life whose hash it names.
fn find(unit: &mut Unit, peer: &NodeId, receipt: &Receipt) -> Result<Option<(Position, SentEnvelope)>, StoreError> {
    for life in (0..=unit.life()?.0).rev() {
        let position = Position::new(life, receipt.link_sequence);
        if let Some(sent) = unit.sent(peer, receipt.lane, position)?
            && sent.hash == receipt.envelope_hash
        {
            return Ok(Some((position, sent)));
        }
    }
    Ok(None)
}

fn log_answer(house: &House, unit: &mut Unit, peer: &NodeId, header: &Header, receipt: &Receipt) -> Result<(), ActError> {
    let mut draft = LeafDraft::new(Event::ReferralAcked);
    draft.peer = Some(outgoing::log_name(house, peer));
    draft.xfer = Some(header.transfer_id);
    draft.env = Some(receipt.envelope_hash);
    draft.peer_leaf = Some(Leaf::hash(&receipt.leaf));
    draft.commit = receipt.commitment;
    draft.code = receipt.refusal.as_ref().map(|refusal| refusal.code.code().to_owned());
    unit.append_leaf(draft)?;
    Ok(())
}

fn note_at_referral(unit: &mut Unit, header: &Header, receipt: &Receipt) -> Result<(), ActError> {
    let Some(referral_id) = header.referral_id else { return Ok(()) };
    let mut progress = unit.progress(referral_id)?;
    let stage = match receipt.outcome {
        ReceiptOutcome::Applied => DeliveryStage::Applied,
        ReceiptOutcome::Refused | ReceiptOutcome::Purged => DeliveryStage::Refused,
        ReceiptOutcome::Parked => DeliveryStage::Parked,
    };
    progress.delivery = Some(stage);
    if let Some(refusal) = &receipt.refusal {
        // Of a case that is parked staff see why the first of it could not be read, not that the rest waits behind it.
        let waits = refusal.code == RefusalCode::CaseParked && progress.blocked_by.is_some();
        progress.blocked_by = if waits { progress.blocked_by } else { Some(refusal.clone()) };
    }
    unit.put_progress(referral_id, &progress)?;
    unit.publish(Topic::Referral(referral_id));
    Ok(())
}
