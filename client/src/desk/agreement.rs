//! Agreements.

use titian_proto::wire::agreement_service_client::AgreementServiceClient;
use titian_proto::wire::{
    DraftAgreementRequest, DraftAgreementResponse, GetAgreementRequest, GetAgreementResponse, ImportAgreementRequest,
    ImportAgreementResponse, ListAgreementsRequest, ListAgreementsResponse, StateAgreementRequest, StateAgreementResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// Makes the canonical text of an agreement from a TOML text.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn draft_agreement(&self, request: DraftAgreementRequest) -> Result<DraftAgreementResponse, DeskError> {
        answer(self.agreements().draft_agreement(self.call(request)).await)
    }

    /// Says something about an agreement.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn state_agreement(&self, request: StateAgreementRequest) -> Result<StateAgreementResponse, DeskError> {
        answer(self.agreements().state_agreement(self.call(request)).await)
    }

    /// Takes in the file of an agreement from another union.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn import_agreement(&self, request: ImportAgreementRequest) -> Result<ImportAgreementResponse, DeskError> {
        answer(self.agreements().import_agreement(self.call(request)).await)
    }

    /// Shows an agreement, with the file to give to another union.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_agreement(&self, request: GetAgreementRequest) -> Result<GetAgreementResponse, DeskError> {
        answer(self.agreements().get_agreement(self.call(request)).await)
    }

    /// Lists agreements.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_agreements(&self, request: ListAgreementsRequest) -> Result<ListAgreementsResponse, DeskError> {
        answer(self.agreements().list_agreements(self.call(request)).await)
    }

    fn agreements(&self) -> AgreementServiceClient<Channel> {
        AgreementServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
