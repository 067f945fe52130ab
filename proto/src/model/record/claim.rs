//! What is owed.

use crate::model::malformed::Malformed;
use crate::model::reading::{optional, required};
use crate::model::value::{Money, Period, redacted};
use crate::wire;

/// What is owed.
#[derive(Clone, PartialEq)]
pub struct Claim {
    /// How much.
    pub amount: Money,
    /// For when, where it is known.
    pub period: Option<Period>,
}

redacted!(Claim);

impl Claim {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the amount is missing, or the amount or the period breaks its form.
    pub fn from_wire(claim: &wire::Claim) -> Result<Self, Malformed> {
        let wire::Claim { amount, period } = claim;
        Ok(Self {
            amount: required(amount.as_ref(), "amount", Money::from_wire)?,
            period: optional(period.as_ref(), "period", Period::from_wire)?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Claim {
        wire::Claim { amount: Some(self.amount.to_wire()), period: self.period.as_ref().map(Period::to_wire) }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 2] {
        [("claim.amount", true), ("claim.period", self.period.is_some())]
    }
}
