//! What a peer holds of a case under one referral, kept in step by put and retract.

use super::Approval;
use crate::model::consent::Grant;
use crate::model::id::{RecordRef, ReferralId, SubjectRef};
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{counted, filled_list, list, optional};
use crate::model::record::SharedRecord;
use crate::model::vocabulary::{Purpose, Tier};
use crate::wire;

/// Puts records into a share. All or nothing.
#[derive(Clone, PartialEq)]
pub struct SharePut {
    /// Under which referral.
    pub referral_id: ReferralId,
    /// The offer version in force, from 1.
    pub version: u32,
    /// What for: must be the referral's purpose.
    pub purpose: Purpose,
    /// The worker, as in the offer.
    pub subject_ref: SubjectRef,
    /// At least one, each once.
    pub records: Vec<SharedRecord>,
    /// The consent this rests on. The gate refuses what has none.
    pub grant: Option<Grant>,
    /// Second person's approval, where one is needed.
    pub approval: Option<Approval>,
    /// True in the first put after acceptance, which carries everything selected.
    pub whole: bool,
}

impl std::fmt::Debug for SharePut {
    /// Which referral and how many records.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharePut({}, {} records)", self.referral_id, self.records.len())
    }
}

impl SharePut {
    /// Records in one put: more than any case of one worker holds.
    pub const RECORDS_MAX: usize = 256;

    /// The highest tier of its records.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.records.iter().map(|record| record.content.tier()).fold(Tier::T0, Tier::max)
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When there is no record, one stands twice, or a field breaks its form.
    pub fn from_wire(put: &wire::SharePut) -> Result<Self, Malformed> {
        let wire::SharePut { referral_id, version, purpose, subject_ref, records, grant, approval, whole } = put;
        let put = Self {
            referral_id: ReferralId::from_wire(referral_id).at("referral_id")?,
            version: counted(*version, "version")?,
            purpose: Purpose::from_wire(*purpose).at("purpose")?,
            subject_ref: SubjectRef::from_wire(subject_ref).at("subject_ref")?,
            records: filled_list(records, Self::RECORDS_MAX, "records", SharedRecord::from_wire)?,
            grant: optional(grant.as_ref(), "grant", Grant::from_wire)?,
            approval: optional(approval.as_ref(), "approval", Approval::from_wire)?,
            whole: *whole,
        };
        each_once(put.records.iter().map(|record| record.record_ref)).at("records")?;
        Ok(put)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::SharePut {
        wire::SharePut {
            referral_id: self.referral_id.to_wire(),
            version: self.version,
            purpose: self.purpose.to_wire(),
            subject_ref: self.subject_ref.to_wire(),
            records: self.records.iter().map(SharedRecord::to_wire).collect(),
            grant: self.grant.as_ref().map(Grant::to_wire),
            approval: self.approval.as_ref().map(Approval::to_wire),
            whole: self.whole,
        }
    }
}

/// Takes records out of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRetract {
    /// Under which referral.
    pub referral_id: ReferralId,
    /// Which; empty: all of them.
    pub record_refs: Vec<RecordRef>,
}

impl ShareRetract {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When an id breaks its form or stands twice.
    pub fn from_wire(retract: &wire::ShareRetract) -> Result<Self, Malformed> {
        let wire::ShareRetract { referral_id, record_refs } = retract;
        let record_refs = list(record_refs, SharePut::RECORDS_MAX, "record_refs", |one| RecordRef::from_wire(one))?;
        each_once(record_refs.iter().copied()).at("record_refs")?;
        Ok(Self { referral_id: ReferralId::from_wire(referral_id).at("referral_id")?, record_refs })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::ShareRetract {
        wire::ShareRetract {
            referral_id: self.referral_id.to_wire(),
            record_refs: self.record_refs.iter().map(|one| one.to_wire()).collect(),
        }
    }
}

fn each_once(mut refs: impl Iterator<Item = RecordRef>) -> Result<(), Malformed> {
    let mut seen = std::collections::BTreeSet::new();
    if refs.all(|one| seen.insert(one)) { Ok(()) } else { Err(Malformed::new("must name each record once")) }
}
