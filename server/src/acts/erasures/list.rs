//! How erasures stand, for staff: what is open first.

use titian_proto::model::date::Instant;
use titian_proto::model::id::ReferralId;
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;

use crate::acts::context::Acts;
use crate::acts::error::ActError;
use crate::store::erasures::{ErasureFile, ErasureTable as _};

/// Erasures: the open ones first, then by the day they are due.
///
/// # Errors
/// When the store cannot be read.
pub fn list(acts: &Acts, only_open: bool) -> Result<Vec<wire::ReferralErasure>, ActError> {
    let now = acts.house.ambient.now();
    let mut files = acts.store.view().erasures()?;
    files.retain(|file| !only_open || file.is_open());
    files.sort_by_key(|file| (!file.is_open(), file.due, file.referral_id));
    Ok(files.iter().map(|file| describe(file, now)).collect())
}

/// One erasure, and the other side's signed receipts.
///
/// # Errors
/// When there is none, or the store cannot be read.
pub fn show(acts: &Acts, referral_id: ReferralId) -> Result<(wire::ReferralErasure, Vec<wire::Envelope>), ActError> {
    let view = acts.store.view();
    let file = view.erasure(referral_id)?.ok_or(ActError::NotFound { what: "erasure" })?;
    Ok((describe(&file, acts.house.ambient.now()), view.erasure_receipts(referral_id)?))
}

fn describe(file: &ErasureFile, now: Instant) -> wire::ReferralErasure {
    let here = file.onward.iter().map(|onward| wire::OnwardErasure { node_id: onward.peer.to_string(), erased: onward.erased });
    let there = file.onward_there.iter().map(|(peer, erased)| wire::OnwardErasure { node_id: peer.to_string(), erased: *erased });
    wire::ReferralErasure {
        referral_id: file.referral_id.to_wire(),
        peer: file.peer.to_string(),
        ground: file.ground.to_wire(),
        asked_at_ms: file.asked_at.as_millis(),
        due_ms: file.due.as_millis(),
        categories: Category::list_to_wire(&file.categories),
        here: file.here.erasure().to_wire(),
        there: file.there.to_wire(),
        answered_at_ms: file.answered_at.map_or(0, Instant::as_millis),
        onward: here.chain(there).collect(),
        overdue: file.is_open() && file.due < now,
        receipts: file.receipts,
    }
}
