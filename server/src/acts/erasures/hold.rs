//! A court or an authority demands that a copy is kept. Then a withdrawal freezes it and does not destroy it, and the other side is told which, why and
//! until when it is looked at again.

use titian_proto::model::date::Date;
use titian_proto::model::id::ReferralId;
use titian_proto::model::malformed::At as _;
use titian_proto::model::referral::Erasure;
use titian_proto::model::value::Text;
use titian_proto::wire;

use crate::acts::context::Acts;
use crate::acts::error::ActError;
use crate::acts::referrals::{describe, load};
use crate::store::erasures::{ErasureFile, ErasureTable as _, Here};
use crate::store::referrals::{LegalHold, ReferralTable as _};
use crate::store::{Topic, Unit};

/// Holds what is kept under a referral.
///
/// # Errors
/// When the referral is not there, a word breaks a rule, it is destroyed already, or the store fails.
pub async fn hold(acts: &Acts, referral_id: ReferralId, authority: &str, review_on: &str) -> Result<wire::Referral, ActError> {
    let authority = Text::parse(authority, Text::CODE_BYTES).at("authority")?;
    let hold = LegalHold { authority: authority.as_str().to_owned(), review_on: Date::parse(review_on).at("review_on")? };
    acts.store
        .write(move |unit| {
            let mut file = load(unit, referral_id)?;
            if unit.erasure(referral_id)?.is_some_and(|erasure| is_gone(&erasure)) {
                return Err(ActError::WrongState { state: Erasure::Erased.code(), wanted: "something that is still held" });
            }
            file.legal_hold = Some(hold.clone());
            unit.put_referral(&file)?;
            unit.publish(Topic::Referral(referral_id));
            Ok(describe(&file, &unit.progress(referral_id)?))
        })
        .await
}

/// Whether everything is destroyed, or is being destroyed now.
fn is_gone(erasure: &ErasureFile) -> bool {
    let begun = erasure.here != Here::Asked || erasure.spared.as_ref().is_some_and(|spared| !spared.held);
    begun && erasure.categories.is_empty()
}

/// Lifts a hold. What was asked for meanwhile is done now.
///
/// # Errors
/// When the referral is not there or not held, or the store fails.
pub async fn lift(acts: &Acts, referral_id: ReferralId) -> Result<wire::Referral, ActError> {
    acts.store
        .write(move |unit: &mut Unit| {
            let mut file = load(unit, referral_id)?;
            if file.legal_hold.take().is_none() {
                return Err(ActError::WrongState { state: file.state.code(), wanted: "a referral that is held" });
            }
            if let Some(mut erasure) = unit.erasure(referral_id)? {
                (erasure.here, erasure.spared) = (Here::Asked, None);
                file.erasure = Some(erasure.both());
                unit.put_erasure(&erasure)?;
                unit.publish(Topic::Erasures);
            }
            unit.put_referral(&file)?;
            unit.publish(Topic::Referral(referral_id));
            Ok(describe(&file, &unit.progress(referral_id)?))
        })
        .await
}
