//! What came of a case. The amount in its original currency is authoritative.

use crate::model::code::coded;
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{optional, required, shown};
use crate::model::value::{Decimal, Money, Text, redacted};
use crate::wire;

coded! {
    /// Kind of outcome.
    pub enum OutcomeType from OutcomeType {
        /// Wages paid.
        WagesPaid = "WAGES_PAID",
        /// Compensation.
        Compensation = "COMPENSATION",
        /// Reinstated.
        Reinstated = "REINSTATED",
        /// Document returned.
        DocumentReturned = "DOCUMENT_RETURNED",
        /// Permit regularised.
        PermitRegularised = "PERMIT_REGULARISED",
        /// Arrest order cancelled.
        ArrestOrderCancelled = "ARREST_ORDER_CANCELLED",
        /// Repatriated.
        Repatriated = "REPATRIATED",
        /// Contract corrected.
        ContractCorrected = "CONTRACT_CORRECTED",
        /// Birth registered.
        BirthRegistered = "BIRTH_REGISTERED",
        /// Sheltered.
        Sheltered = "SHELTERED",
        /// Sanction on the employer.
        SanctionOnEmployer = "SANCTION_ON_EMPLOYER",
        /// No remedy.
        NoRemedy = "NO_REMEDY",
    }
}

coded! {
    /// Who confirmed an outcome.
    pub enum Confirmation from Confirmation {
        /// The worker.
        Client = "CLIENT",
        /// A network leader.
        NetworkLeader = "NETWORK_LEADER",
        /// The payer's receipt.
        PayerReceipt = "PAYER_RECEIPT",
        /// The bank.
        Bank = "BANK",
    }
}

/// What came of it.
#[derive(Clone, PartialEq)]
pub struct Outcome {
    /// What.
    pub outcome_type: OutcomeType,
    /// In all.
    pub amount_total: Option<Money>,
    /// To each worker.
    pub amount_per_worker: Option<Money>,
    /// How many were paid.
    pub workers_paid: u32,
    /// When.
    pub paid_on: Option<Date>,
    /// Who confirmed it; empty until somebody did.
    pub confirmed_by: Vec<Confirmation>,
    /// Conversion into another currency.
    pub conversion: Option<Conversion>,
}

/// A conversion with the rate that makes its total reproducible.
#[derive(Clone, PartialEq)]
pub struct Conversion {
    /// Converted amount.
    pub amount: Money,
    /// Units of the original currency for one unit of the other.
    pub rate: Decimal,
    /// Day of the rate.
    pub rate_date: Date,
    /// Where the rate is from.
    pub source: Text,
}

redacted!(Outcome, Conversion);

impl Outcome {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code is in no list, or an amount, day or the conversion breaks its form.
    pub fn from_wire(outcome: &wire::Outcome) -> Result<Self, Malformed> {
        let wire::Outcome { outcome_type, amount_total, amount_per_worker, workers_paid, paid_on, confirmed_by, conversion } = outcome;
        Ok(Self {
            outcome_type: OutcomeType::from_wire(*outcome_type).at("outcome_type")?,
            amount_total: optional(amount_total.as_ref(), "amount_total", Money::from_wire)?,
            amount_per_worker: optional(amount_per_worker.as_ref(), "amount_per_worker", Money::from_wire)?,
            workers_paid: *workers_paid,
            paid_on: Date::parse_optional(paid_on).at("paid_on")?,
            confirmed_by: Confirmation::list_from_wire(confirmed_by).at("confirmed_by")?,
            conversion: optional(conversion.as_ref(), "conversion", Conversion::from_wire)?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Outcome {
        wire::Outcome {
            outcome_type: self.outcome_type.to_wire(),
            amount_total: self.amount_total.as_ref().map(Money::to_wire),
            amount_per_worker: self.amount_per_worker.as_ref().map(Money::to_wire),
            workers_paid: self.workers_paid,
            paid_on: shown(self.paid_on.as_ref()),
            confirmed_by: Confirmation::list_to_wire(&self.confirmed_by),
            conversion: self.conversion.as_ref().map(Conversion::to_wire),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 7] {
        [
            ("outcome.outcome_type", true),
            ("outcome.amount_total", self.amount_total.is_some()),
            ("outcome.amount_per_worker", self.amount_per_worker.is_some()),
            ("outcome.workers_paid", self.workers_paid > 0),
            ("outcome.paid_on", self.paid_on.is_some()),
            ("outcome.confirmed_by", !self.confirmed_by.is_empty()),
            ("outcome.conversion", self.conversion.is_some()),
        ]
    }
}

impl Conversion {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the amount, the rate, its day or its source is missing or breaks its form.
    pub fn from_wire(conversion: &wire::Conversion) -> Result<Self, Malformed> {
        let wire::Conversion { amount, rate, rate_date, source } = conversion;
        Ok(Self {
            amount: required(amount.as_ref(), "amount", Money::from_wire)?,
            rate: Decimal::parse(rate).at("rate")?,
            rate_date: Date::parse(rate_date).at("rate_date")?,
            source: Text::parse(source, Text::NAME_BYTES).at("source")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Conversion {
        wire::Conversion {
            amount: Some(self.amount.to_wire()),
            rate: self.rate.to_string(),
            rate_date: self.rate_date.to_string(),
            source: self.source.to_wire(),
        }
    }
}
