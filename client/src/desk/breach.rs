//! Breaches.

use titian_proto::wire::breach_service_client::BreachServiceClient;
use titian_proto::wire::{
    ListBreachesRequest, ListBreachesResponse, SettleBreachRequest, SettleBreachResponse, TellBreachRequest, TellBreachResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// Tells the unions concerned of a breach at this node.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn tell_breach(&self, request: TellBreachRequest) -> Result<TellBreachResponse, DeskError> {
        answer(self.breaches().tell_breach(self.call(request)).await)
    }

    /// Lists breaches.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_breaches(&self, request: ListBreachesRequest) -> Result<ListBreachesResponse, DeskError> {
        answer(self.breaches().list_breaches(self.call(request)).await)
    }

    /// Says that what another union told of is seen to.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn settle_breach(&self, request: SettleBreachRequest) -> Result<SettleBreachResponse, DeskError> {
        answer(self.breaches().settle_breach(self.call(request)).await)
    }

    fn breaches(&self) -> BreachServiceClient<Channel> {
        BreachServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
