//! Lists that older programs did not keep, made once from what they kept.

use titian_proto::model::id::ReferralId;

use super::{is_sender, offer_of};
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::in_turn;
use crate::store::referrals::ReferralTable as _;
use crate::store::{StoreError, Unit};

/// Referrals listed in one write.
const PAGE: usize = 256;

/// Lists every referral from another union by whom it is about. Done before anything else: a withdrawal finds her referrals by that list.
///
/// # Errors
/// When the store fails.
pub async fn complete(acts: &Acts) -> Result<(), StoreError> {
    if acts.store.view().subjects_are_listed()? {
        return Ok(());
    }
    let mut after = None;
    loop {
        let page = acts.store.view().referral_ids(after, PAGE)?;
        in_turn::each(acts, "lists", &page, one).await?;
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(*last),
            Some(_) | None => return acts.store.write(Unit::put_subjects_listed).await,
        }
    }
}

fn one(house: &House, unit: &mut Unit, referral_id: ReferralId) -> Result<(), ActError> {
    match unit.referral(referral_id)? {
        Some(file) if !is_sender(house, &file) => {
            Ok(unit.put_referral_of_subject(&file.sender, offer_of(&file)?.subject_ref, referral_id)?)
        }
        Some(_) | None => Ok(()),
    }
}
