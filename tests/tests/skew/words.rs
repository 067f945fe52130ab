//! What such a union says, as messages of the contract.

use prost::Message as _;
use titian_proto::wire::{self, record_content::Content as Record};

use crate::peer::Draft;

/// Names as people have them: one word, composed and decomposed letters, another script.
pub(crate) const NAMES: [&str; 4] =
    ["Supardi", "Nguy\u{1ec5}n Th\u{1ecb} Y\u{1ebf}n", "Nguye\u{302}\u{303}n Thi\u{323} Ye\u{302}\u{301}n", "\u{179f}\u{17bb}\u{1781}"];

/// A put of one record: who she is. The place names the record; each has another name.
pub(crate) fn put(offer: &wire::Offer, place: u8, revision: u64) -> wire::Body {
    let identity = wire::Identity { full_name: NAMES[usize::from(place) % NAMES.len()].to_owned(), ..wire::Identity::default() };
    let record = wire::SharedRecord {
        record_ref: vec![place; 16].into(),
        owner: "my.mtuc".to_owned(),
        revision,
        content: Some(wire::RecordContent { content: Some(Record::Identity(identity)) }),
    };
    let put = wire::SharePut {
        referral_id: offer.referral_id.clone(),
        version: offer.version,
        purpose: offer.purpose,
        subject_ref: offer.subject_ref.clone(),
        records: vec![record],
        grant: offer.grant.clone(),
        approval: offer.approval.clone(),
        whole: false,
    };
    wire::Body { salt: vec![place; 32].into(), content: Some(wire::body::Content::Put(put)) }
}

/// A retract that names no record.
pub(crate) fn retract_all(offer: &wire::Offer) -> wire::Body {
    let retract = wire::ShareRetract { referral_id: offer.referral_id.clone(), record_refs: Vec::new() };
    wire::Body { salt: vec![9; 32].into(), content: Some(wire::body::Content::Retract(retract)) }
}

/// The file of an agreement, about no case.
pub(crate) fn agreement(template: &Draft, file: &wire::AgreementFile) -> Draft {
    let body = wire::Body { salt: vec![1; 32].into(), content: Some(wire::body::Content::Agreement(file.clone())) };
    template.saying(wire::EnvelopeKind::Agreement, wire::Lane::Safety, &body).with_header(|header| {
        header.case_ref.clear();
        header.case_sequence = 0;
        header.referral_id.clear();
        header.consent = None;
    })
}

/// The same salt, another offer.
pub(crate) fn offering(draft: &Draft, offer: wire::Offer) -> Vec<u8> {
    let body = wire::Body::decode(draft.body.clone()).expect("a body");
    wire::Body { content: Some(wire::body::Content::Offer(offer)), ..body }.encode_to_vec()
}

/// An id as commands take it.
pub(crate) fn hyphenated(id: &[u8]) -> String {
    let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits[range].to_owned()).join("-")
}
