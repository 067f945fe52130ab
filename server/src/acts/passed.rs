//! Notes what time it has been, so that the node knows it also after a restart.

use titian_proto::model::date::Instant;

use super::context::Acts;
use crate::ambient::NOTED_EVERY_HOURS;
use crate::store::StoreError;
use crate::store::passed::PassedTable as _;

/// Notes it, if the last note is old.
///
/// # Errors
/// When the store fails.
pub async fn note(acts: &Acts) -> Result<(), StoreError> {
    let (passed, noted) = (acts.house.ambient.passed(), acts.store.view().passed()?);
    let is_fresh = |instant: &Instant, noted: &Instant| noted <= instant && *instant < noted.plus_hours(NOTED_EVERY_HOURS);
    if passed.iter().all(|instant| noted.iter().any(|noted| is_fresh(instant, noted))) {
        return Ok(());
    }
    acts.store.write(move |unit| unit.note_passed(passed.clone())).await
}
