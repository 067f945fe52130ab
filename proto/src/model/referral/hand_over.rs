//! Handing a case over to a new owner (`protocol.md` 4.3): one owner at any time, because only the owner commits, and says so once per term.

use crate::model::code::coded;
use crate::model::consent::Grant;
use crate::model::id::{ReferralId, SubjectRef};
use crate::model::malformed::{At, Malformed};
use crate::model::reading::optional;
use crate::model::vocabulary::Purpose;
use crate::wire;

coded! {
    /// Step of a hand-over.
    pub enum HandOverStep from HandOverStep {
        /// Offered by the owner.
        Offer = "OFFER",
        /// Accepted by the next owner.
        Accept = "ACCEPT",
        /// Committed by the owner.
        Commit = "COMMIT",
        /// Cancelled by the owner, or turned down or answered by the next.
        Abort = "ABORT",
    }
}

coded! {
    /// How the ownership of a case stands at a node.
    pub enum TenureState from TenureState {
        /// Nothing is under way.
        Settled = "SETTLED",
        /// Offered; in escrow.
        Offered = "OFFERED",
        /// Accepted by the next owner, which waits for the owner's word.
        Accepted = "ACCEPTED",
        /// Cancelled by the owner, which waits for the answer; in escrow.
        Cancelling = "CANCELLING",
    }
}

/// A step of a hand-over, as it travels. No name, and no word of the case.
#[derive(Clone, PartialEq)]
pub struct HandOver {
    /// Under which referral.
    pub referral_id: ReferralId,
    /// The term it is about.
    pub owner_term: u64,
    /// Which step.
    pub step: HandOverStep,
    /// The worker or group, as in the offer.
    pub subject_ref: SubjectRef,
    /// Purpose of the referral.
    pub purpose: Purpose,
    /// With an offer: the grant that it rests on.
    pub grant: Option<Grant>,
}

impl HandOver {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When an id or a code breaks its form, or the term is none that a hand-over can have: the first owner has 1.
    pub fn from_wire(hand_over: &wire::HandOver) -> Result<Self, Malformed> {
        let wire::HandOver { referral_id, owner_term, step, subject_ref, purpose, grant } = hand_over;
        if *owner_term < 2 {
            return Err(Malformed::new("must be 2 or more").at("owner_term"));
        }
        let step = HandOverStep::from_wire(*step).at("step")?;
        let grant = optional(grant.as_ref(), "grant", Grant::from_wire)?;
        if grant.is_some() && step != HandOverStep::Offer {
            return Err(Malformed::new("travels with an OFFER only").at("grant"));
        }
        Ok(Self {
            referral_id: ReferralId::from_wire(referral_id).at("referral_id")?,
            owner_term: *owner_term,
            step,
            subject_ref: SubjectRef::from_wire(subject_ref).at("subject_ref")?,
            purpose: Purpose::from_wire(*purpose).at("purpose")?,
            grant,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::HandOver {
        wire::HandOver {
            referral_id: self.referral_id.to_wire(),
            owner_term: self.owner_term,
            step: self.step.to_wire(),
            subject_ref: self.subject_ref.to_wire(),
            purpose: self.purpose.to_wire(),
            grant: self.grant.as_ref().map(Grant::to_wire),
        }
    }
}

impl std::fmt::Debug for HandOver {
    /// The step and nothing it says of her consent.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HandOver({} {})", self.step, self.owner_term)
    }
}

/// Who owns a case, as one of the two nodes of a referral knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tenure {
    /// This node owns it.
    pub own: bool,
    /// The owner's term, from 1.
    pub term: u64,
    /// The highest term that was ever offered or owned: no term is given twice.
    pub highest: u64,
    /// How it stands.
    pub state: TenureState,
}

/// What follows from a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How it stands now.
    pub tenure: Tenure,
    /// What the other side is told: the step and the term.
    pub tell: Option<(HandOverStep, u64)>,
}

/// Why a step is not taken: its term is lower than one that is known, or nothing of that kind is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale;

impl Tenure {
    /// Before any hand-over: the sender of the referral owns the case.
    #[must_use]
    pub fn first(own: bool) -> Self {
        Self { own, term: 1, highest: 1, state: TenureState::Settled }
    }

    /// Whether this node may change the case: it owns it, and has offered it to nobody.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.own && self.state == TenureState::Settled
    }

    /// The owner's staff offer the case.
    ///
    /// # Errors
    /// When this node is not the owner, or something is under way.
    pub fn offer(self) -> Result<Turn, Stale> {
        if !self.may_write() {
            return Err(Stale);
        }
        let term = self.highest + 1;
        Ok(self.now(TenureState::Offered, term).telling(HandOverStep::Offer, term))
    }

    /// The next owner's staff accept, or say it again: what they said may have been refused while an agreement was suspended.
    ///
    /// # Errors
    /// When nothing is offered here.
    pub fn accept(self) -> Result<Turn, Stale> {
        if self.own || !matches!(self.state, TenureState::Offered | TenureState::Accepted) {
            return Err(Stale);
        }
        Ok(self.now(TenureState::Accepted, self.highest).telling(HandOverStep::Accept, self.highest))
    }

    /// Staff of either side abort. The owner stays in escrow until the other side has answered; once it has waited too long it takes the case back with a
    /// term of its own, which is safe because only the owner commits. The next owner may not take back what it accepted.
    ///
    /// # Errors
    /// When nothing is under way that this side may abort.
    pub fn abort(self, waited_too_long: bool) -> Result<Turn, Stale> {
        match (self.own, self.state) {
            (true, TenureState::Offered | TenureState::Cancelling) if waited_too_long => {
                let term = self.highest + 1;
                let tenure = Self { own: true, term, highest: term, state: TenureState::Settled };
                Ok(Turn { tenure, tell: Some((HandOverStep::Abort, term)) })
            }
            (true, TenureState::Offered) => Ok(self.now(TenureState::Cancelling, self.highest).telling(HandOverStep::Abort, self.highest)),
            (false, TenureState::Offered) => Ok(self.now(TenureState::Settled, self.highest).telling(HandOverStep::Abort, self.highest)),
            _ => Err(Stale),
        }
    }

    /// A step of the other side arrived.
    ///
    /// # Errors
    /// When its term is lower than one that is known, or it answers nothing.
    pub fn heard(self, step: HandOverStep, term: u64) -> Result<Turn, Stale> {
        use TenureState::{Accepted, Cancelling, Offered, Settled};
        let same = term == self.highest;
        match (step, self.own, self.state) {
            (HandOverStep::Offer, false, Settled) if term > self.highest => Ok(self.now(Offered, term).silent()),
            // An acceptance that crossed a cancellation was first at the receiver, and holds: the receiver's order decides.
            (HandOverStep::Accept, true, Offered | Cancelling) if same => {
                let tenure = Self { own: false, term, highest: term, state: Settled };
                Ok(Turn { tenure, tell: Some((HandOverStep::Commit, term)) })
            }
            (HandOverStep::Commit, false, Offered | Accepted) if same => {
                Ok(Turn { tenure: Self { own: true, term, highest: term, state: Settled }, tell: None })
            }
            // Said again by an owner that was restored.
            (HandOverStep::Commit, true, Settled) if term == self.term => Ok(self.silent()),
            (HandOverStep::Abort, true, Offered | Cancelling) if term >= self.highest => Ok(self.now(Settled, term).silent()),
            // It accepted before it heard of this: the owner's word on the acceptance is on its way.
            (HandOverStep::Abort, false, Accepted) if same => Ok(self.silent()),
            // Taken back for good with a higher term by an owner that waited for no answer, or an offer is cancelled that never came.
            (HandOverStep::Abort, false, _) if term > self.highest => {
                let tenure = Self { own: false, term: self.term, highest: term, state: Settled };
                Ok(Turn { tenure, tell: Some((HandOverStep::Abort, term)) })
            }
            // The answer that the owner waits for; also when it asks again, because it was restored.
            (HandOverStep::Abort, false, Offered | Settled) if term >= self.term => {
                Ok(self.now(Settled, self.highest).telling(HandOverStep::Abort, self.highest))
            }
            // The answer came already.
            (HandOverStep::Abort, true, Settled) if same => Ok(self.silent()),
            _ => Err(Stale),
        }
    }

    /// An acceptance comes back to a node that was restored. It was applied before, so this node did commit: it does not own the case any more, whatever
    /// its backup says, and it says so again.
    ///
    /// # Errors
    /// When its term is lower than one that is known.
    pub fn heard_acceptance_again(self, term: u64) -> Result<Turn, Stale> {
        if term < self.highest {
            return Err(Stale);
        }
        let tenure = Self { own: false, term, highest: term, state: TenureState::Settled };
        Ok(Turn { tenure, tell: Some((HandOverStep::Commit, term)) })
    }

    fn now(self, state: TenureState, highest: u64) -> Self {
        Self { state, highest, ..self }
    }

    fn telling(self, step: HandOverStep, term: u64) -> Turn {
        Turn { tenure: self, tell: Some((step, term)) }
    }

    fn silent(self) -> Turn {
        Turn { tenure: self, tell: None }
    }
}

#[cfg(test)]
#[path = "hand_over_tests.rs"]
mod tests;
