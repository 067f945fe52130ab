//! Two nodes, one link, and everything that may happen between them: a state machine whose every path is walked.
//!
//! What was sent stays in the air for ever: it may arrive late, twice, in any order, over a new stream or on a stick, or never. What is said about a
//! stream (hello, stored) dies with it. A node works on what it has written; a crash takes away what it has not synced. Where no crash is in the
//! budget, every write is synced at once: nobody could tell the difference.

use std::collections::BTreeSet;

use crate::fault::Fault;
use crate::node::{Entry, Envelope, Lane, Outcome, Position, Receiver, Sender, Transfer};

/// How often each thing may happen on one path: the bounds of the search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    pub(crate) puts: u8,
    pub(crate) sessions: u8,
    pub(crate) sender_crashes: u8,
    pub(crate) receiver_crashes: u8,
    pub(crate) sender_restores: u8,
    pub(crate) receiver_restores: u8,
    /// Every write is synced at once.
    pub(crate) syncs_at_once: bool,
}

/// A database: as it runs, as the disk has it, and as it was when somebody made a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Node<D> {
    pub(crate) written: D,
    pub(crate) synced: D,
    backup: Option<D>,
}

impl<D: Clone + PartialEq> Node<D> {
    fn sync(&mut self) -> bool {
        let changed = self.written != self.synced;
        self.synced = self.written.clone();
        changed
    }

    fn crash(&mut self) {
        self.written = self.synced.clone();
    }

    fn restore(&mut self) -> bool {
        let Some(backup) = self.backup.clone() else { return false };
        (self.written, self.synced) = (backup.clone(), backup);
        true
    }
}

/// What is in the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Message {
    Delivery(Envelope),
    Receipt { lane: Lane, position: Position, outcome: Outcome },
}

/// A stream: how far the sender has sent each lane.
type Sent = [Position; 2];

/// The world in one moment. What stands below `air` is nobody's knowledge: it is kept to judge by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) sender: Node<Sender>,
    pub(crate) receiver: Node<Receiver>,
    pub(crate) session: Option<Sent>,
    /// The receiver was restored and has not heard the peer's hello since.
    pub(crate) waits_for_hello: bool,
    pub(crate) air: BTreeSet<Message>,
    pub(crate) left: Budget,
    /// What the receiver applied since its last sync.
    unsynced: Vec<Transfer>,
    /// What people were told of, as often as they were.
    pub(crate) acted: Vec<Transfer>,
    /// Puts that staff hold an acknowledgement for.
    pub(crate) acknowledged: BTreeSet<Transfer>,
    /// What the receiver had answered when it was restored, and the sender has no receipt for on its disk: nobody remembers it.
    pub(crate) forgotten: BTreeSet<Transfer>,
    /// A body left after the withdrawal was decided.
    pub(crate) leaked: bool,
    pub(crate) sender_was_restored: bool,
    pub(crate) receiver_was_restored: bool,
    puts_made: u8,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Put,
    Withdraw,
    SyncSender,
    SyncReceiver,
    Connect,
    Cut,
    Send(Lane),
    Arrive(Message),
    Answer,
    CrashSender,
    CrashReceiver,
    BackUpSender,
    BackUpReceiver,
    RestoreSender,
    RestoreReceiver,
}

impl World {
    /// Every step that could be taken now; some of them change nothing.
    pub(crate) fn steps(&self) -> Vec<Step> {
        use Step as S;
        let mut steps = vec![S::Put, S::Withdraw, S::SyncSender, S::SyncReceiver, S::Connect, S::Cut, S::Answer];
        steps.extend([S::CrashSender, S::CrashReceiver, S::BackUpSender, S::BackUpReceiver, S::RestoreSender, S::RestoreReceiver]);
        steps.extend(Lane::ALL.map(S::Send));
        steps.extend(self.air.iter().copied().map(S::Arrive));
        steps
    }

    /// Takes a step; says whether it could be taken.
    pub(crate) fn take(&mut self, step: Step, fault: Option<Fault>) -> bool {
        let taken = self.take_alone(step, fault);
        if taken && self.left.syncs_at_once {
            self.sync_sender();
            self.sync_receiver();
        }
        taken
    }

    fn take_alone(&mut self, step: Step, fault: Option<Fault>) -> bool {
        match step {
            Step::Put => self.put(),
            Step::Withdraw => self.withdraw(fault),
            Step::SyncSender => self.sync_sender(),
            Step::SyncReceiver => self.sync_receiver(),
            Step::Connect => spend(&mut self.left.sessions) && self.connect(fault),
            Step::Cut => self.session.is_some() && self.cut(),
            Step::Send(lane) => self.send(lane, fault).is_some(),
            Step::Arrive(message) => self.arrive(message, fault),
            Step::Answer => self.answer(fault),
            Step::CrashSender => spend(&mut self.left.sender_crashes) && self.crash_sender(),
            Step::CrashReceiver => spend(&mut self.left.receiver_crashes) && self.crash_receiver(),
            Step::BackUpSender => self.left.sender_restores > 0 && back_up(&mut self.sender),
            Step::BackUpReceiver => self.left.receiver_restores > 0 && back_up(&mut self.receiver),
            Step::RestoreSender => spend(&mut self.left.sender_restores) && self.restore_sender(fault),
            Step::RestoreReceiver => spend(&mut self.left.receiver_restores) && self.restore_receiver(),
        }
    }

    fn put(&mut self) -> bool {
        let transfer = Transfer::Put(self.puts_made);
        let possible = spend(&mut self.left.puts) && self.sender.written.put(transfer);
        self.puts_made += u8::from(possible);
        possible
    }

    fn withdraw(&mut self, fault: Option<Fault>) -> bool {
        let possible = self.puts_made > 0 && !self.sender.written.withdrawn;
        if possible {
            self.sender.written.withdraw(fault);
        }
        possible
    }

    fn sync_sender(&mut self) -> bool {
        let changed = self.sender.sync();
        self.acknowledged.extend(self.sender.synced.entries(Lane::Shares).iter().map(|entry| entry.transfer));
        changed
    }

    fn sync_receiver(&mut self) -> bool {
        self.acted.append(&mut self.unsynced);
        self.acted.sort_unstable();
        self.receiver.sync()
    }

    /// Both say hello: the receiver how far it is, the sender what it has receipts for. A restored receiver hears what it had answered.
    fn connect(&mut self, fault: Option<Fault>) -> bool {
        if self.session.is_some() {
            return false;
        }
        let stored = Lane::ALL.map(|lane| self.receiver.synced.cursor(lane));
        self.session = Some(stored);
        if self.waits_for_hello {
            self.waits_for_hello = false;
            self.return_receipts(fault);
        }
        true
    }

    fn return_receipts(&mut self, fault: Option<Fault>) {
        for lane in Lane::ALL {
            for Entry { position, receipt, .. } in self.sender.synced.entries(lane) {
                if let (Some(outcome), true) = (receipt, fault != Some(Fault::NothingReturned)) {
                    self.receiver.written.returned.insert((lane, *position), *outcome);
                }
            }
        }
        // A hello is answered when what it said is on stable storage.
        self.receiver.sync();
    }

    fn cut(&mut self) -> bool {
        self.session = None;
        true
    }

    /// Sends the next envelope that is on stable storage, as it now is.
    fn send(&mut self, lane: Lane, fault: Option<Fault>) -> Option<()> {
        let sent = &mut self.session.as_mut()?[lane as usize];
        let next = self.sender.written.next_after(lane, *sent)?;
        let is_synced = self.sender.synced.next_after(lane, *sent).is_some();
        if !is_synced && fault != Some(Fault::SentBeforeSync) {
            return None;
        }
        *sent = next.position;
        let Entry { position, after, transfer, open, receipt: _ } = *next;
        self.leaked |= open && transfer.is_withdrawn_by_her() && self.sender.written.withdrawn;
        self.air.insert(Message::Delivery(Envelope { lane, position, after, transfer, open }));
        Some(())
    }

    /// Nothing was heard for a while: everything after what is stored is sent again.
    fn go_back(&mut self, lane: Lane) {
        let stored = self.receiver.synced.cursor(lane);
        if let Some(sent) = &mut self.session {
            sent[lane as usize] = stored.min(sent[lane as usize]);
        }
    }

    fn arrive(&mut self, message: Message, fault: Option<Fault>) -> bool {
        match message {
            Message::Delivery(_) if self.waits_for_hello && fault != Some(Fault::BundleBeforeHello) => false,
            Message::Delivery(envelope) => {
                let before = self.receiver.written.clone();
                let acted = self.receiver.written.take(envelope, fault);
                self.unsynced.extend(acted);
                acted.is_some() || before != self.receiver.written
            }
            Message::Receipt { lane, position, outcome } => {
                let before = self.sender.written.clone();
                self.sender.written.settle(lane, position, outcome);
                before != self.sender.written
            }
        }
    }

    /// Answers everything that is on stable storage with the receipts that the sender does not have; how far it is stored is said along with them.
    fn answer(&mut self, fault: Option<Fault>) -> bool {
        let known = if fault == Some(Fault::AcknowledgedBeforeSync) { &self.receiver.written } else { &self.receiver.synced };
        let before = self.air.len();
        let wanted = |lane, position| self.session.is_some() && !self.sender.synced.has_receipt(lane, position);
        let receipts = known.receipts.iter().filter(|((lane, position), _)| wanted(*lane, *position));
        self.air.extend(receipts.map(|((lane, position), outcome)| Message::Receipt {
            lane: *lane,
            position: *position,
            outcome: *outcome,
        }));
        before != self.air.len()
    }

    fn crash_sender(&mut self) -> bool {
        self.sender.crash();
        self.cut()
    }

    fn crash_receiver(&mut self) -> bool {
        self.receiver.crash();
        self.unsynced.clear();
        self.cut()
    }

    fn restore_sender(&mut self, fault: Option<Fault>) -> bool {
        let life = self.sender.synced.life + 1;
        if !self.sender.restore() {
            return false;
        }
        self.sender.written.begin_a_new_life(life, fault);
        self.sender.sync();
        self.sender_was_restored = true;
        self.cut()
    }

    fn restore_receiver(&mut self) -> bool {
        let answered = self.receiver.synced.receipts.clone();
        if !self.receiver.restore() {
            return false;
        }
        for lane in Lane::ALL {
            let alone = self.sender.synced.entries(lane).iter().filter(|entry| entry.receipt.is_none());
            self.forgotten.extend(alone.filter(|entry| answered.contains_key(&(lane, entry.position))).map(|entry| entry.transfer));
        }
        self.unsynced.clear();
        (self.waits_for_hello, self.receiver_was_restored) = (true, true);
        self.cut()
    }

    /// The line heals: nothing fails any more, and whatever was in the air is lost. Gives the world when both nodes have come to rest.
    pub(crate) fn healed(&self, again: Again, fault: Option<Fault>) -> Self {
        let mut world = self.clone();
        world.air.clear();
        if again == Again::OnANewStream || world.session.is_none() {
            world.cut();
            world.connect(fault);
        }
        loop {
            let mut moved = world.sync_sender();
            for lane in Lane::ALL {
                world.go_back(lane);
                while world.send(lane, fault).is_some() {}
                moved |= world.air_arrives(fault);
                moved |= world.sync_receiver();
                world.answer(fault);
                moved |= world.air_arrives(fault);
            }
            if !moved {
                return world;
            }
        }
    }

    fn air_arrives(&mut self, fault: Option<Fault>) -> bool {
        let air = std::mem::take(&mut self.air);
        air.into_iter().fold(false, |moved, message| self.arrive(message, fault) | moved)
    }
}

/// How the two go on when nothing fails any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    OnTheSameStream,
    OnANewStream,
}

fn spend(left: &mut u8) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}

fn back_up<D: Clone + PartialEq>(node: &mut Node<D>) -> bool {
    let first = node.backup.is_none();
    node.backup.get_or_insert_with(|| node.synced.clone());
    first
}

/// Whether nothing at all has happened: the first state.
pub(crate) fn begin(left: Budget) -> World {
    World { left, ..World::default() }
}
