//! Bundles.

use titian_proto::wire::bundle_service_client::BundleServiceClient;
use titian_proto::wire::{ExportBundleRequest, ExportBundleResponse, ImportBundleRequest, ImportBundleResponse};
use tokio_stream::Stream;
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, Flow, answer};

impl Desk {
    /// Makes a bundle for a peer, piece by piece. The file is whole when an answer says that it is complete.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn export_bundle(&self, request: ExportBundleRequest) -> Result<Flow<ExportBundleResponse>, DeskError> {
        Ok(Flow(answer(self.bundles().export_bundle(self.stream(request)).await)?))
    }

    /// Takes a bundle in, piece by piece; the answers say how far it has come.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn import_bundle(
        &self,
        pieces: impl Stream<Item = ImportBundleRequest> + Send + 'static,
    ) -> Result<Flow<ImportBundleResponse>, DeskError> {
        Ok(Flow(answer(self.bundles().import_bundle(self.stream(pieces)).await)?))
    }

    fn bundles(&self) -> BundleServiceClient<Channel> {
        BundleServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
