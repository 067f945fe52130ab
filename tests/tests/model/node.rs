//! What the two nodes hold, and what each write does to it. Everything here is the rule; what may happen when is the link's (`link.rs`).

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::Fault;

/// A place in the chain of one life of a database: `(life, sequence)`. Lives are epochs in the order in which they were.
pub(crate) type Position = (u8, u8);

/// Before the first envelope.
pub(crate) const START: Position = (0, 0);

/// The two lanes that the model needs: one overtakes the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Lane {
    Safety,
    Shares,
}

impl Lane {
    pub(crate) const ALL: [Self; 2] = [Self::Safety, Self::Shares];
}

/// One thing that was decided at the sender: a record put into a share, or the withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Transfer {
    /// Puts are of two workers in turn; the even ones are hers who withdraws.
    Put(u8),
    /// Her withdrawal, as decided in this life of the sender's database.
    Withdrawal(u8),
}

impl Transfer {
    /// Whether the withdrawal is about it.
    pub(crate) fn is_withdrawn_by_her(self) -> bool {
        matches!(self, Self::Put(number) if number % 2 == 0)
    }
}

/// What the receiver answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Outcome {
    Applied,
    Refused,
    Purged,
}

/// An envelope in the sender's outbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) position: Position,
    /// The place of the envelope before it: where a life begins, the end of what the backup still knew.
    pub(crate) after: Position,
    pub(crate) transfer: Transfer,
    /// Its body is still there.
    pub(crate) open: bool,
    pub(crate) receipt: Option<Outcome>,
}

/// The sender's database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Sender {
    pub(crate) life: u8,
    pub(crate) outbox: BTreeMap<Lane, Vec<Entry>>,
    pub(crate) withdrawn: bool,
}

impl Sender {
    pub(crate) fn entries(&self, lane: Lane) -> &[Entry] {
        self.outbox.get(&lane).map_or(&[], Vec::as_slice)
    }

    /// Puts a record into the share. The gate refuses what is withdrawn.
    pub(crate) fn put(&mut self, transfer: Transfer) -> bool {
        if self.withdrawn && transfer.is_withdrawn_by_her() {
            return false;
        }
        self.queue(Lane::Shares, transfer);
        true
    }

    /// One write: the withdrawal is decided, its envelope is queued, and what waits loses its body.
    pub(crate) fn withdraw(&mut self, fault: Option<Fault>) {
        self.withdrawn = true;
        self.queue(Lane::Safety, Transfer::Withdrawal(self.life));
        if fault == Some(Fault::NoPurge) {
            return;
        }
        for entry in self.outbox.entry(Lane::Shares).or_default() {
            entry.open &= !entry.transfer.is_withdrawn_by_her();
        }
    }

    /// Notes a receipt. One that came before is the same.
    pub(crate) fn settle(&mut self, lane: Lane, position: Position, outcome: Outcome) {
        if let Some(entry) = self.outbox.entry(lane).or_default().iter_mut().find(|entry| entry.position == position) {
            entry.receipt.get_or_insert(outcome);
        }
    }

    /// The first envelope after a place.
    pub(crate) fn next_after(&self, lane: Lane, position: Position) -> Option<&Entry> {
        self.entries(lane).iter().find(|entry| entry.position > position)
    }

    /// Whether the receipt of this place is there, or nothing at this place is known any more.
    pub(crate) fn has_receipt(&self, lane: Lane, position: Position) -> bool {
        self.entries(lane).iter().find(|entry| entry.position == position).is_none_or(|entry| entry.receipt.is_some())
    }

    /// After a restore: the old chain is never continued, what is left of it is still sent.
    pub(crate) fn begin_a_new_life(&mut self, life: u8, fault: Option<Fault>) {
        if fault != Some(Fault::SameLifeAfterRestore) {
            self.life = life;
        }
        if fault == Some(Fault::RemainderForgotten) {
            self.outbox.values_mut().for_each(|lane| lane.retain(|entry| entry.receipt.is_some()));
        }
    }

    fn queue(&mut self, lane: Lane, transfer: Transfer) {
        let entries = self.outbox.entry(lane).or_default();
        let after = entries.last().map_or(START, |last| last.position);
        let sequence = if after.0 == self.life { after.1 + 1 } else { 1 };
        entries.push(Entry { position: (self.life, sequence), after, transfer, open: true, receipt: None });
    }
}

/// The receiver's database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Receiver {
    pub(crate) cursors: BTreeMap<Lane, Position>,
    pub(crate) receipts: BTreeMap<(Lane, Position), Outcome>,
    /// What it answered before it was restored, as the peer told it.
    pub(crate) returned: BTreeMap<(Lane, Position), Outcome>,
    /// Puts that are readable.
    pub(crate) held: BTreeSet<Transfer>,
    /// She withdrew: nothing of hers is ever taken again.
    pub(crate) tombstone: bool,
}

/// An envelope as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Envelope {
    pub(crate) lane: Lane,
    pub(crate) position: Position,
    pub(crate) after: Position,
    pub(crate) transfer: Transfer,
    pub(crate) open: bool,
}

/// What a write of the receiver means outside of it: a transfer that somebody is told of.
pub(crate) type Acted = Option<Transfer>;

impl Receiver {
    pub(crate) fn cursor(&self, lane: Lane) -> Position {
        self.cursors.get(&lane).copied().unwrap_or(START)
    }

    /// Takes in an envelope, if it is the next one of its lane: the one after the last, or the first of a later life that begins behind what is here.
    pub(crate) fn take(&mut self, envelope: Envelope, fault: Option<Fault>) -> Acted {
        let Envelope { lane, position, after, transfer, open } = envelope;
        let cursor = self.cursor(lane);
        let begins_a_life = position.0 > cursor.0 && position.1 == 1;
        let is_next = if begins_a_life { after <= cursor } else { position == (cursor.0, cursor.1 + 1) };
        let is_known = position <= cursor;
        let taken = is_next
            || (is_known && fault == Some(Fault::NoDedupe))
            || (!is_known && fault == Some(Fault::GapTaken))
            || (begins_a_life && fault == Some(Fault::LifeBeginsAnywhere));
        if !taken {
            return None;
        }
        self.cursors.insert(lane, position.max(cursor));
        let returned = self.returned.get(&(lane, position)).copied();
        let (outcome, acted) = self.apply(transfer, open, fault);
        self.receipts.insert((lane, position), returned.unwrap_or(outcome));
        if returned.is_some() { None } else { acted }
    }

    fn apply(&mut self, transfer: Transfer, open: bool, fault: Option<Fault>) -> (Outcome, Acted) {
        match transfer {
            Transfer::Withdrawal(_) => {
                self.tombstone = true;
                self.held.retain(|held| !held.is_withdrawn_by_her());
                (Outcome::Applied, Some(transfer))
            }
            Transfer::Put(_) if !open => (Outcome::Purged, None),
            Transfer::Put(_) if self.tombstone && transfer.is_withdrawn_by_her() && fault != Some(Fault::NoTombstone) => {
                (Outcome::Refused, None)
            }
            Transfer::Put(_) => {
                self.held.insert(transfer);
                (Outcome::Applied, Some(transfer))
            }
        }
    }
}
