//! How urgent a referral is, and the clocks behind it (`domain.md` 4.2).

use crate::model::code::coded;
use crate::model::date::Instant;

coded! {
    /// Priority; the clocks behind it are in the typed model.
    pub enum Priority from Priority {
        /// Answer in 4 hours, first contact in 24.
        Emergency = "EMERGENCY",
        /// Answer in 24 hours, first contact in 72.
        Urgent = "URGENT",
        /// Answer in 5 working days, first contact in 14 days.
        Normal = "NORMAL",
    }
}

impl Priority {
    /// Hours in which the receiver answers. Normal is five working days: seven calendar days, whichever two are the weekend.
    #[must_use]
    pub fn respond_within_hours(self) -> i64 {
        match self {
            Self::Emergency => 4,
            Self::Urgent => 24,
            Self::Normal => 7 * 24,
        }
    }

    /// Hours in which the worker is first contacted.
    #[must_use]
    pub fn contact_within_hours(self) -> i64 {
        match self {
            Self::Emergency => 24,
            Self::Urgent => 72,
            Self::Normal => 14 * 24,
        }
    }

    /// Hours after which a referral without an answer expires at both nodes: when the first contact is due. A late answer to an urgent referral is
    /// escalated and is still better than none.
    #[must_use]
    pub fn expires_within_hours(self) -> i64 {
        self.contact_within_hours()
    }

    /// When the receiver must have answered.
    #[must_use]
    pub fn respond_by(self, requested_at: Instant) -> Instant {
        requested_at.plus_hours(self.respond_within_hours())
    }

    /// When the worker must have been contacted.
    #[must_use]
    pub fn contact_by(self, requested_at: Instant) -> Instant {
        requested_at.plus_hours(self.contact_within_hours())
    }
}
