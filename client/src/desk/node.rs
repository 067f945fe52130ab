//! The node.

use titian_proto::wire::node_service_client::NodeServiceClient;
use titian_proto::wire::{ExportStoreRequest, ExportStoreResponse, GetStatusRequest, GetStatusResponse};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, Flow, answer};

impl Desk {
    /// How the node is.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_status(&self, request: GetStatusRequest) -> Result<GetStatusResponse, DeskError> {
        answer(self.node().get_status(self.call(request)).await)
    }

    /// Everything in the store as lines.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn export_store(&self, request: ExportStoreRequest) -> Result<Flow<ExportStoreResponse>, DeskError> {
        Ok(Flow(answer(self.node().export_store(self.stream(request)).await)?))
    }

    fn node(&self) -> NodeServiceClient<Channel> {
        NodeServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
