//! What auditors read.

use titian_proto::wire::audit_service_client::AuditServiceClient;
use titian_proto::wire::{GetLogRequest, GetLogResponse, ListLeavesRequest, ListLeavesResponse};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, Flow, answer};

impl Desk {
    /// Reads entries of the log in order.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_leaves(&self, request: ListLeavesRequest) -> Result<Flow<ListLeavesResponse>, DeskError> {
        Ok(Flow(answer(self.audit().list_leaves(self.stream(request)).await)?))
    }

    /// Size and origin of the log.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_log(&self, request: GetLogRequest) -> Result<GetLogResponse, DeskError> {
        answer(self.audit().get_log(self.call(request)).await)
    }

    fn audit(&self) -> AuditServiceClient<Channel> {
        AuditServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
