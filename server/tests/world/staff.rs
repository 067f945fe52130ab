//! What staff do, one act at a time, each in a task of its own: the world goes on meanwhile, and the node may not be there any more when it would
//! have answered.

use titian_proto::model::id::{CaseId, NodeId, RecordId, ReferralId, WorkerId};
use titian_proto::model::record::RecordContent;
use titian_proto::model::referral::{DeclineReason, Priority, ReferralKind, ReferralOutcome, ReferralState};
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
use titian_server::store::StoreError;
use titian_server::store::consents::{ConsentTable as _, Subject};
use titian_server::store::records::Holder;

use crate::disk::Disk;
use crate::mailbox;
use crate::promise::Promise;
use crate::taint::{self, Taint, journey};
use crate::union::{Union, actor, agreement_id};
use crate::watch::{Matter, Watch, place_of};

/// A worker and her case, as far as staff know that they were written down.
#[derive(Clone, Copy, Debug)]
pub struct Intake {
    /// Her number in the world.
    pub worker: usize,
    /// The union's place.
    pub home: usize,
    /// Her id there.
    pub worker_id: WorkerId,
    /// Her case there.
    pub case_id: CaseId,
}

/// A desk: one running node and what its staff see of the world.
#[derive(Clone)]
pub struct Desk {
    /// The node's acts in its present life.
    pub acts: Acts,
    /// The union.
    pub union: Union,
    /// The node's disk.
    pub disk: Disk,
    /// The eyes of the world.
    pub watch: Watch,
}

impl Desk {
    /// Takes in a worker with her case. Her number is the caller's to give.
    pub async fn intake(self, worker: usize) -> Option<Intake> {
        let about_her = [Category::Identity, Category::Contact, Category::Safety, Category::Demographic];
        let about_case = [Category::CaseCore, Category::Employer, Category::Claim, Category::Narrative];
        let mut contents: Vec<RecordContent> = about_her.iter().map(|category| self.record(worker, *category)).collect();
        contents.push(journey());
        let added = self.said("a worker is added", workers::add(&self.acts, contents).await)?;
        let worker_id = WorkerId::from_wire(&added.worker_id).unwrap();
        self.promised(Promise::Worker(worker_id));
        let contents = about_case.iter().map(|category| self.record(worker, *category)).collect();
        let opened = self.said("a case is opened", cases::open(&self.acts, &actor(1), Some(worker_id), Vec::new(), contents).await)?;
        let case_id = CaseId::from_wire(&opened.case_id).unwrap();
        self.promised(Promise::Case(case_id));
        Some(Intake { worker, home: self.union.place, worker_id, case_id })
    }

    /// Writes down what she allows.
    pub async fn consent(self, intake: Intake, to: NodeId, categories: Vec<Category>, days: u32) {
        let recipient = place_of(&to);
        let matters: Vec<Matter> = categories.iter().map(|category| Matter::Consent(intake.worker, recipient, *category)).collect();
        let matters: Vec<Matter> = matters.into_iter().chain([Matter::Holding(recipient, intake.worker)]).collect();
        let said = self.begin(&matters, true);
        self.watch.eyes().allows_for(intake.worker, recipient, days);
        let subject = Subject::Worker(intake.worker_id);
        let lines = self.acts.store.view().ledger_lines(&subject).map_or(0, |lines| lines.len());
        let done = consents::record(&self.acts, Whose::Worker(intake.worker_id), grant(&to, &categories), days).await;
        self.end(&matters, &said, &done);
        if self.said("a consent is recorded", done).is_some() {
            self.promised(Promise::Ledger(intake.worker_id, lines + 1));
        }
    }

    /// Asks the other union.
    pub async fn request(self, intake: Intake, to: NodeId, categories: Vec<Category>) {
        let new = NewReferral {
            case_id: intake.case_id,
            recipient: to,
            kind: ReferralKind::Service,
            purpose: Purpose::WageRecovery,
            services_requested: Vec::new(),
            priority: Priority::Normal,
            categories,
            agreement_id: String::new(),
            onward_from: None,
        };
        let requested = request::request(&self.acts, &actor(1), new).await;
        let Some(referral) = self.said("a referral is requested", requested) else { return };
        let referral_id = ReferralId::from_wire(&referral.referral_id).unwrap();
        self.promised(Promise::Referral(referral_id));
        self.tell_refusal(&referral);
        let waits = referral.blocked_by.is_some_and(|refusal| refusal.code == RefusalCode::ApprovalMissing.to_wire());
        if waits && self.said("it is approved", request::approve(&self.acts, &actor(3), referral_id).await).is_some() {
            self.send(referral_id).await;
        }
    }

    /// Sets a state.
    pub async fn answer(self, referral_id: ReferralId, state: ReferralState) {
        let reason = matches!(state, ReferralState::Rejected | ReferralState::Returned).then_some(DeclineReason::NoCapacity);
        let outcome = matches!(state, ReferralState::Completed | ReferralState::Failed).then_some(ReferralOutcome::ServiceGiven);
        let done = answer::answer(&self.acts, &actor(2), referral_id, Answer { state, reason, outcome, adopt: false }).await;
        self.said(&format!("{referral_id} becomes {state}"), done);
    }

    /// Requests again, or sends again what the other side does not hold.
    pub async fn send(self, referral_id: ReferralId) {
        if let Some(referral) = self.said(&format!("{referral_id} is sent again"), request::send(&self.acts, referral_id).await) {
            self.tell_refusal(&referral);
        }
    }

    /// Selects other categories.
    pub async fn amend(self, referral_id: ReferralId, categories: Vec<Category>) {
        self.said(&format!("{referral_id} is amended"), request::amend(&self.acts, &actor(1), referral_id, categories).await);
    }

    /// Puts a new record into a case, or changes one.
    pub async fn put(self, intake: Intake, category: Category, change: Option<(RecordId, u64)>) {
        let content = self.record(intake.worker, category);
        let holder = if content.record_type().is_about_worker() { Holder::Worker(intake.worker_id) } else { Holder::Case(intake.case_id) };
        let (record_id, revision) = (change.map(|(record_id, _)| record_id), change.map_or(0, |(_, revision)| revision));
        let put = Put { case_id: intake.case_id, record_id, revision, content, share_under: None };
        let Some(done) = self.said(&format!("a record of {category} is put"), records::put(&self.acts, vec![put]).await) else { return };
        for record in done.records {
            self.promised(Promise::Record(holder, RecordId::from_wire(&record.record_id).unwrap(), record.revision));
        }
    }

    /// Takes a record away.
    pub async fn remove(self, intake: Intake, record_id: RecordId) {
        self.said("a record is removed", records::remove(&self.acts, intake.case_id, record_id).await);
    }

    /// She takes it all back, at her own union.
    pub async fn withdraw(self, intake: Intake) {
        let unions = Union::all();
        let recipients = unions.iter().filter(|union| union.place != intake.home);
        let matters: Vec<Matter> = recipients
            .flat_map(|union| Category::ALL.iter().map(|category| Matter::Consent(intake.worker, union.place, *category)))
            .collect();
        let said = self.begin(&matters, false);
        let done = consents::withdraw::withdraw(&self.acts, Whose::Worker(intake.worker_id), withdrawal()).await;
        self.end(&matters, &said, &done);
        if self.said("a worker withdraws", done).is_some() {
            self.has_purged(intake.worker);
        }
    }

    /// She takes it back at the union that holds something of hers.
    pub async fn withdraw_here(self, worker: Option<usize>, referral_id: ReferralId) {
        let matters: Vec<Matter> = worker.map(|worker| Matter::Holding(self.union.place, worker)).into_iter().collect();
        let said = self.begin(&matters, false);
        let done = consents::withdraw::withdraw(&self.acts, Whose::Referral(referral_id), withdrawal()).await;
        self.end(&matters, &said, &done);
        if self.said(&format!("the worker of {referral_id} withdraws"), done).is_some() {
            self.promised(Promise::Withdrawn(referral_id));
        }
    }

    /// Suspends a peer, or ends its suspension.
    pub async fn stand(self, peer: NodeId, active: bool) {
        let matters = [Matter::Peer(self.union.place, place_of(&peer))];
        let said = self.begin(&matters, active);
        let done = if active { peers::resume(&self.acts, &peer).await } else { peers::suspend(&self.acts, &peer).await };
        self.end(&matters, &said, &done);
        self.said(&format!("{peer} is {}", if active { "resumed" } else { "suspended" }), done);
    }

    /// Suspends the agreement with a peer, or ends its suspension.
    pub async fn agree(self, other: Union, active: bool) {
        let matters = [Matter::Agreement(self.union.place, other.place)];
        let said = self.begin(&matters, active);
        let kind = if active { StatementKind::Resume } else { StatementKind::Suspend };
        let id = agreement_id(&self.union, &other);
        let reason = (!active).then_some(StatementReason::Rehearsal);
        let done = agreements::say(&self.acts, Saying { id, version: 0, kind, effective_on: None, reason, approval: None }).await;
        self.end(&matters, &said, &done);
        self.said(&format!("{kind} is said about the agreement with {}", other.node_id), done);
    }

    /// A record with a mark of its own.
    fn record(&self, worker: usize, category: Category) -> RecordContent {
        let mark = self.watch.eyes().taints.mark(Taint { home: self.union.place, worker, category });
        taint::record(category, &mark)
    }

    fn begin(&self, matters: &[Matter], allows: bool) -> Vec<usize> {
        let mut eyes = self.watch.eyes();
        let now = eyes.now();
        matters.iter().map(|matter| eyes.words(matter.clone()).begin(allows, now)).collect()
    }

    /// A store that fails leaves it open whether it was written; every other error says that it was not.
    fn end<T>(&self, matters: &[Matter], said: &[usize], done: &Result<T, ActError>) {
        let mut eyes = self.watch.eyes();
        let now = eyes.now();
        for (matter, said) in matters.iter().zip(said) {
            let words = eyes.words(matter.clone());
            match done {
                Ok(_) => words.done(*said, now),
                Err(ActError::Store(StoreError::Stopped | StoreError::Engine(_))) => {}
                Err(_) => words.void(*said),
            }
        }
    }

    fn said<T>(&self, act: &str, done: Result<T, ActError>) -> Option<T> {
        let answer = done.as_ref().map_or_else(ActError::code, |_| "done");
        self.watch.line(&format!("{}: {act}: {answer}", self.union.node_id));
        done.ok()
    }

    /// What was queued is gone from the disk as soon as the withdrawal is acknowledged.
    fn has_purged(&self, worker: usize) {
        for to in Union::all() {
            let bodies = mailbox::waiting_bodies(&self.disk.durable(), &to.node_id);
            let left = {
                let eyes = self.watch.eyes();
                eyes.mark_of(worker, &bodies).filter(|_| eyes.allows_nothing(worker, to.place))
            };
            if let Some(taint) = left {
                self.watch.violated("no overshare", &format!("{taint:?} is queued for {} after a withdrawal", to.node_id));
            }
        }
    }

    fn tell_refusal(&self, referral: &wire::Referral) {
        if let Some(code) = referral.blocked_by.as_ref().and_then(|refusal| RefusalCode::from_wire(refusal.code).ok()) {
            self.watch.line(&format!("{}: nothing leaves: {code}", self.union.node_id));
        }
    }

    fn promised(&self, promise: Promise) {
        if !promise.holds(&self.disk.durable()) && !self.watch.eyes().is_taken_away(&promise) {
            self.watch.violated("acknowledged means stored", &format!("{}: {promise:?}", self.union.node_id));
        }
        self.watch.eyes().promised(self.union.place, promise);
    }
}

fn grant(to: &NodeId, categories: &[Category]) -> wire::Grant {
    wire::Grant {
        given_by: wire::ConsentGiver::Client as i32,
        recipient: to.to_string(),
        purposes: vec![Purpose::WageRecovery.to_wire()],
        categories: Category::list_to_wire(categories),
        destination_country: to.as_str()[..2].to_uppercase(),
        informed_inadequate_protection: true,
        notice_id: "PRIVACY".to_owned(),
        notice_version: 1,
        notice_language: "id".to_owned(),
        method: wire::ConsentMethod::RecordedAudio as i32,
        basis: wire::ConsentBasis::Consent as i32,
        ..wire::Grant::default()
    }
}

fn withdrawal() -> wire::Withdrawal {
    wire::Withdrawal { action: wire::WithdrawalAction::Erase as i32, ..wire::Withdrawal::default() }
}
