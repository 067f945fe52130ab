//! Stories of a copy that goes, told at the acts: what comes between two of its steps.

use titian_proto::model::id::ReferralId;
use titian_proto::model::referral::{Erasure, ReferralState};
use titian_proto::model::vocabulary::Category;

use super::ask::{Wanted, Words, ask};
use super::{destroy, hold, retention, run};
use crate::acts::context::Acts;
use crate::acts::error::ActError;
use crate::store::Key;
use crate::store::erasures::{ErasureTable as _, Here};
use crate::store::referrals::ReferralFile;
use crate::testing::{self, referral};

/// She took the claim back at KSBSI.
async fn takes_back_the_claim(acts: &Acts, referral_id: ReferralId) {
    let house = acts.house.clone();
    acts.store
        .write(move |unit| {
            let mut file = referral(referral_id, unit.now());
            ask(&house, unit, &mut file, Wanted::after_withdrawal(Words { here: 0, there: 2 }, vec![Category::Claim]))?;
            Ok::<_, ActError>(unit.put_referral(&file)?)
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_hold_that_comes_after_the_destruction_does_not_change_what_is_told_of_it() {
    // Given a claim that was destroyed, and the node ended before it told KSBSI
    let (node, _) = testing::node();
    let acts = testing::acts(&node);
    let referral_id = ReferralId([1; 16]);
    takes_back_the_claim(&acts, referral_id).await;
    destroy::all(&acts, referral_id).await.unwrap();
    // When a court wants the rest of the copy kept, and then the node goes on
    hold::hold(&acts, referral_id, "PN-BLITAR-PERDATA", "2026-09-30").await.unwrap();
    run(&acts).await.unwrap();
    // Then KSBSI is told that the claim is gone; it is owed that, because it is not a peer yet
    let erasure = acts.store.view().erasure(referral_id).unwrap().unwrap();
    assert_eq!(erasure.here, Here::Destroyed(Erasure::Erased));
}

#[tokio::test]
async fn what_is_asked_for_between_two_pages_is_decided_anew() {
    // Given a claim whose destruction began while a court held everything
    let (node, _) = testing::node();
    let acts = testing::acts(&node);
    let referral_id = ReferralId([1; 16]);
    takes_back_the_claim(&acts, referral_id).await;
    hold::hold(&acts, referral_id, "PN-BLITAR-PERDATA", "2026-09-30").await.unwrap();
    run(&acts).await.unwrap();
    assert_eq!(acts.store.view().erasure(referral_id).unwrap().unwrap().here, Here::Destroyed(Erasure::LegalHold));
    // When the hold is lifted
    hold::lift(&acts, referral_id).await.unwrap();
    run(&acts).await.unwrap();
    // Then nothing of what was decided before stands
    assert_eq!(acts.store.view().erasure(referral_id).unwrap().unwrap().here, Here::Destroyed(Erasure::Erased));
}

#[tokio::test]
async fn a_referral_that_cannot_be_read_does_not_hold_up_the_day_of_another() {
    // Given two copies whose day has come, one of them of a referral that cannot be read
    let (node, _) = testing::node();
    let acts = testing::acts(&node);
    let (damaged, other) = (ReferralId([1; 16]), ReferralId([2; 16]));
    acts.store
        .write(move |unit| {
            let day = unit.now().plus_days(-1);
            let file = ReferralFile { state: ReferralState::Completed, retention_until: Some(day), ..referral(other, unit.now()) };
            unit.put_referral(&file)?;
            unit.put_retention(day, other)?;
            unit.put_retention(day, damaged)?;
            Ok::<_, ActError>(unit.put(Key::of("referral/").id(&damaged.0), vec![1, b'{'])?)
        })
        .await
        .unwrap();
    // When the day is looked for
    retention::run(&acts).await.unwrap();
    // Then the other goes, and the damaged one waits for somebody who mends it
    assert!(acts.store.view().erasure(other).unwrap().is_some());
    let waiting = acts.store.view().retention_due(acts.house.ambient.now(), None, 8).unwrap();
    assert_eq!(waiting.iter().map(|(_, referral_id)| *referral_id).collect::<Vec<_>>(), [damaged]);
    // And shares are still held against the day
    crate::acts::projection::run(&acts).await.unwrap();
}
