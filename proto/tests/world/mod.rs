//! Two unions, one worker and one referral that the gate permits; each test changes what it is about.

#![allow(dead_code, unreachable_pub, reason = "each test uses its own part of the world")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up must fail")]

use titian_proto::gate::{AgreementView, Content, LocalPolicy, PeerView, Permit, Question, SubjectFacts, decide};
use titian_proto::model::agreement::{Agreement, AgreementRef, AgreementState};
use titian_proto::model::consent::{ConsentBasis, ConsentGiver, ConsentMethod, Grant, Ledger, Withdrawal, WithdrawalAction};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{ConsentId, Digest, NodeId, RecordRef, ReferralId, SubjectRef};
use titian_proto::model::record::{CaseKind, IntakeKind, RecordContent, RecordType, SharedRecord};
use titian_proto::model::referral::{Approval, Offer, Priority, ReferralKind, SharePut};
use titian_proto::model::refusal::Refusal;
use titian_proto::model::value::{Country, Text};
use titian_proto::model::vocabulary::{Category, PartnerKind, Purpose, Tier};
use titian_proto::wire::{self, record_content::Content as Wire};

/// 2026-03-02T02:00:00Z.
pub const NOW: Instant = Instant::from_millis(1_772_416_800_000);

const AGREEMENT: &str = r#"
[agreement]
id = "AG-MY-ID"
title = "Cooperation on the protection of migrant workers"
kind = "MULTILATERAL"
parties = ["my.mtuc", "id.ksbsi", { node_id = "jo.mrc-amman", role = "OBSERVER" }]
effective_from = "2026-01-01"
expires_on = "2026-12-31"

[[annex]]
id = "MY-ID-1"
from = "my.mtuc"
to = "id.ksbsi"
purposes = ["WAGE_RECOVERY", "LEGAL_AID", "WELFARE_CHECK"]
categories = ["CASE_CORE", "DEMOGRAPHIC", "IDENTITY", "CONTACT", "SAFETY", "EMPLOYER", "CLAIM", "DOCUMENTS", "HEALTH"]
max_tier = "T4"
consent_methods = ["WRITTEN_SIGNED", "THUMBPRINT", "RECORDED_AUDIO", "VERBAL_WITNESSED"]
welfare_check_allowed = true
"#;

/// Everything a question is made of, owned.
#[derive(Clone)]
pub struct World {
    pub now: Instant,
    pub sender: NodeId,
    pub recipient: NodeId,
    pub peer: Option<PeerView>,
    pub agreement: Option<Agreement>,
    pub state: AgreementState,
    pub successor: Option<Agreement>,
    pub pinned: Option<AgreementRef>,
    pub ledger: Ledger,
    pub approval: Option<Approval>,
    pub prohibited: Vec<String>,
    pub subject: SubjectFacts,
    pub local: LocalPolicy,
    pub content: Content,
}

impl World {
    /// MTUC puts a claim into the share of KSBSI, and nothing is in the way.
    pub fn put(types: &[RecordType]) -> Self {
        let grant = grant();
        Self {
            now: NOW,
            sender: node("my.mtuc"),
            recipient: node("id.ksbsi"),
            peer: Some(peer("id.ksbsi")),
            agreement: Some(Agreement::from_toml(AGREEMENT).unwrap()),
            state: AgreementState::InForce,
            successor: None,
            pinned: None,
            ledger: Ledger { grants: vec![grant.clone()], withdrawals: Vec::new() },
            approval: None,
            prohibited: Vec::new(),
            subject: SubjectFacts::default(),
            local: LocalPolicy { welfare_checks: true },
            content: Content::Put(SharePut {
                referral_id: ReferralId([1; 16]),
                version: 1,
                purpose: Purpose::WageRecovery,
                subject_ref: SubjectRef([2; 16]),
                records: types.iter().enumerate().map(|(index, one)| shared(index, record(*one))).collect(),
                grant: Some(grant),
                approval: None,
                whole: true,
            }),
        }
    }

    /// MTUC offers a referral and selects these categories for later.
    pub fn offer(categories: &[Category]) -> Self {
        let mut world = Self::put(&[]);
        world.content = Content::Offer(Offer {
            referral_id: ReferralId([1; 16]),
            version: 1,
            kind: ReferralKind::Service,
            purpose: Purpose::WageRecovery,
            services_requested: Vec::new(),
            priority: Priority::Normal,
            respond_by: NOW.plus_days(14),
            contact_by: NOW.plus_days(14),
            categories: categories.to_vec(),
            subject_ref: SubjectRef([2; 16]),
            tier: Tier::T2,
            journey: if let RecordContent::Journey(journey) = record(RecordType::Journey) { Some(journey) } else { None },
            demographic: None,
            case_kind: CaseKind::Individual,
            intake_kind: IntakeKind::Complaint,
            complaint_codes: Vec::new(),
            assistance_requested: Vec::new(),
            group_count: None,
            grant: Some(grant()),
            approval: None,
        });
        world
    }

    pub fn decide(&self) -> Result<Permit, Refusal> {
        decide(self.question())
    }

    /// What is asked, ready to be asked.
    pub fn question(&self) -> Question<'_> {
        Question {
            now: self.now,
            sender: &self.sender,
            recipient: &self.recipient,
            peer: self.peer.as_ref(),
            agreement: self.agreement.as_ref().map(|agreement| AgreementView { agreement, digest: agreement.digest(), state: self.state }),
            successor: self.successor.as_ref().map(|agreement| AgreementView {
                agreement,
                digest: agreement.digest(),
                state: AgreementState::InForce,
            }),
            pinned: self.pinned.as_ref(),
            ledger: &self.ledger,
            approval: self.approval.as_ref(),
            prohibited_recipients: &self.prohibited,
            subject: self.subject,
            local: self.local,
            content: self.content.clone(),
        }
    }

    /// "PERMIT" or the code of the refusal.
    pub fn verdict(&self) -> String {
        self.decide().map_or_else(|refusal| refusal.code.code().to_owned(), |_| "PERMIT".to_owned())
    }

    /// Changes the grant in the message and in the ledger.
    pub fn grant(mut self, change: impl Fn(&mut Grant)) -> Self {
        self.ledger.grants.iter_mut().for_each(&change);
        if let Some(grant) = self.message_grant().as_mut() {
            change(grant);
        }
        self
    }

    /// Makes it a welfare check: the basis in place of her consent, and an offer that says no more than that. Not yet approved.
    pub fn welfare_check(mut self) -> Self {
        match &mut self.content {
            Content::Offer(offer) => {
                (offer.kind, offer.purpose) = (ReferralKind::WelfareCheck, Purpose::WelfareCheck);
                (offer.journey, offer.intake_kind) = (None, IntakeKind::Inquiry);
            }
            Content::Put(put) => put.purpose = Purpose::WelfareCheck,
            _ => panic!("is no offer and no put"),
        }
        self.grant(|g| {
            (g.basis, g.given_by, g.method) = (ConsentBasis::WelfareCheck, ConsentGiver::Nobody, ConsentMethod::NotAsked);
            g.purposes = vec![Purpose::WelfareCheck];
            g.categories = Grant::WELFARE_CHECK_REACHES.to_vec();
            g.valid_until = g.valid_from.plus_days(Grant::DAYS_MAX_WELFARE_CHECK);
            (g.informed_inadequate_protection, g.consent_reporting) = (false, false);
        })
    }

    /// The grant that the message carries.
    pub fn message_grant(&mut self) -> &mut Option<Grant> {
        match &mut self.content {
            Content::Offer(offer) => &mut offer.grant,
            Content::Put(put) => &mut put.grant,
            _ => panic!("carries no grant"),
        }
    }

    /// Changes the one annex.
    pub fn annex(mut self, change: impl Fn(&mut titian_proto::model::agreement::Annex)) -> Self {
        self.agreement.iter_mut().flat_map(|agreement| &mut agreement.annexes).for_each(change);
        self
    }

    /// Changes the other side.
    pub fn peer(mut self, change: impl Fn(&mut PeerView)) -> Self {
        self.peer.iter_mut().for_each(change);
        self
    }

    /// Changes anything.
    pub fn with(mut self, change: impl Fn(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Changes the put.
    pub fn put_with(mut self, change: impl Fn(&mut SharePut)) -> Self {
        let Content::Put(put) = &mut self.content else { panic!("is no put") };
        change(put);
        self
    }

    /// Changes the offer.
    pub fn offer_with(mut self, change: impl Fn(&mut Offer)) -> Self {
        let Content::Offer(offer) = &mut self.content else { panic!("is no offer") };
        change(offer);
        self
    }
}

pub fn node(text: &str) -> NodeId {
    NodeId::parse(text).unwrap()
}

pub fn text(text: &str) -> Text {
    Text::parse(text, 64).unwrap()
}

pub fn peer(node_id: &str) -> PeerView {
    PeerView {
        node_id: node(node_id),
        kind: PartnerKind::NationalUnion,
        country: Country::parse(&node_id[..2].to_uppercase()).unwrap(),
        active: true,
        state_linked: false,
        service_precondition: None,
    }
}

pub fn approval(author: &str, approver: &str) -> Approval {
    Approval { author: text(author), approver: text(approver), approved_at: NOW }
}

/// Her consent: KSBSI, wage recovery, the categories of the sample, 90 days.
pub fn grant() -> Grant {
    Grant {
        consent_id: ConsentId([3; 16]),
        version: 1,
        sequence: 1,
        given_by: ConsentGiver::Client,
        recipient: node("id.ksbsi"),
        purposes: vec![Purpose::WageRecovery],
        categories: vec![
            Category::CaseCore,
            Category::Demographic,
            Category::Identity,
            Category::Contact,
            Category::Safety,
            Category::Employer,
            Category::Claim,
            Category::Documents,
            Category::Health,
        ],
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
        witnesses: vec!["staff-1".into(), "staff-2".into()],
        evidence_digest: None,
        given_at: NOW,
        valid_from: NOW,
        valid_until: NOW.plus_days(90),
        basis: ConsentBasis::Consent,
        withdrawal_channel: None,
        receipt_given: None,
        consent_reporting: true,
    }
}

pub fn withdrawal(sequence: u64, categories: &[Category]) -> Withdrawal {
    Withdrawal {
        consent_id: None,
        sequence,
        recipient: None,
        purposes: Vec::new(),
        categories: categories.to_vec(),
        action: WithdrawalAction::Stop,
        effective_at: NOW,
    }
}

pub fn shared(index: usize, content: RecordContent) -> SharedRecord {
    SharedRecord { record_ref: RecordRef([u8::try_from(index).unwrap(); 16]), owner: node("my.mtuc"), revision: 1, content }
}

/// The record types of a category.
pub fn types_of(category: Category) -> Vec<RecordType> {
    RecordType::ALL.iter().copied().filter(|one| one.category() == category).collect()
}

/// A record of the type, invented.
pub fn record(record_type: RecordType) -> RecordContent {
    let content = match record_type {
        RecordType::Journey => Wire::Journey(wire::Journey {
            country_of_origin: "ID".into(),
            country_of_destination: "MY".into(),
            migration_stage: 3,
            languages: vec!["id".into()],
            ..wire::Journey::default()
        }),
        RecordType::Complaint => Wire::Complaint(wire::Complaint {
            kind: 1,
            intake_kind: 2,
            intake_channel: 2,
            codes: vec!["W01".into()],
            primary: "W01".into(),
            client_decision: 3,
            ..wire::Complaint::default()
        }),
        RecordType::ServiceAction => {
            Wire::ServiceAction(wire::ServiceAction { service: 1, date: "2026-03-01".into(), provider: "my.mtuc".into(), result: 1 })
        }
        RecordType::GroupCount => Wire::GroupCount(wire::GroupCount {
            parent_group_ref: vec![9; 16].into(),
            represented_count: 2900,
            ..wire::GroupCount::default()
        }),
        RecordType::Demographic => Wire::Demographic(wire::Demographic { sex: 1, age_band: 3, ..wire::Demographic::default() }),
        RecordType::Identity => Wire::Identity(wire::Identity { full_name: "Siti".into(), ..wire::Identity::default() }),
        RecordType::Contact => Wire::Contact(wire::Contact {
            contacts: vec![wire::ContactPoint { kind: 3, value: "+9990001".into(), device_held_by: 1, safe: true }],
            address: "Desa Contoh".into(),
            ..wire::Contact::default()
        }),
        RecordType::Safety => {
            Wire::Safety(wire::Safety { methods: vec![3], last_confirmed_on: "2026-02-27".into(), ..wire::Safety::default() })
        }
        RecordType::Employer => Wire::Employer(party(1)),
        RecordType::Claim => Wire::Claim(wire::Claim { amount: Some(money()), ..wire::Claim::default() }),
        RecordType::Outcome => Wire::Outcome(wire::Outcome { outcome_type: 1, amount_total: Some(money()), ..wire::Outcome::default() }),
        RecordType::Narrative => Wire::Narrative(wire::Narrative { text: "Cerita.".into(), language: "id".into() }),
        RecordType::Document => Wire::Document(wire::DocumentManifest {
            document_type: 12,
            media_type: "application/pdf".into(),
            ..wire::DocumentManifest::default()
        }),
        RecordType::IdentityDocument => {
            Wire::IdentityDocument(wire::IdentityDocument { kind: 1, holder: 2, country: "ID".into(), ..wire::IdentityDocument::default() })
        }
        RecordType::ImmigrationStatus => Wire::ImmigrationStatus(wire::ImmigrationStatus { status: 3 }),
        RecordType::UnionMembership => {
            Wire::UnionMembership(wire::UnionMembership { union: "my.mtuc".into(), kind: 1, as_of: "2026-03-01".into() })
        }
        RecordType::Family => Wire::Family(wire::Family { relation: 3, ..wire::Family::default() }),
        RecordType::Health => Wire::Health(wire::Health { condition: 1, ..wire::Health::default() }),
        RecordType::GbvTrafficking => Wire::GbvTrafficking(wire::GbvTrafficking { violence_type: 3, ..wire::GbvTrafficking::default() }),
        RecordType::AllegedOffence => Wire::AllegedOffence(wire::AllegedOffence { name: "Somebody".into(), role: 1, code: "V01".into() }),
        RecordType::Partner => Wire::Partner(partner()),
        RecordType::Material => Wire::Material(material()),
    };
    RecordContent::from_wire(&wire::RecordContent { content: Some(content) }).unwrap()
}

fn partner() -> wire::Partner {
    wire::Partner {
        partner_id: "my.mtuc".into(),
        names: vec![title()],
        kind: 1,
        country: "MY".into(),
        assured_on: "2026-03-01".into(),
        ..wire::Partner::default()
    }
}

fn material() -> wire::InformationMaterial {
    wire::InformationMaterial {
        material_id: "M-1".into(),
        version: 1,
        titles: vec![title()],
        language: "en".into(),
        topic: 1,
        issuer: "my.mtuc".into(),
        digest: vec![1; 32].into(),
        ..wire::InformationMaterial::default()
    }
}

pub fn party(role: i32) -> wire::Party {
    wire::Party { role, legal_name: "Kilang Contoh".into(), country: "MY".into(), sector: 2, ..wire::Party::default() }
}

fn money() -> wire::Money {
    wire::Money { minor_units: 600_000, currency: "MYR".into() }
}

fn title() -> wire::LocalText {
    wire::LocalText { language: "en".into(), text: "Title".into() }
}

/// Any digest.
pub fn digest() -> Digest {
    Digest::of(b"another text")
}
