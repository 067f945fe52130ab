//! What passes in every state of an agreement: withdrawals, receipts of erasure, breaches.

use super::Erasure;
use crate::model::consent::Withdrawal;
use crate::model::date::{Date, Instant};
use crate::model::id::{Digest, NodeId, ReferralId, SubjectRef};
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, list, required};
use crate::model::value::{Text, redacted};
use crate::model::vocabulary::Category;
use crate::wire;

/// Referrals, commitments or keys in one notice: a worker has few, a breach may concern a whole group.
pub const NOTICE_ENTRIES_MAX: usize = 4_096;

/// Tells a peer of a withdrawal.
#[derive(Clone, PartialEq)]
pub struct WithdrawalNotice {
    /// The worker, as this peer knows her.
    pub subject_ref: SubjectRef,
    /// Referrals concerned.
    pub referral_ids: Vec<ReferralId>,
    /// What was withdrawn.
    pub withdrawal: Withdrawal,
}

redacted!(WithdrawalNotice);

impl WithdrawalNotice {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the withdrawal is missing or a field breaks its form.
    pub fn from_wire(notice: &wire::WithdrawalNotice) -> Result<Self, Malformed> {
        let wire::WithdrawalNotice { subject_ref, referral_ids, withdrawal } = notice;
        Ok(Self {
            subject_ref: SubjectRef::from_wire(subject_ref).at("subject_ref")?,
            referral_ids: read_referrals(referral_ids)?,
            withdrawal: required(withdrawal.as_ref(), "withdrawal", Withdrawal::from_wire)?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::WithdrawalNotice {
        wire::WithdrawalNotice {
            subject_ref: self.subject_ref.to_wire(),
            referral_ids: write_referrals(&self.referral_ids),
            withdrawal: Some(self.withdrawal.to_wire()),
        }
    }
}

/// A promise that something was destroyed. It proves a promise, not that a screenshot was never taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureReceipt {
    /// The newest withdrawal of which the node that gets this had told, as that node counts, from 1. 0: it told of none.
    pub withdrawal_sequence: u64,
    /// The newest withdrawal that the node that signs this took from her word itself, as it counts, from 1. 0: none. Two nodes count apart, so that a
    /// high number of one answers nothing of the other's. Programs that put either count into `withdrawal_sequence` say none.
    pub own_sequence: Option<u64>,
    /// Under which referrals.
    pub referral_ids: Vec<ReferralId>,
    /// Commitments of what was destroyed.
    pub commitments: Vec<Digest>,
    /// Ids of the keys destroyed.
    pub key_ids_destroyed: Vec<Text>,
    /// Backups are gone by.
    pub backups_expire_by: Instant,
    /// What was kept, and why.
    pub exceptions: Vec<ErasureException>,
    /// Peers it was passed on to; each sends a receipt of its own.
    pub onward: Vec<NodeId>,
    /// When.
    pub erased_at: Instant,
    /// Those of the peers it was passed on to whose own receipt has come.
    pub onward_erased: Vec<NodeId>,
    /// What of the share was destroyed; empty: everything but the exceptions.
    pub categories: Vec<Category>,
}

impl ErasureReceipt {
    /// One that names nothing yet: neither what was destroyed, nor what stays.
    #[must_use]
    pub fn of_nothing(withdrawal_sequence: u64, referral_ids: Vec<ReferralId>, erased_at: Instant) -> Self {
        Self {
            withdrawal_sequence,
            own_sequence: Some(0),
            referral_ids,
            commitments: Vec::new(),
            key_ids_destroyed: Vec::new(),
            backups_expire_by: erased_at,
            exceptions: Vec::new(),
            onward: Vec::new(),
            erased_at,
            onward_erased: Vec::new(),
            categories: Vec::new(),
        }
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a field breaks its form.
    pub fn from_wire(receipt: &wire::ErasureReceipt) -> Result<Self, Malformed> {
        let wire::ErasureReceipt {
            withdrawal_sequence,
            referral_ids,
            commitments,
            key_ids_destroyed,
            backups_expire_by_ms,
            exceptions,
            onward,
            erased_at_ms,
            onward_erased,
            categories,
            own_sequence,
        } = receipt;
        Ok(Self {
            withdrawal_sequence: *withdrawal_sequence,
            own_sequence: *own_sequence,
            referral_ids: read_referrals(referral_ids)?,
            commitments: read_commitments(commitments)?,
            key_ids_destroyed: list(key_ids_destroyed, NOTICE_ENTRIES_MAX, "key_ids_destroyed", |id| Text::parse(id, Text::CODE_BYTES))?,
            backups_expire_by: Instant::from_millis(*backups_expire_by_ms),
            exceptions: list(exceptions, LIST_MAX, "exceptions", ErasureException::from_wire)?,
            onward: list(onward, LIST_MAX, "onward", |node| NodeId::parse(node))?,
            erased_at: Instant::from_millis(*erased_at_ms),
            onward_erased: list(onward_erased, LIST_MAX, "onward_erased", |node| NodeId::parse(node))?,
            categories: list(categories, LIST_MAX, "categories", |code| Category::from_wire(*code))?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::ErasureReceipt {
        wire::ErasureReceipt {
            withdrawal_sequence: self.withdrawal_sequence,
            referral_ids: write_referrals(&self.referral_ids),
            commitments: write_commitments(&self.commitments),
            key_ids_destroyed: Text::list_to_wire(&self.key_ids_destroyed),
            backups_expire_by_ms: self.backups_expire_by.as_millis(),
            exceptions: self.exceptions.iter().map(ErasureException::to_wire).collect(),
            onward: self.onward.iter().map(ToString::to_string).collect(),
            erased_at_ms: self.erased_at.as_millis(),
            onward_erased: self.onward_erased.iter().map(ToString::to_string).collect(),
            categories: Category::list_to_wire(&self.categories),
            own_sequence: self.own_sequence,
        }
    }
}

/// Something kept in spite of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureException {
    /// Legal hold or adopted.
    pub ground: Erasure,
    /// Commitments kept.
    pub commitments: Vec<Digest>,
    /// Reviewed by.
    pub review_on: Date,
}

impl ErasureException {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the ground is neither a legal hold nor an adoption, or a field breaks its form.
    pub fn from_wire(exception: &wire::ErasureException) -> Result<Self, Malformed> {
        let wire::ErasureException { ground, commitments, review_on } = exception;
        let ground = Erasure::from_wire(*ground).at("ground")?;
        if !matches!(ground, Erasure::LegalHold | Erasure::Adopted) {
            return Err(Malformed::new("must be LEGAL_HOLD or ADOPTED").at("ground"));
        }
        Ok(Self { ground, commitments: read_commitments(commitments)?, review_on: Date::parse(review_on).at("review_on")? })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::ErasureException {
        wire::ErasureException {
            ground: self.ground.to_wire(),
            commitments: write_commitments(&self.commitments),
            review_on: self.review_on.to_string(),
        }
    }
}

/// A breach at the sender's node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreachNotice {
    /// When it was found.
    pub found_at: Instant,
    /// Categories concerned.
    pub categories: Vec<Category>,
    /// Referrals concerned.
    pub referral_ids: Vec<ReferralId>,
}

impl BreachNotice {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a category is not in its list or an id breaks its form.
    pub fn from_wire(notice: &wire::BreachNotice) -> Result<Self, Malformed> {
        let wire::BreachNotice { found_at_ms, categories, referral_ids } = notice;
        Ok(Self {
            found_at: Instant::from_millis(*found_at_ms),
            categories: list(categories, LIST_MAX, "categories", |code| Category::from_wire(*code))?,
            referral_ids: read_referrals(referral_ids)?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::BreachNotice {
        wire::BreachNotice {
            found_at_ms: self.found_at.as_millis(),
            categories: Category::list_to_wire(&self.categories),
            referral_ids: write_referrals(&self.referral_ids),
        }
    }
}

fn read_referrals(ids: &[bytes::Bytes]) -> Result<Vec<ReferralId>, Malformed> {
    let ids = list(ids, NOTICE_ENTRIES_MAX, "referral_ids", |id| ReferralId::from_wire(id))?;
    let distinct: std::collections::HashSet<&ReferralId> = ids.iter().collect();
    if distinct.len() < ids.len() {
        return Err(Malformed::new("must name each referral once").at("referral_ids"));
    }
    Ok(ids)
}

fn write_referrals(ids: &[ReferralId]) -> Vec<bytes::Bytes> {
    ids.iter().map(|id| id.to_wire()).collect()
}

fn read_commitments(commitments: &[bytes::Bytes]) -> Result<Vec<Digest>, Malformed> {
    list(commitments, NOTICE_ENTRIES_MAX, "commitments", |one| Digest::from_wire(one))
}

fn write_commitments(commitments: &[Digest]) -> Vec<bytes::Bytes> {
    commitments.iter().map(|one| one.to_wire()).collect()
}
