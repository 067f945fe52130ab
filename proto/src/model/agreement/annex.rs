//! The data-sharing annex: what may move, in one direction.

use serde::{Deserialize, Serialize};

use crate::model::agreement::AgreementId;
use crate::model::consent::ConsentMethod;
use crate::model::date::{Date, Instant};
use crate::model::id::NodeId;
use crate::model::vocabulary::{Category, Purpose, Tier};

/// What may move from one party to another. Everything it does not name stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annex {
    /// Its name.
    pub id: AgreementId,
    /// From this party.
    pub from: NodeId,
    /// To this party.
    pub to: NodeId,
    /// What for; at least one.
    pub purposes: Vec<Purpose>,
    /// Record types such as "claim"; empty: every type of the categories.
    pub record_types: Vec<String>,
    /// What; at least one.
    pub categories: Vec<Category>,
    /// Highest tier.
    pub max_tier: Tier,
    /// Fields that stay in spite of their category, such as "contact.address".
    pub field_denylist: Vec<String>,
    /// Whether the receiver may pass it on.
    pub onward: Onward,
    /// Whether the welfare-check exception may be used.
    pub welfare_check_allowed: bool,
    /// Days a copy may be kept after the referral is closed.
    pub retention_days: u32,
    /// Hours within which a withdrawal must be acted on; at most [`Annex::WITHDRAWAL_HOURS_MAX`].
    pub withdrawal_action_hours: u32,
    /// Hours within which a breach must be told; at most [`Annex::BREACH_HOURS_MAX`].
    pub peer_breach_notice_hours: u32,
    /// How consent may be given; at least one.
    pub consent_methods: Vec<ConsentMethod>,
    /// On what legal ground data crosses the border.
    pub transfer_basis: TransferBasis,
    /// The transfer assessment, if the basis is one.
    pub assessment_ref: Option<String>,
    /// Last day of the assessment, if it has one.
    pub assessment_valid_until: Option<Date>,
    /// The contract clauses, if the basis is them.
    pub clauses_ref: Option<String>,
    /// MiB of one document at most; none: [`Annex::DOCUMENT_MIB_DEFAULT`].
    pub largest_document_mib: Option<u32>,
    /// MiB of all documents of one referral at most; none: [`Annex::DOCUMENTS_MIB_DEFAULT`].
    pub documents_per_referral_mib: Option<u32>,
    /// First day; none: the agreement's.
    pub valid_from: Option<Date>,
    /// Last day; none: the agreement's.
    pub valid_until: Option<Date>,
}

/// Whether what was received may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Onward {
    /// Never.
    Prohibited,
    /// With the worker's own new consent.
    WithNewConsent,
}

/// On what legal ground data crosses the border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TransferBasis {
    /// Her consent after being told.
    Consent,
    /// An assessment of the other country, which goes out of date.
    AdequacyAssessed,
    /// Contract clauses such as the ASEAN ones.
    ContractClauses,
}

impl Annex {
    /// Indonesia: stop within 3 x 24 hours (`domain.md` 3).
    pub const WITHDRAWAL_HOURS_MAX: u32 = 72;
    /// Jordan: tell the people concerned within 24 hours (`domain.md` 3).
    pub const BREACH_HOURS_MAX: u32 = 24;
    /// "One profile for all" (`domain.md` 3).
    pub const BREACH_HOURS_DEFAULT: u32 = 12;
    /// How long a copy is kept when nothing is said.
    pub const RETENTION_DAYS_DEFAULT: u32 = 365;
    /// Longest retention; a claim that takes longer takes a renewed referral.
    pub const RETENTION_DAYS_MAX: u32 = 3_650;
    /// A scan of a contract of thirty pages is about 10 MiB.
    pub const DOCUMENT_MIB_DEFAULT: u32 = 32;
    /// Largest that an annex may allow for one document: what an office line carries in some days.
    pub const DOCUMENT_MIB_MAX: u32 = 16 * 1024;
    /// All papers of one case, on a disk that other cases need too.
    pub const DOCUMENTS_MIB_DEFAULT: u32 = 256;
    /// Largest that an annex may allow for one referral.
    pub const DOCUMENTS_MIB_MAX: u32 = 128 * 1024;

    /// Whether it is about this direction.
    #[must_use]
    pub fn is_from_to(&self, from: &NodeId, to: &NodeId) -> bool {
        self.from == *from && self.to == *to
    }

    /// Whether its own days have come and not passed.
    #[must_use]
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.valid_from.is_none_or(|day| now >= day.start()) && self.valid_until.is_none_or(|day| now < day.end())
    }

    /// Bytes of one document at most.
    #[must_use]
    pub fn document_bytes_max(&self) -> u64 {
        u64::from(self.largest_document_mib.unwrap_or(Self::DOCUMENT_MIB_DEFAULT)) << 20
    }

    /// Bytes of all documents of one referral at most.
    #[must_use]
    pub fn documents_bytes_max(&self) -> u64 {
        u64::from(self.documents_per_referral_mib.unwrap_or(Self::DOCUMENTS_MIB_DEFAULT)) << 20
    }

    /// Whether it names the record type; an empty list names all.
    #[must_use]
    pub fn names_record_type(&self, record_type: &str) -> bool {
        self.record_types.is_empty() || self.record_types.iter().any(|one| one == record_type)
    }

    /// Whether the transfer assessment that it rests on is out of date, or missing where the basis is one.
    #[must_use]
    pub fn assessment_is_stale(&self, now: Instant) -> bool {
        match (self.assessment_valid_until, self.transfer_basis) {
            (Some(day), _) => now >= day.end(),
            (None, TransferBasis::AdequacyAssessed) => true,
            (None, TransferBasis::Consent | TransferBasis::ContractClauses) => false,
        }
    }
}
