//! What was not answered in time. Both sides compute it from `respond_by`, each by its own clock; no message is needed.

use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::id::{ReferralId, TransferId};
use titian_proto::model::referral::ReferralState;

use crate::acts::context::{Acts, House};
use crate::acts::erasures::retention;
use crate::acts::error::ActError;
use crate::acts::outgoing;
use crate::acts::shares;
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::{StoreError, Topic, Unit};

/// Referrals expired in one unit of work.
const BATCH: usize = 256;

/// Expires what is overdue now.
///
/// # Errors
/// When the store fails.
pub async fn expire(acts: &Acts) -> Result<usize, ActError> {
    let due = acts.store.view().referrals_due(acts.house.ambient.now(), BATCH)?;
    let expired = due.len();
    if expired > 0 {
        let house = acts.house.clone();
        acts.store
            .write(move |unit| {
                due.iter().try_for_each(|(respond_by, referral_id)| {
                    unit.remove_due(*respond_by, *referral_id)?;
                    expire_one(&house, unit, *referral_id)
                })
            })
            .await?;
    }
    Ok(expired)
}

fn expire_one(house: &House, unit: &mut Unit, referral_id: ReferralId) -> Result<(), ActError> {
    let Some(mut file) = unit.referral(referral_id)? else { return Ok(()) };
    if !matches!(file.state, ReferralState::Requested | ReferralState::Received) {
        return Ok(());
    }
    file.state = ReferralState::Expired;
    file.changed_at = unit.now();
    retention::begin(house, unit, &mut file)?;
    unit.put_referral(&file)?;
    log(house, unit, &file)?;
    unit.publish(Topic::Referral(referral_id));
    Ok(())
}

/// The log says that a referral is over because its time is.
///
/// # Errors
/// When the store fails.
pub fn log(house: &House, unit: &mut Unit, file: &ReferralFile) -> Result<(), StoreError> {
    let mut draft = LeafDraft::new(Event::ReferralExpired);
    draft.peer = Some(outgoing::log_name(house, shares::other_side(house, file)));
    draft.xfer = Some(TransferId(unit.random()));
    draft.mou = Some(format!("{}#{}", file.agreement_id, file.agreement_version));
    unit.append_leaf(draft)?;
    Ok(())
}
