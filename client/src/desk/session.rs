//! Sign-in and sign-out.

use titian_proto::wire::session_service_client::SessionServiceClient;
use titian_proto::wire::{SignInRequest, SignInResponse, SignOutRequest, SignOutResponse};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// Opens a session and uses it for every later call. The answer holds its token.
    ///
    /// # Errors
    /// `SIGN_IN_FAILED`, `LOCKED_OUT`.
    pub async fn sign_in(&mut self, request: SignInRequest) -> Result<SignInResponse, DeskError> {
        let session = answer(self.sessions().sign_in(self.call(request)).await)?;
        self.use_session(&session.token)?;
        Ok(session)
    }

    /// Ends the session.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn sign_out(&self) -> Result<SignOutResponse, DeskError> {
        answer(self.sessions().sign_out(self.call(SignOutRequest {})).await)
    }

    fn sessions(&self) -> SessionServiceClient<Channel> {
        SessionServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
