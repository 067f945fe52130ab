//! One attempt: socket, handshake with only this peer's keys, stream.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use titian_proto::model::descriptor::Endpoint;
use titian_proto::model::id::NodeId;
use titian_proto::wire;
use titian_proto::wire::federation_service_client::FederationServiceClient;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsConnector, TlsStream};
use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, Endpoint as Address};
use tower::service_fn;

use super::super::barred::{Barred, of_handshake};
use super::super::compression::Compressed;
use super::super::connection::{self, Connection};
use super::super::identity::Pin;
use super::super::stream::{Admitted, PeerStream};
use super::super::tls::Tls;
use super::super::{
    CONNECTION_WINDOW_BYTES, FRAME_BYTES_MAX, HANDSHAKE_DEADLINE, HEADER_BYTES_MAX, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT,
    STREAM_WINDOW_BYTES,
};

/// How long a socket may take to open.
const SOCKET_DEADLINE: Duration = Duration::from_secs(10);

/// How long the peer may take to answer the call.
const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// The name that gRPC wants in its address and TLS in its handshake. It is sent nowhere that counts: keys are pinned, names are not used.
const NO_NAME: &str = "peer.invalid";

/// Why a peer could not be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// Its descriptor names no endpoint any more.
    #[error("the peer's descriptor names no endpoint")]
    NoEndpoint,
    /// No socket.
    #[error("no socket to the peer ({kind})")]
    Unreachable {
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// Nobody answered in time.
    #[error("the peer did not answer in time")]
    TooSlow,
    /// We hung up: who answered is not who was dialled, or may not be spoken to.
    #[error("hung up on who answered: {reason}")]
    Barred {
        /// Why.
        #[source]
        reason: Barred,
        /// The key it showed.
        pin: Option<Pin>,
    },
    /// The peer hung up on us, or does not serve the link. Its telemetry says why.
    #[error("the peer refused the stream; its own telemetry says why")]
    RefusedByPeer,
    /// This node's certificate and key do not belong together.
    #[error("the node's certificate and its key do not belong together")]
    OwnCertificate,
}

impl DialError {
    /// What it costs to hear that the machine is there and no node behind it: 1 where nothing listens, more where something else listens and hangs up
    /// before a word was said. None for every other failure.
    pub(super) fn cost_of_nobody(self) -> Option<u32> {
        use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, UnexpectedEof};
        match self {
            Self::Unreachable { kind: ConnectionRefused } => Some(1),
            Self::Unreachable { kind: UnexpectedEof | ConnectionReset } => Some(4),
            _ => None,
        }
    }

    /// The stable code in the telemetry.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoEndpoint => "NO_ENDPOINT",
            Self::Unreachable { .. } => "UNREACHABLE",
            Self::TooSlow => "TOO_SLOW",
            Self::Barred { reason, .. } => reason.code(),
            Self::RefusedByPeer => "REFUSED_BY_PEER",
            Self::OwnCertificate => "OWN_CERTIFICATE",
        }
    }
}

/// Dials `peer` at `endpoint` and opens a stream.
///
/// # Errors
/// Why it failed.
pub(super) async fn dial(tls: &Tls, peer: &NodeId, endpoint: &Endpoint) -> Result<Connection, DialError> {
    let stream = connect(tls, peer, endpoint).await?;
    let admitted = stream.admitted();
    let mut federation = federation(stream).await?;
    let (sender, outgoing, close) = connection::outgoing(&admitted, tls.pins());
    let requests = outgoing.map(|frame| wire::LinkRequest { frame: Some(frame) });
    let answers = match timeout(CALL_DEADLINE, federation.link(requests)).await {
        Ok(Ok(answers)) => answers.into_inner(),
        Ok(Err(_)) => return Err(DialError::RefusedByPeer),
        Err(_) => return Err(DialError::TooSlow),
    };
    let incoming = connection::incoming(answers, federation, &admitted, tls.pins(), close.clone());
    Ok(Connection { peer: peer.clone(), dialled_by_us: true, incoming, outgoing: sender, line: admitted.line, close })
}

async fn connect(tls: &Tls, peer: &NodeId, endpoint: &Endpoint) -> Result<PeerStream, DialError> {
    let life = tls.life();
    let config = tls.dialling_config(peer).map_err(|_| DialError::OwnCertificate)?;
    let name = ServerName::try_from(NO_NAME).map_err(|_| DialError::OwnCertificate)?;
    let tcp = match timeout(SOCKET_DEADLINE, TcpStream::connect((endpoint.host(), endpoint.port()))).await {
        Ok(connected) => connected.map_err(|error| DialError::Unreachable { kind: error.kind() })?,
        Err(_) => return Err(DialError::TooSlow),
    };
    let _ = tcp.set_nodelay(true); // receipts are small and somebody waits for them
    let connector = TlsConnector::from(Arc::new(config));
    let stream = match timeout(HANDSHAKE_DEADLINE, connector.connect(name, tcp)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(refused_handshake(&error)),
        Err(_) => return Err(DialError::TooSlow),
    };
    let barred = |reason| DialError::Barred { reason, pin: None };
    let identity = tls.identify(stream.get_ref().1.peer_certificates()).await.map_err(barred)?;
    let admitted = Admitted::now(identity, CancellationToken::new());
    Ok(PeerStream::new(TlsStream::Client(stream), admitted, tls, life, None))
}

/// An alert comes from the peer; anything else is our own verdict.
fn refused_handshake(error: &std::io::Error) -> DialError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(_)) => DialError::RefusedByPeer,
        Some(_) => {
            let barred = of_handshake(error);
            DialError::Barred { reason: barred.reason, pin: barred.pin }
        }
        None => DialError::Unreachable { kind: error.kind() },
    }
}

/// gRPC over this one socket: when it ends, nothing redials behind our back.
async fn federation(stream: PeerStream) -> Result<FederationServiceClient<Compressed<Channel>>, DialError> {
    let line = stream.admitted().line;
    let once = Mutex::new(Some(TokioIo::new(stream)));
    let connector = service_fn(move |_| {
        let stream = once.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(stream.ok_or(std::io::Error::from(std::io::ErrorKind::NotConnected)))
    });
    let channel = Address::from_shared(format!("http://{NO_NAME}"))
        .map_err(|_| DialError::OwnCertificate)?
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .connect_with_connector(connector)
        .await
        .map_err(|_| DialError::RefusedByPeer)?;
    Ok(FederationServiceClient::new(Compressed::over(channel, line))
        .max_decoding_message_size(FRAME_BYTES_MAX)
        .max_encoding_message_size(FRAME_BYTES_MAX)
        .accept_compressed(CompressionEncoding::Zstd))
}
