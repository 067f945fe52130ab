//! Golden bytes for anyone who writes another implementation: inputs in words, bytes in hexadecimal, made from fixed keys.
//!
//! `UPDATE_GOLDEN=1 cargo test -p titian-proto --test vectors` writes them anew. A change here is a change of the protocol.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::path::Path;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message as _;
use serde_json::{Value, json};
use titian_proto::bundle::{Cutter, Opener, Recipient, Sealer, SealingKey};
use titian_proto::envelope::{
    EnvelopeKind, Header, KeyRing, Lane, Receipt, ReceiptOutcome, SealContext, Signer, envelope_hash, open_receipt, receipt_hash,
};
use titian_proto::gate::Content;
use titian_proto::log::commitment::{commitment, field_key, open_field, transfer_salt};
use titian_proto::log::{Event, Leaf, LeafDraft};
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{
    CompromiseNotice, Descriptor, DescriptorChain, Endpoint, RootKey, ServicePrecondition, TlsPin, VerifyingKey, key_id_of, sign_descriptor,
};
use titian_proto::model::id::{CaseRef, ConsentId, Digest, Epoch, NodeId, ReferralId, TransferId};
use titian_proto::model::reference::{AgreementId, AgreementRef, ConsentRef};
use titian_proto::model::referral::HandOverStep;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::slip::{Slip, SlipCategory, SlipEntry, SlipReference};
use titian_proto::model::value::{Country, LocalText, Text};
use titian_proto::model::vocabulary::{Category, PartnerKind, Purpose};
use titian_proto::wire;
use zeroize::Zeroizing;

/// 2026-03-02T02:32:34.321Z.
const NOW: Instant = Instant::from_millis(1_772_418_754_321);
const ROOT_SEED: u8 = 1;
const SIGNING_SEED: u8 = 2;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn signer() -> Signer {
    let key = key(SIGNING_SEED);
    Signer::new(key_id_of(&key.verifying_key().to_bytes()), key)
}

fn verifying(seed: u8) -> VerifyingKey {
    VerifyingKey::new(key(seed).verifying_key().to_bytes(), NOW, NOW.plus_days(730))
}

fn agreement() -> AgreementRef {
    AgreementRef { id: AgreementId::parse("AG-MY-ID").unwrap(), version: 1, digest: Digest([0x0a; 32]) }
}

fn header() -> Header {
    Header {
        sender: NodeId::parse("my.mtuc").unwrap(),
        recipient: NodeId::parse("id.ksbsi").unwrap(),
        sender_epoch: Epoch([0x11; 16]),
        lane: Lane::Referrals,
        link_sequence: 2,
        previous_hash: Digest([0x12; 32]),
        kind: EnvelopeKind::Offer,
        case: Some((CaseRef([0x13; 16]), 1)),
        referral_id: Some(ReferralId([0x14; 16])),
        transfer_id: TransferId([0x15; 16]),
        body_digest: Digest::of(b"body"),
        agreement: Some(agreement()),
        consent: Some(ConsentRef { id: ConsentId([0x16; 16]), version: 1 }),
        claimed_at: NOW,
        expires_at: Some(NOW.plus_days(14)),
        critical_extensions: vec!["documents".to_owned()],
        retry_of: None,
        behind: None,
    }
}

fn receipt() -> Receipt {
    Receipt {
        recipient: NodeId::parse("id.ksbsi").unwrap(),
        sender: NodeId::parse("my.mtuc").unwrap(),
        lane: Lane::Referrals,
        link_sequence: 2,
        envelope_hash: envelope_hash(&header().encode()),
        outcome: ReceiptOutcome::Refused,
        refusal: Some(Refusal::new(RefusalCode::FieldOutOfScope).with_path("worker.immigration_status")),
        commitment: Some(Digest([0x17; 32])),
        leaf: sent_leaf().encode(),
        received_at: NOW,
    }
}

fn sent_leaf() -> Leaf {
    let draft = LeafDraft {
        chan: Some(0),
        commit: Some(Digest([0x21; 32])),
        consent: Some(3),
        env: Some(envelope_hash(&header().encode())),
        fields: Some(vec!["CASE_CORE".into(), "CLAIM".into()]),
        peer: Some("id.ksbsi/titian/log/2026a".into()),
        purpose: Some(Purpose::WageRecovery),
        xfer: Some(TransferId([0x15; 16])),
        ..LeafDraft::new(Event::ReferralSent)
    };
    draft.under(&agreement()).seat("my.mtuc/titian/log/2026a", 5, [0x22; 16], NOW)
}

fn descriptor() -> Descriptor {
    let name =
        |language: &str, text: &str| LocalText::from_wire(&wire::LocalText { language: language.into(), text: text.into() }).unwrap();
    Descriptor {
        node_id: NodeId::parse("my.mtuc").unwrap(),
        sequence: 1,
        previous_digest: None,
        names: vec![name("en", "Malaysian Trades Union Congress"), name("ms", "Kongres Kesatuan Sekerja Malaysia")],
        root_keys: vec![RootKey {
            organisation: Text::parse("Malaysian Trades Union Congress", Text::NAME_BYTES).unwrap(),
            public_key: key(ROOT_SEED).verifying_key().to_bytes(),
        }],
        root_threshold: 1,
        kind: PartnerKind::NationalUnion,
        country: Country::parse("MY").unwrap(),
        endpoints: vec![Endpoint::parse("titian.mtuc.example:7443").unwrap()],
        tls_pins: vec![TlsPin { spki_sha256: Digest([0x31; 32]), not_before: NOW, not_after: NOW.plus_days(730) }],
        signing_keys: vec![verifying(SIGNING_SEED)],
        log_keys: vec![verifying(3)],
        witness_keys: vec![verifying(4)],
        sealing_keys: vec![],
        protocol_min: 1,
        protocol_max: 1,
        issued_at: NOW,
        not_after: NOW.plus_days(730),
        state_linked: false,
        log_origin: "my.mtuc/titian/log/2026a".into(),
        service_precondition: Some(ServicePrecondition::Membership),
    }
}

/// Compares with the file, or writes it when asked to.
fn golden(name: &str, made: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(made).unwrap())).unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(*made, kept, "{name} differs; if the protocol changes on purpose, run with UPDATE_GOLDEN=1");
}

#[test]
fn header_bytes() {
    let bytes = header().encode();
    assert_eq!(Header::parse(&bytes).unwrap(), header());
    golden(
        "header.json",
        &json!({
            "about": "A Header of envelope.proto. hash = SHA-256(\"titian/envelope/v1\\n\" || header).",
            "input": {
                "version": 1, "min_reader": 1, "sender": "my.mtuc", "recipient": "id.ksbsi", "sender_epoch": "11".repeat(16), "lane": "REFERRALS",
                "link_sequence": 2, "previous_hash": "12".repeat(32), "kind": "OFFER", "case_ref": "13".repeat(16), "case_sequence": 1,
                "referral_id": "14".repeat(16), "transfer_id": "15".repeat(16), "body": hex::encode("body"), "body_digest": Digest::of(b"body"),
                "agreement": agreement(), "consent_id": "16".repeat(16), "consent_version": 1, "claimed_at_ms": NOW,
                "expires_at_ms": NOW.plus_days(14), "critical_extensions": ["documents"],
            },
            "header": hex::encode(&bytes),
            "hash": envelope_hash(&bytes),
        }),
    );
}

#[test]
fn seal_bytes() {
    let hashes: Vec<Digest> = (1_u8..=5).map(|byte| Digest([byte; 32])).collect();
    let ring = KeyRing::new(vec![verifying(SIGNING_SEED)]);
    let mut cases = Vec::new();
    for (context, name) in [(SealContext::Envelope, "envelope"), (SealContext::Receipt, "receipt")] {
        for count in [1, 2, 5] {
            let seals = signer().seal(context, &hashes[..count]);
            for (hash, seal) in hashes.iter().zip(&seals) {
                ring.verify_seal(context, *hash, seal, NOW).unwrap();
            }
            let bytes: Vec<String> = seals.iter().map(|seal| hex::encode(seal.encode_to_vec())).collect();
            cases.push(json!({ "context": name, "hashes": &hashes[..count], "seals": bytes }));
        }
    }
    golden(
        "seal.json",
        &json!({
            "about": "Seals of vocabulary.proto: Ed25519 over \"titian/seal/v1\\n<context>\\n\" || count (u32, big endian) || root of the RFC 6962 tree whose leaves are the hashes.",
            "secret_key": hex::encode([SIGNING_SEED; 32]),
            "public_key": hex::encode(key(SIGNING_SEED).verifying_key().to_bytes()),
            "key_id": signer().key_id(),
            "cases": cases,
        }),
    );
}

#[test]
fn receipt_bytes() {
    let bytes = receipt().encode();
    assert_eq!(Receipt::parse(&bytes).unwrap(), receipt());
    let seal = signer().seal(SealContext::Receipt, &[receipt_hash(&bytes)]).pop();
    let signed = wire::SignedReceipt { receipt: bytes.clone(), seal };
    open_receipt(&signed, &KeyRing::from_descriptor(&descriptor()), NOW).unwrap();
    golden(
        "receipt.json",
        &json!({
            "about": "A Receipt of envelope.proto to the header of header.json, and the SignedReceipt. hash = SHA-256(\"titian/receipt/v1\\n\" || receipt).",
            "input": {
                "recipient": "id.ksbsi", "sender": "my.mtuc", "lane": "REFERRALS", "link_sequence": 2, "envelope_hash": receipt().envelope_hash,
                "outcome": "REFUSED", "refusal": receipt().refusal, "commitment": "17".repeat(32), "leaf": hex::encode(receipt().leaf),
                "received_at_ms": NOW,
            },
            "secret_key": hex::encode([SIGNING_SEED; 32]),
            "receipt": hex::encode(&bytes),
            "hash": receipt_hash(&bytes),
            "signed_receipt": hex::encode(signed.encode_to_vec()),
        }),
    );
}

#[test]
fn leaf_bytes() {
    let genesis = LeafDraft::new(Event::LogGenesis).seat("my.mtuc/titian/log/2026a", 0, [0x23; 16], NOW);
    let refused = LeafDraft { code: Some("NO_CONSENT".into()), peer: Some("id.ksbsi".into()), ..LeafDraft::new(Event::ReferralRefused) };
    let refused = refused.seat("my.mtuc/titian/log/2026a", 6, [0x24; 16], NOW);
    let leaves: Vec<Value> = [genesis, sent_leaf(), refused]
        .iter()
        .map(|leaf| {
            let bytes = leaf.encode();
            assert_eq!(Leaf::parse(&bytes).unwrap(), *leaf);
            json!({ "text": std::str::from_utf8(&bytes).unwrap(), "hash": Leaf::hash(&bytes) })
        })
        .collect();
    golden(
        "leaf.json",
        &json!({ "about": "Log leaves: RFC 8785 JSON. hash = SHA-256(0x00 || text), the leaf hash of RFC 6962.", "leaves": leaves }),
    );
}

#[test]
fn commitment_bytes() {
    let (record_key, transfer) = ([0x41; 32], TransferId([0x15; 16]));
    let salt = transfer_salt(&record_key, transfer);
    let fields: Vec<(String, &[u8])> =
        vec![("offer".into(), b"an offer"), ("claim#0".into(), b"two months of wages"), ("claim#10".into(), b"")];
    let opened: Vec<Value> = fields
        .iter()
        .map(|(name, value)| {
            let key = field_key(&salt, name);
            json!({ "name": name, "value": hex::encode(value), "key": hex::encode(*key), "tag": hex::encode(open_field(&key, value)) })
        })
        .collect();
    golden(
        "commitment.json",
        &json!({
            "about": "salt = HKDF-SHA256(record_key, \"titian/xfer/v1\" || transfer); key = HKDF-SHA256(salt, \"titian/field/v1\" || name); tag = HMAC-SHA256(key, value); \
                      commitment = SHA-256(\"titian/commit/v1\\n\" || for each name in order: name \"\\n\" hex(tag) \"\\n\").",
            "record_key": hex::encode(record_key),
            "transfer": hex::encode(transfer.0),
            "salt": hex::encode(*salt),
            "fields": opened,
            "commitment": commitment(&salt, transfer, &fields),
        }),
    );
}

#[test]
fn descriptor_bytes() {
    let chain = DescriptorChain::begin(&sign_descriptor(&descriptor(), &[&key(ROOT_SEED)])).unwrap();
    let next = Descriptor { sequence: 2, previous_digest: Some(chain.digest()), signing_keys: vec![verifying(5)], ..descriptor() };
    let chain = chain.followed_by(&sign_descriptor(&next, &[&key(ROOT_SEED)])).unwrap();
    let bytes: Vec<String> = chain.to_wire().descriptors.iter().map(|signed| hex::encode(signed.encode_to_vec())).collect();
    golden(
        "descriptor.json",
        &json!({
            "about": "SignedDescriptors of descriptor.proto: Ed25519 over \"titian/descriptor/v1\\n\" || descriptor. fingerprint = SHA-256(\"titian/fingerprint/v1\\n\" || node id || \"\\n\" \
                      || root threshold (u32, big endian) || root public keys in order of their bytes), of the first descriptor; words: BIP 39 English of its first 16 bytes.",
            "root_secret_key": hex::encode([ROOT_SEED; 32]),
            "signed_descriptors": bytes,
            "digest": chain.digest(),
            "fingerprint": hex::encode(chain.fingerprint().as_bytes()),
            "words": chain.fingerprint().words(),
            "file": chain.to_file(),
        }),
    );
    assert_eq!(DescriptorChain::from_file(&chain.to_file()).unwrap(), chain);
}

#[test]
fn bundle_bytes() {
    let (sender, recipient) = (NodeId::parse("my.mtuc").unwrap(), NodeId::parse("id.ksbsi").unwrap());
    let key = SealingKey::from_secret_bytes(&Zeroizing::new([0x31; 32])).unwrap();
    let to = Recipient::choose(&recipient, &[VerifyingKey::new(key.public_bytes(), NOW, NOW.plus_days(730))], NOW).unwrap();
    let frames = [wire::frame::Frame::Ping(wire::Ping { nonce: 7, answer: false }), wire::frame::Frame::Bye(wire::Bye { reason: 0 })];
    let frames = frames.map(|frame| wire::Frame { frame: Some(frame) });
    let (mut sealer, head) = Sealer::begin(&sender, &signer(), &to, NOW, &mut |bytes| bytes.fill(0x32)).unwrap();
    let (chunk, last) = (sealer.seal(&frames[0]).unwrap(), sealer.finish(&frames[1]).unwrap());
    golden(
        "bundle.json",
        &json!({
            "about": "A file of bundle.proto: head (magic, length, BundlePreamble), a chunk, the last chunk. info, aad and the signature as bundle.proto says; \
                      the ephemeral key is DeriveKeyPair(ephemeral_ikm) of RFC 9180.",
            "input": { "sender": "my.mtuc", "recipient": "id.ksbsi", "made_at_ms": NOW },
            "secret_key": hex::encode([SIGNING_SEED; 32]),
            "sealing_secret_key": hex::encode(*key.secret_bytes()),
            "sealing_public_key": hex::encode(key.public_bytes()),
            "sealing_key_id": key.key_id(),
            "ephemeral_ikm": "32".repeat(32),
            "frames": frames.each_ref().map(|frame| hex::encode(frame.encode_to_vec())),
            "head": hex::encode(&head),
            "chunks": [hex::encode(&chunk), hex::encode(&last)],
        }),
    );
    let mut cutter = Cutter::new();
    cutter.push(&[head, chunk, last].concat());
    let preamble = cutter.preamble().unwrap().unwrap();
    let mut opener = Opener::begin(&preamble, &recipient, Some(&key), &KeyRing::new(vec![verifying(SIGNING_SEED)]), NOW).unwrap();
    for frame in frames {
        assert!(opener.open(&cutter.chunk().unwrap().unwrap()).unwrap() == frame);
    }
    assert_eq!(opener.finish(&cutter), Ok(()));
}

#[test]
fn one_flipped_bit_of_any_golden_header_changes_its_hash() {
    let bytes = header().encode();
    for place in 0..bytes.len() {
        let mut altered = bytes.to_vec();
        altered[place] ^= 0x80;
        assert_ne!(envelope_hash(&Bytes::from(altered)), envelope_hash(&bytes));
    }
}

#[test]
fn compromise_bytes() {
    let since = NOW.plus_days(-1);
    let notice = CompromiseNotice::sign(descriptor().node_id, since, vec![signer().key_id().to_owned()], &[&key(ROOT_SEED)]).unwrap();
    let chain = DescriptorChain::begin(&sign_descriptor(&descriptor(), &[&key(ROOT_SEED)])).unwrap();
    notice.verify(&chain).unwrap();
    let wired = notice.to_wire();
    let signed = wire::CompromiseNotice { signatures: vec![], ..wired.clone() }.encode_to_vec();
    golden(
        "compromise.json",
        &json!({
            "root_seed": hex::encode([ROOT_SEED; 32]),
            "node_id": notice.node_id.as_str(),
            "compromised_since_ms": since.as_millis(),
            "key_ids": notice.key_ids,
            "signed_bytes": hex::encode([b"titian/compromise/v1\n".as_slice(), &signed].concat()),
            "notice": hex::encode(wired.encode_to_vec()),
        }),
    );
}

#[test]
fn slip_bytes() {
    let entry = |recipient: &str, days, categories: &[Category]| SlipEntry {
        recipient: NodeId::parse(recipient).unwrap(),
        until: NOW.plus_days(days).date(),
        categories: categories.iter().map(|category| SlipCategory::of(*category)).collect(),
    };
    let slip = Slip {
        reference: SlipReference([0x51; 10]),
        issuer: descriptor().node_id,
        issued_on: NOW.date(),
        entries: vec![
            entry("id.ksbsi", 180, &[Category::CaseCore, Category::Identity, Category::Claim]),
            entry("id.sbmi", 90, &[Category::CaseCore, Category::Health]),
        ],
    };
    let text = slip.sign(&signer()).unwrap();
    let chain = DescriptorChain::begin(&sign_descriptor(&descriptor(), &[&key(ROOT_SEED)])).unwrap();
    assert_eq!(Slip::verify(&text, &chain), Ok(slip));
    golden(
        "slip.json",
        &json!({
            "about": "The text in the code on a worker's slip. sig = base64url of Ed25519 over \"titian/slip/v1\\n\" || every line before it, each with its line feed. \
                      Categories of T3 and T4 are the one word SENSITIVE. The key must have signed at some time of the day of the line \"by\".",
            "secret_key": hex::encode([SIGNING_SEED; 32]),
            "text": text,
        }),
    );
}

#[test]
fn hand_over_bytes() {
    let steps = [HandOverStep::Offer, HandOverStep::Accept, HandOverStep::Commit, HandOverStep::Abort];
    let bodies: Vec<Value> = steps
        .into_iter()
        .map(|step| {
            let hand_over = wire::HandOver {
                referral_id: vec![0x14; 16].into(),
                owner_term: 2,
                step: step.to_wire(),
                subject_ref: vec![0x19; 16].into(),
                purpose: wire::Purpose::WageRecovery.into(),
                grant: None,
            };
            let body = wire::Body { salt: vec![0x18; 32].into(), content: Some(wire::body::Content::HandOver(hand_over)) }.encode_to_vec();
            let (_, content) = Content::parse(EnvelopeKind::HandOver, &body.clone().into()).unwrap();
            assert_eq!(content.kind(), EnvelopeKind::HandOver);
            json!({ "step": step, "body": hex::encode(&body), "digest": Digest::of(&body) })
        })
        .collect();
    golden(
        "hand_over.json",
        &json!({
            "about": "Bodies of HAND_OVER envelopes, without the grant that an OFFER carries beside. Who owns a case: the only owner commits; a lower term is refused with STALE_VERSION.",
            "input": { "salt": "18".repeat(32), "referral_id": "14".repeat(16), "owner_term": 2, "subject_ref": "19".repeat(16), "purpose": "WAGE_RECOVERY" },
            "bodies": bodies,
        }),
    );
}
