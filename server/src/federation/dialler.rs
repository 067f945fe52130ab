//! Peers that we dial: one task for each active peer with an endpoint, trying for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use titian_proto::model::id::NodeId;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::barred::Doorkeeper;
use super::connection::Connection;
use super::pins::{PeerStatus, PinnedPeer};
use super::tls::Tls;
use crate::ambient::Ambient;

mod dial;

pub use dial::DialError;

/// First back-off; doubled after every failure, and the true delay is random below it (full jitter), so that peers do not dial in step.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// Longest back-off: an office whose line comes back is served within this, without a burst from everybody.
pub const BACKOFF_LAST: Duration = Duration::from_secs(15 * 60);

/// A peer whose machine refuses the socket is there, and only its node is not: it is being started. The same where something stands before it that
/// hangs up, a forwarder or a tunnel. It is asked this often, with full jitter, so that what waits goes within a third of a second of its return.
const QUICK_LAST: Duration = Duration::from_millis(250);

/// What the failures in a row may cost, each its weight: refused sockets for a minute or so, or a quarter of that where each costs the beginning of a
/// handshake. Then the machine is there and the node will not be soon, and the back-off begins.
const QUICK_FAILURES: u32 = 500;

/// A stream that stood this long was a success; one that ended sooner counts as a failure, or two nodes that disagree would dial without rest.
const STEADY_AFTER: Duration = Duration::from_secs(2);

/// How often a task that has nothing to dial looks whether the peer's own stream still stands.
const LIVE_RECHECK: Duration = Duration::from_secs(2);

/// Says whether a stream with this peer stands, whoever dialled it. Given by the link.
pub type Live = Arc<dyn Fn(&NodeId) -> bool + Send + Sync>;

/// What a dialler needs.
#[derive(Clone)]
pub struct DiallerParts {
    /// Certificates, pins and peers.
    pub tls: Tls,
    /// Told whom we hung up on.
    pub doorkeeper: Doorkeeper,
    /// Randomness for the back-off.
    pub ambient: Ambient,
    /// Whether a stream stands already.
    pub live: Live,
    /// Where connections go.
    pub connections: mpsc::Sender<Connection>,
}

/// Dials. Cheap to clone.
#[derive(Clone, Default)]
pub struct Dialler {
    pokes: Arc<Mutex<HashMap<NodeId, Arc<Notify>>>>,
}

impl Dialler {
    /// A dialler that [`Self::run`] sets to work.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Dials this peer now and starts its back-off anew: something waits for it, or it was heard from.
    pub fn poke(&self, peer: &NodeId) {
        self.bell(peer).notify_one();
    }

    /// Keeps one task for each active peer with an endpoint, following the table of peers, until `shutdown`.
    pub async fn run(self, parts: DiallerParts, shutdown: CancellationToken) {
        let mut changes = parts.tls.pins().watch();
        let mut tasks: HashMap<NodeId, CancellationToken> = HashMap::new();
        loop {
            changes.mark_unchanged();
            let wanted: HashMap<NodeId, PinnedPeer> =
                parts.tls.pins().peers().into_iter().filter(may_be_dialled).map(|peer| (peer.node_id.clone(), peer)).collect();
            tasks.retain(|peer, stop| {
                let keep = wanted.contains_key(peer);
                if !keep {
                    stop.cancel();
                }
                keep
            });
            for peer in wanted.into_keys() {
                tasks.entry(peer.clone()).or_insert_with(|| {
                    let stop = shutdown.child_token();
                    let task = PeerTask { parts: parts.clone(), bell: self.bell(&peer), peer, stop: stop.clone() };
                    tokio::spawn(task.run());
                    stop
                });
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    fn bell(&self, peer: &NodeId) -> Arc<Notify> {
        self.pokes.lock().unwrap_or_else(PoisonError::into_inner).entry(peer.clone()).or_default().clone()
    }
}

fn may_be_dialled(peer: &PinnedPeer) -> bool {
    peer.status == PeerStatus::Active && !peer.endpoints.is_empty()
}

/// Keeps one peer dialled.
struct PeerTask {
    parts: DiallerParts,
    bell: Arc<Notify>,
    peer: NodeId,
    stop: CancellationToken,
}

impl PeerTask {
    async fn run(self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(Box::pin(self.dial_for_ever())).await;
    }

    async fn dial_for_ever(self) {
        let (mut failures, mut refused) = (0, 0);
        loop {
            while (self.parts.live)(&self.peer) {
                (failures, refused) = (0, 0);
                let _ = timeout(LIVE_RECHECK, self.bell.notified()).await;
            }
            let started = Instant::now();
            match self.dial_once().await {
                Ok(()) if started.elapsed() >= STEADY_AFTER => (failures, refused) = (0, 0),
                Ok(()) => failures += 1,
                Err(error) => match error.cost_of_nobody() {
                    Some(cost) if refused < QUICK_FAILURES => {
                        if refused == 0 {
                            tracing::info!(event = "federation.dial_failed", peer = %self.peer, code = error.code(), "{error}; asking quickly");
                        }
                        refused += cost;
                    }
                    Some(_) | None => {
                        failures += 1;
                        tracing::info!(event = "federation.dial_failed", peer = %self.peer, code = error.code(), failures, "{error}");
                    }
                },
            }
            let random = u64::from_be_bytes(self.parts.ambient.random());
            let delay = if failures == 0 { jitter(QUICK_LAST, random) } else { backoff(failures, random) };
            if timeout(delay, self.bell.notified()).await.is_ok() {
                (failures, refused) = (0, 0);
            }
        }
    }

    /// Tries each endpoint; once one answers, waits until that stream has ended.
    async fn dial_once(&self) -> Result<(), DialError> {
        let known = self.parts.tls.pins().peers().into_iter().find(|known| known.node_id == self.peer);
        let mut failed = DialError::NoEndpoint;
        for endpoint in known.map(|known| known.endpoints).unwrap_or_default() {
            match dial::dial(&self.parts.tls, &self.peer, &endpoint).await {
                Ok(connection) => {
                    let close = connection.close.clone();
                    tracing::info!(event = "federation.connected", peer = %self.peer, dialled_by_us = true);
                    if self.parts.connections.send(connection).await.is_ok() {
                        close.cancelled().await;
                    }
                    return Ok(());
                }
                Err(error) => {
                    if let DialError::Barred { reason, pin } = error {
                        self.parts.doorkeeper.record(reason, pin);
                    }
                    failed = error;
                }
            }
        }
        Err(failed)
    }
}

/// The delay after so many failures: random between nothing and the doubled base.
fn backoff(failures: u32, random: u64) -> Duration {
    let ceiling = BACKOFF_FIRST.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX)).min(BACKOFF_LAST);
    jitter(ceiling, random)
}

/// A random delay of at most `ceiling`.
fn jitter(ceiling: Duration, random: u64) -> Duration {
    let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random % millis.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn only_where_nobody_is_behind_the_socket_is_it_asked_again_quickly() {
        let cost = |kind| DialError::Unreachable { kind }.cost_of_nobody();
        assert_eq!(cost(ErrorKind::ConnectionRefused), Some(1));
        assert_eq!(cost(ErrorKind::UnexpectedEof), cost(ErrorKind::ConnectionReset));
        assert!(cost(ErrorKind::UnexpectedEof) > Some(1), "the beginning of a handshake is lost each time");
        for error in [DialError::Unreachable { kind: ErrorKind::HostUnreachable }, DialError::TooSlow, DialError::RefusedByPeer] {
            assert_eq!(error.cost_of_nobody(), None, "{error}");
        }
        assert!(jitter(QUICK_LAST, u64::MAX) <= QUICK_LAST);
    }

    #[test]
    fn the_backoff_grows_to_a_quarter_of_an_hour_and_stays_there() {
        assert_eq!(backoff(1, 1000), Duration::from_millis(1000));
        assert_eq!(backoff(4, 8000), Duration::from_secs(8));
        for failures in [11, 31, 32, 33, 34, u32::MAX] {
            assert_eq!(backoff(failures, 900_000), BACKOFF_LAST, "{failures}");
            assert_eq!(backoff(failures, 900_001), Duration::ZERO, "the jitter is full");
        }
    }
}
