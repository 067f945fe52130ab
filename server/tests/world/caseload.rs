//! A caseload for the long stories: workers whose cases another union has accepted, and what staff do with them day by day.

use titian_proto::envelope::{Lane, ReceiptOutcome};
use titian_proto::model::id::ReferralId;
use titian_proto::model::referral::ReferralState;
use titian_proto::model::refusal::RefusalCode;
use titian_proto::model::vocabulary::Category;
use titian_server::store::OutboxTable as _;
use titian_server::store::referrals::ReferralTable as _;

use crate::mailbox;
use crate::network::Weather;
use crate::staff::{Desk, Intake};
use crate::union::ANNEXED;
use crate::world::World;

/// Days that a consent of these stories holds: it outlives them.
const CONSENT_DAYS: u32 = 90;

/// A worker whose case is referred to another union.
#[derive(Clone, Copy, Debug)]
pub struct Referred {
    /// She and her case.
    pub intake: Intake,
    /// The place of the union that is asked.
    pub to: usize,
    /// The referral.
    pub referral_id: ReferralId,
}

/// How many envelopes got which receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Applied.
    pub applied: usize,
    /// Purged before they left.
    pub purged: usize,
    /// Refused, because the worker had taken it back when it came.
    pub withdrawn: usize,
    /// Refused for another reason, or parked.
    pub not_applied: usize,
}

impl World {
    /// The desk of a node that runs.
    ///
    /// # Panics
    /// When it does not.
    pub fn desk_of(&self, at: usize) -> Desk {
        self.desk(at).expect("the node runs")
    }

    /// The weather between two nodes.
    pub fn set_weather(&self, one: usize, other: usize, weather: Weather) {
        self.network.set_weather(&self.nodes[one].union.node_id, &self.nodes[other].union.node_id, weather);
    }

    /// The last of what happened, in words.
    pub fn story(&self) -> String {
        self.watch.eyes().trace.last_lines()
    }

    /// Checks that no invariant was broken.
    ///
    /// # Panics
    /// With the story, when one was.
    pub fn has_broken_nothing(&self) {
        let violation = self.watch.eyes().trace.violation();
        assert_eq!(violation, None, "{}", self.story());
    }

    /// A worker comes to one union, allows another everything that the annex names, and the other is asked.
    ///
    /// # Panics
    /// When staff are refused.
    pub async fn refer(&mut self, from: usize, to: usize) -> Referred {
        let referred = self.refer_for(from, to, CONSENT_DAYS).await;
        let file = self.desk_of(from).acts.store.view().referral(referred.referral_id).unwrap().unwrap();
        assert_eq!(file.state, ReferralState::Requested, "{}", self.story());
        referred
    }

    /// As [`Self::refer`], with a consent for so many days; what the gate says to it is the story's.
    ///
    /// # Panics
    /// When staff cannot write it down.
    pub async fn refer_for(&mut self, from: usize, to: usize, days: u32) -> Referred {
        let (worker, desk) = (self.next_worker(), self.desk_of(from));
        let recipient = self.nodes[to].union.node_id.clone();
        let intake = desk.clone().intake(worker).await.expect("she is taken in");
        desk.clone().consent(intake, recipient.clone(), ANNEXED.to_vec(), days).await;
        desk.clone().request(intake, recipient, ANNEXED.to_vec()).await;
        let files = desk.acts.store.view().referrals(None, usize::MAX).unwrap();
        let file = files.into_iter().find(|file| file.case_id == Some(intake.case_id)).expect("it is written down");
        Referred { intake, to, referral_id: file.referral_id }
    }

    /// As [`Self::refer`], and the other union accepts: from now on her records go there as they change.
    pub async fn refer_and_accept(&mut self, from: usize, to: usize) -> Referred {
        let referred = self.refer(from, to).await;
        self.all_is_answered().await;
        self.desk_of(to).answer(referred.referral_id, ReferralState::Accepted).await;
        self.all_is_answered().await;
        referred
    }

    /// Waits until nobody waits for a receipt.
    pub async fn all_is_answered(&self) {
        while self.debt().is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// Something new is written down in her case, and goes where it was accepted.
    pub async fn update(&self, referred: Referred) {
        self.desk_of(referred.intake.home).put(referred.intake, Category::Employer, None).await;
    }

    /// Envelopes that one node has ever put in for another.
    pub fn put_in(&self, from: usize, to: usize) -> usize {
        mailbox::put_in(&self.nodes[from].disk.durable(), &self.nodes[to].union.node_id)
    }

    /// Envelopes of one node that wait for a receipt of another.
    pub fn queued(&self, from: usize, to: usize) -> usize {
        let queued = self.nodes[from].disk.durable().queued_count(&self.nodes[to].union.node_id).unwrap();
        usize::try_from(queued).unwrap()
    }

    /// What became of everything that one node ever sent to another, as the sender's own receipts say.
    pub fn outcomes(&self, from: usize, to: usize) -> Outcomes {
        let (view, peer) = (self.desk_of(from).acts.store.view(), &self.nodes[to].union.node_id);
        let mut outcomes = Outcomes::default();
        for lane in Lane::ALL {
            for receipt in mailbox::receipts(&view, peer, *lane) {
                let withdrawn = receipt.refusal.is_some_and(|refusal| refusal.code == RefusalCode::ConsentWithdrawn);
                match receipt.outcome {
                    ReceiptOutcome::Applied => outcomes.applied += 1,
                    ReceiptOutcome::Purged => outcomes.purged += 1,
                    ReceiptOutcome::Refused if withdrawn => outcomes.withdrawn += 1,
                    ReceiptOutcome::Refused | ReceiptOutcome::Parked => outcomes.not_applied += 1,
                }
            }
        }
        outcomes
    }
}

/// As many as the long form of a story asks for, or as many as an ordinary run has time for.
pub fn as_asked(ordinary: usize, long: usize) -> usize {
    if std::env::var_os("TITIAN_LONG").is_some() { long } else { ordinary }
}
