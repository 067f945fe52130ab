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

    /// So many times the amount; none when that is more than can be written.
    #[must_use]
    pub fn times(&self, count: u32) -> Option<Self> {
        Some(Self { minor_units: self.minor_units.checked_mul(i64::from(count))?, currency: self.currency })
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

    /// An amount in another currency, where this is how much of the first one unit of the other costs: divided by the rate and rounded half up to so
    /// many digits of the other currency's unit. In its minor units; none when that is more than can be counted.
    #[must_use]
    pub fn converted(&self, amount: &Money, to: Currency, digits: u16) -> Option<i64> {
        let power = |exponent: u32| 10_u128.checked_pow(exponent);
        let (whole, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        let rate: u128 = format!("{whole}{fraction}").parse().ok()?;
        let minor = u32::from(to.exponent().unwrap_or(0));
        // amount / 10^a / (rate / 10^f) * 10^digits, as one fraction of whole numbers.
        let places = u32::try_from(fraction.len()).ok()?;
        let above = u128::try_from(amount.minor_units).ok()?.checked_mul(power(places.checked_add(u32::from(digits))?)?)?;
        let below = rate.checked_mul(power(u32::from(amount.currency.exponent().unwrap_or(0)))?)?;
        let rounded = above.checked_mul(2)?.checked_add(below)? / below.checked_mul(2)?;
        let rest = power(minor.checked_sub(u32::from(digits))?)?;
        i64::try_from(rounded.checked_mul(rest)?).ok()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
