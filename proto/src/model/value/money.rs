//! Amounts in the currency in which they are owed.

use std::fmt;

use iso_currency::Currency;

use super::redacted;
use crate::model::malformed::{At, Malformed};
use crate::wire;

/// An amount in minor units (sen, cents, rupiah) of one currency. Never negative.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Money {
    minor_units: i64,
    currency: Currency,
}

redacted!(Money);

impl Money {
    /// So many minor units.
    ///
    /// # Errors
    /// When the amount is negative.
    pub fn new(minor_units: i64, currency: Currency) -> Result<Self, Malformed> {
        if minor_units < 0 {
            return Err(Malformed::new("must not be negative").at("minor_units"));
        }
        Ok(Self { minor_units, currency })
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the amount is negative or the currency is not in ISO 4217.
    pub fn from_wire(money: &wire::Money) -> Result<Self, Malformed> {
        let wire::Money { minor_units, currency } = money;
        Self::new(*minor_units, parse_currency(currency).at("currency")?)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Money {
        wire::Money { minor_units: self.minor_units, currency: self.currency.code().to_owned() }
    }

    /// In minor units of the currency.
    #[must_use]
    pub fn minor_units(&self) -> i64 {
        self.minor_units
    }

    /// The currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }
}

fn parse_currency(code: &str) -> Result<Currency, Malformed> {
    Currency::from_code(code)
        .filter(|currency| currency.code() == code)
        .ok_or_else(|| Malformed::new("must be a currency of ISO 4217 such as MYR"))
}

/// A positive decimal number, kept as it was written, so that a conversion can be done again and gives the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(String);

impl Decimal {
    /// Digits before and after the point; no rate in use has more.
    const LENGTH_MAX: usize = 24;

    /// Reads one such as 4.046.
    ///
    /// # Errors
    /// When it is no positive decimal number with a point.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let positive = text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        if digits(whole) && digits(fraction) && positive && text.len() <= Self::LENGTH_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(Malformed::new("must be a positive decimal number such as 4.046"))
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
