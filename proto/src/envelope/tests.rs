//! Two unions, one link: what is believed and what is not.

use ed25519_dalek::SigningKey;

use super::seal::SEAL_COUNT_MAX;
use super::*;
use crate::model::date::Instant;
use crate::model::descriptor::VerifyingKey;
use crate::model::id::{CaseRef, ConsentId, Digest, Epoch, NodeId, ReferralId, TransferId};
use crate::model::reference::{AgreementId, AgreementRef, ConsentRef};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::wire;

const DAY: i64 = 86_400_000;
const NOW: Instant = Instant::from_millis(1_772_416_800_000);

fn signer() -> (Signer, KeyRing) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = VerifyingKey::new(key.verifying_key().to_bytes(), Instant::from_millis(NOW.as_millis() - DAY), NOW.plus_days(30));
    (Signer::new(public.key_id.clone(), key), KeyRing::new(vec![public]))
}

fn header() -> Header {
    Header {
        sender: NodeId::parse("my.mtuc").unwrap(),
        recipient: NodeId::parse("id.ksbsi").unwrap(),
        sender_epoch: Epoch([1; 16]),
        lane: Lane::of(EnvelopeKind::Offer),
        link_sequence: 1,
        previous_hash: Digest::ZERO,
        kind: EnvelopeKind::Offer,
        case: Some((CaseRef([2; 16]), 1)),
        referral_id: Some(ReferralId([3; 16])),
        transfer_id: TransferId([4; 16]),
        body_digest: Digest::of(b"body"),
        agreement: Some(AgreementRef { id: AgreementId::parse("AG-MY-ID").unwrap(), version: 1, digest: Digest([5; 32]) }),
        consent: Some(ConsentRef { id: ConsentId([6; 16]), version: 1 }),
        claimed_at: NOW,
        expires_at: Some(NOW.plus_days(14)),
        critical_extensions: vec!["documents".to_owned()],
        retry_of: None,
        behind: None,
    }
}

fn receipt(outcome: ReceiptOutcome) -> Receipt {
    Receipt {
        recipient: NodeId::parse("id.ksbsi").unwrap(),
        sender: NodeId::parse("my.mtuc").unwrap(),
        lane: Lane::Referrals,
        link_sequence: 1,
        envelope_hash: Digest([8; 32]),
        outcome,
        refusal: None,
        commitment: Some(Digest([9; 32])),
        leaf: bytes::Bytes::from_static(b"{}"),
        received_at: NOW,
    }
}

fn hashes(count: usize) -> Vec<Digest> {
    (0..count).map(|index| Digest::of(&index.to_be_bytes())).collect()
}

#[test]
fn a_header_reads_as_it_was_written() {
    assert_eq!(Header::parse(&header().encode()).unwrap(), header());
    let about_no_case =
        Header { case: None, referral_id: None, agreement: None, consent: None, expires_at: None, kind: EnvelopeKind::LogHead, ..header() };
    assert_eq!(Header::parse(&about_no_case.encode()).unwrap(), about_no_case);
    let after_a_restore = Header { behind: Some(Behind { epoch: Epoch([7; 16]), link_sequence: 12 }), ..header() };
    assert_eq!(Header::parse(&after_a_restore.encode()).unwrap(), after_a_restore);
}

#[test]
fn a_header_that_breaks_its_form_is_malformed_and_says_where() {
    use prost::Message as _;
    let good = || wire::Header::decode(header().encode()).unwrap();
    let cases: Vec<(&str, wire::Header)> = vec![
        ("header.version", wire::Header { version: 2, ..good() }),
        ("header.min_reader", wire::Header { min_reader: 2, ..good() }),
        ("header.sender", wire::Header { sender: "mtuc.example.org:443".into(), ..good() }),
        ("header.recipient", wire::Header { recipient: "my.mtuc".into(), ..good() }),
        ("header.sender_epoch", wire::Header { sender_epoch: vec![1; 15].into(), ..good() }),
        ("header.lane", wire::Header { lane: 0, ..good() }),
        ("header.kind", wire::Header { kind: 99, ..good() }),
        ("header.link_sequence", wire::Header { link_sequence: 0, ..good() }),
        ("header.previous_hash", wire::Header { link_sequence: 2, ..good() }),
        ("header.case_sequence", wire::Header { case_sequence: 0, ..good() }),
        ("header.case_sequence", wire::Header { case_ref: bytes::Bytes::new(), ..good() }),
        ("header.transfer_id", wire::Header { transfer_id: bytes::Bytes::new(), ..good() }),
        ("header.body_digest", wire::Header { body_digest: vec![0; 31].into(), ..good() }),
        (
            "header.agreement.version",
            wire::Header { agreement: good().agreement.map(|a| wire::AgreementRef { version: 0, ..a }), ..good() },
        ),
        ("header.behind_epoch", wire::Header { behind_epoch: vec![7; 15].into(), behind_sequence: 12, ..good() }),
        ("header.behind_sequence", wire::Header { behind_epoch: vec![7; 16].into(), ..good() }),
        ("header.behind_sequence", wire::Header { behind_sequence: 12, ..good() }),
        (
            "header.behind_epoch",
            wire::Header {
                link_sequence: 2,
                previous_hash: vec![1; 32].into(),
                behind_epoch: vec![7; 16].into(),
                behind_sequence: 12,
                ..good()
            },
        ),
        ("header.critical_extensions", wire::Header { critical_extensions: vec!["two words".into()], ..good() }),
    ];
    for (path, header) in cases {
        assert_eq!(Header::parse(&header.encode_to_vec()).unwrap_err().path, path);
    }
    assert_eq!(Header::parse(&[0xff; 40]).unwrap_err().path, "header");
    assert_eq!(Header::parse(&vec![0; Header::LENGTH_MAX + 1]).unwrap_err().path, "header");
}

#[test]
fn every_hash_of_a_group_commit_proves_alone_and_under_no_other_seal() {
    let (signer, ring) = signer();
    for count in [1, 2, 3, 7, 64, 100, SEAL_COUNT_MAX] {
        let seals = signer.seal(SealContext::Envelope, &hashes(count));
        assert_eq!(seals.len(), count);
        for (hash, seal) in hashes(count).into_iter().zip(&seals) {
            ring.verify_seal(SealContext::Envelope, hash, seal, NOW).unwrap();
            let other = ring.verify_seal(SealContext::Envelope, Digest::ZERO, seal, NOW).unwrap_err();
            assert!(matches!(other, EnvelopeError::SignatureWrong { .. }));
        }
    }
}

#[test]
fn more_hashes_than_one_seal_holds_get_two_signatures() {
    let (signer, ring) = signer();
    let all = hashes(SEAL_COUNT_MAX + 1);
    let seals = signer.seal(SealContext::Envelope, &all);
    assert_ne!(seals[0].signature, seals[SEAL_COUNT_MAX].signature);
    ring.verify_seal(SealContext::Envelope, all[SEAL_COUNT_MAX], &seals[SEAL_COUNT_MAX], NOW).unwrap();
    assert!(signer.seal(SealContext::Receipt, &[]).is_empty());
}

#[test]
fn a_seal_over_an_envelope_is_none_over_a_receipt_even_when_remembered() {
    let (signer, ring) = signer();
    let seal = &signer.seal(SealContext::Envelope, &hashes(1))[0];
    ring.verify_seal(SealContext::Envelope, hashes(1)[0], seal, NOW).unwrap();
    assert!(ring.verify_seal(SealContext::Receipt, hashes(1)[0], seal, NOW).is_err());
    let forged = wire::Seal { signature: vec![0; 64].into(), ..seal.clone() };
    assert!(ring.verify_seal(SealContext::Envelope, hashes(1)[0], &forged, NOW).is_err());
}

#[test]
fn keys_verify_in_their_time_only_and_strangers_never() {
    let (signer, ring) = signer();
    let seal = &signer.seal(SealContext::Envelope, &hashes(1))[0];
    ring.verify_seal(SealContext::Envelope, hashes(1)[0], seal, NOW).unwrap();
    let late = ring.verify_seal(SealContext::Envelope, hashes(1)[0], seal, NOW.plus_days(31)).unwrap_err();
    assert!(matches!(late, EnvelopeError::KeyNotCurrent { .. }));
    let stranger = KeyRing::new(Vec::new()).verify_seal(SealContext::Envelope, hashes(1)[0], seal, NOW).unwrap_err();
    assert!(matches!(stranger, EnvelopeError::KeyUnknown { .. }));
}

#[test]
fn a_seal_that_breaks_its_form_is_malformed() {
    let (signer, ring) = signer();
    let seals = signer.seal(SealContext::Envelope, &hashes(3));
    let broken = [
        wire::Seal { count: 0, ..seals[0].clone() },
        wire::Seal { count: 1025, ..seals[0].clone() },
        wire::Seal { index: 3, ..seals[0].clone() },
        wire::Seal { path: vec![vec![0; 31].into()], ..seals[0].clone() },
        wire::Seal { path: vec![vec![0; 32].into(); 11], ..seals[0].clone() },
        wire::Seal { signature: vec![0; 63].into(), ..seals[0].clone() },
    ];
    for seal in broken {
        let error = ring.verify_seal(SealContext::Envelope, hashes(3)[0], &seal, NOW).unwrap_err();
        assert!(matches!(error, EnvelopeError::Malformed(_)), "{error:?}");
    }
}

#[test]
fn an_envelope_opens_with_its_seal_and_only_with_its_own_body() {
    let (signer, ring) = signer();
    let bytes = header().encode();
    let seal = signer.seal(SealContext::Envelope, &[envelope_hash(&bytes)]).pop();
    let envelope = wire::Envelope { header: bytes, body: bytes::Bytes::new(), seal };
    let opened = open_envelope(&envelope, &ring, NOW).unwrap();
    opened.check_body(b"body").unwrap();
    assert_eq!(opened.check_body(b"another"), Err(EnvelopeError::BodyDigestWrong));
    let bare = wire::Envelope { seal: None, ..envelope };
    assert!(matches!(open_envelope(&bare, &ring, NOW), Err(EnvelopeError::Malformed(_))));
}

#[test]
fn a_receipt_says_why_exactly_when_it_says_no() {
    let why = Some(Refusal::new(RefusalCode::NoConsent));
    for outcome in [ReceiptOutcome::Applied, ReceiptOutcome::Purged] {
        assert_eq!(Receipt::parse(&receipt(outcome).encode()).unwrap(), receipt(outcome));
    }
    assert!(Receipt::parse(&Receipt { refusal: why.clone(), ..receipt(ReceiptOutcome::Applied) }.encode()).is_err());
    let purged = Receipt { refusal: why.clone(), ..receipt(ReceiptOutcome::Purged) };
    assert_eq!(Receipt::parse(&purged.encode()).unwrap(), purged);
    for outcome in [ReceiptOutcome::Refused, ReceiptOutcome::Parked] {
        assert!(Receipt::parse(&receipt(outcome).encode()).is_err());
        let full = Receipt { refusal: why.clone(), ..receipt(outcome) };
        assert_eq!(Receipt::parse(&full.encode()).unwrap(), full);
    }
}

#[test]
fn a_signed_receipt_opens_and_an_altered_one_does_not() {
    let (signer, ring) = signer();
    let bytes = receipt(ReceiptOutcome::Applied).encode();
    let seal = signer.seal(SealContext::Receipt, &[receipt_hash(&bytes)]).pop();
    open_receipt(&wire::SignedReceipt { receipt: bytes, seal: seal.clone() }, &ring, NOW).unwrap();
    let altered = Receipt { link_sequence: 2, ..receipt(ReceiptOutcome::Applied) }.encode();
    assert!(open_receipt(&wire::SignedReceipt { receipt: altered, seal }, &ring, NOW).is_err());
}

#[test]
fn a_signer_prints_its_short_name_and_never_its_key() {
    let (signer, _) = signer();
    let shown = format!("{signer:?}");
    assert!(shown.contains(signer.key_id()));
    assert!(!shown.contains("SigningKey") && !shown.contains(&hex::encode([7; 32])));
}
