//! Accounts.

use titian_proto::wire::staff_service_client::StaffServiceClient;
use titian_proto::wire::{
    AddStaffRequest, AddStaffResponse, CloseStaffRequest, CloseStaffResponse, ListStaffRequest, ListStaffResponse, SetStaffPasswordRequest,
    SetStaffPasswordResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// Adds an account.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn add_staff(&self, request: AddStaffRequest) -> Result<AddStaffResponse, DeskError> {
        answer(self.accounts().add_staff(self.call(request)).await)
    }

    /// Sets a new password and ends the account's sessions.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn set_staff_password(&self, request: SetStaffPasswordRequest) -> Result<SetStaffPasswordResponse, DeskError> {
        answer(self.accounts().set_staff_password(self.call(request)).await)
    }

    /// Closes an account for ever.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn close_staff(&self, request: CloseStaffRequest) -> Result<CloseStaffResponse, DeskError> {
        answer(self.accounts().close_staff(self.call(request)).await)
    }

    /// Lists accounts.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_staff(&self, request: ListStaffRequest) -> Result<ListStaffResponse, DeskError> {
        answer(self.accounts().list_staff(self.call(request)).await)
    }

    fn accounts(&self) -> StaffServiceClient<Channel> {
        StaffServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
