//! What people do in these stories, one thing after the other: each is written down in [`Rules`](super::permitted::Rules) while it is done.

use std::time::Duration;

use titian_proto::model::id::{CaseId, RecordId, ReferralId, WorkerId};
use titian_proto::model::referral::{Priority, ReferralKind, ReferralState};
use titian_proto::model::refusal::RefusalCode;
use titian_proto::model::statement::{StatementKind, StatementReason};
use titian_proto::model::vocabulary::{Category, Purpose};
use titian_proto::wire;
use titian_server::acts::agreements::{self, Saying};
use titian_server::acts::consents::{self, Whose};
use titian_server::acts::context::Acts;
use titian_server::acts::error::ActError;
use titian_server::acts::records::Put;
use titian_server::acts::referrals::answer::{self, Answer};
use titian_server::acts::referrals::request::{self, NewReferral};
use titian_server::acts::{cases, peers, records, workers};
use titian_server::desk::status::status;

use super::draw;
use super::onlooker::Onlooker;
use super::permitted::{Thing, Word};
use crate::random::Random;
use crate::taint::journey;
use crate::union::{Union, actor, agreement_id};
use crate::world::World;

/// A worker of the story.
pub struct Worker {
    number: usize,
    home: usize,
    id: WorkerId,
    case: CaseId,
    records: Vec<(RecordId, u64, Category)>,
    /// Her referrals, and to whom.
    referrals: Vec<(ReferralId, usize)>,
}

/// A world in which people do one thing after the other.
pub struct Story {
    pub world: World,
    pub onlooker: Onlooker,
    pub random: Random,
    pub workers: Vec<Worker>,
    versions: [u32; 3],
}

impl Story {
    /// In this world, seen by these eyes.
    pub fn new(world: World, onlooker: Onlooker, random: Random) -> Self {
        Self { world, onlooker, random, workers: Vec::new(), versions: [1; 3] }
    }

    fn acts(&self, at: usize) -> Acts {
        self.world.desk_of(at).acts
    }

    fn union(at: usize) -> Union {
        Union::all().swap_remove(at)
    }

    /// Two different unions.
    fn two(&mut self) -> (usize, usize) {
        let one = self.random.below(3);
        let other = (one + 1 + self.random.below(2)) % 3;
        (usize::try_from(one).unwrap(), usize::try_from(other).unwrap())
    }

    /// What was done or why not: an answer repeats nothing of hers.
    fn told<T>(&self, done: Result<T, ActError>) -> Option<T> {
        done.inspect_err(|error| {
            let answer = status(error);
            let said = format!("{error} {error:?} {} {answer:?} {:?} {}", answer.message(), error.paths(), error.next_step());
            self.onlooker.silent("an error", said.as_bytes());
        })
        .ok()
    }

    /// What is being said has been said; whatever the gate let go before that has left.
    async fn settled(&self, done: bool) {
        tokio::time::sleep(Duration::from_millis(2)).await;
        self.onlooker.settled(done);
    }

    fn content(&mut self, home: usize, worker: usize, category: Category) -> titian_proto::model::record::RecordContent {
        let stays = category == Category::Documents && self.random.chance(200);
        let field = if stays { Some("identity_document.number") } else { draw::field_of(category) };
        let mark = self.onlooker.mark(Thing { home, worker, category, field });
        draw::record(category, &mark, stays)
    }

    /// A worker comes to a union.
    pub async fn intake(&mut self, home: usize) {
        let number = self.workers.len();
        let acts = self.acts(home);
        let about_her: Vec<_> = [Category::Identity, Category::Contact, Category::Safety, Category::Demographic]
            .map(|one| self.content(home, number, one))
            .into();
        let added = self.told(workers::add(&acts, [about_her, vec![journey()]].concat()).await).expect("she is taken in");
        let id = WorkerId::from_wire(&added.worker_id).unwrap();
        let about_case = [Category::CaseCore, Category::Employer, Category::Claim].map(|one| self.content(home, number, one)).into();
        let opened = self.told(cases::open(&acts, &actor(1), Some(id), Vec::new(), about_case).await).expect("her case is opened");
        let case = CaseId::from_wire(&opened.case_id).unwrap();
        self.workers.push(Worker { number, home, id, case, records: Vec::new(), referrals: Vec::new() });
    }

    /// She allows a union something.
    pub async fn consents(&mut self, at: usize) {
        let (number, home, id) = (self.workers[at].number, self.workers[at].home, self.workers[at].id);
        let to = (home + 1 + usize::try_from(self.random.below(10)).unwrap() / 9) % 3;
        let now = self.onlooker.seen().now();
        let (word, grant, days) = draw::consent(&mut self.random, &Self::union(to), now);
        self.onlooker.saying(|rules| rules.words.entry((number, to)).or_default().push(word));
        let done = self.told(consents::record(&self.acts(home), Whose::Worker(id), grant, days).await);
        self.settled(done.is_some()).await;
    }

    /// Her union asks another.
    pub async fn request(&mut self, at: usize) {
        let (number, home, case_id) = (self.workers[at].number, self.workers[at].home, self.workers[at].case);
        let to = (home + 1 + usize::try_from(self.random.below(10)).unwrap() / 9) % 3;
        let categories = self.selection(number, to);
        self.onlooker.saying(|rules| {
            let share = rules.shares.entry((number, to)).or_default();
            share.selected.extend(categories.iter().copied().chain([Category::CaseCore]));
        });
        self.onlooker.asks((number, home, to));
        let new = NewReferral {
            case_id,
            recipient: Self::union(to).node_id,
            kind: ReferralKind::Service,
            purpose: Purpose::WageRecovery,
            services_requested: Vec::new(),
            priority: Priority::Normal,
            categories,
            agreement_id: String::new(),
            onward_from: None,
        };
        let acts = self.acts(home);
        let requested = self.told(request::request(&acts, &actor(1), new).await);
        let referral_id = requested.as_ref().and_then(|referral| ReferralId::from_wire(&referral.referral_id).ok());
        self.onlooker.asked(referral_id);
        self.settled(requested.is_some()).await;
        let Some(referral_id) = referral_id else { return };
        self.workers[at].referrals.push((referral_id, to));
        let blocked = requested.and_then(|referral| referral.blocked_by).map(|refusal| refusal.code);
        if blocked == Some(RefusalCode::ApprovalMissing.to_wire()) {
            self.told(request::approve(&acts, &actor(3), referral_id).await);
            self.told(request::send(&acts, referral_id).await);
        }
    }

    /// Half the staff select what may go, the other half anything.
    fn selection(&mut self, worker: usize, to: usize) -> Vec<Category> {
        let anything = draw::some(&mut self.random, 400);
        if self.random.chance(300) {
            return anything;
        }
        let (home, seen) = (self.workers[worker].home, self.onlooker.seen());
        let may = |category: &Category| {
            let thing = Thing { home, worker, category: *category, field: draw::field_of(*category) };
            seen.rules.why_not_told(home, to, &thing, seen.now()).is_none()
        };
        let mut all: Vec<Category> = Category::ALL.iter().copied().filter(may).collect();
        if all.contains(&Category::Contact) && !all.contains(&Category::Safety) {
            all.retain(|category| *category != Category::Contact);
        }
        all
    }

    /// A referral of hers.
    fn referral(&mut self, at: usize) -> Option<(ReferralId, usize)> {
        let referrals = self.workers[at].referrals.clone();
        self.random.pick(&referrals).copied()
    }

    /// The other union answers; her own may call it off.
    pub async fn answer(&mut self, at: usize) {
        let Some((referral_id, to)) = self.referral(at) else { return };
        let (number, home) = (self.workers[at].number, self.workers[at].home);
        let state = *self
            .random
            .pick(&[ReferralState::Accepted, ReferralState::Accepted, ReferralState::InProgress, ReferralState::Cancelled])
            .unwrap();
        let cancels = state == ReferralState::Cancelled;
        if cancels && self.random.chance(600) {
            return;
        }
        let alone = self.workers[at].referrals.iter().filter(|(_, other)| *other == to).count() == 1;
        self.onlooker.saying(|rules| {
            let share = rules.shares.entry((number, to)).or_default();
            share.flows = !cancels || (share.flows && !alone);
        });
        let acts = self.acts(if cancels { home } else { to });
        let done =
            self.told(answer::answer(&acts, &actor(2), referral_id, Answer { state, reason: None, outcome: None, adopt: false }).await);
        // Who has heard of an answer may still lack its receipt: it counts from when it is given.
        self.settled(done.is_some() || !cancels).await;
    }

    /// Staff select other categories.
    pub async fn amend(&mut self, at: usize) {
        let Some((referral_id, to)) = self.referral(at) else { return };
        let (number, home) = (self.workers[at].number, self.workers[at].home);
        let categories = self.selection(number, to);
        let alone = self.workers[at].referrals.iter().filter(|(_, other)| *other == to).count() == 1;
        self.onlooker.saying(|rules| {
            let share = rules.shares.entry((number, to)).or_default();
            if alone {
                share.selected = share.by_name.clone();
            }
            share.selected.extend(categories.iter().copied().chain([Category::CaseCore]));
        });
        let done = self.told(request::amend(&self.acts(home), &actor(1), referral_id, categories).await);
        self.settled(done.is_some()).await;
    }

    /// A record is written down or changed, sometimes to go under a referral by name.
    pub async fn put(&mut self, at: usize) {
        let (number, home, case_id) = (self.workers[at].number, self.workers[at].home, self.workers[at].case);
        let known = self.workers[at].records.clone();
        let change = if self.random.chance(400) { self.random.pick(&known).copied() } else { None };
        let any = Category::ALL.iter().copied().filter(|one| {
            !matches!(one, Category::Directory | Category::Safety | Category::Identity | Category::Contact | Category::Demographic)
        });
        let category = change.map_or_else(|| *self.random.pick(&any.collect::<Vec<_>>()).unwrap(), |(_, _, category)| category);
        let content = self.content(home, number, category);
        let under = if self.random.chance(400) { self.referral(at) } else { None };
        let (record_id, revision) = (change.map(|(id, ..)| id), change.map_or(0, |(_, revision, _)| revision));
        let stale = u64::from(self.random.chance(50));
        self.onlooker.saying(|rules| {
            if let Some((_, to)) = under {
                let share = rules.shares.entry((number, to)).or_default();
                share.selected.insert(category);
                share.by_name.insert(category);
            }
        });
        let put = Put { case_id, record_id, revision: revision + stale, content, share_under: under.map(|(referral_id, _)| referral_id) };
        let done = self.told(records::put(&self.acts(home), vec![put]).await);
        self.settled(done.is_some()).await;
        for record in done.into_iter().flat_map(|done| done.records) {
            let record_id = RecordId::from_wire(&record.record_id).unwrap();
            let records = &mut self.workers[at].records;
            records.retain(|(known, ..)| *known != record_id);
            records.push((record_id, record.revision, category));
        }
    }

    /// A record is taken away.
    pub async fn remove(&mut self, at: usize) {
        let known = self.workers[at].records.clone();
        let Some((record_id, ..)) = self.random.pick(&known).copied() else { return };
        let worker = &self.workers[at];
        self.told(records::remove(&self.acts(worker.home), worker.case, record_id).await);
        self.workers[at].records.retain(|(known, ..)| *known != record_id);
    }

    /// She takes something back: all of it, some categories, or what one union holds; sometimes at that union.
    pub async fn withdraw(&mut self, at: usize) {
        let (number, home, id) = (self.workers[at].number, self.workers[at].home, self.workers[at].id);
        let categories = if self.random.chance(600) { draw::some(&mut self.random, 150) } else { Vec::new() };
        let only = if self.random.chance(300) { Some((home + 1) % 3) } else { None };
        let action =
            *self.random.pick(&[wire::WithdrawalAction::Stop, wire::WithdrawalAction::Restrict, wire::WithdrawalAction::Erase]).unwrap();
        let withdrawal = wire::Withdrawal {
            action: action as i32,
            categories: Category::list_to_wire(&categories),
            recipient: only.map(|to| Self::union(to).node_id.to_string()).unwrap_or_default(),
            ..wire::Withdrawal::default()
        };
        if self.random.chance(200)
            && let Some((referral_id, to)) = self.referral(at)
        {
            self.told(consents::withdraw::withdraw(&self.acts(to), Whose::Referral(referral_id), withdrawal).await);
            return;
        }
        self.onlooker.saying(|rules| {
            for to in (0..3).filter(|to| *to != home && only.is_none_or(|only| only == *to)) {
                rules.words.entry((number, to)).or_default().push(Word::TakesBack(categories.clone()));
            }
        });
        let done = self.told(consents::withdraw::withdraw(&self.acts(home), Whose::Worker(id), withdrawal).await);
        self.settled(done.is_some()).await;
    }

    /// She says that a union must not hear of her.
    pub async fn prohibit(&mut self, at: usize) {
        let (number, home, case_id) = (self.workers[at].number, self.workers[at].home, self.workers[at].case);
        let to = (home + 1) % 3;
        self.onlooker.saying(|rules| _ = rules.prohibited.insert((number, to)));
        let put = Put { case_id, record_id: None, revision: 0, content: draw::prohibiting(&Self::union(to)), share_under: None };
        let done = self.told(records::put(&self.acts(home), vec![put]).await);
        self.settled(done.is_some()).await;
    }

    /// An officer suspends a peer or an agreement, or ends that.
    pub async fn stand(&mut self) {
        let (at, other) = self.two();
        let (active, of_peer, there) = (self.random.chance(600), self.random.chance(400), Self::union(other));
        self.onlooker.saying(|rules| {
            let words = if of_peer { &mut rules.shut_out } else { &mut rules.suspended };
            if active {
                words.remove(&(at, other))
            } else {
                words.insert((at, other))
            };
        });
        let acts = self.acts(at);
        let done = if of_peer {
            let done = if active { peers::resume(&acts, &there.node_id).await } else { peers::suspend(&acts, &there.node_id).await };
            self.told(done).is_some()
        } else {
            let (kind, reason) =
                if active { (StatementKind::Resume, None) } else { (StatementKind::Suspend, Some(StatementReason::Rehearsal)) };
            let id = agreement_id(&Self::union(at), &there);
            self.told(agreements::say(&acts, Saying { id, version: 0, kind, effective_on: None, reason, approval: None }).await).is_some()
        };
        self.settled(done).await;
    }

    /// Two unions sign a new version, and each has the other's signature by hand.
    pub async fn new_version(&mut self) {
        let (one, other) = self.two();
        let scopes = [draw::scope(&mut self.random), draw::scope(&mut self.random)];
        let pair = one + other - 1;
        self.versions[pair] += 1;
        let text = draw::agreement(&Self::union(one), &Self::union(other), self.versions[pair], [&scopes[0], &scopes[1]]);
        self.onlooker.saying(|rules| {
            rules.scopes.insert((one, other), scopes[0].clone());
            rules.scopes.insert((other, one), scopes[1].clone());
            // A new version begins with nobody having suspended it.
            rules.suspended.retain(|(at, with)| !([one, other].contains(at) && [one, other].contains(with)));
        });
        let done = self.sign(&text, (one, other), self.versions[pair]).await;
        assert!(done, "both sign version {} of {one} and {other}", self.versions[pair]);
        self.settled(true).await;
    }

    async fn sign(&self, text: &str, (one, other): (usize, usize), version: u32) -> bool {
        let id = agreement_id(&Self::union(one), &Self::union(other));
        let (ours, theirs) = (self.acts(one), self.acts(other));
        let saying = |kind| Saying { id: id.clone(), version, kind, effective_on: None, reason: None, approval: None };
        let drafted = self.told(agreements::draft(&ours, text).await).is_some();
        let proposed = self.told(agreements::say(&ours, saying(StatementKind::Propose)).await).is_some();
        let signed = self.told(agreements::say(&ours, saying(StatementKind::Sign)).await).is_some();
        let there = self.told(agreements::import(&theirs, &agreements::show(&ours, &id, version).unwrap().1).await).is_some();
        let both = self.told(agreements::say(&theirs, saying(StatementKind::Sign)).await).is_some();
        let back = self.told(agreements::import(&ours, &agreements::show(&theirs, &id, version).unwrap().1).await).is_some();
        drafted && proposed && signed && there && both && back
    }
}
