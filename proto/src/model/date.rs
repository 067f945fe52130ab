//! Points in time and calendar days. Nothing here knows what time it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::malformed::Malformed;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// From milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// So many hours later.
    #[must_use]
    pub const fn plus_hours(self, hours: i64) -> Self {
        Self(self.0.saturating_add(hours.saturating_mul(3_600_000)))
    }

    /// So many days of 24 hours later.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_hours(days.saturating_mul(24))
    }

    /// The hour it falls in, as seconds since 1970: all that the log tells of time.
    #[must_use]
    pub const fn hour_seconds(self) -> i64 {
        self.0.div_euclid(3_600_000) * 3_600
    }

    /// Number of the day in UTC, from 1970-01-01.
    #[must_use]
    pub const fn day_number(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }

    /// The calendar day in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        let day = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Date(day.to_zoned(jiff::tz::TimeZone::UTC).date())
    }
}

impl fmt::Display for Instant {
    /// ISO 8601 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0.div_euclid(1000)) {
            Ok(moment) => moment.fmt(f),
            Err(_) => write!(f, "{} ms since 1970", self.0),
        }
    }
}

impl FromStr for Instant {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_millisecond()))
            .map_err(|_| Malformed::new("must be a time such as 2026-03-02T02:00:00Z"))
    }
}

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// Reads a day such as 2026-03-02.
    ///
    /// # Errors
    /// When there is no such day or it is written in another way.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let wrong = || Malformed::new("must be a day such as 2026-03-02");
        let day = Self(text.parse().map_err(|_| wrong())?);
        if day.to_string() == text { Ok(day) } else { Err(wrong()) }
    }

    /// As [`Self::parse`], where no text means none.
    ///
    /// # Errors
    /// When there is text that is no day.
    pub fn parse_optional(text: &str) -> Result<Option<Self>, Malformed> {
        if text.is_empty() { Ok(None) } else { Self::parse(text).map(Some) }
    }

    /// The instant at which it starts, in UTC.
    #[must_use]
    pub fn start(self) -> Instant {
        let start = self.0.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp().as_millisecond());
        Instant(start.unwrap_or(i64::MAX))
    }

    /// The instant after it ends, in UTC.
    #[must_use]
    pub fn end(self) -> Instant {
        self.start().plus_days(1)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
