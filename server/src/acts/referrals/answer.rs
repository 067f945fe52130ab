//! Either side sets the states that are its to set (`design.md` 8); the other side learns of it over the link.

use titian_proto::gate::Content;
use titian_proto::model::id::ReferralId;
use titian_proto::model::referral::{
    CaseKind, Custody, DeclineReason, Offer, ReferralOutcome, ReferralState, Side, StateChange, check_reply,
};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;

use super::{describe, is_sender, load, offer_of};
use crate::acts::actor::Actor;
use crate::acts::cases;
use crate::acts::context::{Acts, House};
use crate::acts::erasures::destroy::OwnConsent;
use crate::acts::erasures::{retention, welfare};
use crate::acts::error::ActError;
use crate::acts::shares;
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::{StoreError, Topic, Unit};

/// What staff say about a referral.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The new state.
    pub state: ReferralState,
    /// Why it is rejected or returned.
    pub reason: Option<DeclineReason>,
    /// How it ended.
    pub outcome: Option<ReferralOutcome>,
    /// Only if this node adopts what it holds, with its own consent.
    pub adopt: bool,
}

/// Sets a state.
///
/// # Errors
/// When the state is not this side's to set now, a reason or outcome is missing, the gate refuses, or the store fails.
pub async fn answer(acts: &Acts, actor: &Actor, referral_id: ReferralId, answer: Answer) -> Result<wire::Referral, ActError> {
    check_form(answer)?;
    let (house, staff) = (acts.house.clone(), actor.pseudonym.clone());
    crate::crash::point("answer.before-write");
    let referral = acts.store.write(move |unit| set(&house, unit, &staff, referral_id, answer)).await?;
    crate::crash::point("answer.after-write");
    Ok(referral)
}

/// A person at the receiver opened the referral for the first time.
///
/// # Errors
/// When the store fails.
pub async fn opened(acts: &Acts, actor: &Actor, referral_id: ReferralId) -> Result<(), ActError> {
    let file = load(&acts.store.view(), referral_id)?;
    if is_sender(&acts.house, &file) || file.state != ReferralState::Requested {
        return Ok(());
    }
    let received = Answer { state: ReferralState::Received, reason: None, outcome: None, adopt: false };
    match answer(acts, actor, referral_id, received).await {
        Ok(_) | Err(ActError::WrongState { .. } | ActError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn check_form(answer: Answer) -> Result<(), ActError> {
    use titian_proto::model::malformed::Malformed;
    let missing = |path: &str| Err(ActError::Malformed(Malformed::missing(path)));
    match answer.state {
        ReferralState::Rejected | ReferralState::Returned if answer.reason.is_none() => missing("reason"),
        ReferralState::Completed | ReferralState::Failed if answer.outcome.is_none() => missing("outcome"),
        // A withdrawal is taken as a withdrawal, with all that follows from it; an expiry is computed; a request is an offer.
        ReferralState::Draft | ReferralState::Requested | ReferralState::Expired | ReferralState::ConsentWithdrawn => {
            Err(ActError::Malformed(Malformed::new("is not a state that staff set").at("state")))
        }
        ReferralState::Received
        | ReferralState::Accepted
        | ReferralState::Rejected
        | ReferralState::Returned
        | ReferralState::InProgress
        | ReferralState::OnHold
        | ReferralState::Completed
        | ReferralState::Failed
        | ReferralState::Cancelled
        | ReferralState::EnteredInError => Ok(()),
    }
}

fn set(house: &House, unit: &mut Unit, staff: &str, referral_id: ReferralId, answer: Answer) -> Result<wire::Referral, ActError> {
    let mut file = load(unit, referral_id)?;
    let side = if is_sender(house, &file) { Side::Sender } else { Side::Receiver };
    if !ReferralState::may_follow(file.state, answer.state, side) {
        return Err(ActError::WrongState {
            state: file.state.code(),
            wanted: "a state from which this one may follow, set by the side whose it is",
        });
    }
    let offer = offer_of(&file)?;
    check_reply(offer.kind, answer.state, answer.outcome)?;
    let never_sent = file.state == ReferralState::Draft;
    file.state = answer.state;
    file.reason = answer.reason;
    file.outcome = answer.outcome;
    file.own_changes += 1;
    file.changed_at = unit.now();
    match answer.state {
        ReferralState::Accepted => open_case(unit, staff, &mut file, &offer)?,
        ReferralState::InProgress => {
            let custody = custody(house, unit, &file, &offer)?;
            if answer.adopt && custody != Custody::Adopted {
                return Err(ActError::Refused(Refusal::new(RefusalCode::NoConsent)));
            }
            file.custody = Some(custody);
        }
        _ => {}
    }
    if answer.state != ReferralState::Received {
        unit.remove_due(offer.respond_by, referral_id)?;
    }
    if !never_sent {
        tell(house, unit, &file, &offer)?;
        retention::begin(house, unit, &mut file)?;
        welfare::heed(house, unit, &mut file, &offer)?;
    }
    unit.put_referral(&file)?;
    unit.publish(Topic::Referral(referral_id));
    Ok(describe(&file, &unit.progress(referral_id)?))
}

/// Tells the other side.
fn tell(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer) -> Result<(), ActError> {
    let change = StateChange {
        referral_id: file.referral_id,
        version: offer.version,
        state: file.state,
        reason: file.reason,
        outcome: file.outcome,
        custody: if file.state == ReferralState::InProgress { file.custody } else { None },
        sequence: file.own_changes,
    };
    let peer = shares::other_side(house, file).clone();
    shares::send_about(house, unit, file, &peer, Content::State(change))?.map_err(ActError::Refused)
}

/// The receiver keeps a case of its own for what it accepted, so that its own records have a place.
fn open_case(unit: &mut Unit, staff: &str, file: &mut ReferralFile, offer: &Offer) -> Result<(), StoreError> {
    if file.case_id.is_some() {
        return Ok(());
    }
    let whose = match offer.case_kind {
        CaseKind::Group => cases::Whose::Group,
        CaseKind::Individual => cases::Whose::KnownThrough(file.sender.clone(), offer.subject_ref),
    };
    file.case_id = Some(cases::new_file(unit, whose, staff)?);
    Ok(())
}

/// Adopted only with a consent that this node took itself from the same person, for the same purpose, and as far as that reaches; else it stays a copy under
/// the sender's. This node's ledger says it, and nobody by a word at the desk.
fn custody(house: &House, unit: &Unit, file: &ReferralFile, offer: &Offer) -> Result<Custody, StoreError> {
    let adopted = OwnConsent::of(house, unit, &file.sender, offer)?.categories;
    let covers = offer.categories.iter().chain(&[Category::CaseCore]).any(|category| adopted.contains(category));
    Ok(if covers { Custody::Adopted } else { Custody::Copy })
}
