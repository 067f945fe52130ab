//! What a node's disk says about what went over its links. The only place of the world that knows how the store counts it.

use bytes::Bytes;
use titian_proto::envelope::{Header, Lane, Receipt, envelope_hash};
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::wire;
use titian_server::store::{InboxTable as _, OutboxTable as _, Read};

/// Hash of the envelope that stands in the outbox where this header says that it stands.
pub fn sent_hash(disk: &impl Read, header: &Header) -> Option<Digest> {
    Some(disk.sent(&header.recipient, header.lane, header.link_sequence).ok()??.hash)
}

/// Hash of the envelope that this receipt answers, as it was received.
pub fn received_hash(disk: &impl Read, receipt: &Receipt) -> Option<Digest> {
    disk.received_hash(&receipt.sender, receipt.lane, receipt.link_sequence).ok()?
}

/// Whether everything up to here was received from a peer.
pub fn has_received(disk: &impl Read, from: &NodeId, lane: Lane, cursor: u64) -> bool {
    cursor <= disk.inbox_lane(from, lane).map_or(0, |lane| lane.applied_through)
}

/// How far a hello says that a lane is stored.
pub fn cursor_of(cursor: &wire::LaneCursor) -> u64 {
    cursor.stored_through
}

/// Whether everything that one node has put in for another was received there.
pub fn is_read(sender: &impl Read, receiver: &impl Read, from: &NodeId, to: &NodeId) -> bool {
    Lane::ALL.iter().all(|lane| {
        let sent = sender.outbox_lane(to, *lane).map_or(0, |lane| lane.last_sequence);
        let received = receiver.inbox_lane(from, *lane).map_or(0, |lane| lane.applied_through);
        sent == received
    })
}

/// Whether a node waits for receipts of another.
pub fn is_waiting(sender: &impl Read, to: &NodeId) -> bool {
    sender.queued_count(to).is_ok_and(|queued| queued > 0)
}

/// Headers of everything that was received from a peer, with their hashes.
pub fn received(disk: &impl Read, from: &NodeId) -> Vec<(Digest, Header)> {
    let mut headers = Vec::new();
    for lane in Lane::ALL {
        let through = disk.inbox_lane(from, *lane).map_or(0, |lane| lane.applied_through);
        for sequence in 1..=through {
            let envelope = disk.evidence(from, *lane, sequence).ok().flatten().and_then(|delivery| delivery.envelope);
            headers.extend(envelope.and_then(|envelope| Some((envelope_hash(&envelope.header), Header::parse(&envelope.header).ok()?))));
        }
    }
    headers
}

/// Bodies that wait for a receipt.
pub fn waiting_bodies(disk: &impl Read, to: &NodeId) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    for lane in Lane::ALL {
        let Ok(state) = disk.outbox_lane(to, *lane) else { continue };
        for sequence in state.settled_through + 1..=state.last_sequence {
            bodies.extend(disk.sent(to, *lane, sequence).ok().flatten().map(|sent| sent.body));
        }
    }
    bodies
}
