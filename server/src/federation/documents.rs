//! Bytes of documents at the border: none leaves and none is kept without a permit of this moment.

use titian_proto::document::frames::{DocumentChunk, DocumentName, DocumentOpening};
use titian_proto::model::id::NodeId;
use titian_proto::model::refusal::Refusal;
use titian_proto::wire;

pub use crate::acts::documents::pull::{Pull, Taken};
pub use crate::acts::documents::release::Release;

use super::passage::{Passage, PassageError};
use crate::acts::documents::{pull, release};

impl Passage {
    /// Begins to give the bytes of a document to a peer that asks for them.
    ///
    /// # Errors
    /// When the store fails. Inside: the refusal.
    pub async fn begin_release(&self, peer: &NodeId, name: DocumentName) -> Result<Result<Release, Refusal>, PassageError> {
        Ok(release::begin(&self.acts, peer, name).await?)
    }

    /// What opens the chunks, for the peer.
    ///
    /// # Errors
    /// When the store fails. Inside: the refusal.
    pub fn release_opening(&self, peer: &NodeId, release: &Release) -> Result<Result<wire::DocumentOpening, Refusal>, PassageError> {
        Ok(release::opening(&self.acts, peer, release)?)
    }

    /// One chunk, for the peer; none behind the last.
    ///
    /// # Errors
    /// When the store fails. Inside: the refusal.
    pub fn release_chunk(
        &self,
        peer: &NodeId,
        release: &mut Release,
        index: u64,
    ) -> Result<Result<Option<wire::DocumentChunk>, Refusal>, PassageError> {
        Ok(release::chunk(&self.acts, peer, release, index)?)
    }

    /// The next document whose bytes are to come from a peer, without those in `skip`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_pull(&self, peer: &NodeId, skip: &[DocumentName]) -> Result<Option<Pull>, PassageError> {
        Ok(pull::next(&self.acts, peer, skip).await?)
    }

    /// Keeps what opens the chunks of a document.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_opening(&self, peer: &NodeId, opening: &DocumentOpening) -> Result<(), PassageError> {
        Ok(pull::take_opening(&self.acts, peer, opening).await?)
    }

    /// Proves chunks that came in their order, and stores them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_chunks(&self, peer: &NodeId, name: DocumentName, chunks: Vec<DocumentChunk>) -> Result<Taken, PassageError> {
        Ok(pull::take(&self.acts, peer, name, chunks).await?)
    }

    /// Notes that a peer gives no more of a document for now.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_refused(&self, peer: &NodeId, name: DocumentName, refusal: Refusal) -> Result<(), PassageError> {
        Ok(pull::refused(&self.acts, peer, name, refusal).await?)
    }
}
