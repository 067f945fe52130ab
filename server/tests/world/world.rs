//! The world: three nodes, their lines and their staff, and what happens to them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use titian_proto::model::id::{NodeId, RecordId, ReferralId};
use titian_proto::model::referral::ReferralState;
use titian_proto::model::vocabulary::Category;
use titian_server::store::records::{Holder, RecordTable as _};
use titian_server::store::referrals::{ReferralFile, ReferralTable as _};

use crate::clock::{FOUNDED, Hands};
use crate::disk::{Disk, Trouble};
use crate::fault::Fault;
use crate::founding;
use crate::network::{Network, Weather};
use crate::node::Node;
use crate::random::Random;
use crate::restore::Backup;
use crate::staff::{Desk, Intake};
use crate::union::{ANNEXED, Union};
use crate::watch::{Watch, place_of};

/// A day in milliseconds.
pub const DAY: i64 = 24 * 3600 * 1000;

/// Things that happen between two backups.
const BACK_UP_EVERY: u64 = 8;

/// Three nodes and everything around them.
pub struct World {
    /// The nodes, by their unions' places.
    pub nodes: Vec<Node>,
    /// The eyes.
    pub watch: Watch,
    /// The lines.
    pub network: Network,
    /// Chance.
    pub random: Random,
    workers: usize,
    intakes: Arc<Mutex<Vec<Intake>>>,
    /// The newest backup of each node.
    pub backups: Vec<Option<Backup>>,
}

impl World {
    /// The world of a seed, on the day after the founding; everything runs.
    pub fn new(seed: u64) -> Self {
        let (mut random, watch) = (Random::new(seed), Watch::new());
        let network = Network::new(random.fork(), watch.clone());
        let mut nodes = Vec::new();
        for (union, (pairs, keys)) in Union::all().into_iter().zip(founding::disks()) {
            let disk = Disk::holding(pairs.clone(), keys.clone());
            watch.know(&union.node_id, &disk);
            let mut node = Node::new(union, disk, Hands::new(FOUNDED + DAY), network.clone(), watch.clone(), random.fork());
            node.start().unwrap();
            nodes.push(node);
        }
        Self { nodes, watch, network, random, workers: 0, intakes: Arc::default(), backups: vec![None, None, None] }
    }

    /// So many things happen, one after the other, while what began before goes on.
    pub async fn play(&mut self, steps: u64) {
        for step in 0..steps {
            if step % BACK_UP_EVERY == 0 {
                self.back_up();
            }
            if step < 4 {
                self.open();
            } else {
                self.step().await;
            }
            let pause = if self.random.chance(80) { self.random.below(40_000) } else { self.random.below(900) };
            tokio::time::sleep(Duration::from_millis(pause)).await;
            self.tend();
        }
    }

    async fn step(&mut self) {
        match self.random.below(100) {
            0..10 => self.open(),
            10..14 => self.consent(),
            14..19 => self.request(),
            19..45 => self.answer(),
            45..58 => self.put(),
            58..61 => self.remove(),
            61..65 => self.amend(),
            65..69 => self.send(),
            69..71 => self.withdraw(),
            71..73 => self.withdraw_here(),
            73..75 => self.stand(),
            75..77 => self.agree(),
            77..83 => self.rush(),
            _ => self.go_wrong().await,
        }
    }

    /// Whoever looks after the nodes starts what is down, sooner or later.
    fn tend(&mut self) {
        for at in 0..self.nodes.len() {
            if !self.nodes[at].is_well() && self.random.chance(400) {
                self.restart(at);
            }
        }
    }

    /// Starts a node again, whatever state it is in.
    pub fn restart(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let survive = self.random.below(node.disk.unsynced() as u64 + 1);
        node.crash(usize::try_from(survive).unwrap_or(usize::MAX));
        let started = node.start().map_or_else(|error| error.code(), |()| "up");
        self.watch.line(&format!("{} starts: {started}", node.union.node_id));
        self.keeps_promises(at);
    }

    /// What was acknowledged is there.
    pub fn keeps_promises(&self, at: usize) {
        let node = &self.nodes[at];
        let durable = node.disk.durable();
        let promises = self.watch.eyes().promises.get(&at).cloned().unwrap_or_default();
        for promise in promises.iter().filter(|promise| !promise.holds(&durable)) {
            self.watch.violated("acknowledged means stored", &format!("{} has lost {promise:?}", node.union.node_id));
        }
    }

    /// The desk of a node, while it runs.
    pub fn desk(&self, at: usize) -> Option<Desk> {
        let node = &self.nodes[at];
        let acts = node.acts()?.clone();
        Some(Desk { acts, union: node.union.clone(), disk: node.disk.clone(), watch: self.watch.clone() })
    }

    /// The number of the next worker who comes.
    pub fn next_worker(&mut self) -> usize {
        self.workers += 1;
        self.workers - 1
    }

    fn any_desk(&mut self) -> Option<Desk> {
        let at = self.any();
        self.desk(at)
    }

    fn any(&mut self) -> usize {
        usize::try_from(self.random.below(self.nodes.len() as u64)).unwrap_or(0)
    }

    fn other(&mut self, than: usize) -> NodeId {
        let others: Vec<NodeId> =
            self.nodes.iter().filter(|node| node.union.place != than).map(|node| node.union.node_id.clone()).collect();
        self.random.pick(&others).cloned().unwrap()
    }

    fn intake(&mut self) -> Option<(Desk, Intake)> {
        let known = self.intakes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let intake = *self.random.pick(&known)?;
        Some((self.desk(intake.home)?, intake))
    }

    fn categories(&mut self) -> Vec<Category> {
        let always = [Category::CaseCore, Category::Demographic, Category::Safety];
        ANNEXED.iter().copied().filter(|category| always.contains(category) || self.random.chance(700)).collect()
    }

    /// A worker comes: her case is opened, she consents, the other union is asked.
    fn open(&mut self) {
        let Some(desk) = self.any_desk() else { return };
        let to = self.other(desk.union.place);
        let selected = self.categories();
        let allowed = if self.random.chance(700) { ANNEXED.to_vec() } else { self.categories() };
        let (worker, intakes) = (self.next_worker(), self.intakes.clone());
        tokio::spawn(async move {
            let Some(intake) = desk.clone().intake(worker).await else { return };
            intakes.lock().unwrap_or_else(PoisonError::into_inner).push(intake);
            desk.clone().consent(intake, to.clone(), allowed, 90).await;
            desk.request(intake, to, selected).await;
        });
    }

    fn consent(&mut self) {
        let Some((desk, intake)) = self.intake() else { return };
        let (to, categories) = (self.other(intake.home), self.categories());
        let days = if self.random.chance(300) { 1 } else { 90 };
        tokio::spawn(desk.consent(intake, to, categories, days));
    }

    fn request(&mut self) {
        let Some((desk, intake)) = self.intake() else { return };
        let (to, categories) = (self.other(intake.home), self.categories());
        tokio::spawn(desk.request(intake, to, categories));
    }

    /// A referral of a node, and the node's desk.
    fn referral(&mut self) -> Option<(Desk, ReferralFile)> {
        let desk = self.any_desk()?;
        let known = desk.acts.store.view().referrals(None, usize::MAX).ok()?;
        let referral = self.random.pick(&known)?.clone();
        Some((desk, referral))
    }

    /// A referral under which records flow, and the desks of both sides.
    fn shared(&mut self) -> Option<(Desk, Desk, Intake, ReferralFile)> {
        let sender = self.any_desk()?;
        let mut known = sender.acts.store.view().referrals(None, usize::MAX).ok()?;
        known.retain(|file| file.sender == sender.union.node_id && file.state.is_sharing());
        let file = self.random.pick(&known)?.clone();
        let intakes = self.intakes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let intake = intakes.into_iter().find(|intake| file.case_id == Some(intake.case_id))?;
        let receiver = self.desk(place_of(&file.recipient))?;
        Some((sender, receiver, intake, file))
    }

    /// Records go out while one of the two sides takes back what allows it.
    fn rush(&mut self) {
        /// Long enough for a record to be sent, answered and changed again.
        const SPAN_MILLIS: u64 = 400;
        let Some((sender, receiver, intake, file)) = self.shared() else { return };
        if self.random.chance(500) {
            // All of it waits in the queue when the line comes back.
            let weather = self.bad_weather(Fault::Down, Weather::FAIR);
            self.spoil(&file.sender, &file.recipient, weather, 5_000);
        }
        let mut soon = || Duration::from_millis(self.random.below(SPAN_MILLIS));
        for _ in 0..3 {
            let (desk, after) = (sender.clone(), soon());
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                desk.put(intake, Category::Employer, None).await;
            });
        }
        let (after, what) = (soon(), self.random.below(6));
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let (ours, theirs) = (sender.union.clone(), receiver.union.clone());
            match what {
                0 => sender.withdraw(intake).await,
                1 => receiver.withdraw_here(Some(intake.worker), file.referral_id).await,
                2 => sender.stand(theirs.node_id, false).await,
                3 => receiver.stand(ours.node_id, false).await,
                4 => sender.agree(theirs, false).await,
                _ => receiver.agree(ours, false).await,
            }
        });
    }

    fn answer(&mut self) {
        let Some(desk) = self.any_desk() else { return };
        let Ok(mut known) = desk.acts.store.view().referrals(None, usize::MAX) else { return };
        // Senders seldom take back what they asked for.
        let (sends, node) = (self.random.chance(60), &desk.union.node_id);
        known.retain(|file| file.state.is_open() && (&file.sender == node) == sends);
        let Some(file) = self.random.pick(&known).cloned() else { return };
        let states: &[ReferralState] = match file.state {
            _ if sends => &[ReferralState::Cancelled, ReferralState::EnteredInError],
            ReferralState::Requested => &[
                ReferralState::Received,
                ReferralState::Received,
                ReferralState::Accepted,
                ReferralState::Accepted,
                ReferralState::Rejected,
                ReferralState::Returned,
            ],
            ReferralState::Received => {
                &[ReferralState::Accepted, ReferralState::Accepted, ReferralState::Rejected, ReferralState::Returned]
            }
            ReferralState::Accepted => &[ReferralState::InProgress, ReferralState::Failed],
            ReferralState::InProgress => &[ReferralState::OnHold, ReferralState::Completed],
            ReferralState::OnHold => &[ReferralState::InProgress, ReferralState::Completed],
            _ => &[],
        };
        if let Some(state) = self.random.pick(states).copied() {
            tokio::spawn(desk.answer(file.referral_id, state));
        }
    }

    fn send(&mut self) {
        let Some((desk, file)) = self.referral() else { return };
        tokio::spawn(desk.send(file.referral_id));
    }

    fn amend(&mut self) {
        let Some((desk, file)) = self.referral() else { return };
        let categories = self.categories();
        tokio::spawn(desk.amend(file.referral_id, categories));
    }

    fn put(&mut self) {
        let Some((desk, intake)) = self.intake() else { return };
        let category = *self.random.pick(&[Category::Identity, Category::Employer, Category::Employer, Category::Narrative]).unwrap();
        let change = if self.random.chance(500) { self.record(&desk, intake, category) } else { None };
        // A worker has one name; a case may have many papers.
        if change.is_some() || category != Category::Identity {
            tokio::spawn(desk.put(intake, category, change));
        }
    }

    fn remove(&mut self) {
        let Some((desk, intake)) = self.intake() else { return };
        let Some((record_id, _)) = self.record(&desk, intake, Category::Employer) else { return };
        self.watch.eyes().forget(intake.home, record_id);
        tokio::spawn(desk.remove(intake, record_id));
    }

    /// A record of this category, and its revision.
    fn record(&mut self, desk: &Desk, intake: Intake, category: Category) -> Option<(RecordId, u64)> {
        let view = desk.acts.store.view();
        let mut records = view.records(Holder::Worker(intake.worker_id)).ok()?;
        records.extend(view.records(Holder::Case(intake.case_id)).ok()?);
        records.retain(|record| record.category == category.to_wire());
        let record = self.random.pick(&records)?;
        Some((RecordId::from_wire(&record.record_id).ok()?, record.revision))
    }

    fn withdraw(&mut self) {
        let Some((desk, intake)) = self.intake() else { return };
        tokio::spawn(desk.withdraw(intake));
    }

    fn withdraw_here(&mut self) {
        let Some((desk, file)) = self.referral() else { return };
        if file.sender == desk.union.node_id {
            return;
        }
        let worker = self.worker_of(file.referral_id);
        tokio::spawn(desk.withdraw_here(worker, file.referral_id));
    }

    /// The number of a referral's worker, as its sender's disk knows it.
    pub fn worker_of(&self, referral_id: ReferralId) -> Option<usize> {
        let intakes = self.intakes.lock().unwrap_or_else(PoisonError::into_inner);
        self.nodes.iter().find_map(|node| {
            let file = node.disk.durable().referral(referral_id).ok()??;
            let sent = file.sender == node.union.node_id;
            intakes.iter().find(|intake| sent && file.case_id == Some(intake.case_id)).map(|intake| intake.worker)
        })
    }

    fn stand(&mut self) {
        let Some(desk) = self.any_desk() else { return };
        let (peer, active) = (self.other(desk.union.place), self.random.chance(800));
        tokio::spawn(desk.stand(peer, active));
    }

    fn agree(&mut self) {
        let Some(desk) = self.any_desk() else { return };
        let peer = self.other(desk.union.place);
        let other = Union::all().into_iter().find(|union| union.node_id == peer).unwrap();
        let active = self.random.chance(800);
        tokio::spawn(desk.agree(other, active));
    }

    async fn go_wrong(&mut self) {
        let Some(fault) = self.random.pick(Fault::ON).copied() else { return };
        let at = self.any();
        let (node, peer) = (self.nodes[at].union.node_id.clone(), self.other(at));
        self.watch.line(&format!("{fault:?} at {node}, perhaps towards {peer}"));
        match fault {
            Fault::Cut => self.network.cut(&node, &peer),
            Fault::HalfOpen | Fault::Down | Fault::Slow | Fault::Drop | Fault::Duplicate | Fault::Reorder | Fault::Forge => {
                let weather = self.bad_weather(fault, self.network.weather(&node, &peer));
                self.spoil(&node, &peer, weather, 150_000);
            }
            Fault::Crash => {
                let survive = self.random.below(self.nodes[at].disk.unsynced() as u64 + 1);
                self.nodes[at].crash(usize::try_from(survive).unwrap_or(usize::MAX));
            }
            Fault::Stop => self.nodes[at].stop().await,
            Fault::Clock => {
                let far = [60_000, 3_600_000, DAY, 40 * DAY, 3 * 365 * DAY];
                let jump = self.random.pick(&far).copied().unwrap_or(0);
                let jump = if self.random.chance(300) { 0 } else { jump };
                self.nodes[at].hands.set_off_by(if self.random.chance(400) { -jump } else { jump });
            }
            Fault::DiskLow | Fault::DiskFull | Fault::DiskSync | Fault::DiskRead => self.disk_trouble(at, fault),
            Fault::Restore => self.restore(at),
        }
    }

    /// Bad weather between two nodes, for so many milliseconds at most.
    fn spoil(&mut self, one: &NodeId, other: &NodeId, weather: Weather, most: u64) {
        self.network.set_weather(one, other, weather);
        let (network, one, other, clears) = (self.network.clone(), one.clone(), other.clone(), self.random.below(most));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(clears)).await;
            network.set_weather(&one, &other, Weather::FAIR);
        });
    }

    fn bad_weather(&mut self, fault: Fault, before: Weather) -> Weather {
        match fault {
            Fault::HalfOpen => Weather { half_open: true, ..before },
            Fault::Down => Weather { down: true, ..before },
            Fault::Slow => Weather { delay_max: 3_000, ..before },
            Fault::Drop => Weather { drop: self.random.between(10, 500), ..before },
            Fault::Duplicate => Weather { duplicate: self.random.between(10, 500), ..before },
            Fault::Reorder => Weather { reorder: self.random.between(10, 500), delay_max: 400, ..before },
            Fault::Forge => Weather { forge: 500, ..before },
            _ => before,
        }
    }

    fn disk_trouble(&mut self, at: usize, fault: Fault) {
        let trouble = Trouble {
            low: fault == Fault::DiskLow,
            full: fault == Fault::DiskFull,
            sync: fault == Fault::DiskSync,
            read: fault == Fault::DiskRead,
        };
        let disk = self.nodes[at].disk.clone();
        disk.set_trouble(trouble);
        let clears = Duration::from_millis(self.random.below(20_000));
        tokio::spawn(async move {
            tokio::time::sleep(clears).await;
            disk.set_trouble(Trouble::default());
        });
    }

    /// Everything is put right: clocks, disks and lines; every node runs, and nobody is suspended any more.
    pub async fn heal(&mut self) {
        self.watch.line("everything is put right");
        for at in 0..self.nodes.len() {
            self.nodes[at].disk.set_trouble(Trouble::default());
            self.nodes[at].hands.set_off_by(0);
            self.restart(at);
            for other in 0..at {
                self.network.set_weather(&self.nodes[at].union.node_id, &self.nodes[other].union.node_id, Weather::FAIR);
            }
        }
        for at in 0..self.nodes.len() {
            for other in (0..self.nodes.len()).filter(|other| *other != at) {
                let union = self.nodes[other].union.clone();
                if let Some(desk) = self.desk(at) {
                    desk.clone().stand(union.node_id.clone(), true).await;
                    desk.agree(union, true).await;
                }
            }
        }
    }
}
