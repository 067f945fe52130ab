//! One stream with one peer: the two hellos, then one task that reads, one that takes in and one that speaks, until it ends.

use titian_proto::envelope::Lane;
use titian_proto::model::malformed::Malformed;
use titian_proto::wire::{self, frame};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::documents::Documents;
use super::hello::{self, Terms};
use super::inbox::Inbox;
use super::limits::HELLO_WITHIN;
use super::reader::Reader;
use super::speaker::Speaker;
use crate::federation::connection::Connection;
use crate::federation::line::Line;
use crate::federation::passage::{Passage, PassageError};
use crate::store::StoreError;

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
    #[error("nothing heard for {0} s")]
    Silent(u64),
    /// A frame that breaks the protocol.
    #[error("a frame breaks the protocol: {0}")]
    Protocol(#[from] Malformed),
    /// No version in common.
    #[error("no protocol version in common: the peer speaks {0} to {1}")]
    Version(u32, u32),
    /// The peer speaks from a database that was replaced by a newer one.
    #[error("the peer speaks from an older copy of its database, which was replaced by a newer one; ask its IT to stop the older node")]
    EpochRetired,
    /// The peer lost what it had acknowledged, and does not say that it was restored.
    #[error(
        "the peer runs on an older copy of its database: its IT must stop it, export that copy and import it into a new folder, so that it begins \
         a new life; then what it lost is sent again"
    )]
    RolledBack,
    /// This node lost what it had sent, and runs on as if it had not.
    #[error(
        "this node runs on an older copy of its database: its IT must stop it, export this copy and import it into a new folder, so that it begins a \
         new life; then what it lost is sent again"
    )]
    OlderCopy,
    /// What was sent is not what the peer holds.
    #[error(
        "the peer holds another envelope than this node sent: if this node runs on an older copy of its database, export it and import it into a \
         new folder, so that it begins a new life"
    )]
    OtherChain,
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

/// What the one that reads and the one that speaks share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    /// How the session stands.
    pub(super) board: &'a Board,
    /// What the two hellos agreed.
    pub(super) terms: &'a Terms,
    /// Bytes of documents, in both directions.
    pub(super) documents: &'a Documents,
    /// The line.
    pub(super) line: &'a Line,
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
            biased;
            () = close.cancelled() => Ok(()),
            () = shutdown.cancelled() => Ok(()),
            ended = self.talk() => ended,
        };
        let reason = match &ended {
            Err(error) => bye_reason(error),
            Ok(()) if shutdown.is_cancelled() => wire::ByeReason::ShuttingDown,
            Ok(()) => wire::ByeReason::Unspecified,
        };
        let bye = frame::Frame::Bye(wire::Bye { reason: reason as i32 });
        let _ = outgoing.try_send(wire::Frame { frame: Some(bye) });
        close.cancel();
        ended
    }

    async fn talk(&mut self) -> Result<(), SessionError> {
        let Self { passage, connection: Connection { peer, dialled_by_us, incoming, outgoing, line, close: _ } } = self;
        crate::crash::point("session.before-hello");
        say(outgoing, frame::Frame::Hello(hello::say(passage, peer).await?)).await?;
        let first = tokio::time::timeout(HELLO_WITHIN, incoming.next()).await.map_err(|_| SessionError::NoHello)?;
        let terms = match first.ok_or(SessionError::Ended)?.map_err(|_| SessionError::Ended)?.frame {
            Some(frame::Frame::Hello(said)) => hello::hear(passage, peer, said).await?,
            Some(frame::Frame::Bye(bye)) => return Err(goodbye(&bye)),
            _ => return Err(Malformed::new("must begin with a hello").into()),
        };
        hello::refuse_rollback(passage, peer, &terms)?;
        crate::crash::point("session.after-hello");
        let board = board(&terms);
        let documents = Documents::new(passage.clone(), peer.clone(), terms.is_current());
        let shared = Shared { board: &board, terms: &terms, documents: &documents, line };
        let (inbox, (came, receipts)) = Inbox::new(passage.clone(), peer.clone(), shared);
        let reader = Reader::new(shared, came, receipts);
        let speaker = Speaker::new(passage.clone(), peer.clone(), outgoing.clone(), shared, *dialled_by_us)?;
        tokio::select! {
            biased;
            ended = reader.run(incoming) => ended,
            ended = inbox.run() => ended,
            ended = speaker.run() => ended,
            ended = documents.run() => ended,
        }
    }
}

fn board(terms: &Terms) -> Board {
    let board = Board::new(Instant::now());
    board.with(|state| {
        for lane in Lane::ALL {
            state.lane(*lane).stored = *terms.received.get(*lane);
        }
    });
    board
}

/// Sends one frame; waits while the line is full.
pub(super) async fn say(outgoing: &mpsc::Sender<wire::Frame>, frame: frame::Frame) -> Result<(), SessionError> {
    outgoing.send(wire::Frame { frame: Some(frame) }).await.map_err(|_| SessionError::Ended)
}

/// Why the other side ended the stream. What its IT or this node's must do something about is said here as it is said there.
pub(super) fn goodbye(bye: &wire::Bye) -> SessionError {
    match wire::ByeReason::try_from(bye.reason).unwrap_or_default() {
        wire::ByeReason::OlderCopy => SessionError::RolledBack,
        wire::ByeReason::RolledBack => SessionError::OlderCopy,
        reason => SessionError::Goodbye(reason.as_str_name()),
    }
}

fn bye_reason(error: &SessionError) -> wire::ByeReason {
    match error {
        SessionError::Version(..) => wire::ByeReason::ProtocolVersion,
        SessionError::EpochRetired => wire::ByeReason::EpochRetired,
        SessionError::RolledBack => wire::ByeReason::RolledBack,
        SessionError::OlderCopy => wire::ByeReason::OlderCopy,
        SessionError::OtherChain => wire::ByeReason::Equivocation,
        SessionError::Protocol(_) | SessionError::Passage(_) | SessionError::NoHello => wire::ByeReason::ProtocolError,
        SessionError::Store(_) => wire::ByeReason::StorageFull,
        SessionError::Ended | SessionError::Goodbye(_) | SessionError::Silent(_) => wire::ByeReason::Unspecified,
    }
}
