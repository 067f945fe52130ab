//! What must hold of the gate whatever it is asked: nothing outside agreement, annex and consent ever gets a permit, and both ends decide alike.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up must fail")]

mod world;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_assume, prop_oneof, proptest};
use proptest::sample::{select, subsequence};
use titian_proto::gate::Content;
use titian_proto::model::agreement::AgreementState;
use titian_proto::model::consent::{ConsentGiver, ConsentMethod, Ledger, Withheld};
use titian_proto::model::id::ConsentId;
use titian_proto::model::record::RecordType;
use titian_proto::model::vocabulary::{Category, Purpose, Tier};
use world::{World, approval, grant, node, peer, withdrawal};

/// A world in which each thing is now and then in the way.
#[derive(Clone, Debug)]
struct Draw {
    offer: bool,
    state: AgreementState,
    types: Vec<RecordType>,
    selected: Vec<Category>,
    annex_categories: Vec<Category>,
    annex_types: Vec<String>,
    max_tier: Tier,
    granted: Vec<Category>,
    purpose_granted: bool,
    recipient_granted: bool,
    withheld: Vec<Category>,
    withdrawn: Vec<Category>,
    withdrawn_at: u64,
    day: i64,
    approved: bool,
    minor: bool,
    foreign_owner: bool,
    second_grant: bool,
}

/// Most of the sixteen, so that some worlds get a permit.
fn categories() -> impl Strategy<Value = Vec<Category>> {
    prop_oneof![3 => Just(Category::ALL.to_vec()), 2 => subsequence(Category::ALL.to_vec(), 0..=16)]
}

fn few() -> impl Strategy<Value = Vec<Category>> {
    prop_oneof![4 => Just(Vec::new()), 1 => subsequence(Category::ALL.to_vec(), 1..=3)]
}

fn draw() -> impl Strategy<Value = Draw> {
    let state = prop_oneof![9 => Just(AgreementState::InForce), 1 => select(AgreementState::ALL)];
    let tier = prop_oneof![2 => Just(Tier::T4), 1 => select(Tier::ALL)];
    let names: Vec<String> = RecordType::ALL.iter().map(|one| one.name().to_owned()).collect();
    let annex_types = prop_oneof![3 => Just(Vec::new()), 1 => subsequence(names, 1..=22)];
    let mostly = || prop_oneof![9 => Just(true), 1 => Just(false)];
    let rarely = || prop_oneof![1 => Just(true), 9 => Just(false)];
    let scope = (any::<bool>(), state, subsequence(RecordType::ALL.to_vec(), 1..=4), subsequence(Category::ALL.to_vec(), 0..=4));
    let annex = (categories(), annex_types, tier);
    let consent = (categories(), mostly(), mostly(), few(), few(), 0..4u64);
    let rest = (prop_oneof![9 => 0..90i64, 1 => 85..95i64], mostly(), rarely(), rarely(), any::<bool>());
    (scope, annex, consent, rest).prop_map(|(scope, annex, consent, rest)| Draw {
        offer: scope.0,
        state: scope.1,
        types: scope.2,
        selected: scope.3,
        annex_categories: annex.0,
        annex_types: annex.1,
        max_tier: annex.2,
        granted: consent.0,
        purpose_granted: consent.1,
        recipient_granted: consent.2,
        withheld: consent.3,
        withdrawn: consent.4,
        withdrawn_at: consent.5,
        day: rest.0,
        approved: rest.1,
        minor: rest.2,
        foreign_owner: rest.3,
        second_grant: rest.4,
    })
}

fn world_of(draw: &Draw) -> World {
    let world = if draw.offer { World::offer(&draw.selected) } else { World::put(&draw.types) };
    world
        .annex(|a| (a.categories, a.record_types, a.max_tier) = (draw.annex_categories.clone(), draw.annex_types.clone(), draw.max_tier))
        .grant(|g| {
            g.sequence = 2;
            g.categories = draw.granted.clone();
            g.purposes = vec![if draw.purpose_granted { Purpose::WageRecovery } else { Purpose::Shelter }];
            g.recipient = if draw.recipient_granted { node("id.ksbsi") } else { node("kh.clc") };
            g.withheld = draw.withheld.iter().map(|category| Withheld { category: *category, field: None, reason: None }).collect();
            g.method = ConsentMethod::Thumbprint;
            g.given_by = ConsentGiver::Client;
        })
        .with(|w| {
            w.state = draw.state;
            w.now = w.now.plus_days(draw.day);
            w.subject.minor = draw.minor;
            w.subject.safety_already_held = true;
            w.approval = None;
            if !draw.withdrawn.is_empty() {
                w.ledger.withdrawals = vec![withdrawal(draw.withdrawn_at, &draw.withdrawn)];
            }
            if draw.second_grant {
                // An older, wider consent to the same union: it must not bring back what the newer one lost.
                let older = titian_proto::model::consent::Grant { consent_id: ConsentId([4; 16]), sequence: 1, ..grant() };
                w.ledger.grants.push(older);
            }
            match &mut w.content {
                Content::Offer(offer) => offer.approval = draw.approved.then(|| approval("staff-1", "staff-2")),
                Content::Put(put) => {
                    put.approval = draw.approved.then(|| approval("staff-1", "staff-2"));
                    if draw.foreign_owner {
                        put.records[0].owner = node("id.ksbsi");
                    }
                }
                _ => panic!("is an offer or a put"),
            }
        })
}

/// What the worker and the unions allow, said once more and in other words than the gate's: record by record, by sets alone.
fn allowed(draw: &Draw) -> bool {
    let told = [Category::CaseCore];
    let wanted: Vec<(Category, Vec<RecordType>)> = if draw.offer {
        draw.selected.iter().chain(&told).map(|category| (*category, world::types_of(*category))).collect()
    } else {
        draw.types.iter().map(|one| (one.category(), vec![*one])).collect()
    };
    let in_annex = |category: &Category, types: &[RecordType]| {
        draw.annex_categories.contains(category)
            && (draw.annex_types.is_empty() || types.iter().any(|one| draw.annex_types.contains(&one.name().to_owned())))
    };
    let by_consent = |category: &Category| {
        let taken_back = draw.withdrawn_at >= 2 && draw.withdrawn.contains(category);
        draw.purpose_granted
            && draw.recipient_granted
            && draw.day < 90
            && draw.granted.contains(category)
            && !draw.withheld.contains(category)
            && !taken_back
    };
    let each =
        wanted.iter().all(|(category, types)| in_annex(category, types) && (*category == Category::Directory || by_consent(category)));
    draw.state == AgreementState::InForce && each && (draw.offer || !draw.foreign_owner)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_outside_agreement_annex_and_consent_gets_a_permit(draw in draw()) {
        let verdict = world_of(&draw).verdict();
        prop_assert!(verdict != "PERMIT" || allowed(&draw), "permitted, though not allowed");
    }

    #[test]
    fn a_permit_stays_within_the_highest_tier_and_sensitive_things_had_a_second_look(draw in draw()) {
        if let Ok(permit) = world_of(&draw).decide() {
            if let Content::Put(put) = permit.content() {
                prop_assert!(put.tier() <= draw.max_tier);
                prop_assert!(put.tier() < Tier::T3 || draw.approved);
            }
            let of_no_person = !draw.offer && draw.types.iter().all(|one| one.category() == Category::Directory);
            prop_assert!(!draw.minor || of_no_person, "a minor does not speak alone");
        }
    }

    #[test]
    fn a_welfare_check_reaches_three_categories_and_never_without_annex_node_and_two_persons(
        draw in draw(),
        (annex, node) in (any::<bool>(), any::<bool>()),
        basis in subsequence(Category::ALL.to_vec(), 1..=16),
    ) {
        // The world as it is drawn; and its basis names whatever it likes, as a union that cheats would write it.
        let world = world_of(&draw).welfare_check().grant(|g| g.categories = basis.clone());
        let world = world.annex(|a| a.welfare_check_allowed = annex).with(|w| w.local.welfare_checks = node);
        if let Ok(permit) = world.decide() {
            prop_assert!(annex && node && draw.approved);
            prop_assert!(draw.withdrawn.is_empty() && draw.state == AgreementState::InForce && draw.day < 14);
            let reached = match permit.content() {
                Content::Put(put) => put.records.iter().map(|record| record.content.category()).collect(),
                Content::Offer(offer) => [offer.categories.clone(), offer.categories_said()].concat(),
                _ => panic!("is an offer or a put"),
            };
            let reach = [Category::Identity, Category::Contact, Category::Safety];
            prop_assert!(reached.iter().all(|category| reach.contains(category) && basis.contains(category)));
        }
    }

    #[test]
    fn both_ends_decide_alike(draw in draw()) {
        // A grant of no category cannot be written down, so none arrives: also where a record of the directory, which needs none, brings one along.
        prop_assume!(!draw.granted.is_empty());
        // What a union holds from another is known to it alone; whoever receives it looks at her consent.
        prop_assume!(!draw.foreign_owner);
        let at_sender = world_of(&draw);
        let sent = at_sender.decide();
        // The receiver sees the same message, from the other side, and keeps the same ledger.
        let at_receiver = at_sender.clone().with(|w| w.peer = Some(peer("my.mtuc")));
        // When an approval ends is the sender's alone to see to: nothing at the receiver rests on a peer's clock.
        let ended = at_sender.decide().is_err_and(|refusal| refusal.paths == ["approval.approved_at"]);
        prop_assert!(ended || at_sender.verdict() == at_receiver.verdict());
        if let Ok(permit) = sent {
            // What was permitted is permitted after its journey as bytes, even to a receiver that knows of no grant but the message's own.
            let (salt, content) = Content::parse(permit.body([5; 32]).kind(), permit.body([5; 32]).bytes()).unwrap();
            let arrived = at_receiver.with(|w| {
                w.content = content.clone();
                w.ledger = Ledger { grants: Vec::new(), withdrawals: w.ledger.withdrawals.clone() };
            });
            let applied = arrived.decide().unwrap();
            prop_assert_eq!(applied.body(salt).digest(), permit.body([5; 32]).digest());
            prop_assert_eq!(applied.commitment_inputs(), permit.commitment_inputs());
        }
    }

    #[test]
    fn asking_again_gives_the_same_answer_and_taking_away_never_helps(draw in draw(), less in select(Category::ALL)) {
        let world = world_of(&draw);
        prop_assert_eq!(world.verdict(), world.verdict());
        let narrowed = Draw { granted: draw.granted.iter().copied().filter(|one| *one != less).collect(), ..draw.clone() };
        if world.verdict() != "PERMIT" {
            prop_assert!(world_of(&narrowed).verdict() != "PERMIT", "less consent must not open a door");
        }
    }
}

#[test]
fn the_draws_hold_both_permits_and_refusals() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let draws: Vec<String> = (0..500).map(|_| world_of(&draw().new_tree(&mut runner).unwrap().current()).verdict()).collect();
    let permits = draws.iter().filter(|verdict| *verdict == "PERMIT").count();
    assert!((25..475).contains(&permits), "{permits} of 500 draws are permits: the properties would say little");
}
