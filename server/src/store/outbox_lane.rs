//! How far a lane to a peer has come.

use bytes::Bytes;
use serde::Deserialize;
use titian_proto::model::id::Digest;
use titian_proto::model::malformed::Malformed;

use super::lane_value;
use super::position::{Position, Turns};
use super::value::{Stored, no_road, read_json};

/// The table.
pub(crate) const LANES: &str = "outbox-lane/";

/// How far a lane to a peer has come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OutboxLane {
    /// The last envelope put in.
    #[serde(rename = "last_sequence")]
    pub last: Position,
    /// Its hash; [`Digest::ZERO`] when there is none.
    pub last_hash: Digest,
    /// Receipts for everything up to here are stored.
    pub settled_through: Position,
    /// The peer said that it has everything up to here on stable storage.
    pub stored_through: Position,
    /// No receipt is stored for anything after this.
    #[serde(default)]
    pub settled_last: Position,
    /// Where the chains of the lives of this database end and begin.
    #[serde(default)]
    pub turns: Turns,
}

impl Stored for OutboxLane {
    const TABLE: &'static str = LANES;
    /// Version 1 was JSON. This one is written with every group of acts.
    const VERSION: u8 = 2;

    fn write(&self) -> Result<Bytes, Malformed> {
        let Self { last, last_hash, settled_through, stored_through, settled_last, turns } = self;
        Ok(lane_value::write(&[*last, *settled_through, *stored_through, *settled_last], last_hash, turns))
    }

    fn read(version: u8, body: Bytes) -> Result<Self, Malformed> {
        match version {
            1 => read_json::<Self>(&body).map(|lane| Self { settled_last: lane.last, ..lane }),
            2 => {
                let ([last, settled_through, stored_through, settled_last], last_hash, turns) = lane_value::read(&body)?;
                Ok(Self { last, last_hash, settled_through, stored_through, settled_last, turns })
            }
            other => Err(no_road(other)),
        }
    }
}

impl OutboxLane {
    /// A lane that nothing was put into.
    pub const EMPTY: Self = Self {
        last: Position::START,
        last_hash: Digest::ZERO,
        settled_through: Position::START,
        stored_through: Position::START,
        settled_last: Position::START,
        turns: Turns::NONE,
    };

    /// Envelopes without a receipt.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.turns.count(self.settled_through, self.last)
    }
}
