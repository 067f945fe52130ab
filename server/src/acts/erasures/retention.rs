//! The day on which copies go without anybody asking: so many days after the referral was closed, as the annex says (`domain.md` 2.8). Both ends compute
//! it, each by its own clock, and each tells the other what it destroyed.

use titian_proto::model::agreement::Annex;
use titian_proto::model::referral::Custody;

use super::ask::{Wanted, annex_of, ask};
use super::destroy::{Fate, category_of};
use super::welfare;
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::referrals;
use crate::store::erasures::{ErasureFile, ErasureTable as _, Here};
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{StoreError, Topic, Unit};

/// Days after which a copy that was adopted is looked at again.
const ADOPTED_AGAIN_DAYS: i64 = 30;

/// Referrals looked at in one write.
const PAGE: usize = 64;

/// Begins to count when a referral is over. The file is changed and not written.
///
/// # Errors
/// When the store fails.
pub fn begin(house: &House, unit: &mut Unit, file: &mut ReferralFile) -> Result<(), StoreError> {
    if !file.state.is_final() || file.retention_until.is_some() {
        return Ok(());
    }
    let days = annex_of(house, unit, file)?.map_or(Annex::RETENTION_DAYS_DEFAULT, |annex| annex.retention_days);
    let ends = file.changed_at.plus_days(i64::from(days));
    file.retention_until = Some(ends);
    unit.put_retention(ends, file.referral_id)
}

/// Counts no more: a referral that one clock had ended goes on, because the other side had answered in time.
///
/// # Errors
/// When the store fails.
pub fn end(unit: &mut Unit, file: &mut ReferralFile) -> Result<(), StoreError> {
    // The day of a welfare check stands from its beginning.
    let goes_on = !file.state.is_final() && !welfare::is_one(file);
    match file.retention_until.take_if(|_| goes_on) {
        Some(ends) => unit.remove_retention(ends, file.referral_id),
        None => Ok(()),
    }
}

/// Begins to count for what was closed by a program that did not, from the day on which it was closed.
///
/// # Errors
/// When the store fails.
pub async fn begin_old(acts: &Acts) -> Result<(), ActError> {
    let mut after = None;
    loop {
        let page = acts.store.view().referrals(after, PAGE)?;
        after = page.last().map(|file| file.referral_id);
        let house = acts.house.clone();
        let old: Vec<_> = page.iter().filter(|file| file.state.is_final() && file.retention_until.is_none()).cloned().collect();
        if !old.is_empty() {
            acts.store
                .write(move |unit| {
                    old.iter().try_for_each(|file| -> Result<(), ActError> {
                        let mut file = referrals::load(unit, file.referral_id)?;
                        begin(&house, unit, &mut file)?;
                        Ok(unit.put_referral(&file)?)
                    })
                })
                .await?;
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}

/// Destroys what may be kept no longer.
///
/// # Errors
/// When the store fails.
pub async fn run(acts: &Acts) -> Result<(), ActError> {
    loop {
        let due = acts.store.view().retention_due(acts.house.ambient.now(), PAGE)?;
        if due.is_empty() {
            return Ok(());
        }
        let house = acts.house.clone();
        acts.store
            .write(move |unit| {
                due.iter().try_for_each(|(ends, referral_id)| -> Result<(), ActError> {
                    unit.remove_retention(*ends, *referral_id)?;
                    let Some(mut file) = unit.referral(*referral_id)? else { return Ok(()) };
                    file.retention_until = None;
                    welfare::expire(&house, unit, &mut file)?;
                    let adopted = !referrals::is_sender(&house, &file) && file.custody == Some(Custody::Adopted);
                    let before = unit.erasure(*referral_id)?.filter(|erasure| erasure.categories.is_empty());
                    match before {
                        None if file.state.is_final() => {
                            ask(&house, unit, &mut file, Wanted::after_retention())?;
                            file.frozen = true;
                        }
                        Some(erasure) if adopted => again(&house, unit, &file, erasure)?,
                        Some(_) | None => {}
                    }
                    if adopted && file.state.is_final() && unit.progress(*referral_id)?.records_held > 0 {
                        // What was adopted is this node's own as long as its own consent lasts, and no longer: it is looked at again.
                        let ends = unit.now().plus_days(ADOPTED_AGAIN_DAYS);
                        file.retention_until = Some(ends);
                        unit.put_retention(ends, *referral_id)?;
                    }
                    Ok(unit.put_referral(&file)?)
                })
            })
            .await?;
    }
}

/// Goes on destroying under a referral of which something was kept as this node's own, where its own consent does not reach that any more.
fn again(house: &House, unit: &mut Unit, file: &ReferralFile, mut erasure: ErasureFile) -> Result<(), ActError> {
    let fate = Fate::of(house, unit, file, &erasure)?;
    let held = unit.held_after(file.referral_id, None, usize::MAX)?;
    if held.iter().any(|record| fate.takes(category_of(record))) {
        erasure.here = Here::Asked;
        unit.put_erasure(&erasure)?;
        unit.publish(Topic::Erasures);
    }
    Ok(())
}
