//! Referrals.

use titian_proto::wire::referral_service_client::ReferralServiceClient;
use titian_proto::wire::{
    AmendReferralRequest, AmendReferralResponse, ApproveReferralRequest, ApproveReferralResponse, CountShareRequest, CountShareResponse,
    GetReferralRequest, GetReferralResponse, ListReferralsRequest, ListReferralsResponse, ListShareRequest, ListShareResponse,
    RequestReferralRequest, RequestReferralResponse, RetryReferralRequest, RetryReferralResponse, SendReferralRequest,
    SendReferralResponse, SetReferralStateRequest, SetReferralStateResponse, WatchReferralsRequest, WatchReferralsResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, Flow, answer};

impl Desk {
    /// Writes a referral and, if the gate permits, requests it; otherwise it stays a draft with `blocked_by` set.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn request_referral(&self, request: RequestReferralRequest) -> Result<RequestReferralResponse, DeskError> {
        answer(self.referrals().request_referral(self.call(request)).await)
    }

    /// Requests a draft or a returned referral again.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn send_referral(&self, request: SendReferralRequest) -> Result<SendReferralResponse, DeskError> {
        answer(self.referrals().send_referral(self.call(request)).await)
    }

    /// Changes what is selected.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn amend_referral(&self, request: AmendReferralRequest) -> Result<AmendReferralResponse, DeskError> {
        answer(self.referrals().amend_referral(self.call(request)).await)
    }

    /// Approves a referral as its second person.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn approve_referral(&self, request: ApproveReferralRequest) -> Result<ApproveReferralResponse, DeskError> {
        answer(self.referrals().approve_referral(self.call(request)).await)
    }

    /// Sets a state that the caller's side may set.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn set_referral_state(&self, request: SetReferralStateRequest) -> Result<SetReferralStateResponse, DeskError> {
        answer(self.referrals().set_referral_state(self.call(request)).await)
    }

    /// Sends again what the other side parked of a referral's case.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn retry_referral(&self, request: RetryReferralRequest) -> Result<RetryReferralResponse, DeskError> {
        answer(self.referrals().retry_referral(self.call(request)).await)
    }

    /// Shows a referral. A receiver's first look sets RECEIVED.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_referral(&self, request: GetReferralRequest) -> Result<GetReferralResponse, DeskError> {
        answer(self.referrals().get_referral(self.call(request)).await)
    }

    /// Lists referrals.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_referrals(&self, request: ListReferralsRequest) -> Result<ListReferralsResponse, DeskError> {
        answer(self.referrals().list_referrals(self.call(request)).await)
    }

    /// Lists the records held under a referral from the other side, some at a time.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_share(&self, request: ListShareRequest) -> Result<Flow<ListShareResponse>, DeskError> {
        Ok(Flow(answer(self.referrals().list_share(self.stream(request)).await)?))
    }

    /// Counts them.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn count_share(&self, request: CountShareRequest) -> Result<CountShareResponse, DeskError> {
        answer(self.referrals().count_share(self.call(request)).await)
    }

    /// Follows what arrives or changes, without end.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn watch_referrals(&self, request: WatchReferralsRequest) -> Result<Flow<WatchReferralsResponse>, DeskError> {
        Ok(Flow(answer(self.referrals().watch_referrals(self.stream(request)).await)?))
    }

    fn referrals(&self) -> ReferralServiceClient<Channel> {
        ReferralServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
