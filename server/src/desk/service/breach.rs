//! Breaches.

use titian_proto::model::date::Instant;
use titian_proto::model::id::{BreachId, ReferralId};
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;
use titian_proto::wire::breach_service_server::BreachService;
use tonic::{Request, async_trait};

use super::{Answer, Desk};
use crate::acts::breaches::{self, Telling};
use crate::acts::error::ActError;
use crate::acts::peers::node_id;

#[async_trait]
impl BreachService for Desk {
    async fn tell_breach(&self, request: Request<wire::TellBreachRequest>) -> Answer<wire::TellBreachResponse> {
        self.act(request, |office, _, request| async move {
            Ok(wire::TellBreachResponse { breach: Some(breaches::tell(&office.acts, telling(&request)?).await?) })
        })
        .await
    }

    async fn list_breaches(&self, request: Request<wire::ListBreachesRequest>) -> Answer<wire::ListBreachesResponse> {
        self.act(request, |office, _, wire::ListBreachesRequest { only_open }| async move {
            Ok(wire::ListBreachesResponse { breaches: breaches::list(&office.acts, only_open)? })
        })
        .await
    }

    async fn settle_breach(&self, request: Request<wire::SettleBreachRequest>) -> Answer<wire::SettleBreachResponse> {
        self.act(request, |office, actor, wire::SettleBreachRequest { breach_id }| async move {
            let breach_id = BreachId::from_wire(&breach_id).at("breach_id")?;
            Ok(wire::SettleBreachResponse { breach: Some(breaches::settle(&office.acts, &actor, breach_id).await?) })
        })
        .await
    }
}

fn telling(request: &wire::TellBreachRequest) -> Result<Telling, ActError> {
    let wire::TellBreachRequest { found_at_ms, categories, referral_ids, node_ids } = request;
    let read = |id: &bytes::Bytes| ReferralId::from_wire(id).at("referral_ids");
    let categories: Result<Vec<_>, Malformed> = categories.iter().map(|code| Category::from_wire(*code).at("categories")).collect();
    Ok(Telling {
        found_at: (*found_at_ms != 0).then(|| Instant::from_millis(*found_at_ms)),
        categories: categories?,
        referral_ids: referral_ids.iter().map(read).collect::<Result<_, _>>()?,
        peers: node_ids.iter().map(|name| node_id(name)).collect::<Result<_, _>>()?,
    })
}
