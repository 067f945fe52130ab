//! Stories of accounts and sessions. Siti is a caseworker, Aminah an admin.

use crate::acts::actor::{Actor, Role};
use crate::acts::error::ActError;
use crate::acts::staff::password::{NOBODY, Password};
use crate::acts::staff::{Staff, create_first_admin};
use crate::store::staff::{Attempts, ReadStaff as _};
use crate::testing::{self, Hands, Node};
use titian_proto::model::date::Instant;

const RIGHT: &str = "a footbridge over the water";
const WRONG: &str = "a footbridge under the water";

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

/// A node with an admin and a caseworker.
async fn staffed() -> (Node, Hands) {
    let (node, hands) = testing::node();
    create_first_admin(&node.store, &node.ambient, "aminah", password(RIGHT)).await.unwrap();
    node.staff.add("siti", password(RIGHT), Role::Caseworker).await.unwrap();
    (node, hands)
}

async fn actor(node: &Node, name: &str) -> Actor {
    let token = node.staff.sign_in(name, password(RIGHT)).await.unwrap().token;
    node.staff.check(&token).unwrap().actor
}

async fn fail(node: &Node, name: &str, times: usize) {
    for _ in 0..times {
        let failed = node.staff.sign_in(name, password(WRONG)).await;
        assert!(matches!(failed, Err(ActError::SignInFailed)), "{failed:?}");
    }
}

async fn locked_until(node: &Node, name: &str) -> Instant {
    match node.staff.sign_in(name, password(RIGHT)).await {
        Err(ActError::LockedOut { until }) => until,
        other => panic!("not locked: {other:?}"),
    }
}

#[tokio::test]
async fn five_failures_lock_a_name_and_each_further_lock_is_twice_as_long() {
    let (node, hands) = staffed().await;
    let start = node.ambient.now();

    fail(&node, "siti", 5).await;
    assert_eq!(locked_until(&node, "siti").await, Instant::from_millis(start.as_millis() + 15 * 60_000));
    hands.forward_minutes(14);
    locked_until(&node, "siti").await;

    // The lock ends; five more failures, and it is half an hour.
    hands.forward_minutes(1);
    fail(&node, "siti", 5).await;
    hands.forward_minutes(29);
    locked_until(&node, "siti").await;

    // The right password after that forgives everything.
    hands.forward_minutes(1);
    node.staff.sign_in("siti", password(RIGHT)).await.unwrap();
    fail(&node, "siti", 4).await;
    node.staff.sign_in("siti", password(RIGHT)).await.unwrap();
}

#[tokio::test]
async fn the_lock_survives_a_restart() {
    let (node, _) = staffed().await;
    fail(&node, "siti", 5).await;
    let restarted = Node { staff: Staff::new(node.store.clone(), node.ambient.clone()), ..node };
    locked_until(&restarted, "siti").await;
}

#[test]
fn a_lock_is_never_longer_than_a_day() {
    let mut attempts = Attempts::default();
    let mut now = Instant::from_millis(0);
    for _ in 0..40 {
        for _ in 0..Attempts::FAILURES_MAX {
            attempts.charge(now).unwrap();
        }
        let until = attempts.charge(now).unwrap_err();
        assert!(until.as_millis() - now.as_millis() <= Attempts::LOCK_MAX_MS);
        now = until;
    }
    assert_eq!(attempts.charge(now), Ok(()));
}

#[tokio::test]
async fn a_name_that_nobody_has_is_answered_like_one_that_somebody_has() {
    let (node, _) = staffed().await;
    fail(&node, "nobody", 5).await;
    fail(&node, "siti", 5).await;
    assert_eq!(locked_until(&node, "nobody").await, locked_until(&node, "siti").await);

    // A name that cannot exist fails without being remembered.
    fail(&node, "no such name at all", 6).await;
}

#[tokio::test]
async fn many_guesses_at_once_count_as_many() {
    let (node, _) = staffed().await;
    let guesses: Vec<_> = (0..10)
        .map(|_| {
            let staff = node.staff.clone();
            tokio::spawn(async move { staff.sign_in("siti", password(WRONG)).await })
        })
        .collect();
    let (mut failed, mut locked) = (0, 0);
    for guess in guesses {
        match guess.await.unwrap() {
            Err(ActError::SignInFailed) => failed += 1,
            Err(ActError::LockedOut { .. }) => locked += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((failed, locked), (5, 5));
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_told_to_come_back() {
    let (node, _) = staffed().await;
    let flood: Vec<_> = (0..40)
        .map(|number| {
            let staff = node.staff.clone();
            tokio::spawn(async move { staff.sign_in(&format!("guess{number}"), password(WRONG)).await })
        })
        .collect();
    let mut busy = 0;
    for guess in flood {
        match guess.await.unwrap() {
            Err(ActError::Busy) => busy += 1,
            Err(ActError::SignInFailed) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(busy, 40 - 18, "two hash, sixteen wait");
}

#[tokio::test]
async fn a_session_ends_after_an_idle_hour_or_after_twelve_hours() {
    let (node, hands) = staffed().await;
    let idle = node.staff.sign_in("siti", password(RIGHT)).await.unwrap().token;
    let used = node.staff.sign_in("siti", password(RIGHT)).await.unwrap().token;

    // 11 h 54 min in steps of 34 min: one session is used at each, the other was last used at the first.
    node.staff.check(&idle).unwrap();
    for step in 1..=21 {
        hands.forward_minutes(34);
        let caller = node.staff.check(&used).unwrap();
        assert_eq!(caller.actor.name, "siti");
        if step == 2 {
            assert!(matches!(node.staff.check(&idle), Err(ActError::SessionEnded)));
        }
    }
    let caller = node.staff.check(&used).unwrap();
    assert!(node.staff.is_open(&caller));
    hands.forward_minutes(6);
    assert!(!node.staff.is_open(&caller));
    assert!(matches!(node.staff.check(&used), Err(ActError::SessionEnded)));
}

#[tokio::test]
async fn a_session_goes_on_over_a_restart_and_its_idle_time_too() {
    let (node, hands) = staffed().await;
    let token = node.staff.sign_in("siti", password(RIGHT)).await.unwrap().token;
    hands.forward_minutes(50);
    let caller = node.staff.check(&token).unwrap();
    written_use(&node, &caller, node.ambient.now()).await;

    let restarted = Staff::new(node.store.clone(), node.ambient.clone());
    hands.forward_minutes(50);
    assert_eq!(restarted.check(&token).unwrap().actor, caller.actor);
    hands.forward_minutes(60);
    assert!(matches!(restarted.check(&token), Err(ActError::SessionEnded)));
}

/// Waits for the write behind the call.
async fn written_use(node: &Node, caller: &super::Caller, at: Instant) {
    for _ in 0..1000 {
        if node.store.view().session(&caller.session).unwrap().unwrap().used_at == at {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the last use was never written");
}

#[tokio::test]
async fn sign_out_new_password_and_closing_end_sessions_at_once() {
    let (node, _) = staffed().await;
    let admin = actor(&node, "aminah").await;
    let staff = &node.staff;

    let token = staff.sign_in("siti", password(RIGHT)).await.unwrap().token;
    let other = staff.sign_in("siti", password(RIGHT)).await.unwrap().token;
    staff.sign_out(&staff.check(&token).unwrap()).await.unwrap();
    assert!(matches!(staff.check(&token), Err(ActError::SessionEnded)));

    staff.check(&other).unwrap();
    staff.set_password(&admin, "siti", password("another long password")).await.unwrap();
    assert!(matches!(staff.check(&other), Err(ActError::SessionEnded)));
    fail_with(&node, "siti", RIGHT).await;

    let token = staff.sign_in("siti", password("another long password")).await.unwrap().token;
    assert!(staff.close("siti").await.unwrap().closed);
    assert!(matches!(staff.check(&token), Err(ActError::SessionEnded)));
    fail_with(&node, "siti", "another long password").await;
    let again = staff.add("siti", password(RIGHT), Role::Caseworker).await;
    assert!(matches!(again, Err(ActError::Conflict { .. })), "a closed name is never given again");
}

async fn fail_with(node: &Node, name: &str, text: &str) {
    assert!(matches!(node.staff.sign_in(name, password(text)).await, Err(ActError::SignInFailed)));
}

#[tokio::test]
async fn the_ninth_session_ends_the_oldest() {
    let (node, _) = staffed().await;
    let mut tokens = Vec::new();
    for _ in 0..9 {
        tokens.push(node.staff.sign_in("siti", password(RIGHT)).await.unwrap().token);
    }
    assert!(matches!(node.staff.check(&tokens[0]), Err(ActError::SessionEnded)));
    for token in &tokens[1..] {
        node.staff.check(token).unwrap();
    }
}

#[tokio::test]
async fn only_an_admin_sets_somebody_elses_password_and_the_last_admin_stays() {
    let (node, _) = staffed().await;
    let caseworker = actor(&node, "siti").await;
    let forbidden = node.staff.set_password(&caseworker, "aminah", password("another long password")).await;
    assert!(matches!(forbidden, Err(ActError::RoleForbids)));
    node.staff.set_password(&caseworker, "", password("another long password")).await.unwrap();
    assert!(matches!(node.staff.close("aminah").await, Err(ActError::WrongState { .. })));
    assert!(matches!(node.staff.close("nobody").await, Err(ActError::NotFound { .. })));
}

#[tokio::test]
async fn an_admin_unlocks_a_name_by_a_new_password() {
    let (node, _) = staffed().await;
    let admin = actor(&node, "aminah").await;
    fail(&node, "siti", 5).await;
    node.staff.set_password(&admin, "siti", password("another long password")).await.unwrap();
    node.staff.sign_in("siti", password("another long password")).await.unwrap();
}

#[tokio::test]
async fn there_is_one_first_admin() {
    let (node, _) = staffed().await;
    let second = create_first_admin(&node.store, &node.ambient, "eve", password(RIGHT)).await;
    assert!(matches!(second, Err(ActError::Conflict { .. })));
}

#[tokio::test]
async fn names_and_passwords_have_rules() {
    let (node, _) = testing::node();
    let long = "x".repeat(65);
    for name in ["", "s", "Siti", "siti bakar", "siti/", "ສີດາ", &long] {
        let refused = node.staff.add(name, password(RIGHT), Role::Caseworker).await;
        assert!(matches!(refused, Err(ActError::Malformed(ref malformed)) if malformed.path == "name"), "{name}");
    }
    for text in ["elevenchars", &"x".repeat(513)] {
        let refused = node.staff.add("siti", password(text), Role::Caseworker).await;
        assert!(matches!(refused, Err(ActError::Malformed(ref malformed)) if malformed.path == "password"));
    }
    // Twelve characters in any script.
    node.staff.add("siti", password("ຂົວຂ້າມນ້ຳໃຫຍ່"), Role::Caseworker).await.unwrap();
}

#[tokio::test]
async fn nothing_stored_or_shown_holds_a_password_a_token_or_a_name() {
    let (node, _) = staffed().await;
    let signed_in = node.staff.sign_in("siti", password(RIGHT)).await.unwrap();
    let caller = node.staff.check(&signed_in.token).unwrap();
    let account = node.store.view().account("siti").unwrap().unwrap();
    assert!(account.password.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(NOBODY.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(NOBODY.len(), account.password.len());
    assert!(account.pseudonym.starts_with("S-") && account.pseudonym.len() == 10);
    let shown = format!("{account:?} {caller:?} {signed_in:?} {:?}", password(RIGHT));
    for secret in ["siti", RIGHT, &signed_in.token] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
