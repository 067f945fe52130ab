//! The key of a lane in a table that has one value per peer and lane, or one per place in it.

use bytes::Bytes;
use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;

use super::durable::Place;
use super::error::StoreError;
use super::key::Key;
use super::read::Read;
use super::value::Stored;

/// Goes over a table that has one value per peer and lane.
pub(crate) fn for_each_lane<T: Stored>(reader: &impl Read, table: &'static str, mut each: impl FnMut(Place, T)) -> Result<(), StoreError> {
    const PAGE: usize = 256;
    let unreadable = || StoreError::Unreadable { table, source: Malformed::new("has a key that names no peer and lane") };
    let mut after: Option<Bytes> = None;
    loop {
        let page = reader.load_all::<T>(&Key::of(table), after.as_deref(), PAGE)?;
        let ended = page.len() < PAGE;
        after = page.last().map(|(key, _)| key.clone());
        for (key, value) in page {
            let (lane, peer) = key[table.len()..].split_last().ok_or_else(unreadable)?;
            let peer = std::str::from_utf8(peer).ok().and_then(|peer| NodeId::parse(peer.trim_end_matches('/')).ok());
            each((peer.ok_or_else(unreadable)?, *lane), value);
        }
        if ended {
            return Ok(());
        }
    }
}

/// A lane's key in a table.
pub(crate) fn lane_key(table: &'static str, peer: &NodeId, lane: Lane) -> Key {
    Key::of(table).text(peer.as_str()).byte(lane_byte(lane))
}

pub(crate) fn place(peer: &NodeId, lane: Lane) -> Place {
    (peer.clone(), lane_byte(lane))
}

/// A lane's number on the wire; there are five.
pub(crate) fn lane_byte(lane: Lane) -> u8 {
    u8::try_from(lane.to_wire()).unwrap_or(u8::MAX)
}
