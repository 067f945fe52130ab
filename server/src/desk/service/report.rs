//! Reports.

use titian_proto::model::date::Date;
use titian_proto::model::malformed::At as _;
use titian_proto::wire;
use titian_proto::wire::report_service_server::ReportService;
use tonic::{Request, async_trait};

use super::{Answer, Desk};
use crate::acts::reports;

#[async_trait]
impl ReportService for Desk {
    async fn make_donor_report(&self, request: Request<wire::MakeDonorReportRequest>) -> Answer<wire::MakeDonorReportResponse> {
        self.act(request, |office, actor, wire::MakeDonorReportRequest { from, until }| async move {
            let (from, until) = (Date::parse(&from).at("from")?, Date::parse(&until).at("until")?);
            Ok(wire::MakeDonorReportResponse { report: Some(reports::donor(&office.acts, &actor, from, until).await?) })
        })
        .await
    }
}
