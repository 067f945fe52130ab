//! What was given for a welfare check lasts fourteen days, whatever became of the check, and no moment longer when she declines (`domain.md` 2.7). Both
//! ends compute the day from the same basis, each by its own clock, and each tells the other what it destroyed.

use titian_proto::model::referral::{Offer, ReferralKind, ReferralOutcome, ReferralState};

use super::ask::{Wanted, ask};
use crate::acts::consents::withdraw;
use crate::acts::context::House;
use crate::acts::error::ActError;
use crate::acts::question;
use crate::acts::referrals::expire;
use crate::store::erasures::ErasureTable as _;
use crate::store::referrals::ReferralFile;
use crate::store::{StoreError, Unit};

/// Whether a referral is a welfare check; also after what its offer said was destroyed.
#[must_use]
pub fn is_one(file: &ReferralFile) -> bool {
    question::read_offer(file).is_some_and(|offer| offer.kind == ReferralKind::WelfareCheck)
}

/// Sets the day on which a welfare check is over. The file is changed and not written. Other referrals have none yet.
///
/// # Errors
/// When the store fails.
pub fn begin(unit: &mut Unit, file: &mut ReferralFile, offer: &Offer) -> Result<(), StoreError> {
    let (ReferralKind::WelfareCheck, Some(basis)) = (offer.kind, &offer.grant) else { return Ok(()) };
    file.retention_until = Some(basis.valid_until);
    unit.put_retention(basis.valid_until, file.referral_id)
}

/// A welfare check that nobody ended in time is over. The file is changed and not written.
///
/// # Errors
/// When the store fails.
pub(super) fn expire(house: &House, unit: &mut Unit, file: &mut ReferralFile) -> Result<(), StoreError> {
    if file.state.is_final() || !is_one(file) {
        return Ok(());
    }
    file.state = ReferralState::Expired;
    file.changed_at = unit.now();
    file.frozen = true;
    expire::log(house, unit, file)
}

/// Destroys at once what was given for a welfare check that she declined, at either end. The file is changed and not written.
///
/// # Errors
/// When the store fails.
pub fn heed(house: &House, unit: &mut Unit, file: &mut ReferralFile, offer: &Offer) -> Result<(), ActError> {
    let declined = file.outcome == Some(ReferralOutcome::ReachedDeclined) && file.state == ReferralState::Completed;
    if !declined {
        return Ok(());
    }
    withdraw::declined(house, unit, file, offer)?;
    // The other side may have destroyed before it was heard why.
    if !unit.erasure(file.referral_id)?.is_some_and(|erasure| erasure.categories.is_empty()) {
        ask(house, unit, file, Wanted::after_retention())?;
    }
    file.frozen = true;
    if let Some(ends) = file.retention_until.take() {
        unit.remove_retention(ends, file.referral_id)?;
    }
    Ok(())
}
