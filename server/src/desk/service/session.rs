//! Sign-in and sign-out.

use titian_proto::model::malformed::Malformed;
use titian_proto::wire;
use titian_proto::wire::session_service_server::SessionService;
use tonic::{Request, async_trait};

use super::{Answer, Desk};
use crate::acts::staff::{Password, SignedIn};

#[async_trait]
impl SessionService for Desk {
    async fn sign_in(&self, request: Request<wire::SignInRequest>) -> Answer<wire::SignInResponse> {
        self.open(request, |office, request| async move {
            let wire::SignInRequest { name, password, second_factor } = request;
            if !second_factor.is_empty() {
                return Err(Malformed::new("must be empty: this node has no second factors yet").at("second_factor").into());
            }
            let SignedIn { token, expires_at, role } = office.staff.sign_in(&name, Password::new(password)).await?;
            let node_id = office.about.node_id.to_string();
            Ok(wire::SignInResponse { token, expires_at_ms: expires_at.as_millis(), role: role.to_wire(), node_id })
        })
        .await
    }

    async fn sign_out(&self, request: Request<wire::SignOutRequest>) -> Answer<wire::SignOutResponse> {
        self.act_in_session(request, |office, caller, wire::SignOutRequest {}| async move {
            office.staff.sign_out(&caller).await?;
            Ok(wire::SignOutResponse {})
        })
        .await
    }
}
