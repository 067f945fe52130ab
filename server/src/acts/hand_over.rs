//! Handing the case of a transfer over (`protocol.md` 4.3). From the offer until the answer the case is in escrow: read-only at the owner. Only the owner
//! commits, in the write in which the acceptance arrives, and the next owner begins when that word arrives: at no time are there two.

use titian_proto::gate::Content;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{CaseId, NodeId, ReferralId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::referral::{Custody, HandOver, HandOverStep, Offer, ReferralKind, Stale, Tenure, TenureState, Turn};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use super::arrivals::Occasion;
use super::context::{Acts, House};
use super::error::ActError;
use super::referrals::{is_sender, load, offer_of};
use super::restore;
use super::{policy, question, shares};
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::tenures::{TenureFile, TenureTable as _};
use crate::store::{Read, StoreError, Topic, Unit};

/// Longest that a case must stay in escrow. After this the owner may take it back without an answer: a line may be away for six weeks, and nobody may wait
/// for help so long.
const ESCROW_DAYS: i64 = 14;

/// Staff take a step.
///
/// # Errors
/// When it is not this side's to take now, the referral is no transfer, the gate refuses, or the store fails.
pub async fn step(acts: &Acts, referral_id: ReferralId, step: HandOverStep) -> Result<wire::Tenure, ActError> {
    let house = acts.house.clone();
    acts.store.write(move |unit| take(&house, unit, referral_id, step)).await
}

/// Who owns the case of a referral.
///
/// # Errors
/// When there is no such referral, or the store cannot be read.
pub fn show(acts: &Acts, referral_id: ReferralId) -> Result<wire::Tenure, ActError> {
    let view = acts.store.view();
    let file = load(&view, referral_id)?;
    let tenure = standing(&acts.house, &view, &file)?;
    Ok(describe(&acts.house, &file, &tenure))
}

/// Refuses a change of a case that this node has offered or handed over; and, after a restore, of one that it may have: its backup does not know.
///
/// # Errors
/// When the case is not this node's to change now.
pub fn check_writable(house: &House, read: &impl Read, case_id: CaseId) -> Result<(), ActError> {
    for referral_id in read.referrals_of_case(case_id)? {
        let Some(known) = question::known_referral(house, read, referral_id)? else { continue };
        let file = &known.file;
        if !is_sender(house, file) || known.offer.as_ref().is_none_or(|offer| offer.kind != ReferralKind::Transfer) {
            continue;
        }
        if restore::awaits_standings(read, &file.recipient)? {
            return Err(ActError::WrongState {
                state: "restored from a backup, and perhaps handed over since",
                wanted: "the other union's word on it, by the line or by a bundle",
            });
        }
        let tenure = standing(house, read, file)?.tenure;
        if !tenure.own {
            return Err(ActError::HandedOver { owner: file.recipient.clone() });
        }
        if !tenure.may_write() {
            return Err(ActError::InEscrow { next: file.recipient.clone() });
        }
    }
    Ok(())
}

/// Whether the other side handed the case of a referral over to this node: then what it still says of it comes too late.
///
/// # Errors
/// When the store cannot be read.
pub fn is_taken_over(house: &House, read: &impl Read, file: &ReferralFile) -> Result<bool, StoreError> {
    Ok(!is_sender(house, file) && read.tenure(file.referral_id)?.is_some_and(|known| known.tenure.own))
}

/// Whether this node handed the case of a referral of its own over: then nothing more of it goes under this referral. What is held there is narrowed and
/// destroyed as before.
///
/// # Errors
/// When the store cannot be read.
pub fn is_handed_over(house: &House, read: &impl Read, file: &ReferralFile) -> Result<bool, StoreError> {
    Ok(is_sender(house, file) && read.tenure(file.referral_id)?.is_some_and(|known| !known.tenure.own))
}

/// A step of the other side arrived, and the gate permits it.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn receive(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    heard: &HandOver,
    occasion: Occasion,
) -> Result<Result<(), Refusal>, ActError> {
    let Some(file) = unit.referral(heard.referral_id)? else { return Ok(Err(policy::unknown_referral())) };
    if shares::other_side(house, &file) != peer {
        return Ok(Err(policy::unknown_referral()));
    }
    let offer = offer_of(&file)?;
    let stale = |path: &str| Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path(path)));
    if offer.subject_ref != heard.subject_ref || offer.purpose != heard.purpose || offer.kind != ReferralKind::Transfer {
        return stale("hand_over.referral_id");
    }
    let known = standing(house, unit, &file)?.tenure;
    let turn = match (heard.step, occasion) {
        (HandOverStep::Accept, Occasion::Again) => known.heard_acceptance_again(heard.owner_term),
        _ => known.heard(heard.step, heard.owner_term),
    };
    let Ok(turn) = turn else { return stale("hand_over.owner_term") };
    if heard.step == HandOverStep::Offer && occasion == Occasion::First && (file.frozen || !file.state.is_sharing()) {
        return stale("referral.state");
    }
    if heard.step == HandOverStep::Accept && occasion == Occasion::First {
        // The last moment at which somebody may object: she, either union, or the day. What is only suspended may be said again.
        if let Err(refusal) = may_go(house, unit, &file, &offer, heard.owner_term)? {
            let is_over = file.frozen || known.state == TenureState::Cancelling;
            if let Some(turn) = known.abort(true).ok().filter(|_| is_over) {
                settle(house, unit, &file, &offer, turn)?.ok();
            }
            return Ok(Err(refusal));
        }
    }
    settle(house, unit, &file, &offer, turn)
}

/// Nothing is handed over under a referral that she ended: the owner takes the case out of escrow at once, and a late acceptance is stale.
///
/// # Errors
/// When the store fails.
pub fn end(house: &House, unit: &mut Unit, file: &ReferralFile) -> Result<(), ActError> {
    let Some(TenureFile { tenure, .. }) = unit.tenure(file.referral_id)? else { return Ok(()) };
    let Ok(turn) = tenure.abort(true) else { return Ok(()) };
    if tenure.own {
        // Where the other side cannot be told now, the case stays in escrow until staff cancel.
        settle(house, unit, file, &offer_of(file)?, turn)?.ok();
    }
    Ok(())
}

fn take(house: &House, unit: &mut Unit, referral_id: ReferralId, step: HandOverStep) -> Result<wire::Tenure, ActError> {
    let file = load(unit, referral_id)?;
    let offer = offer_of(&file)?;
    if offer.kind != ReferralKind::Transfer {
        return Err(ActError::WrongState { state: offer.kind.code(), wanted: "a referral of kind TRANSFER" });
    }
    let known = standing(house, unit, &file)?;
    let refused = |_: Stale| ActError::WrongState { state: known.tenure.state.code(), wanted: wanted(step) };
    let turn = match step {
        HandOverStep::Offer => {
            check_offerable(house, unit, &file)?;
            known.tenure.offer().map_err(refused)?
        }
        HandOverStep::Accept => {
            let turn = known.tenure.accept().map_err(refused)?;
            check_own_consent(house, &file)?;
            turn
        }
        HandOverStep::Abort => {
            let waited = unit.now() >= known.since.plus_days(ESCROW_DAYS);
            known.tenure.abort(waited).map_err(refused)?
        }
        HandOverStep::Commit => {
            return Err(ActError::Malformed(Malformed::new("is the node's to take, not that of staff").at("step")));
        }
    };
    settle(house, unit, &file, &offer, turn)?.map_err(ActError::Refused)?;
    Ok(describe(house, &file, &standing(house, unit, &file)?))
}

fn wanted(step: HandOverStep) -> &'static str {
    match step {
        HandOverStep::Offer => "a case that this union owns, and nothing under way",
        HandOverStep::Accept => "a case that the other union offers",
        HandOverStep::Commit | HandOverStep::Abort => {
            "a hand-over under way that the other side has not accepted; after 14 days the owner takes it back"
        }
    }
}

fn check_offerable(house: &House, unit: &Unit, file: &ReferralFile) -> Result<(), ActError> {
    if file.frozen {
        return Err(ActError::Refused(Refusal::new(RefusalCode::ConsentWithdrawn)));
    }
    if !file.state.is_sharing() {
        return Err(ActError::WrongState { state: file.state.code(), wanted: "accepted, in progress or on hold" });
    }
    // Of a case that is offered to somebody else, or was handed over, nothing is left to offer.
    file.case_id.map_or(Ok(()), |case_id| check_writable(house, unit, case_id))
}

/// She said herself that this union is to have her case: what it takes over is not only a copy under the other's consent.
fn check_own_consent(house: &House, file: &ReferralFile) -> Result<(), ActError> {
    if file.frozen {
        return Err(ActError::Refused(Refusal::new(RefusalCode::ConsentWithdrawn)));
    }
    if !is_sender(house, file) && file.custody != Some(Custody::Adopted) {
        return Err(ActError::Refused(Refusal::new(RefusalCode::NoConsent).with_path("referral.custody")));
    }
    Ok(())
}

/// Whether the gate would let the case go to the other side now. Nothing is sent.
fn may_go(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer, term: u64) -> Result<Result<(), Refusal>, ActError> {
    if file.frozen {
        return Ok(Err(Refusal::new(RefusalCode::ConsentWithdrawn)));
    }
    let content = content(house, unit, file, offer, HandOverStep::Offer, term)?;
    Ok(shares::permits_about(house, unit, file, content)?)
}

/// One write: how it stands, and what the other side is told.
fn settle(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer, turn: Turn) -> Result<Result<(), Refusal>, ActError> {
    if let Some((step, term)) = turn.tell {
        let (peer, content) = (shares::other_side(house, file).clone(), content(house, unit, file, offer, step, term)?);
        if let Err(refusal) = shares::send_about(house, unit, file, &peer, content)? {
            return Ok(Err(refusal));
        }
    }
    let known = standing(house, unit, file)?;
    let since = if known.tenure == turn.tenure { known.since } else { unit.now() };
    // Cancelling goes on with the time of the offer: the case has been read-only since then.
    let since = if turn.tenure.state == TenureState::Cancelling { known.since } else { since };
    unit.put_tenure(file.referral_id, &TenureFile { tenure: turn.tenure, since })?;
    unit.publish(Topic::Referral(file.referral_id));
    Ok(Ok(()))
}

fn content(
    house: &House,
    unit: &Unit,
    file: &ReferralFile,
    offer: &Offer,
    step: HandOverStep,
    owner_term: u64,
) -> Result<Content, ActError> {
    let peer = shares::other_side(house, file);
    let grant = if step == HandOverStep::Offer {
        let subject = question::own_subject(peer, offer.subject_ref, Some(file));
        let known = policy::known_ledger(house, unit, subject)?;
        shares::grant_for(&known.ledger, peer, offer.purpose).map(titian_proto::model::consent::Grant::for_peer)
    } else {
        None
    };
    let (referral_id, subject_ref, purpose) = (file.referral_id, offer.subject_ref, offer.purpose);
    Ok(Content::HandOver(HandOver { referral_id, owner_term, step, subject_ref, purpose, grant }))
}

fn standing(house: &House, read: &impl Read, file: &ReferralFile) -> Result<TenureFile, ActError> {
    let first = TenureFile { tenure: Tenure::first(is_sender(house, file)), since: Instant::from_millis(0) };
    Ok(read.tenure(file.referral_id)?.unwrap_or(first))
}

fn describe(house: &House, file: &ReferralFile, known: &TenureFile) -> wire::Tenure {
    let TenureFile { tenure, since } = known;
    let owner = if tenure.own { house.node_id() } else { shares::other_side(house, file) };
    wire::Tenure {
        referral_id: file.referral_id.to_wire(),
        owner: owner.to_string(),
        owner_term: tenure.term,
        state: tenure.state.to_wire(),
        offered_term: if tenure.state == TenureState::Settled { 0 } else { tenure.highest },
        since_ms: since.as_millis(),
    }
}
