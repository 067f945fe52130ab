//! All buckets: who gets the next slot, what makes its key, and how it is destroyed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::KeyringError;
use super::key_disk::{KeyCopy, KeyDisk};
use super::key_file::{self, Contents, Unreadable};
use super::node_key::{FileKey, Lock};
use super::tree::{Node, Path, SLOTS, Tree};
use super::value::{NONCE_BYTES, Slot};
use super::{NodeKey, Sealing};
use crate::ambient::Ambient;

/// Buckets made at once when slots are asked for without end: so the key file is written a few times a second at most. The first batch of an opening is
/// one bucket, and each further one twice the one before, so that a node that is started often leaves little unused.
const BATCH_MAX: usize = 16;

/// Ways to leaves that are remembered: that of the giving, and of some readers.
const PATHS: usize = 8;

/// Nonces drawn at once.
const NONCES: usize = 64;

/// The open keyring.
pub(crate) struct Keyring {
    disk: Arc<dyn KeyDisk>,
    lock: Lock,
    key: FileKey,
    ambient: Ambient,
    held: Mutex<Held>,
    /// One writes at a time.
    writing: Mutex<()>,
}

struct Held {
    contents: Contents,
    /// Buckets that are on stable storage and have slots to give, in their order.
    free: VecDeque<u32>,
    /// The next slot of the first of them. Never goes back: what was given before this opening stands in other buckets.
    next: u16,
    /// Buckets of the last batch.
    batch: usize,
    /// Something was destroyed that is not known to be on stable storage everywhere.
    owing: bool,
    paths: [Path; PATHS],
    nonces: Vec<[u8; NONCE_BYTES]>,
}

/// How a slot stands.
pub(crate) enum Standing {
    /// Its key can be made.
    Known(KeyOfSlot),
    /// Its key is destroyed.
    Destroyed,
    /// This keyring never made its bucket.
    Unknown,
}

/// The key of one slot. Wiped when dropped.
pub(crate) struct KeyOfSlot(Node);

impl KeyOfSlot {
    #[cfg(test)]
    pub(super) fn of(node: Node) -> Self {
        Self(node)
    }

    pub(super) fn expose(&self) -> &[u8; Node::BYTES] {
        self.0.expose()
    }
}

impl Keyring {
    /// Opens the keyring at its place, or makes one where there is none; an error in place of a new one where `needed`. Nothing is written before the
    /// first bucket is made. No slot of an earlier opening is ever given again, whatever a crash or a restore has forgotten: each makes its own buckets.
    pub(crate) fn load(sealing: &Sealing, needed: bool) -> Result<Self, KeyringError> {
        let copies = sealing.disk.read()?;
        if copies.is_empty() && needed {
            return Err(KeyringError::Missing { file: sealing.disk.name() });
        }
        let found = if copies.is_empty() { None } else { Some(read_copies(&copies, &sealing.node_key)?) };
        let (contents, lock, key) = match found {
            Some(found) => found,
            None => {
                let lock = sealing.node_key.new_lock(sealing.ambient.random());
                let key = sealing.node_key.unlock(&lock)?.ok_or(KeyringError::Derivation)?;
                (Self::new_contents(&sealing.ambient), lock, key)
            }
        };
        let (held, writing) = (Mutex::new(Held::of(contents)), Mutex::new(()));
        Ok(Self { disk: Arc::clone(&sealing.disk), lock, key, ambient: sealing.ambient.clone(), held, writing })
    }

    /// Whether there is a keyring at its place.
    pub(crate) fn is_there(sealing: &Sealing) -> Result<bool, KeyringError> {
        Ok(!sealing.disk.read()?.is_empty())
    }

    fn new_contents(ambient: &Ambient) -> Contents {
        let index = Node::new(*Zeroizing::new(ambient.random()));
        Contents { id: ambient.random(), index, generation: 0, next_bucket: 0, buckets: BTreeMap::new() }
    }

    /// Names it.
    pub(crate) fn id(&self) -> [u8; 16] {
        self.held().contents.id
    }

    /// For people: where it lies.
    pub(crate) fn name(&self) -> String {
        self.disk.name()
    }

    /// Buckets with smaller numbers were made by it.
    pub(crate) fn next_bucket(&self) -> u32 {
        self.held().contents.next_bucket
    }

    /// A name for something personal by which a row is found. It says nothing to whoever has not the keyring.
    pub(crate) fn blind(&self, table: &str, name: &[u8]) -> [u8; 16] {
        let held = self.held();
        let hash = Sha256::new().chain_update(b"titian/index/v1\n").chain_update(held.contents.index.expose());
        let hash = hash.chain_update(table.as_bytes()).chain_update(b"\n").chain_update(name).finalize();
        let mut blind = [0; 16];
        blind.copy_from_slice(&hash[..16]);
        blind
    }

    /// How a slot stands.
    pub(crate) fn standing(&self, slot: Slot) -> Standing {
        let mut held = self.held();
        match held.leaf(slot) {
            Some(leaf) => Standing::Known(KeyOfSlot(leaf)),
            None if slot.bucket < held.contents.next_bucket => Standing::Destroyed,
            None => Standing::Unknown,
        }
    }

    /// A slot to seal with, its key, and a nonce: the slot that the value had before where its key is still there, or the next one.
    pub(super) fn slot_for(&self, before: Option<Slot>) -> Result<(Slot, KeyOfSlot, [u8; NONCE_BYTES]), KeyringError> {
        loop {
            let mut held = self.held();
            let kept = before.and_then(|slot| Some((slot, held.leaf(slot)?)));
            let given = kept.or_else(|| held.give());
            if let Some((slot, leaf)) = given {
                let nonce = held.nonce(&self.ambient);
                return Ok((slot, KeyOfSlot(leaf), nonce));
            }
            drop(held);
            self.make_ahead()?;
        }
    }

    /// Whether it is time to make more buckets.
    pub(crate) fn is_low(&self) -> bool {
        self.held().is_low()
    }

    /// Makes more buckets where it is time. They are given out once they are on stable storage.
    pub(crate) fn make_ahead(&self) -> Result<(), KeyringError> {
        let _alone = self.alone();
        if !self.is_low() {
            return Ok(());
        }
        let (made, file) = {
            let mut held = self.held();
            held.batch = (held.batch * 2).clamp(1, BATCH_MAX);
            let first = held.contents.next_bucket;
            let after = first.checked_add(held.batch as u32).ok_or(KeyringError::Derivation)?;
            for bucket in first..after {
                let root = Zeroizing::new(self.ambient.random());
                held.contents.buckets.insert(bucket, Tree::new(Node::new(*root)));
            }
            held.contents.next_bucket = after;
            (first..after, self.file(&mut held)?)
        };
        let written = self.disk.write(&file);
        let mut held = self.held();
        match written {
            Ok(behind) => {
                held.owing &= behind.is_some();
                if let Some(error) = behind {
                    tracing::error!(
                        event = "keys.mirror-behind",
                        problem = &error as &dyn std::error::Error,
                        "the key file has no second copy"
                    );
                }
                held.free.extend(made);
                Ok(())
            }
            Err(error) => {
                // Their numbers are not given again: nobody knows what of this is on the disk.
                made.for_each(|bucket| drop(held.contents.buckets.remove(&bucket)));
                Err(error)
            }
        }
    }

    /// Destroys the keys of slots. Returns when they are gone from stable storage, at every place.
    pub(crate) fn destroy(&self, slots: &[Slot]) -> Result<(), KeyringError> {
        let _alone = self.alone();
        let file = {
            let mut held = self.held();
            held.puncture(slots);
            if !held.owing {
                return Ok(());
            }
            self.file(&mut held)?
        };
        match self.disk.write(&file)? {
            Some(behind) => Err(behind),
            None => {
                self.held().owing = false;
                Ok(())
            }
        }
    }

    /// Writes everything for another node key. The last thing that a keyring does.
    pub(super) fn write_for(mut self, node_key: &NodeKey) -> Result<(), KeyringError> {
        self.lock = node_key.new_lock(self.ambient.random());
        self.key = node_key.unlock(&self.lock)?.ok_or(KeyringError::Derivation)?;
        let file = self.file(&mut self.held())?;
        self.disk.write(&file)?.map_or(Ok(()), Err)
    }

    fn file(&self, held: &mut Held) -> Result<Vec<u8>, KeyringError> {
        held.contents.generation += 1;
        let nonce = held.nonce(&self.ambient);
        key_file::write(&held.contents, &self.lock, &self.key, nonce).ok_or(KeyringError::Derivation)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn of(contents: Contents) -> Self {
        let (free, paths) = (VecDeque::new(), std::array::from_fn(|_| Path::default()));
        Self { contents, free, next: 0, batch: 0, owing: false, paths, nonces: Vec::new() }
    }

    fn leaf(&mut self, slot: Slot) -> Option<Node> {
        let tree = self.contents.buckets.get(&slot.bucket)?;
        self.paths[slot.bucket as usize % PATHS].leaf(slot.bucket, tree, slot.number)
    }

    fn give(&mut self) -> Option<(Slot, Node)> {
        loop {
            let bucket = *self.free.front()?;
            let number = self.next;
            self.next += 1;
            if self.next >= SLOTS {
                self.free.pop_front();
                self.next = 0;
            }
            let slot = Slot { bucket, number };
            if let Some(leaf) = self.leaf(slot) {
                return Some((slot, leaf));
            }
        }
    }

    fn is_low(&self) -> bool {
        let left = self.free.len() * usize::from(SLOTS) - usize::from(self.next);
        left <= self.batch * usize::from(SLOTS) / 2
    }

    fn puncture(&mut self, slots: &[Slot]) {
        for slot in slots {
            let Some(tree) = self.contents.buckets.get_mut(&slot.bucket) else { continue };
            self.owing |= tree.puncture(slot.number);
            if tree.is_empty() {
                self.contents.buckets.remove(&slot.bucket);
            }
        }
        self.paths.iter_mut().for_each(Path::forget);
    }

    /// A nonce that was never used before. Drawn many at once: asking the system takes longer than the sealing of a small value.
    fn nonce(&mut self, ambient: &Ambient) -> [u8; NONCE_BYTES] {
        if self.nonces.is_empty() {
            let drawn: [u8; NONCE_BYTES * NONCES] = ambient.random();
            self.nonces.extend(drawn.as_chunks().0);
        }
        self.nonces.pop().unwrap_or_else(|| ambient.random())
    }
}

/// The copy that was written last, of those that open. One that does not is told apart from a wrong key.
fn read_copies(copies: &[KeyCopy], node_key: &NodeKey) -> Result<(Contents, Lock, FileKey), KeyringError> {
    let (mut newest, mut failed): (Option<(Contents, Lock, FileKey)>, Option<KeyringError>) = (None, None);
    for copy in copies {
        match read_copy(copy, node_key) {
            Ok(found) => {
                if newest.as_ref().is_none_or(|(contents, ..)| contents.generation < found.0.generation) {
                    newest = Some(found);
                }
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match (newest, failed) {
        (Some(newest), failed) => {
            if let Some(error) = failed {
                tracing::error!(event = "keys.copy-unusable", problem = &error as &dyn std::error::Error, "the other copy is used");
            }
            Ok(newest)
        }
        (None, Some(error)) => Err(error),
        (None, None) => Err(KeyringError::Missing { file: String::new() }),
    }
}

fn read_copy(copy: &KeyCopy, node_key: &NodeKey) -> Result<(Contents, Lock, FileKey), KeyringError> {
    let file = || copy.name.clone();
    let unreadable = |problem| match problem {
        Unreadable::Damaged => KeyringError::Damaged { file: file() },
        Unreadable::Newer => KeyringError::Newer { file: file() },
        Unreadable::WrongKey => KeyringError::WrongNodeKey { file: file() },
    };
    let lock = key_file::lock_of(&copy.bytes).map_err(unreadable)?;
    let Some(key) = node_key.unlock(&lock)? else { return Err(KeyringError::OtherKind { file: file(), sealed_with: lock.name() }) };
    let contents = key_file::read(&copy.bytes, &key).map_err(unreadable)?;
    Ok((contents, lock, key))
}
