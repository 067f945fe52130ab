//! Referrals, and what each side holds under them.

mod value;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use titian_proto::model::date::{Date, Instant};
use titian_proto::model::id::{CaseId, CaseRef, Digest, NodeId, RecordId, RecordRef, ReferralId, SubjectRef, WorkerId};
use titian_proto::model::referral::{Custody, DeclineReason, DeliveryStage, Erasure, ReferralOutcome, ReferralState};
use titian_proto::model::refusal::Refusal;
use titian_proto::wire;

use super::key::Key;
use super::position::Position;
use super::table::{self, base64_bytes};
use super::value::{Stored as _, stored_json, unframe};
use super::{Read, StoreError, Unit, View};

/// What is kept about a referral that changes seldom.
#[derive(Clone, Serialize, Deserialize)]
pub struct ReferralFile {
    /// Shared id.
    pub referral_id: ReferralId,
    /// The union that sent it.
    pub sender: NodeId,
    /// The union it is for.
    pub recipient: NodeId,
    /// The case at this node, if there is one.
    pub case_id: Option<CaseId>,
    /// The worker at this node, if there is one.
    pub worker_id: Option<WorkerId>,
    /// The case as the peer knows it.
    pub case_ref: CaseRef,
    /// The exact bytes of the offer.
    #[serde(with = "base64_bytes")]
    pub offer: Bytes,
    /// State.
    pub state: ReferralState,
    /// Whose copy.
    pub custody: Option<Custody>,
    /// Whether it was destroyed.
    pub erasure: Option<Erasure>,
    /// Which agreement.
    pub agreement_id: String,
    /// Version of the agreement; 0 while none was found.
    pub agreement_version: u32,
    /// Why it was rejected or returned.
    pub reason: Option<DeclineReason>,
    /// How it ended.
    pub outcome: Option<ReferralOutcome>,
    /// Frozen after a withdrawal: held, not shown.
    pub frozen: bool,
    /// Staff pseudonym of who wrote it; empty at the receiver.
    pub author: String,
    /// Counts this node's changes of its state, from 1.
    pub own_changes: u64,
    /// The newest change of the other side that was applied.
    pub peer_changes: u64,
    /// When it last changed.
    pub changed_at: Instant,
    /// A withdrawal that the peer must still be told of, because it was not active here; empty: none.
    #[serde(default, with = "base64_bytes")]
    pub owed_withdrawal: Bytes,
    /// A court or an authority demands that what is held here is kept.
    #[serde(default)]
    pub legal_hold: Option<LegalHold>,
    /// Until when copies may be kept; none while the referral is not over.
    #[serde(default)]
    pub retention_until: Option<Instant>,
    /// The worker, where this node refers her on and knows her only through the union that referred her: that union, and its name for her.
    #[serde(default)]
    pub known_through: Option<(NodeId, SubjectRef)>,
    /// The referral from another union whose share this one passes on.
    #[serde(default)]
    pub onward_from: Option<ReferralId>,
    /// What is held under it was passed on.
    #[serde(default)]
    pub passed_on: bool,
    /// Staff pseudonyms of those who widened what it selects: to it they are authors too.
    #[serde(default)]
    pub widened_by: Vec<String>,
}

/// A demand to keep something in spite of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalHold {
    /// Which court or authority, as a code.
    pub authority: String,
    /// To be looked at again by.
    pub review_on: Date,
}

/// What changes with every envelope of a referral; small, because it is written each time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where what was sent last has got to.
    pub delivery: Option<DeliveryStage>,
    /// Why nothing can leave, while nothing can.
    pub blocked_by: Option<Refusal>,
    /// Records held from the other side.
    pub records_held: u64,
    /// Records the other side holds from here.
    pub records_shared: u64,
    /// Commitment of the last share put.
    pub commitment: Option<Digest>,
    /// The other side holds safe-contact rules from here.
    pub safety_shared: bool,
    /// Safe-contact rules from the other side are held here.
    pub safety_held: bool,
    /// Offers and puts that were applied here.
    #[serde(default)]
    pub came: u64,
    /// The last envelope of the lane of shares that takes something out of what the other side holds: puts queued before it may name that still.
    #[serde(default)]
    pub narrowed_at: Position,
}

/// One record that the other side holds from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The record at this node.
    pub record_id: RecordId,
    /// Its name at the peer.
    pub record_ref: RecordRef,
    /// The revision sent last.
    pub revision: u64,
}

impl ReferralFile {
    /// Reads a referral as it is stored.
    ///
    /// # Errors
    /// When the bytes cannot be read.
    pub fn of(stored: &Bytes) -> Result<Self, StoreError> {
        unframe(stored)
    }
}

stored_json!(ReferralFile, "referral/");

/// Reading referrals.
pub trait ReferralTable: Read + Sized {
    /// A referral.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn referral(&self, referral_id: ReferralId) -> Result<Option<ReferralFile>, StoreError> {
        self.load(&key(referral_id))
    }

    /// A referral's bytes as they are stored, for [`ReferralFile::of`]: who keeps what they say can tell whether they changed.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn referral_bytes(&self, referral_id: ReferralId) -> Result<Option<Bytes>, StoreError> {
        self.get(&key(referral_id))
    }

    /// What changes with every envelope of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn progress(&self, referral_id: ReferralId) -> Result<Progress, StoreError> {
        Ok(self.load(&progress_key(referral_id))?.unwrap_or_default())
    }

    /// What changes with every envelope, of the referrals after one of them, in the order of their ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn progress_after(&self, after: Option<ReferralId>, limit: usize) -> Result<Vec<(ReferralId, Progress)>, StoreError> {
        let after = after.map(progress_key);
        let page = self.load_all::<Progress>(&Key::of("progress/"), after.as_deref(), limit)?;
        let named = page.into_iter().filter_map(|(key, progress)| Some((ReferralId(*key.last_chunk()?), progress)));
        Ok(named.collect())
    }

    /// Referrals in the order of their ids, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn referrals(&self, after: Option<ReferralId>, limit: usize) -> Result<Vec<ReferralFile>, StoreError> {
        table::page(self, &Key::of("referral/"), after.map(key).as_deref(), limit)
    }

    /// Referrals of a case.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn referrals_of_case(&self, case_id: CaseId) -> Result<Vec<ReferralId>, StoreError> {
        table::all(self, &Key::of("referral-of-case/").id(&case_id.0))
    }

    /// Referrals of a worker of this node.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn referrals_of_worker(&self, worker_id: WorkerId) -> Result<Vec<ReferralId>, StoreError> {
        table::all(self, &Key::of("referral-of-worker/").id(&worker_id.0))
    }

    /// Referrals from a union about somebody whom it calls by this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn referrals_of_subject(&self, sender: &NodeId, subject: SubjectRef) -> Result<Vec<ReferralId>, StoreError> {
        table::all(self, &subject_key(sender, subject))
    }

    /// Whether every referral from another union stands in the list of its subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn subjects_are_listed(&self) -> Result<bool, StoreError> {
        Ok(self.load::<u64>(&Key::of(LISTED))? == Some(1))
    }

    /// Referrals to be answered before a moment.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn referrals_due(&self, before: Instant, limit: usize) -> Result<Vec<(Instant, ReferralId)>, StoreError> {
        let due: Vec<(Instant, ReferralId)> = table::page(self, &Key::of("referral-due/"), None, limit)?;
        Ok(due.into_iter().take_while(|(respond_by, _)| *respond_by < before).collect())
    }

    /// A record that the other side holds from here.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn given(&self, referral_id: ReferralId, record_id: RecordId) -> Result<Option<Given>, StoreError> {
        self.load(&given_key(referral_id, record_id))
    }

    /// Any record that the other side holds from here, or was to hold.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn first_given(&self, referral_id: ReferralId) -> Result<Option<Given>, StoreError> {
        Ok(table::page(self, &Key::of("given/").id(&referral_id.0), None, 1)?.pop())
    }

    /// Everything that the other side holds from here.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn all_given(&self, referral_id: ReferralId) -> Result<Vec<Given>, StoreError> {
        table::all(self, &Key::of("given/").id(&referral_id.0))
    }

    /// A record held from the other side.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn held(&self, referral_id: ReferralId, record_ref: RecordRef) -> Result<Option<wire::SharedRecord>, StoreError> {
        self.load(&held_key(referral_id, record_ref))
    }

    /// A page of the records held from the other side, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn held_after(&self, referral_id: ReferralId, after: Option<RecordRef>, limit: usize) -> Result<Vec<wire::SharedRecord>, StoreError> {
        let after = after.map(|record_ref| held_key(referral_id, record_ref));
        table::page(self, &Key::of("held/").id(&referral_id.0), after.as_deref(), limit)
    }
}

impl<R: Read> ReferralTable for R {}

impl View {
    /// Ids of referrals in their order, after one of them; also of those that cannot be read, so that one of these does not hide the others.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn referral_ids(&self, after: Option<ReferralId>, limit: usize) -> Result<Vec<ReferralId>, StoreError> {
        let keys = self.keys(&Key::of("referral/"), after.map(key).as_deref(), limit)?;
        Ok(keys.iter().filter_map(|key| Key::last_id(key)).map(ReferralId).collect())
    }
}

impl Unit {
    /// Writes a referral and the indexes that find it.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_referral(&mut self, file: &ReferralFile) -> Result<(), StoreError> {
        if let Some(case_id) = file.case_id {
            self.save(Key::of("referral-of-case/").id(&case_id.0).id(&file.referral_id.0), &file.referral_id)?;
        }
        if let Some(worker_id) = file.worker_id {
            self.save(Key::of("referral-of-worker/").id(&worker_id.0).id(&file.referral_id.0), &file.referral_id)?;
        }
        self.save(key(file.referral_id), file)
    }

    /// Notes whom a referral from another union is about.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_referral_of_subject(&mut self, sender: &NodeId, subject: SubjectRef, referral_id: ReferralId) -> Result<(), StoreError> {
        self.save(subject_key(sender, subject).id(&referral_id.0), &referral_id)
    }

    /// Notes that every referral from another union stands in the list of its subject.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_subjects_listed(&mut self) -> Result<(), StoreError> {
        self.save(Key::of(LISTED), &1_u64)
    }

    /// As [`Self::put_referral`], where what it said before is to be erased: no key is left that opens it, here or in a backup. The whole row is gone
    /// from every backup then, its state too: a node restored from one does not know the referral.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_referral_anew(&mut self, file: &ReferralFile) -> Result<(), StoreError> {
        self.renew(key(file.referral_id));
        self.put_referral(file)
    }

    /// Writes what changes with every envelope.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_progress(&mut self, referral_id: ReferralId, progress: &Progress) -> Result<(), StoreError> {
        self.save(progress_key(referral_id), progress)
    }

    /// Writes why nothing can leave under a referral, or nothing more comes of it.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn block_referral(&mut self, referral_id: ReferralId, refusal: Refusal) -> Result<(), StoreError> {
        let progress = self.progress(referral_id)?;
        self.put_progress(referral_id, &Progress { blocked_by: Some(refusal), ..progress })
    }

    /// Takes back why nothing can leave under a referral, or nothing more comes of it, where this is still the reason.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn unblock_referral(&mut self, referral_id: ReferralId, refusal: &Refusal) -> Result<(), StoreError> {
        let progress = self.progress(referral_id)?;
        if progress.blocked_by.as_ref() != Some(refusal) {
            return Ok(());
        }
        self.put_progress(referral_id, &Progress { blocked_by: None, ..progress })
    }

    /// Notes by when a referral must be answered.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_due(&mut self, respond_by: Instant, referral_id: ReferralId) -> Result<(), StoreError> {
        self.save(due_key(respond_by, referral_id), &(respond_by, referral_id))
    }

    /// Forgets by when a referral must be answered.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_due(&mut self, respond_by: Instant, referral_id: ReferralId) -> Result<(), StoreError> {
        self.delete(due_key(respond_by, referral_id))
    }

    /// Writes that the other side holds a record from here.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_given(&mut self, referral_id: ReferralId, given: &Given) -> Result<(), StoreError> {
        self.save(given_key(referral_id, given.record_id), given)
    }

    /// A record whose id was drawn in this act was given to nobody.
    pub fn note_never_given(&mut self, referral_id: ReferralId, record_id: RecordId) {
        self.note_absent(given_key(referral_id, record_id));
    }

    /// Writes that the other side no longer holds a record from here.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_given(&mut self, referral_id: ReferralId, record_id: RecordId) -> Result<(), StoreError> {
        self.delete(given_key(referral_id, record_id))
    }

    /// Writes a record held from the other side: the bytes of a `SharedRecord`.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_held(&mut self, referral_id: ReferralId, record_ref: RecordRef, record: &[u8]) -> Result<(), StoreError> {
        self.put(held_key(referral_id, record_ref), [&[wire::SharedRecord::VERSION], record].concat())
    }

    /// Takes a record held from the other side away.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_held(&mut self, referral_id: ReferralId, record_ref: RecordRef) -> Result<(), StoreError> {
        self.delete(held_key(referral_id, record_ref))
    }
}

fn key(referral_id: ReferralId) -> Key {
    Key::of("referral/").id(&referral_id.0)
}

/// Whether the lists of subjects are whole: programs before this one kept none.
const LISTED: &str = "subjects-listed/";

fn subject_key(sender: &NodeId, subject: SubjectRef) -> Key {
    Key::of("referral-of-subject/").text(sender.as_str()).id(&subject.0)
}

fn progress_key(referral_id: ReferralId) -> Key {
    Key::of("progress/").id(&referral_id.0)
}

fn due_key(respond_by: Instant, referral_id: ReferralId) -> Key {
    Key::of("referral-due/").number(u64::try_from(respond_by.as_millis()).unwrap_or(0)).id(&referral_id.0)
}

fn given_key(referral_id: ReferralId, record_id: RecordId) -> Key {
    Key::of("given/").id(&referral_id.0).id(&record_id.0)
}

fn held_key(referral_id: ReferralId, record_ref: RecordRef) -> Key {
    Key::of("held/").id(&referral_id.0).id(&record_ref.0)
}
