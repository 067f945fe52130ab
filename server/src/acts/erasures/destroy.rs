//! What is held from the other side goes: records, the bytes of documents, what the offer said. Page by page, so that no act waits behind a large
//! share; then the keys of what went.

use titian_proto::model::consent::Standing;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, RecordRef, ReferralId};
use titian_proto::model::referral::{Custody, Erasure, Offer, Reach};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;

use crate::acts::context::{Acts, House};
use crate::acts::documents::follow;
use crate::acts::error::ActError;
use crate::acts::{policy, referrals, shares};
use crate::store::consents::Subject;
use crate::store::erasures::{ErasureFile, ErasureTable as _, Here, Spared};
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{Read, StoreError, Topic, Unit};

/// Records destroyed in one write.
const PAGE: usize = 256;

/// Destroys everything that is to go under a referral.
///
/// # Errors
/// When the store fails.
pub(super) async fn all(acts: &Acts, referral_id: ReferralId) -> Result<(), ActError> {
    let mut after = None;
    loop {
        let house = acts.house.clone();
        let next = acts.store.write(move |unit| some(&house, unit, referral_id, after)).await?;
        crate::crash::point("erasure.destroying");
        match next {
            Some(last) => after = Some(last),
            None => return Ok(()),
        }
    }
}

/// Destroys a page. The last record that was looked at, if there may be more.
fn some(house: &House, unit: &mut Unit, referral_id: ReferralId, after: Option<RecordRef>) -> Result<Option<RecordRef>, ActError> {
    let Some(mut erasure) = unit.erasure(referral_id)? else { return Ok(None) };
    let file = referrals::load(unit, referral_id)?;
    let fate = Fate::of(house, unit, &file, &erasure)?;
    // Begun anew where more was asked for, or a hold was lifted, since the last page.
    let after = after.filter(|_| erasure.spared.is_some());
    let page = unit.held_after(referral_id, after, PAGE)?;
    let last = page.last().map(reference).transpose()?;
    let mut progress = unit.progress(referral_id)?;
    erasure.spared = Some(Spared { held: fate.held, adopted: fate.adopted.clone(), came: progress.came });
    for record in &page {
        if !fate.takes(category_of(record)) {
            continue;
        }
        let record_ref = reference(record)?;
        unit.remove_held(referral_id, record_ref)?;
        follow::record_gone(unit, &erasure.peer, referral_id, record_ref)?;
        progress.records_held = progress.records_held.saturating_sub(1);
    }
    progress.safety_held &= !fate.takes(Some(Category::Safety));
    unit.put_progress(referral_id, &progress)?;
    if page.len() == PAGE {
        unit.put_erasure(&erasure)?;
        return Ok(last);
    }
    forget_offer(house, unit, file, &fate)?;
    erasure.here = Here::Removed;
    unit.put_erasure(&erasure)?;
    unit.publish(Topic::Referral(referral_id));
    Ok(None)
}

/// What the offer said of her goes too, at the side that received it.
fn forget_offer(house: &House, unit: &mut Unit, mut file: ReferralFile, fate: &Fate) -> Result<(), ActError> {
    if referrals::is_sender(house, &file) {
        return Ok(());
    }
    let offer = referrals::offer_of(&file)?;
    let left = if fate.takes(Some(Category::CaseCore)) { offer.tombstone() } else { offer.without(&fate.partly()) };
    file.offer = shares::offer_bytes(&left);
    Ok(unit.put_referral(&file)?)
}

fn reference(record: &wire::SharedRecord) -> Result<RecordRef, ActError> {
    Ok(RecordRef::from_wire(&record.record_ref)?)
}

/// A record that this program cannot read is destroyed with everything.
fn category_of(record: &wire::SharedRecord) -> Option<Category> {
    let content = crate::acts::question::content_of(record.content.as_ref())?;
    Some(content.category())
}

/// Whether what is still held under a frozen referral is this node's own: the rest was destroyed, and its own consent covers what stayed.
///
/// # Errors
/// When the store cannot be read.
pub fn is_own_rest(read: &impl Read, file: &ReferralFile) -> Result<bool, StoreError> {
    let adopted = file.custody == Some(Custody::Adopted) && file.legal_hold.is_none();
    Ok(adopted && read.erasure(file.referral_id)?.is_some_and(|erasure| erasure.here.erasure() == Erasure::Adopted))
}

/// What an erasure takes, and what stays in spite of it.
pub(super) struct Fate {
    reach: Reach,
    /// A court or an authority demands it: everything stays.
    pub(super) held: bool,
    /// This node's own consent from the same person covers these: they stay.
    adopted: Vec<Category>,
}

impl Fate {
    /// As it was decided when the destruction began; before that, as it is now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn of(house: &House, read: &impl Read, file: &ReferralFile, erasure: &ErasureFile) -> Result<Self, ActError> {
        let reach = if erasure.categories.is_empty() { Reach::Whole } else { Reach::Part(erasure.categories.clone()) };
        if let Some(Spared { held, adopted, came: _ }) = erasure.spared.clone() {
            return Ok(Self { reach, held, adopted });
        }
        Ok(Self { reach, held: file.legal_hold.is_some(), adopted: OwnConsent::now(house, read, file)?.categories })
    }

    /// Whether a category goes. What cannot be read counts as none.
    pub(super) fn takes(&self, category: Option<Category>) -> bool {
        let reaches = category.map_or(self.reach == Reach::Whole, |category| self.reach.takes(category));
        reaches && !self.held && !category.is_some_and(|category| self.adopted.contains(&category))
    }

    /// Whether the erasure is about a category, though it may stay.
    pub(super) fn concerns(&self, category: Category) -> bool {
        self.reach.takes(category)
    }

    fn partly(&self) -> Vec<Category> {
        Category::ALL.iter().copied().filter(|category| self.takes(Some(*category))).collect()
    }
}

/// What this node's own consent from the person of an adopted copy covers.
#[derive(Default)]
pub struct OwnConsent {
    /// These categories.
    pub categories: Vec<Category>,
    /// The first of them until then.
    pub(super) until: Option<Instant>,
}

impl OwnConsent {
    /// As it is now. Nothing where the copy was not adopted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn now(house: &House, read: &impl Read, file: &ReferralFile) -> Result<Self, ActError> {
        if file.custody != Some(Custody::Adopted) || referrals::is_sender(house, file) {
            return Ok(Self::default());
        }
        Ok(Self::of(house, read, &file.sender, &referrals::offer_of(file)?)?)
    }

    /// What it would cover if the copy were adopted now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(house: &House, read: &impl Read, sender: &NodeId, offer: &Offer) -> Result<Self, StoreError> {
        let (mut own, now) = (Self::default(), house.ambient.now());
        let ledger = policy::ledger(read, &Subject::KnownThrough(sender.clone(), offer.subject_ref))?;
        for category in Category::ALL.iter().copied() {
            if let Standing::Granted(grant) = ledger.standing(house.node_id(), offer.purpose, category, now) {
                own.categories.push(category);
                own.until = Some(own.until.map_or(grant.valid_until, |until| until.min(grant.valid_until)));
            }
        }
        Ok(own)
    }
}
