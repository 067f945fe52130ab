//! Records of the directory: partner organisations and information materials.

use titian_proto::wire;

use crate::input::error::InputError;
use crate::input::table::Table;
use crate::input::value;

pub(in crate::input) fn partner(table: &mut Table) -> Result<wire::Partner, InputError> {
    Ok(wire::Partner {
        partner_id: table.required_text("partner_id")?,
        names: value::local_texts(table, "names")?,
        kind: table.required_code::<wire::PartnerKind>("kind")?,
        country: table.country("country")?,
        services: table.codes::<wire::Service>("services")?,
        languages: table.texts("languages")?,
        hours: table.text("hours")?,
        assured_on: table.day("assured_on")?,
    })
}

pub(in crate::input) fn material(table: &mut Table) -> Result<wire::InformationMaterial, InputError> {
    Ok(wire::InformationMaterial {
        material_id: table.required_text("material_id")?,
        version: table.number("version")?.unwrap_or(1),
        titles: value::local_texts(table, "titles")?,
        language: table.text("language")?,
        topic: table.required_code::<wire::MaterialTopic>("topic")?,
        issuer: table.text("issuer")?,
        digest: table.digest("digest")?,
        valid_until: table.day("valid_until")?,
    })
}
