//! Records.

use titian_proto::model::id::{CaseId, RecordId, ReferralId};
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::record::RecordContent;
use titian_proto::wire;
use titian_proto::wire::record_service_server::RecordService;
use tonic::{Request, Streaming, async_trait};

use super::import::{IMPORT_IN_FLIGHT, Import};
use super::{Answer, Desk, RECORDS_A_REPLY, Replies, StreamAnswer, blocked};
use crate::acts::error::ActError;
use crate::acts::records::{self, Put, PutDone};

#[async_trait]
impl RecordService for Desk {
    async fn put_record(&self, request: Request<wire::PutRecordRequest>) -> Answer<wire::PutRecordResponse> {
        self.act(request, |office, _, request| async move {
            let PutDone { records, queued_under, blocked: record_blocked } = records::put(&office.acts, vec![put(&request)?]).await?;
            Ok(wire::PutRecordResponse {
                record: records.into_iter().next(),
                queued_under: queued_under.into_iter().map(ReferralId::to_wire).collect(),
                blocked: blocked(record_blocked),
            })
        })
        .await
    }

    type ImportRecordsStream = Replies<wire::ImportRecordsResponse>;

    async fn import_records(&self, request: Request<Streaming<wire::ImportRecordsRequest>>) -> StreamAnswer<wire::ImportRecordsResponse> {
        self.stream_of(IMPORT_IN_FLIGHT, request, |office, _, requests, replies| async move {
            Import::new(office.acts, requests, replies).run().await
        })
    }

    async fn remove_record(&self, request: Request<wire::RemoveRecordRequest>) -> Answer<wire::RemoveRecordResponse> {
        self.act(request, |office, _, wire::RemoveRecordRequest { case_id, record_id }| async move {
            let (case_id, record_id) = (CaseId::from_wire(&case_id).at("case_id")?, RecordId::from_wire(&record_id).at("record_id")?);
            records::remove(&office.acts, case_id, record_id).await?;
            Ok(wire::RemoveRecordResponse {})
        })
        .await
    }

    type ListRecordsStream = Replies<wire::ListRecordsResponse>;

    async fn list_records(&self, request: Request<wire::ListRecordsRequest>) -> StreamAnswer<wire::ListRecordsResponse> {
        self.stream(request, |office, _, wire::ListRecordsRequest { case_id }, replies| async move {
            let case_id = CaseId::from_wire(&case_id).at("case_id")?;
            let mut after = None;
            loop {
                let records = records::list(&office.acts, case_id, after, RECORDS_A_REPLY)?;
                let Some(last) = records.last() else { return Ok(()) };
                after = Some(RecordId::from_wire(&last.record_id).map_err(ActError::Malformed)?);
                replies.send(wire::ListRecordsResponse { records }).await?;
            }
        })
    }
}

/// A record as staff put it.
pub(super) fn put(request: &wire::PutRecordRequest) -> Result<Put, Malformed> {
    let wire::PutRecordRequest { case_id, record_id, revision, content, share_under } = request;
    let content = content.as_ref().ok_or_else(|| Malformed::missing("content"))?;
    Ok(Put {
        case_id: CaseId::from_wire(case_id).at("case_id")?,
        record_id: RecordId::from_wire_optional(record_id).at("record_id")?,
        revision: *revision,
        content: RecordContent::from_wire(content).at("content")?,
        share_under: ReferralId::from_wire_optional(share_under).at("share_under")?,
    })
}
