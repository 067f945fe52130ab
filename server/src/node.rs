//! The one composition root: what a node is made of, in the order in which it is built, and the order in which it is taken down.
//! Time and randomness enter here alone.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::DescriptorError;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::{Zeroize as _, Zeroizing};

use crate::acts::context::{Acts, Own};
use crate::acts::error::ActError;
use crate::acts::node::About;
use crate::acts::referrals::listed;
use crate::acts::staff::{Password, create_first_admin};
use crate::ambient::{Ambient, Clock, Entropy};
use crate::config::{NodeConfig, Rehearsal};
use crate::desk::{self, DeskError, Office};
use crate::exit::Exit;
use crate::federation::barred::Doorkeeper;
use crate::federation::dialler::{Dialler, DiallerParts};
use crate::federation::keys::{KeyError, KeyFolder};
use crate::federation::listener::{ListenError, Listener};
use crate::federation::passage::Passage;
use crate::federation::pins::PinTable;
pub use crate::federation::succession::pinned;
use crate::federation::tls::Tls;
use crate::init::FirstAdmin;
use crate::link::Links;
use crate::store::{EngineKind, Store, StoreError, StoreOptions, Topic};

mod bundles;
mod chores;
pub mod doctor;
mod node_key;
mod own;
pub mod rekey;
mod renewal;
pub mod rotate;

use bundles::LinkBundles;
pub use chores::{erase, expire_overdue, follow_days};
use node_key::sealing as store_keys;
use own::own;

/// Connections that wait for their session: more would be peers that open streams without end.
const CONNECTIONS_WAITING: usize = 16;

/// Why a node cannot run. Its text is printed once, with its sources.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The configuration names an engine that this program does not have.
    #[error("the store's engine {0} is not part of this program: set [store] engine to \"sled\" in node.toml")]
    Engine(String),
    /// A key.
    #[error("a key of the node cannot be used")]
    Key(#[from] KeyError),
    /// The descriptor file.
    #[error("the descriptor file {} cannot be read: put back the file that init made", .0.display())]
    DescriptorFile(std::path::PathBuf, #[source] std::io::Error),
    /// The descriptor.
    #[error("the node's own descriptor is broken: put back the file that init made")]
    Descriptor(#[from] DescriptorError),
    /// The signing key is not the descriptor's.
    #[error("keys/signing.key is not a signing key of descriptor.txt: put back the files that belong together")]
    OtherKey,
    /// The descriptors on disk are not those it runs with, and more.
    #[error("descriptor.txt does not go on from the descriptor that this node runs with: put back the file that belongs to this node")]
    OtherDescriptors,
    /// The store.
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    /// A port.
    #[error("cannot listen on {address}: another program uses it; set another listen address in node.toml or stop that program")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The desk.
    #[error("the desk failed")]
    Desk(#[from] DeskError),
    /// The border.
    #[error("the border to other unions failed")]
    Federation(#[from] ListenError),
    /// A new key for systemd is written to a file of the caller's choice.
    #[error("say with --new-key FILE where the new key is to be written, from which systemd gets it")]
    NewKeyFile,
    /// The configuration cannot be changed.
    #[error("{} cannot be written: set [sealing] node_key in it by hand", .0.display())]
    Configuration(std::path::PathBuf, #[source] std::io::Error),
    /// The first account.
    #[error("the first account cannot be made")]
    FirstAdmin(#[source] Box<ActError>),
}

impl NodeError {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Engine(_) | Self::FirstAdmin(_) | Self::NewKeyFile => Exit::Usage,
            Self::Configuration(..) => Exit::Storage,
            Self::Key(_) | Self::OtherKey => Exit::Key,
            Self::DescriptorFile(..) | Self::Descriptor(_) | Self::OtherDescriptors => Exit::Data,
            Self::Listen { .. } => Exit::PortInUse,
            Self::Desk(_) | Self::Federation(_) => Exit::Fault,
            Self::Store(error) => match error.exit_code() {
                65 => Exit::Data,
                73 => Exit::FolderInUse,
                77 => Exit::Key,
                _ => Exit::Storage,
            },
        }
    }
}

/// Both listeners are up.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where peers dial in.
    pub federation: SocketAddr,
    /// Where staff reach it.
    pub desk: SocketAddr,
}

/// Runs the node until `shutdown`; calls `ready` once, when both listeners are up.
///
/// Taken down in this order: no new calls and streams; calls under way finish; links say goodbye; the store makes durable what was queued.
///
/// # Errors
/// When it cannot start, or cannot go on.
pub async fn run(config: NodeConfig, shutdown: CancellationToken, ready: impl FnOnce(&Ready)) -> Result<(), NodeError> {
    let ambient = ambient(config.rehearsal);
    let keys = KeyFolder::at(config.key_folder());
    let own = own(&config, &keys, ambient.now())?;
    let tls_identity = own::tls_identity(&own.chain, &keys, ambient.now())?;
    let engine = engine(&config)?;
    let about = About {
        node_id: config.node_id.clone(),
        log_origin: own.descriptor().log_origin.clone(),
        engine: engine.code(),
        rehearsal: config.rehearsal.is_some(),
        fingerprint_words: own.chain.fingerprint().words(),
    };
    let store = open_store(&config, &own, &ambient)?;
    let acts = Acts::new(store, own, ambient.clone())?;
    listed::complete(&acts).await?;
    let desk_listener = listen(config.desk_listen).await?;
    let federation_listener = listen(config.federation.listen).await?;
    let addresses = Ready {
        federation: address_of(&federation_listener, config.federation.listen),
        desk: address_of(&desk_listener, config.desk_listen),
    };

    let workers = TaskTracker::new();
    // Followed from before they are read: a change between the two would be lost.
    let changes = acts.store.watch_node();
    let pins = PinTable::new(pinned(&acts));
    workers.spawn(follow_peers(acts.clone(), changes, pins.clone(), shutdown.clone()));
    workers.spawn(expire_overdue(acts.clone(), shutdown.clone()));
    workers.spawn(chores::sweep_documents(acts.clone(), shutdown.clone()));
    workers.spawn(erase(acts.clone(), shutdown.clone()));
    workers.spawn(follow_days(acts.clone(), shutdown.clone()));
    let (connections, incoming) = mpsc::channel(CONNECTIONS_WAITING);
    let links = Links::new(Passage::new(acts.clone()));
    let bundles = Arc::new(LinkBundles::new(Passage::new(acts.clone())));
    workers.spawn(links.clone().run(incoming, shutdown.clone()));
    let tls = Tls::new(tls_identity, pins, ambient.clone()).following(acts.clone());
    let doorkeeper = Doorkeeper::default();
    workers.spawn(renewal::follow_own(config.clone(), acts.clone(), tls.clone(), shutdown.clone()));
    if config.federation.dial {
        let is_live = links.clone();
        let live = Arc::new(move |peer: &_| is_live.is_live(peer));
        let parts = DiallerParts { tls: tls.clone(), doorkeeper: doorkeeper.clone(), ambient, live, connections: connections.clone() };
        workers.spawn(Dialler::new().run(parts, shutdown.clone()));
    }
    tracing::info!(event = "node.ready", node = %about.node_id, desk = %addresses.desk, federation = %addresses.federation);
    ready(&addresses);
    let stop_both = shutdown.child_token();
    let listener = Listener::new(tls, doorkeeper, connections);
    let served = tokio::try_join!(async { listener.serve(federation_listener, stop_both.clone()).await.map_err(NodeError::from) }, async {
        desk::serve(desk_listener, Office::new(acts.clone(), bundles, about), stop_both.clone()).await.map_err(NodeError::from)
    },);
    shutdown.cancel();
    workers.close();
    workers.wait().await;
    tracing::info!(event = "node.links-closed");
    // The last handle on the store waits until what was queued is durable; not on a thread of the runtime.
    let _ = tokio::task::spawn_blocking(move || drop(acts)).await;
    tracing::info!(event = "node.stopped");
    served.map(|_| ())
}

/// Furnishes a new node: its store, and the account of its first admin.
///
/// # Errors
/// When the store cannot be made, or the name or password breaks a rule.
pub async fn furnish(config: &NodeConfig, ambient: &Ambient, admin: &FirstAdmin) -> Result<(), NodeError> {
    let own = own(config, &KeyFolder::at(config.key_folder()), ambient.now())?;
    let store = open_store(config, &own, ambient)?;
    let made = create_first_admin(&store, ambient, &admin.name, Password::new(admin.password.to_string())).await;
    let _ = tokio::task::spawn_blocking(move || drop(store)).await;
    made.map(|_| ()).map_err(|error| NodeError::FirstAdmin(Box::new(error)))
}

/// Writes everything the stopped node holds, as lines.
///
/// # Errors
/// When the store cannot be read.
pub fn export(config: NodeConfig, to: &mut dyn Write) -> Result<(), NodeError> {
    let ambient = ambient(config.rehearsal);
    let own = own(&config, &KeyFolder::at(config.key_folder()), ambient.now())?;
    let store = open_store(&config, &own, &ambient)?;
    let lines = Lines::default();
    store.export(lines.clone())?;
    let written = to.write_all(&lines.0.lock().unwrap_or_else(PoisonError::into_inner)).and_then(|()| to.flush());
    written.map_err(|source| NodeError::Store(StoreError::Lines(Arc::new(source))))
}

/// Reads such lines into a fresh store.
///
/// # Errors
/// When the store is not fresh, or a line cannot be read.
pub fn import(config: NodeConfig, from: &mut dyn BufRead) -> Result<(), NodeError> {
    let ambient = ambient(config.rehearsal);
    let own = own(&config, &KeyFolder::at(config.key_folder()), ambient.now())?;
    Store::import(options(&config, &own, &ambient)?, from)?;
    Ok(())
}

/// The lines of an export, shared with the thread that writes them.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn engine(config: &NodeConfig) -> Result<EngineKind, NodeError> {
    match &config.engine {
        None => Ok(EngineKind::default()),
        Some(code) => EngineKind::from_code(code).ok_or_else(|| NodeError::Engine(code.clone())),
    }
}

fn options(config: &NodeConfig, own: &Own, ambient: &Ambient) -> Result<StoreOptions, NodeError> {
    Ok(StoreOptions {
        folder: config.store_folder(),
        engine: engine(config)?,
        node_id: config.node_id.clone(),
        log_origin: own.descriptor().log_origin.clone(),
        signer: own.signer.clone(),
        sealing: store_keys(config, ambient).map_err(StoreError::from)?,
        ambient: ambient.clone(),
    })
}

fn open_store(config: &NodeConfig, own: &Own, ambient: &Ambient) -> Result<Store, NodeError> {
    Ok(Store::open(options(config, own, ambient)?)?)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, NodeError> {
    TcpListener::bind(address).await.map_err(|source| NodeError::Listen { address, source })
}

fn address_of(listener: &TcpListener, configured: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(configured)
}

/// The table of pins follows the peers: a suspended peer's streams are cut as soon as its suspension is durable.
pub async fn follow_peers(acts: Acts, mut changes: broadcast::Receiver<Topic>, pins: PinTable, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            change = changes.recv() => match change {
                Ok(Topic::Peers) | Err(broadcast::error::RecvError::Lagged(_)) => {
                    if let Err(error) = acts.reload_peers() {
                        tracing::error!(event = "peers.unreadable", problem = %error);
                    }
                    pins.replace(pinned(&acts));
                }
                Ok(Topic::Referral(_) | Topic::Record { .. } | Topic::Documents | Topic::Agreements | Topic::Erasures) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            },
        }
    }
}

/// The real clock and randomness of a node.
#[must_use]
pub fn ambient(rehearsal: Option<Rehearsal>) -> Ambient {
    Ambient::new(SystemClock { rehearsal, began: std::time::Instant::now() }, SystemEntropy::default())
}

/// The machine's clock, as far as a node believes it: never before 1970.
#[must_use]
pub fn machine_time() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

struct SystemClock {
    rehearsal: Option<Rehearsal>,
    began: std::time::Instant,
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let machine = machine_time();
        self.rehearsal.map_or(machine, |rehearsal| rehearsal.now(machine))
    }

    fn ran(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The system's randomness. What is short is drawn ahead, much at once: a record takes half a dozen ids, salts and nonces, each of which was a call of the
/// system. What was handed out is wiped here.
#[derive(Default)]
struct SystemEntropy(Mutex<Ahead>);

/// Bytes drawn ahead: what some thirty records take.
const AHEAD_BYTES: usize = 4096;

/// What is longer is drawn by itself.
const SHORT_BYTES_MAX: usize = 64;

struct Ahead {
    bytes: Zeroizing<[u8; AHEAD_BYTES]>,
    /// Bytes that were not handed out; they stand at the beginning.
    left: usize,
}

impl Default for Ahead {
    fn default() -> Self {
        Self { bytes: Zeroizing::new([0; AHEAD_BYTES]), left: 0 }
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > SHORT_BYTES_MAX {
            return draw(bytes);
        }
        let mut ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ahead.left < bytes.len() {
            draw(ahead.bytes.as_mut());
            ahead.left = AHEAD_BYTES;
        }
        let rest = ahead.left - bytes.len();
        let handed_out = &mut ahead.bytes[rest..rest + bytes.len()];
        bytes.copy_from_slice(handed_out);
        handed_out.zeroize();
        ahead.left = rest;
    }
}

fn draw(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        tracing::error!(event = "entropy.failed", "the system gives no randomness: the node stops");
        std::process::abort();
    }
}
