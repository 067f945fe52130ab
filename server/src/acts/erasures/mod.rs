//! What was delivered is destroyed when the worker takes her consent back, or when the time for keeping a copy is over; whoever held it says so, signed.
//!
//! - [`ask`]: an erasure begins, in the same write as what asked for it.
//! - [`destroy`]: what is held goes, page by page, and then its keys.
//! - [`tell`]: the other side gets a signed receipt of it; [`receive`]: the other side's comes back.
//! - [`hold`]: a court or an authority demands that a copy is kept.
//! - [`retention`]: the day on which copies go without anybody asking.
//! - [`welfare`]: what was given for a welfare check, which lasts fourteen days.
//! - [`list`]: how erasures stand.

pub mod ask;
pub mod destroy;
pub mod hold;
pub mod list;
pub mod receive;
pub mod retention;
mod tell;
#[cfg(test)]
mod tests;
pub mod welfare;

use titian_proto::model::id::ReferralId;

use super::context::Acts;
use super::error::ActError;
use crate::store::erasures::{ErasureTable as _, Here};

/// Erasures looked for at once.
const PAGE: usize = 64;

/// Goes on with everything that this node owes: after a crash, or when a peer is active again, from where it stood.
///
/// # Errors
/// When the store fails.
pub async fn run(acts: &Acts) -> Result<(), ActError> {
    let mut after = None;
    loop {
        let owed = acts.store.view().erasures_owed(after, PAGE)?;
        for referral_id in &owed {
            // One that cannot be done must not hold up the others; it is tried again.
            if let Err(error) = one(acts, *referral_id).await {
                tracing::error!(event = "erasure.failed", code = error.code(), problem = %error);
            }
        }
        match owed.last() {
            Some(last) if owed.len() == PAGE => after = Some(*last),
            Some(_) | None => return Ok(()),
        }
    }
}

async fn one(acts: &Acts, referral_id: ReferralId) -> Result<(), ActError> {
    let here = acts.store.view().erasure(referral_id)?.map(|file| file.here);
    if here == Some(Here::Asked) {
        crate::crash::point("erasure.before-destroy");
        destroy::all(acts, referral_id).await?;
        crate::crash::point("erasure.after-destroy");
    }
    // Said only when it is true: what is gone from the tables opens with no key that is left.
    acts.store.keys_destroyed().await?;
    let house = acts.house.clone();
    acts.store.write(move |unit| tell::say(&house, unit, referral_id)).await?;
    crate::crash::point("erasure.after-told");
    Ok(())
}
