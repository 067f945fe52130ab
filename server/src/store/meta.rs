//! What the store knows about itself: its format, whose it is, and its epoch.

use bytes::Bytes;
use titian_proto::model::id::Epoch;

use super::engine::{Batch, Engine};
use super::epochs::{self, EpochTable as _};
use super::error::StoreError;
use super::key::Key;
use super::read::View;
use super::sealing::Vault;
use super::value::{Raw, frame, unframe};
use super::{StoreOptions, log, names};

/// Format of the tables. Raised when an older program must not read them.
/// 2: what is personal is sealed; what a store of format 1 holds in the clear is read as it is, and sealed when it is written again.
pub(crate) const FORMAT: u64 = 2;

pub(crate) const TABLE: &str = "meta/";
const FORMAT_KEY: &str = "format";
const NODE_KEY: &str = "node";
const EPOCH_KEY: &str = "epoch";
const IMPORTING_KEY: &str = "importing";

/// With which keyring its values are sealed.
pub(crate) const KEYRING_KEY: &str = "keyring";

/// The last bucket that is in use.
pub(crate) const BUCKETS_KEY: &str = "buckets";

/// Checks the format and the owner of a store. Whether there is one.
pub(crate) fn look(engine: &dyn Engine, options: &StoreOptions) -> Result<bool, StoreError> {
    if engine.get(&key(IMPORTING_KEY))?.is_some() {
        return Err(StoreError::HalfImported);
    }
    let Some(format) = engine.get(&key(FORMAT_KEY))? else { return Ok(false) };
    let found: u64 = unframe(&format)?;
    if found > FORMAT {
        return Err(StoreError::Newer { found, known: FORMAT });
    }
    let owner = required(engine, NODE_KEY)?;
    if owner != options.node_id.as_str().as_bytes() {
        return Err(StoreError::OtherNode { owner: String::from_utf8_lossy(&owner).into_owned() });
    }
    epochs::read_all(TABLE, Some(Raw(required(engine, EPOCH_KEY)?)))?;
    if found < FORMAT {
        engine.apply(Batch { puts: vec![(key(FORMAT_KEY), frame(&FORMAT)?)], ..Batch::default() })?;
    }
    Ok(true)
}

/// Writes the first keys of a store, and the first leaf of its log.
pub(crate) fn create(vault: &Vault, options: &StoreOptions) -> Result<(), StoreError> {
    let mut batch = Batch { expect: vec![(key(FORMAT_KEY), None)], ..Batch::default() };
    batch.puts.push((key(FORMAT_KEY), frame(&FORMAT)?));
    batch.puts.push((key(NODE_KEY), frame(&Raw(Bytes::copy_from_slice(options.node_id.as_str().as_bytes())))?));
    batch.puts.push((key(EPOCH_KEY), frame(&epochs::write_all(&[Epoch(options.ambient.random())]))?));
    batch.puts.push(vault.name()?);
    batch.puts.push(vault.seal_pair(names::new_secret(&options.ambient)?)?);
    batch.puts.extend(log::genesis(&options.log_origin, &options.ambient)?);
    vault.engine.apply(batch)?;
    Ok(vault.engine.sync()?)
}

/// Marks a store as being filled, so that one filled by half is never taken for a whole one.
pub(crate) fn begin_import() -> Batch {
    Batch { puts: vec![(key(IMPORTING_KEY), Bytes::new())], ..Batch::default() }
}

/// Ends an import: a new epoch, a leaf that tells of it, and the mark gone.
pub(crate) fn finish_import(view: &View, options: &StoreOptions) -> Result<Batch, StoreError> {
    let mut batch = Batch { deletes: vec![key(IMPORTING_KEY)], ..Batch::default() };
    let mut lives = view.own_epochs()?;
    if !crate::mutant::is("import-goes-on-in-the-old-life") {
        lives.push(Epoch(options.ambient.random()));
    }
    batch.puts.push((key(EPOCH_KEY), frame(&epochs::write_all(&lives))?));
    batch.puts.push((key(FORMAT_KEY), frame(&FORMAT)?));
    batch.puts.extend(log::restored(view, &options.log_origin, &options.ambient)?);
    Ok(batch)
}

fn required(engine: &dyn Engine, name: &'static str) -> Result<Bytes, StoreError> {
    let value = engine.get(&key(name))?.ok_or(StoreError::Missing { table: TABLE })?;
    Ok(unframe::<Raw>(&value)?.0)
}

/// Where the epochs of this database stand.
pub(crate) fn epoch_key() -> Bytes {
    key(EPOCH_KEY)
}

/// Where something the store knows of itself stands.
pub(crate) fn key(name: &str) -> Bytes {
    let mut key = Key::of(TABLE).to_vec();
    key.extend_from_slice(name.as_bytes());
    key.into()
}
