//! Watches everything that leaves a node or is written on a disk, and holds it against what must hold at *any* time:
//!
//! - *no overshare*: a marked word leaves only while the worker, the agreement and the peer's standing allow it at the union that sends it, and is
//!   written elsewhere only while the union that receives it has not heard otherwise;
//! - *acknowledged means stored*: whatever a node says is on its disk already;
//! - *one story*: one place of a lane holds one envelope and one receipt for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use prost::Message as _;
use titian_proto::envelope::{Header, Lane, Receipt, envelope_hash};
use titian_proto::log::leaf::Leaf;
use titian_proto::model::id::{Digest, Epoch, NodeId, RecordId};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire::{self, frame};
use titian_server::store::LogTable as _;
use titian_server::store::engine::Pair;

use crate::disk::{Disk, Durable};
use crate::mailbox;
use crate::overshare::onlooker::Onlooker;
use crate::promise::Promise;
use crate::taint::{Taint, Taints};
use crate::trace::Trace;
use crate::union::{ANNEXED, NAMES};
use crate::word::{Moment, Words};

/// What somebody can allow or deny.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// A worker, to one union, one category.
    Consent(usize, usize, Category),
    /// A union's word about a peer.
    Peer(usize, usize),
    /// A union's word about its agreement with a peer.
    Agreement(usize, usize),
    /// What a union that holds something of a worker heard from her.
    Holding(usize, usize),
}

/// A day of the world's time.
const DAY: Moment = 24 * 3600 * 1000;

/// A place of a lane: from, to, epoch, lane, sequence.
type Place = (NodeId, NodeId, Epoch, Lane, u64);

/// The eyes of the world. Clones see the same.
#[derive(Clone)]
pub struct Watch(Arc<Mutex<Eyes>>);

/// What was seen.
pub struct Eyes {
    began: tokio::time::Instant,
    /// The story.
    pub trace: Trace,
    /// The marked words.
    pub taints: Taints,
    /// What each union's node acknowledged to its staff.
    pub promises: BTreeMap<usize, Vec<Promise>>,
    taken_away: BTreeSet<RecordId>,
    words: BTreeMap<Matter, Words>,
    /// Unions whose nodes came back with the store of an earlier day.
    pub restored: BTreeSet<usize>,
    /// Until when, by the world's own time, she has allowed a union something at most.
    allowed_until: BTreeMap<(usize, usize), Moment>,
    disks: BTreeMap<NodeId, Disk>,
    /// Who else looks, where a story has eyes of its own.
    pub onlooker: Option<Onlooker>,
    envelopes: BTreeMap<Place, Digest>,
    receipts: BTreeMap<Digest, Bytes>,
    /// How often somebody gave room for more.
    pub credits: usize,
    /// Envelopes and receipts that were sent once more.
    pub repeated: Repeated,
}

/// What was sent once more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Repeated {
    /// Envelopes.
    pub envelopes: usize,
    /// Receipts, each with the bytes it had before.
    pub receipts: usize,
}

impl Watch {
    /// Begins to watch.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Eyes {
            began: tokio::time::Instant::now(),
            trace: Trace::default(),
            taints: Taints::default(),
            promises: BTreeMap::new(),
            taken_away: BTreeSet::new(),
            words: BTreeMap::new(),
            restored: BTreeSet::new(),
            allowed_until: BTreeMap::new(),
            disks: BTreeMap::new(),
            onlooker: None,
            envelopes: BTreeMap::new(),
            receipts: BTreeMap::new(),
            credits: 0,
            repeated: Repeated::default(),
        })))
    }

    /// Looks at what was seen.
    pub fn eyes(&self) -> MutexGuard<'_, Eyes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on this disk is this node's.
    pub fn know(&self, node: &NodeId, disk: &Disk) {
        self.eyes().disks.insert(node.clone(), disk.clone());
    }

    /// Tells the story.
    pub fn line(&self, line: &str) {
        let mut eyes = self.eyes();
        let now = eyes.now();
        eyes.trace.line(now, line);
    }

    /// An invariant does not hold.
    pub fn violated(&self, invariant: &str, what: &str) {
        let mut eyes = self.eyes();
        let now = eyes.now();
        eyes.trace.violated(now, invariant, what);
    }

    /// A frame leaves a node.
    pub fn left(&self, from: &NodeId, to: &NodeId, frame: &wire::Frame) {
        let (disk, onlooker) = {
            let mut eyes = self.eyes();
            let now = eyes.now();
            eyes.trace.bytes(now, &frame.encode_to_vec());
            (eyes.disks.get(from).map(Disk::durable), eyes.onlooker.clone())
        };
        if let Some(onlooker) = onlooker {
            onlooker.left(place_of(from), place_of(to), frame);
        }
        let Some(disk) = disk else { return };
        match &frame.frame {
            Some(frame::Frame::Deliveries(wire::Deliveries { deliveries, .. })) => {
                for delivery in deliveries {
                    self.delivery_left(from, to, &disk, delivery);
                }
            }
            Some(frame::Frame::Receipts(wire::Receipts { receipts, .. })) => {
                for receipt in receipts {
                    self.receipt_left(from, to, &disk, receipt);
                }
            }
            Some(frame::Frame::Stored(stored)) => {
                if let Ok(lane) = Lane::from_wire(stored.lane) {
                    self.stored_said(from, to, &disk, lane, (&stored.epoch, stored.through));
                }
            }
            Some(frame::Frame::Credit(_)) => self.eyes().credits += 1,
            Some(frame::Frame::Hello(hello)) => {
                for cursor in &hello.received {
                    if let Ok(lane) = Lane::from_wire(cursor.lane) {
                        self.stored_said(from, to, &disk, lane, (&cursor.epoch, cursor.stored_through));
                    }
                }
            }
            _ => {}
        }
    }

    /// A frame arrives at a node.
    pub fn arrived(&self, _from: &NodeId, _to: &NodeId, bytes: &[u8]) {
        let mut eyes = self.eyes();
        let now = eyes.now();
        eyes.trace.bytes(now, bytes);
    }

    /// A batch is written on a node's disk.
    pub fn applied(&self, node: &NodeId, puts: &[Pair]) {
        let mut eyes = self.eyes();
        let (now, at) = (eyes.now(), place_of(node));
        if let Some(onlooker) = &eyes.onlooker {
            onlooker.stored(at, puts);
        }
        for (key, value) in puts {
            eyes.trace.bytes(now, key);
            eyes.trace.bytes(now, value);
            let taints: Vec<Taint> = eyes.taints.find(value).collect();
            if key.starts_with(b"log/") && !taints.is_empty() {
                eyes.trace.violated(now, "no overshare", "a record stands in a log");
            }
            for taint in taints.into_iter().filter(|taint| taint.home != at) {
                if let Some(reason) = eyes.why_not_stored(at, taint, now) {
                    eyes.trace.violated(now, "no overshare", &format!("{} stores {taint:?}, though {reason}", NAMES[at]));
                }
            }
        }
    }

    fn delivery_left(&self, from: &NodeId, to: &NodeId, disk: &Durable, delivery: &wire::Delivery) {
        let Some(envelope) = &delivery.envelope else { return };
        let Ok(header) = Header::parse(&envelope.header) else { return };
        let hash = envelope_hash(&envelope.header);
        let sent = mailbox::sent_hash(disk, &header);
        let logged = Leaf::parse(&delivery.leaf).ok().and_then(|leaf| disk.leaf(leaf.seq).ok().flatten());
        let mut eyes = self.eyes();
        let (now, sender, receiver) = (eyes.now(), place_of(from), place_of(to));
        if sent != Some(hash) || logged.is_none_or(|logged| logged != delivery.leaf) {
            eyes.trace.violated(now, "acknowledged means stored", &format!("{from} sends to {to} what its own disk may forget"));
        }
        let place = (from.clone(), to.clone(), header.sender_epoch, header.lane, header.link_sequence);
        eyes.repeated.envelopes += usize::from(eyes.envelopes.contains_key(&place));
        if *eyes.envelopes.entry(place).or_insert(hash) != hash {
            let what = format!("{from} sends two envelopes to {to} at {}/{}", header.lane, header.link_sequence);
            eyes.trace.violated(now, "one story", &what);
        }
        let taints: Vec<Taint> = eyes.taints.find(&envelope.body).collect();
        for taint in taints {
            if let Some(reason) = eyes.why_not_sent(sender, receiver, taint, now) {
                eyes.trace.violated(now, "no overshare", &format!("{from} sends {taint:?} to {to}, though {reason}"));
            }
        }
        let line = format!("{from} > {to} {} {}/{}", header.kind, header.lane, header.link_sequence);
        eyes.trace.line(now, &line);
    }

    fn receipt_left(&self, from: &NodeId, to: &NodeId, disk: &Durable, signed: &wire::SignedReceipt) {
        let Ok(receipt) = Receipt::parse(&signed.receipt) else { return };
        let (lane, sequence) = (receipt.lane, receipt.link_sequence);
        let stored = mailbox::has_answered(disk, &receipt);
        let bytes = Bytes::from(signed.encode_to_vec());
        let mut eyes = self.eyes();
        let now = eyes.now();
        if !stored {
            eyes.trace.violated(
                now,
                "acknowledged means stored",
                &format!("{from} signs for {lane}/{sequence} of {to} before it is stored"),
            );
        }
        eyes.repeated.receipts += usize::from(eyes.receipts.contains_key(&receipt.envelope_hash));
        let known = eyes.receipts.entry(receipt.envelope_hash).or_insert_with(|| bytes.clone()).clone();
        if known != bytes {
            eyes.trace.violated(now, "one story", &format!("{from} gives {to} two receipts for {lane}/{sequence}"));
        }
        let line = format!("{from} > {to} receipt {lane}/{sequence} {}", receipt.outcome);
        eyes.trace.line(now, &line);
    }

    fn stored_said(&self, from: &NodeId, to: &NodeId, disk: &Durable, lane: Lane, (epoch, through): (&[u8], u64)) {
        if !mailbox::has_received(disk, to, lane, epoch, through) {
            let what = format!("{from} tells {to} that {lane} is stored through {through}, and its disk may forget it");
            self.violated("acknowledged means stored", &what);
        }
    }
}

impl Eyes {
    /// A union's node has lost everything since a moment. Receipts that stand on no disk any more may be other ones when they are given again; what it was
    /// told counts no more, unless a peer heard of it.
    pub fn lost(&mut self, at: usize, since: Moment, answered: &BTreeSet<Digest>, is_known_elsewhere: impl Fn(&Matter) -> bool) {
        self.receipts.retain(|hash, _| answered.contains(hash));
        for (matter, words) in &mut self.words {
            let home = match matter {
                Matter::Consent(worker, ..) => self.taints.home_of(*worker),
                Matter::Peer(home, _) | Matter::Agreement(home, _) | Matter::Holding(home, _) => Some(*home),
            };
            if home == Some(at) && !is_known_elsewhere(matter) {
                words.forget_after(since);
            }
        }
        self.restored.insert(at);
    }

    /// Milliseconds since the world began.
    pub fn now(&self) -> Moment {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Everything that was said about a matter.
    pub fn words(&mut self, matter: Matter) -> &mut Words {
        let begins = !matches!(matter, Matter::Consent(..));
        self.words.entry(matter).or_insert_with(|| Words::beginning_with(begins))
    }

    /// A union's node acknowledged something to its staff.
    pub fn promised(&mut self, home: usize, promise: Promise) {
        if !self.is_taken_away(&promise) {
            self.promises.entry(home).or_default().push(promise);
        }
    }

    /// Whether a promise is about a record that may be gone.
    pub fn is_taken_away(&self, promise: &Promise) -> bool {
        matches!(promise, Promise::Record(_, record_id, _) if self.taken_away.contains(record_id))
    }

    /// A record may be taken away from now on: nobody is promised any more that it stays, not even by an answer that is on its way.
    pub fn forget(&mut self, home: usize, record_id: RecordId) {
        self.taken_away.insert(record_id);
        if let Some(promises) = self.promises.get_mut(&home) {
            promises.retain(|promise| !matches!(promise, Promise::Record(_, known, _) if *known == record_id));
        }
    }

    /// A worker allows a union something for so many days from now on, whatever the clocks of the nodes say.
    pub fn allows_for(&mut self, worker: usize, to: usize, days: u32) {
        let until = self.now() + u64::from(days) * DAY;
        let known = self.allowed_until.entry((worker, to)).or_default();
        *known = until.max(*known);
    }

    fn denied(&self, matter: Matter, now: Moment) -> bool {
        let unsaid = matches!(matter, Matter::Consent(..));
        self.words.get(&matter).map_or(unsaid, |words| words.is_denied(now))
    }

    /// The first mark of a worker that still stands in one of these bodies.
    pub fn mark_of(&self, worker: usize, bodies: &[Bytes]) -> Option<Taint> {
        bodies.iter().flat_map(|body| self.taints.find(body)).find(|taint| taint.worker == worker)
    }

    /// Whether a worker allows a union nothing at all, for sure.
    pub fn allows_nothing(&self, worker: usize, to: usize) -> bool {
        ANNEXED.iter().all(|category| self.denied(Matter::Consent(worker, to, *category), self.now() + 1))
    }

    fn why_not_sent(&self, from: usize, to: usize, taint: Taint, now: Moment) -> Option<&'static str> {
        let Taint { home, worker, category } = taint;
        if home != from {
            Some("it is another union's record")
        } else if !ANNEXED.contains(&category) {
            Some("no annex names it")
        } else if self.denied(Matter::Consent(worker, to, category), now) {
            Some("she does not allow it")
        } else if self.allowed_until.get(&(worker, to)).is_some_and(|until| *until <= now) {
            Some("what she allowed has ended")
        } else if self.denied(Matter::Peer(from, to), now) {
            Some("the peer is suspended")
        } else if self.denied(Matter::Agreement(from, to), now) {
            Some("the agreement is suspended")
        } else {
            None
        }
    }

    fn why_not_stored(&self, at: usize, taint: Taint, now: Moment) -> Option<&'static str> {
        let Taint { home, worker, category } = taint;
        if !ANNEXED.contains(&category) {
            Some("no annex names it")
        } else if !self.words.contains_key(&Matter::Consent(worker, at, category)) {
            Some("she never allowed it")
        } else if self.denied(Matter::Holding(at, worker), now) {
            Some("she withdrew here")
        } else if self.denied(Matter::Peer(at, home), now) {
            Some("the peer is suspended here")
        } else if self.denied(Matter::Agreement(at, home), now) {
            Some("the agreement is suspended here")
        } else {
            None
        }
    }
}

/// The place of a union in [`NAMES`].
pub fn place_of(node: &NodeId) -> usize {
    NAMES.iter().position(|name| *name == node.as_str()).unwrap_or(NAMES.len())
}
