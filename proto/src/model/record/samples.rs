//! One record of each type with every field filled, as it comes over the wire. Everybody and everything in them is invented.

use crate::wire;
use crate::wire::record_content::Content;

/// One of each type, in the order of the contract.
pub(crate) fn all() -> Vec<wire::RecordContent> {
    let contents = [
        Content::Journey(journey()),
        Content::Complaint(complaint()),
        Content::ServiceAction(wire::ServiceAction { service: 3, date: "2026-03-02".into(), provider: "my.mtuc".into(), result: 1 }),
        Content::GroupCount(group_count()),
        Content::Demographic(demographic()),
        Content::Identity(identity()),
        Content::Contact(contact()),
        Content::Safety(safety()),
        Content::Employer(employer()),
        Content::Claim(claim()),
        Content::Outcome(outcome()),
        Content::Narrative(wire::Narrative { text: "She says:\n\"nobody was paid\"".into(), language: "id".into() }),
        Content::Document(document(1)),
        Content::IdentityDocument(wire::IdentityDocument { kind: 1, number: "A0000001".into(), holder: 2, country: "ID".into() }),
        Content::ImmigrationStatus(wire::ImmigrationStatus { status: 4 }),
        Content::UnionMembership(wire::UnionMembership { union: "id.ksbsi".into(), kind: 2, as_of: "2026-01-31".into() }),
        Content::Family(wire::Family { relation: 4, name: "Contoh".into(), reporter: true }),
        Content::Health(wire::Health { condition: 1, since: "2025-11-05".into(), needs_care: true }),
        Content::GbvTrafficking(wire::GbvTrafficking { violence_type: 6, suspected_trafficking: true, month: "2026-01".into() }),
        Content::AllegedOffence(wire::AllegedOffence { name: "Contoh".into(), role: 8, code: "V05".into() }),
        Content::Partner(partner()),
        Content::Material(material()),
    ];
    contents.into_iter().map(wrap).collect()
}

pub(crate) fn wrap(content: Content) -> wire::RecordContent {
    wire::RecordContent { content: Some(content) }
}

pub(crate) fn journey() -> wire::Journey {
    wire::Journey {
        country_of_origin: "ID".into(),
        country_of_destination: "MY".into(),
        migration_stage: 3,
        languages: vec!["id".into(), "jv".into()],
        interpreter_needed: true,
        reads: vec!["id".into()],
    }
}

pub(crate) fn complaint() -> wire::Complaint {
    wire::Complaint {
        kind: 1,
        intake_kind: 2,
        intake_channel: 2,
        mrc_office: "Kuala Lumpur".into(),
        codes: vec!["W01".into(), "W06".into(), "D01".into()],
        primary: "W01".into(),
        assistance_requested: vec![3],
        client_decision: 3,
        client_decision_on: "2026-02-20".into(),
        route: 1,
        stage: 2,
        limitation_date: "2027-01-31".into(),
        limitation_rule: "MY-EA-69".into(),
        closure_reason: 2,
        raised_tier: 3,
    }
}

pub(crate) fn group_count() -> wire::GroupCount {
    wire::GroupCount { parent_group_ref: vec![7; 16].into(), country: "BD".into(), represented_count: 4_200, registered_count: 310 }
}

pub(crate) fn demographic() -> wire::Demographic {
    wire::Demographic { sex: 1, age_band: 3, nationality: "ID".into() }
}

pub(crate) fn identity() -> wire::Identity {
    wire::Identity { full_name: "Siti Aminah".into(), name_native_script: "سيتي أمينة".into(), date_of_birth: "1996-05-04".into() }
}

pub(crate) fn contact() -> wire::Contact {
    wire::Contact {
        contacts: vec![
            wire::ContactPoint { kind: 3, value: "+9996281230001".into(), device_held_by: 3, safe: true },
            wire::ContactPoint { kind: 6, value: "mina@example.org".into(), device_held_by: 1, safe: false },
            wire::ContactPoint { kind: 8, value: "the teacher".into(), device_held_by: 5, safe: true },
        ],
        origin_admin1: "ID-JI".into(),
        address: "Desa Contoh 3".into(),
    }
}

pub(crate) fn window() -> wire::ContactWindow {
    wire::ContactWindow { days: "Mon-Fri,Sun".into(), from: "18:00".into(), to: "20:30".into(), zone: "Asia/Jakarta".into() }
}

pub(crate) fn safety() -> wire::Safety {
    wire::Safety {
        safe_name: "Mina".into(),
        methods: vec![3, 2],
        windows: vec![window()],
        never_between: vec![wire::ContactWindow { from: "22:00".into(), to: "06:00".into(), ..window() }],
        voicemail_ok: true,
        text_ok: true,
        say_you_are: "the sewing class".into(),
        ask_first: "Is this a good time for the class?".into(),
        caller_gender: 1,
        interpreter_language: "id".into(),
        interpreter_exclude: vec!["Contoh".into()],
        phone_shared_with: vec!["sister".into()],
        do_not_contact_instead: vec!["uncle".into()],
        if_someone_else_answers: "Wrong number.".into(),
        last_confirmed_on: "2026-02-27".into(),
        prohibited_recipients: vec!["EMPLOYER".into(), "my.contoh".into()],
        risks: vec!["RETALIATION".into()],
    }
}

pub(crate) fn employer() -> wire::Party {
    wire::Party {
        role: 1,
        legal_name: "Kilang Contoh Sdn Bhd".into(),
        registration_no: "201901000001".into(),
        country: "MY".into(),
        worksite: "Shah Alam".into(),
        sector: 2,
        parent_party: "Contoh Holding".into(),
    }
}

pub(crate) fn money(minor_units: i64, currency: &str) -> wire::Money {
    wire::Money { minor_units, currency: currency.into() }
}

pub(crate) fn claim() -> wire::Claim {
    wire::Claim { amount: Some(money(600_000, "MYR")), period: Some(wire::Period { from: "2025-06-01".into(), to: "2025-12-15".into() }) }
}

pub(crate) fn outcome() -> wire::Outcome {
    wire::Outcome {
        outcome_type: 1,
        amount_total: Some(money(540_000, "MYR")),
        amount_per_worker: Some(money(540_000, "MYR")),
        workers_paid: 1,
        paid_on: "2026-06-30".into(),
        confirmed_by: vec![1, 2, 4],
        conversion: Some(wire::Conversion {
            amount: Some(money(133_465, "USD")),
            rate: "4.046".into(),
            rate_date: "2026-06-30".into(),
            source: "Bank Negara Malaysia".into(),
        }),
        leaders_confirmed: 5,
    }
}

pub(crate) fn document(document_type: i32) -> wire::DocumentManifest {
    wire::DocumentManifest {
        document_type,
        language: "ms".into(),
        original_with: 2,
        media_type: "application/pdf".into(),
        size_bytes: 120_000,
        content_digest: vec![9; 32].into(),
    }
}

fn partner() -> wire::Partner {
    wire::Partner {
        partner_id: "MY-SHELTER-1".into(),
        names: vec![wire::LocalText { language: "en".into(), text: "A shelter".into() }],
        kind: 9,
        country: "MY".into(),
        services: vec![9, 1],
        languages: vec!["ms".into()],
        hours: "day and night".into(),
        assured_on: "2026-02-01".into(),
    }
}

fn material() -> wire::InformationMaterial {
    wire::InformationMaterial {
        material_id: "PRIVACY-ID".into(),
        version: 1,
        titles: vec![wire::LocalText { language: "id".into(), text: "Pemberitahuan privasi".into() }],
        language: "id".into(),
        topic: 9,
        issuer: "MTUC".into(),
        digest: vec![3; 32].into(),
        valid_until: "2027-12-31".into(),
    }
}
