//! Documents, partners and materials.

use titian_proto::wire;

use crate::codes::{list_words, words};
use crate::output::block::Block;
use crate::output::record::local;
use crate::output::text::count;

pub(super) fn rows_of_document(block: Block, document: &wire::DocumentManifest) -> Block {
    let wire::DocumentManifest { document_type, language, original_with, media_type, size_bytes, content_digest } = document;
    block
        .row("document", words::<wire::DocumentType>(*document_type))
        .row("language", language)
        .row("original with", words::<wire::DocumentHolder>(*original_with))
        .row("media type", media_type)
        .row("bytes", count(*size_bytes))
        .row("digest", hex::encode(content_digest))
}

pub(super) fn rows_of_identity_document(block: Block, document: &wire::IdentityDocument) -> Block {
    let wire::IdentityDocument { kind, number, holder, country } = document;
    block
        .row("kind", words::<wire::IdentityDocumentKind>(*kind))
        .row("number", number)
        .row("held by", words::<wire::DocumentHolder>(*holder))
        .row("country", country)
}

pub(super) fn rows_of_partner(block: Block, partner: &wire::Partner) -> Block {
    let wire::Partner { partner_id, names, kind, country, services, languages, hours, assured_on } = partner;
    block
        .row("partner", partner_id)
        .rows("name", names.iter().map(local))
        .row("kind", words::<wire::PartnerKind>(*kind))
        .row("country", country)
        .row("services", list_words::<wire::Service>(services))
        .row("languages", languages.join(", "))
        .row("hours", hours)
        .row("checked on", assured_on)
}

pub(super) fn rows_of_material(block: Block, material: &wire::InformationMaterial) -> Block {
    let wire::InformationMaterial { material_id, version, titles, language, topic, issuer, digest, valid_until } = material;
    block
        .row("material", format!("{material_id}, version {version}"))
        .rows("title", titles.iter().map(local))
        .row("language", language)
        .row("topic", words::<wire::MaterialTopic>(*topic))
        .row("issuer", issuer)
        .row("digest", hex::encode(digest))
        .row("valid until", valid_until)
}
