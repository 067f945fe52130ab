//! Documents and their bytes in readable form.

use titian_proto::wire;

use crate::codes::{code, words};
use crate::output::block::Block;
use crate::output::record;
use crate::output::text::{count, id};

/// A document and how its bytes stand.
#[must_use]
pub fn document(document: &wire::Document) -> String {
    let wire::Document { record, manifest, state, held_bytes, blocked_by } = document;
    let wire::DocumentManifest { document_type, language: _, original_with: _, media_type, size_bytes, content_digest: _ } =
        manifest.clone().unwrap_or_default();
    let here = if *held_bytes > 0 { format!("{} of {}", count(*held_bytes), count(size_bytes)) } else { count(size_bytes) };
    let block = Block::inner()
        .row("record", id(record))
        .row("bytes", words::<wire::DocumentState>(*state))
        .row("media type", media_type)
        .row("size", here)
        .row("blocked by", blocked_by.as_ref().map(refusal).unwrap_or_default());
    format!("{}\n{block}", words::<wire::DocumentType>(document_type))
}

/// What came of attaching a file.
#[must_use]
pub fn attached(stored: &wire::Record, response: &wire::AttachDocumentResponse) -> String {
    let wire::AttachDocumentResponse { record: _, queued_under, blocked, bytes_blocked } = response;
    let lines = |blocked: &[wire::BlockedReferral]| blocked.iter().map(blocked_referral).collect::<Vec<_>>();
    let block = Block::inner()
        .rows("queued under", queued_under.iter().map(|referral| id(referral)))
        .rows("blocked under", lines(blocked))
        .rows("bytes blocked under", lines(bytes_blocked));
    format!("{}{block}", record::record(stored))
}

fn blocked_referral(blocked: &wire::BlockedReferral) -> String {
    let wire::BlockedReferral { referral_id, refusal: why } = blocked;
    format!("{} by {}", id(referral_id), why.as_ref().map(refusal).unwrap_or_default())
}

fn refusal(refusal: &wire::Refusal) -> String {
    let wire::Refusal { code: number, paths } = refusal;
    let code = code::<wire::RefusalCode>(*number);
    if paths.is_empty() { code } else { format!("{code} ({})", paths.join(", ")) }
}
