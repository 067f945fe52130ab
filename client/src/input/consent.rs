//! The table `[consent]`: one grant. The node sets its id, version, sequence and time.

use titian_proto::model::date::Date;
use titian_proto::wire;

use crate::input::error::InputError;
use crate::input::table::Table;

/// A grant as it was written down, and for how long.
pub struct ConsentInput {
    /// The grant.
    pub grant: wire::Grant,
    /// Days from now; 0 when the grant names its dates.
    pub valid_days: u32,
}

pub(super) fn grant(mut table: Table) -> Result<ConsentInput, InputError> {
    let recipient = match table.text("recipient") {
        Ok(recipient) if !recipient.is_empty() => recipient,
        _ => return Err(table.wrong("recipient", "must be exactly one union, such as \"id.ksbsi\"; write one consent for each")),
    };
    let given_by = default(table.code::<wire::ConsentGiver>("given_by")?, wire::ConsentGiver::Client.into());
    let basis = default(table.code::<wire::ConsentBasis>("basis")?, wire::ConsentBasis::Consent.into());
    let (valid_days, valid_from_ms, valid_until_ms) = validity(&mut table)?;
    let destination_country = match table.country("destination_country")? {
        country if country.is_empty() => country_of(&recipient),
        country => country,
    };
    let grant = wire::Grant {
        consent_id: bytes::Bytes::new(),
        version: 0,
        sequence: 0,
        given_by,
        recipient,
        purposes: table.codes::<wire::Purpose>("purposes")?,
        categories: table.codes::<wire::Category>("categories")?,
        record_types: table.texts("record_types")?,
        withheld: withheld(&mut table)?,
        onward_to: table.texts("onward_to")?,
        destination_country,
        informed_inadequate_protection: table.flag("informed_inadequate_protection")?,
        recipient_state_linked_told: table.flag("recipient_state_linked_told")?,
        notice_id: table.text("notice_id")?,
        notice_version: table.number("notice_version")?.unwrap_or_default(),
        notice_language: table.text("notice_language")?,
        interpreter_organisation: table.text("interpreter_organisation")?,
        method: table.required_code::<wire::ConsentMethod>("method")?,
        witnesses: table.texts("witnesses")?,
        evidence_digest: table.digest("evidence_digest")?,
        given_at_ms: 0,
        valid_from_ms,
        valid_until_ms,
        basis,
        withdrawal_channel: table.code::<wire::WithdrawalChannel>("withdrawal_channel")?,
        receipt_given: table.code::<wire::ReceiptGiven>("receipt_given")?,
        consent_reporting: table.flag("consent_reporting")?,
    };
    table.finish()?;
    Ok(ConsentInput { grant, valid_days })
}

/// Either so many days from now, or two days of the calendar. A consent without an end is none.
fn validity(table: &mut Table) -> Result<(u32, i64, i64), InputError> {
    let days = table.number::<u32>("valid_days")?.unwrap_or_default();
    let (from, until) = (day(table, "valid_from")?, day(table, "valid_until")?);
    match (days, until) {
        (0, None) => Err(table.wrong("valid_days", "must be given: a consent has an end, at most 180 days away")),
        (1.., Some(_)) => Err(table.wrong("valid_days", "must not stand together with valid_until")),
        (days, until) => Ok((days, from.map_or(0, |day| day.start().as_millis()), until.map_or(0, |day| day.end().as_millis()))),
    }
}

fn day(table: &mut Table, key: &'static str) -> Result<Option<Date>, InputError> {
    let text = table.day(key)?;
    Date::parse_optional(&text).map_err(|error| table.wrong(key, error.rule))
}

fn withheld(table: &mut Table) -> Result<Vec<wire::Withheld>, InputError> {
    let one = |mut table: Table| {
        let withheld = wire::Withheld {
            category: table.required_code::<wire::Category>("category")?,
            field: table.text("field")?,
            reason: table.code::<wire::WithheldReason>("reason")?,
        };
        table.finish()?;
        Ok(withheld)
    };
    table.tables("withheld")?.into_iter().map(one).collect()
}

/// The country that a node id begins with: `id.ksbsi` is in ID. Empty where it begins with something else; the node says what it thinks of that.
fn country_of(node_id: &str) -> String {
    let country = node_id.split('.').next().unwrap_or_default().to_uppercase();
    if rust_iso3166::from_alpha2(&country).is_some() { country } else { String::new() }
}

fn default(number: i32, otherwise: i32) -> i32 {
    if number == 0 { otherwise } else { number }
}
