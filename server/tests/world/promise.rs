//! What a node acknowledged to its staff. It must be on stable storage then, and there ever after.

use titian_proto::model::id::{CaseId, RecordId, ReferralId, WorkerId};
use titian_server::store::Read;
use titian_server::store::cases::CaseTable as _;
use titian_server::store::consents::{ConsentTable as _, Subject};
use titian_server::store::records::{Holder, RecordTable as _};
use titian_server::store::referrals::ReferralTable as _;
use titian_server::store::workers::WorkerTable as _;

/// One thing that was acknowledged.
#[derive(Clone, Debug)]
pub enum Promise {
    /// A worker was added.
    Worker(WorkerId),
    /// A case was opened.
    Case(CaseId),
    /// A record was put at this revision.
    Record(Holder, RecordId, u64),
    /// A worker's ledger has so many lines.
    Ledger(WorkerId, usize),
    /// A referral was written.
    Referral(ReferralId),
    /// A worker withdrew everything of a referral.
    Withdrawn(ReferralId),
}

impl Promise {
    /// Whether it stands in a store.
    pub fn holds(&self, read: &impl Read) -> bool {
        match self {
            Self::Worker(worker_id) => read.worker(*worker_id).is_ok_and(|worker| worker.is_some()),
            Self::Case(case_id) => read.case(*case_id).is_ok_and(|case| case.is_some()),
            Self::Record(holder, record_id, revision) => {
                read.record(*holder, *record_id).is_ok_and(|record| record.is_some_and(|record| record.revision >= *revision))
            }
            Self::Ledger(worker_id, lines) => read.ledger_lines(&Subject::Worker(*worker_id)).is_ok_and(|known| known.len() >= *lines),
            Self::Referral(referral_id) => read.referral(*referral_id).is_ok_and(|file| file.is_some()),
            Self::Withdrawn(referral_id) => read.referral(*referral_id).is_ok_and(|file| file.is_some_and(|file| file.frozen)),
        }
    }
}
