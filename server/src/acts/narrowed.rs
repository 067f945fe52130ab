//! What staff took out of a share while a put that names it still waited: that put does not leave as it is. What else it named goes again by itself.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use titian_proto::model::id::{RecordRef, ReferralId};
use titian_proto::model::referral::SharePut;

use super::context::House;
use super::error::ActError;
use super::{candidates, referrals, shares};
use crate::store::referrals::ReferralTable as _;
use crate::store::{Position, Read, StoreError, Unit};

/// What the other side is to hold now, of the referrals that were asked about.
#[derive(Default)]
pub(super) struct Wanted(BTreeMap<ReferralId, BTreeSet<RecordRef>>);

impl Wanted {
    /// Whether a waiting put names something that was taken out of its share after it was queued.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn misses_any_of(&mut self, read: &impl Read, position: Position, put: &SharePut) -> Result<bool, StoreError> {
        // Nearly never: a share is read through only where something was taken out of it behind this put.
        if position >= read.progress(put.referral_id)?.narrowed_at {
            return Ok(false);
        }
        if let Entry::Vacant(unread) = self.0.entry(put.referral_id) {
            unread.insert(read.all_given(put.referral_id)?.into_iter().map(|given| given.record_ref).collect());
        }
        let wanted = self.0.get(&put.referral_id);
        Ok(put.records.iter().any(|record| wanted.is_none_or(|wanted| !wanted.contains(&record.record_ref))))
    }
}

/// Puts again what a put named that did not leave, and what the other side is to hold. What the gate does not permit now stays here, and the referral
/// says why.
///
/// # Errors
/// When the store fails.
pub(super) fn put_rest(house: &House, unit: &mut Unit, put: &SharePut) -> Result<(), ActError> {
    let Some(file) = unit.referral(put.referral_id)? else { return Ok(()) };
    let named: BTreeSet<RecordRef> = put.records.iter().map(|record| record.record_ref).collect();
    let mut rest = Vec::new();
    for given in unit.all_given(put.referral_id)? {
        // One that has a revision goes with another put.
        if given.revision == 0 && named.contains(&given.record_ref) {
            rest.extend(candidates::record_of(unit, &file, given.record_id)?);
        }
    }
    let offer = referrals::offer_of(&file)?;
    match shares::put_all(house, unit, &file, &offer, rest)? {
        Ok(()) => Ok(()),
        Err(refusal) => Ok(unit.block_referral(put.referral_id, refusal)?),
    }
}
