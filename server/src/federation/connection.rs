//! What the border hands to the link: a stream of frames in both directions with one admitted peer, whoever dialled.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use titian_proto::model::id::NodeId;
use titian_proto::wire;
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt as _};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Code, Status};

use super::barred::Barred;
use super::line::Line;
use super::pins::PinTable;
use super::stream::Admitted;

/// Frames that may wait for the socket: enough to keep it busy, few enough that a withdrawal need not overtake many.
pub const OUTGOING_FRAMES_MAX: usize = 8;

/// Two-way frames with one admitted peer.
#[derive(Debug)]
pub struct Connection {
    /// The peer, proved by its key.
    pub peer: NodeId,
    /// Whether this node dialled.
    pub dialled_by_us: bool,
    /// What the peer says. Ends when the stream ends; dropping it ends the stream.
    pub incoming: Incoming,
    /// What we say, at most [`OUTGOING_FRAMES_MAX`] waiting. Dropping it says that nothing more follows.
    pub outgoing: mpsc::Sender<wire::Frame>,
    /// What is known of the line: who speaks finds out.
    pub line: Line,
    /// Cancelled when the stream has ended or the peer is no longer active; cancel it to end the stream. What waits in `outgoing` is still sent,
    /// except to a peer that is no longer active.
    pub close: CancellationToken,
}

#[cfg(feature = "simulation")]
impl Connection {
    /// A connection over pipes in memory, for the simulated world: `frames` is what the peer says, and what is returned beside the connection
    /// is what we say. The peer's status is asked for every frame, as on a socket, and a peer that is no longer active is cut at once.
    pub fn in_memory(
        identity: super::identity::PeerIdentity,
        pins: &PinTable,
        dialled_by_us: bool,
        frames: impl Stream<Item = wire::Frame> + Send + 'static,
    ) -> (Self, Outgoing) {
        let admitted = Admitted::now(identity, CancellationToken::new());
        tokio::spawn(super::stream::watch_status(pins.clone(), admitted.clone()));
        let (sender, said, close) = outgoing(&admitted, pins);
        let messages = frames.map(|frame| Ok(wire::LinkRequest { frame: Some(frame) }));
        let cut_when_dropped = admitted.cut.clone().drop_guard();
        let heard = incoming(messages, cut_when_dropped, &admitted, pins, close.clone());
        (Self { peer: admitted.identity.node_id, dialled_by_us, incoming: heard, outgoing: sender, line: admitted.line, close }, said)
    }
}

/// Why a stream of frames ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The peer is no longer admitted; the frame was refused unread.
    #[error("the peer is no longer admitted: {0}")]
    NotActive(#[source] Barred),
    /// A frame above its limit, or that cannot be decoded.
    #[error("the peer sent a frame that is too large or cannot be read")]
    BadFrame,
    /// The stream broke. What the other side said about it is not kept: it is its text, not ours.
    #[error("the stream broke ({0:?})")]
    Broken(Code),
}

impl LinkError {
    /// The stable code in the telemetry.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotActive(_) => "NOT_ACTIVE",
            Self::BadFrame => "BAD_FRAME",
            Self::Broken(_) => "BROKEN",
        }
    }
}

impl From<Status> for LinkError {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::OutOfRange | Code::ResourceExhausted | Code::Internal => Self::BadFrame,
            other => Self::Broken(other),
        }
    }
}

type Frames = Pin<Box<dyn Stream<Item = Result<Option<wire::Frame>, Status>> + Send>>;

/// What a peer says. Its status is asked again for every frame.
pub struct Incoming {
    frames: Frames,
    watched: Watched,
    ended: bool,
}

/// What we say to a peer, on its way to the socket. Its status is asked again for every frame.
pub struct Outgoing {
    frames: mpsc::Receiver<wire::Frame>,
    watched: Watched,
}

struct Watched {
    admitted: Admitted,
    pins: PinTable,
    close: CancellationToken,
    when_closed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Watched {
    fn new(admitted: Admitted, pins: PinTable, close: CancellationToken) -> Self {
        let when_closed = Box::pin(close.clone().cancelled_owned());
        Self { admitted, pins, close, when_closed }
    }

    fn admits(&self) -> Result<(), LinkError> {
        self.pins.still_admits(&self.admitted.identity).map_err(LinkError::NotActive)
    }

    fn closed(&mut self, context: &mut Context<'_>) -> bool {
        self.when_closed.as_mut().poll(context).is_ready()
    }
}

/// The outgoing half, made first because a dialler needs it to open the stream.
pub(super) fn outgoing(admitted: &Admitted, pins: &PinTable) -> (mpsc::Sender<wire::Frame>, Outgoing, CancellationToken) {
    let close = admitted.cut.child_token();
    let (sender, frames) = mpsc::channel(OUTGOING_FRAMES_MAX);
    (sender, Outgoing { frames, watched: Watched::new(admitted.clone(), pins.clone(), close.clone()) }, close)
}

/// The incoming half. `keep` is dropped with it.
pub(super) fn incoming<S, M, K>(messages: S, keep: K, admitted: &Admitted, pins: &PinTable, close: CancellationToken) -> Incoming
where
    S: Stream<Item = Result<M, Status>> + Send + 'static,
    M: CarriesFrame + 'static,
    K: Send + 'static,
{
    let frames = messages.map(move |message| {
        let _kept = &keep;
        message.map(CarriesFrame::into_frame)
    });
    Incoming { frames: Box::pin(frames), watched: Watched::new(admitted.clone(), pins.clone(), close), ended: false }
}

/// The two directions have a message each; both carry one frame.
pub(super) trait CarriesFrame {
    /// The frame, if there is one.
    fn into_frame(self) -> Option<wire::Frame>;
}

impl CarriesFrame for wire::LinkRequest {
    fn into_frame(self) -> Option<wire::Frame> {
        let Self { frame } = self;
        frame
    }
}

impl CarriesFrame for wire::LinkResponse {
    fn into_frame(self) -> Option<wire::Frame> {
        let Self { frame } = self;
        frame
    }
}

impl Stream for Incoming {
    type Item = Result<wire::Frame, LinkError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let closed = self.watched.closed(context);
        let item = match self.watched.admits() {
            Err(barred) => Some(Err(barred)),
            Ok(()) if closed => None,
            Ok(()) => match std::task::ready!(self.frames.as_mut().poll_next(context)) {
                Some(Ok(Some(frame))) => return Poll::Ready(Some(Ok(frame))),
                Some(Ok(None)) => Some(Err(LinkError::BadFrame)),
                Some(Err(status)) => Some(Err(status.into())),
                None => None,
            },
        };
        self.ended = true;
        self.watched.close.cancel();
        Poll::Ready(item)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.watched.close.cancel();
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("peer", &self.watched.admitted.identity).finish_non_exhaustive()
    }
}

impl Stream for Outgoing {
    type Item = wire::Frame;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<wire::Frame>> {
        let closed = self.watched.closed(context);
        if self.watched.admits().is_err() {
            self.watched.close.cancel();
            return Poll::Ready(None);
        }
        match self.frames.poll_recv(context) {
            Poll::Pending if closed => Poll::Ready(None),
            other => other,
        }
    }
}
