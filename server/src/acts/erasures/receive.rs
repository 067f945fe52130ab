//! The other side says, signed, what it destroyed.

use titian_proto::envelope::EnvelopeKind;
use titian_proto::gate::Content;
use titian_proto::model::id::{NodeId, ReferralId};
use titian_proto::model::referral::{Erasure, ErasureReceipt};
use titian_proto::model::refusal::Refusal;
use titian_proto::wire;

use super::ask::{self, Wanted, Words};
use super::welfare;
use crate::acts::context::House;
use crate::acts::error::ActError;
use crate::acts::{policy, shares};
use crate::store::erasures::{ErasureFile, ErasureTable as _, Here};
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{StoreError, Topic, Unit};

/// Receipts of one referral that are kept; an honest union needs few, and nobody may fill this node's disk with them.
const RECEIPTS_KEPT: u32 = 64;

/// Takes in a receipt: it is kept as it came, so that it proves by itself.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn receipt(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    receipt: &ErasureReceipt,
    envelope: &wire::Envelope,
) -> Result<Result<(), Refusal>, ActError> {
    for referral_id in &receipt.referral_ids {
        // A referral that never got past this node's outbox may be forgotten by the time the receipt comes.
        let Some(mut file) = unit.referral(*referral_id)? else { continue };
        if shares::other_side(house, &file) != peer {
            return Ok(Err(policy::unknown_referral()));
        }
        if receipt.withdrawal_sequence == 0 {
            // Its day is the same at both ends: by one clock it has come a little earlier.
            welfare::expire(house, unit, &mut file)?;
        }
        // Copies of a referral that goes on here are not over, whatever the other side's clock says.
        if words_of(receipt) == Words::default() && !file.state.is_final() {
            // The lane of safety is the first after a long time without a line: the word that it is over may be on its way behind this.
            tracing::warn!(event = "erasure.receipt-too-early", peer = %peer);
            unit.put_early_receipt(*referral_id, Some(envelope))?;
            continue;
        }
        let erasure = begun(house, unit, &mut file, receipt)?;
        note(unit, &mut file, erasure, receipt, envelope)?;
    }
    Ok(Ok(()))
}

/// The other side's word that a referral is over has come: a receipt that overtook it counts from now on.
///
/// # Errors
/// When the store fails.
pub fn early(house: &House, unit: &mut Unit, referral_id: ReferralId) -> Result<(), ActError> {
    let Some(envelope) = unit.early_receipt(referral_id)? else { return Ok(()) };
    unit.put_early_receipt(referral_id, None)?;
    let (Some(mut file), Ok((_, Content::ErasureReceipt(receipt)))) =
        (unit.referral(referral_id)?, Content::parse(EnvelopeKind::ErasureReceipt, &envelope.body))
    else {
        return Ok(());
    };
    let erasure = begun(house, unit, &mut file, &receipt)?;
    note(unit, &mut file, erasure, &receipt, &envelope)
}

/// The erasure that the receipt is about. Where the other side was first, because its day came earlier or this node was restored, it begins here too.
fn begun(house: &House, unit: &mut Unit, file: &mut ReferralFile, receipt: &ErasureReceipt) -> Result<ErasureFile, ActError> {
    if let Some(erasure) = unit.erasure(file.referral_id)? {
        return Ok(erasure);
    }
    let words = words_of(receipt);
    let wanted =
        if words == Words::default() { Wanted::after_retention() } else { Wanted::after_withdrawal(words, receipt.categories.clone()) };
    ask::ask(house, unit, file, wanted)?;
    unit.erasure(file.referral_id)?.ok_or(ActError::NotFound { what: "erasure" })
}

/// The withdrawals that a receipt is about. A number that nobody says whose it is counts as the other side's, as it did when there was one.
fn words_of(receipt: &ErasureReceipt) -> Words {
    match receipt.own_sequence {
        Some(there) => Words { here: receipt.withdrawal_sequence, there },
        None => Words { here: 0, there: receipt.withdrawal_sequence },
    }
}

fn note(
    unit: &mut Unit,
    file: &mut ReferralFile,
    mut erasure: ErasureFile,
    receipt: &ErasureReceipt,
    envelope: &wire::Envelope,
) -> Result<(), ActError> {
    let is_kept = |ground| receipt.exceptions.iter().any(|exception| exception.ground == ground);
    // A receipt for a part that was asked for before does not answer for the whole.
    let covers = receipt.categories.is_empty()
        || (!erasure.categories.is_empty() && erasure.categories.iter().all(|one| receipt.categories.contains(one)));
    let told = match (is_kept(Erasure::LegalHold), is_kept(Erasure::Adopted)) {
        (true, _) => Erasure::LegalHold,
        (false, true) => Erasure::Adopted,
        (false, false) => Erasure::Erased,
    };
    // Nor does one for an earlier withdrawal, or for one that was taken there, answer for what was taken here since.
    let words = words_of(receipt);
    let covers = covers && (receipt.own_sequence.is_none() || erasure.is_answered_by(words.here, words.there));
    if covers {
        erasure.there = told;
    }
    if receipt.own_sequence.is_some() {
        erasure.answered_sequence = erasure.answered_sequence.max(words.here);
        erasure.there_sequence = erasure.there_sequence.max(words.there);
    }
    erasure.answered_at = Some(unit.now());
    erasure.receipts = erasure.receipts.saturating_add(1);
    erasure.onward_there = receipt.onward.iter().map(|onward| (onward.clone(), receipt.onward_erased.contains(onward))).collect();
    if erasure.receipts <= RECEIPTS_KEPT {
        unit.put_erasure_receipt(file.referral_id, erasure.receipts, envelope)?;
    }
    file.erasure = Some(erasure.both());
    unit.put_referral(file)?;
    unit.put_erasure(&erasure)?;
    if covers && erasure.categories.is_empty() && erasure.there == Erasure::Erased {
        shares::forget_given(unit, file.referral_id, &unit.all_given(file.referral_id)?)?;
    }
    unit.publish(Topic::Referral(file.referral_id));
    let done = !erasure.onward_there.iter().any(|(_, erased)| !erased) && erasure.there == Erasure::Erased;
    for waiting in erasure.on_behalf_of.iter().filter(|_| done) {
        pass_back(unit, *waiting, file.referral_id)?;
    }
    Ok(())
}

/// Who asked for it hears that a union further on has erased.
fn pass_back(unit: &mut Unit, waiting: ReferralId, erased: ReferralId) -> Result<(), StoreError> {
    let Some(mut erasure) = unit.erasure(waiting)? else { return Ok(()) };
    for onward in erasure.onward.iter_mut().filter(|onward| onward.referral_id == erased) {
        onward.erased = true;
    }
    // What was told before is told again, with this.
    if let Here::Told(outcome) = erasure.here {
        erasure.here = Here::Destroyed(outcome);
    }
    unit.put_erasure(&erasure)?;
    unit.publish(Topic::Erasures);
    Ok(())
}
