//! Small values of several tables: money, periods, digests, texts in a language.

use bytes::Bytes;
use titian_proto::wire;

use crate::input::error::InputError;
use crate::input::table::Table;

/// An amount in minor units with its currency; neither stands without the other.
pub(super) fn money(table: &mut Table, amount: &'static str, currency: &'static str) -> Result<Option<wire::Money>, InputError> {
    let minor_units = table.number::<i64>(amount)?;
    let code = table.text(currency)?;
    match (minor_units, code.is_empty()) {
        (None, true) => Ok(None),
        (None, false) => Err(table.wrong(amount, "must be given with a currency: a whole number of minor units, such as sen")),
        (Some(_), true) => Err(table.wrong(currency, "must be given with an amount, such as MYR")),
        (Some(minor_units), false) => {
            check_currency(table, currency, &code)?;
            Ok(Some(wire::Money { minor_units, currency: code }))
        }
    }
}

/// Checks that a text is a currency.
pub(super) fn check_currency(table: &Table, key: &str, code: &str) -> Result<(), InputError> {
    match iso_currency::Currency::from_code(code) {
        Some(_) => Ok(()),
        None => Err(table.wrong(key, "must be a currency of ISO 4217 in three capital letters, such as MYR or IDR")),
    }
}

/// A span of days; both or neither.
pub(super) fn period(table: &mut Table) -> Result<Option<wire::Period>, InputError> {
    let (from, to) = (table.day("period_from")?, table.day("period_to")?);
    match (from.is_empty(), to.is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(wire::Period { from, to })),
        (true, false) => Err(table.wrong("period_from", "must be given with period_to")),
        (false, true) => Err(table.wrong("period_to", "must be given with period_from")),
    }
}

/// Texts in several languages, as a table such as `{ en = "...", ms = "..." }`.
pub(super) fn local_texts(table: &mut Table, key: &'static str) -> Result<Vec<wire::LocalText>, InputError> {
    let Some(texts) = table.table(key)? else { return Ok(Vec::new()) };
    texts.into_texts()
}

/// 32 bytes from hexadecimal.
pub(super) fn digest(text: &str) -> Option<Bytes> {
    hex::decode(text).ok().filter(|bytes| bytes.len() == 32).map(Bytes::from)
}
