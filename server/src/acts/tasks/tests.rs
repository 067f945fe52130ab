//! What no story from outside can show: a notice of a breach, and pages.

use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;
use titian_proto::model::referral::BreachNotice;
use titian_proto::model::staff::Role;

use super::{TaskKind, close, count, list};
use crate::acts::actor::Actor;
use crate::acts::breaches;
use crate::acts::context::Acts;
use crate::acts::error::ActError;
use crate::store::breaches::BreachTable as _;
use crate::testing;

fn actor(role: Role) -> Actor {
    Actor { name: "siti".to_owned(), pseudonym: "S-00000001".to_owned(), role }
}

/// KSBSI tells of so many breaches, found one after another.
async fn told(acts: &Acts, breaches: i64) {
    let peer = NodeId::parse("id.ksbsi").unwrap();
    for found in 1..=breaches {
        let notice = BreachNotice { found_at: Instant::from_millis(found), categories: Vec::new(), referral_ids: Vec::new() };
        let (house, peer) = (acts.house.clone(), peer.clone());
        acts.store.write(move |unit| breaches::receive(&house, unit, &peer, &notice)).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_breach_waits_for_whoever_can_tell_the_workers_until_it_is_seen_to_and_does_not_come_back() {
    let (node, hands) = testing::node();
    let acts = testing::acts(&node);
    told(&acts, 1).await;
    told(&acts, 1).await;
    for (role, waiting) in [(Role::Caseworker, 1), (Role::Admin, 1), (Role::Auditor, 0)] {
        assert_eq!(list(&acts, role, None, 10).await.unwrap().1.len(), waiting, "{role}");
    }
    let task = list(&acts, Role::Caseworker, None, 10).await.unwrap().1.remove(0);
    assert_eq!(task.due, node.ambient.now().plus_hours(24), "the shortest of the laws");
    hands.forward_minutes(25 * 60);
    let counted = count(&acts, Role::Supervisor).await.unwrap();
    assert_eq!(
        counted.iter().map(|count| (count.kind, count.waiting, count.overdue)).collect::<Vec<_>>(),
        [(TaskKind::BreachNotice, 1, 1)]
    );
    assert!(
        matches!(close(&acts, &actor(Role::FocalPoint), task.task_id).await, Err(ActError::NotFound { .. })),
        "it has a verb of its own"
    );
    let breach_id = acts.store.view().breaches().unwrap()[0].breach_id;
    breaches::settle(&acts, &actor(Role::Supervisor), breach_id).await.unwrap();
    told(&acts, 1).await;
    assert!(list(&acts, Role::Caseworker, None, 10).await.unwrap().1.is_empty());
}

#[tokio::test]
async fn pages_follow_each_other_and_none_is_larger_than_asked_for() {
    let (node, hands) = testing::node();
    let acts = testing::acts(&node);
    for found in 1..=7 {
        told(&acts, found).await; // those of before are known
        hands.forward_minutes(1);
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let (_, page) = list(&acts, Role::Caseworker, after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some((last.due, last.task_id));
        seen.extend(page.iter().map(|task| (task.due, task.task_id)));
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|one, next| one < next), "by the day, and none twice");
}
