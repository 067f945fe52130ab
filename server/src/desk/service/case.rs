//! Cases.

use titian_proto::model::id::{CaseId, RecordId, ReferralId, WorkerId};
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::referral::HandOverStep;
use titian_proto::model::value::Country;
use titian_proto::wire;
use titian_proto::wire::case_service_server::CaseService;
use tonic::{Request, async_trait};

use super::{Answer, Desk, blocked, contents, page};
use crate::acts::groups::{self, Part};
use crate::acts::{cases, hand_over, outcomes};

#[async_trait]
impl CaseService for Desk {
    async fn open_case(&self, request: Request<wire::OpenCaseRequest>) -> Answer<wire::OpenCaseResponse> {
        self.act(request, |office, actor, wire::OpenCaseRequest { worker_id, records, leaders }| async move {
            let worker_id = WorkerId::from_wire_optional(&worker_id).at("worker_id")?;
            let leaders = leaders.iter().map(|leader| WorkerId::from_wire(leader).at("leaders")).collect::<Result<_, _>>()?;
            let case = cases::open(&office.acts, &actor, worker_id, leaders, contents(&records)?).await?;
            Ok(wire::OpenCaseResponse { case: Some(case) })
        })
        .await
    }

    async fn split_case(&self, request: Request<wire::SplitCaseRequest>) -> Answer<wire::SplitCaseResponse> {
        self.act(request, |office, actor, wire::SplitCaseRequest { case_id, parts }| async move {
            let part = |part: &wire::GroupPart| {
                Ok(Part { country: Country::parse(&part.country).at("parts.country")?, represented_count: part.represented_count })
            };
            let parts = parts.iter().map(part).collect::<Result<_, Malformed>>()?;
            let cases = groups::split(&office.acts, &actor, CaseId::from_wire(&case_id).at("case_id")?, parts).await?;
            Ok(wire::SplitCaseResponse { cases })
        })
        .await
    }

    async fn confirm_outcome(&self, request: Request<wire::ConfirmOutcomeRequest>) -> Answer<wire::ConfirmOutcomeResponse> {
        self.act(request, |office, actor, wire::ConfirmOutcomeRequest { case_id, leader, record_id }| async move {
            let case_id = CaseId::from_wire(&case_id).at("case_id")?;
            let leader = WorkerId::from_wire(&leader).at("leader")?;
            let record_id = RecordId::from_wire_optional(&record_id).at("record_id")?;
            let outcomes::Progress { record, confirmed, leaders, put } =
                outcomes::confirm(&office.acts, &actor, case_id, leader, record_id).await?;
            Ok(wire::ConfirmOutcomeResponse {
                record: Some(record),
                confirmed: u32::try_from(confirmed).unwrap_or(u32::MAX),
                leaders: u32::try_from(leaders).unwrap_or(u32::MAX),
                queued_under: put.queued_under.into_iter().map(ReferralId::to_wire).collect(),
                blocked: blocked(put.blocked),
            })
        })
        .await
    }

    async fn get_case(&self, request: Request<wire::GetCaseRequest>) -> Answer<wire::GetCaseResponse> {
        self.act(request, |office, _, wire::GetCaseRequest { case_id }| async move {
            let case_id = CaseId::from_wire(&case_id).at("case_id")?;
            Ok(wire::GetCaseResponse { case: Some(cases::show(&office.acts, case_id)?) })
        })
        .await
    }

    async fn list_cases(&self, request: Request<wire::ListCasesRequest>) -> Answer<wire::ListCasesResponse> {
        self.act(request, |office, _, wire::ListCasesRequest { limit, after }| async move {
            let after = CaseId::from_wire_optional(&after).at("after")?;
            Ok(wire::ListCasesResponse { cases: cases::list(&office.acts, after, page(limit))? })
        })
        .await
    }

    async fn hand_over_case(&self, request: Request<wire::HandOverCaseRequest>) -> Answer<wire::HandOverCaseResponse> {
        self.act(request, |office, _, wire::HandOverCaseRequest { referral_id, step }| async move {
            let referral_id = ReferralId::from_wire(&referral_id).at("referral_id")?;
            let step = HandOverStep::from_wire(step).at("step")?;
            Ok(wire::HandOverCaseResponse { tenure: Some(hand_over::step(&office.acts, referral_id, step).await?) })
        })
        .await
    }

    async fn get_tenure(&self, request: Request<wire::GetTenureRequest>) -> Answer<wire::GetTenureResponse> {
        self.act(request, |office, _, wire::GetTenureRequest { referral_id }| async move {
            let referral_id = ReferralId::from_wire(&referral_id).at("referral_id")?;
            Ok(wire::GetTenureResponse { tenure: Some(hand_over::show(&office.acts, referral_id)?) })
        })
        .await
    }
}
