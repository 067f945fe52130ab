//! Stories of the desk's door, told over a real connection.

mod casework;

use std::net::SocketAddr;
use std::sync::Arc;

use titian_proto::wire;
use titian_proto::wire::audit_service_client::AuditServiceClient;
use titian_proto::wire::node_service_client::NodeServiceClient;
use titian_proto::wire::session_service_client::SessionServiceClient;
use titian_proto::wire::staff_service_client::StaffServiceClient;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::{DeskError, Office, serve, status};
use crate::acts::staff::{Password, create_first_admin};
use crate::testing::{self, Hands};

const PASSWORD: &str = "a footbridge over the water";

struct Open {
    office: Office,
    hands: Hands,
    channel: Channel,
    stopping: CancellationToken,
    served: JoinHandle<Result<(), DeskError>>,
}

impl Open {
    /// A desk with the admin Aminah.
    async fn desk() -> Self {
        let (node, hands) = testing::node();
        let office = Office::new(testing::acts(&node), Arc::new(testing::NoBundles), node.about);
        create_first_admin(&office.store, &office.ambient, "aminah", Password::new(PASSWORD.to_owned())).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let served = tokio::spawn(serve(listener, office.clone(), stopping.clone()));
        let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        Self { office, hands, channel, stopping, served }
    }

    async fn sign_in(&self, name: &str) -> Result<wire::SignInResponse, Status> {
        let request = wire::SignInRequest { name: name.to_owned(), password: PASSWORD.to_owned(), second_factor: String::new() };
        Ok(SessionServiceClient::new(self.channel.clone()).sign_in(request).await?.into_inner())
    }

    async fn add(&self, token: &str, name: &str, role: wire::StaffRole) -> Result<wire::Staff, Status> {
        let request = wire::AddStaffRequest { name: name.to_owned(), password: PASSWORD.to_owned(), role: role as i32 };
        let added = StaffServiceClient::new(self.channel.clone()).add_staff(with(token, request)).await?;
        Ok(added.into_inner().staff.unwrap())
    }

    async fn status(&self, token: &str) -> Result<wire::GetStatusResponse, Status> {
        let answer = NodeServiceClient::new(self.channel.clone()).get_status(with(token, wire::GetStatusRequest {})).await?;
        Ok(answer.into_inner())
    }
}

fn with<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

/// The gRPC code and the stable code of a call that must fail.
fn refused<T>(answer: Result<T, Status>) -> (Code, String) {
    match answer {
        Ok(_) => panic!("must be refused"),
        Err(status) => {
            (status.code(), status.metadata().get(status::CODE).map(|code| code.to_str().unwrap().to_owned()).unwrap_or_default())
        }
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_session() {
    let desk = Open::desk().await;
    let ended = (Code::Unauthenticated, "SESSION_ENDED".to_owned());

    let bare = NodeServiceClient::new(desk.channel.clone()).get_status(wire::GetStatusRequest {}).await;
    assert_eq!(refused(bare), ended);
    assert_eq!(refused(desk.status("").await), ended);
    assert_eq!(refused(desk.status(&"0".repeat(64)).await), ended);

    let token = desk.sign_in("aminah").await.unwrap().token;
    assert_eq!(desk.status(&token).await.unwrap().node_id, "my.mtuc");
    assert_eq!(refused(desk.status(&format!("{}x", &token[..63])).await), ended);
}

#[tokio::test]
async fn a_name_that_nobody_has_and_a_wrong_password_get_the_same_answer() {
    let desk = Open::desk().await;
    let stranger = desk.sign_in("nobody").await.err().unwrap();
    let request =
        wire::SignInRequest { name: "aminah".to_owned(), password: "not this one at all".to_owned(), second_factor: String::new() };
    let wrong = SessionServiceClient::new(desk.channel.clone()).sign_in(request).await.err().unwrap();
    assert_eq!((stranger.code(), stranger.message()), (wrong.code(), wrong.message()));
    assert_eq!(refused(Err::<(), _>(wrong)), (Code::Unauthenticated, "SIGN_IN_FAILED".to_owned()));
}

#[tokio::test]
async fn a_role_may_make_its_calls_and_no_others() {
    let desk = Open::desk().await;
    let admin = desk.sign_in("aminah").await.unwrap();
    assert_eq!(admin.role, wire::StaffRole::Admin as i32);
    let siti = desk.add(&admin.token, "siti", wire::StaffRole::Caseworker).await.unwrap();
    assert!(siti.pseudonym.starts_with("S-"));

    let caseworker = desk.sign_in("siti").await.unwrap().token;
    let forbidden = (Code::PermissionDenied, "ROLE_FORBIDS".to_owned());
    assert_eq!(refused(desk.add(&caseworker, "eve", wire::StaffRole::Admin).await), forbidden);
    let export = NodeServiceClient::new(desk.channel.clone()).export_store(with(&caseworker, wire::ExportStoreRequest {})).await;
    assert_eq!(refused(export), forbidden);

    let wrong = desk.add(&admin.token, "eve", wire::StaffRole::Unspecified).await;
    assert_eq!(wrong.as_ref().err().unwrap().metadata().get(status::PATHS).unwrap(), "role");
    assert_eq!(refused(wrong), (Code::InvalidArgument, "MALFORMED".to_owned()));
}

#[tokio::test]
async fn a_session_that_idled_too_long_is_over() {
    let desk = Open::desk().await;
    let token = desk.sign_in("aminah").await.unwrap().token;
    desk.status(&token).await.unwrap();
    desk.hands.forward_minutes(60);
    assert_eq!(refused(desk.status(&token).await).1, "SESSION_ENDED");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let desk = Open::desk().await;
    let token = desk.sign_in("aminah").await.unwrap().token;
    SessionServiceClient::new(desk.channel.clone()).sign_out(with(&token, wire::SignOutRequest {})).await.unwrap();
    assert_eq!(refused(desk.status(&token).await).1, "SESSION_ENDED");
}

#[tokio::test]
async fn a_message_over_its_limit_is_refused_and_the_desk_goes_on() {
    let desk = Open::desk().await;
    let request = wire::SignInRequest { name: "x".repeat(5 * 1024 * 1024), password: String::new(), second_factor: String::new() };
    let refused = SessionServiceClient::new(desk.channel.clone()).sign_in(request).await.err().unwrap();
    assert_eq!(refused.code(), Code::OutOfRange);
    desk.sign_in("aminah").await.unwrap();
}

#[tokio::test]
async fn a_foreign_client_discovers_the_contract_without_a_session() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, ServiceResponse};

    let desk = Open::desk().await;
    let ask = ServerReflectionRequest { host: String::new(), message_request: Some(MessageRequest::ListServices(String::new())) };
    let mut client = ServerReflectionClient::new(desk.channel.clone());
    let mut answers = client.server_reflection_info(tokio_stream::once(ask)).await.unwrap().into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.message().await.unwrap().unwrap().message_response else {
        panic!("must list the services")
    };
    let named = |name: &str| list.service.iter().any(|ServiceResponse { name: known }| known == name);
    assert!(named("titian.v1.SessionService") && named("titian.v1.ReferralService"));
    assert!(!named("titian.v1.FederationService"), "the desk does not serve the federation");
}

#[tokio::test]
async fn a_call_that_is_not_the_desks_does_not_exist() {
    let desk = Open::desk().await;
    let token = desk.sign_in("aminah").await.unwrap().token;
    let mut federation = tonic::client::Grpc::new(desk.channel.clone());
    federation.ready().await.unwrap();
    let path = tonic::codegen::http::uri::PathAndQuery::from_static("/titian.v1.FederationService/Link");
    let codec = tonic_prost::ProstCodec::<wire::GetStatusRequest, wire::GetStatusResponse>::default();
    let answer = federation.unary(with(&token, wire::GetStatusRequest {}), path, codec).await;
    assert_eq!(refused(answer), (Code::Unimplemented, "NO_SUCH_CALL".to_owned()));
}

#[tokio::test]
async fn an_admin_takes_the_whole_store_along_as_lines() {
    let desk = Open::desk().await;
    let token = desk.sign_in("aminah").await.unwrap().token;
    let mut client = NodeServiceClient::new(desk.channel.clone()).max_decoding_message_size(super::MESSAGE_MAX);
    let mut replies = client.export_store(with(&token, wire::ExportStoreRequest {})).await.unwrap().into_inner();
    let mut lines = Vec::new();
    while let Some(reply) = replies.message().await.unwrap() {
        assert!(reply.lines.ends_with(b"\n"), "each reply holds whole lines");
        lines.extend_from_slice(&reply.lines);
    }
    let lines = String::from_utf8(lines).unwrap();
    assert!(lines.starts_with("titian-export "));
    assert!(lines.lines().last().unwrap().starts_with("end "), "and the last says that nothing is missing");
}

#[tokio::test]
async fn an_auditor_reads_the_log_and_nothing_else() {
    let desk = Open::desk().await;
    let admin = desk.sign_in("aminah").await.unwrap().token;
    desk.add(&admin, "tan", wire::StaffRole::Auditor).await.unwrap();
    let auditor = desk.sign_in("tan").await.unwrap().token;

    let mut client = AuditServiceClient::new(desk.channel.clone());
    let log = client.get_log(with(&auditor, wire::GetLogRequest {})).await.unwrap().into_inner();
    assert_eq!(log.origin, "my.mtuc/titian/log/2026a");
    let ask = wire::ListLeavesRequest { from: 0, limit: 0, purpose: 0 };
    let mut replies = client.list_leaves(with(&auditor, ask)).await.unwrap().into_inner();
    let mut indexes = Vec::new();
    while let Some(reply) = replies.message().await.unwrap() {
        indexes.extend(reply.leaves.iter().map(|leaf| leaf.index));
    }
    assert_eq!(indexes, (0..log.size).collect::<Vec<_>>());

    let accounts = StaffServiceClient::new(desk.channel.clone()).list_staff(with(&auditor, wire::ListStaffRequest {})).await;
    assert_eq!(refused(accounts), (Code::PermissionDenied, "ROLE_FORBIDS".to_owned()));
}

#[tokio::test]
async fn more_calls_than_places_wait_and_none_is_lost() {
    let desk = Open::desk().await;
    let token = desk.sign_in("aminah").await.unwrap().token;
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let (channel, token) = (desk.channel.clone(), token.clone());
            tokio::spawn(async move { NodeServiceClient::new(channel).get_status(with(&token, wire::GetStatusRequest {})).await.map(drop) })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn the_desk_stops_when_told_and_opens_on_loopback_only() {
    let desk = Open::desk().await;
    desk.sign_in("aminah").await.unwrap();
    desk.stopping.cancel();
    desk.served.await.unwrap().unwrap();

    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = serve(everywhere, desk.office.clone(), CancellationToken::new()).await;
    assert!(matches!(refused, Err(DeskError::NotLoopback(_))));
}
