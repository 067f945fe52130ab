//! Records about a person.

use titian_proto::wire;

use crate::input::error::InputError;
use crate::input::table::Table;

pub(in crate::input) fn identity(table: &mut Table) -> Result<wire::Identity, InputError> {
    Ok(wire::Identity {
        full_name: table.required_text("full_name")?,
        name_native_script: table.text("name_native_script")?,
        date_of_birth: table.day("date_of_birth")?,
    })
}

pub(in crate::input) fn demographic(table: &mut Table) -> Result<wire::Demographic, InputError> {
    Ok(wire::Demographic {
        sex: table.code::<wire::Sex>("sex")?,
        age_band: table.code::<wire::AgeBand>("age_band")?,
        nationality: table.country("nationality")?,
    })
}

pub(in crate::input) fn journey(table: &mut Table) -> Result<wire::Journey, InputError> {
    Ok(wire::Journey {
        country_of_origin: table.country("country_of_origin")?,
        country_of_destination: table.country("country_of_destination")?,
        migration_stage: table.code::<wire::MigrationStage>("migration_stage")?,
        languages: table.texts("languages")?,
        interpreter_needed: table.flag("interpreter_needed")?,
        reads: table.texts("reads")?,
    })
}

/// `points` is the key of the list: `contact` beside a worker's name, `contacts` in a record of its own.
pub(in crate::input) fn contact(table: &mut Table, points: &'static str) -> Result<wire::Contact, InputError> {
    let contacts = table.tables(points)?.into_iter().map(contact_point).collect::<Result<_, _>>()?;
    Ok(wire::Contact { contacts, origin_admin1: table.text("origin_admin1")?, address: table.text("address")? })
}

fn contact_point(mut table: Table) -> Result<wire::ContactPoint, InputError> {
    let point = wire::ContactPoint {
        kind: table.required_code::<wire::ContactKind>("kind")?,
        value: table.required_text("value")?,
        device_held_by: table.code::<wire::DeviceHolder>("device_held_by")?,
        safe: table.flag("safe")?,
    };
    table.finish()?;
    Ok(point)
}

/// A safety record that stands alone.
pub(in crate::input) fn safety(table: &mut Table) -> Result<wire::Safety, InputError> {
    let safe_name = table.text("safe_name")?;
    let prohibited_recipients = table.texts("prohibited_recipients")?;
    let risks = table.texts("risks")?;
    Ok(wire::Safety { safe_name, prohibited_recipients, risks, ..safe_contact(table)? })
}

/// How she may be contacted; the safe name, the prohibited recipients and the risks are left empty.
pub(in crate::input) fn safe_contact(table: &mut Table) -> Result<wire::Safety, InputError> {
    Ok(wire::Safety {
        safe_name: String::new(),
        methods: table.codes::<wire::ContactKind>("methods")?,
        windows: windows(table, "windows")?,
        never_between: windows(table, "never_between")?,
        voicemail_ok: table.flag("voicemail_ok")?,
        text_ok: table.flag("text_ok")?,
        say_you_are: table.text("say_you_are")?,
        ask_first: table.text("ask_first")?,
        caller_gender: table.code::<wire::Sex>("caller_gender")?,
        interpreter_language: table.text("interpreter_language")?,
        interpreter_exclude: table.texts("interpreter_exclude")?,
        phone_shared_with: table.texts("phone_shared_with")?,
        do_not_contact_instead: table.texts("do_not_contact_instead")?,
        if_someone_else_answers: table.text("if_someone_else_answers")?,
        last_confirmed_on: table.day("last_confirmed_on")?,
        prohibited_recipients: Vec::new(),
        risks: Vec::new(),
    })
}

fn windows(table: &mut Table, key: &'static str) -> Result<Vec<wire::ContactWindow>, InputError> {
    let window = |mut table: Table| {
        let window = wire::ContactWindow {
            days: table.required_text("days")?,
            from: table.required_text("from")?,
            to: table.required_text("to")?,
            zone: table.required_text("zone")?,
        };
        table.finish()?;
        Ok(window)
    };
    table.tables(key)?.into_iter().map(window).collect()
}

pub(in crate::input) fn immigration_status(table: &mut Table) -> Result<wire::ImmigrationStatus, InputError> {
    Ok(wire::ImmigrationStatus { status: table.required_code::<wire::ImmigrationStatusCode>("status")? })
}

pub(in crate::input) fn union_membership(table: &mut Table) -> Result<wire::UnionMembership, InputError> {
    Ok(wire::UnionMembership {
        union: table.required_text("union")?,
        kind: table.required_code::<wire::MembershipKind>("kind")?,
        as_of: table.day("as_of")?,
    })
}

pub(in crate::input) fn family(table: &mut Table) -> Result<wire::Family, InputError> {
    Ok(wire::Family {
        relation: table.required_code::<wire::Relation>("relation")?,
        name: table.text("name")?,
        reporter: table.flag("reporter")?,
    })
}

pub(in crate::input) fn health(table: &mut Table) -> Result<wire::Health, InputError> {
    Ok(wire::Health {
        condition: table.required_code::<wire::HealthCondition>("condition")?,
        since: table.day("since")?,
        needs_care: table.flag("needs_care")?,
    })
}

pub(in crate::input) fn gbv_trafficking(table: &mut Table) -> Result<wire::GbvTrafficking, InputError> {
    Ok(wire::GbvTrafficking {
        violence_type: table.required_code::<wire::ViolenceType>("violence_type")?,
        suspected_trafficking: table.flag("suspected_trafficking")?,
        month: table.text("month")?,
    })
}

pub(in crate::input) fn alleged_offence(table: &mut Table) -> Result<wire::AllegedOffence, InputError> {
    Ok(wire::AllegedOffence { name: table.required_text("name")?, role: table.code::<wire::PartyRole>("role")?, code: table.text("code")? })
}
