//! The engine, seen through the sealing: whoever reads through it sees values in the clear, and nothing where a key is destroyed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use bytes::Bytes;

use super::error::KeyringError;
use super::keyring::{Keyring, Standing};
use super::recent::Recent;
use super::tables::is_sealed;
use super::value::{self, OVERHEAD_BYTES, Slot, is_sealed_value};
use crate::store::engine::{Batch, Engine, Pair, VALUE_MAX};
use crate::store::error::StoreError;
use crate::store::value::{Raw, frame, unframe};
use crate::store::{StoreOptions, meta};

/// An engine and the keys of what stands in it.
#[derive(Clone)]
pub(crate) struct Vault {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) keyring: Arc<Keyring>,
    /// The last bucket that the store knows to be in use, so that it notices a key file that is older than itself.
    through: Arc<AtomicU32>,
    recent: Arc<Recent>,
    /// Counts what changed in what can be read: batches, and keys that were destroyed.
    changes: Arc<AtomicU64>,
    /// Whether there was a keyring before.
    had_keyring: bool,
    /// Whether the store says already with which keyring it is sealed.
    is_named: bool,
}

/// What was found at a key: the value in the clear, and the slot of its key if it was sealed.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) value: Bytes,
    pub(crate) slot: Option<Slot>,
}

impl Vault {
    /// Opens the keyring of a store, or makes one where nothing is sealed yet. What the store knows of its keyring must be true of this one.
    pub(crate) fn open(engine: Arc<dyn Engine>, options: &StoreOptions) -> Result<Self, StoreError> {
        let (known, through) = (stored(engine.as_ref(), meta::KEYRING_KEY)?, stored(engine.as_ref(), meta::BUCKETS_KEY)?);
        let keyring = Keyring::load(&options.sealing, known.is_some())?;
        let vault = Self {
            engine,
            keyring: Arc::new(keyring),
            through: Arc::default(),
            recent: Arc::default(),
            changes: Arc::default(),
            had_keyring: true,
            is_named: known.is_some(),
        };
        vault.check(known.as_ref(), through.as_ref())?;
        // Only now: nothing is written into a key file that is not this store's.
        vault.keyring.make_ahead()?;
        Ok(vault)
    }

    /// For an empty store that lines are to be imported into.
    pub(crate) fn for_import(engine: Arc<dyn Engine>, options: &StoreOptions) -> Result<Self, StoreError> {
        let had_keyring = Keyring::is_there(&options.sealing)?;
        let keyring = Keyring::load(&options.sealing, false)?;
        let (keyring, is_named) = (Arc::new(keyring), false);
        Ok(Self { engine, keyring, through: Arc::default(), recent: Arc::default(), changes: Arc::default(), had_keyring, is_named })
    }

    /// An engine that no store is open on, to be read.
    #[cfg(feature = "simulation")]
    pub(crate) fn to_read(engine: Arc<dyn Engine>, keyring: Arc<Keyring>) -> Self {
        let (had_keyring, is_named) = (true, true);
        Self { engine, keyring, through: Arc::default(), recent: Arc::default(), changes: Arc::default(), had_keyring, is_named }
    }

    /// A store that an older program made says from now on with which keyring it is sealed.
    pub(crate) fn ensure_named(&self) -> Result<(), StoreError> {
        if self.is_named {
            return Ok(());
        }
        self.engine.apply(Batch { puts: vec![self.name()?], ..Batch::default() })?;
        Ok(self.engine.sync()?)
    }

    /// Whether what was imported was sealed with this keyring. Gives the pairs that say so from now on.
    pub(crate) fn finish_import(&self) -> Result<Vec<Pair>, StoreError> {
        let (known, through) = (stored(self.engine.as_ref(), meta::KEYRING_KEY)?, stored(self.engine.as_ref(), meta::BUCKETS_KEY)?);
        if known.is_some() && !self.had_keyring {
            return Err(KeyringError::Missing { file: self.keyring.name() }.into());
        }
        self.check(known.as_ref(), through.as_ref())?;
        self.keyring.make_ahead()?;
        let used = self.note_used(self.keyring.next_bucket().saturating_sub(1))?;
        Ok(std::iter::once(self.name()?).chain(used).collect())
    }

    fn check(&self, known: Option<&Bytes>, through: Option<&Bytes>) -> Result<(), StoreError> {
        let file = || self.keyring.name();
        if known.is_some_and(|id| **id != self.keyring.id()) {
            return Err(KeyringError::Other { file: file() }.into());
        }
        let Some(through) = through.and_then(|through| Some(u32::from_be_bytes(through.as_ref().try_into().ok()?))) else { return Ok(()) };
        if through >= self.keyring.next_bucket() {
            return Err(KeyringError::Older { file: file() }.into());
        }
        self.through.store(through, Ordering::Relaxed);
        Ok(())
    }

    /// What says with which keyring the store is sealed.
    pub(crate) fn name(&self) -> Result<Pair, StoreError> {
        Ok((meta::key(meta::KEYRING_KEY), frame(&Raw(Bytes::copy_from_slice(&self.keyring.id())))?))
    }

    /// Makes a batch visible, and counts it once it is: before anybody is told of it.
    pub(crate) fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        self.engine.apply(batch)?;
        self.changes.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// A number that is another one after every change that was told to anybody.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// The value of a key in the clear.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.find(key)?.map(|found| found.value))
    }

    /// As [`Self::get`], with the slot of its key.
    pub(crate) fn find(&self, key: &[u8]) -> Result<Option<Found>, StoreError> {
        let Some(stored) = self.engine.get(key)? else { return Ok(None) };
        if !is_sealed(key) {
            return Ok(Some(Found { value: stored, slot: None }));
        }
        let slot = Slot::of(&stored);
        Ok(self.open_at(key, stored)?.map(|value| Found { value, slot }))
    }

    /// As the engine's scan, in the clear, without what is destroyed: fewer than `limit` are all there are.
    pub(crate) fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        let mut pairs = self.engine.scan(prefix, after, limit)?;
        if !pairs.iter().any(|(key, _)| is_sealed(key)) {
            return Ok(pairs);
        }
        let mut opened = Vec::with_capacity(pairs.len());
        loop {
            let asked = limit - opened.len();
            let (found, last) = (pairs.len(), pairs.last().map(|(key, _)| key.clone()));
            for (key, stored) in pairs {
                let value = if is_sealed(&key) { self.open_at(&key, stored)? } else { Some(stored) };
                opened.extend(value.map(|value| (key, value)));
            }
            if found < asked || opened.len() >= limit {
                return Ok(opened);
            }
            pairs = self.engine.scan(prefix, last.as_deref(), limit - opened.len())?;
        }
    }

    /// What was sealed for a place, in the clear; nothing where its key is destroyed. What was never sealed is given back as it is.
    pub(crate) fn open_at(&self, place: &[u8], stored: Bytes) -> Result<Option<Bytes>, StoreError> {
        if !is_sealed_value(&stored) {
            return Ok(Some(stored));
        }
        let damaged = || StoreError::Damaged { table: table_of(place) };
        let slot = Slot::of(&stored).ok_or_else(damaged)?;
        match self.keyring.standing(slot) {
            Standing::Known(key) => value::open(&key, place, &stored).map(Some).ok_or_else(damaged),
            Standing::Destroyed => Ok(None),
            Standing::Unknown => Err(KeyringError::Older { file: self.keyring.name() }.into()),
        }
    }

    /// As [`Self::open_at`], of a part of a row, which may have been sealed a moment ago.
    pub(crate) fn open_part(&self, place: &[u8], stored: &Bytes) -> Result<Option<Bytes>, StoreError> {
        match Slot::of(stored).and_then(|slot| self.recent.get(slot)) {
            Some(clear) => Ok(Some(clear)),
            None => self.open_at(place, stored.clone()),
        }
    }

    /// Seals a part of a row for its place, and remembers it for a moment.
    pub(crate) fn seal_part(&self, place: &[u8], clear: &Bytes) -> Result<(Bytes, Slot), StoreError> {
        let (sealed, slot) = self.seal(place, clear, None)?;
        self.recent.keep(slot, clear.clone());
        Ok((sealed, slot))
    }

    /// Destroys the keys of slots, and whatever is still known of what they sealed. Returns when they are gone from stable storage.
    pub(super) fn destroy(&self, slots: &[Slot]) -> Result<(), StoreError> {
        self.recent.forget(slots);
        let destroyed = self.keyring.destroy(slots);
        self.changes.fetch_add(1, Ordering::AcqRel);
        Ok(destroyed?)
    }

    /// Whether what was sealed can still be opened, as far as its key goes.
    pub(crate) fn is_open(&self, stored: &[u8]) -> bool {
        Slot::of(stored).is_none_or(|slot| matches!(self.keyring.standing(slot), Standing::Known(_) | Standing::Unknown))
    }

    /// Seals a value for its place, with the key that it had before or with the next one.
    pub(crate) fn seal(&self, place: &[u8], clear: &[u8], before: Option<Slot>) -> Result<(Bytes, Slot), StoreError> {
        let too_large = || StoreError::TooLarge { length: clear.len() };
        if clear.len() + OVERHEAD_BYTES > VALUE_MAX {
            return Err(too_large());
        }
        let (slot, key, nonce) = self.keyring.slot_for(before)?;
        let sealed = value::seal(slot, &key, &nonce, place, clear).ok_or_else(too_large)?;
        Ok((sealed, slot))
    }

    /// A pair as it is to be stored.
    pub(crate) fn seal_pair(&self, (key, value): Pair) -> Result<Pair, StoreError> {
        if !is_sealed(&key) || is_sealed_value(&value) {
            return Ok((key, value));
        }
        let (sealed, _) = self.seal(&key, &value, None)?;
        Ok((key, sealed))
    }

    /// What says which buckets are in use, where a bucket came into use since it was said last.
    pub(crate) fn note_used(&self, last: u32) -> Result<Option<Pair>, StoreError> {
        let before = self.through.fetch_max(last, Ordering::Relaxed);
        if last <= before {
            return Ok(None);
        }
        Ok(Some((meta::key(meta::BUCKETS_KEY), frame(&Raw(Bytes::copy_from_slice(&last.to_be_bytes())))?)))
    }
}

fn stored(engine: &dyn Engine, name: &'static str) -> Result<Option<Bytes>, StoreError> {
    let stored = engine.get(&meta::key(name))?;
    stored.map(|stored| Ok(unframe::<Raw>(&stored)?.0)).transpose()
}

fn table_of(place: &[u8]) -> &'static str {
    super::tables::all().find(|(table, _)| place.starts_with(table.as_bytes())).map_or("unknown", |(table, _)| table)
}
