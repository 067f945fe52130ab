//! Erasures: what is to be destroyed under a referral, here and at the other side, and the other side's signed receipts.

use bytes::Bytes;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, ReferralId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::referral::{Erasure, ErasureGround};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;

use super::key::Key;
use super::rows::Rows;
use super::table;
use super::value::{Raw, stored_json};
use super::{Read, StoreError, Unit, View};

/// One erasure. Never removed: it is what keeps the referral from being filled again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureFile {
    /// Under which referral.
    pub referral_id: ReferralId,
    /// The other side.
    pub peer: NodeId,
    /// Why.
    pub ground: ErasureGround,
    /// When it began here.
    pub asked_at: Instant,
    /// To be done by.
    pub due: Instant,
    /// The newest withdrawal of which the other side told, as the other side counts; 0: none.
    pub withdrawal_sequence: u64,
    /// The newest withdrawal taken from her word here, as this node counts; 0: none. None where a program wrote this that kept both counts in one.
    #[serde(default)]
    pub own_sequence: Option<u64>,
    /// What of the share; empty: everything.
    pub categories: Vec<Category>,
    /// What this node held from the other side.
    pub here: Here,
    /// What the other side held from here, as it says; pending until it has said.
    pub there: Erasure,
    /// The newest withdrawal taken at the other side that its receipts name, as the other side counts.
    pub there_sequence: u64,
    /// The newest withdrawal taken here that its receipts answer, as this node counts.
    #[serde(default)]
    pub answered_sequence: u64,
    /// When the other side last said so.
    pub answered_at: Option<Instant>,
    /// Receipts of the other side.
    pub receipts: u32,
    /// Referrals of this node to others, under which something of it was passed on.
    pub onward: Vec<Onward>,
    /// Unions to which the other side passed something on, and whether their receipts have come.
    pub onward_there: Vec<(NodeId, bool)>,
    /// Referrals from others whose erasure waits for this one.
    pub on_behalf_of: Vec<ReferralId>,
    /// What stays, decided when the destruction began; none before it did, or when a program did not write it.
    #[serde(default)]
    pub spared: Option<Spared>,
    /// When somebody looks whether what was adopted may still stay; none where nothing was.
    #[serde(default)]
    pub look_at: Option<Instant>,
}

/// What stays of a copy in spite of an erasure. Decided once, for all pages of the destruction, and told as it was decided: a consent that ends or a hold
/// that comes while the keys go must not make a receipt say what was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spared {
    /// Everything: a court or an authority demands it.
    pub held: bool,
    /// These: this node's own consent from the same person covered them.
    pub adopted: Vec<Category>,
    /// So many offers and puts had come by then; what comes later is none of this erasure's.
    pub came: u64,
}

/// How far a node is with what it held itself. Each step is a write of its own, and none is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Here {
    /// To be destroyed.
    Asked,
    /// It is gone from the tables; its keys go next.
    Removed,
    /// Its keys are gone too; the other side is to be told.
    Destroyed(Erasure),
    /// The other side is told.
    Told(Erasure),
}

/// A referral of this node under which something was passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onward {
    /// The referral.
    pub referral_id: ReferralId,
    /// To whom.
    pub peer: NodeId,
    /// Its receipt has come.
    pub erased: bool,
}

stored_json!(ErasureFile, "erasure/");

impl Here {
    /// As staff see it.
    #[must_use]
    pub fn erasure(self) -> Erasure {
        match self {
            Self::Asked | Self::Removed => Erasure::Pending,
            Self::Destroyed(erasure) | Self::Told(erasure) => erasure,
        }
    }
}

impl ErasureFile {
    /// Whether something is still to come, here or at the other side or further on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let onward = self.onward.iter().any(|onward| !onward.erased) || self.onward_there.iter().any(|(_, erased)| !erased);
        !matches!(self.here, Here::Told(_)) || self.there == Erasure::Pending || onward
    }

    /// Whether receipts that came this far, in this node's count and in the other side's, are about everything that was asked for. The two are never
    /// held against each other: a union whose workers say much has high numbers.
    #[must_use]
    pub fn is_answered_by(&self, answered: u64, there: u64) -> bool {
        self.own_sequence.is_none_or(|own| answered >= own && there >= self.withdrawal_sequence)
    }

    /// Both sides together: the weakest of what they say.
    #[must_use]
    pub fn both(&self) -> Erasure {
        let sides = [self.here.erasure(), self.there];
        let weakest = [Erasure::Pending, Erasure::LegalHold, Erasure::Adopted];
        weakest.into_iter().find(|one| sides.contains(one)).unwrap_or(Erasure::Erased)
    }
}

/// Reading erasures.
pub trait ErasureTable: Read + Sized {
    /// The erasure under a referral.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn erasure(&self, referral_id: ReferralId) -> Result<Option<ErasureFile>, StoreError> {
        self.load(&key(referral_id))
    }

    /// Every erasure.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn erasures(&self) -> Result<Vec<ErasureFile>, StoreError> {
        table::all(self, &Key::of("erasure/"))
    }

    /// Referrals under which this node has something to do, after one of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn erasures_owed(&self, after: Option<ReferralId>, limit: usize) -> Result<Vec<ReferralId>, StoreError> {
        table::page(self, &Key::of("erasure-owed/"), after.map(owed_key).as_deref(), limit)
    }

    /// Open erasures that were due before a moment.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn erasures_overdue(&self, before: Instant, limit: usize) -> Result<Vec<(Instant, ReferralId)>, StoreError> {
        let due: Vec<(Instant, ReferralId)> = table::page(self, &Key::of("erasure-due/"), None, limit)?;
        Ok(due.into_iter().take_while(|(due, _)| *due < before).collect())
    }

    /// The other side's receipts, as they came.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn erasure_receipts(&self, referral_id: ReferralId) -> Result<Vec<wire::Envelope>, StoreError> {
        let stored: Vec<Raw> = table::all(self, &Key::of("erasure-receipt/").id(&referral_id.0))?;
        let unreadable = |_| StoreError::unreadable("erasure-receipt/", Malformed::new("is not an envelope"));
        stored.into_iter().map(|raw| wire::Envelope::decode(raw.0).map_err(unreadable)).collect()
    }

    /// A receipt of the other side that came before the word that the referral is over.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn early_receipt(&self, referral_id: ReferralId) -> Result<Option<wire::Envelope>, StoreError> {
        let stored: Option<Raw> = self.load(&early_key(referral_id))?;
        let unreadable = |_| StoreError::unreadable(EARLY, Malformed::new("is not an envelope"));
        stored.map(|raw| wire::Envelope::decode(raw.0).map_err(unreadable)).transpose()
    }

    /// Indexes of the leaves that say what came under a referral from the other side.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn came_under(&self, referral_id: ReferralId, count: u64) -> Result<Vec<u64>, StoreError> {
        let mut rows = Rows::new(self, came_key(referral_id));
        let unreadable = || StoreError::unreadable(CAME, Malformed::new("must be a number"));
        let index = |row: Bytes| <[u8; 8]>::try_from(row.as_ref()).map(u64::from_be_bytes).map_err(|_| unreadable());
        (0..count).filter_map(|number| rows.get(number).transpose()).map(|row| row.and_then(index)).collect()
    }
}

impl<R: Read> ErasureTable for R {}

impl View {
    /// Referrals whose time for keeping a copy ends before a moment, after one of them. The keys say it, so that a row which cannot be read hides no other.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn retention_due(
        &self,
        before: Instant,
        after: Option<(Instant, ReferralId)>,
        limit: usize,
    ) -> Result<Vec<(Instant, ReferralId)>, StoreError> {
        let after = after.map(|(ends, referral_id)| retention_key(ends, referral_id));
        let keys = self.keys(&Key::of(RETENTION), after.as_deref(), limit)?;
        Ok(keys.iter().filter_map(|key| ends_of(key)).take_while(|(ends, _)| *ends < before).collect())
    }
}

impl Unit {
    /// Writes an erasure and what finds it.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_erasure(&mut self, file: &ErasureFile) -> Result<(), StoreError> {
        let referral_id = file.referral_id;
        if let Some(before) = self.erasure(referral_id)? {
            self.delete(due_key(before.due, referral_id))?;
        }
        if matches!(file.here, Here::Told(_)) {
            self.delete(owed_key(referral_id))?;
        } else {
            self.save(owed_key(referral_id), &referral_id)?;
        }
        if file.is_open() {
            self.save(due_key(file.due, referral_id), &(file.due, referral_id))?;
        }
        self.save(key(referral_id), file)
    }

    /// Keeps a receipt of the other side: the exact bytes, so that it proves by itself.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_erasure_receipt(&mut self, referral_id: ReferralId, number: u32, envelope: &wire::Envelope) -> Result<(), StoreError> {
        self.save(Key::of("erasure-receipt/").id(&referral_id.0).number(number.into()), &Raw(envelope.encode_to_vec().into()))
    }

    /// Keeps a receipt that came too early; or forgets it, where there is none.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_early_receipt(&mut self, referral_id: ReferralId, envelope: Option<&wire::Envelope>) -> Result<(), StoreError> {
        match envelope {
            Some(envelope) => self.save(early_key(referral_id), &Raw(envelope.encode_to_vec().into())),
            None => self.delete(early_key(referral_id)),
        }
    }

    /// Notes the leaf that says that something came under a referral.
    pub fn put_came(&mut self, referral_id: ReferralId, number: u64, leaf: u64) {
        self.put_row(came_key(referral_id), number, Bytes::copy_from_slice(&leaf.to_be_bytes()));
    }

    /// Notes until when copies under a referral may be kept.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_retention(&mut self, ends: Instant, referral_id: ReferralId) -> Result<(), StoreError> {
        self.save(retention_key(ends, referral_id), &(ends, referral_id))
    }

    /// Forgets until when copies may be kept: they are kept no more.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remove_retention(&mut self, ends: Instant, referral_id: ReferralId) -> Result<(), StoreError> {
        self.delete(retention_key(ends, referral_id))
    }
}

/// Table of the leaves that say what came under a referral.
const EARLY: &str = "erasure-early/";
const CAME: &str = "came-under/";

/// Table of the days until which copies may be kept.
const RETENTION: &str = "retention-due/";

fn key(referral_id: ReferralId) -> Key {
    Key::of("erasure/").id(&referral_id.0)
}

fn owed_key(referral_id: ReferralId) -> Key {
    Key::of("erasure-owed/").id(&referral_id.0)
}

fn due_key(due: Instant, referral_id: ReferralId) -> Key {
    Key::of("erasure-due/").number(u64::try_from(due.as_millis()).unwrap_or(0)).id(&referral_id.0)
}

fn early_key(referral_id: ReferralId) -> Key {
    Key::of(EARLY).id(&referral_id.0)
}

fn came_key(referral_id: ReferralId) -> Key {
    Key::of(CAME).id(&referral_id.0)
}

/// What the key of a row says of until when copies under a referral may be kept.
fn ends_of(key: &[u8]) -> Option<(Instant, ReferralId)> {
    let (ends, referral_id) = key.split_last_chunk()?;
    Some((Instant::from_millis(i64::try_from(Key::last_number(ends)?).ok()?), ReferralId(*referral_id)))
}

fn retention_key(ends: Instant, referral_id: ReferralId) -> Key {
    Key::of(RETENTION).number(u64::try_from(ends.as_millis()).unwrap_or(0)).id(&referral_id.0)
}
