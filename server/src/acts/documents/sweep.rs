//! What nobody owns any more goes, piece by piece, so that no act waits behind a large document. Goes on after a crash where it stood.

use crate::acts::context::Acts;
use crate::store::documents::DocumentTable;
use crate::store::{StoreError, Unit};

/// Values taken away in one write: 2 MiB of chunks.
const SWEEP_VALUES: usize = 64;

/// Takes away everything that is waste now.
///
/// # Errors
/// When the store fails.
pub async fn sweep(acts: &Acts) -> Result<(), StoreError> {
    for body in acts.store.view().attaching()? {
        if !acts.house.attaching.is_live(body) {
            acts.store.write(move |unit: &mut Unit| unit.throw_away(body)).await?;
        }
    }
    while let Some(body) = acts.store.view().waste(1)?.first().copied() {
        crate::crash::point("documents.sweeping");
        acts.store.write(move |unit: &mut Unit| unit.sweep(body, SWEEP_VALUES)).await?;
    }
    Ok(())
}
