//! Workers.

use titian_proto::model::id::WorkerId;
use titian_proto::model::malformed::At as _;
use titian_proto::wire;
use titian_proto::wire::worker_service_server::WorkerService;
use tonic::{Request, async_trait};

use super::{Answer, Desk, contents, page};
use crate::acts::{search, workers};

#[async_trait]
impl WorkerService for Desk {
    async fn add_worker(&self, request: Request<wire::AddWorkerRequest>) -> Answer<wire::AddWorkerResponse> {
        self.act(request, |office, _, wire::AddWorkerRequest { records }| async move {
            let worker = workers::add(&office.acts, contents(&records)?).await?;
            Ok(wire::AddWorkerResponse { worker: Some(worker) })
        })
        .await
    }

    async fn get_worker(&self, request: Request<wire::GetWorkerRequest>) -> Answer<wire::GetWorkerResponse> {
        self.act(request, |office, _, wire::GetWorkerRequest { worker_id }| async move {
            let worker_id = WorkerId::from_wire(&worker_id).at("worker_id")?;
            Ok(wire::GetWorkerResponse { worker: Some(workers::show(&office.acts, worker_id)?) })
        })
        .await
    }

    async fn list_workers(&self, request: Request<wire::ListWorkersRequest>) -> Answer<wire::ListWorkersResponse> {
        self.act(request, |office, _, wire::ListWorkersRequest { limit, after }| async move {
            let after = WorkerId::from_wire_optional(&after).at("after")?;
            Ok(wire::ListWorkersResponse { workers: workers::list(&office.acts, after, page(limit))? })
        })
        .await
    }

    async fn find_workers(&self, request: Request<wire::FindWorkersRequest>) -> Answer<wire::FindWorkersResponse> {
        self.act(request, |office, _, wire::FindWorkersRequest { text }| async move { search::find(&office.acts, &text).await }).await
    }
}
