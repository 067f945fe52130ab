//! A disk that forgets what was not synced: everything applied is visible at once, and only a sync makes it stay.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use titian_proto::model::id::NodeId;
use titian_server::ambient::Ambient;
use titian_server::store::engine::{Batch, Engine, EngineError, Health, Pair};
use titian_server::store::{KeyCopy, KeyDisk, KeyringError, MemoryKeys, NodeKey, Opener, Sealing, View};

use crate::clock::{FOUNDED, Hands};
use crate::random::{Dice, Random};
use crate::watch::Watch;

/// What stands on a disk, by key.
pub type Pairs = BTreeMap<Bytes, Bytes>;

/// Reads what would be there after a power cut now.
pub type Durable = View;

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// It says that little room is left; what is asked now is refused.
    pub low: bool,
    /// It fills up under the next write.
    pub full: bool,
    /// The next sync fails.
    pub sync: bool,
    /// Reading fails.
    pub read: bool,
}

/// One node's disk, and the one beside it with its key file, of which no backup is made and which is never lost. Both outlive the node's lives.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<Platter>>);

struct Platter {
    applied: Pairs,
    durable: Pairs,
    unsynced: Vec<(Vec<Pair>, Vec<Bytes>)>,
    life: u64,
    trouble: Trouble,
    /// The key file. Written whole or not at all, and synced before anybody goes on.
    keys: Option<Vec<u8>>,
    /// What opens the values, with the key file as it is.
    opener: Option<Opener>,
}

impl Disk {
    /// A disk that holds these pairs, with this key file.
    pub fn holding(pairs: Pairs, keys: Option<Vec<u8>>) -> Self {
        let (applied, trouble) = (pairs.clone(), Trouble::default());
        let platter = Platter { applied, durable: pairs, unsynced: Vec::new(), life: 0, trouble, keys, opener: None };
        Self(Arc::new(Mutex::new(platter)))
    }

    /// For the next life of its node. What an earlier life still holds of it fails from now on.
    pub fn mount(&self, node: &NodeId, watch: &Watch) -> Mounted {
        Mounted { watched: Some((node.clone(), watch.clone())), ..self.mount_unwatched() }
    }

    /// As [`Self::mount`], while nobody watches: what a backup holds was looked at when it was written.
    pub fn mount_unwatched(&self) -> Mounted {
        let mut platter = self.lock();
        platter.life += 1;
        Mounted { disk: self.clone(), life: platter.life, watched: None }
    }

    /// Everything on it is gone.
    pub fn wipe(&self) {
        self.hold(Pairs::new());
    }

    /// It holds these pairs and nothing else.
    pub fn hold(&self, pairs: Pairs) {
        let mut platter = self.lock();
        let life = platter.life + 1;
        let (applied, trouble) = (pairs.clone(), Trouble::default());
        let (keys, opener) = (platter.keys.take(), platter.opener.take());
        *platter = Platter { applied, durable: pairs, unsynced: Vec::new(), life, trouble, keys, opener };
    }

    /// The power fails: of the batches that were not synced the first `survive` are there afterwards, and nothing of the others.
    pub fn crash(&self, survive: usize) {
        let mut platter = self.lock();
        platter.life += 1;
        let unsynced = std::mem::take(&mut platter.unsynced);
        for (puts, deletes) in unsynced.into_iter().take(survive) {
            write(&mut platter.durable, &puts, &deletes);
        }
        platter.applied = platter.durable.clone();
    }

    /// How many batches wait for a sync.
    pub fn unsynced(&self) -> usize {
        self.lock().unsynced.len()
    }

    /// Sets what is wrong with it.
    pub fn set_trouble(&self, trouble: Trouble) {
        self.lock().trouble = trouble;
    }

    /// What would be there after a power cut now.
    pub fn durable(&self) -> Durable {
        self.opener().view(Arc::new(Still(self.clone())))
    }

    /// The key file, for the next life of its node.
    pub fn sealing(&self) -> Sealing {
        let life = self.lock().life;
        Sealing { disk: Arc::new(Keys { disk: self.clone(), life }), node_key: node_key(), ambient: dice(life) }
    }

    /// The key file as it is.
    pub fn keys(&self) -> Option<Vec<u8>> {
        self.lock().keys.clone()
    }

    fn opener(&self) -> Opener {
        if let Some(opener) = self.lock().opener.clone() {
            return opener;
        }
        let sealing = Sealing { disk: Arc::new(MemoryKeys::holding(self.keys())), node_key: node_key(), ambient: dice(0) };
        let opener = Opener::new(&sealing).unwrap();
        self.lock().opener = Some(opener.clone());
        opener
    }

    /// Everything that would be there after a power cut now.
    pub fn durable_pairs(&self) -> Pairs {
        self.lock().durable.clone()
    }

    /// What is about to be written, as its node understands it.
    fn in_the_clear(&self, puts: &[Pair]) -> Vec<Pair> {
        let (opener, view) = (self.opener(), self.durable());
        let clear =
            |pair: &Pair| opener.in_the_clear(&view, pair).unwrap().into_iter().map(|value| (pair.0.clone(), value)).collect::<Vec<_>>();
        puts.iter().flat_map(clear).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A disk in one life of its node.
pub struct Mounted {
    disk: Disk,
    life: u64,
    watched: Option<(NodeId, Watch)>,
}

impl Mounted {
    fn platter(&self) -> Result<MutexGuard<'_, Platter>, EngineError> {
        let platter = self.disk.lock();
        if platter.life == self.life { Ok(platter) } else { Err(EngineError::Stopped) }
    }

    fn readable(&self) -> Result<MutexGuard<'_, Platter>, EngineError> {
        let platter = self.platter()?;
        if platter.trouble.read { Err(broken("reading")) } else { Ok(platter) }
    }
}

impl Engine for Mounted {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.readable()?.applied.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        Ok(scan(&self.readable()?.applied, prefix, after, limit))
    }

    fn apply(&self, batch: Batch) -> Result<(), EngineError> {
        if let Some((node, watch)) = &self.watched {
            watch.applied(node, &self.disk.in_the_clear(&batch.puts));
        }
        let mut platter = self.platter()?;
        if platter.trouble.full {
            return Err(EngineError::Full);
        }
        let Batch { expect, puts, deletes } = batch;
        if expect.iter().any(|(key, expected)| platter.applied.get(key) != expected.as_ref()) {
            return Err(EngineError::Conflict);
        }
        write(&mut platter.applied, &puts, &deletes);
        platter.unsynced.push((puts, deletes));
        Ok(())
    }

    fn sync(&self) -> Result<(), EngineError> {
        let mut platter = self.platter()?;
        if platter.trouble.sync {
            return Err(broken("syncing"));
        }
        for (puts, deletes) in std::mem::take(&mut platter.unsynced) {
            write(&mut platter.durable, &puts, &deletes);
        }
        Ok(())
    }

    fn health(&self) -> Result<Health, EngineError> {
        let free = if self.platter()?.trouble.low { 4096 } else { u64::MAX };
        Ok(Health { disk_bytes: 0, free_bytes: Some(free) })
    }
}

/// What would be there after a power cut now, to be read.
struct Still(Disk);

impl Engine for Still {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.0.lock().durable.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, EngineError> {
        Ok(scan(&self.0.lock().durable, prefix, after, limit))
    }

    fn apply(&self, _: Batch) -> Result<(), EngineError> {
        Err(EngineError::Stopped)
    }

    fn sync(&self) -> Result<(), EngineError> {
        Err(EngineError::Stopped)
    }

    fn health(&self) -> Result<Health, EngineError> {
        Ok(Health { disk_bytes: 0, free_bytes: None })
    }
}

/// The key file in one life of its node.
struct Keys {
    disk: Disk,
    life: u64,
}

impl KeyDisk for Keys {
    fn name(&self) -> String {
        "the simulated key file".to_owned()
    }

    fn read(&self) -> Result<Vec<KeyCopy>, KeyringError> {
        Ok(self.disk.keys().into_iter().map(|bytes| KeyCopy { name: self.name(), bytes }).collect())
    }

    fn write(&self, bytes: &[u8]) -> Result<Option<KeyringError>, KeyringError> {
        let mut platter = self.disk.lock();
        if platter.life != self.life {
            let source = std::io::Error::other("the power is off");
            return Err(KeyringError::Io { doing: "writing the key file", file: self.name(), source });
        }
        (platter.keys, platter.opener) = (Some(bytes.to_vec()), None);
        Ok(None)
    }
}

/// What keys and nonces of one life are drawn from: no other chance of the world moves with it.
fn dice(life: u64) -> Ambient {
    Ambient::new(Hands::new(FOUNDED), Dice::new(Random::new(life)))
}

fn node_key() -> NodeKey {
    NodeKey::parse(&"7".repeat(64), "the world").unwrap()
}

fn scan(pairs: &Pairs, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Pair> {
    let from = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        Some(_) | None => Bound::Included(prefix),
    };
    let wanted = pairs.range::<[u8], _>((from, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
    wanted.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn write(pairs: &mut Pairs, puts: &[Pair], deletes: &[Bytes]) {
    pairs.extend(puts.iter().cloned());
    for key in deletes {
        pairs.remove(key);
    }
}

fn broken(doing: &'static str) -> EngineError {
    EngineError::Io { doing, source: std::io::Error::other("the simulated disk fails") }
}
