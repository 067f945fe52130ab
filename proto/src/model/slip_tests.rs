use ed25519_dalek::SigningKey;

use super::*;
use crate::model::consent::{ConsentBasis, ConsentGiver, ConsentMethod, Grant, Withdrawal, WithdrawalAction, Withheld};
use crate::model::descriptor::{Descriptor, RootKey, TlsPin, VerifyingKey, key_id_of, sign_descriptor};
use crate::model::id::{ConsentId, Digest};
use crate::model::value::{Country, LocalText, Text};
use crate::model::vocabulary::PartnerKind;
use crate::wire;

/// 2026-03-02T02:00:00Z.
const NOW: Instant = Instant::from_millis(1_772_416_800_000);

fn node(id: &str) -> NodeId {
    NodeId::parse(id).unwrap()
}

fn grant(sequence: u64, recipient: &str, days: i64, categories: &[Category]) -> Grant {
    Grant {
        consent_id: ConsentId([u8::try_from(sequence).unwrap(); 16]),
        version: 1,
        sequence,
        given_by: ConsentGiver::Client,
        recipient: node(recipient),
        purposes: vec![Purpose::WageRecovery],
        categories: categories.to_vec(),
        record_types: Vec::new(),
        withheld: Vec::new(),
        onward_to: Vec::new(),
        destination_country: "ID".into(),
        informed_inadequate_protection: true,
        recipient_state_linked_told: false,
        notice_id: "PRIVACY-ID".into(),
        notice_version: 1,
        notice_language: "id".into(),
        interpreter_organisation: None,
        method: ConsentMethod::RecordedAudio,
        witnesses: Vec::new(),
        evidence_digest: None,
        given_at: NOW,
        valid_from: NOW,
        valid_until: NOW.plus_days(days),
        basis: ConsentBasis::Consent,
        withdrawal_channel: None,
        receipt_given: None,
        consent_reporting: false,
    }
}

fn said(ledger: &Ledger) -> Vec<String> {
    let entries = Slip::entries_of(ledger, NOW, |_| true);
    let line = |entry: &SlipEntry| {
        let categories: Vec<&str> = entry.categories.iter().map(|category| category.code()).collect();
        format!("{} {} {}", entry.recipient, entry.until, categories.join(" "))
    };
    entries.iter().map(line).collect()
}

fn slip() -> Slip {
    let ledger = Ledger::new(vec![grant(1, "id.ksbsi", 180, &[Category::CaseCore, Category::Health])], Vec::new());
    let entries = Slip::entries_of(&ledger, NOW, |_| true);
    Slip { reference: SlipReference([7; 10]), issuer: node("my.mtuc"), issued_on: NOW.date(), entries }
}

fn signer(seed: u8) -> Signer {
    let key = SigningKey::from_bytes(&[seed; 32]);
    Signer::new(key_id_of(&key.verifying_key().to_bytes()), key)
}

/// The descriptor of a union whose key begins to sign in the middle of a day.
fn chain(node_id: &str, seed: u8) -> DescriptorChain {
    let public = |seed: u8| SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
    let name = wire::LocalText { language: "en".into(), text: "A union".into() };
    let descriptor = Descriptor {
        node_id: node(node_id),
        sequence: 1,
        previous_digest: None,
        names: vec![LocalText::from_wire(&name).unwrap()],
        root_keys: vec![RootKey { organisation: Text::parse("A union", Text::NAME_BYTES).unwrap(), public_key: public(99) }],
        root_threshold: 1,
        kind: PartnerKind::NationalUnion,
        country: Country::parse(&node_id[..2].to_uppercase()).unwrap(),
        endpoints: Vec::new(),
        tls_pins: vec![TlsPin { spki_sha256: Digest([3; 32]), not_before: NOW, not_after: NOW.plus_days(730) }],
        signing_keys: vec![VerifyingKey::new(public(seed), NOW, NOW.plus_days(730))],
        log_keys: Vec::new(),
        witness_keys: Vec::new(),
        sealing_keys: Vec::new(),
        protocol_min: 1,
        protocol_max: 1,
        issued_at: NOW,
        not_after: NOW.plus_days(730),
        state_linked: false,
        log_origin: format!("{node_id}/titian/log/2026a"),
        service_precondition: None,
    };
    DescriptorChain::begin(&sign_descriptor(&descriptor, &[&SigningKey::from_bytes(&[99; 32])])).unwrap()
}

#[test]
fn it_says_who_may_hold_what_now_and_until_when() {
    let ksbsi = grant(1, "id.ksbsi", 180, &[Category::CaseCore, Category::Claim]);
    let longer = grant(2, "id.ksbsi", 100, &[Category::Claim, Category::Contact]);
    let ended = grant(3, "kh.clc", 1, &[Category::CaseCore]);
    let ledger = Ledger::new(vec![ksbsi, longer, Grant { valid_until: NOW, ..ended }], Vec::new());
    // The latest word about a category counts, as it does at the gate.
    assert_eq!(said(&ledger), ["id.ksbsi 2026-06-10 CONTACT CLAIM", "id.ksbsi 2026-08-29 CASE_CORE"]);
}

#[test]
fn what_she_withheld_or_took_back_is_not_on_it() {
    let withheld = vec![Withheld { category: Category::Claim, field: None, reason: None }];
    let first = Grant { withheld, ..grant(1, "id.ksbsi", 180, &[Category::CaseCore, Category::Claim]) };
    let second = grant(2, "id.sbmi", 180, &[Category::CaseCore]);
    let took_back = Withdrawal {
        consent_id: None,
        sequence: 3,
        recipient: Some(node("id.sbmi")),
        purposes: Vec::new(),
        categories: Vec::new(),
        action: WithdrawalAction::Erase,
        effective_at: NOW,
    };
    assert_eq!(said(&Ledger::new(vec![first, second], vec![took_back])), ["id.ksbsi 2026-08-29 CASE_CORE"]);
}

#[test]
fn no_paper_names_what_is_sensitive_or_how_much_of_it_there_is() {
    let categories = [Category::CaseCore, Category::Health, Category::GbvTrafficking, Category::Documents];
    let onward = vec![node("id.sbmi")];
    let ledger = Ledger::new(vec![Grant { onward_to: onward, ..grant(1, "id.ksbsi", 90, &categories) }], Vec::new());
    assert_eq!(said(&ledger), ["id.ksbsi 2026-05-31 CASE_CORE SENSITIVE", "id.sbmi 2026-05-31 CASE_CORE SENSITIVE"]);
    // Nor can one be written by hand.
    let text = slip().sign(&signer(2)).unwrap().replace("SENSITIVE", "HEALTH");
    assert_eq!(Slip::read(&text).unwrap_err().path, "entries");
}

#[test]
fn it_verifies_with_the_descriptor_file_alone_also_out_of_a_page() {
    let text = slip().sign(&signer(2)).unwrap();
    let page = format!("What you allowed\r\n\r\n{}\r\nend", text.replace('\n', "  \r\n"));
    for text in [text, page] {
        assert_eq!(Slip::verify(&text, &chain("my.mtuc", 2)), Ok(slip()));
    }
}

#[test]
fn a_slip_that_was_altered_or_is_of_another_union_is_not_believed() {
    let (text, mtuc) = (slip().sign(&signer(2)).unwrap(), chain("my.mtuc", 2));
    for (from, to) in [("2026-08-29", "2027-08-29"), ("CASE_CORE", "CLAIM"), ("id.ksbsi", "kh.clc"), ("0707", "0708")] {
        let altered = Slip::verify(&text.replacen(from, to, 1), &mtuc);
        assert!(matches!(altered, Err(SlipError::Signature(EnvelopeError::SignatureWrong { .. }))), "{from}: {altered:?}");
    }
    assert_eq!(Slip::verify(&text, &chain("id.ksbsi", 2)), Err(SlipError::OtherUnion));
    assert!(matches!(Slip::verify(&text, &chain("my.mtuc", 3)), Err(SlipError::Signature(EnvelopeError::KeyUnknown { .. }))));
    let cut: String = text.lines().take(5).map(|line| format!("{line}\n")).collect();
    assert!(matches!(Slip::verify(&cut, &mtuc), Err(SlipError::Malformed(_))));
    assert!(matches!(Slip::verify("", &mtuc), Err(SlipError::Malformed(_))));
}

#[test]
fn a_full_slip_still_fits_into_a_code() {
    let named: Vec<SlipCategory> =
        Category::ALL.iter().map(|category| SlipCategory::of(*category)).filter(|one| one.code() != "SENSITIVE").collect();
    let categories = [named, vec![SlipCategory::Sensitive]].concat();
    let recipient = node(&format!("my.{}", "a".repeat(NodeId::LENGTH_MAX - 3)));
    let entry = SlipEntry { recipient, until: NOW.date(), categories };
    let full = Slip { entries: vec![entry; Slip::ENTRIES_MAX], ..slip() };
    assert!(full.sign(&signer(2)).unwrap().len() <= Slip::TEXT_MAX);
    assert!(Slip { entries: vec![slip().entries[0].clone(); Slip::ENTRIES_MAX + 1], ..slip() }.sign(&signer(2)).is_err());
    assert!(Slip { entries: Vec::new(), ..slip() }.sign(&signer(2)).is_err());
}
