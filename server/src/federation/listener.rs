//! Peers that dial us: accept, shake hands within a deadline, serve.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use titian_proto::model::id::NodeId;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use super::barred::{Barred, Doorkeeper, of_handshake};
use super::compression::CompressAnswers;
use super::connection::Connection;
use super::service::Federation;
use super::stream::{Admitted, PeerStream, Place, Places};
use super::tls::Tls;
use super::{
    CONNECTION_WINDOW_BYTES, HANDSHAKE_DEADLINE, HEADER_BYTES_MAX, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, STREAM_WINDOW_BYTES,
    STREAMS_PER_CONNECTION_MAX,
};

/// Handshakes at once: a hundred silent sockets must not keep a peer waiting, and each costs some 30 KiB.
pub const HANDSHAKES_MAX: usize = 256;

/// Handshakes of one address at once: a bureau with all its unions may stand behind one, and nobody behind it may fill the hall. Of an IPv6 address
/// the first half counts, because whoever has one has all of the second.
pub const HANDSHAKES_PER_ADDRESS_MAX: usize = 32;

/// Sockets of one peer at once: one in use, one half-open after a lost line, and their replacements.
pub const SOCKETS_PER_PEER_MAX: usize = 4;

/// How long streams may go on after the order to stop, to say goodbye.
pub const STOP_GRACE: Duration = Duration::from_secs(3);

/// Rest after the system could not accept a socket (no file descriptors left), so that the loop does not spin.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Why the listener cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The node's certificate and key do not fit.
    #[error("the node's certificate and its key do not belong together: replace keys/tls.crt and keys/tls.key by a matching pair")]
    Tls(#[source] rustls::Error),
    /// The transport failed.
    #[error("the federation listener failed")]
    Transport(#[source] tonic::transport::Error),
}

/// The door for peers that dial us.
pub struct Listener {
    tls: Tls,
    doorkeeper: Doorkeeper,
    connections: mpsc::Sender<Connection>,
}

impl Listener {
    /// Hands every connection to `connections`; tells `doorkeeper` whom it turned away.
    #[must_use]
    pub fn new(tls: Tls, doorkeeper: Doorkeeper, connections: mpsc::Sender<Connection>) -> Self {
        Self { tls, doorkeeper, connections }
    }

    /// Serves until `shutdown`; then gives running streams [`STOP_GRACE`].
    ///
    /// # Errors
    /// When the certificate and key do not fit, or the transport fails.
    pub async fn serve(self, socket: TcpListener, shutdown: CancellationToken) -> Result<(), ListenError> {
        let Self { tls, doorkeeper, connections } = self;
        tls.server_config().map_err(ListenError::Tls)?;
        let cut_all = CancellationToken::new();
        let _cut_on_return = cut_all.clone().drop_guard();
        let service = Federation::serve(tls.pins().clone(), doorkeeper.clone(), connections);
        let (admitted, arrivals) = mpsc::channel(STREAMS_PER_CONNECTION_MAX as usize);
        let door = Door {
            tls,
            doorkeeper,
            places: Places::new(),
            handshakes_of: Places::new(),
            handshakes: Arc::new(Semaphore::new(HANDSHAKES_MAX)),
            admitted,
            cut_all: cut_all.clone(),
        };
        tokio::spawn(door.accept(socket, shutdown.clone()));
        let serving = server()
            .layer(CompressAnswers)
            .add_service(service)
            .serve_with_incoming_shutdown(ReceiverStream::new(arrivals), shutdown.clone().cancelled_owned());
        let hard_stop = async {
            shutdown.cancelled().await;
            tokio::time::sleep(STOP_GRACE).await;
        };
        tokio::select! {
            served = serving => served.map_err(ListenError::Transport),
            () = hard_stop => Ok(()),
        }
    }
}

fn server() -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
}

/// Lets in whom the table of peers admits. One silent socket holds up nobody: every handshake is its own task.
#[derive(Clone)]
struct Door {
    tls: Tls,
    doorkeeper: Doorkeeper,
    places: Places<NodeId>,
    handshakes_of: Places<IpAddr>,
    handshakes: Arc<Semaphore>,
    admitted: mpsc::Sender<io::Result<PeerStream>>,
    cut_all: CancellationToken,
}

/// A place among the handshakes of all, and among those of one address.
struct Turn {
    _own: Place<IpAddr>,
    _any: OwnedSemaphorePermit,
}

impl Door {
    async fn accept(self, socket: TcpListener, shutdown: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((tcp, from)) => match self.turn(from.ip()) {
                    Some(turn) => drop(tokio::spawn(self.clone().admit(tcp, turn))),
                    None => self.doorkeeper.record(Barred::TooMany, None),
                },
                Err(error) => {
                    tracing::warn!(event = "federation.accept_failed", kind = ?error.kind());
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    /// A turn to shake hands, unless all are taken, or all of this address.
    fn turn(&self, from: IpAddr) -> Option<Turn> {
        let own = self.handshakes_of.take(&network(from), HANDSHAKES_PER_ADDRESS_MAX)?;
        let any = self.handshakes.clone().try_acquire_owned().ok()?;
        Some(Turn { _own: own, _any: any })
    }

    async fn admit(self, tcp: TcpStream, turn: Turn) {
        if let Some(stream) = self.shake_hands(tcp).await {
            drop(turn);
            let _ = self.admitted.send(Ok(stream)).await; // nobody listens any more: the node stops
        }
    }

    async fn shake_hands(&self, tcp: TcpStream) -> Option<PeerStream> {
        let _ = tcp.set_nodelay(true); // receipts are small and somebody waits for them
        let life = self.tls.life();
        let Ok(config) = self.tls.server_config() else { return None };
        let tls = match timeout(HANDSHAKE_DEADLINE, TlsAcceptor::from(Arc::new(config)).accept(tcp)).await {
            Ok(Ok(tls)) => tls,
            Ok(Err(error)) => {
                let barred = of_handshake(&error);
                self.doorkeeper.record(barred.reason, barred.pin);
                return None;
            }
            Err(_) => {
                self.doorkeeper.record(Barred::TooSlow, None);
                return None;
            }
        };
        let identity = match self.tls.identify(tls.get_ref().1.peer_certificates()).await {
            Ok(identity) => identity,
            Err(reason) => {
                self.doorkeeper.record(reason, None);
                return None;
            }
        };
        let Some(place) = self.places.take(&identity.node_id, SOCKETS_PER_PEER_MAX) else {
            self.doorkeeper.record(Barred::TooMany, Some(identity.pin));
            return None;
        };
        let admitted = Admitted::now(identity, self.cut_all.child_token());
        Some(PeerStream::new(TlsStream::Server(tls), admitted, &self.tls, life, Some(place)))
    }
}

/// What of an address counts.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}
