//! Inputs that are read to the end: the golden vectors, and the returnee of `deploy/sample`.
#![allow(clippy::needless_update, reason = "messages grow with the protocol")]

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message as _;
use serde_json::Value;
use titian_client::input::File;
use titian_proto::envelope::{EnvelopeKind, Header, SealContext, Signer, envelope_hash};
use titian_proto::model::agreement::Agreement;
use titian_proto::model::descriptor::{DescriptorChain, key_id_of};
use titian_proto::model::id::Digest;
use titian_proto::model::statement::{SignedStatement, Statement, StatementKind};
use titian_proto::wire::{self, body, frame};

use super::NOW;
use crate::programs::project;
use crate::sample;

/// The key that signs in the golden vectors.
const SIGNING_SEED: [u8; 32] = [2; 32];

/// Every kind of frame; one of deliveries for every kind of content.
#[must_use]
pub fn frames() -> Vec<Vec<u8>> {
    let delivered =
        bodies().into_iter().map(|(kind, body)| frame::Frame::Deliveries(wire::Deliveries { deliveries: vec![delivery(kind, body)] }));
    let others = [
        frame::Frame::Hello(hello()),
        frame::Frame::Receipts(wire::Receipts { receipts: vec![golden_receipt()] }),
        frame::Frame::Stored(wire::Stored { lane: 3, through: 17, ..wire::Stored::default() }),
        frame::Frame::Credit(wire::Credit { lane: 4, envelopes: 64, bytes: 1 << 20 }),
        frame::Frame::Bye(wire::Bye { reason: 1 }),
        frame::Frame::Ping(wire::Ping { nonce: 7, answer: true }),
    ];
    delivered.chain(others).map(|frame| wire::Frame { frame: Some(frame) }.encode_to_vec()).collect()
}

/// The body of every kind of content, behind the byte that chooses its kind.
#[must_use]
pub fn contents() -> Vec<Vec<u8>> {
    let choice =
        |kind| EnvelopeKind::ALL.iter().position(|one| *one == kind).and_then(|place| u8::try_from(place).ok()).unwrap_or_default();
    bodies().into_iter().map(|(kind, body)| [&[choice(kind)][..], &body].concat()).collect()
}

/// The golden leaves.
#[must_use]
pub fn leaves() -> Vec<Vec<u8>> {
    let leaves = golden("leaf")["leaves"].as_array().cloned().unwrap_or_default();
    leaves.iter().filter_map(|leaf| leaf["text"].as_str()).map(|text| text.as_bytes().to_vec()).collect()
}

/// The golden chain and its first descriptor, as bytes and as the file.
#[must_use]
pub fn descriptors() -> Vec<Vec<u8>> {
    let chain = golden_chain();
    let alone = chain.descriptors().map(|descriptor| descriptor.encode().to_vec());
    alone.chain([chain.encode().to_vec(), chain.to_file().into_bytes()]).collect()
}

/// A statement of every kind, and one of them signed.
#[must_use]
pub fn statements() -> Vec<Vec<u8>> {
    let all = StatementKind::ALL.iter().map(|kind| statement(*kind));
    let signed = SignedStatement::sign(&statement(StatementKind::Sign), &signer()).to_wire().encode_to_vec();
    all.map(|statement| statement.to_wire().encode_to_vec()).chain([signed]).collect()
}

/// The agreement of the sample with its first statements.
#[must_use]
pub fn agreement_files() -> Vec<Vec<u8>> {
    vec![agreement_file().encode_to_vec()]
}

/// The agreement of the sample as an officer writes it, alone and among other tables, and as it is signed.
#[must_use]
pub fn agreement_texts() -> Vec<Vec<u8>> {
    vec![agreement_text().into_bytes(), sample::text().into_bytes(), agreement().to_canonical_toml().into_bytes()]
}

/// The chain of the golden descriptor.
///
/// # Panics
/// When the vector is not what its own test made it.
#[must_use]
pub fn golden_chain() -> DescriptorChain {
    match golden("descriptor")["file"].as_str().map(DescriptorChain::from_file) {
        Some(Ok(chain)) => chain,
        _ => panic!("proto/vectors/descriptor.json holds no chain"),
    }
}

fn golden(name: &str) -> Value {
    let path = project().join(format!("proto/vectors/{name}.json"));
    let read = std::fs::read(&path).map_err(|error| error.to_string());
    match read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string())) {
        Ok(value) => value,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

fn golden_bytes(name: &str, member: &str) -> Vec<u8> {
    let text = golden(name)[member].as_str().unwrap_or_default().to_owned();
    (0..text.len() / 2).filter_map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

fn golden_header() -> Header {
    match Header::parse(&golden_bytes("header", "header")) {
        Ok(header) => header,
        Err(error) => panic!("proto/vectors/header.json holds no header: {error}"),
    }
}

fn golden_receipt() -> wire::SignedReceipt {
    wire::SignedReceipt::decode(golden_bytes("receipt", "signed_receipt").as_slice()).unwrap_or_default()
}

fn signer() -> Signer {
    let key = SigningKey::from_bytes(&SIGNING_SEED);
    Signer::new(key_id_of(&key.verifying_key().to_bytes()), key)
}

fn hello() -> wire::Hello {
    let cursor = |lane| wire::LaneCursor {
        lane,
        applied_through: 2,
        stored_through: 3,
        last_hash: vec![7; 32].into(),
        ..wire::LaneCursor::default()
    };
    wire::Hello {
        node_id: "my.mtuc".into(),
        epoch: id(1),
        protocol_min: 1,
        protocol_max: 2,
        received: (1..=5).map(cursor).collect(),
        peer_epoch: id(2),
        descriptor_digest: golden_chain().digest().to_wire(),
        ..wire::Hello::default()
    }
}

fn delivery(kind: EnvelopeKind, body: Vec<u8>) -> wire::Delivery {
    let header = Header { kind, body_digest: Digest::of(&body), critical_extensions: Vec::new(), ..golden_header() }.encode();
    let seal = signer().seal(SealContext::Envelope, &[envelope_hash(&header)]).pop();
    let envelope = wire::Envelope { header, body: body.into(), seal };
    wire::Delivery { envelope: Some(envelope), leaf: leaves().pop().unwrap_or_default().into(), purged: 0 }
}

fn bodies() -> Vec<(EnvelopeKind, Vec<u8>)> {
    let contents = [
        (EnvelopeKind::Offer, body::Content::Offer(offer())),
        (EnvelopeKind::Offer, body::Content::Offer(welfare_check())),
        (EnvelopeKind::SharePut, body::Content::Put(put())),
        (EnvelopeKind::ShareRetract, body::Content::Retract(wire::ShareRetract { referral_id: id(1), record_refs: vec![id(8), id(9)] })),
        (EnvelopeKind::State, body::Content::State(change())),
        (EnvelopeKind::Agreement, body::Content::Agreement(agreement_file())),
        (EnvelopeKind::Withdrawal, body::Content::Withdrawal(withdrawal())),
        (EnvelopeKind::ErasureReceipt, body::Content::ErasureReceipt(erasure())),
        (
            EnvelopeKind::Breach,
            body::Content::Breach(wire::BreachNotice { found_at_ms: now(), categories: vec![1, 2], referral_ids: vec![id(1)] }),
        ),
        (EnvelopeKind::Compromise, body::Content::Compromise(compromise())),
        (EnvelopeKind::HandOver, body::Content::HandOver(hand_over())),
    ];
    let body = |content| wire::Body { salt: vec![5; 32].into(), content: Some(content) }.encode_to_vec();
    contents.into_iter().map(|(kind, content)| (kind, body(content))).collect()
}

fn hand_over() -> wire::HandOver {
    wire::HandOver { referral_id: id(1), owner_term: 2, step: 2, subject_ref: id(3), purpose: 1, ..wire::HandOver::default() }
}

fn compromise() -> wire::CompromiseNotice {
    let signature = wire::RootSignature { public_key: vec![6; 32].into(), signature: vec![7; 64].into() };
    wire::CompromiseNotice {
        node_id: "kh.clc".into(),
        compromised_since_ms: now(),
        key_ids: vec!["0123456789abcdef".into()],
        signatures: vec![signature],
    }
}

fn offer() -> wire::Offer {
    let records = records();
    let find =
        |wanted: fn(&wire::RecordContent) -> bool| records.iter().find(|record| wanted(record)).and_then(|record| record.content.clone());
    use wire::record_content::Content;
    let journey = match find(|record| matches!(record.content, Some(Content::Journey(_)))) {
        Some(Content::Journey(journey)) => Some(journey),
        _ => None,
    };
    let demographic = match find(|record| matches!(record.content, Some(Content::Demographic(_)))) {
        Some(Content::Demographic(demographic)) => Some(demographic),
        _ => None,
    };
    wire::Offer {
        referral_id: id(1),
        version: 1,
        kind: 1,
        purpose: 1,
        services_requested: vec![1],
        priority: 3,
        respond_by_ms: now() + 1,
        contact_by_ms: now() + 2,
        categories: vec![1, 2],
        subject_ref: id(2),
        tier: 3,
        journey,
        demographic,
        case_kind: 1,
        intake_kind: 2,
        complaint_codes: vec!["W01".into()],
        assistance_requested: vec![3],
        group_count: None,
        grant: Some(grant()),
        approval: Some(approval()),
    }
}

fn welfare_check() -> wire::Offer {
    use wire::{Category, ConsentBasis, ConsentGiver, ConsentMethod, Purpose, ReferralKind};
    let reaches = vec![Category::Identity.into(), Category::Contact.into(), Category::Safety.into()];
    let basis = wire::Grant {
        given_by: ConsentGiver::Nobody.into(),
        method: ConsentMethod::NotAsked.into(),
        basis: ConsentBasis::WelfareCheck.into(),
        purposes: vec![Purpose::WelfareCheck.into()],
        categories: reaches.clone(),
        witnesses: vec!["staff-1".into(), "staff-2".into()],
        ..grant()
    };
    wire::Offer {
        kind: ReferralKind::WelfareCheck.into(),
        purpose: Purpose::WelfareCheck.into(),
        services_requested: Vec::new(),
        categories: reaches,
        tier: 3,
        journey: None,
        demographic: None,
        intake_kind: 1,
        complaint_codes: Vec::new(),
        assistance_requested: Vec::new(),
        grant: Some(basis),
        ..offer()
    }
}

fn put() -> wire::SharePut {
    let shared =
        |(place, content)| wire::SharedRecord { record_ref: id(place), owner: "my.mtuc".into(), revision: 1, content: Some(content) };
    wire::SharePut {
        referral_id: id(1),
        version: 1,
        purpose: 1,
        subject_ref: id(2),
        records: (10..).zip(records()).map(shared).collect(),
        grant: Some(grant()),
        approval: None,
        whole: true,
    }
}

fn change() -> wire::StateChange {
    wire::StateChange { referral_id: id(1), version: 1, state: 9, reason: 0, outcome: 1, custody: 0, sequence: 4 }
}

fn withdrawal() -> wire::WithdrawalNotice {
    let withdrawal = wire::Withdrawal {
        sequence: 2,
        recipient: "id.ksbsi".into(),
        categories: vec![3],
        action: 3,
        effective_at_ms: now(),
        ..wire::Withdrawal::default()
    };
    wire::WithdrawalNotice { subject_ref: id(2), referral_ids: vec![id(1)], withdrawal: Some(withdrawal) }
}

fn erasure() -> wire::ErasureReceipt {
    let exception = wire::ErasureException { ground: 3, commitments: vec![vec![6; 32].into()], review_on: "2026-09-01".into() };
    wire::ErasureReceipt {
        withdrawal_sequence: 2,
        referral_ids: vec![id(1)],
        commitments: vec![vec![5; 32].into()],
        key_ids_destroyed: vec!["bucket-1".into()],
        backups_expire_by_ms: now() + 1,
        exceptions: vec![exception],
        onward: vec!["kh.clc".into()],
        erased_at_ms: now(),
        onward_erased: vec!["kh.clc".into()],
        categories: Vec::new(),
        own_sequence: Some(1),
    }
}

/// The records of the returnee, as her caseworker wrote them down.
fn records() -> Vec<wire::RecordContent> {
    let file = returnee();
    [file.worker(), file.case(), file.records(None)].into_iter().flat_map(Result::unwrap_or_default).collect()
}

fn grant() -> wire::Grant {
    let Ok(written) = returnee().consent() else { panic!("the sample has no consent") };
    let times = wire::Grant { given_at_ms: now(), valid_from_ms: now(), valid_until_ms: now() + 86_400_000, ..written.grant };
    wire::Grant { consent_id: id(3), version: 1, sequence: 1, ..times }
}

fn approval() -> wire::Approval {
    wire::Approval { author: "staff-1".into(), approver: "staff-2".into(), approved_at_ms: now() }
}

fn returnee() -> File {
    match File::parse("the sample", &sample::text()) {
        Ok(file) => file,
        Err(error) => panic!("the sample cannot be read: {error}"),
    }
}

fn agreement_text() -> String {
    match returnee().agreement() {
        Ok(text) => text,
        Err(error) => panic!("the sample has no agreement: {error}"),
    }
}

fn agreement() -> Agreement {
    match Agreement::from_toml(&agreement_text()) {
        Ok(agreement) => agreement,
        Err(error) => panic!("the sample's agreement: {error}"),
    }
}

fn agreement_file() -> wire::AgreementFile {
    let signed = |kind| SignedStatement::sign(&statement(kind), &signer()).to_wire();
    let statements = [StatementKind::Propose, StatementKind::Sign].map(signed).to_vec();
    wire::AgreementFile { text: agreement().to_canonical_toml().into_bytes().into(), statements }
}

/// A statement of this kind by MTUC, with what its kind needs.
fn statement(kind: StatementKind) -> Statement {
    use StatementKind as K;
    let approval = wire::GovernmentApproval {
        authority: "Ministry of Human Resources".into(),
        reference: "KSM-1".into(),
        date: "2026-01-31".into(),
        scan_digest: vec![4; 32].into(),
        attesting_office: "Secretary General".into(),
    };
    let written = wire::Statement {
        agreement: Some(agreement().reference().to_wire()),
        node_id: "my.mtuc".into(),
        kind: kind.to_wire(),
        sequence: 1,
        claimed_at_ms: now(),
        effective_on: if kind == K::Terminate { "2026-06-30".into() } else { String::new() },
        reason: i32::from(matches!(kind, K::Suspend | K::Terminate | K::Reject)),
        approval: (kind == K::Approve).then_some(approval),
        on_behalf_of: if kind == K::Accede { "id.ksbsi".into() } else { String::new() },
    };
    match Statement::from_wire(&written) {
        Ok(statement) => statement,
        Err(error) => panic!("a statement of kind {kind}: {error}"),
    }
}

fn id(byte: u8) -> Bytes {
    vec![byte; 16].into()
}

fn now() -> i64 {
    NOW.as_millis()
}
