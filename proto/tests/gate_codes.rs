//! Every refusal that the gate can make, made once; and the stories behind the less obvious ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up must fail")]

mod world;

use std::collections::BTreeMap;

use titian_proto::gate::{Content, PassedOn};
use titian_proto::model::agreement::{AgreementRef, AgreementState, TransferBasis};
use titian_proto::model::consent::{ConsentGiver, ConsentMethod, ConsentRef, Grant, Withheld};
use titian_proto::model::date::Date;
use titian_proto::model::descriptor::ServicePrecondition;
use titian_proto::model::id::ConsentId;
use titian_proto::model::record::{CaseKind, IntakeKind, RecordContent, RecordType as R};
use titian_proto::model::referral::{BreachNotice, Offer, ReferralKind, ReferralState, ShareRetract, StateChange, WithdrawalNotice};
use titian_proto::model::refusal::RefusalCode as C;
use titian_proto::model::vocabulary::{Category, PartnerKind, Purpose, Tier};
use titian_proto::wire::{self, record_content::Content as Wire};
use world::{World, approval, digest, grant, node, party, record, shared, text, withdrawal};

/// Codes that other parts give, with the reason why the gate cannot.
const NOT_THE_GATES: &[(C, &str)] = &[
    (C::DocumentTooLarge, "asked of bytes, not of records: gate_bytes.rs"),
    (C::DocumentType, "asked of bytes, not of records: gate_bytes.rs"),
    (C::DocumentDamaged, "whoever takes the bytes compares them with their digest"),
    (C::LegalHold, "an erasure asks for it, not a release"),
    (C::Replay, "the inbox compares envelopes"),
    (C::StaleVersion, "the acts compare versions and revisions with what is held"),
    (C::FreeTextForbidden, "the typed model has no field where it could stand"),
    (C::Malformed, "it cannot be read, so there is nothing to decide"),
    (C::NewerVersion, "it cannot be read, so its case is parked"),
    (C::UnknownExtension, "it cannot be read, so its case is parked"),
    (C::CaseParked, "the inbox keeps the order of a parked case"),
];

/// One world for each code.
fn refused_worlds() -> Vec<(C, World)> {
    let put = || World::put(&[R::Claim]);
    let offer = || World::offer(&[Category::Claim]);
    let state = |state| put().with(|w| w.state = state);
    vec![
        (C::PeerIdentity, put().with(|w| w.peer = None)),
        (C::RecipientKindForbidden, put().peer(|p| p.kind = PartnerKind::RecruitmentAgencyAssociation)),
        (C::PeerSuspended, put().peer(|p| p.active = false)),
        (C::NoAgreement, put().with(|w| w.agreement = None)),
        (C::NotAParty, put().with(|w| w.recipient = node("jo.mrc-amman")).peer(|p| p.node_id = node("jo.mrc-amman"))),
        (C::AgreementPendingGovernment, state(AgreementState::AwaitingApproval)),
        (C::AgreementSuspended, state(AgreementState::Suspended)),
        (C::AgreementExpired, state(AgreementState::Expired)),
        (C::AgreementNotInForce, state(AgreementState::Proposed)),
        (C::NoDataAnnex, put().with(|w| w.agreement.iter_mut().for_each(|a| a.annexes.clear()))),
        (C::AnnexDirection, put().annex(|a| std::mem::swap(&mut a.from, &mut a.to))),
        (C::PurposeOutOfScope, put().annex(|a| a.purposes = vec![Purpose::Shelter])),
        (C::RecordTypeOutOfScope, put().annex(|a| a.record_types = vec!["outcome".into()])),
        (C::FieldOutOfScope, put().annex(|a| a.field_denylist = vec!["case.claim.amount".into()])),
        (C::TierTooHigh, put().annex(|a| a.max_tier = Tier::T1)),
        (C::OnwardProhibited, put().put_with(|p| p.records[0].owner = node("id.ksbsi"))),
        (C::StaleAssessment, put().annex(|a| a.transfer_basis = TransferBasis::AdequacyAssessed)),
        (C::NoConsent, put().with(|w| w.ledger.grants.clear()).put_with(|p| p.grant = None)),
        (C::ConsentRecipient, put().grant(|g| g.recipient = node("kh.clc"))),
        (C::ProxyConsent, put().grant(|g| g.given_by = ConsentGiver::Guardian)),
        (C::GroupMemberConsent, World::put(&[R::Identity]).with(|w| w.subject.group = true).put_with(|p| p.grant = None)),
        (C::ConsentWithdrawn, put().with(|w| w.ledger.withdrawals = vec![withdrawal(2, &[Category::Claim])])),
        (C::ConsentExpired, put().with(|w| w.now = grant().valid_until)),
        (C::ConsentPurpose, put().grant(|g| g.purposes = vec![Purpose::LegalAid])),
        (C::ConsentCategory, put().grant(|g| g.categories = vec![Category::Identity])),
        (C::ConsentMethod, put().annex(|a| a.consent_methods = vec![ConsentMethod::Thumbprint])),
        (C::ConsentNotice, put().grant(|g| g.informed_inadequate_protection = false)),
        (C::ClientProhibitedRecipient, put().with(|w| w.prohibited = vec!["id.ksbsi".into()])),
        (C::ApprovalMissing, World::put(&[R::Health])),
        (C::SafeContactMissing, World::put(&[R::Contact])),
        (C::MembershipRequired, offer().peer(|p| p.service_precondition = Some(ServicePrecondition::Membership))),
        (C::SmallCell, World::put(&[]).put_with(|p| p.records = vec![shared(0, group_of(4))])),
    ]
}

fn group_of(represented_count: u32) -> RecordContent {
    let count = wire::GroupCount { parent_group_ref: vec![9; 16].into(), represented_count, ..wire::GroupCount::default() };
    RecordContent::from_wire(&wire::RecordContent { content: Some(Wire::GroupCount(count)) }).unwrap()
}

#[test]
fn every_refusal_of_the_gate_is_made_by_the_world_that_deserves_it() {
    let worlds = refused_worlds();
    for (code, world) in &worlds {
        assert_eq!(world.verdict(), code.code());
    }
    let made: BTreeMap<C, ()> = worlds.iter().map(|(code, _)| (*code, ())).collect();
    for code in C::ALL {
        let elsewhere = NOT_THE_GATES.iter().any(|(other, _)| other == code);
        assert_ne!(made.contains_key(code), elsewhere, "{code} is made by the gate or listed with the reason why not");
    }
}

#[test]
fn with_nothing_in_the_way_there_is_a_permit() {
    assert_eq!(World::put(&[R::Claim, R::Identity, R::Contact, R::Safety, R::Employer, R::Document]).verdict(), "PERMIT");
    assert_eq!(World::offer(&[Category::Claim, Category::Contact, Category::Safety]).verdict(), "PERMIT");
}

#[test]
fn the_earlier_stage_answers_when_two_are_in_the_way() {
    // The list of codes is the order of the stages: of two faults the one that stands first answers.
    let suspended = |world: World| world.peer(|p| p.active = false).verdict();
    let no_agreement = |world: World| world.with(|w| w.agreement = None).verdict();
    for (code, world) in refused_worlds() {
        if code > C::PeerSuspended {
            assert_eq!(suspended(world.clone()), "PEER_SUSPENDED");
        }
        if code > C::NoAgreement {
            assert_eq!(no_agreement(world), "NO_AGREEMENT", "{code} must not be told to somebody without an agreement");
        }
    }
}

#[test]
fn an_added_immigration_status_refuses_the_whole_update_by_its_path() {
    let refusal = World::put(&[R::Claim, R::ImmigrationStatus]).decide().unwrap_err();
    assert_eq!(refusal.to_string(), "FIELD_OUT_OF_SCOPE: worker.immigration_status");
    let widened = World::put(&[R::Claim, R::ImmigrationStatus]).annex(|a| a.categories.push(Category::ImmigrationStatus));
    assert_eq!(widened.decide().unwrap_err().to_string(), "CONSENT_CATEGORY: worker.immigration_status");
    let offered = World::offer(&[Category::ImmigrationStatus]).decide().unwrap_err();
    assert_eq!(offered.to_string(), "FIELD_OUT_OF_SCOPE: worker.immigration_status");
}

#[test]
fn contact_goes_with_its_safety_rules_or_not_at_all() {
    assert_eq!(World::put(&[R::Contact, R::Safety]).verdict(), "PERMIT");
    assert_eq!(World::put(&[R::Contact]).with(|w| w.subject.safety_already_held = true).verdict(), "PERMIT");
    assert_eq!(World::offer(&[Category::Contact]).with(|w| w.subject.safety_already_held = true).verdict(), "SAFE_CONTACT_MISSING");
}

#[test]
fn another_text_of_the_agreement_is_not_the_one_in_force() {
    let reference = World::put(&[]).agreement.unwrap().reference();
    let pinned = |pinned: AgreementRef| World::put(&[R::Claim]).with(|w| w.pinned = Some(pinned.clone())).verdict();
    assert_eq!(pinned(reference.clone()), "PERMIT");
    assert_eq!(pinned(AgreementRef { digest: digest(), ..reference.clone() }), "AGREEMENT_NOT_IN_FORCE");
    assert_eq!(pinned(AgreementRef { version: 2, ..reference }), "AGREEMENT_NOT_IN_FORCE");
}

#[test]
fn what_she_withheld_or_took_back_stays_though_the_grant_in_the_message_says_otherwise() {
    let withheld = Withheld { category: Category::Contact, field: Some("contact.address".into()), reason: None };
    let world = World::put(&[R::Contact, R::Safety]).grant(|g| g.withheld = vec![withheld.clone()]);
    assert_eq!(world.decide().unwrap_err().to_string(), "CONSENT_CATEGORY: worker.contact.address");
    // A peer that brings the same grant with one category more brings another grant in the same place: neither counts.
    let widened = World::put(&[R::Claim]).put_with(|p| p.grant.iter_mut().for_each(|g| g.categories.push(Category::Family)));
    assert_eq!(widened.verdict(), "CONSENT_WITHDRAWN");
    // A newer version that says less holds, even if the message still brings the old one.
    let narrowed = World::put(&[R::Claim]).with(|w| {
        let mut newer = grant();
        (newer.version, newer.sequence, newer.categories) = (2, 2, vec![Category::Identity]);
        w.ledger.grants.push(newer);
    });
    assert_eq!(narrowed.verdict(), "CONSENT_CATEGORY");
    assert_eq!(narrowed.ledger.state(ConsentRef { id: grant().consent_id, version: 1 }, narrowed.now).unwrap().code(), "SUPERSEDED");
}

#[test]
fn a_spoken_consent_reaches_t2_and_never_leaves_indonesia() {
    let spoken = |world: World| world.grant(|g| g.method = ConsentMethod::VerbalWitnessed);
    assert_eq!(spoken(World::put(&[R::Claim])).verdict(), "PERMIT");
    let health = spoken(World::put(&[R::Health])).put_with(|p| p.approval = Some(approval("staff-1", "staff-2")));
    assert_eq!(health.verdict(), "CONSENT_METHOD");
    // Her union in Indonesia sends to MTUC: the same words, the other way.
    let from_indonesia = spoken(World::put(&[R::Claim]))
        .annex(|a| std::mem::swap(&mut a.from, &mut a.to))
        .grant(|g| (g.recipient, g.destination_country) = (node("my.mtuc"), "MY".into()))
        .put_with(|p| p.records[0].owner = node("id.ksbsi"))
        .with(|w| std::mem::swap(&mut w.sender, &mut w.recipient));
    assert_eq!(from_indonesia.verdict(), "CONSENT_METHOD");
    assert_eq!(from_indonesia.grant(|g| g.method = ConsentMethod::RecordedAudio).verdict(), "PERMIT");
}

#[test]
fn a_second_person_is_somebody_else() {
    let health = |author: &str, approver: &str| World::put(&[R::Health]).put_with(|p| p.approval = Some(approval(author, approver)));
    assert_eq!(health("staff-1", "staff-2").verdict(), "PERMIT");
    assert_eq!(health("staff-1", "staff-1").verdict(), "APPROVAL_MISSING");
    assert_eq!(World::offer(&[Category::Claim]).offer_with(|o| o.tier = Tier::T3).verdict(), "APPROVAL_MISSING");
}

#[test]
fn an_approval_ends_at_the_sender_and_nothing_at_the_receiver_rests_on_the_senders_clock() {
    let later = |days: i64, content: World| {
        let approved = content.with(|w| w.approval = Some(approval("staff-1", "staff-2")));
        approved.with(|w| w.now = w.now.plus_days(days))
    };
    let minor = || World::put(&[R::Claim]).with(|w| w.subject.minor = true).grant(|g| g.given_by = ConsentGiver::Guardian);
    let t4 = || World::offer(&[Category::Claim]).offer_with(|o| o.tier = Tier::T4);
    for content in [|| World::put(&[R::Health]), minor, t4] {
        assert_eq!(later(13, content()).verdict(), "PERMIT");
        let ended = later(14, content());
        let refusal = ended.decide().map(drop).unwrap_err();
        assert_eq!((refusal.code, refusal.paths.join(",")), (C::ApprovalMissing, "approval.approved_at".to_owned()));
        // The receiver, who knows the sender as the other side, does not ask when.
        assert_eq!(ended.with(|w| w.peer.as_mut().unwrap().node_id = w.sender.clone()).verdict(), "PERMIT");
    }
    // What needs no second person does not need one who approved lately.
    assert_eq!(later(20, World::put(&[R::Claim])).verdict(), "PERMIT");
}

#[test]
fn a_minor_speaks_through_a_guardian_and_a_supervisor_looks() {
    let minor = || World::put(&[R::Claim]).with(|w| w.subject.minor = true);
    assert_eq!(minor().verdict(), "PROXY_CONSENT");
    let guardian = minor().grant(|g| g.given_by = ConsentGiver::Guardian);
    assert_eq!(guardian.verdict(), "APPROVAL_MISSING");
    assert_eq!(guardian.with(|w| w.approval = Some(approval("staff-1", "staff-2"))).verdict(), "PERMIT");
}

#[test]
fn a_group_crosses_as_counts_and_a_leader_consents_for_nobody() {
    let group = |types: &[R]| {
        World::put(types)
            .with(|w| w.subject.group = true)
            .put_with(|p| (p.grant, p.approval) = (None, Some(approval("staff-1", "staff-2"))))
    };
    assert_eq!(group(&[R::GroupCount, R::Complaint, R::Employer, R::Claim]).verdict(), "PERMIT");
    assert_eq!(group(&[R::GroupCount, R::Identity]).decide().unwrap_err().to_string(), "GROUP_MEMBER_CONSENT: worker.identity");
    assert_eq!(group(&[R::Identity]).put_with(|p| p.grant = Some(grant())).verdict(), "PROXY_CONSENT");
    assert_eq!(group(&[R::Claim]).put_with(|p| p.approval = None).verdict(), "APPROVAL_MISSING");
    let offered = World::offer(&[Category::Identity]).offer_with(|o| (o.case_kind, o.grant) = (CaseKind::Group, None));
    assert_eq!(offered.verdict(), "GROUP_MEMBER_CONSENT");
}

#[test]
fn a_recipient_tied_to_its_state_needs_a_warning_and_counts_as_government() {
    let linked = || World::put(&[R::Claim]).peer(|p| p.state_linked = true);
    assert_eq!(linked().verdict(), "CONSENT_NOTICE");
    let told = || linked().grant(|g| g.recipient_state_linked_told = true);
    assert_eq!(told().verdict(), "PERMIT");
    assert_eq!(told().with(|w| w.prohibited = vec!["GOVERNMENT".into()]).verdict(), "CLIENT_PROHIBITED_RECIPIENT");
    let mut safety = record(R::Safety);
    if let RecordContent::Safety(rules) = &mut safety {
        rules.prohibited_recipients = vec![text("id.ksbsi")];
    }
    let travelling = World::put(&[]).put_with(|p| p.records = vec![shared(0, safety.clone())]);
    assert_eq!(travelling.verdict(), "CLIENT_PROHIBITED_RECIPIENT");
}

#[test]
fn some_kinds_may_be_peers_and_still_not_have_everything() {
    let association = |types: &[R]| World::put(types).peer(|p| p.kind = PartnerKind::MigrantAssociation).verdict();
    assert_eq!(association(&[R::Claim]), "PERMIT");
    assert_eq!(association(&[R::Health]), "RECIPIENT_KIND_FORBIDDEN");
    let shelter = World::put(&[R::ImmigrationStatus]).peer(|p| p.kind = PartnerKind::Shelter);
    assert_eq!(shelter.verdict(), "RECIPIENT_KIND_FORBIDDEN");
}

#[test]
fn some_records_never_leave() {
    let mut scan = record(R::Document);
    if let RecordContent::Document(manifest) = &mut scan {
        manifest.document_type = titian_proto::model::record::DocumentType::ConsentForm;
    }
    let refusal = World::put(&[]).put_with(|p| p.records = vec![shared(0, scan.clone())]).decide().unwrap_err();
    assert_eq!(refusal.to_string(), "FIELD_OUT_OF_SCOPE: case.document.document_type");
    let household = RecordContent::from_wire(&wire::RecordContent { content: Some(Wire::Employer(party(8))) }).unwrap();
    let world = World::put(&[]).put_with(|p| p.records = vec![shared(0, household.clone())]);
    assert_eq!(world.annex(|a| a.max_tier = Tier::T2).verdict(), "TIER_TOO_HIGH");
}

#[test]
fn a_welfare_check_is_narrow_and_needs_the_annex_and_a_second_person() {
    let check = || World::put(&[R::Identity, R::Contact, R::Safety]).welfare_check();
    check().message_grant().as_ref().unwrap().check().unwrap();
    assert_eq!(check().annex(|a| a.welfare_check_allowed = false).verdict(), "PURPOSE_OUT_OF_SCOPE");
    assert_eq!(check().verdict(), "APPROVAL_MISSING");
    let approved = check().put_with(|p| p.approval = Some(approval("staff-1", "staff-2")));
    assert_eq!(approved.verdict(), "PERMIT");
    let to = |kind| approved.clone().peer(move |p| p.kind = kind).verdict();
    for kind in [PartnerKind::LegalAid, PartnerKind::MigrantAssociation, PartnerKind::WomensCrisisCentre, PartnerKind::DiplomaticMission] {
        assert_eq!(to(kind), "RECIPIENT_KIND_FORBIDDEN");
    }
    assert!(to(PartnerKind::Shelter) == "PERMIT" && to(PartnerKind::WomensOrganisation) == "PERMIT");
    assert_eq!(approved.clone().with(|w| w.local.welfare_checks = false).verdict(), "PURPOSE_OUT_OF_SCOPE");
    assert_eq!(approved.clone().with(|w| w.now = w.now.plus_days(14)).verdict(), "CONSENT_EXPIRED");
    assert_eq!(approved.clone().with(|w| w.subject.group = true).verdict(), "GROUP_MEMBER_CONSENT");
    assert_eq!(approved.peer(|p| p.state_linked = true).verdict(), "CONSENT_NOTICE");
}

#[test]
fn a_welfare_check_never_stands_against_her_word() {
    let check = || World::put(&[R::Identity]).welfare_check().put_with(|p| p.approval = Some(approval("staff-1", "staff-2")));
    assert_eq!(check().verdict(), "PERMIT");
    assert_eq!(check().with(|w| w.prohibited = vec!["id.ksbsi".into()]).verdict(), "CLIENT_PROHIBITED_RECIPIENT");
    // Taken back from this union, whatever it was for, and before the check was written down: the later place in the order does not help.
    let took_back = |w: &mut World| {
        w.ledger.grants.iter_mut().for_each(|g| g.sequence = 9);
        w.ledger.withdrawals = vec![withdrawal(2, &[Category::Claim])];
    };
    let against = check().put_with(|p| p.grant.iter_mut().for_each(|g| g.sequence = 9)).with(took_back);
    assert_eq!(against.verdict(), "CONSENT_WITHDRAWN");
    // Unless she consented to something for it since.
    let anew = against.clone().with(|w| w.ledger.grants.push(Grant { sequence: 3, ..another() }));
    assert_eq!(anew.verdict(), "PERMIT");
    let elsewhere = against.with(|w| w.ledger.withdrawals[0].recipient = Some(node("kh.clc")));
    assert_eq!(elsewhere.verdict(), "PERMIT");
    let withheld = || Withheld { category: Category::Identity, field: None, reason: None };
    let keeps_back = check().with(|w| w.ledger.grants.push(Grant { withheld: vec![withheld()], ..another() }));
    assert_eq!(keeps_back.verdict(), "CONSENT_CATEGORY");
}

#[test]
fn what_a_welfare_check_rests_on_carries_nothing_else_and_goes_nowhere_else() {
    let approved = |world: World| world.put_with(|p| p.approval = Some(approval("staff-1", "staff-2")));
    let check = |types: &[R]| approved(World::put(types).welfare_check());
    assert_eq!(check(&[R::Identity, R::Claim]).verdict(), "FIELD_OUT_OF_SCOPE");
    assert_eq!(check(&[R::Journey]).verdict(), "FIELD_OUT_OF_SCOPE");
    assert_eq!(check(&[R::Contact]).verdict(), "SAFE_CONTACT_MISSING");
    // Under its basis no other purpose, and under a consent no welfare check.
    assert_eq!(check(&[R::Identity]).put_with(|p| p.purpose = Purpose::WageRecovery).verdict(), "PURPOSE_OUT_OF_SCOPE");
    let consented = approved(World::put(&[R::Identity]).grant(|g| g.purposes = vec![Purpose::WelfareCheck]));
    assert_eq!(consented.put_with(|p| p.purpose = Purpose::WelfareCheck).verdict(), "CONSENT_PURPOSE");
    let passed_on = PassedOn::Allowed;
    assert_eq!(check(&[R::Identity]).with(|w| w.subject.passed_on = passed_on).verdict(), "ONWARD_PROHIBITED");
    assert_eq!(check(&[R::Identity]).put_with(|p| p.approval = Some(approval("staff-1", "staff-1"))).verdict(), "APPROVAL_MISSING");
    // Without its basis: the approval is what is missing first.
    let bare = |world: World| world.with(|w| w.ledger.grants.clear()).put_with(|p| p.grant = None);
    assert_eq!(bare(check(&[R::Identity])).verdict(), "NO_CONSENT");
    assert_eq!(bare(World::put(&[R::Identity]).welfare_check()).verdict(), "APPROVAL_MISSING");
}

#[test]
fn the_offer_of_a_welfare_check_says_check_on_her_and_no_more() {
    let offer = || {
        let asked = World::offer(&[Category::Identity, Category::Contact, Category::Safety]).welfare_check();
        asked.offer_with(|o| o.approval = Some(approval("staff-1", "staff-2")))
    };
    assert_eq!(offer().verdict(), "PERMIT");
    assert_eq!(offer().offer_with(|o| o.kind = ReferralKind::Service).verdict(), "PURPOSE_OUT_OF_SCOPE");
    let says = |change: fn(&mut Offer)| offer().offer_with(change).decide().unwrap_err().to_string();
    assert_eq!(says(|o| o.tier = Tier::T4), "FIELD_OUT_OF_SCOPE: offer.tier");
    assert_eq!(says(|o| o.intake_kind = IntakeKind::Complaint), "FIELD_OUT_OF_SCOPE: case.complaint.intake_kind");
    assert_eq!(
        says(|o| o.complaint_codes = vec![titian_proto::model::record::ComplaintCode::parse("W01").unwrap()]),
        "FIELD_OUT_OF_SCOPE: case.complaint.codes"
    );
    assert_eq!(
        says(|o| o.categories.push(Category::CaseCore)),
        "FIELD_OUT_OF_SCOPE: case.complaint, case.group_count, case.service_action, worker.journey"
    );
}

/// A consent of hers for the same union that a welfare check does not rest on.
fn another() -> Grant {
    Grant { consent_id: ConsentId([7; 16]), sequence: 1, ..grant() }
}

#[test]
fn a_stale_assessment_stops_what_rests_on_it() {
    let valid_until = |day: &str| {
        let day = Date::parse(day).unwrap();
        World::put(&[R::Claim]).annex(move |a| a.assessment_valid_until = Some(day)).verdict()
    };
    assert_eq!(valid_until("2026-03-02"), "PERMIT");
    assert_eq!(valid_until("2026-03-01"), "STALE_ASSESSMENT");
}

#[test]
fn what_keeps_people_safe_passes_in_every_state_but_not_to_a_suspended_peer() {
    let notice = WithdrawalNotice {
        subject_ref: titian_proto::model::id::SubjectRef([2; 16]),
        referral_ids: Vec::new(),
        withdrawal: withdrawal(2, &[]),
    };
    let safe = [
        Content::Withdrawal(notice),
        Content::Retract(ShareRetract { referral_id: titian_proto::model::id::ReferralId([1; 16]), record_refs: Vec::new() }),
        Content::Agreement(wire::AgreementFile::default()),
        Content::Breach(BreachNotice { found_at: world::NOW, categories: Vec::new(), referral_ids: Vec::new() }),
    ];
    for content in safe {
        for state in AgreementState::ALL {
            assert_eq!(World::put(&[]).with(|w| (w.state, w.content) = (*state, content.clone())).verdict(), "PERMIT");
        }
        let world = World::put(&[]).with(|w| (w.agreement, w.content) = (None, content.clone()));
        assert_eq!(world.verdict(), "PERMIT");
        assert_eq!(world.clone().peer(|p| p.active = false).verdict(), "PEER_SUSPENDED");
        assert_eq!(world.peer(|p| p.kind = PartnerKind::DiplomaticMission).verdict(), "RECIPIENT_KIND_FORBIDDEN");
    }
}

#[test]
fn what_was_begun_can_be_closed_when_the_agreement_has_stopped() {
    let change = Content::State(StateChange {
        referral_id: titian_proto::model::id::ReferralId([1; 16]),
        version: 1,
        state: ReferralState::Accepted,
        reason: None,
        outcome: None,
        custody: None,
        sequence: 1,
    });
    let verdict = |state| World::put(&[]).with(|w| (w.state, w.content) = (state, change.clone())).verdict();
    for state in [
        AgreementState::InForce,
        AgreementState::Suspended,
        AgreementState::Expired,
        AgreementState::Terminated,
        AgreementState::Superseded,
    ] {
        assert_eq!(verdict(state), "PERMIT");
    }
    assert_eq!(verdict(AgreementState::Draft), "AGREEMENT_NOT_IN_FORCE");
    assert_eq!(verdict(AgreementState::Rejected), "AGREEMENT_NOT_IN_FORCE");
    assert_eq!(verdict(AgreementState::AwaitingApproval), "AGREEMENT_PENDING_GOVERNMENT");
    assert_eq!(World::put(&[]).with(|w| (w.agreement, w.content) = (None, change.clone())).verdict(), "NO_AGREEMENT");
}

#[test]
fn a_permit_becomes_bytes_that_read_back_to_the_same_and_hold_no_more() {
    let permit = World::put(&[R::Claim, R::Identity, R::Outcome]).decide().unwrap();
    let body = permit.body([7; 32]);
    assert_eq!(body.fields(), ["CLAIM", "IDENTITY"]);
    let names: Vec<&str> = body.commitment_inputs().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["claim#0", "identity#1", "outcome#2"]);
    assert_eq!(body.digest(), titian_proto::model::id::Digest::of(body.bytes()));
    let (salt, content) = Content::parse(body.kind(), body.bytes()).unwrap();
    assert_eq!((salt, &content), ([7; 32], permit.content()));
    // What she said about reports stays at the node.
    let Content::Put(put) = &content else { panic!("is a put") };
    assert!(!put.grant.as_ref().unwrap().consent_reporting);
    // A field outside the contract refuses the message: nobody decided about it.
    let smuggled = [body.bytes().as_ref(), &[0xfa, 0x07, 0x01, b'x']].concat();
    assert!(Content::parse(body.kind(), &smuggled.into()).is_err());
}
