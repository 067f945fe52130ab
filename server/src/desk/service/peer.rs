//! Peers.

use titian_proto::model::malformed::At as _;
use titian_proto::model::statement::StatementReason;
use titian_proto::wire;
use titian_proto::wire::peer_service_server::PeerService;
use tonic::{Request, async_trait};

use super::{Answer, Desk};
use crate::acts::compromise;
use crate::acts::peers::{self, node_id};
use crate::acts::quarantine;

#[async_trait]
impl PeerService for Desk {
    async fn get_descriptor(&self, request: Request<wire::GetDescriptorRequest>) -> Answer<wire::GetDescriptorResponse> {
        self.act(request, |office, _, wire::GetDescriptorRequest {}| async move {
            let own = office.acts.house.own();
            Ok(wire::GetDescriptorResponse { file: own.descriptor_file.clone(), fingerprint_words: own.chain.fingerprint().words() })
        })
        .await
    }

    async fn add_peer(&self, request: Request<wire::AddPeerRequest>) -> Answer<wire::AddPeerResponse> {
        self.act(request, |office, _, wire::AddPeerRequest { file }| async move {
            Ok(wire::AddPeerResponse { peer: Some(peers::add(&office.acts, &file).await?) })
        })
        .await
    }

    async fn confirm_peer(&self, request: Request<wire::ConfirmPeerRequest>) -> Answer<wire::ConfirmPeerResponse> {
        self.act(request, |office, actor, wire::ConfirmPeerRequest { node_id: name, fingerprint_words }| async move {
            let peer = peers::confirm(&office.acts, &actor, &node_id(&name)?, &fingerprint_words).await?;
            Ok(wire::ConfirmPeerResponse { peer: Some(peer) })
        })
        .await
    }

    async fn suspend_peer(&self, request: Request<wire::SuspendPeerRequest>) -> Answer<wire::SuspendPeerResponse> {
        self.act(request, |office, actor, wire::SuspendPeerRequest { node_id: name, reason }| async move {
            let (name, reason) = (node_id(&name)?, StatementReason::from_wire(reason).at("reason")?);
            let peer = peers::suspend(&office.acts, &name).await?;
            tracing::warn!(event = "peer.suspended", peer = %name, reason = reason.code(), staff = actor.pseudonym);
            Ok(wire::SuspendPeerResponse { peer: Some(peer) })
        })
        .await
    }

    async fn resume_peer(&self, request: Request<wire::ResumePeerRequest>) -> Answer<wire::ResumePeerResponse> {
        self.act(request, |office, _, wire::ResumePeerRequest { node_id: name }| async move {
            Ok(wire::ResumePeerResponse { peer: Some(peers::resume(&office.acts, &node_id(&name)?).await?) })
        })
        .await
    }

    async fn release_peer(&self, request: Request<wire::ReleasePeerRequest>) -> Answer<wire::ReleasePeerResponse> {
        self.act(request, |office, actor, wire::ReleasePeerRequest { node_id: name }| async move {
            let name = node_id(&name)?;
            let peer = quarantine::release(&office.acts, &name).await?;
            tracing::warn!(event = "link.released", peer = %name, staff = actor.pseudonym);
            Ok(wire::ReleasePeerResponse { peer: Some(peer) })
        })
        .await
    }

    async fn get_evidence(&self, request: Request<wire::GetEvidenceRequest>) -> Answer<wire::GetEvidenceResponse> {
        self.act(request, |office, _, wire::GetEvidenceRequest { node_id: name }| async move {
            Ok(wire::GetEvidenceResponse { evidence: quarantine::evidence(&office.acts, &node_id(&name)?)? })
        })
        .await
    }

    async fn report_compromise(&self, request: Request<wire::ReportCompromiseRequest>) -> Answer<wire::ReportCompromiseResponse> {
        self.act(request, |office, actor, wire::ReportCompromiseRequest { file }| async move {
            let peer = compromise::report(&office.acts, &file).await?;
            tracing::warn!(event = "peer.compromise-reported", peer = peer.node_id, staff = actor.pseudonym);
            Ok(wire::ReportCompromiseResponse { peer: Some(peer) })
        })
        .await
    }

    async fn list_peers(&self, request: Request<wire::ListPeersRequest>) -> Answer<wire::ListPeersResponse> {
        self.act(request, |office, _, wire::ListPeersRequest {}| async move {
            Ok(wire::ListPeersResponse { peers: peers::list(&office.acts)? })
        })
        .await
    }
}
