//! Signed receipts that came back: the envelope is settled, the referral shows how it went, the log says that it was answered.

use bytes::Bytes;
use titian_proto::envelope::{Header, Receipt, ReceiptOutcome};
use titian_proto::log::leaf::{Event, Leaf, LeafDraft};
use titian_proto::model::id::NodeId;
use titian_proto::model::referral::DeliveryStage;
use titian_proto::model::refusal::RefusalCode;
use titian_proto::wire;

use super::arrivals::ArrivalError;
use super::breaches;
use super::context::{Acts, House};
use super::displaced;
use super::error::ActError;
use super::outgoing;
use super::parked;
use super::undelivered;
use crate::store::referrals::ReferralTable;
use crate::store::{EpochTable as _, OutboxTable, Position, SentEnvelope, StoreError, Topic, Unit, read_receipt};

/// Where receipts are kept, for errors.
const SETTLED: &str = "settled/";

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
/// When a receipt is for something that was not sent, or says something else than the one that came before, or the store fails.
pub async fn settle(acts: &Acts, peer: &NodeId, batch: Vec<Settlement>) -> Result<(), ArrivalError> {
    let (house, peer) = (acts.house.clone(), peer.clone());
    crate::crash::point("settlement.before-write");
    acts.store.write(move |unit| batch.iter().try_for_each(|settlement| one(&house, unit, &peer, settlement))).await?;
    crate::crash::point("settlement.after-write");
    Ok(())
}

fn one(house: &House, unit: &mut Unit, peer: &NodeId, settlement: &Settlement) -> Result<(), ArrivalError> {
    let receipt = &settlement.receipt;
    let Some((position, sent)) = find(unit, peer, receipt)? else {
        // After a restore the peer also answers what this node no longer knows that it sent.
        let restored = unit.life()?.0 > 0;
        return if restored { Ok(displaced::send_again(house, unit, peer, settlement)?) } else { Err(not_sent(unit, peer, settlement)?) };
    };
    if !unit.settle(peer, receipt.lane, position, settlement.signed.clone())? {
        return same_as_before(unit, peer, position, settlement);
    }
    log_answer(house, unit, peer, &sent.header, receipt)?;
    match receipt.outcome {
        // What was purged in a life that a restore has undone still has its body here.
        ReceiptOutcome::Refused | ReceiptOutcome::Purged => {
            if let Some(sent) = unit.sent(peer, receipt.lane, position)? {
                undelivered::take_back_sent(unit, &sent)?;
            }
        }
        ReceiptOutcome::Parked => parked::note(unit, peer, receipt, position, &sent.header)?,
        ReceiptOutcome::Applied => {}
    }
    breaches::answered(unit, peer, &sent.header, receipt)?;
    Ok(note_at_referral(unit, &sent.header, receipt)?)
}

/// The peer says that it received what it was never sent. Beside its receipt is kept what it was sent at that place.
fn not_sent(unit: &mut Unit, peer: &NodeId, settlement: &Settlement) -> Result<ArrivalError, ArrivalError> {
    let place = Position::new(0, settlement.receipt.link_sequence);
    let first = match unit.sent(peer, settlement.receipt.lane, place)? {
        Some(_) => unit.stored_delivery(peer, settlement.receipt.lane, place)?.envelope,
        None => None,
    };
    let first = first.map(|envelope| wire::Envelope { body: Bytes::new(), ..envelope });
    Ok(lie(
        peer,
        wire::Equivocation {
            first,
            second_receipt: Some(read_receipt(SETTLED, settlement.signed.clone())?),
            ..wire::Equivocation::default()
        },
    ))
}

/// An envelope has one receipt, for ever. Only who was restored may have forgotten what it said.
fn same_as_before(unit: &mut Unit, peer: &NodeId, position: Position, settlement: &Settlement) -> Result<(), ArrivalError> {
    let Some(before) = unit.settled_receipt(peer, settlement.receipt.lane, position)? else { return Ok(()) };
    let (before, now) = (read_receipt(SETTLED, before)?, read_receipt(SETTLED, settlement.signed.clone())?);
    if before.receipt == now.receipt || unit.peer_epochs(peer)?.len() > 1 {
        return Ok(());
    }
    Err(lie(peer, wire::Equivocation { first_receipt: Some(before), second_receipt: Some(now), ..wire::Equivocation::default() }))
}

fn lie(peer: &NodeId, evidence: wire::Equivocation) -> ArrivalError {
    ArrivalError::Equivocation(Box::new(wire::Equivocation { node_id: peer.to_string(), ..evidence }))
}

/// The envelope that a receipt answers: the one with its sequence in the newest life whose hash it names.
fn find(unit: &mut Unit, peer: &NodeId, receipt: &Receipt) -> Result<Option<(Position, SentEnvelope)>, StoreError> {
    for life in (0..=unit.life()?.0).rev() {
        let position = Position::new(life, receipt.link_sequence);
        if let Some(sent) = unit.sent_head(peer, receipt.lane, position)?
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
