//! A time of the week in which a worker may, or must never, be reached.

use std::fmt;

use crate::model::malformed::{At, Malformed};
use crate::model::value::{ClockTime, redacted};
use crate::wire;

/// A time of the week, on the clock where she is.
#[derive(Clone, PartialEq)]
pub struct ContactWindow {
    /// Which days.
    pub days: Days,
    /// From.
    pub from: ClockTime,
    /// To; earlier than the start means that it runs past midnight.
    pub to: ClockTime,
    /// Time zone.
    pub zone: Zone,
}

/// Days of the week as written, such as `Mon-Fri` or `Sat,Sun`.
#[derive(Clone, PartialEq)]
pub struct Days(String);

/// A time zone of the IANA, such as `Asia/Jakarta`. Only its form is checked: the list changes, and nothing here reads a disk.
#[derive(Clone, PartialEq)]
pub struct Zone(String);

redacted!(ContactWindow, Days, Zone);

impl ContactWindow {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When days, a time or the zone breaks its form, or the window is empty.
    pub fn from_wire(window: &wire::ContactWindow) -> Result<Self, Malformed> {
        let wire::ContactWindow { days, from, to, zone } = window;
        let window = Self {
            days: Days::parse(days).at("days")?,
            from: ClockTime::parse(from).at("from")?,
            to: ClockTime::parse(to).at("to")?,
            zone: Zone::parse(zone).at("zone")?,
        };
        if window.from == window.to {
            return Err(Malformed::new("must differ from the start").at("to"));
        }
        Ok(window)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::ContactWindow {
        wire::ContactWindow {
            days: self.days.to_string(),
            from: self.from.to_string(),
            to: self.to.to_string(),
            zone: self.zone.to_string(),
        }
    }
}

impl Days {
    const NAMES: [&'static str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    /// Reads days and spans of days with commas between them.
    ///
    /// # Errors
    /// When a day is not one of Mon, Tue, Wed, Thu, Fri, Sat, Sun, or there are more than seven parts.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let day = |part: &str| Self::NAMES.contains(&part);
        let part = |part: &str| part.split_once('-').map_or_else(|| day(part), |(first, last)| day(first) && day(last));
        if text.split(',').all(part) && text.split(',').count() <= Self::NAMES.len() {
            Ok(Self(text.to_owned()))
        } else {
            Err(Malformed::new("must be days such as Mon-Fri or Sat,Sun"))
        }
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Zone {
    /// Longer than any name in the list.
    const LENGTH_MAX: usize = 64;

    /// Reads a name such as Asia/Jakarta.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(name: &str) -> Result<Self, Malformed> {
        let character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
        let part = |part: &str| !part.is_empty() && part.chars().all(character);
        let well_formed = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.split('/').all(part) && name.len() <= Self::LENGTH_MAX;
        if well_formed { Ok(Self(name.to_owned())) } else { Err(Malformed::new("must be a time zone such as Asia/Jakarta")) }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
