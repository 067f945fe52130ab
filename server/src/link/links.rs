//! One live session a peer, whoever dialled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use titian_proto::model::id::NodeId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::session::Session;
use crate::federation::connection::Connection;
use crate::federation::passage::Passage;
use crate::telemetry::with_causes;

/// The live sessions of this node. Cheap to clone.
#[derive(Clone)]
pub struct Links {
    passage: Passage,
    live: Arc<Mutex<HashMap<NodeId, Live>>>,
    tasks: TaskTracker,
}

struct Live {
    /// The side that dialled has the smaller name: of two streams opened at once, both sides keep this one.
    preferred: bool,
    number: u64,
    close: CancellationToken,
}

impl Links {
    /// No session yet.
    #[must_use]
    pub fn new(passage: Passage) -> Self {
        Self { passage, live: Arc::default(), tasks: TaskTracker::new() }
    }

    /// Whether a session with this peer is live.
    #[must_use]
    pub fn is_live(&self, peer: &NodeId) -> bool {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).contains_key(peer)
    }

    /// Runs a session for every connection that comes, until the shutdown; then lets each finish its parcel.
    pub async fn run(self, mut connections: mpsc::Receiver<Connection>, shutdown: CancellationToken) {
        let mut number = 0;
        loop {
            let connection = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                next = connections.recv() => match next {
                    Some(connection) => connection,
                    None => break,
                },
            };
            number += 1;
            self.admit(connection, number, &shutdown);
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn admit(&self, connection: Connection, number: u64, shutdown: &CancellationToken) {
        let own = self.passage.node_id();
        let preferred = (own < &connection.peer) == connection.dialled_by_us;
        let close = connection.close.clone();
        {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(other) = live.get(&connection.peer) {
                if other.preferred && !preferred && !other.close.is_cancelled() {
                    tracing::info!(event = "link.second-stream-closed", peer = %connection.peer);
                    close.cancel();
                    return;
                }
                other.close.cancel();
            }
            live.insert(connection.peer.clone(), Live { preferred, number, close });
        }
        let links = self.clone();
        let shutdown = shutdown.clone();
        self.tasks.spawn(async move {
            let peer = connection.peer.clone();
            tracing::info!(event = "link.opened", peer = %peer, dialled_by_us = connection.dialled_by_us);
            links.passage.note_contact(&peer, true, None);
            // On the heap: it is large, and lives as long as the stream.
            let ended = Box::pin(Session::new(links.passage.clone(), connection).run(shutdown)).await;
            let problem = ended.err().map(|problem| with_causes(&problem));
            match &problem {
                None => tracing::info!(event = "link.closed", peer = %peer),
                Some(reason) => tracing::warn!(event = "link.closed", peer = %peer, reason),
            }
            links.forget(&peer, number, problem);
        });
    }

    fn forget(&self, peer: &NodeId, number: u64, problem: Option<String>) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.get(peer).is_some_and(|one| one.number == number) {
            live.remove(peer);
            self.passage.note_contact(peer, false, problem);
        }
    }
}
