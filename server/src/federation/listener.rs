//! Peers that dial us: accept, shake hands within a deadline, serve.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use super::barred::{Barred, Doorkeeper, of_handshake};
use super::connection::Connection;
use super::service::Federation;
use super::stream::{Admitted, PeerStream, Places};
use super::tls::Tls;
use super::{
    CONNECTION_WINDOW_BYTES, HANDSHAKE_DEADLINE, HEADER_BYTES_MAX, KEEPALIVE_INTERVAL, KEEPALIVE_TIMEOUT, STREAM_WINDOW_BYTES,
    STREAMS_PER_CONNECTION_MAX,
};

/// Handshakes at once: a hundred silent sockets must not keep a peer waiting, and each costs some 30 KiB.
pub const HANDSHAKES_MAX: usize = 256;

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
        let config = tls.server_config().map_err(ListenError::Tls)?;
        let cut_all = CancellationToken::new();
        let _cut_on_return = cut_all.clone().drop_guard();
        let service = Federation::serve(tls.pins().clone(), doorkeeper.clone(), connections);
        let (admitted, arrivals) = mpsc::channel(STREAMS_PER_CONNECTION_MAX as usize);
        let door = Door {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            tls,
            doorkeeper,
            places: Places::default(),
            handshakes: Arc::new(Semaphore::new(HANDSHAKES_MAX)),
            admitted,
            cut_all: cut_all.clone(),
        };
        tokio::spawn(door.accept(socket, shutdown.clone()));
        let serving =
            server().add_service(service).serve_with_incoming_shutdown(ReceiverStream::new(arrivals), shutdown.clone().cancelled_owned());
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
    acceptor: TlsAcceptor,
    tls: Tls,
    doorkeeper: Doorkeeper,
    places: Places,
    handshakes: Arc<Semaphore>,
    admitted: mpsc::Sender<io::Result<PeerStream>>,
    cut_all: CancellationToken,
}

impl Door {
    async fn accept(self, socket: TcpListener, shutdown: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((tcp, _)) => match self.handshakes.clone().try_acquire_owned() {
                    Ok(permit) => drop(tokio::spawn(self.clone().admit(tcp, permit))),
                    Err(_) => self.doorkeeper.record(Barred::TooMany, None),
                },
                Err(error) => {
                    tracing::warn!(event = "federation.accept_failed", kind = ?error.kind());
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    async fn admit(self, tcp: TcpStream, permit: OwnedSemaphorePermit) {
        if let Some(stream) = self.shake_hands(tcp).await {
            drop(permit);
            let _ = self.admitted.send(Ok(stream)).await; // nobody listens any more: the node stops
        }
    }

    async fn shake_hands(&self, tcp: TcpStream) -> Option<PeerStream> {
        let _ = tcp.set_nodelay(true); // receipts are small and somebody waits for them
        let tls = match timeout(HANDSHAKE_DEADLINE, self.acceptor.accept(tcp)).await {
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
        let identity = match self.tls.identify(tls.get_ref().1.peer_certificates()) {
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
        let admitted = Admitted { identity, cut: self.cut_all.child_token() };
        Some(PeerStream::new(TlsStream::Server(tls), admitted, self.tls.pins().clone(), Some(place)))
    }
}
