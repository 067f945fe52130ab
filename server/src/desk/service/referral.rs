//! Referrals.

use titian_proto::model::id::{CaseId, NodeId, RecordRef, ReferralId};
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::referral::{DeclineReason, Priority, ReferralKind, ReferralOutcome, ReferralState, Service};
use titian_proto::model::vocabulary::{Category, Purpose};
use titian_proto::wire;
use titian_proto::wire::referral_service_server::ReferralService;
use tonic::{Request, async_trait};

use super::watch::Watch;
use super::{Answer, Desk, RECORDS_A_REPLY, Replies, StreamAnswer, page};
use crate::acts::error::ActError;
use crate::acts::parked;
use crate::acts::referrals::answer;
use crate::acts::referrals::request::{self, NewReferral};
use crate::acts::{referrals, shares};

#[async_trait]
impl ReferralService for Desk {
    async fn request_referral(&self, request: Request<wire::RequestReferralRequest>) -> Answer<wire::RequestReferralResponse> {
        self.act(request, |office, actor, request| async move {
            let referral = request::request(&office.acts, &actor, new_referral(request)?).await?;
            Ok(wire::RequestReferralResponse { referral: Some(referral) })
        })
        .await
    }

    async fn send_referral(&self, request: Request<wire::SendReferralRequest>) -> Answer<wire::SendReferralResponse> {
        self.act(request, |office, _, wire::SendReferralRequest { referral_id }| async move {
            let referral = request::send(&office.acts, id(&referral_id)?).await?;
            Ok(wire::SendReferralResponse { referral: Some(referral) })
        })
        .await
    }

    async fn amend_referral(&self, request: Request<wire::AmendReferralRequest>) -> Answer<wire::AmendReferralResponse> {
        self.act(request, |office, actor, wire::AmendReferralRequest { referral_id, categories }| async move {
            let categories = Category::list_from_wire(&categories).at("categories")?;
            let referral = request::amend(&office.acts, &actor, id(&referral_id)?, categories).await?;
            Ok(wire::AmendReferralResponse { referral: Some(referral) })
        })
        .await
    }

    async fn approve_referral(&self, request: Request<wire::ApproveReferralRequest>) -> Answer<wire::ApproveReferralResponse> {
        self.act(request, |office, actor, wire::ApproveReferralRequest { referral_id }| async move {
            let referral = request::approve(&office.acts, &actor, id(&referral_id)?).await?;
            Ok(wire::ApproveReferralResponse { referral: Some(referral) })
        })
        .await
    }

    async fn set_referral_state(&self, request: Request<wire::SetReferralStateRequest>) -> Answer<wire::SetReferralStateResponse> {
        self.act(request, |office, actor, wire::SetReferralStateRequest { referral_id, state, reason, outcome, adopt }| async move {
            let said = answer::Answer {
                state: ReferralState::from_wire(state).at("state")?,
                reason: DeclineReason::from_wire_optional(reason).at("reason")?,
                outcome: ReferralOutcome::from_wire_optional(outcome).at("outcome")?,
                adopt,
            };
            let referral = answer::answer(&office.acts, &actor, id(&referral_id)?, said).await?;
            Ok(wire::SetReferralStateResponse { referral: Some(referral) })
        })
        .await
    }

    async fn retry_referral(&self, request: Request<wire::RetryReferralRequest>) -> Answer<wire::RetryReferralResponse> {
        self.act(request, |office, _, wire::RetryReferralRequest { referral_id }| async move {
            let referral_id = id(&referral_id)?;
            let envelopes = parked::retry(&office.acts, referral_id).await?;
            Ok(wire::RetryReferralResponse { envelopes, referral: Some(referrals::show(&office.acts, referral_id)?) })
        })
        .await
    }

    async fn get_referral(&self, request: Request<wire::GetReferralRequest>) -> Answer<wire::GetReferralResponse> {
        self.act(request, |office, actor, wire::GetReferralRequest { referral_id }| async move {
            let referral_id = id(&referral_id)?;
            // The door lets in only those who meet workers, so whoever looks first has received it.
            answer::opened(&office.acts, &actor, referral_id).await?;
            Ok(wire::GetReferralResponse { referral: Some(referrals::show(&office.acts, referral_id)?) })
        })
        .await
    }

    async fn list_referrals(&self, request: Request<wire::ListReferralsRequest>) -> Answer<wire::ListReferralsResponse> {
        self.act(request, |office, _, wire::ListReferralsRequest { limit, after, case_id, welfare_checks }| async move {
            let after = ReferralId::from_wire_optional(&after).at("after")?;
            let referrals = match CaseId::from_wire_optional(&case_id).at("case_id")? {
                None if welfare_checks => referrals::list_welfare_checks(&office.acts, after, page(limit))?,
                Some(case_id) => referrals::list_of_case(&office.acts, case_id, after, page(limit))?,
                None => referrals::list(&office.acts, after, page(limit))?,
            };
            Ok(wire::ListReferralsResponse { referrals })
        })
        .await
    }

    type ListShareStream = Replies<wire::ListShareResponse>;

    async fn list_share(&self, request: Request<wire::ListShareRequest>) -> StreamAnswer<wire::ListShareResponse> {
        self.stream(request, |office, _, wire::ListShareRequest { referral_id }, replies| async move {
            let referral_id = id(&referral_id)?;
            let mut after = None;
            loop {
                let records = shares::held(&office.acts, referral_id, after, RECORDS_A_REPLY)?;
                let Some(last) = records.last() else { return Ok(()) };
                after = Some(RecordRef::from_wire(&last.record_ref).map_err(ActError::Malformed)?);
                replies.send(wire::ListShareResponse { records }).await?;
            }
        })
    }

    async fn count_share(&self, request: Request<wire::CountShareRequest>) -> Answer<wire::CountShareResponse> {
        self.act(request, |office, _, wire::CountShareRequest { referral_id }| async move {
            let (held, shared) = shares::count(&office.acts, id(&referral_id)?)?;
            Ok(wire::CountShareResponse { held, shared })
        })
        .await
    }

    type WatchReferralsStream = Replies<wire::WatchReferralsResponse>;

    async fn watch_referrals(&self, request: Request<wire::WatchReferralsRequest>) -> StreamAnswer<wire::WatchReferralsResponse> {
        // From this moment on, so that nothing is missed between the answer and the first look.
        let changes = self.office.store.watch_cases();
        self.stream(request, |office, _, wire::WatchReferralsRequest { with_records }, replies| async move {
            Watch::new(office.acts, changes, with_records, replies).run().await
        })
    }
}

fn id(referral_id: &[u8]) -> Result<ReferralId, Malformed> {
    ReferralId::from_wire(referral_id).at("referral_id")
}

fn new_referral(request: wire::RequestReferralRequest) -> Result<NewReferral, ActError> {
    let wire::RequestReferralRequest {
        case_id,
        recipient,
        kind,
        purpose,
        services_requested,
        priority,
        categories,
        agreement_id,
        onward_from,
    } = request;
    Ok(NewReferral {
        case_id: CaseId::from_wire(&case_id).at("case_id")?,
        recipient: NodeId::parse(&recipient).at("recipient")?,
        kind: ReferralKind::from_wire(kind).at("kind")?,
        purpose: Purpose::from_wire(purpose).at("purpose")?,
        services_requested: Service::list_from_wire(&services_requested).at("services_requested")?,
        priority: Priority::from_wire(priority).at("priority")?,
        categories: Category::list_from_wire(&categories).at("categories")?,
        agreement_id,
        onward_from: ReferralId::from_wire_optional(&onward_from).at("onward_from")?,
    })
}
