//! The day on which copies go without anybody asking: so many days after the referral was closed, as the annex says (`domain.md` 2.8). Both ends compute
//! it, each by its own clock, and each tells the other what it destroyed.

use titian_proto::model::agreement::Annex;
use titian_proto::model::referral::Custody;

use super::ask::{Wanted, annex_of, ask};
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::referrals;
use crate::store::erasures::ErasureTable as _;
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{StoreError, Unit};

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
    let ends = unit.now().plus_days(i64::from(days));
    file.retention_until = Some(ends);
    unit.put_retention(ends, file.referral_id)
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
                    let own = !referrals::is_sender(&house, &file) && file.custody == Some(Custody::Adopted);
                    // What was adopted is this node's own; an erasure that was asked for is under way.
                    if !own && unit.erasure(*referral_id)?.is_none() {
                        ask(&house, unit, &mut file, Wanted::after_retention())?;
                        file.frozen = true;
                    }
                    Ok(unit.put_referral(&file)?)
                })
            })
            .await?;
    }
}
