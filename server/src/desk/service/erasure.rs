//! Erasures.

use titian_proto::model::id::ReferralId;
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::wire;
use titian_proto::wire::erasure_service_server::ErasureService;
use tonic::{Request, async_trait};

use super::{Answer, Desk};
use crate::acts::erasures::{hold, list};

#[async_trait]
impl ErasureService for Desk {
    async fn list_erasures(&self, request: Request<wire::ListErasuresRequest>) -> Answer<wire::ListErasuresResponse> {
        self.act(request, |office, _, wire::ListErasuresRequest { only_open }| async move {
            Ok(wire::ListErasuresResponse { erasures: list::list(&office.acts, only_open)? })
        })
        .await
    }

    async fn get_erasure(&self, request: Request<wire::GetErasureRequest>) -> Answer<wire::GetErasureResponse> {
        self.act(request, |office, _, wire::GetErasureRequest { referral_id }| async move {
            let (erasure, receipts) = list::show(&office.acts, id(&referral_id)?)?;
            Ok(wire::GetErasureResponse { erasure: Some(erasure), receipts })
        })
        .await
    }

    async fn hold_erasure(&self, request: Request<wire::HoldErasureRequest>) -> Answer<wire::HoldErasureResponse> {
        self.act(request, |office, _, wire::HoldErasureRequest { referral_id, authority, review_on }| async move {
            let referral = hold::hold(&office.acts, id(&referral_id)?, &authority, &review_on).await?;
            Ok(wire::HoldErasureResponse { referral: Some(referral) })
        })
        .await
    }

    async fn lift_hold(&self, request: Request<wire::LiftHoldRequest>) -> Answer<wire::LiftHoldResponse> {
        self.act(request, |office, _, wire::LiftHoldRequest { referral_id }| async move {
            let referral = hold::lift(&office.acts, id(&referral_id)?).await?;
            Ok(wire::LiftHoldResponse { referral: Some(referral) })
        })
        .await
    }
}

fn id(referral_id: &[u8]) -> Result<ReferralId, Malformed> {
    ReferralId::from_wire(referral_id).at("referral_id")
}
