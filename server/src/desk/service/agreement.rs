//! Agreements.

use titian_proto::model::date::Date;
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::statement::{GovernmentApproval, StatementKind, StatementReason};
use titian_proto::wire;
use titian_proto::wire::agreement_service_server::AgreementService;
use tonic::{Request, async_trait};

use super::{Answer, Desk};
use crate::acts::agreements::{self, Saying};

#[async_trait]
impl AgreementService for Desk {
    async fn draft_agreement(&self, request: Request<wire::DraftAgreementRequest>) -> Answer<wire::DraftAgreementResponse> {
        self.act(request, |office, _, wire::DraftAgreementRequest { toml }| async move {
            Ok(wire::DraftAgreementResponse { agreement: Some(agreements::draft(&office.acts, &toml).await?) })
        })
        .await
    }

    async fn state_agreement(&self, request: Request<wire::StateAgreementRequest>) -> Answer<wire::StateAgreementResponse> {
        self.act(request, |office, _, request| async move {
            let agreement = agreements::say(&office.acts, saying(request)?).await?;
            Ok(wire::StateAgreementResponse { agreement: Some(agreement) })
        })
        .await
    }

    async fn import_agreement(&self, request: Request<wire::ImportAgreementRequest>) -> Answer<wire::ImportAgreementResponse> {
        self.act(request, |office, _, wire::ImportAgreementRequest { file }| async move {
            Ok(wire::ImportAgreementResponse { agreement: Some(agreements::import(&office.acts, &file).await?) })
        })
        .await
    }

    async fn get_agreement(&self, request: Request<wire::GetAgreementRequest>) -> Answer<wire::GetAgreementResponse> {
        self.act(request, |office, _, wire::GetAgreementRequest { agreement_id, version }| async move {
            let (agreement, file) = agreements::show(&office.acts, &agreement_id, version)?;
            Ok(wire::GetAgreementResponse { agreement: Some(agreement), file })
        })
        .await
    }

    async fn list_agreements(&self, request: Request<wire::ListAgreementsRequest>) -> Answer<wire::ListAgreementsResponse> {
        self.act(request, |office, _, wire::ListAgreementsRequest {}| async move {
            Ok(wire::ListAgreementsResponse { agreements: agreements::list(&office.acts)? })
        })
        .await
    }
}

/// What the officer says. The rules between kind, day, reason and evidence are the statement's own.
fn saying(request: wire::StateAgreementRequest) -> Result<Saying, Malformed> {
    let wire::StateAgreementRequest { agreement_id, version, kind, effective_on, reason, approval } = request;
    Ok(Saying {
        id: agreement_id,
        version,
        kind: StatementKind::from_wire(kind).at("kind")?,
        effective_on: Date::parse_optional(&effective_on).at("effective_on")?,
        reason: StatementReason::from_wire_optional(reason).at("reason")?,
        approval: approval.as_ref().map(GovernmentApproval::from_wire).transpose().at("approval")?,
    })
}
