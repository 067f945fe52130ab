//! Workers.

use titian_proto::wire::worker_service_client::WorkerServiceClient;
use titian_proto::wire::{
    AddWorkerRequest, AddWorkerResponse, FindWorkersRequest, FindWorkersResponse, GetWorkerRequest, GetWorkerResponse, ListWorkersRequest,
    ListWorkersResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// Adds a worker with her records.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn add_worker(&self, request: AddWorkerRequest) -> Result<AddWorkerResponse, DeskError> {
        answer(self.workers().add_worker(self.call(request)).await)
    }

    /// Shows a worker.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_worker(&self, request: GetWorkerRequest) -> Result<GetWorkerResponse, DeskError> {
        answer(self.workers().get_worker(self.call(request)).await)
    }

    /// Lists workers.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_workers(&self, request: ListWorkersRequest) -> Result<ListWorkersResponse, DeskError> {
        answer(self.workers().list_workers(self.call(request)).await)
    }

    /// Finds workers by what staff know of them.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn find_workers(&self, request: FindWorkersRequest) -> Result<FindWorkersResponse, DeskError> {
        answer(self.workers().find_workers(self.call(request)).await)
    }

    fn workers(&self) -> WorkerServiceClient<Channel> {
        WorkerServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
