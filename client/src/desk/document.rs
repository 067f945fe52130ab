//! Bytes of documents.

use titian_proto::wire::document_service_client::DocumentServiceClient;
use titian_proto::wire::{
    AttachDocumentRequest, AttachDocumentResponse, GetDocumentRequest, GetDocumentResponse, ListDocumentsRequest, ListDocumentsResponse,
};
use tokio_stream::Stream;
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, Flow, answer};

impl Desk {
    /// Attaches bytes to a document's record: first where to, then the bytes, piece by piece. Ending the requests early attaches what came, so a
    /// caller who cannot go on drops the call instead.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn attach_document(
        &self,
        requests: impl Stream<Item = AttachDocumentRequest> + Send + 'static,
    ) -> Result<AttachDocumentResponse, DeskError> {
        answer(self.documents().attach_document(self.stream(requests)).await)
    }

    /// Reads the bytes of a document, piece by piece.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_document(&self, request: GetDocumentRequest) -> Result<Flow<GetDocumentResponse>, DeskError> {
        Ok(Flow(answer(self.documents().get_document(self.stream(request)).await)?))
    }

    /// Lists the documents of a case or of a share, some at a time.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_documents(&self, request: ListDocumentsRequest) -> Result<Flow<ListDocumentsResponse>, DeskError> {
        Ok(Flow(answer(self.documents().list_documents(self.stream(request)).await)?))
    }

    fn documents(&self) -> DocumentServiceClient<Channel> {
        DocumentServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
