//! Consents.

use titian_proto::wire::consent_service_client::ConsentServiceClient;
use titian_proto::wire::{
    ListConsentsRequest, ListConsentsResponse, MakeSlipRequest, MakeSlipResponse, RecordConsentRequest, RecordConsentResponse,
    SetReportingConsentRequest, SetReportingConsentResponse, WithdrawConsentRequest, WithdrawConsentResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// Writes down a grant.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn record_consent(&self, request: RecordConsentRequest) -> Result<RecordConsentResponse, DeskError> {
        answer(self.consents().record_consent(self.call(request)).await)
    }

    /// Writes down a withdrawal, from the worker's word, at once.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn withdraw_consent(&self, request: WithdrawConsentRequest) -> Result<WithdrawConsentResponse, DeskError> {
        answer(self.consents().withdraw_consent(self.call(request)).await)
    }

    /// Lists a worker's consents.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_consents(&self, request: ListConsentsRequest) -> Result<ListConsentsResponse, DeskError> {
        answer(self.consents().list_consents(self.call(request)).await)
    }

    /// Makes a worker's slip.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn make_slip(&self, request: MakeSlipRequest) -> Result<MakeSlipResponse, DeskError> {
        answer(self.consents().make_slip(self.call(request)).await)
    }

    /// Writes down whether a worker may be counted in reports.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn set_reporting_consent(&self, request: SetReportingConsentRequest) -> Result<SetReportingConsentResponse, DeskError> {
        answer(self.consents().set_reporting_consent(self.call(request)).await)
    }

    fn consents(&self) -> ConsentServiceClient<Channel> {
        ConsentServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
