//! Records about the matter of a case: complaint, services, employer, money, narrative.

use titian_proto::model::id::GroupRef;
use titian_proto::wire;

use crate::input::error::InputError;
use crate::input::table::Table;
use crate::input::value;

pub(in crate::input) fn complaint(table: &mut Table) -> Result<wire::Complaint, InputError> {
    Ok(wire::Complaint {
        kind: table.required_code::<wire::CaseKind>("kind")?,
        intake_kind: table.required_code::<wire::IntakeKind>("intake_kind")?,
        intake_channel: table.required_code::<wire::IntakeChannel>("intake_channel")?,
        mrc_office: table.text("mrc_office")?,
        codes: table.texts("complaints")?,
        primary: table.text("primary")?,
        assistance_requested: table.codes::<wire::Assistance>("assistance_requested")?,
        client_decision: table.code::<wire::ClientDecision>("client_decision")?,
        client_decision_on: table.day("client_decision_on")?,
        route: table.code::<wire::Route>("route")?,
        stage: table.code::<wire::CaseStage>("stage")?,
        limitation_date: table.day("limitation_date")?,
        limitation_rule: table.text("limitation_rule")?,
        closure_reason: table.code::<wire::ClosureReason>("closure_reason")?,
        raised_tier: table.code::<wire::Tier>("raised_tier")?,
    })
}

pub(in crate::input) fn service_action(table: &mut Table) -> Result<wire::ServiceAction, InputError> {
    Ok(wire::ServiceAction {
        service: table.required_code::<wire::Service>("service")?,
        date: table.day("date")?,
        provider: table.text("provider")?,
        result: table.code::<wire::ActionResult>("result")?,
    })
}

pub(in crate::input) fn group_count(table: &mut Table) -> Result<wire::GroupCount, InputError> {
    let parent = table.required_text("parent_group_ref")?;
    let parent: GroupRef = parent.parse().map_err(|_| table.wrong("parent_group_ref", "must be an id"))?;
    Ok(wire::GroupCount {
        parent_group_ref: parent.to_wire(),
        country: table.country("country")?,
        represented_count: table.number("represented_count")?.unwrap_or_default(),
        registered_count: table.number("registered_count")?.unwrap_or_default(),
    })
}

pub(in crate::input) fn employer(table: &mut Table) -> Result<wire::Party, InputError> {
    Ok(wire::Party {
        role: table.required_code::<wire::PartyRole>("role")?,
        legal_name: table.text("legal_name")?,
        registration_no: table.text("registration_no")?,
        country: table.country("country")?,
        worksite: table.text("worksite")?,
        sector: table.code::<wire::Sector>("sector")?,
        parent_party: table.text("parent_party")?,
    })
}

pub(in crate::input) fn claim(table: &mut Table) -> Result<wire::Claim, InputError> {
    Ok(wire::Claim { amount: value::money(table, "amount_minor_units", "currency")?, period: value::period(table)? })
}

pub(in crate::input) fn outcome(table: &mut Table) -> Result<wire::Outcome, InputError> {
    let outcome_type = table.required_code::<wire::OutcomeType>("outcome_type")?;
    let amount_total = value::money(table, "amount_minor_units", "currency")?;
    let each = table.number::<i64>("per_worker_minor_units")?;
    let amount_per_worker = match (each, &amount_total) {
        (None, _) => None,
        (Some(minor_units), Some(total)) => Some(wire::Money { minor_units, currency: total.currency.clone() }),
        (Some(_), None) => return Err(table.wrong("per_worker_minor_units", "must stand with amount_minor_units and currency")),
    };
    Ok(wire::Outcome {
        outcome_type,
        amount_total,
        amount_per_worker,
        workers_paid: table.number("workers_paid")?.unwrap_or_default(),
        paid_on: table.day("paid_on")?,
        confirmed_by: table.codes::<wire::Confirmation>("confirmed_by")?,
        conversion: conversion(table)?,
        leaders_confirmed: 0,
    })
}

fn conversion(table: &mut Table) -> Result<Option<wire::Conversion>, InputError> {
    let Some(mut table) = table.table("conversion")? else { return Ok(None) };
    let conversion = wire::Conversion {
        amount: value::money(&mut table, "amount_minor_units", "currency")?,
        rate: table.required_text("rate")?,
        rate_date: table.day("rate_date")?,
        source: table.text("source")?,
    };
    table.finish()?;
    Ok(Some(conversion))
}

pub(in crate::input) fn narrative(table: &mut Table) -> Result<wire::Narrative, InputError> {
    Ok(wire::Narrative { text: table.required_text("text")?, language: table.text("language")? })
}
