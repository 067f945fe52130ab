//! Reports.

use std::time::Duration;

use titian_proto::wire::report_service_client::ReportServiceClient;
use titian_proto::wire::{MakeDonorReportRequest, MakeDonorReportResponse};

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

/// How long a report may take: every case and every entry of the log is looked at.
const REPORT_TIMEOUT: Duration = Duration::from_secs(600);

impl Desk {
    /// Counts a period for a donor.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn make_donor_report(&self, request: MakeDonorReportRequest) -> Result<MakeDonorReportResponse, DeskError> {
        let mut call = self.stream(request);
        call.set_timeout(REPORT_TIMEOUT);
        let mut reports = ReportServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        answer(reports.make_donor_report(call).await)
    }
}
