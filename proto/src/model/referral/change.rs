//! A change of state by the side that may set it.

use super::{Custody, DeclineReason, ReferralKind, ReferralOutcome, ReferralState};
use crate::model::id::ReferralId;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::counted;
use crate::wire;

/// A change of state. Codes only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Which referral.
    pub referral_id: ReferralId,
    /// The offer version it answers, from 1.
    pub version: u32,
    /// The new state.
    pub state: ReferralState,
    /// Rejected or returned: why.
    pub reason: Option<DeclineReason>,
    /// Completed or failed: how.
    pub outcome: Option<ReferralOutcome>,
    /// In progress: whose copy it is now.
    pub custody: Option<Custody>,
    /// Counts this side's changes of this referral, from 1.
    pub sequence: u64,
}

impl StateChange {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code is in no list, a count is 0, the state travels in another way, or reason, outcome and custody do not fit the state.
    pub fn from_wire(change: &wire::StateChange) -> Result<Self, Malformed> {
        let wire::StateChange { referral_id, version, state, reason, outcome, custody, sequence } = change;
        let change = Self {
            referral_id: ReferralId::from_wire(referral_id).at("referral_id")?,
            version: counted(*version, "version")?,
            state: ReferralState::from_wire(*state).at("state")?,
            reason: DeclineReason::from_wire_optional(*reason).at("reason")?,
            outcome: ReferralOutcome::from_wire_optional(*outcome).at("outcome")?,
            custody: Custody::from_wire_optional(*custody).at("custody")?,
            sequence: counted(*sequence, "sequence")?,
        };
        change.check()?;
        Ok(change)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::StateChange {
        wire::StateChange {
            referral_id: self.referral_id.to_wire(),
            version: self.version,
            state: self.state.to_wire(),
            reason: self.reason.map_or(0, DeclineReason::to_wire),
            outcome: self.outcome.map_or(0, ReferralOutcome::to_wire),
            custody: self.custody.map_or(0, Custody::to_wire),
            sequence: self.sequence,
        }
    }

    /// Whether reason, outcome and custody fit the state: for the acts that make a change as well as for those that read one.
    ///
    /// # Errors
    /// When one of them is missing or stands where it has no place.
    pub fn check(&self) -> Result<(), Malformed> {
        if matches!(self.state, ReferralState::Draft | ReferralState::Requested) {
            return Err(Malformed::new("must not be DRAFT, which stays at the node, or REQUESTED, which travels as an offer").at("state"));
        }
        let declined = matches!(self.state, ReferralState::Rejected | ReferralState::Returned);
        fits(self.reason.is_some(), declined, "reason", "REJECTED and RETURNED")?;
        if self.reason == Some(DeclineReason::NeedsInformation) && self.state == ReferralState::Rejected {
            return Err(Malformed::new("must be another reason: what needs information is RETURNED").at("reason"));
        }
        let ended = matches!(self.state, ReferralState::Completed | ReferralState::Failed);
        fits(self.outcome.is_some(), ended, "outcome", "COMPLETED and FAILED")?;
        if self.custody.is_some() && self.state != ReferralState::InProgress {
            return Err(Malformed::new("has a place with IN_PROGRESS only").at("custody"));
        }
        Ok(())
    }
}

/// Whether a referral of this kind may be answered so. A welfare check knows four replies and no other (`domain.md` 2.7), which no other referral knows.
///
/// # Errors
/// When it may not.
pub fn check_reply(kind: ReferralKind, state: ReferralState, outcome: Option<ReferralOutcome>) -> Result<(), Malformed> {
    use ReferralOutcome::{NotReached, ReachedDeclined, ReachedSafe, ReachedWantsHelp};
    let of_welfare_check = matches!(outcome, Some(ReachedSafe | ReachedWantsHelp | ReachedDeclined | NotReached));
    if kind != ReferralKind::WelfareCheck {
        let rule = "is a reply to a welfare check, and this is none";
        return if of_welfare_check { Err(Malformed::new(rule).at("outcome")) } else { Ok(()) };
    }
    match (state, outcome) {
        (ReferralState::Returned | ReferralState::OnHold, _) => {
            Err(Malformed::new("has no place in a welfare check: there is nothing more to ask and nothing to wait for").at("state"))
        }
        (ReferralState::Completed, Some(ReachedSafe | ReachedWantsHelp | ReachedDeclined)) | (ReferralState::Failed, Some(NotReached)) => {
            Ok(())
        }
        (ReferralState::Completed, _) => {
            Err(Malformed::new("must be REACHED_SAFE, REACHED_WANTS_HELP or REACHED_DECLINED in a welfare check").at("outcome"))
        }
        (ReferralState::Failed, _) => Err(Malformed::new("must be NOT_REACHED in a welfare check").at("outcome")),
        (_, _) => Ok(()),
    }
}

fn fits(given: bool, wanted: bool, field: &str, states: &str) -> Result<(), Malformed> {
    match (given, wanted) {
        (true, true) | (false, false) => Ok(()),
        (false, true) => Err(Malformed::missing(field)),
        (true, false) => Err(Malformed::new(format!("has a place with {states} only")).at(field)),
    }
}
