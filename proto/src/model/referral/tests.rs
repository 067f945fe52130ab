//! Referrals as they come over the wire, and the rules of their states.

use super::*;
use crate::model::date::Instant;
use crate::model::id::{ReferralId, SubjectRef};
use crate::model::record::{RecordContent, samples};
use crate::model::vocabulary::{Category, Purpose, Tier};
use crate::wire;
use crate::wire::record_content::Content;

const ID: [u8; 16] = [4; 16];

fn approval() -> wire::Approval {
    wire::Approval { author: "staff-3".into(), approver: "staff-9".into(), approved_at_ms: 1_772_416_800_000 }
}

fn offer() -> wire::Offer {
    wire::Offer {
        referral_id: ID.to_vec().into(),
        version: 1,
        kind: 1,
        purpose: Purpose::WageRecovery.to_wire(),
        services_requested: vec![3],
        priority: 3,
        respond_by_ms: 1_773_021_600_000,
        contact_by_ms: 1_773_626_400_000,
        categories: vec![2, 3, 4],
        subject_ref: vec![6; 16].into(),
        tier: Tier::T2.to_wire(),
        journey: Some(samples::journey()),
        demographic: Some(samples::demographic()),
        case_kind: 1,
        intake_kind: 2,
        complaint_codes: vec!["W01".into()],
        assistance_requested: vec![3],
        group_count: Some(samples::group_count()),
        grant: None,
        approval: Some(approval()),
    }
}

fn refused(offer: &wire::Offer) -> String {
    Offer::from_wire(offer).unwrap_err().to_string()
}

#[test]
fn an_offer_comes_through_unchanged() {
    let typed = Offer::from_wire(&offer()).unwrap();
    assert!(typed.to_wire() == offer());
    assert_eq!(format!("{typed:?}"), format!("Offer({} version 1)", ReferralId(ID)));
    assert_eq!(typed.categories_said(), [Category::CaseCore, Category::Demographic]);
}

#[test]
fn an_offer_that_breaks_its_form_is_refused_by_its_path() {
    let with = |change: fn(&mut wire::Offer)| {
        let mut offer = offer();
        change(&mut offer);
        refused(&offer)
    };
    assert_eq!(with(|o| o.version = 0), "version: must be 1 or more");
    assert_eq!(with(|o| o.kind = 42), "kind: is not a code of the list ReferralKind");
    assert_eq!(with(|o| o.purpose = 0), "purpose: is not a code of the list Purpose");
    assert_eq!(with(|o| o.categories.push(99)), "categories[3]: is not a code of the list Category");
    assert_eq!(with(|o| o.respond_by_ms = 0), "respond_by: must be a time after 1970, in milliseconds");
    assert_eq!(with(|o| o.referral_id = vec![1].into()), "referral_id: must be 16 bytes");
    let broken_journey = wire::Journey { country_of_origin: String::new(), ..samples::journey() };
    let offer = wire::Offer { journey: Some(broken_journey), ..offer() };
    assert_eq!(refused(&offer), "journey.country_of_origin: must be a country of ISO 3166-1 such as MY");
}

#[test]
fn an_offer_says_only_what_a_stranger_may_know() {
    let sensitive = wire::Offer { complaint_codes: vec!["W01".into(), "D04".into()], ..offer() };
    assert_eq!(refused(&sensitive), "complaint_codes: must hold codes of tier T1 only");
    let tier = Tier::T4.to_wire();
    assert_eq!(refused(&wire::Offer { tier, ..offer() }), "complaint_codes: must be empty when the case is of tier T4");
    let asked = wire::Offer { tier, complaint_codes: Vec::new(), ..offer() };
    assert_eq!(refused(&asked), "assistance_requested: must be empty when the case is of tier T4");
}

fn request(categories: &[Category]) -> OfferRequest {
    OfferRequest {
        referral_id: ReferralId(ID),
        version: 1,
        kind: ReferralKind::Service,
        purpose: Purpose::WageRecovery,
        services_requested: vec![Service::LegalAdvice],
        priority: Priority::Urgent,
        requested_at: Instant::from_millis(1_772_416_800_000),
        categories: categories.to_vec(),
        subject_ref: SubjectRef([6; 16]),
        grant: None,
        approval: None,
    }
}

fn case(codes: &[&str]) -> Vec<RecordContent> {
    let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    let complaint = wire::Complaint { primary: codes[0].clone(), codes, raised_tier: 0, ..samples::complaint() };
    let contents = [
        Content::Identity(samples::identity()),
        Content::Journey(samples::journey()),
        Content::Demographic(samples::demographic()),
        Content::Complaint(complaint),
    ];
    contents.into_iter().map(|content| RecordContent::from_wire(&samples::wrap(content)).unwrap()).collect()
}

#[test]
fn the_offer_of_a_wage_claim_tells_the_corridor_and_the_codes_but_no_name() {
    let offer = Offer::build(request(&[Category::CaseCore, Category::Demographic]), &case(&["W01", "D04"])).unwrap();
    let codes: Vec<&str> = offer.complaint_codes.iter().map(|code| code.code()).collect();
    assert_eq!(codes, ["W01"], "an arrest order is not told to a stranger");
    assert_eq!(offer.tier, Tier::T3);
    assert!(offer.journey.is_some() && offer.demographic.is_some() && offer.group_count.is_none());
    assert_eq!(offer.respond_by.as_millis() - 1_772_416_800_000, 24 * 3_600_000);
    assert_eq!(offer.contact_by.as_millis() - 1_772_416_800_000, 72 * 3_600_000);
    assert!(Offer::from_wire(&offer.to_wire()).unwrap() == offer, "what is built can be read");
}

#[test]
fn sex_and_age_stay_behind_when_they_were_not_selected() {
    let offer = Offer::build(request(&[Category::CaseCore]), &case(&["W01"])).unwrap();
    assert!(offer.demographic.is_none());
    assert_eq!(offer.categories_said(), [Category::CaseCore]);
}

#[test]
fn the_offer_of_the_gravest_case_tells_its_tier_and_the_services_only() {
    let offer = Offer::build(request(&[Category::CaseCore]), &case(&["W01", "V02"])).unwrap();
    assert_eq!(offer.tier, Tier::T4);
    assert!(offer.complaint_codes.is_empty() && offer.assistance_requested.is_empty());
    assert_eq!(offer.services_requested, [Service::LegalAdvice]);
    assert!(Offer::from_wire(&offer.to_wire()).is_ok());
}

#[test]
fn a_case_without_a_complaint_makes_no_offer() {
    let identity = &case(&["W01"])[..1];
    assert_eq!(Offer::build(request(&[Category::CaseCore]), identity).unwrap_err().to_string(), "complaint: must be given");
}

fn change(state: ReferralState) -> wire::StateChange {
    wire::StateChange {
        referral_id: ID.to_vec().into(),
        version: 1,
        state: state.to_wire(),
        reason: 0,
        outcome: 0,
        custody: 0,
        sequence: 1,
    }
}

#[test]
fn a_change_of_state_says_why_or_how_where_that_belongs() {
    let read = |change: wire::StateChange| StateChange::from_wire(&change).map(|typed| typed.to_wire() == change);
    let refused = |change: wire::StateChange| StateChange::from_wire(&change).unwrap_err().to_string();
    assert_eq!(read(change(ReferralState::Accepted)), Ok(true));
    assert_eq!(read(wire::StateChange { custody: 2, ..change(ReferralState::InProgress) }), Ok(true));
    assert_eq!(read(wire::StateChange { outcome: 1, ..change(ReferralState::Completed) }), Ok(true));
    assert_eq!(read(wire::StateChange { reason: 9, ..change(ReferralState::Returned) }), Ok(true));
    assert_eq!(refused(change(ReferralState::Rejected)), "reason: must be given");
    assert_eq!(
        refused(wire::StateChange { reason: 9, ..change(ReferralState::Rejected) }),
        "reason: must be another reason: what needs information is RETURNED"
    );
    assert_eq!(refused(change(ReferralState::Failed)), "outcome: must be given");
    assert_eq!(
        refused(wire::StateChange { reason: 1, ..change(ReferralState::Accepted) }),
        "reason: has a place with REJECTED and RETURNED only"
    );
    assert_eq!(refused(wire::StateChange { custody: 1, ..change(ReferralState::OnHold) }), "custody: has a place with IN_PROGRESS only");
    assert_eq!(
        refused(change(ReferralState::Draft)),
        "state: must not be DRAFT, which stays at the node, or REQUESTED, which travels as an offer"
    );
    assert_eq!(refused(wire::StateChange { sequence: 0, ..change(ReferralState::Accepted) }), "sequence: must be 1 or more");
}

fn put() -> wire::SharePut {
    let record = |place: u8, content: wire::RecordContent| wire::SharedRecord {
        record_ref: vec![place; 16].into(),
        owner: "my.mtuc".into(),
        revision: 1,
        content: Some(content),
    };
    wire::SharePut {
        referral_id: ID.to_vec().into(),
        version: 1,
        purpose: 2,
        subject_ref: vec![6; 16].into(),
        records: (0_u8..).zip(samples::all()).map(|(place, content)| record(place, content)).collect(),
        grant: None,
        approval: Some(approval()),
        whole: true,
    }
}

#[test]
fn a_put_carries_every_type_of_record_unchanged_and_each_once() {
    let typed = SharePut::from_wire(&put()).unwrap();
    assert!(typed.to_wire() == put());
    assert_eq!(typed.tier(), Tier::T4);
    let refused = |put: &wire::SharePut| SharePut::from_wire(put).unwrap_err().to_string();
    let mut twice = put();
    twice.records[1].record_ref = twice.records[0].record_ref.clone();
    assert_eq!(refused(&twice), "records: must name each record once");
    assert_eq!(refused(&wire::SharePut { records: Vec::new(), ..put() }), "records: must have at least one entry");
    let mut broken = put();
    broken.records[2].content = Some(samples::wrap(Content::Claim(wire::Claim { amount: None, period: None })));
    assert_eq!(refused(&broken), "records[2].content.claim.amount: must be given");
    let unsigned = wire::SharePut { approval: Some(wire::Approval { approver: String::new(), ..approval() }), ..put() };
    assert_eq!(refused(&unsigned), "approval.approver: must not be blank");
}

#[test]
fn an_approval_by_the_author_is_not_a_second_person() {
    assert!(Approval::from_wire(&approval()).unwrap().is_second_person());
    let own = wire::Approval { approver: "staff-3".into(), ..approval() };
    assert!(!Approval::from_wire(&own).unwrap().is_second_person());
}

#[test]
fn retractions_and_notices_come_through_unchanged() {
    let retract = wire::ShareRetract { referral_id: ID.to_vec().into(), record_refs: vec![vec![5; 16].into()] };
    assert!(ShareRetract::from_wire(&retract).unwrap().to_wire() == retract);
    let breach = wire::BreachNotice { found_at_ms: 9, categories: vec![4, 5], referral_ids: vec![ID.to_vec().into()] };
    assert!(BreachNotice::from_wire(&breach).unwrap().to_wire() == breach);
    let receipt = wire::ErasureReceipt {
        withdrawal_sequence: 2,
        referral_ids: vec![ID.to_vec().into()],
        commitments: vec![vec![1; 32].into()],
        key_ids_destroyed: vec!["record-1".into()],
        backups_expire_by_ms: 20,
        exceptions: vec![wire::ErasureException { ground: 3, commitments: vec![vec![2; 32].into()], review_on: "2026-12-01".into() }],
        onward: vec!["id.ksbsi".into()],
        erased_at_ms: 10,
        onward_erased: vec!["id.ksbsi".into()],
        categories: vec![4],
        own_sequence: Some(3),
    };
    assert!(ErasureReceipt::from_wire(&receipt).unwrap().to_wire() == receipt);
    let mut groundless = receipt;
    groundless.exceptions[0].ground = 2;
    let refusal = ErasureReceipt::from_wire(&groundless).unwrap_err().to_string();
    assert_eq!(refusal, "exceptions[0].ground: must be LEGAL_HOLD or ADOPTED");
    let empty = wire::WithdrawalNotice { subject_ref: vec![6; 16].into(), referral_ids: Vec::new(), withdrawal: None };
    assert_eq!(WithdrawalNotice::from_wire(&empty).unwrap_err().to_string(), "withdrawal: must be given");
}

/// Every step a side may take, written out. What is not here is not allowed.
const STEPS: &[(ReferralState, Side, &[ReferralState])] = {
    use ReferralState::{
        Accepted, Cancelled, Completed, ConsentWithdrawn, Draft, EnteredInError, Expired, Failed, InProgress, OnHold, Received, Rejected,
        Requested, Returned,
    };
    &[
        (Draft, Side::Sender, &[Requested, Cancelled, ConsentWithdrawn, EnteredInError]),
        (Draft, Side::Receiver, &[ConsentWithdrawn]),
        (Requested, Side::Sender, &[Cancelled, Expired, ConsentWithdrawn, EnteredInError]),
        (Requested, Side::Receiver, &[Received, Accepted, Rejected, Returned, Expired, ConsentWithdrawn]),
        (Received, Side::Sender, &[Cancelled, Expired, ConsentWithdrawn, EnteredInError]),
        (Received, Side::Receiver, &[Accepted, Rejected, Returned, Expired, ConsentWithdrawn]),
        (Accepted, Side::Sender, &[Cancelled, ConsentWithdrawn, EnteredInError]),
        (Accepted, Side::Receiver, &[InProgress, Failed, ConsentWithdrawn]),
        (Rejected, Side::Sender, &[ConsentWithdrawn, EnteredInError]),
        (Rejected, Side::Receiver, &[ConsentWithdrawn]),
        (Returned, Side::Sender, &[Requested, Cancelled, Expired, ConsentWithdrawn, EnteredInError]),
        (Returned, Side::Receiver, &[Expired, ConsentWithdrawn]),
        (InProgress, Side::Sender, &[Cancelled, ConsentWithdrawn, EnteredInError]),
        (InProgress, Side::Receiver, &[OnHold, Completed, Failed, ConsentWithdrawn]),
        (OnHold, Side::Sender, &[Cancelled, ConsentWithdrawn, EnteredInError]),
        (OnHold, Side::Receiver, &[InProgress, Completed, Failed, ConsentWithdrawn]),
        (Completed, Side::Sender, &[ConsentWithdrawn, EnteredInError]),
        (Completed, Side::Receiver, &[ConsentWithdrawn]),
        (Failed, Side::Sender, &[ConsentWithdrawn, EnteredInError]),
        (Failed, Side::Receiver, &[ConsentWithdrawn]),
        (Cancelled, Side::Sender, &[ConsentWithdrawn, EnteredInError]),
        (Cancelled, Side::Receiver, &[ConsentWithdrawn]),
        (Expired, Side::Sender, &[ConsentWithdrawn, EnteredInError]),
        (Expired, Side::Receiver, &[ConsentWithdrawn]),
        (ConsentWithdrawn, Side::Sender, &[]),
        (ConsentWithdrawn, Side::Receiver, &[]),
        (EnteredInError, Side::Sender, &[ConsentWithdrawn]),
        (EnteredInError, Side::Receiver, &[ConsentWithdrawn]),
    ]
};

#[test]
fn each_side_takes_the_steps_that_are_its_own() {
    assert_eq!(STEPS.len(), 2 * ReferralState::ALL.len());
    for (from, side, steps) in STEPS {
        let allowed: Vec<ReferralState> =
            ReferralState::ALL.iter().copied().filter(|to| ReferralState::may_follow(*from, *to, *side)).collect();
        assert_eq!(allowed, *steps, "{from} by {side:?}");
    }
}

#[test]
fn records_flow_only_between_acceptance_and_the_end() {
    let sharing: Vec<ReferralState> = ReferralState::ALL.iter().copied().filter(|state| state.is_sharing()).collect();
    assert_eq!(sharing, [ReferralState::Accepted, ReferralState::InProgress, ReferralState::OnHold]);
    for state in ReferralState::ALL {
        assert!(!(state.is_final() && state.is_open()));
        assert!(!state.is_sharing() || state.is_open());
    }
}

#[test]
fn both_nodes_agree_which_of_two_states_that_crossed_stands() {
    use ReferralState::{Accepted, Cancelled, Completed, ConsentWithdrawn, EnteredInError, Expired, Rejected};
    for one in ReferralState::ALL {
        assert_eq!(winner(*one, ConsentWithdrawn), ConsentWithdrawn, "the worker's word beats every state");
        for other in ReferralState::ALL {
            assert_eq!(winner(*one, *other), winner(*other, *one));
            for third in ReferralState::ALL {
                assert_eq!(winner(winner(*one, *other), *third), winner(*one, winner(*other, *third)));
            }
        }
    }
    assert_eq!(winner(EnteredInError, Completed), EnteredInError);
    assert_eq!(winner(Cancelled, Accepted), Cancelled, "nothing flows");
    assert_eq!(winner(Cancelled, Completed), Completed, "what is done is done");
    assert_eq!(winner(Cancelled, Rejected), Rejected);
    assert_eq!(winner(Expired, Accepted), Accepted, "an answer beats the other side's clock");
}

#[test]
fn the_clocks_are_those_of_the_field() {
    let clocks = |priority: Priority| (priority.respond_within_hours(), priority.contact_within_hours(), priority.expires_within_hours());
    assert_eq!(clocks(Priority::Emergency), (4, 24, 24));
    assert_eq!(clocks(Priority::Urgent), (24, 72, 72));
    assert_eq!(clocks(Priority::Normal), (168, 336, 336));
}

#[test]
fn a_welfare_check_knows_four_replies_that_no_other_referral_knows() {
    use ReferralOutcome::{ClientDeclined, NotReached, ReachedDeclined, ReachedSafe, ReachedWantsHelp, ServiceGiven};
    let takes = |kind, state, outcome| check_reply(kind, state, outcome).is_ok();
    let check = ReferralKind::WelfareCheck;
    for outcome in [ReachedSafe, ReachedWantsHelp, ReachedDeclined] {
        assert!(takes(check, ReferralState::Completed, Some(outcome)) && !takes(check, ReferralState::Failed, Some(outcome)));
        assert!(!takes(ReferralKind::Service, ReferralState::Completed, Some(outcome)));
    }
    assert!(
        takes(check, ReferralState::Failed, Some(NotReached)) && !takes(ReferralKind::Service, ReferralState::Failed, Some(NotReached))
    );
    assert!(!takes(check, ReferralState::Completed, Some(ServiceGiven)) && !takes(check, ReferralState::Failed, Some(ClientDeclined)));
    assert!(!takes(check, ReferralState::Returned, None) && !takes(check, ReferralState::OnHold, None));
    assert!(takes(check, ReferralState::Accepted, None) && takes(ReferralKind::Service, ReferralState::OnHold, None));
}
