//! Runs: keys that end with an id which grows with time stand together in one value of the index, some 32 of them. Records that are put one behind the
//! other then cost sled a few insertions a second and not thousands, and it holds a page where it held fifty.
//!
//! Runs stand in a space of their own before all tables, each at its last key. A key stands in a run or by itself, never in both: a run is only begun
//! behind everything under its prefix, and from then on whatever lies between its first and its last key is its own.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::sled::{Batch, Db, IVec};
use bytes::Bytes;

use super::EngineError;
use super::index::{Slot, database_error, read_slot};

/// Begins the key of a run; before all keys of tables, which begin with letters.
const SPACE: &[u8] = b"\0run";

/// Behind all runs.
const SPACE_END: &[u8] = b"\0ruo";

/// Begins the value of a run. Then each key's id, the length of its slot, and its slot.
const FORM: u8 = 1;

/// Bytes of an id.
const ID_BYTES: usize = 16;

/// Keys of a run when it is begun. Of the longest runs with the longest slots a page of sled, which has 16, is half as large as it may be.
const KEYS: usize = 32;

/// Keys of a run after which it comes apart.
const KEYS_MAX: usize = 2 * KEYS;

/// Fewer stand by themselves.
const KEYS_MIN: usize = 4;

type Id = [u8; ID_BYTES];

/// Changes of keys that grow, in their order: the slot, or that there is none any more.
pub(super) type Changes<'a> = BTreeMap<&'a [u8], Option<Vec<u8>>>;

/// The runs of an index.
pub(super) struct Runs {
    /// Tables that have any, so that nobody looks for those of another.
    tables: RwLock<BTreeSet<Vec<u8>>>,
    /// Held by who reads several runs, and by who takes one apart: else what moves could be passed over.
    reading: RwLock<()>,
}

/// Whether a key ends with an id that grows with time (UUID version 7). Of random ids one in 64 looks so, which does no harm.
pub(super) fn grows(key: &[u8]) -> bool {
    key.last_chunk::<ID_BYTES>().is_some_and(|id| id[6] >> 4 == 7 && id[8] >> 6 == 2)
}

impl Runs {
    /// Finds out which tables have any.
    pub(super) fn open(database: &Db) -> Result<Self, EngineError> {
        let (mut tables, mut from) = (BTreeSet::new(), SPACE.to_vec());
        while let Some((at, _)) = first(database, &from, SPACE_END)? {
            let table = table_of(&at[SPACE.len()..]).ok_or(EngineError::Unreadable)?.to_vec();
            // Behind everything of the table: its slash is followed by a zero.
            from = [SPACE, &table[..table.len() - 1], b"0"].concat();
            tables.insert(table);
        }
        Ok(Self { tables: RwLock::new(tables), reading: RwLock::default() })
    }

    /// The slot of a key that grows and does not stand by itself.
    pub(super) fn get(&self, database: &Db, key: &[u8]) -> Result<Option<Slot>, EngineError> {
        let Some((_, run)) = self.around(database, key)? else { return Ok(None) };
        for entry in Entries::of(&run)? {
            let (id, slot) = entry?;
            if key.ends_with(id) {
                return read_slot(slot).map(Some);
            }
        }
        Ok(None)
    }

    /// Puts changes into a batch. What is returned is held until the batch is applied.
    pub(super) fn weave<'a>(
        &'a self,
        database: &Db,
        changes: Changes<'_>,
        batch: &mut Batch,
    ) -> Result<Option<RwLockWriteGuard<'a, ()>>, EngineError> {
        let mut begun: Vec<(&[u8], Run)> = Vec::new();
        let mut changed: BTreeMap<IVec, Run> = BTreeMap::new();
        for (key, slot) in changes {
            let (prefix, id) = apart(key).ok_or(EngineError::Unreadable)?;
            // Nothing stood under this prefix behind the one before, so nothing stands behind this one.
            if let Some((_, run)) = begun.last_mut().filter(|(of, _)| *of == prefix) {
                run.change(id, slot);
                continue;
            }
            match (self.around(database, key)?, slot) {
                (Some((at, stored)), slot) => match changed.get_mut(&at) {
                    Some(run) => run.change(id, slot),
                    None => changed.entry(at).or_insert(Run::read(&stored)?).change(id, slot),
                },
                (None, Some(slot)) if is_end(database, key, prefix)? => begun.push((prefix, Run::of(id, slot))),
                (None, Some(slot)) => batch.insert(key, slot),
                (None, None) => batch.remove(key),
            }
        }
        for (prefix, run) in begun {
            self.begin(prefix, run, batch);
        }
        let mut comes_apart = false;
        for (at, run) in changed {
            comes_apart |= run.0.len() > KEYS_MAX;
            run.write_again(&at, batch);
        }
        Ok(comes_apart.then(|| self.reading.write().unwrap_or_else(PoisonError::into_inner)))
    }

    /// What stands in runs from a key on, if it may hold keys with this prefix.
    pub(super) fn range(&self, database: &Db, from: Bound<&[u8]>, prefix: &[u8]) -> Option<Range<'_>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        if tables.is_empty() || table_of(prefix).is_some_and(|table| !tables.contains(table)) {
            return None;
        }
        drop(tables);
        let held = self.reading.read().unwrap_or_else(PoisonError::into_inner);
        let from = from.map(<[u8]>::to_vec);
        let inside = from.as_ref().map(|from| [SPACE, from].concat());
        let inside = if inside == Bound::Unbounded { Bound::Included(SPACE.to_vec()) } else { inside };
        let runs = database.range::<Vec<u8>, _>((inside, Bound::Excluded(SPACE_END.to_vec())));
        Some(Range { runs, from, run: Vec::new().into_iter(), _held: held })
    }

    /// The run between whose first and last key a key lies, and where it stands.
    fn around(&self, database: &Db, key: &[u8]) -> Result<Option<(IVec, IVec)>, EngineError> {
        let Some((prefix, id)) = apart(key) else { return Ok(None) };
        let known = table_of(key).is_some_and(|table| self.tables.read().unwrap_or_else(PoisonError::into_inner).contains(table));
        if !known {
            return Ok(None);
        }
        let Some((at, run)) = first(database, &[SPACE, key].concat(), SPACE_END)? else { return Ok(None) };
        let of_prefix = at.len() == SPACE.len() + key.len() && at[SPACE.len()..].starts_with(prefix);
        if !of_prefix {
            return Ok(None);
        }
        let begins = Entries::of(&run)?.next().ok_or(EngineError::Unreadable)??.0 <= &id;
        Ok(begins.then_some((at, run)))
    }

    fn begin(&self, prefix: &[u8], run: Run, batch: &mut Batch) {
        let entries: Vec<_> = run.0.into_iter().collect();
        let table = table_of(prefix).filter(|_| entries.len() >= KEYS_MIN);
        let Some(table) = table else {
            entries.into_iter().for_each(|(id, slot)| batch.insert([prefix, &id].concat(), slot));
            return;
        };
        self.tables.write().unwrap_or_else(PoisonError::into_inner).insert(table.to_vec());
        for part in entries.chunks(KEYS) {
            let Some((last, _)) = part.last() else { continue };
            batch.insert([SPACE, prefix, last].concat(), written(part));
        }
    }
}

/// A run while it changes.
struct Run(BTreeMap<Id, Vec<u8>>);

impl Run {
    fn of(id: Id, slot: Vec<u8>) -> Self {
        Self(BTreeMap::from([(id, slot)]))
    }

    fn read(stored: &[u8]) -> Result<Self, EngineError> {
        Entries::of(stored)?.map(|entry| entry.map(|(id, slot)| (*id, slot.to_vec()))).collect::<Result<_, _>>().map(Self)
    }

    fn change(&mut self, id: Id, slot: Option<Vec<u8>>) {
        match slot {
            Some(slot) => drop(self.0.insert(id, slot)),
            None => drop(self.0.remove(&id)),
        }
    }

    /// At its place, whatever its last key is now; what is too much for it before it.
    fn write_again(self, at: &IVec, batch: &mut Batch) {
        let entries: Vec<_> = self.0.into_iter().collect();
        if entries.is_empty() {
            return batch.remove(at);
        }
        let parts: Vec<_> = if entries.len() > KEYS_MAX { entries.chunks(KEYS).collect() } else { vec![&entries] };
        let Some((last, before)) = parts.split_last() else { return };
        for part in before {
            let Some((id, _)) = part.last() else { continue };
            batch.insert([&at[..at.len() - ID_BYTES], id].concat(), written(part));
        }
        batch.insert(at, written(last));
    }
}

/// Reads runs, one behind the other, entry by entry.
pub(super) struct Range<'a> {
    runs: ::sled::Iter,
    from: Bound<Vec<u8>>,
    run: std::vec::IntoIter<(Bytes, Slot)>,
    _held: RwLockReadGuard<'a, ()>,
}

impl Range<'_> {
    fn open(&self, at: &[u8], run: &[u8]) -> Result<Vec<(Bytes, Slot)>, EngineError> {
        let prefix = at.get(SPACE.len()..at.len() - ID_BYTES).ok_or(EngineError::Unreadable)?;
        let mut entries = Vec::with_capacity(KEYS);
        for entry in Entries::of(run)? {
            let (id, slot) = entry?;
            let key = [prefix, id].concat();
            let is_in = match &self.from {
                Bound::Included(from) => &key >= from,
                Bound::Excluded(from) => &key > from,
                Bound::Unbounded => true,
            };
            if is_in {
                entries.push((key.into(), read_slot(slot)?));
            }
        }
        Ok(entries)
    }
}

impl Iterator for Range<'_> {
    type Item = Result<(Bytes, Slot), EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.run.next() {
                return Some(Ok(entry));
            }
            let next = self.runs.next()?.map_err(|error| database_error("scanning the store", error));
            match next.and_then(|(at, run)| self.open(&at, &run)) {
                Ok(entries) => self.run = entries.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The entries of a stored run.
struct Entries<'a>(&'a [u8]);

impl<'a> Entries<'a> {
    fn of(stored: &'a [u8]) -> Result<Self, EngineError> {
        match stored.split_first() {
            Some((&FORM, entries)) => Ok(Self(entries)),
            _ => Err(EngineError::Unreadable),
        }
    }

    fn read(&mut self) -> Option<(&'a Id, &'a [u8])> {
        let (id, rest) = self.0.split_first_chunk::<ID_BYTES>()?;
        let (length, rest) = rest.split_first()?;
        let (slot, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some((id, slot))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(&'a Id, &'a [u8]), EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let entry = self.read().ok_or(EngineError::Unreadable);
        if entry.is_err() {
            self.0 = &[];
        }
        Some(entry)
    }
}

/// Some entries as they are stored. A slot of the index is shorter than its length can say.
fn written(entries: &[(Id, Vec<u8>)]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(1 + entries.iter().map(|(_, slot)| ID_BYTES + 1 + slot.len()).sum::<usize>());
    stored.push(FORM);
    for (id, slot) in entries {
        stored.extend_from_slice(id);
        stored.push(slot.len() as u8);
        stored.extend_from_slice(slot);
    }
    stored
}

/// A key as its prefix and its id.
fn apart(key: &[u8]) -> Option<(&[u8], Id)> {
    key.split_last_chunk::<ID_BYTES>().map(|(prefix, id)| (prefix, *id))
}

/// The name of the table, with its slash.
fn table_of(key: &[u8]) -> Option<&[u8]> {
    key.iter().position(|byte| *byte == b'/').map(|slash| &key[..=slash])
}

/// Whether nothing stands under a prefix at a key or behind it, neither by itself nor in a run.
fn is_end(database: &Db, key: &[u8], prefix: &[u8]) -> Result<bool, EngineError> {
    let inside = [SPACE, key].concat();
    let (alone, run) = (next(database, key)?, next(database, &inside)?);
    Ok(!alone.is_some_and(|(at, _)| at.starts_with(prefix)) && !run.is_some_and(|(at, _)| at.starts_with(&[SPACE, prefix].concat())))
}

fn next(database: &Db, from: &[u8]) -> Result<Option<(IVec, IVec)>, EngineError> {
    database.range(from..).next().transpose().map_err(|error| database_error("reading the store", error))
}

fn first(database: &Db, from: &[u8], before: &[u8]) -> Result<Option<(IVec, IVec)>, EngineError> {
    Ok(next(database, from)?.filter(|(at, _)| at.as_ref() < before))
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;
