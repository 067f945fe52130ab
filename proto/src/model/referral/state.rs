//! The state of a referral: who may set which after which, and which of two stands when they cross on the wire (design 8).

use crate::model::code::coded;

coded! {
    /// State of a referral, and who sets it.
    pub enum ReferralState from ReferralState {
        /// Sender; nothing has left.
        Draft = "DRAFT",
        /// Sender.
        Requested = "REQUESTED",
        /// Receiver: a person opened it.
        Received = "RECEIVED",
        /// Receiver.
        Accepted = "ACCEPTED",
        /// Receiver, with a reason.
        Rejected = "REJECTED",
        /// Receiver: needs information; the sender may request again.
        Returned = "RETURNED",
        /// Receiver.
        InProgress = "IN_PROGRESS",
        /// Receiver.
        OnHold = "ON_HOLD",
        /// Receiver, with an outcome.
        Completed = "COMPLETED",
        /// Receiver, with an outcome.
        Failed = "FAILED",
        /// Sender.
        Cancelled = "CANCELLED",
        /// Both, from respond_by.
        Expired = "EXPIRED",
        /// Either, on the worker's word. Beats every state.
        ConsentWithdrawn = "CONSENT_WITHDRAWN",
        /// Sender.
        EnteredInError = "ENTERED_IN_ERROR",
    }
}

/// A side of a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The union that asks.
    Sender,
    /// The union that is asked.
    Receiver,
}

impl ReferralState {
    /// Whether it is this side's to set at all, whatever stood before.
    #[must_use]
    pub fn is_set_by(self, side: Side) -> bool {
        match self {
            Self::Draft | Self::Requested | Self::Cancelled | Self::EnteredInError => side == Side::Sender,
            Self::Received
            | Self::Accepted
            | Self::Rejected
            | Self::Returned
            | Self::InProgress
            | Self::OnHold
            | Self::Completed
            | Self::Failed => side == Side::Receiver,
            Self::Expired | Self::ConsentWithdrawn => true,
        }
    }

    /// Whether this side may set the state `to` after the state `from`.
    #[must_use]
    pub fn may_follow(from: Self, to: Self, side: Side) -> bool {
        match to {
            Self::Draft => false,
            Self::Requested => side == Side::Sender && matches!(from, Self::Draft | Self::Returned),
            Self::Received => side == Side::Receiver && from == Self::Requested,
            Self::Accepted | Self::Rejected | Self::Returned => side == Side::Receiver && from.is_unanswered(),
            Self::InProgress => side == Side::Receiver && matches!(from, Self::Accepted | Self::OnHold),
            Self::OnHold => side == Side::Receiver && from == Self::InProgress,
            Self::Completed => side == Side::Receiver && matches!(from, Self::InProgress | Self::OnHold),
            // She may turn out to be out of reach before anything was begun.
            Self::Failed => side == Side::Receiver && from.is_sharing(),
            Self::Cancelled => side == Side::Sender && !from.is_final(),
            Self::Expired => from.is_unanswered() || from == Self::Returned,
            Self::ConsentWithdrawn => from != Self::ConsentWithdrawn,
            Self::EnteredInError => side == Side::Sender && !matches!(from, Self::ConsentWithdrawn | Self::EnteredInError),
        }
    }

    /// Whether the work is over. Only a withdrawal, or the sender's word that it was all an error, can still follow.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Rejected
            | Self::Completed
            | Self::Failed
            | Self::Cancelled
            | Self::Expired
            | Self::ConsentWithdrawn
            | Self::EnteredInError => true,
            Self::Draft | Self::Requested | Self::Received | Self::Accepted | Self::Returned | Self::InProgress | Self::OnHold => false,
        }
    }

    /// Whether records may flow under it.
    #[must_use]
    pub fn is_sharing(self) -> bool {
        matches!(self, Self::Accepted | Self::InProgress | Self::OnHold)
    }

    /// Whether both unions know of it and it is not over.
    #[must_use]
    pub fn is_open(self) -> bool {
        self != Self::Draft && !self.is_final()
    }

    /// Whether it waits for the receiver's answer.
    #[must_use]
    pub fn is_unanswered(self) -> bool {
        matches!(self, Self::Requested | Self::Received)
    }

    /// Its place in the winner table.
    fn strength(self) -> u8 {
        match self {
            Self::Draft => 0,
            Self::Requested => 1,
            Self::Received => 2,
            Self::Returned => 3,
            Self::Expired => 4,
            Self::Accepted => 5,
            Self::InProgress => 6,
            Self::OnHold => 7,
            Self::Cancelled => 8,
            Self::Rejected => 9,
            Self::Failed => 10,
            Self::Completed => 11,
            Self::EnteredInError => 12,
            Self::ConsentWithdrawn => 13,
        }
    }
}

/// Which of two states stands when each side set one without having seen the other's. Both nodes compute the same, in either order.
///
/// The table, strongest first: `CONSENT_WITHDRAWN` (the worker's word beats every state); `ENTERED_IN_ERROR`; what the receiver has finished
/// (`COMPLETED`, `FAILED`, `REJECTED`: it cannot be undone by a late cancellation); `CANCELLED` (it beats an acceptance that crosses it, for then
/// nothing flows); `ON_HOLD`, `IN_PROGRESS`, `ACCEPTED` (an acceptance beats the other side's clock); `EXPIRED`; `RETURNED`, `RECEIVED`,
/// `REQUESTED`, `DRAFT`.
#[must_use]
pub fn winner(one: ReferralState, other: ReferralState) -> ReferralState {
    if one.strength() >= other.strength() { one } else { other }
}
