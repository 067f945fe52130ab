//! Records about documents: what a document is, never its bytes.

use titian_proto::wire;

use crate::input::error::InputError;
use crate::input::table::Table;

pub(in crate::input) fn document(table: &mut Table) -> Result<wire::DocumentManifest, InputError> {
    Ok(wire::DocumentManifest {
        document_type: table.required_code::<wire::DocumentType>("document_type")?,
        language: table.text("language")?,
        original_with: table.code::<wire::DocumentHolder>("original_with")?,
        media_type: table.text("media_type")?,
        size_bytes: table.number("size_bytes")?.unwrap_or_default(),
        content_digest: table.digest("content_digest")?,
    })
}

pub(in crate::input) fn identity_document(table: &mut Table) -> Result<wire::IdentityDocument, InputError> {
    Ok(wire::IdentityDocument {
        kind: table.required_code::<wire::IdentityDocumentKind>("kind")?,
        number: table.text("number")?,
        holder: table.code::<wire::DocumentHolder>("holder")?,
        country: table.country("country")?,
    })
}
