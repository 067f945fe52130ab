//! Offers and states that arrive, once the gate has permitted them.

use titian_proto::model::id::{CaseRef, NodeId};
use titian_proto::model::reference::AgreementRef;
use titian_proto::model::referral::{Offer, ReferralState, Side, StateChange, check_reply, winner};
use titian_proto::model::refusal::{Refusal, RefusalCode};

use super::{is_sender, offer_of};
use crate::acts::arrivals::Occasion;
use crate::acts::context::House;
use crate::acts::erasures::{receive, retention, welfare};
use crate::acts::error::ActError;
use crate::acts::policy;
use crate::acts::shares;
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::{Topic, Unit};

/// An offer arrived. A returned referral may be offered again with a higher version.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn offer(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    offer: &Offer,
    case_ref: CaseRef,
    agreement: &AgreementRef,
) -> Result<Result<(), Refusal>, ActError> {
    let now = unit.now();
    let known = unit.referral(offer.referral_id)?;
    if let Some(known) = &known {
        let again = known.state == ReferralState::Returned && offer_of(known)?.version < offer.version;
        if &known.sender != peer || !again {
            return Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path("offer.version")));
        }
    }
    let mut file = ReferralFile {
        referral_id: offer.referral_id,
        sender: peer.clone(),
        recipient: house.node_id().clone(),
        case_id: known.as_ref().and_then(|known| known.case_id),
        worker_id: None,
        case_ref,
        offer: shares::offer_bytes(offer),
        state: ReferralState::Requested,
        custody: None,
        erasure: None,
        agreement_id: agreement.id.to_string(),
        agreement_version: agreement.version,
        reason: None,
        outcome: None,
        frozen: false,
        author: String::new(),
        own_changes: known.as_ref().map_or(0, |known| known.own_changes),
        peer_changes: known.as_ref().map_or(0, |known| known.peer_changes),
        changed_at: now,
        owed_withdrawal: bytes::Bytes::new(),
        legal_hold: None,
        retention_until: None,
        known_through: None,
        onward_from: None,
        passed_on: known.as_ref().is_some_and(|known| known.passed_on),
        widened_by: Vec::new(),
    };
    welfare::begin(unit, &mut file, offer)?;
    unit.put_referral(&file)?;
    unit.put_referral_of_subject(peer, offer.subject_ref, offer.referral_id)?;
    unit.put_progress(offer.referral_id, &unit.progress(offer.referral_id)?)?;
    unit.put_due(offer.respond_by, offer.referral_id)?;
    unit.publish(Topic::Referral(offer.referral_id));
    Ok(Ok(()))
}

/// A state arrived from the other side. Again after a restore it sets off nothing.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn state(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    change: &StateChange,
    occasion: Occasion,
) -> Result<Result<(), Refusal>, ActError> {
    let Some(mut file) = unit.referral(change.referral_id)? else { return Ok(Err(policy::unknown_referral())) };
    if shares::other_side(house, &file) != peer {
        return Ok(Err(policy::unknown_referral()));
    }
    let side = if is_sender(house, &file) { Side::Receiver } else { Side::Sender };
    let offer = offer_of(&file)?;
    if let Err(problem) = check_reply(offer.kind, change.state, change.outcome) {
        return Ok(Err(Refusal::from(problem.at("state"))));
    }
    if change.sequence <= file.peer_changes || change.version > offer.version {
        return Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path("state.sequence")));
    }
    if file.state == ReferralState::Draft || !change.state.is_set_by(side) {
        return Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path("state.state")));
    }
    file.peer_changes = change.sequence;
    if !settle_state(&mut file, change, side) {
        unit.put_referral(&file)?;
        return Ok(Ok(()));
    }
    file.changed_at = unit.now();
    if change.state != ReferralState::Received {
        unit.remove_due(offer.respond_by, file.referral_id)?;
    }
    retention::end(unit, &mut file)?;
    retention::begin(house, unit, &mut file)?;
    welfare::heed(house, unit, &mut file, &offer)?;
    unit.put_referral(&file)?;
    if change.state == ReferralState::Accepted && is_sender(house, &file) && occasion == Occasion::First {
        // In the same write.
        shares::put_or_say_why(house, unit, &file, &offer)?;
    }
    if file.state.is_final() {
        receive::early(house, unit, file.referral_id)?;
    }
    unit.publish(Topic::Referral(file.referral_id));
    Ok(Ok(()))
}

/// Takes the state over if it may follow; where two states crossed on the wire, the winner table decides. Whether it was taken over.
fn settle_state(file: &mut ReferralFile, change: &StateChange, side: Side) -> bool {
    let follows = ReferralState::may_follow(file.state, change.state, side);
    let wins = follows || winner(file.state, change.state) == change.state || crate::mutant::is("the-last-word-wins");
    if wins && file.state != change.state {
        file.state = change.state;
        file.reason = change.reason;
        file.outcome = change.outcome;
        file.custody = change.custody.or(file.custody);
        if change.state == ReferralState::ConsentWithdrawn {
            file.frozen = true;
        }
    }
    wins
}
