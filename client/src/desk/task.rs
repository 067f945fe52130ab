//! Tasks.

use titian_proto::wire::task_service_client::TaskServiceClient;
use titian_proto::wire::{CloseTaskRequest, CloseTaskResponse, ListTasksRequest, ListTasksResponse};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// A page of what waits for the caller.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_tasks(&self, request: ListTasksRequest) -> Result<ListTasksResponse, DeskError> {
        answer(self.tasks().list_tasks(self.call(request)).await)
    }

    /// Says that a task is done.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn close_task(&self, request: CloseTaskRequest) -> Result<CloseTaskResponse, DeskError> {
        answer(self.tasks().close_task(self.call(request)).await)
    }

    fn tasks(&self) -> TaskServiceClient<Channel> {
        TaskServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
