//! The link without a line: the same frames in a file that is sealed to the peer (`proto::bundle`).
//!
//! - [`mod@export`]: what the peer has not answered, lane after lane, and the receipts it may not have.
//! - [`mod@import`]: what a peer's file brings, through the same border as what comes over the line.
//!
//! An export begins after what is settled, so a later file holds everything of an earlier one that was not answered in between: whatever their order,
//! and whatever the line delivered, nothing is missing and everything else is a duplicate. A bundle for a peer that was restored gives back first what
//! that peer lost, as a stream does.

mod export;
mod import;

pub use export::export;
pub use import::import;

use titian_proto::bundle::BundleError;

use crate::federation::passage::PassageError;
use crate::store::StoreError;

/// Why a bundle was not made, or not taken in to its end.
#[derive(Debug, thiserror::Error)]
pub enum BundleFailure {
    /// The file.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The border.
    #[error(transparent)]
    Passage(#[from] PassageError),
    /// The store.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// Nobody takes the answers any more.
    #[error("the caller has hung up")]
    HungUp,
}
