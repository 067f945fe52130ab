//! Agreement: is there one between the two, the same text at both ends, and in a state that lets this pass.

use crate::gate::{AgreementView, Question, refuse_if};
use crate::model::agreement::{Agreement, AgreementState};
use crate::model::refusal::{Refusal, RefusalCode};

/// The agreement, in force between the two.
pub(super) fn check_in_force<'a>(question: &Question<'a>) -> Result<&'a Agreement, Refusal> {
    let view = between_the_two(question)?;
    match view.state {
        AgreementState::InForce => check_same_text(question, &view).map(|()| view.agreement),
        // What left before the new version came may still be on its way. The narrower of the two wins, because both are asked.
        AgreementState::Superseded if successor(question).is_some() => check_same_text(question, &view).map(|()| view.agreement),
        AgreementState::AwaitingApproval => Err(Refusal::new(RefusalCode::AgreementPendingGovernment)),
        AgreementState::Suspended => Err(Refusal::new(RefusalCode::AgreementSuspended)),
        AgreementState::Expired => Err(Refusal::new(RefusalCode::AgreementExpired)),
        AgreementState::Draft
        | AgreementState::Proposed
        | AgreementState::Signed
        | AgreementState::Terminated
        | AgreementState::Superseded
        | AgreementState::Rejected => Err(Refusal::new(RefusalCode::AgreementNotInForce)),
    }
}

/// The version in force that replaced the one the message names, where the message may still rest on that.
pub(super) fn successor<'a>(question: &Question<'a>) -> Option<&'a Agreement> {
    let superseded = question.agreement.filter(|view| view.state == AgreementState::Superseded)?;
    let successor = question.successor.filter(|view| view.state == AgreementState::InForce)?;
    let follows = successor.agreement.id == superseded.agreement.id && successor.agreement.version > superseded.agreement.version;
    let both = successor.agreement.is_implementing(question.sender) && successor.agreement.is_implementing(question.recipient);
    (follows && both).then_some(successor.agreement)
}

/// An agreement between the two that was once in force: what was begun under it can be closed.
pub(super) fn check_known(question: &Question<'_>) -> Result<(), Refusal> {
    let view = between_the_two(question)?;
    match view.state {
        // Signed by all: whether its day has come rests on the clock, and nothing was begun before it came.
        AgreementState::Signed
        | AgreementState::InForce
        | AgreementState::Suspended
        | AgreementState::Expired
        | AgreementState::Terminated
        | AgreementState::Superseded => check_same_text(question, &view),
        AgreementState::AwaitingApproval => Err(Refusal::new(RefusalCode::AgreementPendingGovernment)),
        AgreementState::Draft | AgreementState::Proposed | AgreementState::Rejected => Err(Refusal::new(RefusalCode::AgreementNotInForce)),
    }
}

fn between_the_two<'a>(question: &Question<'a>) -> Result<AgreementView<'a>, Refusal> {
    let view = question.agreement.ok_or_else(|| Refusal::new(RefusalCode::NoAgreement))?;
    let another = question.pinned.is_some_and(|pinned| pinned.id != view.agreement.id);
    refuse_if(another, RefusalCode::NoAgreement)?;
    let both = view.agreement.is_implementing(question.sender) && view.agreement.is_implementing(question.recipient);
    refuse_if(!both, RefusalCode::NotAParty)?;
    Ok(view)
}

/// A message that names another version or digest rests on a text that is not the one in force here.
fn check_same_text(question: &Question<'_>, view: &AgreementView<'_>) -> Result<(), Refusal> {
    let same = question.pinned.is_none_or(|pinned| pinned.version == view.agreement.version && pinned.digest == view.digest);
    refuse_if(!same, RefusalCode::AgreementNotInForce)
}
