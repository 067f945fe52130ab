//! Work on many things in few writes, where one that cannot be read must not hold up the others.

use std::sync::Arc;

use super::context::{Acts, House};
use super::error::ActError;
use crate::store::{StoreError, Unit};

/// Does something to each of a page of things: all in one write, and if one of them cannot be done, each in a write of its own. That one is passed over
/// with an alarm, and stays as it is.
///
/// # Errors
/// When the store takes nothing more.
pub async fn each<T: Copy + Send + Sync + 'static>(
    acts: &Acts,
    what: &'static str,
    page: &[T],
    act: fn(&House, &mut Unit, T) -> Result<(), ActError>,
) -> Result<(), StoreError> {
    let (house, things): (Arc<House>, Vec<T>) = (acts.house.clone(), page.to_vec());
    if acts.store.write(move |unit| things.iter().try_for_each(|thing| act(&house, unit, *thing))).await.is_ok() {
        return Ok(());
    }
    for thing in page.iter().copied() {
        let house = acts.house.clone();
        match acts.store.write(move |unit| act(&house, unit, thing)).await {
            Ok(()) => {}
            // No other thing would fare better.
            Err(ActError::Store(error @ (StoreError::Stopped | StoreError::Full | StoreError::Low))) => return Err(error),
            Err(error) => tracing::error!(event = "chore.passed-over", what, code = error.code(), problem = %error),
        }
    }
    Ok(())
}
