//! The encrypted socket of one admitted peer. It ends the moment the peer is no longer active, whatever runs over it.

use std::collections::HashMap;
use std::future::Future as _;
use std::hash::Hash;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use titian_proto::model::id::NodeId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use super::identity::PeerIdentity;
use super::line::Line;
use super::pins::PinTable;
use super::tls::Tls;

/// Who stands on the other end of a socket, and the token that cuts it.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The peer and the key it proved.
    pub identity: PeerIdentity,
    /// Cuts the socket.
    pub cut: CancellationToken,
    /// What is known of the line.
    pub line: Line,
}

impl Admitted {
    /// Admitted just now.
    pub(super) fn now(identity: PeerIdentity, cut: CancellationToken) -> Self {
        Self { identity, cut, line: Line::default() }
    }
}

/// An encrypted socket to an admitted peer.
pub(super) struct PeerStream {
    tls: TlsStream<TcpStream>,
    admitted: Admitted,
    when_cut: Pin<Box<WaitForCancellationFutureOwned>>,
    /// This node has shown its peers another certificate since: see [`super::tls::Tls::show`].
    when_renewed: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: Option<Place<NodeId>>,
}

impl PeerStream {
    /// Watches the peer's status from now on.
    pub(super) fn new(
        tls: TlsStream<TcpStream>,
        admitted: Admitted,
        border: &Tls,
        life: CancellationToken,
        place: Option<Place<NodeId>>,
    ) -> Self {
        tokio::spawn(watch_status(border.pins().clone(), admitted.clone()));
        let when_cut = Box::pin(admitted.cut.clone().cancelled_owned());
        Self { tls, admitted, when_cut, when_renewed: Box::pin(life.cancelled_owned()), _place: place }
    }

    /// Who stands on the other end.
    pub(super) fn admitted(&self) -> Admitted {
        self.admitted.clone()
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.when_cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by this node")),
            Poll::Pending if self.when_renewed.as_mut().poll(context).is_ready() => {
                self.admitted.cut.cancel();
                Err(io::Error::new(io::ErrorKind::ConnectionAborted, "this node has new keys"))
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl Drop for PeerStream {
    fn drop(&mut self) {
        self.admitted.cut.cancel();
    }
}

impl Connected for PeerStream {
    type ConnectInfo = Admitted;

    fn connect_info(&self) -> Admitted {
        self.admitted.clone()
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.tls).poll_read(context, buffer)
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.tls).poll_write(context, bytes)
    }

    /// The head of an HTTP/2 frame and what it carries go together: apart, each would be a TLS record and a packet of its own.
    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.tls).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.tls).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(context)
    }
}

/// Cuts the socket as soon as the table of peers no longer admits who stands on its other end.
pub(super) async fn watch_status(pins: PinTable, admitted: Admitted) {
    let mut changes = pins.watch();
    loop {
        if let Err(reason) = pins.still_admits(&admitted.identity) {
            tracing::warn!(event = "federation.cut", peer = %admitted.identity.node_id, reason = reason.code(), "{reason}");
            admitted.cut.cancel();
        }
        tokio::select! {
            () = admitted.cut.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// Counts what each of many holds, a peer its sockets or an address its handshakes, so that one cannot take the places of all others.
#[derive(Clone)]
pub(super) struct Places<K> {
    taken: Arc<Mutex<HashMap<K, usize>>>,
}

/// One place; free again when dropped.
pub(super) struct Place<K: Eq + Hash> {
    places: Places<K>,
    holder: K,
}

impl<K: Eq + Hash + Clone> Places<K> {
    /// Nobody holds a place.
    pub(super) fn new() -> Self {
        Self { taken: Arc::default() }
    }

    /// A place for this one, unless it has `most` already.
    pub(super) fn take(&self, holder: &K, most: usize) -> Option<Place<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(holder.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { places: self.clone(), holder: holder.clone() })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.holder) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.holder);
            }
        }
    }
}
