//! Tasks.

use titian_proto::model::date::Instant;
use titian_proto::model::id::TaskId;
use titian_proto::model::malformed::At as _;
use titian_proto::wire;
use titian_proto::wire::task_service_server::TaskService;
use tonic::{Request, async_trait};

use super::{Answer, Desk, page};
use crate::acts::tasks;

#[async_trait]
impl TaskService for Desk {
    async fn list_tasks(&self, request: Request<wire::ListTasksRequest>) -> Answer<wire::ListTasksResponse> {
        self.act(request, |office, actor, wire::ListTasksRequest { limit, after, after_due_ms }| async move {
            let after = TaskId::from_wire_optional(&after).at("after")?.map(|after| (Instant::from_millis(after_due_ms), after));
            let (now, found) = tasks::list(&office.acts, actor.role, after, page(limit)).await?;
            Ok(wire::ListTasksResponse { tasks: found.iter().map(|task| task.to_wire(now)).collect() })
        })
        .await
    }

    async fn close_task(&self, request: Request<wire::CloseTaskRequest>) -> Answer<wire::CloseTaskResponse> {
        self.act(request, |office, actor, wire::CloseTaskRequest { task_id }| async move {
            tasks::close(&office.acts, &actor, TaskId::from_wire(&task_id).at("task_id")?).await?;
            Ok(wire::CloseTaskResponse {})
        })
        .await
    }
}
