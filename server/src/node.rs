//! The one composition root. (Stands in until the store, the link and the desk are joined here.)

use std::io::{BufRead, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use titian_proto::model::date::Instant;
use tokio_util::sync::CancellationToken;

use crate::ambient::{Ambient, Clock, Entropy};
use crate::config::{NodeConfig, Rehearsal};
use crate::exit::Exit;
use crate::init::FirstAdmin;

/// Why a node cannot run. Its text is printed once, with its sources.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Not joined yet.
    #[error("this build has no store, link and desk yet")]
    NotJoined,
}

impl NodeError {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::NotJoined => Exit::Fault,
        }
    }
}

/// Both listeners are up.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where peers dial in.
    pub federation: std::net::SocketAddr,
    /// Where staff reach it.
    pub desk: std::net::SocketAddr,
}

/// Runs the node until `shutdown`; calls `ready` once, when both listeners are up.
///
/// # Errors
/// When it cannot start, or cannot go on.
#[allow(clippy::unused_async)]
pub async fn run(_config: NodeConfig, _shutdown: CancellationToken, _ready: impl FnOnce(&Ready)) -> Result<(), NodeError> {
    Err(NodeError::NotJoined)
}

/// Furnishes a new node: its store, and the account of its first admin.
///
/// # Errors
/// When the store cannot be made, or the name or password breaks a rule.
#[allow(clippy::unused_async)]
pub async fn furnish(_config: &NodeConfig, _ambient: &Ambient, _admin: &FirstAdmin) -> Result<(), NodeError> {
    Ok(())
}

/// Writes everything the stopped node holds, as lines.
///
/// # Errors
/// When the store cannot be read.
pub fn export(_config: NodeConfig, _to: &mut dyn Write) -> Result<(), NodeError> {
    Err(NodeError::NotJoined)
}

/// Reads such lines into a fresh store.
///
/// # Errors
/// When the store is not fresh, or a line cannot be read.
pub fn import(_config: NodeConfig, _from: &mut dyn BufRead) -> Result<(), NodeError> {
    Err(NodeError::NotJoined)
}

/// The real clock and randomness of a node.
#[must_use]
pub fn ambient(rehearsal: Option<Rehearsal>) -> Ambient {
    Ambient::new(SystemClock { rehearsal }, SystemEntropy)
}

/// The machine's clock, as far as a node believes it: never before 1970.
#[must_use]
pub fn machine_time() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

struct SystemClock {
    rehearsal: Option<Rehearsal>,
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let machine = machine_time();
        self.rehearsal.map_or(machine, |rehearsal| rehearsal.now(machine))
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            tracing::error!(event = "entropy.failed", "the system gives no randomness: the node stops");
            std::process::abort();
        }
    }
}
