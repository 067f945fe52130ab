//! A node comes back with the store of an earlier day. What it was told after its backup and no peer has seen may be gone; what a peer holds of it,
//! or knows of it, is not.

use std::collections::BTreeSet;

use titian_proto::model::id::Digest;
use titian_server::store::referrals::ReferralTable as _;

use crate::disk::Pairs;
use crate::mailbox;
use crate::promise::Promise;
use crate::union::NAMES;
use crate::watch::Matter;
use crate::word::Moment;
use crate::world::World;

/// A backup: what stood on the disk, and what had been acknowledged by then.
#[derive(Clone)]
pub struct Backup {
    pairs: Pairs,
    taken_at: Moment,
    promises: Vec<Promise>,
}

impl World {
    /// Whoever looks after the nodes takes a backup of each.
    pub fn back_up(&mut self) {
        for at in 0..self.nodes.len() {
            let (pairs, eyes) = (self.nodes[at].disk.durable_pairs(), self.watch.eyes());
            let promises = eyes.promises.get(&at).cloned().unwrap_or_default();
            self.backups[at] = Some(Backup { pairs, taken_at: eyes.now(), promises });
        }
    }

    /// A node's disk is lost. The backup is imported into a new one.
    pub fn restore(&mut self, at: usize) {
        let Some(backup) = self.backups[at].clone() else { return };
        let own = self.nodes[at].union.node_id.clone();
        self.watch.line(&format!("{own} is restored"));
        // Nothing is said any more once its power is off; what the disks hold then is all that is known.
        self.nodes[at].crash(0);
        let heard = self.heard_by_peers(at);
        self.nodes[at].restore(&backup.pairs).expect("a backup can be read");
        let answered = self.answered();
        {
            let mut eyes = self.watch.eyes();
            eyes.lost(at, backup.taken_at, &answered, |matter| heard.contains(matter));
            // What was taken away since went with its key: no backup brings it back.
            let promises = backup.promises.into_iter().filter(|promise| !eyes.is_taken_away(promise)).collect();
            eyes.promises.insert(at, promises);
        }
        let started = self.nodes[at].start().map_or_else(|error| error.code(), |()| "up");
        self.watch.line(&format!("{own} starts: {started}"));
    }

    /// Envelopes whose receipts stand on a disk: that of the node that gave it, or that of the node that got it.
    fn answered(&self) -> BTreeSet<Digest> {
        let mut answered = BTreeSet::new();
        for (node, other) in self.pairs() {
            let (disk, other) = (self.nodes[node].disk.durable(), &self.nodes[other].union.node_id);
            answered.extend(mailbox::settled(&disk, other));
            answered.extend(mailbox::received(&disk, other).into_iter().map(|(hash, _)| hash));
        }
        answered
    }

    /// What workers took back at a node and a peer has heard of.
    fn heard_by_peers(&self, at: usize) -> BTreeSet<Matter> {
        let mut heard = BTreeSet::new();
        for peer in self.nodes.iter().filter(|node| node.union.place != at) {
            for file in peer.disk.durable().referrals(None, usize::MAX).unwrap_or_default() {
                let other = if file.sender == peer.union.node_id { &file.recipient } else { &file.sender };
                if other.as_str() != NAMES[at] || !file.frozen {
                    continue;
                }
                let Some(worker) = self.worker_of(file.referral_id) else { continue };
                heard.insert(Matter::Holding(at, worker));
                heard.extend(crate::union::ANNEXED.iter().map(|category| Matter::Consent(worker, peer.union.place, *category)));
            }
        }
        heard
    }
}
