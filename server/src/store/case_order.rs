//! The order of a case on a link. Each lane keeps its own order, and a case stays in the lane in which the peer still lacks something of it.

use bytes::Bytes;
use titian_proto::envelope::Lane;
use titian_proto::model::id::{CaseRef, NodeId};
use titian_proto::model::malformed::Malformed;

use super::error::StoreError;
use super::key::Key;
use super::lane_key::lane_byte;
use super::outbox::OutboxTable as _;
use super::position::Position;
use super::read::Read as _;
use super::unit::Unit;
use super::value::{Stored, no_road};

const CASES: &str = "case-sequence/";

/// Where the envelopes of one case on one link end: how many there were, and the last of them that keeps to their order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CaseTail {
    pub(crate) sequence: u64,
    pub(crate) last: Option<(Lane, Position)>,
}

impl Stored for CaseTail {
    const TABLE: &'static str = CASES;
    /// Version 1 was the count alone.
    const VERSION: u8 = 2;

    fn write(&self) -> Result<Bytes, Malformed> {
        let mut bytes = self.sequence.to_be_bytes().to_vec();
        if let Some((lane, position)) = self.last {
            bytes.push(lane_byte(lane));
            bytes.extend(position.number().to_be_bytes());
        }
        Ok(bytes.into())
    }

    fn read(version: u8, body: Bytes) -> Result<Self, Malformed> {
        let form = || Malformed::new("must be a count, and a lane and a place");
        let (sequence, rest) = body.split_first_chunk::<8>().ok_or_else(form)?;
        let sequence = u64::from_be_bytes(*sequence);
        match (version, rest.split_first()) {
            (1 | 2, None) => Ok(Self { sequence, last: None }),
            (2, Some((lane, position))) => {
                let position = <[u8; 8]>::try_from(position).map_err(|_| form())?;
                Ok(Self { sequence, last: Some((Lane::from_wire(i32::from(*lane))?, Position::of_number(u64::from_be_bytes(position)))) })
            }
            (1, Some(_)) => Err(form()),
            (other, _) => Err(no_road(other)),
        }
    }
}

impl Unit {
    /// Whether the peer has answered everything of a case that keeps to its order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_case_settled(&self, peer: &NodeId, case: CaseRef) -> Result<bool, StoreError> {
        match self.case_tail(peer, case)?.last {
            Some((lane, last)) => Ok(last <= self.outbox_lane(peer, lane)?.settled_through),
            None => Ok(true),
        }
    }

    /// Where the envelopes of a case on this link end.
    pub(crate) fn case_tail(&self, peer: &NodeId, case: CaseRef) -> Result<CaseTail, StoreError> {
        Ok(self.load(&case_key(peer, case))?.unwrap_or_default())
    }

    /// What passes before everything else changes nothing about the order of the rest.
    pub(crate) fn put_case_tail(&mut self, peer: &NodeId, case: CaseRef, tail: CaseTail, lane: Lane) -> Result<(), StoreError> {
        let last = if lane == Lane::Safety { self.case_tail(peer, case)?.last } else { tail.last };
        self.save(case_key(peer, case), &CaseTail { last, ..tail })
    }

    /// A case stays in the lane in which the peer still lacks something of it; else it takes the lane of the kind.
    pub(crate) fn lane_for(&self, peer: &NodeId, wanted: Lane, tail: Option<&CaseTail>) -> Result<Lane, StoreError> {
        let Some((lane, last)) = tail.and_then(|tail| tail.last) else { return Ok(wanted) };
        if wanted == Lane::Safety
            || lane == wanted
            || crate::mutant::is("break-the-order-of-a-case")
            || last <= self.outbox_lane(peer, lane)?.settled_through
        {
            return Ok(wanted);
        }
        Ok(lane)
    }
}

fn case_key(peer: &NodeId, case: CaseRef) -> Key {
    Key::of(CASES).text(peer.as_str()).id(&case.0)
}
