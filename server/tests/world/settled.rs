//! What must hold in the end, once everything was put right:
//!
//! - *eventually*: every receipt arrives, who was restored has everything back, both sides of a referral say the same, and a peer holds what it was
//!   given;
//! - *finally*: every leaf of a receiver has its leaf at the sender and the other way round, no channel has a gap, no transfer counts twice, and
//!   the order of each case held.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use titian_proto::envelope::{EnvelopeKind, Header, Lane};
use titian_proto::log::leaf::{Event, Leaf};
use titian_proto::model::id::{Digest, ReferralId};
use titian_proto::model::referral::{Erasure, ReferralState};
use titian_server::acts::restore;
use titian_server::store::erasures::{ErasureFile, ErasureTable as _};
use titian_server::store::referrals::{ReferralFile, ReferralTable as _};
use titian_server::store::{LogTable as _, Read};

use crate::mailbox;
use crate::node::Node;
use crate::world::World;

/// How long everything may take to settle. Silent streams are noticed after a minute and a half.
const PATIENCE: Duration = Duration::from_secs(1800);

impl World {
    /// Waits until nobody waits for a receipt any more, and checks everything.
    pub async fn settles(&mut self) {
        self.settles_within(PATIENCE).await;
    }

    /// As [`Self::settles`], where more is owed than a schedule leaves behind.
    pub async fn settles_within(&mut self, patience: Duration) {
        let deadline = tokio::time::Instant::now() + patience;
        while let Some(debt) = self.debt() {
            if tokio::time::Instant::now() > deadline {
                self.watch.violated("eventually receipts arrive", &debt);
                return;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        for at in 0..self.nodes.len() {
            self.keeps_promises(at);
        }
        let restored = self.watch.eyes().restored.clone();
        let told: Vec<Told> = self.nodes.iter().map(told).collect();
        for (from, to) in self.pairs() {
            // A log that was restored lacks what was written after the backup; what it says again stands in the new life's leaves.
            if !restored.contains(&from) && !restored.contains(&to) {
                self.logs_agree(from, to, &told);
            }
            self.order_holds(from, to, &told);
            self.both_sides_agree(from, to);
        }
    }

    /// Each node with each other.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let count = self.nodes.len();
        (0..count).flat_map(|from| (0..count).filter(move |to| *to != from).map(move |to| (from, to))).collect()
    }

    /// Who still waits for what.
    pub fn debt(&self) -> Option<String> {
        self.pairs().into_iter().find_map(|(from, to)| {
            let (node, peer) = (&self.nodes[from], &self.nodes[to].union.node_id);
            let Some(acts) = node.acts() else { return Some(format!("{} does not run", node.union.node_id)) };
            let (sender, receiver) = (node.disk.durable(), self.nodes[to].disk.durable());
            let unread = !mailbox::is_read(&sender, &receiver, &node.union.node_id, peer);
            let waiting = mailbox::is_waiting(&sender, peer);
            let contact = acts.house.contact(peer);
            if !restore::is_told(&sender, peer).unwrap_or(false)
                || restore::awaits_standings(&receiver, &node.union.node_id).unwrap_or(true)
            {
                return Some(format!("{peer} waits for {} to give back what it lost: {contact:?}", node.union.node_id));
            }
            let owed = !sender.erasures_owed(None, 1).unwrap_or_default().is_empty();
            (unread || waiting || owed).then(|| format!("{} waits for {peer}: {contact:?}", node.union.node_id))
        })
    }

    /// The two logs tell the same story of what went from one union to another.
    fn logs_agree(&self, from: usize, to: usize, told: &[Told]) {
        let (sender, receiver) = (&self.nodes[from], &self.nodes[to]);
        let wrong = |what: String| {
            self.watch.violated("finally both logs reconcile", &format!("{} to {}: {what}", sender.union.node_id, receiver.union.node_id));
        };
        let at_sender = about(&told[from], &receiver.union.log_origin);
        let at_receiver = about(&told[to], &sender.union.log_origin);
        let sent: Vec<&(Digest, Leaf)> = at_sender.iter().filter(|(_, leaf)| leaf.env.is_some() && leaf.peer_leaf.is_none()).collect();
        let mut acked: BTreeMap<_, usize> = BTreeMap::new();
        for (_, leaf) in at_sender.iter().filter(|(_, leaf)| leaf.event == Event::ReferralAcked) {
            *acked.entry((leaf.env, leaf.peer_leaf)).or_default() += 1;
        }
        let received: Vec<&(Digest, Leaf)> =
            at_receiver.iter().filter(|(_, leaf)| leaf.peer_leaf.is_some() && leaf.event != Event::ReferralAcked).collect();
        let mut answers: BTreeMap<Digest, &(Digest, Leaf)> = BTreeMap::new();
        for one in &received {
            if let Some(peer_leaf) = one.1.peer_leaf
                && answers.insert(peer_leaf, one).is_some()
            {
                wrong(format!("a leaf is answered twice, leaf {} at the receiver", one.1.seq));
            }
        }
        for (hash, leaf) in &sent {
            match answers.remove(hash) {
                None => wrong(format!("leaf {} of the sender has no leaf at the receiver", leaf.seq)),
                Some((answer, mirrored)) => {
                    if (mirrored.xfer, mirrored.env, mirrored.chan, &mirrored.mou) != (leaf.xfer, leaf.env, leaf.chan, &leaf.mou) {
                        wrong(format!("leaf {} of the sender is told otherwise at the receiver", leaf.seq));
                    }
                    let receipts = acked.get(&(leaf.env, Some(*answer))).copied().unwrap_or(0);
                    if receipts != 1 {
                        wrong(format!("leaf {} of the sender has {receipts} receipts", leaf.seq));
                    }
                }
            }
        }
        if let Some((_, (_, orphan))) = answers.pop_first() {
            wrong(format!("leaf {} of the receiver has no leaf at the sender", orphan.seq));
        }
        let transfers: BTreeSet<_> = received.iter().filter_map(|(_, leaf)| leaf.xfer).collect();
        if transfers.len() != received.len() {
            wrong("a transfer counts twice".to_owned());
        }
        let mut channels: BTreeMap<String, u64> = BTreeMap::new();
        for (_, leaf) in sent {
            let (Some(chan), Some(mou)) = (leaf.chan, &leaf.mou) else { continue };
            let next = channels.entry(mou.split('#').next().unwrap_or_default().to_owned()).or_default();
            if chan != *next {
                wrong(format!("channel {mou} goes from {next} to {chan}"));
            }
            *next = chan + 1;
        }
    }

    /// What belongs to one case was taken in in the order in which it was sent; only safety overtakes.
    fn order_holds(&self, from: usize, to: usize, told: &[Told]) {
        let (sender, receiver) = (&self.nodes[from], &self.nodes[to]);
        let received = mailbox::received(&receiver.disk.durable(), &sender.union.node_id);
        let cases: BTreeMap<Digest, Header> = received.into_iter().filter(|(_, header)| header.lane != Lane::Safety).collect();
        let mut last: BTreeMap<_, u64> = BTreeMap::new();
        for (_, leaf) in about(&told[to], &sender.union.log_origin) {
            let header = leaf.env.filter(|_| leaf.event != Event::ReferralAcked).and_then(|env| cases.get(&env));
            let Some(header) = header else { continue };
            let Some((case, sequence)) = header.case else { continue };
            let before = last.insert((header.sender_epoch, case), sequence).unwrap_or(0);
            if sequence <= before {
                let what = format!("{} takes {sequence} of a case of {} after {before}", receiver.union.node_id, sender.union.node_id);
                self.watch.violated("finally the order of each case held", &what);
            }
        }
    }

    /// Both sides of each referral say the same, and the receiver holds what it was given.
    fn both_sides_agree(&self, from: usize, to: usize) {
        let (sender, receiver) = (self.nodes[from].disk.durable(), self.nodes[to].disk.durable());
        let (ours, theirs) = (&self.nodes[from].union.node_id, &self.nodes[to].union.node_id);
        let files = sender.referrals(None, usize::MAX).unwrap_or_default();
        for file in files.iter().filter(|file| &file.sender == ours && &file.recipient == theirs) {
            let other = receiver.referral(file.referral_id).ok().flatten();
            if other.is_none() && self.is_refused_again(from, to, file.referral_id) {
                continue;
            }
            if let Some(problem) = differ(file, other.as_ref()) {
                self.watch.violated("eventually both sides agree", &format!("{} of {ours} at {theirs}: {problem}", file.referral_id));
                continue;
            }
            if let Some(other) = other.as_ref().filter(|_| file.frozen) {
                // What only one side's clock has ended is that side's alone, until a person looks at the alarm.
                if file.state == ReferralState::ConsentWithdrawn {
                    self.is_erased(file, other, &sender, &receiver);
                }
                continue;
            }
            if other.is_none() {
                continue;
            }
            let given = sender.all_given(file.referral_id).unwrap_or_default();
            let held = receiver.held_after(file.referral_id, None, usize::MAX).unwrap_or_default();
            let held: BTreeMap<_, _> = held.iter().map(|one| (one.record_ref.to_vec(), one.revision)).collect();
            // A revision of 0 was refused or never left: an earlier one may be held, or none.
            let missing = given.iter().any(|one| one.revision > 0 && held.get(one.record_ref.0.as_slice()) != Some(&one.revision));
            // What was written down and put after the backup is known to the peer alone.
            let beyond = !self.watch.eyes().restored.contains(&from)
                && held.keys().any(|record_ref| !given.iter().any(|one| one.record_ref.0.as_slice() == record_ref));
            if missing || beyond {
                let what = format!("{} of {ours} at {theirs}: {missing} missing, {beyond} beyond", file.referral_id);
                self.watch.violated("eventually a peer holds what it was given", &what);
            }
        }
    }

    /// What she took back is destroyed at both sides, and each has the other's word.
    fn is_erased(&self, file: &ReferralFile, other: &ReferralFile, sender: &impl Read, receiver: &impl Read) {
        let held = receiver.held_after(file.referral_id, None, 1).unwrap_or_default();
        let proved = |read: &dyn Fn() -> Option<ErasureFile>| read().is_some_and(|erasure| erasure.receipts > 0);
        let here = proved(&|| sender.erasure(file.referral_id).ok().flatten());
        let there = proved(&|| receiver.erasure(file.referral_id).ok().flatten());
        let erased = [file, other].iter().all(|one| one.erasure == Some(Erasure::Erased));
        if !(held.is_empty() && here && there && erased) {
            let (one, both) = (file.erasure, other.erasure);
            let what = format!("{}: {} records held, {one:?} and {both:?}, receipts {here} {there}", file.referral_id, held.len());
            self.watch.violated("finally what was taken back is destroyed and proved", &what);
        }
    }

    /// Whether a restored node refused an offer that it had applied before: allowed then and not now. Its receipt says applied for ever, and nothing tells
    /// the sender that the referral is gone there.
    fn is_refused_again(&self, from: usize, to: usize, referral_id: ReferralId) -> bool {
        let (sender, receiver) = (&self.nodes[from], &self.nodes[to]);
        let received = mailbox::received(&receiver.disk.durable(), &sender.union.node_id);
        let offers =
            received.into_iter().filter(|(_, header)| header.kind == EnvelopeKind::Offer && header.referral_id == Some(referral_id));
        let offers: BTreeSet<Digest> = offers.map(|(hash, _)| hash).collect();
        let leaves = leaves_about(receiver, &sender.union.log_origin);
        let refused = |leaf: &Leaf| leaf.event == Event::ReferralRefused && leaf.env.is_some_and(|env| offers.contains(&env));
        self.watch.eyes().restored.contains(&to) && leaves.iter().any(|(_, leaf)| refused(leaf))
    }
}

/// Each side expires a referral by its own clock, so that one may do it alone.
fn differ(file: &ReferralFile, other: Option<&ReferralFile>) -> Option<String> {
    let Some(other) = other else {
        return (file.state.is_open()).then(|| format!("{} at the sender, unknown at the receiver", file.state));
    };
    let by_clock = [file.state, other.state].contains(&ReferralState::Expired);
    let not_there = file.state == ReferralState::Draft;
    (file.state != other.state && !by_clock && !not_there).then(|| format!("{} at the sender, {} at the receiver", file.state, other.state))
}

/// A node's leaves in their order, each with its hash, by the peer that they are about.
type Told = BTreeMap<String, Vec<(Digest, Leaf)>>;

fn told(node: &Node) -> Told {
    let mut told = Told::new();
    for (_, bytes) in node.disk.durable().leaves(0, usize::MAX).unwrap_or_default() {
        let Ok(leaf) = Leaf::parse(&bytes) else { continue };
        let Some(peer) = leaf.peer.clone() else { continue };
        told.entry(peer).or_default().push((Leaf::hash(&bytes), leaf));
    }
    told
}

fn about<'a>(told: &'a Told, peer: &str) -> &'a [(Digest, Leaf)] {
    told.get(peer).map_or(&[], Vec::as_slice)
}

/// A node's leaves about a peer, in their order, each with its hash.
pub fn leaves_about(node: &Node, peer: &str) -> Vec<(Digest, Leaf)> {
    told(node).remove(peer).unwrap_or_default()
}
