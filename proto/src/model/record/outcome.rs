//! What came of a case. The amount in its original currency is authoritative.

use crate::model::code::coded;
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, list, optional, required, shown};
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
    /// How many network leaders confirmed it; 0: not said. A count without names: which ones stays at the node that knows them.
    pub leaders_confirmed: u32,
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
    /// When a code is in no list, an amount, day or the conversion breaks its form, or the numbers contradict each other.
    pub fn from_wire(outcome: &wire::Outcome) -> Result<Self, Malformed> {
        let wire::Outcome {
            outcome_type,
            amount_total,
            amount_per_worker,
            workers_paid,
            paid_on,
            confirmed_by,
            conversion,
            leaders_confirmed,
        } = outcome;
        let read = Self {
            outcome_type: OutcomeType::from_wire(*outcome_type).at("outcome_type")?,
            amount_total: optional(amount_total.as_ref(), "amount_total", Money::from_wire)?,
            amount_per_worker: optional(amount_per_worker.as_ref(), "amount_per_worker", Money::from_wire)?,
            workers_paid: *workers_paid,
            paid_on: Date::parse_optional(paid_on).at("paid_on")?,
            confirmed_by: list(confirmed_by, LIST_MAX, "confirmed_by", |code| Confirmation::from_wire(*code))?,
            conversion: optional(conversion.as_ref(), "conversion", Conversion::from_wire)?,
            leaders_confirmed: *leaders_confirmed,
        };
        read.check()?;
        Ok(read)
    }

    /// Whether anybody confirmed it.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        !self.confirmed_by.is_empty()
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
            leaders_confirmed: self.leaders_confirmed,
        }
    }

    /// What donors and other unions count again: the total is what each got times how many got it, and a conversion follows from its rate.
    fn check(&self) -> Result<(), Malformed> {
        if let (Some(total), Some(each)) = (&self.amount_total, &self.amount_per_worker) {
            if each.currency() != total.currency() {
                return Err(Malformed::new("must be in the currency of amount_total").at("amount_per_worker"));
            }
            if each.times(self.workers_paid) != Some(*total) {
                return Err(Malformed::new("must be amount_per_worker times workers_paid").at("amount_total"));
            }
        }
        if let Some(conversion) = &self.conversion {
            let total = self.amount_total.as_ref().ok_or_else(|| Malformed::missing("amount_total"))?;
            conversion.check(total).at("conversion")?;
        }
        if self.leaders_confirmed > 0 && !self.confirmed_by.contains(&Confirmation::NetworkLeader) {
            return Err(Malformed::new("counts leaders, but confirmed_by does not name NETWORK_LEADER").at("leaders_confirmed"));
        }
        Ok(())
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 8] {
        [
            ("outcome.outcome_type", true),
            ("outcome.amount_total", self.amount_total.is_some()),
            ("outcome.amount_per_worker", self.amount_per_worker.is_some()),
            ("outcome.workers_paid", self.workers_paid > 0),
            ("outcome.paid_on", self.paid_on.is_some()),
            ("outcome.confirmed_by", !self.confirmed_by.is_empty()),
            ("outcome.conversion", self.conversion.is_some()),
            ("outcome.leaders_confirmed", self.leaders_confirmed > 0),
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

    /// Whether its rate gives its amount: the total divided by the rate, rounded half up to the minor unit, or to the whole unit where its source
    /// counts in whole ones (the field's own figure is US$3,100,840 for RM 12,546,000 at 4.046).
    fn check(&self, total: &Money) -> Result<(), Malformed> {
        if self.amount.currency() == total.currency() {
            return Err(Malformed::new("must be another currency than that of amount_total").at("amount"));
        }
        let amount = Some(self.amount.minor_units());
        let currency = self.amount.currency();
        if [currency.exponent().unwrap_or(0), 0].iter().any(|digits| self.rate.converted(total, currency, *digits) == amount) {
            return Ok(());
        }
        Err(Malformed::new("must be amount_total divided by conversion.rate, rounded half up").at("amount"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settlement of the field's own figures: RM 1,200 for each of 10,455 workers, at 4.046 ringgit for a dollar.
    fn settlement() -> wire::Outcome {
        let money = |minor_units, currency: &str| Some(wire::Money { minor_units, currency: currency.to_owned() });
        wire::Outcome {
            outcome_type: OutcomeType::WagesPaid.to_wire(),
            amount_total: money(1_254_600_000, "MYR"),
            amount_per_worker: money(120_000, "MYR"),
            workers_paid: 10_455,
            paid_on: "2026-06-01".to_owned(),
            confirmed_by: Vec::new(),
            conversion: Some(wire::Conversion {
                amount: money(310_084_034, "USD"),
                rate: "4.046".to_owned(),
                rate_date: "2026-06-01".to_owned(),
                source: "Bank Negara Malaysia".to_owned(),
            }),
            leaders_confirmed: 0,
        }
    }

    fn refused(change: impl FnOnce(&mut wire::Outcome)) -> String {
        let mut outcome = settlement();
        change(&mut outcome);
        Outcome::from_wire(&outcome).err().map(|malformed| malformed.path).unwrap_or_default()
    }

    #[test]
    fn the_total_is_what_each_got_times_how_many() {
        assert!(Outcome::from_wire(&settlement()).is_ok());
        assert_eq!(refused(|one| one.workers_paid = 10_454), "amount_total");
        assert_eq!(refused(|one| one.workers_paid = 0), "amount_total");
        assert_eq!(refused(|one| one.amount_per_worker.as_mut().unwrap().minor_units += 1), "amount_total");
        assert_eq!(refused(|one| one.amount_per_worker.as_mut().unwrap().currency = "USD".to_owned()), "amount_per_worker");
        // Nothing is claimed of each where only the sum is known.
        assert_eq!(refused(|one| one.amount_per_worker = None), "");
    }

    #[test]
    fn a_conversion_is_reproduced_from_its_rate() {
        // The field's own figure is in whole dollars.
        assert_eq!(refused(|one| one.conversion.as_mut().unwrap().amount.as_mut().unwrap().minor_units = 310_084_000), "");
        for wrong in [310_084_033, 310_084_035, 310_084_100, 310_000_000] {
            let path = refused(|one| one.conversion.as_mut().unwrap().amount.as_mut().unwrap().minor_units = wrong);
            assert_eq!(path, "conversion.amount");
        }
        assert_eq!(refused(|one| one.conversion.as_mut().unwrap().rate = "4.13".to_owned()), "conversion.amount");
        assert_eq!(
            refused(|one| one.conversion.as_mut().unwrap().amount.as_mut().unwrap().currency = "MYR".to_owned()),
            "conversion.amount"
        );
        assert_eq!(refused(|one| (one.amount_total, one.amount_per_worker) = (None, None)), "amount_total");
    }

    #[test]
    fn leaders_are_counted_only_where_leaders_confirmed() {
        assert_eq!(refused(|one| one.leaders_confirmed = 5), "leaders_confirmed");
        assert_eq!(refused(|one| (one.leaders_confirmed, one.confirmed_by) = (5, vec![Confirmation::NetworkLeader.to_wire()])), "");
    }
}
