//! Spans of days, months and times of the day, as forms ask for them.

use std::fmt;

use super::redacted;
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::wire;

/// A span of calendar days, both included.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: Date,
    to: Date,
}

redacted!(Period);

impl Period {
    /// From the first day to the last.
    ///
    /// # Errors
    /// When the last day is before the first.
    pub fn new(from: Date, to: Date) -> Result<Self, Malformed> {
        if from > to {
            return Err(Malformed::new("must not be before the first day").at("to"));
        }
        Ok(Self { from, to })
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a day cannot be read or the last is before the first.
    pub fn from_wire(period: &wire::Period) -> Result<Self, Malformed> {
        let wire::Period { from, to } = period;
        Self::new(Date::parse(from).at("from")?, Date::parse(to).at("to")?)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Period {
        wire::Period { from: self.from.to_string(), to: self.to.to_string() }
    }

    /// First day.
    #[must_use]
    pub fn from(&self) -> Date {
        self.from
    }

    /// Last day.
    #[must_use]
    pub fn to(&self) -> Date {
        self.to
    }
}

/// A month of a year, such as 2026-01: as exact as a date of violence may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Month(Date);

redacted!(Month);

impl Month {
    /// Reads a month such as 2026-01.
    ///
    /// # Errors
    /// When there is no such month or it is written in another way.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Date::parse(&format!("{text}-01")).map(Self).map_err(|_| Malformed::new("must be a month such as 2026-01"))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.0.to_string();
        f.write_str(day.strip_suffix("-01").unwrap_or(&day))
    }
}

/// A time of the day on the clock on the wall, such as 18:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime {
    hour: u8,
    minute: u8,
}

impl ClockTime {
    /// Reads a time such as 18:00.
    ///
    /// # Errors
    /// When there is no such time or it is written in another way.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let form = || Malformed::new("must be a time of the day such as 18:00");
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let (hour, minute) = text.split_once(':').filter(|(hour, minute)| two_digits(hour) && two_digits(minute)).ok_or_else(form)?;
        let time = Self { hour: hour.parse().map_err(|_| form())?, minute: minute.parse().map_err(|_| form())? };
        if time.hour < 24 && time.minute < 60 { Ok(time) } else { Err(form()) }
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}
