//! One union's request to another about one case, and what follows from it (design 8, `domain.md` 4).

mod approval;
mod change;
mod hand_over;
mod notice;
mod offer;
mod priority;
mod reach;
mod share;
mod state;

pub use approval::Approval;
pub use change::{StateChange, check_reply};
pub use hand_over::{HandOver, HandOverStep, Stale, Tenure, TenureState, Turn};
pub use notice::{BreachNotice, ErasureException, ErasureReceipt, NOTICE_ENTRIES_MAX, WithdrawalNotice};
pub use offer::{Offer, OfferRequest};
pub use priority::Priority;
pub use reach::Reach;
pub use share::{SharePut, ShareRetract};
pub use state::{ReferralState, Side, winner};

pub use crate::model::record::{Assistance, CaseKind, IntakeKind, Service};

use crate::model::code::coded;

coded! {
    /// What is asked.
    pub enum ReferralKind from ReferralKind {
        /// Do one thing; the sender keeps the case.
        Service = "SERVICE",
        /// Take the case over.
        Transfer = "TRANSFER",
        /// Both act.
        CoHandling = "CO_HANDLING",
        /// Tell us something.
        InformationRequest = "INFORMATION_REQUEST",
        /// Attest membership.
        AttestationRequest = "ATTESTATION_REQUEST",
        /// See that she is safe.
        WelfareCheck = "WELFARE_CHECK",
    }
}

coded! {
    /// Why a referral is rejected or returned.
    pub enum DeclineReason from DeclineReason {
        /// No capacity.
        NoCapacity = "NO_CAPACITY",
        /// Out of area.
        OutOfArea = "OUT_OF_AREA",
        /// Not eligible.
        NotEligible = "NOT_ELIGIBLE",
        /// Membership required.
        MembershipRequired = "MEMBERSHIP_REQUIRED",
        /// Conflict of interest.
        ConflictOfInterest = "CONFLICT_OF_INTEREST",
        /// Unsafe.
        Unsafe = "UNSAFE",
        /// Seen before.
        Duplicate = "DUPLICATE",
        /// Wrong organisation.
        WrongOrganisation = "WRONG_ORGANISATION",
        /// More information is needed (with RETURNED).
        NeedsInformation = "NEEDS_INFORMATION",
    }
}

coded! {
    /// How a completed or failed referral ended.
    pub enum ReferralOutcome from ReferralOutcome {
        /// The service was given.
        ServiceGiven = "SERVICE_GIVEN",
        /// Partly.
        PartlyGiven = "PARTLY_GIVEN",
        /// She could not be reached.
        ClientUnreachable = "CLIENT_UNREACHABLE",
        /// She declined.
        ClientDeclined = "CLIENT_DECLINED",
        /// The law gives no way.
        NoLegalAvenue = "NO_LEGAL_AVENUE",
        /// Too late.
        TimeBarred = "TIME_BARRED",
        /// A welfare check, completed: she is safe.
        ReachedSafe = "REACHED_SAFE",
        /// A welfare check, completed: she wants help.
        ReachedWantsHelp = "REACHED_WANTS_HELP",
        /// A welfare check, completed: she wants none of it, and what was given of her is destroyed at once.
        ReachedDeclined = "REACHED_DECLINED",
        /// A welfare check, failed: she was not reached.
        NotReached = "NOT_REACHED",
    }
}

coded! {
    /// Whose copy it is.
    pub enum Custody from Custody {
        /// A copy, under the sender's consent.
        Copy = "COPY",
        /// The receiver's own, under its own later consent from the same person.
        Adopted = "ADOPTED",
    }
}

coded! {
    /// Where what was sent has got to. Kept apart from the state.
    pub enum DeliveryStage from DeliveryStage {
        /// In the outbox, on disk.
        Queued = "QUEUED",
        /// On the peer's disk.
        Stored = "STORED",
        /// Applied; the signed receipt is here.
        Applied = "APPLIED",
        /// Refused by the peer; the code is in blocked_by.
        Refused = "REFUSED",
        /// Parked by the peer.
        Parked = "PARKED",
    }
}

coded! {
    /// Whether what was held has been destroyed.
    pub enum Erasure from Erasure {
        /// Frozen, to be destroyed.
        Pending = "PENDING",
        /// Destroyed.
        Erased = "ERASED",
        /// Under legal hold.
        LegalHold = "LEGAL_HOLD",
        /// Adopted with the receiver's own consent.
        Adopted = "ADOPTED",
    }
}

coded! {
    /// Why something is to be destroyed.
    pub enum ErasureGround from ErasureGround {
        /// The worker withdrew.
        Withdrawal = "WITHDRAWAL",
        /// The time for which a copy may be kept is over.
        Retention = "RETENTION",
    }
}

#[cfg(test)]
mod tests;
