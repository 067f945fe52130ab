//! Cases of a peer that are parked here: something of them could not be applied, and what follows waits until the peer repeats it.

use std::collections::HashMap;

use titian_proto::envelope::Lane;
use titian_proto::model::id::{CaseRef, NodeId};
use titian_proto::model::refusal::Refusal;

use super::{Arrival, Verdict};
use crate::store::parked::{ParkedHere, ParkedTable as _};
use crate::store::referrals::ReferralTable as _;
use crate::store::{Read, StoreError, Topic, Unit};

/// The cases of one peer that are parked.
pub(super) struct Parked(HashMap<CaseRef, ParkedHere>);

/// Reads them.
pub(super) fn of_peer(read: &impl Read, peer: &NodeId) -> Result<Parked, StoreError> {
    Ok(Parked(read.all_parked_here(peer)?.into_iter().map(|parked| (parked.case, parked)).collect()))
}

impl Parked {
    /// Whether the case of an arrival is parked, and this is not what it waits for. Safety passes in every state.
    pub(super) fn holds_up(&self, arrival: &Arrival) -> bool {
        self.of(arrival).is_some_and(|parked| arrival.outline.retry_of != Some(parked.first))
    }

    /// Parks the case of an arrival that could not be applied, or lets it go on after one that was waited for.
    pub(super) fn note(&mut self, unit: &mut Unit, peer: &NodeId, arrival: &Arrival, verdict: &Verdict) -> Result<(), StoreError> {
        let Some((case, _)) = arrival.outline.case.filter(|_| arrival.outline.lane != Lane::Safety) else { return Ok(()) };
        match verdict {
            Verdict::Parked(refusal) => self.park(unit, peer, arrival, case, refusal),
            Verdict::Applied(_) | Verdict::Refused(_) | Verdict::Purged(_) => {
                let awaited = self.of(arrival).is_some_and(|parked| arrival.outline.retry_of == Some(parked.first));
                let parked = if awaited { self.0.remove(&case) } else { None };
                let Some(parked) = parked else { return Ok(()) };
                unit.remove_parked_here(peer, case)?;
                tracing::info!(event = "case.goes-on", peer = %peer);
                match arrival.outline.referral_id {
                    Some(referral_id) => unit.unblock_referral(referral_id, &parked.refusal),
                    None => Ok(()),
                }
            }
        }
    }

    fn park(&mut self, unit: &mut Unit, peer: &NodeId, arrival: &Arrival, case: CaseRef, refusal: &Refusal) -> Result<(), StoreError> {
        let behind = self.holds_up(arrival);
        let (now, first) = (unit.now(), arrival.outline.transfer_id);
        let fresh = ParkedHere { case, refusal: refusal.clone(), first, since: now, envelopes: 0 };
        let parked = self.0.entry(case).or_insert_with(|| fresh.clone());
        if !behind {
            *parked = ParkedHere { envelopes: parked.envelopes, since: parked.since, ..fresh };
        }
        parked.envelopes += 1;
        unit.put_parked_here(peer, parked)?;
        show_at_referral(unit, peer, arrival, &parked.refusal)
    }

    fn of(&self, arrival: &Arrival) -> Option<&ParkedHere> {
        let (case, _) = arrival.outline.case.filter(|_| arrival.outline.lane != Lane::Safety)?;
        self.0.get(&case)
    }
}

/// Staff see at the referral why nothing more comes of it.
fn show_at_referral(unit: &mut Unit, peer: &NodeId, arrival: &Arrival, refusal: &Refusal) -> Result<(), StoreError> {
    let Some(referral_id) = arrival.outline.referral_id else { return Ok(()) };
    if unit.referral(referral_id)?.is_none_or(|file| &file.sender != peer && &file.recipient != peer) {
        return Ok(());
    }
    unit.block_referral(referral_id, refusal.clone())?;
    unit.publish(Topic::Referral(referral_id));
    Ok(())
}
