//! Joins the desk and the link where bundles are made and taken in.

use bytes::Bytes;
use titian_proto::model::id::NodeId;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;
use tokio::sync::{Semaphore, mpsc};

use crate::acts::error::ActError;
use crate::desk::{BundleWork, Bundles};
use crate::federation::passage::{Passage, PassageError};
use crate::link::bundle::{self, BundleFailure};

/// Bundles in the making or on their way in at the same time: each holds a few frames in memory, and all share the store with the line.
const BUNDLES_MAX: usize = 4;

/// The link's bundles, as the desk asks for them.
pub(super) struct LinkBundles {
    passage: Passage,
    places: Semaphore,
}

impl LinkBundles {
    /// Through this border.
    pub(super) fn new(passage: Passage) -> Self {
        Self { passage, places: Semaphore::new(BUNDLES_MAX) }
    }
}

impl Bundles for LinkBundles {
    fn export(&self, peer: NodeId, replies: mpsc::Sender<wire::ExportBundleResponse>) -> BundleWork<'_> {
        Box::pin(async move {
            let _place = self.places.try_acquire().map_err(|_| ActError::Busy)?;
            bundle::export(&self.passage, &peer, replies).await.map_err(act_error)
        })
    }

    fn import(&self, pieces: mpsc::Receiver<Bytes>, replies: mpsc::Sender<wire::ImportBundleResponse>) -> BundleWork<'_> {
        Box::pin(async move {
            let _place = self.places.try_acquire().map_err(|_| ActError::Busy)?;
            bundle::import(&self.passage, pieces, replies).await.map_err(act_error)
        })
    }
}

/// As the desk says it.
fn act_error(failure: BundleFailure) -> ActError {
    match failure {
        BundleFailure::Bundle(problem) => ActError::Bundle(problem),
        BundleFailure::Store(problem) | BundleFailure::Passage(PassageError::Store(problem)) => ActError::Store(problem),
        BundleFailure::HungUp => ActError::HungUp,
        BundleFailure::Passage(PassageError::Act(problem)) => problem,
        BundleFailure::Passage(PassageError::Malformed(problem)) => ActError::Malformed(problem),
        BundleFailure::Passage(PassageError::Signature(problem)) => ActError::Refused(Refusal::new(problem.refusal_code())),
        // The link gives this one its name.
        BundleFailure::Passage(PassageError::Equivocation | PassageError::NotSent) => {
            ActError::Refused(Refusal::new(RefusalCode::PeerIdentity))
        }
        BundleFailure::Passage(PassageError::NotActive) => ActError::Refused(Refusal::new(RefusalCode::PeerSuspended)),
    }
}
