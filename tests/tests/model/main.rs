//! Every path of a small world: a link between two nodes, a withdrawal that overtakes, crashes, restores from a backup. What is promised holds in
//! each of its states; and each deliberate mistake of `fault.rs` breaks a promise by name, so the model would notice.
#![allow(clippy::panic, clippy::expect_used, clippy::print_stderr, reason = "a failing check is a failing test; the counts are for people")]

mod fault;
mod link;
mod node;

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Mutex;
use std::time::Instant;

use fault::Fault;
use link::{Again, Budget, Message, Step, World, begin};
use node::{Envelope, Lane, Outcome, Transfer};
use stateright::{Checker, HasDiscoveries, Model, Property};

/// The promises, by name.
const STORED: &str = "acknowledged is on stable storage";
const ONCE: &str = "nobody is told twice";
const ONE_BODY: &str = "no place of a chain has two envelopes";
const ONE_RECEIPT: &str = "an envelope has one receipt, for ever";
const NOTHING_LEAVES: &str = "no body leaves after the withdrawal was decided";
const ARRIVES: &str = "when the line heals, everything is answered, and nothing withdrawn is readable";

/// All of them.
const PROMISES: [&str; 6] = [STORED, ONCE, ONE_BODY, ONE_RECEIPT, NOTHING_LEAVES, ARRIVES];

/// Nothing of anything.
const NOTHING: Budget =
    Budget { puts: 0, sessions: 0, sender_crashes: 0, receiver_crashes: 0, sender_restores: 0, receiver_restores: 0, syncs_at_once: false };
/// Both nodes crash.
const CRASHES: Budget = Budget { puts: 2, sessions: 2, sender_crashes: 1, receiver_crashes: 1, ..NOTHING };
/// The sender comes back from a backup.
const SENDER_RESTORED: Budget = Budget { puts: 2, sessions: 2, sender_restores: 1, syncs_at_once: true, ..NOTHING };
/// The receiver comes back from a backup.
const RECEIVER_RESTORED: Budget = Budget { puts: 2, sessions: 2, receiver_restores: 1, syncs_at_once: true, ..NOTHING };

/// The world within a budget, with or without a mistake.
struct Link {
    budget: Budget,
    fault: Option<Fault>,
    /// What becomes of a world does not depend on what is in its air; so it is worked out once for each that differs otherwise.
    known_to_rest: Mutex<HashMap<u64, bool>>,
}

impl Link {
    fn rests(&self, world: &World) -> bool {
        let mut hasher = DefaultHasher::new();
        (&world.sender, &world.receiver, &world.session, world.waits_for_hello).hash(&mut hasher);
        let number = hasher.finish();
        let known = self.known_to_rest.lock().expect("no thread panics with it").get(&number).copied();
        known.unwrap_or_else(|| {
            let answer = rests(world, self.fault);
            self.known_to_rest.lock().expect("no thread panics with it").insert(number, answer);
            answer
        })
    }
}

impl Model for Link {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![begin(self.budget)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        steps.extend(world.steps());
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        let mut next = world.clone();
        next.take(step, self.fault).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(STORED, |_, world| stored(world)),
            Property::always(ONCE, |_, world| once(world)),
            Property::always(ONE_BODY, |_, world| one_body(world)),
            Property::always(ONE_RECEIPT, |_, world| one_receipt(world)),
            Property::always(NOTHING_LEAVES, |_, world: &World| !world.leaked),
            Property::always(ARRIVES, |link: &Self, world| link.rests(world)),
        ]
    }
}

/// What staff and the peer were told is on disk, unless somebody put an older disk in its place.
fn stored(world: &World) -> bool {
    let kept = |transfer: &Transfer| world.sender.synced.entries(Lane::Shares).iter().any(|entry| entry.transfer == *transfer);
    let by_sender = world.sender_was_restored || world.acknowledged.iter().all(kept);
    let disk = &world.receiver.synced;
    let heard = |message: &Message| match message {
        Message::Receipt { lane, position, .. } => disk.cursor(*lane) >= *position,
        Message::Delivery(_) => true,
    };
    by_sender && (world.receiver_was_restored || world.air.iter().all(heard))
}

/// A restored receiver acts again on what nobody remembers that it did; on nothing else.
fn once(world: &World) -> bool {
    let twice = world.acted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    twice.into_iter().all(|transfer| world.forgotten.contains(&transfer))
}

fn one_body(world: &World) -> bool {
    let mut seen = BTreeMap::new();
    world.air.iter().all(|message| match message {
        Message::Delivery(Envelope { lane, position, transfer, .. }) => *seen.entry((lane, position)).or_insert(transfer) == transfer,
        Message::Receipt { .. } => true,
    })
}

fn one_receipt(world: &World) -> bool {
    let mut seen: BTreeMap<_, Outcome> = BTreeMap::new();
    let forgotten = |lane: Lane, position| {
        let its = world.air.iter().find_map(|message| match message {
            Message::Delivery(envelope) if envelope.lane == lane && envelope.position == position => Some(envelope.transfer),
            _ => None,
        });
        its.is_some_and(|transfer| world.forgotten.contains(&transfer))
    };
    world.air.iter().all(|message| match message {
        Message::Receipt { lane, position, outcome } => {
            seen.insert((*lane, *position), *outcome).is_none_or(|other| other == *outcome) || forgotten(*lane, *position)
        }
        Message::Delivery(_) => true,
    })
}

/// However the two go on when nothing fails any more: when both have come to rest, this holds.
fn rests(world: &World, fault: Option<Fault>) -> bool {
    let holds = |again| {
        let healed = world.healed(again, fault);
        arrived(&healed) && nothing_stays(&healed)
    };
    holds(Again::OnANewStream) && (world.session.is_none() || holds(Again::OnTheSameStream))
}

/// Everything in the outbox has its receipt, and what was not withdrawn is readable.
fn arrived(world: &World) -> bool {
    let outbox = Lane::ALL.into_iter().flat_map(|lane| world.sender.synced.entries(lane));
    let mut entries = outbox.into_iter();
    entries.all(|entry| {
        let readable = world.receiver.synced.held.contains(&entry.transfer);
        let needs_to_be = matches!(entry.transfer, Transfer::Put(_)) && !entry.transfer.is_withdrawn_by_her();
        entry.receipt.is_some() && (readable || !needs_to_be)
    })
}

/// Once either union knows of the withdrawal, the other one does, and holds nothing of hers.
fn nothing_stays(world: &World) -> bool {
    let known = world.sender.synced.withdrawn || world.receiver.synced.tombstone;
    !known || (world.receiver.synced.tombstone && !world.receiver.synced.held.iter().any(|held| held.is_withdrawn_by_her()))
}

/// Walks every path, or until one of these promises is broken; gives the name of the one that was, and tells how many states there were.
fn walk(budget: Budget, fault: Option<Fault>, until: &[&'static str]) -> Option<&'static str> {
    let start = Instant::now();
    let link = Link { budget, fault, known_to_rest: Mutex::default() };
    let until = HasDiscoveries::AnyOf(until.iter().copied().collect());
    let checker = link.checker().threads(2).finish_when(until.clone()).spawn_bfs().join();
    let broken = checker.discoveries().into_iter().find(|(name, _)| matches!(&until, HasDiscoveries::AnyOf(names) if names.contains(name)));
    let (states, depth, name) = (checker.unique_state_count(), checker.max_depth(), broken.as_ref().map(|(name, _)| *name));
    eprintln!("{fault:?}, {budget:?}: {states} states, {depth} steps deep, in {:?}; broken: {name:?}", start.elapsed());
    if let (Some((name, path)), None) = (&broken, fault) {
        eprintln!("{name}: {:?}", path.clone().into_actions());
    }
    name
}

/// One more put, for whoever has the time.
fn longer(budget: Budget) -> Budget {
    let more = u8::from(std::env::var_os("TITIAN_LONG").is_some());
    Budget { puts: budget.puts + more, ..budget }
}

#[test]
fn nothing_is_lost_doubled_or_overshared_when_both_nodes_crash() {
    assert_eq!(walk(longer(CRASHES), None, &PROMISES), None);
}

#[test]
fn a_restored_sender_reuses_no_sequence_and_sends_what_it_still_has() {
    assert_eq!(walk(longer(SENDER_RESTORED), None, &PROMISES), None);
}

#[test]
fn a_restored_receiver_gets_back_what_it_lost_and_acts_on_nothing_twice() {
    assert_eq!(walk(longer(RECEIVER_RESTORED), None, &PROMISES), None);
}

#[test]
fn every_mistake_breaks_a_promise_by_name() {
    // Given one forgotten line, when the same paths are walked, then the promise that it is about is broken
    let mistakes = [
        (Fault::AcknowledgedBeforeSync, CRASHES, &[STORED][..]),
        (Fault::SentBeforeSync, CRASHES, &[ONE_BODY]),
        (Fault::NoDedupe, CRASHES, &[ONCE]),
        (Fault::GapTaken, CRASHES, &[ARRIVES]),
        (Fault::NoPurge, CRASHES, &[NOTHING_LEAVES]),
        (Fault::NoTombstone, CRASHES, &[ARRIVES]),
        (Fault::SameLifeAfterRestore, SENDER_RESTORED, &[ONE_BODY]),
        (Fault::LifeBeginsAnywhere, SENDER_RESTORED, &[ARRIVES]),
        (Fault::RemainderForgotten, SENDER_RESTORED, &[ARRIVES]),
        (Fault::NothingReturned, RECEIVER_RESTORED, &[ONCE]),
        (Fault::BundleBeforeHello, RECEIVER_RESTORED, &[ONCE]),
    ];
    for (mistake, budget, promises) in mistakes {
        let broken = walk(budget, Some(mistake), promises);
        assert!(broken.is_some(), "{mistake:?} broke none of {promises:?}");
    }
}
