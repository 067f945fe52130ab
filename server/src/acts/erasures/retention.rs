//! The day on which copies go without anybody asking: so many days after the referral was closed, as the annex says (`domain.md` 2.8). Both ends compute
//! it, each by its own clock, and each tells the other what it destroyed.

use titian_proto::model::agreement::Annex;
use titian_proto::model::date::Instant;
use titian_proto::model::id::ReferralId;
use titian_proto::model::referral::Erasure;

use super::ask::{Wanted, annex_of, ask};
use super::destroy::OwnConsent;
use super::welfare;
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::in_turn;
use crate::store::erasures::{ErasureFile, ErasureTable as _};
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{StoreError, Unit};

/// Days after which a copy that was adopted is looked at again, though the consent it rests on lasts longer.
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
        let page = acts.store.view().referral_ids(after, PAGE)?;
        in_turn::each(acts, "retention", &page, begin_one).await?;
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(*last),
            Some(_) | None => return Ok(()),
        }
    }
}

fn begin_one(house: &House, unit: &mut Unit, referral_id: ReferralId) -> Result<(), ActError> {
    match unit.referral(referral_id)? {
        Some(mut file) if file.state.is_final() && file.retention_until.is_none() => {
            begin(house, unit, &mut file)?;
            Ok(unit.put_referral(&file)?)
        }
        Some(_) | None => Ok(()),
    }
}

/// Destroys what may be kept no longer.
///
/// # Errors
/// When the store fails.
pub async fn run(acts: &Acts) -> Result<(), ActError> {
    let mut after = None;
    loop {
        let due = acts.store.view().retention_due(acts.house.ambient.now(), after, PAGE)?;
        in_turn::each(acts, "retention", &due, one).await?;
        match due.last() {
            Some(last) if due.len() == PAGE => after = Some(*last),
            Some(_) | None => return Ok(()),
        }
    }
}

/// The day of one copy has come, or it is looked at because it was adopted.
fn one(house: &House, unit: &mut Unit, (ends, referral_id): (Instant, ReferralId)) -> Result<(), ActError> {
    unit.remove_retention(ends, referral_id)?;
    let Some(mut file) = unit.referral(referral_id)? else { return Ok(()) };
    let has_come = file.retention_until.take_if(|until| *until == ends).is_some();
    if has_come {
        welfare::expire(house, unit, &mut file)?;
    }
    let is_day = has_come && file.state.is_final();
    let own = OwnConsent::now(house, unit, &file)?;
    let wanted = match unit.erasure(referral_id)? {
        Some(erasure) if erasure.here.erasure() == Erasure::Adopted && (erasure.categories.is_empty() || !is_day) => {
            look(unit, erasure, &own)?
        }
        Some(erasure) if erasure.categories.is_empty() => None,
        Some(_) | None => is_day.then(Wanted::after_retention),
    };
    if let Some(wanted) = wanted {
        // What she allowed this node itself stays in use.
        file.frozen |= file.state.is_final() && own.categories.is_empty();
        ask(house, unit, &mut file, wanted)?;
    }
    Ok(unit.put_referral(&file)?)
}

/// What stayed of an adopted copy goes when the consent it rested on has ended; else it is looked at again.
fn look(unit: &mut Unit, mut erasure: ErasureFile, own: &OwnConsent) -> Result<Option<Wanted>, StoreError> {
    if still_covers(own, &erasure) {
        look_again(unit, &mut erasure, own)?;
        unit.put_erasure(&erasure)?;
        return Ok(None);
    }
    let ErasureFile { ground, categories, .. } = erasure;
    Ok(Some(Wanted { ground, categories, asks_there: false, ..Wanted::after_retention() }))
}

/// Whether this node's own consent covers everything that stayed because of it.
fn still_covers(own: &OwnConsent, erasure: &ErasureFile) -> bool {
    erasure.spared.as_ref().is_some_and(|spared| spared.adopted.iter().all(|category| own.categories.contains(category)))
}

/// Notes when an adopted copy is looked at next: when the consent it rests on ends, and every month, because that may be taken back at any time. One that
/// has ended meanwhile is looked at at once. The erasure is changed and not written.
///
/// # Errors
/// When the store fails.
pub(super) fn look_again(unit: &mut Unit, erasure: &mut ErasureFile, own: &OwnConsent) -> Result<(), StoreError> {
    if let Some(before) = erasure.look_at.take() {
        unit.remove_retention(before, erasure.referral_id)?;
    }
    let month = unit.now().plus_days(ADOPTED_AGAIN_DAYS);
    let next = own.until.filter(|_| still_covers(own, erasure)).map_or(unit.now(), |until| until.min(month));
    erasure.look_at = Some(next);
    unit.put_retention(next, erasure.referral_id)
}
