//! Cases.

use titian_proto::wire::case_service_client::CaseServiceClient;
use titian_proto::wire::{
    ConfirmOutcomeRequest, ConfirmOutcomeResponse, GetCaseRequest, GetCaseResponse, GetTenureRequest, GetTenureResponse,
    HandOverCaseRequest, HandOverCaseResponse, ListCasesRequest, ListCasesResponse, OpenCaseRequest, OpenCaseResponse, SplitCaseRequest,
    SplitCaseResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// Opens a case.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn open_case(&self, request: OpenCaseRequest) -> Result<OpenCaseResponse, DeskError> {
        answer(self.cases().open_case(self.call(request)).await)
    }

    /// Shows a case with its records.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_case(&self, request: GetCaseRequest) -> Result<GetCaseResponse, DeskError> {
        answer(self.cases().get_case(self.call(request)).await)
    }

    /// Lists cases.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_cases(&self, request: ListCasesRequest) -> Result<ListCasesResponse, DeskError> {
        answer(self.cases().list_cases(self.call(request)).await)
    }

    /// Splits a group's case by country of origin.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn split_case(&self, request: SplitCaseRequest) -> Result<SplitCaseResponse, DeskError> {
        answer(self.cases().split_case(self.call(request)).await)
    }

    /// Writes down that a network leader confirmed an outcome.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn confirm_outcome(&self, request: ConfirmOutcomeRequest) -> Result<ConfirmOutcomeResponse, DeskError> {
        answer(self.cases().confirm_outcome(self.call(request)).await)
    }

    /// Takes a step of handing a case over.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn hand_over_case(&self, request: HandOverCaseRequest) -> Result<HandOverCaseResponse, DeskError> {
        answer(self.cases().hand_over_case(self.call(request)).await)
    }

    /// Shows who owns the case of a referral.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_tenure(&self, request: GetTenureRequest) -> Result<GetTenureResponse, DeskError> {
        answer(self.cases().get_tenure(self.call(request)).await)
    }

    fn cases(&self) -> CaseServiceClient<Channel> {
        CaseServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
