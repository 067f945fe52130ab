//! What a node's disk says about what went over its links. The only place of the world that knows how the store counts it.

use std::collections::BTreeSet;

use bytes::Bytes;
use titian_proto::envelope::{Header, Lane, Receipt, envelope_hash};
use titian_proto::model::id::{Digest, Epoch, NodeId};
use titian_server::store::{EpochTable as _, InboxLane, InboxTable as _, OutboxLane, OutboxTable as _, Position, Read, View};

/// Hash of the envelope that stands in the outbox where this header says that it stands.
pub fn sent_hash(disk: &impl Read, header: &Header) -> Option<Digest> {
    let position = place(&disk.own_epochs().ok()?, header.sender_epoch, header.link_sequence)?;
    Some(disk.sent(&header.recipient, header.lane, position).ok()??.hash)
}

/// Whether the envelope that this receipt answers was received, in whatever life of its sender.
pub fn has_answered(disk: &impl Read, receipt: &Receipt) -> bool {
    let lives = disk.peer_epochs(&receipt.sender).map_or(0, |epochs| epochs.len());
    let mut places = (0..lives).filter_map(|life| Some(Position::new(u32::try_from(life).ok()?, receipt.link_sequence)));
    places.any(|place| disk.received_hash(&receipt.sender, receipt.lane, place).is_ok_and(|hash| hash == Some(receipt.envelope_hash)))
}

/// Whether everything up to a sequence in the chain of an epoch was received from a peer. No epoch: its newest.
pub fn has_received(disk: &impl Read, from: &NodeId, lane: Lane, epoch: &[u8], sequence: u64) -> bool {
    if sequence == 0 {
        return true;
    }
    let epochs = disk.peer_epochs(from).unwrap_or_default();
    let Some(epoch) = Epoch::from_wire(epoch).ok().or(epochs.last().copied()) else { return false };
    place(&epochs, epoch, sequence).is_some_and(|told| told <= inbox(disk, from, lane).applied_through)
}

/// Whether everything that one node has put in for another was received there, as far as the one still knows of it.
pub fn is_read(sender: &impl Read, receiver: &impl Read, from: &NodeId, to: &NodeId) -> bool {
    let (own, heard) = (sender.own_epochs().unwrap_or_default(), receiver.peer_epochs(from).unwrap_or_default());
    Lane::ALL.iter().all(|lane| {
        let last = outbox(sender, to, *lane).last;
        if last == Position::START {
            return true;
        }
        let epoch = usize::try_from(last.life()).ok().and_then(|life| own.get(life));
        let place = epoch.and_then(|epoch| place(&heard, *epoch, last.sequence()));
        let (sent, received) = (sender.sent(to, *lane, last), place.map(|place| receiver.received_hash(from, *lane, place)));
        matches!((sent, received), (Ok(Some(sent)), Some(Ok(Some(hash)))) if sent.hash == hash)
    })
}

/// Hashes of the envelopes for a peer whose receipts have come.
pub fn settled(disk: &impl Read, to: &NodeId) -> BTreeSet<Digest> {
    let mut settled = BTreeSet::new();
    for lane in Lane::ALL {
        let state = outbox(disk, to, *lane);
        for place in state.turns.places(Position::START, state.settled_through) {
            settled.extend(disk.sent(to, *lane, place).ok().flatten().map(|sent| sent.hash));
        }
    }
    settled
}

/// Whether a node waits for receipts of another.
pub fn is_waiting(sender: &impl Read, to: &NodeId) -> bool {
    sender.queued_count(to).is_ok_and(|queued| queued > 0)
}

/// Headers of everything that was received from a peer, with their hashes.
pub fn received(disk: &impl Read, from: &NodeId) -> Vec<(Digest, Header)> {
    let mut headers = Vec::new();
    for lane in Lane::ALL {
        let state = inbox(disk, from, *lane);
        for place in state.turns.places(Position::START, state.applied_through) {
            let envelope = disk.evidence(from, *lane, place).ok().flatten().and_then(|delivery| delivery.envelope);
            headers.extend(envelope.and_then(|envelope| Some((envelope_hash(&envelope.header), Header::parse(&envelope.header).ok()?))));
        }
    }
    headers
}

/// Bodies that wait for a receipt.
pub fn waiting_bodies(disk: &impl Read, to: &NodeId) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    for lane in Lane::ALL {
        let state = outbox(disk, to, *lane);
        for place in state.turns.places(state.settled_through, state.last) {
            bodies.extend(disk.sent(to, *lane, place).ok().flatten().map(|sent| sent.body));
        }
    }
    bodies
}

/// Envelopes that were ever put in for a peer, over all lanes.
pub fn put_in(disk: &impl Read, to: &NodeId) -> usize {
    let lanes = Lane::ALL.iter().map(|lane| outbox(disk, to, *lane));
    lanes.map(|lane| lane.turns.places(Position::START, lane.last).count()).sum()
}

/// The receipts of a peer that stand at the envelopes of a lane.
pub fn receipts(view: &View, to: &NodeId, lane: Lane) -> Vec<Receipt> {
    let signed = view.settled_after(to, lane, Position::START, usize::MAX).unwrap_or_default();
    signed.iter().filter_map(|(_, signed)| Receipt::parse(&signed.receipt).ok()).collect()
}

fn outbox(disk: &impl Read, to: &NodeId, lane: Lane) -> OutboxLane {
    disk.outbox_lane(to, lane).unwrap_or(OutboxLane::EMPTY)
}

fn inbox(disk: &impl Read, from: &NodeId, lane: Lane) -> InboxLane {
    disk.inbox_lane(from, lane).unwrap_or(InboxLane::EMPTY)
}

fn place(epochs: &[Epoch], epoch: Epoch, sequence: u64) -> Option<Position> {
    let life = epochs.iter().position(|known| *known == epoch)?;
    Some(Position::new(u32::try_from(life).ok()?, sequence))
}
