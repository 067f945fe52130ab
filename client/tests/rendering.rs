//! What people and scripts read of made-up messages.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails shall fail")]

mod support;

use titian_client::codes;
use titian_client::output::{self, text};
use titian_proto::wire;
use titian_proto::wire::record_content::Content;

/// 2026-03-02T02:00:00Z.
const NOW: i64 = 1_772_416_800_000;

fn id(byte: u8) -> bytes::Bytes {
    bytes::Bytes::from(vec![byte; 16])
}

fn referral() -> wire::Referral {
    let offer = wire::Offer {
        referral_id: id(1),
        version: 1,
        kind: wire::ReferralKind::Service.into(),
        purpose: wire::Purpose::WageRecovery.into(),
        services_requested: vec![wire::Service::LegalAdvice.into()],
        priority: wire::Priority::Normal.into(),
        respond_by_ms: NOW + 86_400_000,
        categories: vec![wire::Category::CaseCore.into(), wire::Category::Claim.into()],
        tier: wire::Tier::T2.into(),
        journey: Some(wire::Journey {
            country_of_origin: "ID".to_owned(),
            country_of_destination: "MY".to_owned(),
            migration_stage: wire::MigrationStage::Returnee.into(),
            languages: vec!["id".to_owned(), "jv".to_owned()],
            ..Default::default()
        }),
        demographic: Some(wire::Demographic {
            sex: wire::Sex::Female.into(),
            age_band: wire::AgeBand::A2534.into(),
            nationality: String::new(),
        }),
        case_kind: wire::CaseKind::Individual.into(),
        complaint_codes: vec!["W01".to_owned(), "D01".to_owned()],
        ..Default::default()
    };
    wire::Referral {
        referral_id: id(1),
        sender: "my.mtuc".to_owned(),
        recipient: "id.ksbsi".to_owned(),
        case_id: id(2),
        worker_id: id(3),
        offer: Some(offer),
        state: wire::ReferralState::Draft.into(),
        blocked_by: Some(wire::Refusal { code: wire::RefusalCode::NoConsent.into(), paths: Vec::new() }),
        agreement_id: "AG-MY-ID".to_owned(),
        agreement_version: 1,
        author: "s-01".to_owned(),
        changed_at_ms: NOW,
        ..Default::default()
    }
}

#[test]
fn a_blocked_referral_says_why_nothing_left() {
    support::check_golden("referral.txt", &output::referral::referral(&referral()));
}

#[test]
fn a_share_is_readable() {
    let shared = |byte: u8, content: Content| wire::SharedRecord {
        record_ref: id(byte),
        owner: "my.mtuc".to_owned(),
        revision: 1,
        content: Some(wire::RecordContent { content: Some(content) }),
    };
    let claim = wire::Claim {
        amount: Some(wire::Money { minor_units: 600_000, currency: "MYR".to_owned() }),
        period: Some(wire::Period { from: "2025-06-01".to_owned(), to: "2025-12-15".to_owned() }),
    };
    let safety = wire::Safety {
        safe_name: "Mina".to_owned(),
        methods: vec![wire::ContactKind::Whatsapp.into()],
        windows: vec![wire::ContactWindow {
            days: "Mon-Fri".into(),
            from: "18:00".into(),
            to: "20:00".into(),
            zone: "Asia/Jakarta".into(),
        }],
        text_ok: true,
        prohibited_recipients: vec!["EMPLOYER".to_owned()],
        ..Default::default()
    };
    let contact = wire::Contact {
        contacts: vec![wire::ContactPoint {
            kind: wire::ContactKind::Phone.into(),
            value: "+9996281230001".to_owned(),
            device_held_by: wire::DeviceHolder::Employer.into(),
            safe: false,
        }],
        ..Default::default()
    };
    let records = [shared(1, Content::Claim(claim)), shared(2, Content::Contact(contact)), shared(3, Content::Safety(safety))];
    support::check_golden("share.txt", &output::referral::share(&records));
}

#[test]
fn a_node_on_a_rehearsal_clock_says_so_first() {
    let status = wire::GetStatusResponse {
        node_id: "my.mtuc".to_owned(),
        version: "0.1.0".to_owned(),
        now_ms: NOW,
        rehearsal: true,
        engine: "sled".to_owned(),
        log_entries: 1234,
        peers: vec![wire::Peer {
            node_id: "id.ksbsi".to_owned(),
            kind: wire::PartnerKind::NationalUnion.into(),
            country: "ID".to_owned(),
            status: wire::PeerStatus::Active.into(),
            connected: true,
            queued: 2,
            answered: 40,
            last_contact_ms: NOW,
            ..Default::default()
        }],
        alarms: vec![wire::Alarm { code: "store.blobs-present".to_owned(), next_step: "Tell the makers.".to_owned() }],
        fingerprint_words: "abandon ability".to_owned(),
        epoch: "00ff".to_owned(),
        tasks: vec![wire::TaskCount { kind: wire::TaskKind::RenewConsent.into(), waiting: 3, overdue: 0 }],
    };
    support::check_golden("status.txt", &output::node::status(&status));
}

#[test]
fn a_log_entry_is_one_line() {
    let leaf = |json: &str| wire::LogLeaf { index: 7, leaf: bytes::Bytes::copy_from_slice(json.as_bytes()) };
    let sent = r#"{"event":"referral.sent","fields":["CASE_CORE","CLAIM"],"mou":"AG-MY-ID#1","peer":"id.ksbsi","purpose":"WAGE_RECOVERY","seq":7}"#;
    assert_eq!(
        output::log::line(&leaf(sent)),
        "       7  referral.sent         id.ksbsi          AG-MY-ID#1      WAGE_RECOVERY  CASE_CORE,CLAIM"
    );
    assert_eq!(output::log::line(&leaf("\u{1b}[2J")), "       7  not an entry of a log that this program can read");
}

#[test]
fn scripts_get_canonical_json() {
    let json: serde_json::Value = serde_json::to_value(wire::GetReferralResponse { referral: Some(referral()) }).unwrap();
    assert_eq!(json["referral"]["blockedBy"]["code"], "REFUSAL_CODE_NO_CONSENT");
    assert_eq!(json["referral"]["offer"]["purpose"], "PURPOSE_WAGE_RECOVERY");
    assert_eq!(json["referral"]["referralId"], "AQEBAQEBAQEBAQEBAQEBAQ==");
}

#[test]
fn money_is_written_as_people_write_it() {
    let money = |minor_units, currency: &str| text::money(&wire::Money { minor_units, currency: currency.to_owned() });
    assert_eq!(money(600_000, "MYR"), "MYR 6,000.00");
    assert_eq!(money(5, "MYR"), "MYR 0.05");
    assert_eq!(money(1_254_600_000, "JOD"), "JOD 1,254,600.000");
    assert_eq!(money(123_456, "JPY"), "JPY 123,456");
}

#[test]
fn a_text_from_another_union_cannot_rewrite_the_screen() {
    assert_eq!(text::clean("Ani\u{1b}[2Jx\u{202e}y\nz"), "Ani\\u{1b}[2Jx\\u{202e}y z");
    assert_eq!(text::clean("သန်းသန်းဌေး"), "သန်းသန်းဌေး");
}

#[test]
fn codes_are_read_and_shown() {
    assert_eq!(codes::words::<wire::ReferralState>(wire::ReferralState::InProgress.into()), "in progress");
    assert_eq!(codes::words::<wire::ReferralState>(99), "unknown (99)");
    assert_eq!(codes::words::<wire::ReferralState>(0), "");
    assert!(codes::parse::<wire::StaffRole>("FOCAL_POINT") == Some(wire::StaffRole::FocalPoint));
    assert!(codes::parse::<wire::StaffRole>("UNSPECIFIED").is_none());
    assert_eq!(codes::all::<wire::RefusalCode>().len(), 43, "every refusal code is in the list");
}

/// The slip of the golden vector, as the node answers.
fn slip() -> wire::MakeSlipResponse {
    let vector: serde_json::Value = serde_json::from_str(include_str!("../../proto/vectors/slip.json")).unwrap();
    let name = |language: &str, text: &str| wire::LocalText { language: language.to_owned(), text: text.to_owned() };
    let union = |node_id: &str, names: Vec<wire::LocalText>| wire::SlipUnion { node_id: node_id.to_owned(), names };
    wire::MakeSlipResponse {
        text: vector["text"].as_str().unwrap().to_owned(),
        unions: vec![
            union("my.mtuc", vec![name("en", "Malaysian Trades Union Congress"), name("ms", "Kongres Kesatuan Sekerja Malaysia")]),
            union("id.ksbsi", vec![name("en", "A <b>union</b> & friends"), name("id", "Konfederasi Serikat Buruh Seluruh Indonesia")]),
        ],
        receipt_not_said: false,
        language: "id".to_owned(),
    }
}

#[test]
fn a_slip_is_one_page_that_prints() {
    let made = slip();
    support::check_golden("slip.html", &output::slip::Page::of(&made, "en").unwrap().html());
}

#[test]
fn a_slip_speaks_every_language_that_has_words_and_english_else() {
    let made = slip();
    let is_code = |line: &&str| line.contains(['█', '▀', '▄']);
    let mut text = String::new();
    for words in output::slip::words::TABLE {
        let page = output::slip::Page::of(&made, words.language).unwrap().text();
        text.push_str(&format!("--- {}\n{}\n", words.language, page.lines().filter(|line| !is_code(line)).collect::<Vec<_>>().join("\n")));
    }
    support::check_golden("slips.txt", &text);
    let english = output::slip::Page::of(&made, "en-MY").unwrap().text();
    assert_eq!(output::slip::Page::of(&made, "km").unwrap().text(), english);
}
