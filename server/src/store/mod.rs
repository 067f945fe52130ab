//! The only place that knows a database. One way to write: an act runs on a [`Unit`], and its changes, the envelopes it causes and the leaves
//! of the log are one atomic, durable write. In reading order:
//!
//! - `engine`: the narrow seam to a database.
//! - `read`, `unit`, `group`: reading, changing, and making many acts durable with one sync; `look`: reading the same again and again.
//! - `log`, `outbox`, `inbox`: the tables that every act shares; `rows`: how what is written behind each other is stored together; `position`,
//!   `epochs`: how they count over the lives of a database.
//! - `names`: by which records are known at peers.
//! - `room`: what the room on the disk still allows.
//! - `parked`, `quarantine`, `returned`: what waits at a link, and why; what a peer gave back after a restore.
//! - `passed`: what time it has been, whatever a clock says later.
//! - `peer_settled`: which receipts a peer holds.
//! - `peers`, `agreements`, `workers`, `cases`, `leaders`, `records`, `documents`, `consents`, `referrals`, `erasures`, `breaches`, `reports`: one table a noun.
//! - `tenures`: who owns the case of a transfer.
//! - `heard`: what other unions told and a person must act upon.
//! - `sealing`: what is personal is sealed at rest, and destroyed with its key.
//! - `export`: everything as plain lines, and back.
//! - `key`, `lane_key`, `value`: how tables write their keys and values; `tag`: what says that something changed.

pub mod agreements;
pub mod breaches;
mod case_order;
pub mod cases;
pub mod consents;
mod deliveries;
pub mod documents;
mod durable;
pub mod engine;
mod epochs;
pub mod erasures;
mod error;
mod export;
mod group;
pub mod heard;
mod inbox;
#[cfg(feature = "simulation")]
mod inline;
mod key;
mod lane_key;
mod lane_value;
pub mod leaders;
mod log;
mod look;
mod meta;
mod names;
mod outbox;
mod outbox_lane;
pub mod parked;
pub mod passed;
pub mod peer_settled;
pub mod peers;
mod position;
mod put_in_place;
pub mod quarantine;
mod read;
pub mod records;
pub mod referrals;
pub mod reports;
pub mod returned;
mod room;
mod rows;
mod sealed_body;
mod sealing;
pub mod staff;
mod table;
mod tag;
pub mod tenures;
mod unit;
pub mod value;
pub mod workers;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use titian_proto::envelope::{Lane, Signer};
use titian_proto::model::id::{Epoch, NodeId};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use self::passed::PassedTable as _;
use crate::ambient::Ambient;
use durable::{Durable, Marks};
pub use engine::{EngineKind, Health, KEY_MAX, VALUE_MAX};
pub use epochs::{EpochTable, epoch_of, life_of};
pub use error::StoreError;
use group::{Act, Core, Waiting};
pub(crate) use inbox::read_receipt;
pub use inbox::{InboxLane, InboxTable, ReceiptDraft, Received};
#[cfg(feature = "simulation")]
pub use inline::{Opener, Pace, export_inline, import_inline};
pub use key::Key;
pub use log::LogTable;
pub use look::Look;
pub use outbox::{BODY_MAX, EnvelopeDraft, OutboxCounts, OutboxTable, Queued, SentEnvelope, Unsettled};
pub use outbox_lane::OutboxLane;
pub use position::{Position, Turns};
pub use put_in_place::{put_in_place, sync_folder_of};
pub use read::{Most, Read, View};
pub use room::Room;
#[cfg(any(test, feature = "simulation"))]
pub use sealing::MemoryKeys;
#[cfg(test)]
pub(crate) use sealing::testing_keyring;
use sealing::{Destroyer, Destroying, Vault};
pub use sealing::{FileKeys, KeyCopy, KeyDisk, KeyringError, NodeKey, Sealing, TableSurvey, destroy_file, opens, rekey, survey};
pub use unit::{Topic, Unit};
pub use value::Stored;

/// Changes that a slow watcher may lag behind before it is told that it missed some and reads again.
const CHANGES_MAX: usize = 1024;

/// What a store needs to open.
pub struct StoreOptions {
    /// The store's own folder; made when it is not there.
    pub folder: PathBuf,
    /// Which database.
    pub engine: EngineKind,
    /// Whose store it is.
    pub node_id: NodeId,
    /// Name of the node's log.
    pub log_origin: String,
    /// The node's signing key: seals envelopes and receipts.
    pub signer: Signer,
    /// Where its keys are, and what opens them.
    pub sealing: Sealing,
    /// Time and randomness.
    pub ambient: Ambient,
}

/// Who writes here.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) node_id: NodeId,
    pub(crate) log_origin: String,
}

/// The store. Clones share it; the last one to go lets the threads finish and closes the database.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    core: Arc<Core>,
    acts: Option<mpsc::Sender<Box<dyn Act>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Store {
    /// Opens the store, or creates it. Blocks while the database recovers.
    ///
    /// # Errors
    /// When the folder cannot be opened: in use, newer, another node's, damaged, or no room.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let engine = options.engine.open(&options.folder)?;
        Self::on(engine, options)
    }

    /// As [`Self::open`], on an engine that is open already.
    pub(crate) fn on(engine: Arc<dyn engine::Engine>, options: StoreOptions) -> Result<Self, StoreError> {
        Self::driven(engine, options, start)
    }

    /// As [`Self::on`], with a driver that decides and syncs.
    fn driven(
        engine: Arc<dyn engine::Engine>,
        options: StoreOptions,
        start: impl FnOnce(&Arc<Core>) -> Result<Driver, StoreError>,
    ) -> Result<Self, StoreError> {
        let is_new = !meta::look(engine.as_ref(), &options)?;
        let vault = Vault::open(engine, &options)?;
        if is_new {
            meta::create(&vault, &options)?;
        } else {
            vault.ensure_named()?;
        }
        let durable = Arc::new(Durable::default());
        let view = View { vault: vault.clone(), durable: Arc::clone(&durable) };
        durable.raise(durable_at_opening(&view)?);
        options.ambient.resume(&view.passed()?);
        let StoreOptions { folder: _, engine: _, node_id, log_origin, signer, sealing: _, ambient } = options;
        let core = Arc::new(Core {
            vault,
            ambient,
            identity: Identity { node_id, log_origin },
            signer: ArcSwap::from_pointee(signer),
            durable,
            destroying: Destroying::new(),
            outbox: watch::Sender::new(0),
            case_changes: broadcast::Sender::new(CHANGES_MAX),
            node_changes: broadcast::Sender::new(CHANGES_MAX),
            stopped: AtomicBool::new(false),
            syncing: AtomicUsize::new(0),
        });
        let (acts, threads) = start(&core)?;
        if sealing::is_owed(core.vault.engine.as_ref())? {
            core.destroying.wake();
        }
        Ok(Self { inner: Arc::new(Inner { core, acts: Some(acts), threads }) })
    }

    /// From now on signs what leaves with this key.
    pub fn sign_with(&self, signer: Signer) {
        self.inner.core.signer.store(Arc::new(signer));
    }

    /// Reads what is visible now.
    #[must_use]
    pub fn view(&self) -> View {
        View { vault: self.inner.core.vault.clone(), durable: Arc::clone(&self.inner.core.durable) }
    }

    /// What the room on the disk still allows.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn room(&self) -> Result<Room, StoreError> {
        Ok(Room::of(self.health()?))
    }

    /// As [`Self::write`], for what staff begin anew: refused while the room on the disk is kept for answers and withdrawals.
    ///
    /// # Errors
    /// [`StoreError::Low`], and as [`Self::write`].
    pub async fn write_new<T, E>(&self, act: impl FnMut(&mut Unit) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if !self.room()?.is_for_requests() {
            return Err(StoreError::Low.into());
        }
        self.write(act).await
    }

    /// Runs an act and returns what it decided once that is durable, together with everything the act saw. An act that returns an error leaves
    /// no trace. Waits while too many acts are queued. Dropping the future does not take back an act that is queued.
    ///
    /// # Errors
    /// The act's own error; or the store's, and then nobody was told that anything happened.
    pub async fn write<T, E>(&self, act: impl FnMut(&mut Unit) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(act).await?.kept().await
    }

    /// As [`Self::write`], but returns as soon as the act has its place among all others; whoever submits several has them decided in that order.
    ///
    /// # Errors
    /// When the store has stopped.
    pub async fn submit<T, E>(&self, act: impl FnMut(&mut Unit) -> Result<T, E> + Send + 'static) -> Result<Submitted<T, E>, StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (waiting, answer) = Waiting::new(act);
        let acts = self.inner.acts.as_ref().ok_or(StoreError::Stopped)?;
        acts.send(Box::new(waiting)).await.map_err(|_| StoreError::Stopped)?;
        Ok(Submitted { answer })
    }

    /// As [`Self::write`], for a thread that may block. Never from a runtime's own threads.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_blocking<T, E>(&self, act: impl FnMut(&mut Unit) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (waiting, answer) = Waiting::new(act);
        let acts = self.inner.acts.as_ref().ok_or(StoreError::Stopped)?;
        acts.blocking_send(Box::new(waiting)).map_err(|_| StoreError::Stopped)?;
        settle(answer.blocking_recv())
    }

    /// Returns once every key that was given up by acts that were durable before the call is destroyed on stable storage, at every place where keys
    /// are: what those acts deleted or purged then opens with no key that is left anywhere.
    ///
    /// # Errors
    /// When a place cannot be written, such as a mirror that is away. It is tried again for as long as the store is open, and after the next opening.
    pub fn keys_destroyed(&self) -> impl Future<Output = Result<(), StoreError>> + Send + 'static {
        let core = Arc::clone(&self.inner.core);
        async move { core.destroying.done().await }
    }

    /// Whose store it is.
    #[must_use]
    pub fn node_id(&self) -> &NodeId {
        &self.inner.core.identity.node_id
    }

    /// This database's life: new at its creation and after every import.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn epoch(&self) -> Result<Epoch, StoreError> {
        self.view().own_epochs()?.pop().ok_or(StoreError::Missing { table: meta::TABLE })
    }

    /// Size and room.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn health(&self) -> Result<Health, StoreError> {
        Ok(self.inner.core.vault.engine.health()?)
    }

    /// Whether an error has stopped it for good.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.inner.core.stopped.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Changes after each durable group that put something into the outbox.
    #[must_use]
    pub fn watch_outbox(&self) -> watch::Receiver<u64> {
        self.inner.core.outbox.subscribe()
    }

    /// The last envelope of a lane that is on stable storage, and may be sent.
    #[must_use]
    pub fn durable_through(&self, peer: &NodeId, lane: Lane) -> Position {
        self.inner.core.durable.sent(&lane_key::place(peer, lane))
    }

    /// The last envelope of a lane of a peer whose receipt is on stable storage, and may be told.
    #[must_use]
    pub fn answered_through(&self, peer: &NodeId, lane: Lane) -> Position {
        self.inner.core.durable.answered(&lane_key::place(peer, lane))
    }

    /// What acts published about cases, after it was durable. One who lags behind by more than 1024 is told so and reads everything again.
    #[must_use]
    pub fn watch_cases(&self) -> broadcast::Receiver<Topic> {
        self.inner.core.case_changes.subscribe()
    }

    /// What acts published about anything but cases, after it was durable; as above.
    #[must_use]
    pub fn watch_node(&self) -> broadcast::Receiver<Topic> {
        self.inner.core.node_changes.subscribe()
    }
}

/// An act that has its place and is not known to be durable yet. Dropping it does not take the act back.
pub struct Submitted<T, E> {
    answer: oneshot::Receiver<Result<T, E>>,
}

impl<T, E: From<StoreError>> Submitted<T, E> {
    /// What the act decided, once that is durable. To be asked until it has answered; then no more.
    ///
    /// # Errors
    /// The act's own error; or the store's, and then nobody was told that anything happened.
    pub async fn kept(&mut self) -> Result<T, E> {
        settle((&mut self.answer).await)
    }
}

/// A writer whose reply was dropped waits for a store that has ended.
fn settle<T, E: From<StoreError>>(answer: Result<Result<T, E>, oneshot::error::RecvError>) -> Result<T, E> {
    answer.unwrap_or_else(|_| Err(StoreError::Stopped.into()))
}

/// Opening syncs, so that everything found counts as durable.
fn durable_at_opening(view: &View) -> Result<Marks, StoreError> {
    let mut marks = Marks::default();
    if !crate::mutant::is("trim-the-queue-at-restart") {
        outbox::marks(view, &mut marks)?;
    }
    inbox::marks(view, &mut marks)?;
    Ok(marks)
}

/// Where acts are handed in, and the threads to wait for at the end.
type Driver = (mpsc::Sender<Box<dyn Act>>, Vec<JoinHandle<()>>);

fn start(core: &Arc<Core>) -> Result<Driver, StoreError> {
    let (acts, mut waiting) = mpsc::channel(group::ACTS_WAITING_MAX);
    let (groups, applied) = std::sync::mpsc::sync_channel(group::GROUPS_WAITING_MAX);
    let failed = |error| engine::EngineError::io("starting a thread of the store", error);
    let deciding = Arc::clone(core);
    let decider = std::thread::Builder::new().name("store-decide".to_owned());
    let decider = decider.spawn(move || group::decide(&deciding, &mut waiting, &groups)).map_err(failed)?;
    let syncing = Arc::clone(core);
    let syncer = std::thread::Builder::new().name("store-sync".to_owned());
    let syncer = syncer.spawn(move || group::sync(&syncing, &applied)).map_err(failed)?;
    let destroying = Arc::clone(core);
    let (wake, wakes) = std::sync::mpsc::sync_channel(1);
    core.destroying.wake_with(move || {
        let _ = wake.try_send(()); // woken already
    });
    let destroyer = std::thread::Builder::new().name("store-keys".to_owned());
    let destroyer = destroyer.spawn(move || Destroyer::run(&destroying, &wakes)).map_err(failed)?;
    Ok((acts, vec![decider, syncer, destroyer]))
}

impl Drop for Inner {
    /// Waits until what was queued is durable and the threads have let go of the database.
    fn drop(&mut self) {
        drop(self.acts.take());
        self.core.destroying.end();
        for thread in self.threads.drain(..) {
            // An act may hold the last clone; a thread cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                drop(thread.join());
            }
        }
    }
}
