//! An erasure begins.

use titian_proto::model::agreement::Annex;
use titian_proto::model::id::ReferralId;
use titian_proto::model::referral::{Erasure, ErasureGround};
use titian_proto::model::vocabulary::Category;

use crate::acts::context::House;
use crate::acts::{policy, shares};
use crate::store::erasures::{ErasureFile, ErasureTable as _, Here, Onward};
use crate::store::referrals::ReferralFile;
use crate::store::{StoreError, Topic, Unit};

/// The newest withdrawals that ask for an erasure: each node counts her words in its own ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Taken here, as this node counts; 0: none.
    pub here: u64,
    /// Taken at the other side, as it counts; 0: none.
    pub there: u64,
}

/// Why an erasure begins, and how far it goes.
pub struct Wanted {
    /// Why.
    pub ground: ErasureGround,
    /// The withdrawals.
    pub words: Words,
    /// What of the share; empty: everything.
    pub categories: Vec<Category>,
    /// Referrals of this node under which something was passed on.
    pub onward: Vec<Onward>,
    /// The referral from another union whose erasure waits for this one.
    pub on_behalf_of: Option<ReferralId>,
    /// The other side is asked as well, so that its answer is still to come even where it answered before.
    pub asks_there: bool,
}

impl Wanted {
    /// Everything, because of a withdrawal.
    #[must_use]
    pub fn after_withdrawal(words: Words, categories: Vec<Category>) -> Self {
        let (onward, on_behalf_of, asks_there) = (Vec::new(), None, true);
        Self { ground: ErasureGround::Withdrawal, words, categories, onward, on_behalf_of, asks_there }
    }

    /// Everything, because the time is over.
    #[must_use]
    pub fn after_retention() -> Self {
        Self { ground: ErasureGround::Retention, ..Self::after_withdrawal(Words::default(), Vec::new()) }
    }
}

/// Begins an erasure under a referral, in the write that asked for it. Where one has begun before, it goes on with what both ask for. The referral's file
/// is changed and not written.
///
/// # Errors
/// When the store fails.
pub fn ask(house: &House, unit: &mut Unit, file: &mut ReferralFile, wanted: Wanted) -> Result<(), StoreError> {
    let before = unit.erasure(file.referral_id)?;
    let now = unit.now();
    let due =
        now.plus_hours(i64::from(annex_of(house, unit, file)?.map_or(Annex::WITHDRAWAL_HOURS_MAX, |annex| annex.withdrawal_action_hours)));
    let mut erasure = ErasureFile {
        referral_id: file.referral_id,
        peer: shares::other_side(house, file).clone(),
        ground: wanted.ground,
        asked_at: now,
        due,
        withdrawal_sequence: wanted.words.there,
        own_sequence: Some(wanted.words.here),
        categories: wanted.categories,
        here: Here::Asked,
        there: Erasure::Pending,
        there_sequence: 0,
        answered_sequence: 0,
        answered_at: None,
        receipts: 0,
        onward: wanted.onward,
        onward_there: Vec::new(),
        on_behalf_of: wanted.on_behalf_of.into_iter().collect(),
        spared: None,
        look_at: None,
    };
    if let Some(before) = before {
        go_on(&mut erasure, &before);
        // Its receipt may overtake its own notice, where the notice was owed for a while. What was taken here just now nobody can have answered.
        let answered = wanted.words.there > 0 && erasure.is_answered_by(erasure.answered_sequence, erasure.there_sequence);
        if answered || !wanted.asks_there {
            erasure.there = before.there;
            erasure.onward_there = before.onward_there;
        }
    }
    file.erasure = Some(erasure.both());
    unit.put_erasure(&erasure)?;
    unit.publish(Topic::Erasures);
    Ok(())
}

/// What was asked before still stands.
fn go_on(erasure: &mut ErasureFile, before: &ErasureFile) {
    if let Some(own) = before.own_sequence {
        erasure.own_sequence = erasure.own_sequence.max(Some(own));
        erasure.withdrawal_sequence = erasure.withdrawal_sequence.max(before.withdrawal_sequence);
        erasure.there_sequence = before.there_sequence;
        erasure.answered_sequence = before.answered_sequence;
    }
    let whole = erasure.categories.is_empty() || before.categories.is_empty();
    // What is done is done: she may have allowed it again since.
    let done = before.here == Here::Told(Erasure::Erased);
    if whole {
        erasure.categories.clear();
    } else if !done {
        erasure.categories.extend(before.categories.iter().copied().filter(|one| !erasure.categories.contains(one)).collect::<Vec<_>>());
    }
    erasure.look_at = before.look_at;
    erasure.receipts = before.receipts;
    erasure.answered_at = before.answered_at;
    for onward in &before.onward {
        if erasure.onward.iter().all(|one| one.referral_id != onward.referral_id) {
            erasure.onward.push(onward.clone());
        }
    }
    for referral_id in &before.on_behalf_of {
        if !erasure.on_behalf_of.contains(referral_id) {
            erasure.on_behalf_of.push(*referral_id);
        }
    }
}

/// The annex under which a referral's records went, if the agreement is still known here.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn annex_of(house: &House, unit: &Unit, file: &ReferralFile) -> Result<Option<Annex>, StoreError> {
    let known = policy::agreement(house, unit, unit.now(), &file.agreement_id, file.agreement_version)?;
    Ok(known.and_then(|known| known.agreement.annexes_from_to(&file.sender, &file.recipient).next().cloned()))
}
