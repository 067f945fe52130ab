//! A node in the world: everything a real one is made of, over a simulated disk and simulated lines, in lives that end with or without a goodbye.

use std::sync::Arc;
use std::time::Duration;

use titian_server::acts::context::Acts;
use titian_server::ambient::Ambient;
use titian_server::federation::passage::Passage;
use titian_server::federation::pins::PinTable;
use titian_server::link::Links;
use titian_server::node::{erase, expire_overdue, follow_peers, pinned};
use titian_server::store::{EngineKind, Store, StoreError, StoreOptions, export_inline, import_inline};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::Hands;
use crate::disk::{Disk, Pairs};
use crate::network::{Door, Network};
use crate::random::{Dice, Random};
use crate::union::{NAMES, Union};
use crate::watch::Watch;

/// As in the real node.
const CONNECTIONS_WAITING: usize = 16;

/// The longest wait before a peer is dialled again, in milliseconds. The real one grows to a quarter of an hour; here time is better spent.
const REDIAL_MAX: u64 = 5_000;

/// A node of the world.
pub struct Node {
    /// Whose it is.
    pub union: Union,
    /// Its disk.
    pub disk: Disk,
    /// Its clock.
    pub hands: Hands,
    network: Network,
    watch: Watch,
    random: Random,
    life: Option<Life>,
}

/// One life of a node, from its start to its end.
struct Life {
    acts: Acts,
    shutdown: CancellationToken,
    end: CancellationToken,
}

impl Node {
    /// A node that does not run yet.
    pub fn new(union: Union, disk: Disk, hands: Hands, network: Network, watch: Watch, random: Random) -> Self {
        Self { union, disk, hands, network, watch, random, life: None }
    }

    /// Its acts, while it runs.
    pub fn acts(&self) -> Option<&Acts> {
        self.life.as_ref().map(|life| &life.acts)
    }

    /// Whether it runs and its store takes writes.
    pub fn is_well(&self) -> bool {
        self.acts().is_some_and(|acts| !acts.store.is_stopped())
    }

    /// Starts it.
    ///
    /// # Errors
    /// When its disk cannot be read or written.
    pub fn start(&mut self) -> Result<(), StoreError> {
        let engine = Arc::new(self.disk.mount(&self.union.node_id, &self.watch));
        let (own, options) = (self.union.own(), self.options());
        let ambient = options.ambient.clone();
        let mut pace = self.random.fork();
        let store = Store::on_inline(engine, options, Box::new(move || sync_time(&mut pace)))?;
        let acts = Acts::new(store, own, ambient)?;
        let (shutdown, end) = (CancellationToken::new(), CancellationToken::new());
        let changes = acts.store.watch_node();
        let pins = PinTable::new(pinned(&acts));
        spawn(&end, follow_peers(acts.clone(), changes, pins.clone(), shutdown.clone()));
        spawn(&end, expire_overdue(acts.clone(), shutdown.clone()));
        spawn(&end, erase(acts.clone(), shutdown.clone()));
        let (connections, incoming) = mpsc::channel(CONNECTIONS_WAITING);
        let links = Links::new(Passage::new(acts.clone()));
        spawn(&end, links.clone().run(incoming, shutdown.clone()));
        self.network.open(Door { identity: self.union.identity(), pins, connections, life: end.clone() });
        for other in NAMES.iter().skip(self.union.place + 1) {
            let dialler = Dialler {
                from: self.union.clone(),
                to: Union::all().into_iter().find(|union| union.node_id.as_str() == *other),
                links: links.clone(),
                network: self.network.clone(),
                random: self.random.fork(),
            };
            spawn(&shutdown, dialler.run());
        }
        self.life = Some(Life { acts, shutdown, end });
        Ok(())
    }

    /// Its disk is lost, and what a backup holds is imported into a new one: it begins a new life, and does not run yet.
    ///
    /// # Errors
    /// When the backup cannot be read.
    pub fn restore(&mut self, backup: &Pairs) -> Result<(), StoreError> {
        self.crash(0);
        let mut lines = Vec::new();
        export_inline(&Disk::holding(backup.clone(), None).mount_unwatched(), &self.union.node_id, &mut lines)?;
        self.disk.wipe();
        let engine = Arc::new(self.disk.mount_unwatched());
        import_inline(engine, &self.options(), lines.as_slice()).map(drop)
    }

    fn options(&mut self) -> StoreOptions {
        StoreOptions {
            folder: "nowhere".into(),
            engine: EngineKind::Sled,
            node_id: self.union.node_id.clone(),
            log_origin: self.union.log_origin.clone(),
            signer: self.union.signer(),
            sealing: self.disk.sealing(),
            ambient: Ambient::new(self.hands.clone(), Dice::new(self.random.fork())),
        }
    }

    /// Its power fails: nothing is said to anybody, and of what was not synced only the first `survive` batches are there afterwards.
    pub fn crash(&mut self, survive: usize) {
        if let Some(life) = self.life.take() {
            life.end.cancel();
            life.shutdown.cancel();
        }
        self.disk.crash(survive);
    }

    /// Stops it in order: it says goodbye, and what was queued becomes durable.
    pub async fn stop(&mut self) {
        /// Longer than any sync and any goodbye takes.
        const LET_GO: Duration = Duration::from_secs(2);
        let Some(life) = self.life.take() else { return };
        life.shutdown.cancel();
        tokio::time::sleep(LET_GO).await;
        life.end.cancel();
        self.disk.crash(usize::MAX);
    }
}

/// Runs a task until its node's life ends.
fn spawn(until: &CancellationToken, task: impl Future<Output = ()> + Send + 'static) {
    let until = until.clone();
    tokio::spawn(async move {
        tokio::select! {
            biased;
            () = until.cancelled() => {}
            () = task => {}
        }
    });
}

/// Mostly some milliseconds, sometimes a disk that is busy.
fn sync_time(random: &mut Random) -> Duration {
    Duration::from_millis(if random.chance(50) { random.below(400) } else { random.below(8) })
}

/// Keeps one peer dialled.
struct Dialler {
    from: Union,
    to: Option<Union>,
    links: Links,
    network: Network,
    random: Random,
}

impl Dialler {
    async fn run(mut self) {
        let Some(to) = self.to.take() else { return };
        loop {
            tokio::time::sleep(Duration::from_millis(self.random.below(REDIAL_MAX))).await;
            // Now and then it dials although a stream is live, as both sides do after a cut that only one of them noticed.
            if self.links.is_live(&to.node_id) && !(self.network.allows_second_streams() && self.random.chance(20)) {
                continue;
            }
            if let Some(close) = self.network.dial(&self.from.node_id, &to.node_id) {
                close.cancelled().await;
            }
        }
    }
}
