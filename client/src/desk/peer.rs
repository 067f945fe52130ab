//! Peers.

use titian_proto::wire::peer_service_client::PeerServiceClient;
use titian_proto::wire::{
    AddPeerRequest, AddPeerResponse, ConfirmPeerRequest, ConfirmPeerResponse, GetDescriptorRequest, GetDescriptorResponse,
    GetEvidenceRequest, GetEvidenceResponse, ListPeersRequest, ListPeersResponse, ReleasePeerRequest, ReleasePeerResponse,
    ReportCompromiseRequest, ReportCompromiseResponse, ResumePeerRequest, ResumePeerResponse, SuspendPeerRequest, SuspendPeerResponse,
};
use tonic::transport::Channel;

use crate::desk::{ANSWER_BYTES_MAX, Desk, DeskError, answer};

impl Desk {
    /// The descriptor file of the node.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_descriptor(&self, request: GetDescriptorRequest) -> Result<GetDescriptorResponse, DeskError> {
        answer(self.peers().get_descriptor(self.call(request)).await)
    }

    /// Adds a peer from its descriptor file.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn add_peer(&self, request: AddPeerRequest) -> Result<AddPeerResponse, DeskError> {
        answer(self.peers().add_peer(self.call(request)).await)
    }

    /// Confirms a peer by the words of its fingerprint.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn confirm_peer(&self, request: ConfirmPeerRequest) -> Result<ConfirmPeerResponse, DeskError> {
        answer(self.peers().confirm_peer(self.call(request)).await)
    }

    /// Suspends a peer, at once.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn suspend_peer(&self, request: SuspendPeerRequest) -> Result<SuspendPeerResponse, DeskError> {
        answer(self.peers().suspend_peer(self.call(request)).await)
    }

    /// Ends a suspension.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn resume_peer(&self, request: ResumePeerRequest) -> Result<ResumePeerResponse, DeskError> {
        answer(self.peers().resume_peer(self.call(request)).await)
    }

    /// Ends the quarantine of a link.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn release_peer(&self, request: ReleasePeerRequest) -> Result<ReleasePeerResponse, DeskError> {
        answer(self.peers().release_peer(self.call(request)).await)
    }

    /// The evidence for which a link is in quarantine.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn get_evidence(&self, request: GetEvidenceRequest) -> Result<GetEvidenceResponse, DeskError> {
        answer(self.peers().get_evidence(self.call(request)).await)
    }

    /// Reports that a peer's keys are in other hands.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn report_compromise(&self, request: ReportCompromiseRequest) -> Result<ReportCompromiseResponse, DeskError> {
        answer(self.peers().report_compromise(self.call(request)).await)
    }

    /// Lists peers.
    ///
    /// # Errors
    /// When the call fails; see [`DeskError`].
    pub async fn list_peers(&self, request: ListPeersRequest) -> Result<ListPeersResponse, DeskError> {
        answer(self.peers().list_peers(self.call(request)).await)
    }

    fn peers(&self) -> PeerServiceClient<Channel> {
        PeerServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}
