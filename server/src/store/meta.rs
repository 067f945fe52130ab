//! What the store knows about itself: its format, whose it is, and its epoch.

use bytes::Bytes;
use titian_proto::model::id::{Epoch, NodeId};

use super::engine::{Batch, Engine};
use super::error::StoreError;
use super::key::Key;
use super::value::{Raw, frame, unframe};
use crate::ambient::Ambient;

/// Format of the tables. Raised when an older program must not read them.
pub(crate) const FORMAT: u64 = 1;

pub(crate) const TABLE: &str = "meta/";
const FORMAT_KEY: &str = "format";
const NODE_KEY: &str = "node";
const EPOCH_KEY: &str = "epoch";

/// Checks the format and the owner of a store that is there; makes a new one otherwise. Returns its epoch.
pub(crate) fn open_or_create(engine: &dyn Engine, node_id: &NodeId, ambient: &Ambient) -> Result<Epoch, StoreError> {
    let Some(format) = engine.get(&key(FORMAT_KEY))? else {
        return create(engine, node_id, Epoch(ambient.random()));
    };
    let found: u64 = unframe(&format)?;
    if found > FORMAT {
        return Err(StoreError::Newer { found, known: FORMAT });
    }
    let owner = required(engine, NODE_KEY)?;
    if owner != node_id.as_str().as_bytes() {
        return Err(StoreError::OtherNode { owner: String::from_utf8_lossy(&owner).into_owned() });
    }
    let epoch = required(engine, EPOCH_KEY)?;
    Epoch::from_wire(&epoch).map_err(|source| StoreError::Unreadable { table: TABLE, source })
}

/// Writes the first keys of a store.
fn create(engine: &dyn Engine, node_id: &NodeId, epoch: Epoch) -> Result<Epoch, StoreError> {
    let mut batch = Batch { expect: vec![(key(FORMAT_KEY), None)], ..Batch::default() };
    batch.puts.push((key(FORMAT_KEY), frame(&FORMAT)?));
    batch.puts.push((key(NODE_KEY), frame(&Raw(Bytes::copy_from_slice(node_id.as_str().as_bytes())))?));
    batch.puts.push((key(EPOCH_KEY), frame(&Raw(epoch.to_wire()))?));
    engine.apply(batch)?;
    engine.sync()?;
    Ok(epoch)
}

fn required(engine: &dyn Engine, name: &'static str) -> Result<Bytes, StoreError> {
    let value = engine.get(&key(name))?.ok_or(StoreError::Missing { table: TABLE })?;
    Ok(unframe::<Raw>(&value)?.0)
}

fn key(name: &str) -> Bytes {
    let mut key = Key::of(TABLE).to_vec();
    key.extend_from_slice(name.as_bytes());
    key.into()
}
