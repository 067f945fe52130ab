//! Small things as people read them.

use titian_proto::model::date::Instant;
use titian_proto::wire;

/// A text that may go to a terminal. Texts come from other unions: control characters could rewrite what stands on the screen, and marks of
/// direction could turn it around, so they are shown as their numbers. Line feeds become spaces.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => clean.push(' '),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => clean.extend(character.escape_unicode()),
            character if character.is_control() => clean.extend(character.escape_unicode()),
            character => clean.push(character),
        }
    }
    clean
}

/// An id of 16 bytes, whole: with hyphens, as commands take it. Empty when there is none.
#[must_use]
pub fn id(bytes: &[u8]) -> String {
    let digits = hex::encode(bytes);
    if bytes.len() != 16 {
        return digits;
    }
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range).unwrap_or_default()).join("-")
}

/// The end of an id, where the whole stands elsewhere. The end, because ids made at the same time begin alike.
#[must_use]
pub fn short_id(bytes: &[u8]) -> String {
    let digits = hex::encode(bytes);
    digits
        .get(digits.len().saturating_sub(8)..)
        .map(|end| if end.is_empty() { String::new() } else { format!("..{end}") })
        .unwrap_or_default()
}

/// A point in time, in UTC; empty for 0.
#[must_use]
pub fn time(millis: i64) -> String {
    if millis == 0 { String::new() } else { Instant::from_millis(millis).to_string() }
}

/// An amount: "MYR 6,000.00".
#[must_use]
pub fn money(money: &wire::Money) -> String {
    let wire::Money { minor_units, currency } = money;
    let digits = iso_currency::Currency::from_code(currency).and_then(|currency| currency.exponent()).unwrap_or(0);
    let unit = 10_u64.saturating_pow(u32::from(digits)).max(1);
    let size = minor_units.unsigned_abs();
    let sign = if *minor_units < 0 { "-" } else { "" };
    let whole = thousands(size / unit);
    if digits == 0 {
        return format!("{} {sign}{whole}", clean(currency));
    }
    format!("{} {sign}{whole}.{:0width$}", clean(currency), size % unit, width = usize::from(digits))
}

/// Yes, or nothing.
#[must_use]
pub fn yes(flag: bool) -> String {
    if flag { "yes".to_owned() } else { String::new() }
}

/// Yes or no.
#[must_use]
pub fn yes_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

/// A count; empty for 0.
#[must_use]
pub fn count(number: u64) -> String {
    if number == 0 { String::new() } else { thousands(number) }
}

/// A count, 0 too.
#[must_use]
pub fn grouped(number: u64) -> String {
    thousands(number)
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
