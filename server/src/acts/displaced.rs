//! What staff did while their node ran on an older copy of its database. It took places that the peer had filled before, so it never gets an answer of
//! its own: once the copy has begun a new life, the peer's answers to what it holds there tell, and it is sent again.

use titian_proto::gate::Content;
use titian_proto::model::id::{NodeId, RecordId};
use titian_proto::model::referral::SharePut;

use super::candidates::Candidate;
use super::context::House;
use super::error::ActError;
use super::settlement::Settlement;
use super::{parked, question, referrals, shares, undelivered};
use crate::store::records::RecordTable as _;
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{OutboxTable as _, Position, Unit};

/// Takes a receipt for an envelope that this node does not know that it sent: what it has at that place itself is sent again, if it waits there.
///
/// # Errors
/// When the store fails.
pub fn send_again(house: &House, unit: &mut Unit, peer: &NodeId, settlement: &Settlement) -> Result<(), ActError> {
    let lane = settlement.receipt.lane;
    for life in 0..unit.life()?.0 {
        let position = Position::new(life, settlement.receipt.link_sequence);
        let Some(sent) = unit.sent(peer, lane, position)? else { continue };
        // The peer's receipt for what it holds there ends the waiting.
        if !unit.settle(peer, lane, position, settlement.signed.clone())? {
            continue;
        }
        tracing::warn!(event = "envelope.displaced", peer = %peer, place = %position, "sent on an older copy of the database; it is sent again");
        return match Content::parse(sent.header.kind, &sent.body) {
            Ok((_, Content::Put(put))) => {
                undelivered::take_back(unit, &sent.header, &sent.body)?;
                put_anew(house, unit, &put)
            }
            Ok(_) => parked::queue_again(house, unit, peer, &sent, None).map(drop),
            Err(_) => Ok(()), // destroyed before it left
        };
    }
    Ok(())
}

/// Records are put with revisions that the peer cannot hold already.
fn put_anew(house: &House, unit: &mut Unit, put: &SharePut) -> Result<(), ActError> {
    let Some(file) = unit.referral(put.referral_id)? else { return Ok(()) };
    let mut candidates = Vec::new();
    for shared in &put.records {
        let given = unit.all_given(put.referral_id)?.into_iter().find(|given| given.record_ref == shared.record_ref);
        let Some(given) = given else { continue };
        candidates.extend(renumbered(unit, &file, given.record_id, shared.revision)?);
    }
    if candidates.is_empty() {
        return Ok(());
    }
    let offer = referrals::offer_of(&file)?;
    match shares::put(house, unit, &file, &offer, &candidates, false)? {
        Ok(()) => Ok(()),
        Err(refusal) => Ok(unit.block_referral(file.referral_id, refusal)?),
    }
}

/// The record as it stands now. If it was not changed since, it gets a revision of the new life.
fn renumbered(unit: &mut Unit, file: &ReferralFile, record_id: RecordId, sent: u64) -> Result<Option<Candidate>, ActError> {
    for holder in question::holders(file) {
        let Some(mut record) = unit.record(holder, record_id)? else { continue };
        if record.revision <= sent {
            record.revision = unit.revision_after(record.revision)?;
            unit.put_record(holder, record_id, &record)?;
        }
        return Ok(Candidate::of(&record));
    }
    Ok(None)
}
