//! Records.

use titian_proto::wire::record_service_client::RecordServiceClient;
use titian_proto::wire::{
    ImportRecordsRequest, ImportRecordsResponse, ListRecordsRequest, ListRecordsResponse, PutRecordRequest, PutRecordResponse,
    RemoveRecordRequest, RemoveRecordResponse,
};
use tokio_stream::Stream;
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, Flow, answer};

impl Desk {
    /// Puts one record into a case, new or changed.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn put_record(&self, request: PutRecordRequest) -> Result<PutRecordResponse, DeskError> {
        answer(self.records().put_record(self.call(request)).await)
    }

    /// Takes a record away; shares that hold it retract it.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn remove_record(&self, request: RemoveRecordRequest) -> Result<RemoveRecordResponse, DeskError> {
        answer(self.records().remove_record(self.call(request)).await)
    }

    /// Lists the records of a case, some at a time.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_records(&self, request: ListRecordsRequest) -> Result<Flow<ListRecordsResponse>, DeskError> {
        Ok(Flow(answer(self.records().list_records(self.stream(request)).await)?))
    }

    /// Puts many records with one round trip for many; the answers come in the order of the requests, each when its record is on stable storage.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn import_records(
        &self,
        requests: impl Stream<Item = ImportRecordsRequest> + Send + 'static,
    ) -> Result<Flow<ImportRecordsResponse>, DeskError> {
        Ok(Flow(answer(self.records().import_records(self.stream(requests)).await)?))
    }

    fn records(&self) -> RecordServiceClient<Channel> {
        RecordServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
