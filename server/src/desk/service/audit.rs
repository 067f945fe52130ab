//! The log, for auditors.

use titian_proto::model::malformed::At as _;
use titian_proto::model::vocabulary::Purpose;
use titian_proto::wire;
use titian_proto::wire::audit_service_server::AuditService;
use tonic::{Request, async_trait};

use super::{Answer, Desk, Replies, StreamAnswer};
use crate::acts::log::{self, LEAVES_A_PAGE};

#[async_trait]
impl AuditService for Desk {
    type ListLeavesStream = Replies<wire::ListLeavesResponse>;

    async fn list_leaves(&self, request: Request<wire::ListLeavesRequest>) -> StreamAnswer<wire::ListLeavesResponse> {
        self.stream(request, |office, _, wire::ListLeavesRequest { from, limit, purpose }, replies| async move {
            let purpose = Purpose::from_wire_optional(purpose).at("purpose")?;
            let size = log::size(&office.store).await?;
            let end = if limit == 0 { size } else { size.min(from.saturating_add(limit)) };
            let mut next = from;
            while next < end {
                let left = usize::try_from(end - next).unwrap_or(LEAVES_A_PAGE);
                let page = log::leaves(&office.store, next, left.min(LEAVES_A_PAGE))?;
                let Some((last, _)) = page.last() else { break };
                next = last.saturating_add(1);
                let leaves = page
                    .into_iter()
                    .filter(|(_, leaf)| purpose.is_none_or(|purpose| log::is_for(leaf, purpose)))
                    .map(|(index, leaf)| wire::LogLeaf { index, leaf })
                    .collect();
                replies.send(wire::ListLeavesResponse { leaves }).await?;
            }
            Ok(())
        })
    }

    async fn get_log(&self, request: Request<wire::GetLogRequest>) -> Answer<wire::GetLogResponse> {
        self.act(request, |office, _, wire::GetLogRequest {}| async move {
            Ok(wire::GetLogResponse { origin: office.about.log_origin.clone(), size: log::size(&office.store).await? })
        })
        .await
    }
}
