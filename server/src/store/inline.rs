//! The other driver, for the simulated world: the same deciding and syncing, as two tasks of the caller's runtime instead of two threads, so that
//! one seed gives one order of things. A released node has none of it.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use titian_proto::model::id::NodeId;
use tokio::sync::mpsc;

use super::engine::{Engine, Pair};
use super::export;
use super::group::{self, Act, Core, Group};
use super::rows;
use super::sealing::{Destroyer, Keyring, Vault};
use super::{Driver, Sealing, Store, StoreError, StoreOptions, View, sealed_body};

/// How long the next sync takes.
pub type Pace = Box<dyn FnMut() -> Duration + Send>;

impl Store {
    /// As [`Self::open`], on an engine that is open already, driven by tasks of this runtime. `pace` says how long each sync takes; meanwhile the
    /// next group is decided, as beside a real disk. [`Self::write_blocking`] and [`Self::export`] cannot be used on it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn on_inline(engine: Arc<dyn Engine>, options: StoreOptions, pace: Pace) -> Result<Self, StoreError> {
        Self::driven(engine, options, |core| Ok(start(core, pace)))
    }
}

/// As [`Store::export`], of a disk that no store is open on. Returns the number of pairs.
///
/// # Errors
/// When the disk cannot be read or the lines cannot be written.
pub fn export_inline(engine: &dyn Engine, node_id: &NodeId, lines: impl Write) -> Result<u64, StoreError> {
    export::write_all(engine, node_id.as_str(), lines)
}

/// As [`Store::import`], into an engine that is open already. Returns the number of pairs.
///
/// # Errors
/// As [`Store::import`].
pub fn import_inline(engine: Arc<dyn Engine>, options: &StoreOptions, lines: impl BufRead) -> Result<u64, StoreError> {
    export::import_into(engine, options, lines)
}

/// Opens what stands on a disk, as the node could that has these keys. Writes nothing.
#[derive(Clone)]
pub struct Opener(Arc<Keyring>);

impl Opener {
    /// With the keys as they are now.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn new(sealing: &Sealing) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Keyring::load(sealing, false)?)))
    }

    /// Reads a disk.
    #[must_use]
    pub fn view(&self, engine: Arc<dyn Engine>) -> View {
        View { vault: Vault::to_read(engine, Arc::clone(&self.0)), durable: Arc::default() }
    }

    /// What a stored pair says: its values in the clear, those of rows one by one. Nothing of what is destroyed.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn in_the_clear(&self, view: &View, pair: &Pair) -> Result<Vec<bytes::Bytes>, StoreError> {
        let (mut clear, rows) = (Vec::new(), rows::apart(&pair.0, &pair.1)?.unwrap_or_else(|| vec![pair.clone()]));
        for (key, value) in rows {
            clear.extend(sealed_body::in_the_clear(view, &key, value)?);
        }
        Ok(clear)
    }
}

fn start(core: &Arc<Core>, pace: Pace) -> Driver {
    let (acts, waiting) = mpsc::channel(group::ACTS_WAITING_MAX);
    let (groups, applied) = mpsc::channel(group::GROUPS_WAITING_MAX);
    let (wake, wakes) = mpsc::channel(1);
    core.destroying.wake_with(move || {
        let _ = wake.try_send(()); // woken already
    });
    tokio::spawn(destroy(Arc::clone(core), wakes));
    tokio::spawn(decide(Arc::clone(core), waiting, groups));
    tokio::spawn(sync(Arc::clone(core), applied, pace));
    (acts, Vec::new())
}

async fn decide(core: Arc<Core>, mut acts: mpsc::Receiver<Box<dyn Act>>, groups: mpsc::Sender<Group>) {
    while let Some(first) = acts.recv().await {
        let Some(group) = group::decide_group(&core, first, &mut acts) else { continue };
        if groups.send(group).await.is_err() {
            return;
        }
    }
}

async fn sync(core: Arc<Core>, mut groups: mpsc::Receiver<Group>, mut pace: Pace) {
    while let Some(first) = groups.recv().await {
        tokio::time::sleep(pace()).await;
        let mut ready = vec![first];
        while ready.len() < group::GROUPS_A_SYNC_MAX {
            let Ok(next) = groups.try_recv() else { break };
            ready.push(next);
        }
        group::finish(&core, ready);
    }
}

/// As in the real store. What it tries again it tries when it is woken next.
async fn destroy(core: Arc<Core>, mut wakes: mpsc::Receiver<()>) {
    while wakes.recv().await.is_some() && !core.destroying.is_ending() {
        Destroyer::round(&core);
    }
}
