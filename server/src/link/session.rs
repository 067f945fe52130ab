//! One stream with one peer: hello, then courier and inbox until it ends.

use std::sync::Arc;

use titian_proto::envelope::Lane;
use titian_proto::model::id::{Digest, Epoch, NodeId};
use titian_proto::model::malformed::Malformed;
use titian_proto::wire::{self, frame};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

use super::courier::{Courier, InFlight};
use super::inbox::Inbox;
use super::limits::{HELLO_WITHIN, PING_EVERY, SILENT_FOR};
use crate::federation::connection::Connection;
use crate::federation::passage::{Passage, PassageError};
use crate::store::{InboxTable, OutboxTable, StoreError};

/// The protocol version this node speaks.
const PROTOCOL: u32 = 1;

/// Why a session ended before anybody wanted it to.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    /// The other side ended the stream.
    #[error("the peer ended the stream")]
    Ended,
    /// The other side said why it ends.
    #[error("the peer said goodbye: {0}")]
    Goodbye(&'static str),
    /// No hello in time.
    #[error("no hello within {} s", HELLO_WITHIN.as_secs())]
    NoHello,
    /// No frame for too long.
    #[error("nothing heard for {} s", SILENT_FOR.as_secs())]
    Silent,
    /// A frame that breaks the protocol.
    #[error("a frame breaks the protocol: {0}")]
    Protocol(#[from] Malformed),
    /// No version in common.
    #[error("no protocol version in common: the peer speaks {0} to {1}")]
    Version(u32, u32),
    /// The peer's database is not the one known: it was restored or made anew.
    #[error("the peer's epoch changed: it was restored from a backup or made anew; confirm it with the peer before going on")]
    EpochChanged,
    /// What was sent cannot be what the peer holds.
    #[error("the peer holds another envelope at the same place: the link is stopped and the evidence kept")]
    Equivocation,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The border refused.
    #[error("{0}")]
    Passage(#[from] PassageError),
}

/// One stream with one peer.
pub(super) struct Session {
    passage: Passage,
    connection: Connection,
}

/// What the other side said first.
pub(super) struct PeerHello {
    pub(super) received: Vec<(Lane, u64)>,
}

impl Session {
    pub(super) fn new(passage: Passage, connection: Connection) -> Self {
        Self { passage, connection }
    }

    /// Runs until the stream ends, is cut, or the node stops.
    pub(super) async fn run(mut self, shutdown: CancellationToken) -> Result<(), SessionError> {
        let close = self.connection.close.clone();
        let outgoing = self.connection.outgoing.clone();
        let ended = tokio::select! {
            () = close.cancelled() => Ok(()),
            () = shutdown.cancelled() => Ok(()),
            ended = self.speak() => ended,
        };
        let reason = match &ended {
            Err(error) => bye_reason(error),
            Ok(()) if shutdown.is_cancelled() => wire::ByeReason::ShuttingDown,
            Ok(()) => wire::ByeReason::Unspecified,
        };
        let _ = outgoing.try_send(frame_of(frame::Frame::Bye(wire::Bye { reason: reason as i32 })));
        close.cancel();
        ended
    }

    async fn speak(&mut self) -> Result<(), SessionError> {
        let peer = self.connection.peer.clone();
        crate::crash::point("session.before-hello");
        say(&self.connection.outgoing, frame::Frame::Hello(self.hello()?)).await?;
        let hello = self.hear_hello(&peer).await?;
        crate::crash::point("session.after-hello");
        let in_flight = Arc::new(InFlight::new(&hello));
        let courier = Courier::new(self.passage.clone(), peer.clone(), self.connection.outgoing.clone(), in_flight.clone());
        let (inbox, deliveries, receipts) = Inbox::new(self.passage.clone(), peer, self.connection.outgoing.clone());
        tokio::select! {
            ended = courier.run(hello) => ended,
            ended = inbox.run() => ended,
            ended = self.listen(&in_flight, deliveries, receipts) => ended,
        }
    }

    fn hello(&self) -> Result<wire::Hello, StoreError> {
        let view = self.passage.store().view();
        let peer = &self.connection.peer;
        let mut received = Vec::new();
        for lane in Lane::ALL {
            let cursor = view.received(peer, *lane)?;
            received.push(wire::LaneCursor {
                lane: lane.to_wire(),
                applied_through: cursor.applied_through,
                stored_through: cursor.applied_through,
                last_hash: cursor.last_hash.to_wire(),
            });
        }
        Ok(wire::Hello {
            node_id: self.passage.node_id().to_string(),
            epoch: self.passage.store().epoch().to_wire(),
            protocol_min: PROTOCOL,
            protocol_max: PROTOCOL,
            received,
            peer_epoch: view.peer_epoch(peer)?.map(Epoch::to_wire).unwrap_or_default(),
            descriptor_digest: self.passage.descriptor_digest().to_wire(),
        })
    }

    async fn hear_hello(&mut self, peer: &NodeId) -> Result<PeerHello, SessionError> {
        let first = tokio::time::timeout(HELLO_WITHIN, self.connection.incoming.next()).await.map_err(|_| SessionError::NoHello)?;
        match first.ok_or(SessionError::Ended)?.map_err(|_| SessionError::Ended)?.frame {
            Some(frame::Frame::Hello(hello)) => Self::check_hello(&self.passage, peer, hello).await,
            Some(frame::Frame::Bye(bye)) => Err(goodbye(&bye)),
            _ => Err(Malformed::new("must begin with a hello").into()),
        }
    }

    async fn check_hello(passage: &Passage, peer: &NodeId, hello: wire::Hello) -> Result<PeerHello, SessionError> {
        let wire::Hello { node_id, epoch, protocol_min, protocol_max, received, peer_epoch: _, descriptor_digest: _ } = hello;
        if node_id != peer.as_str() {
            return Err(Malformed::new("names another node than its certificate").at("hello.node_id").into());
        }
        if protocol_min > PROTOCOL || protocol_max < PROTOCOL {
            return Err(SessionError::Version(protocol_min, protocol_max));
        }
        check_epoch(passage, peer, Epoch::from_wire(&epoch)?).await?;
        let mut cursors = Vec::new();
        for cursor in received {
            let lane = Lane::from_wire(cursor.lane)?;
            check_cursor(passage, peer, lane, &cursor)?;
            cursors.push((lane, cursor.stored_through));
        }
        Ok(PeerHello { received: cursors })
    }

    async fn listen(
        &mut self,
        in_flight: &InFlight,
        deliveries: mpsc::Sender<wire::Deliveries>,
        receipts: mpsc::Sender<wire::Receipts>,
    ) -> Result<(), SessionError> {
        let outgoing = self.connection.outgoing.clone();
        let mut quiet_since = tokio::time::Instant::now();
        loop {
            let heard = tokio::time::timeout(PING_EVERY, self.connection.incoming.next()).await;
            let Ok(next) = heard else {
                if quiet_since.elapsed() >= SILENT_FOR {
                    return Err(SessionError::Silent);
                }
                say(&outgoing, frame::Frame::Ping(wire::Ping { nonce: 0, answer: false })).await?;
                continue;
            };
            quiet_since = tokio::time::Instant::now();
            let frame = next.ok_or(SessionError::Ended)?.map_err(|_| SessionError::Ended)?;
            match frame.frame {
                Some(frame::Frame::Deliveries(batch)) => deliveries.send(batch).await.map_err(|_| SessionError::Ended)?,
                Some(frame::Frame::Receipts(batch)) => receipts.send(batch).await.map_err(|_| SessionError::Ended)?,
                Some(frame::Frame::Stored(stored)) => in_flight.stored(Lane::from_wire(stored.lane)?, stored.through),
                Some(frame::Frame::Ping(ping)) if !ping.answer => {
                    say(&outgoing, frame::Frame::Ping(wire::Ping { nonce: ping.nonce, answer: true })).await?;
                }
                Some(frame::Frame::Ping(_)) => {}
                Some(frame::Frame::Bye(bye)) => return Err(goodbye(&bye)),
                Some(frame::Frame::Credit(_)) => {}
                Some(frame::Frame::Hello(_)) | None => return Err(Malformed::new("is out of place").at("frame").into()),
            }
        }
    }
}

/// The first epoch that is heard is remembered; another one later means a restored or a new database.
async fn check_epoch(passage: &Passage, peer: &NodeId, epoch: Epoch) -> Result<(), SessionError> {
    match passage.store().view().peer_epoch(peer)? {
        Some(known) if known == epoch => Ok(()),
        Some(_) => Err(SessionError::EpochChanged),
        None => {
            let peer = peer.clone();
            passage.store().write(move |unit| unit.set_peer_epoch(&peer, epoch)).await?;
            Ok(())
        }
    }
}

/// The peer must hold what was sent: the hash at its cursor is the hash of the envelope sent there.
fn check_cursor(passage: &Passage, peer: &NodeId, lane: Lane, cursor: &wire::LaneCursor) -> Result<(), SessionError> {
    if cursor.stored_through == 0 {
        return Ok(());
    }
    match passage.store().view().sent(peer, lane, cursor.stored_through)? {
        Some(sent) if sent.hash == Digest::from_wire(&cursor.last_hash)? => Ok(()),
        _ => Err(SessionError::Equivocation),
    }
}

/// Sends one frame; waits while the line is full.
pub(super) async fn say(outgoing: &mpsc::Sender<wire::Frame>, frame: frame::Frame) -> Result<(), SessionError> {
    outgoing.send(frame_of(frame)).await.map_err(|_| SessionError::Ended)
}

fn frame_of(frame: frame::Frame) -> wire::Frame {
    wire::Frame { frame: Some(frame) }
}

fn goodbye(bye: &wire::Bye) -> SessionError {
    SessionError::Goodbye(wire::ByeReason::try_from(bye.reason).unwrap_or_default().as_str_name())
}

fn bye_reason(error: &SessionError) -> wire::ByeReason {
    match error {
        SessionError::Version(..) => wire::ByeReason::ProtocolVersion,
        SessionError::EpochChanged => wire::ByeReason::EpochChanged,
        SessionError::Equivocation => wire::ByeReason::Equivocation,
        SessionError::Protocol(_) | SessionError::Passage(_) | SessionError::NoHello => wire::ByeReason::ProtocolError,
        SessionError::Store(_) => wire::ByeReason::StorageFull,
        SessionError::Ended | SessionError::Goodbye(_) | SessionError::Silent => wire::ByeReason::Unspecified,
    }
}
