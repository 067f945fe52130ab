//! How far each lane is on stable storage: what a peer may be told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use titian_proto::model::id::NodeId;

use super::position::Position;

/// One lane of the link with one peer, by its number on the wire.
pub(crate) type Place = (NodeId, u8);

/// How far one group brought the lanes.
#[derive(Default)]
pub(crate) struct Marks {
    /// Last envelope put into each lane of the outbox.
    pub(crate) sent: HashMap<Place, Position>,
    /// Last receipt given in each lane of the inbox.
    pub(crate) answered: HashMap<Place, Position>,
}

/// What is durable. Moves forward only after a sync.
#[derive(Default)]
pub(crate) struct Durable(Mutex<Marks>);

impl Durable {
    pub(crate) fn raise(&self, marks: Marks) {
        let Marks { sent, answered } = marks;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.sent.extend(sent);
        held.answered.extend(answered);
    }

    pub(crate) fn sent(&self, place: &Place) -> Position {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.sent.get(place).copied().unwrap_or_default()
    }

    pub(crate) fn answered(&self, place: &Place) -> Position {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.answered.get(place).copied().unwrap_or_default()
    }
}
