//! Bytes of a document: everything that its record must show, and their own rules beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up must fail")]

mod world;

use titian_proto::document::key::DocumentKey;
use titian_proto::gate::decide_bytes;
use titian_proto::model::agreement::AgreementState;
use titian_proto::model::consent::ConsentMethod;
use titian_proto::model::record::{DocumentManifest, DocumentType, RecordContent, RecordType};
use titian_proto::model::vocabulary::{Category, Tier};
use world::{World, approval, digest, text, withdrawal};

const MIB: u64 = 1 << 20;

/// A contract of 2 MiB with bytes, that may go.
fn contract(change: impl Fn(&mut DocumentManifest)) -> World {
    World::put(&[RecordType::Document]).put_with(|put| {
        let RecordContent::Document(manifest) = &mut put.records[0].content else { panic!("is no document") };
        manifest.document_type = DocumentType::Contract;
        manifest.media_type = Some(text("application/pdf"));
        manifest.size_bytes = 2 * MIB;
        manifest.content_digest = Some(digest());
        change(manifest);
    })
}

/// "PERMIT", or code and paths of the refusal, with so many bytes of other documents.
fn verdict(world: &World, others: u64) -> String {
    decide_bytes(&world.question(), others).map_or_else(|refusal| refusal.to_string(), |_| "PERMIT".to_owned())
}

#[test]
fn bytes_go_where_their_record_goes() {
    assert_eq!(verdict(&contract(|_| ()), 0), "PERMIT");
    let stopped = [
        (contract(|_| ()).peer(|peer| peer.active = false), "PEER_SUSPENDED"),
        (contract(|_| ()).with(|world| world.state = AgreementState::Suspended), "AGREEMENT_SUSPENDED"),
        (contract(|_| ()).annex(|annex| annex.categories.retain(|one| *one != Category::Documents)), "FIELD_OUT_OF_SCOPE: case.document"),
        (
            contract(|_| ()).with(|world| world.ledger.withdrawals = vec![withdrawal(2, &[Category::Documents])]),
            "CONSENT_WITHDRAWN: case.document",
        ),
        (contract(|manifest| manifest.document_type = DocumentType::MedicalReport), "APPROVAL_MISSING"),
    ];
    for (world, refusal) in stopped {
        assert_eq!(verdict(&world, 0), refusal);
        assert_eq!(world.decide().unwrap_err().to_string(), refusal, "the record stops there too");
    }
    let approved =
        contract(|manifest| manifest.document_type = DocumentType::MedicalReport).with(|world| world.approval = Some(approval("a", "b")));
    assert_eq!(verdict(&approved, 0), "PERMIT");
}

#[test]
fn the_annex_bounds_one_document_and_all_of_a_referral() {
    let of_size = |size| contract(move |manifest| manifest.size_bytes = size);
    assert_eq!(verdict(&of_size(32 * MIB), 0), "PERMIT");
    assert_eq!(verdict(&of_size(32 * MIB + 1), 0), "DOCUMENT_TOO_LARGE: case.document.size_bytes");
    assert_eq!(verdict(&of_size(2 * MIB), 254 * MIB), "PERMIT");
    assert_eq!(verdict(&of_size(2 * MIB), 254 * MIB + 1), "DOCUMENT_TOO_LARGE: referral.documents");
    let wider = of_size(5 << 30).annex(|annex| (annex.largest_document_mib, annex.documents_per_referral_mib) = (Some(5120), Some(6000)));
    assert_eq!(verdict(&wider, 0), "PERMIT");
    let narrower = of_size(2 * MIB).annex(|annex| annex.largest_document_mib = Some(1));
    assert_eq!(verdict(&narrower, 0), "DOCUMENT_TOO_LARGE: case.document.size_bytes");
    assert!(narrower.decide().is_ok(), "what the document is may be known");
}

#[test]
fn bytes_are_more_sensitive_than_what_the_document_is() {
    let low = contract(|_| ()).annex(|annex| annex.max_tier = Tier::T2);
    assert!(low.decide().is_ok());
    assert_eq!(verdict(&low, 0), "TIER_TOO_HIGH: case.document");
    let spoken = contract(|_| ()).grant(|grant| grant.method = ConsentMethod::VerbalWitnessed);
    assert!(spoken.decide().is_ok());
    assert_eq!(verdict(&spoken, 0), "CONSENT_METHOD");
}

#[test]
fn only_types_of_the_list_and_only_what_has_bytes() {
    assert_eq!(
        verdict(&contract(|manifest| manifest.media_type = Some(text("application/zip"))), 0),
        "DOCUMENT_TYPE: case.document.media_type"
    );
    assert_eq!(verdict(&contract(|manifest| manifest.media_type = None), 0), "DOCUMENT_TYPE: case.document.media_type");
    assert_eq!(verdict(&contract(|manifest| manifest.content_digest = None), 0), "MALFORMED: case.document.content_digest");
    assert_eq!(verdict(&contract(|manifest| manifest.size_bytes = 0), 0), "DOCUMENT_TOO_LARGE: case.document.size_bytes");
    assert_eq!(verdict(&World::put(&[RecordType::Claim]), 0), "MALFORMED: case.document.content_digest");
}

#[test]
fn a_chunk_for_a_peer_comes_from_a_permit() {
    let permit = decide_bytes(&contract(|_| ()).question(), 0).unwrap();
    let key = DocumentKey::new([4; 32]);
    let chunk = permit.chunk(&key, 3, b"a page", &[digest()]).unwrap();
    assert_eq!(key.open(3, &chunk.sealed).unwrap(), b"a page");
    assert_eq!(chunk.document.unwrap().content_digest, digest().to_wire());
    assert_eq!(permit.opening(&key, &[9; 32]).key.as_ref(), key.expose());
}
