//! Erasures.

use titian_proto::wire::erasure_service_client::ErasureServiceClient;
use titian_proto::wire::{
    GetErasureRequest, GetErasureResponse, HoldErasureRequest, HoldErasureResponse, LiftHoldRequest, LiftHoldResponse, ListErasuresRequest,
    ListErasuresResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// Lists erasures.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_erasures(&self, request: ListErasuresRequest) -> Result<ListErasuresResponse, DeskError> {
        answer(self.erasures().list_erasures(self.call(request)).await)
    }

    /// One erasure with its receipts.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_erasure(&self, request: GetErasureRequest) -> Result<GetErasureResponse, DeskError> {
        answer(self.erasures().get_erasure(self.call(request)).await)
    }

    /// Keeps what is held under a referral, because a law or a court demands it.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn hold_erasure(&self, request: HoldErasureRequest) -> Result<HoldErasureResponse, DeskError> {
        answer(self.erasures().hold_erasure(self.call(request)).await)
    }

    /// Ends such a hold.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn lift_hold(&self, request: LiftHoldRequest) -> Result<LiftHoldResponse, DeskError> {
        answer(self.erasures().lift_hold(self.call(request)).await)
    }

    fn erasures(&self) -> ErasureServiceClient<Channel> {
        ErasureServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
