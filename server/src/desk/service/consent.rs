//! Consents.

use titian_proto::model::id::{CaseId, ReferralId, WorkerId};
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::wire;
use titian_proto::wire::consent_service_server::ConsentService;
use tonic::{Request, async_trait};

use super::{Answer, Desk};
use crate::acts::consents::withdraw::Withdrawn;
use crate::acts::consents::{self, Whose, slip};
use crate::acts::workers;

#[async_trait]
impl ConsentService for Desk {
    async fn record_consent(&self, request: Request<wire::RecordConsentRequest>) -> Answer<wire::RecordConsentResponse> {
        self.act(request, |office, _, wire::RecordConsentRequest { worker_id, grant, valid_days, referral_id }| async move {
            let whose = whose(&worker_id, &referral_id)?;
            let grant = grant.ok_or_else(|| Malformed::missing("grant"))?;
            let consent = consents::record(&office.acts, whose, grant, valid_days).await?;
            Ok(wire::RecordConsentResponse { consent: Some(consent) })
        })
        .await
    }

    async fn withdraw_consent(&self, request: Request<wire::WithdrawConsentRequest>) -> Answer<wire::WithdrawConsentResponse> {
        self.act(request, |office, _, wire::WithdrawConsentRequest { worker_id, withdrawal, referral_id }| async move {
            let whose = whose(&worker_id, &referral_id)?;
            let withdrawal = withdrawal.ok_or_else(|| Malformed::missing("withdrawal"))?;
            let Withdrawn { consents, purged, notified } = consents::withdraw::withdraw(&office.acts, whose, withdrawal).await?;
            Ok(wire::WithdrawConsentResponse { consents, purged, notified })
        })
        .await
    }

    async fn list_consents(&self, request: Request<wire::ListConsentsRequest>) -> Answer<wire::ListConsentsResponse> {
        self.act(request, |office, _, wire::ListConsentsRequest { worker_id, referral_id }| async move {
            Ok(wire::ListConsentsResponse { consents: consents::list(&office.acts, whose(&worker_id, &referral_id)?)? })
        })
        .await
    }

    async fn make_slip(&self, request: Request<wire::MakeSlipRequest>) -> Answer<wire::MakeSlipResponse> {
        self.act(request, |office, _, wire::MakeSlipRequest { worker_id, referral_id, case_id }| async move {
            let case_id = CaseId::from_wire_optional(&case_id).at("case_id")?;
            slip::make(&office.acts, whose(&worker_id, &referral_id)?, case_id)
        })
        .await
    }

    async fn set_reporting_consent(&self, request: Request<wire::SetReportingConsentRequest>) -> Answer<wire::SetReportingConsentResponse> {
        self.act(request, |office, _, wire::SetReportingConsentRequest { worker_id, reporting }| async move {
            let worker_id = WorkerId::from_wire(&worker_id).at("worker_id")?;
            let may = match wire::ReportingConsent::try_from(reporting) {
                Ok(wire::ReportingConsent::Given) => true,
                Ok(wire::ReportingConsent::Refused) => false,
                Ok(wire::ReportingConsent::Unspecified) | Err(_) => {
                    return Err(Malformed::unknown_code("ReportingConsent").at("reporting").into());
                }
            };
            workers::set_reporting(&office.acts, worker_id, may).await?;
            Ok(wire::SetReportingConsentResponse { reporting })
        })
        .await
    }
}

/// A worker is named by her own id or by a referral about her, never by both.
fn whose(worker_id: &[u8], referral_id: &[u8]) -> Result<Whose, Malformed> {
    let worker_id = WorkerId::from_wire_optional(worker_id).at("worker_id")?;
    let referral_id = ReferralId::from_wire_optional(referral_id).at("referral_id")?;
    match (worker_id, referral_id) {
        (Some(worker_id), None) => Ok(Whose::Worker(worker_id)),
        (None, Some(referral_id)) => Ok(Whose::Referral(referral_id)),
        (None, None) => Err(Malformed::missing("worker_id")),
        (Some(_), Some(_)) => Err(Malformed::new("must not be given together with worker_id").at("referral_id")),
    }
}
