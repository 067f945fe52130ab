//! The shape of an agreement's file. A key that is not named here is refused.

use serde::Deserialize;

use crate::model::agreement::annex::{Annex, Onward, TransferBasis};
use crate::model::agreement::{Agreement, AgreementId, AgreementKind, Party, Role};
use crate::model::consent::ConsentMethod;
use crate::model::date::Date;
use crate::model::id::{Digest, NodeId};
use crate::model::malformed::Malformed;
use crate::model::vocabulary::{Category, Purpose, Tier};

/// Reads the file; the rules between fields are not yet checked.
pub(super) fn read(text: &str) -> Result<Agreement, Malformed> {
    if text.len() > Agreement::TEXT_MAX {
        return Err(Malformed::new("is longer than 256 KiB").at("agreement"));
    }
    let File { agreement, annex } = toml::from_str(text).map_err(|error| explained(text, &error))?;
    Ok(agreement.into_agreement(annex.into_iter().map(AnnexTable::into_annex).collect()))
}

/// The agreement's tables alone, out of a file with others.
pub(super) fn only_agreement(text: &str) -> Result<String, Malformed> {
    if text.len() > Agreement::TEXT_MAX {
        return Err(Malformed::new("is longer than 256 KiB").at("agreement"));
    }
    let mut all: toml::Table = toml::from_str(text).map_err(|error| explained(text, &error))?;
    all.retain(|key, _| key == "agreement" || key == "annex");
    toml::to_string(&all).map_err(|_| Malformed::new("cannot be written as TOML").at("agreement"))
}

/// An agreement holds no personal data, so the reader's own words and the line may be shown.
fn explained(text: &str, error: &toml::de::Error) -> Malformed {
    let line = error.span().map(|span| 1 + text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count());
    let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
    Malformed::new(format!("{place}{}", error.message())).at("agreement")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    agreement: AgreementTable,
    #[serde(default)]
    annex: Vec<AnnexTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgreementTable {
    id: AgreementId,
    #[serde(default = "first_version")]
    version: u32,
    title: String,
    kind: AgreementKind,
    parties: Vec<PartyEntry>,
    effective_from: Date,
    expires_on: Date,
    supersedes: Option<u32>,
    governing_text_digest: Option<Digest>,
}

/// A party may be written as its node id alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum PartyEntry {
    Named(NodeId),
    Described(PartyTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartyTable {
    node_id: NodeId,
    #[serde(default = "implementing")]
    role: Role,
    #[serde(default)]
    approval_required: bool,
    #[serde(default)]
    affiliates: Vec<NodeId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnnexTable {
    id: AgreementId,
    from: NodeId,
    to: NodeId,
    purposes: Vec<Purpose>,
    #[serde(default)]
    record_types: Vec<String>,
    categories: Vec<Category>,
    #[serde(default = "tier_of_personal_data")]
    max_tier: Tier,
    #[serde(default)]
    field_denylist: Vec<String>,
    #[serde(default = "onward_prohibited")]
    onward: Onward,
    #[serde(default)]
    welfare_check_allowed: bool,
    #[serde(default = "retention_days")]
    retention_days: u32,
    #[serde(default = "withdrawal_hours")]
    withdrawal_action_hours: u32,
    #[serde(default = "breach_hours")]
    peer_breach_notice_hours: u32,
    consent_methods: Vec<ConsentMethod>,
    #[serde(default = "basis_consent")]
    transfer_basis: TransferBasis,
    assessment_ref: Option<String>,
    assessment_valid_until: Option<Date>,
    clauses_ref: Option<String>,
    largest_document_mib: Option<u32>,
    documents_per_referral_mib: Option<u32>,
    valid_from: Option<Date>,
    valid_until: Option<Date>,
}

impl AgreementTable {
    fn into_agreement(self, annexes: Vec<Annex>) -> Agreement {
        let Self { id, version, title, kind, parties, effective_from, expires_on, supersedes, governing_text_digest } = self;
        let parties = parties.into_iter().map(PartyEntry::into_party).collect();
        Agreement { id, version, title, kind, parties, effective_from, expires_on, supersedes, governing_text_digest, annexes }
    }
}

impl PartyEntry {
    fn into_party(self) -> Party {
        match self {
            Self::Named(node_id) => Party { node_id, role: Role::Implementing, approval_required: false, affiliates: Vec::new() },
            Self::Described(PartyTable { node_id, role, approval_required, affiliates }) => {
                Party { node_id, role, approval_required, affiliates }
            }
        }
    }
}

impl AnnexTable {
    fn into_annex(self) -> Annex {
        Annex {
            id: self.id,
            from: self.from,
            to: self.to,
            purposes: self.purposes,
            record_types: self.record_types,
            categories: self.categories,
            max_tier: self.max_tier,
            field_denylist: self.field_denylist,
            onward: self.onward,
            welfare_check_allowed: self.welfare_check_allowed,
            retention_days: self.retention_days,
            withdrawal_action_hours: self.withdrawal_action_hours,
            peer_breach_notice_hours: self.peer_breach_notice_hours,
            consent_methods: self.consent_methods,
            transfer_basis: self.transfer_basis,
            assessment_ref: self.assessment_ref,
            assessment_valid_until: self.assessment_valid_until,
            clauses_ref: self.clauses_ref,
            largest_document_mib: self.largest_document_mib,
            documents_per_referral_mib: self.documents_per_referral_mib,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        }
    }
}

// What holds when an annex says nothing: the careful choice.

fn first_version() -> u32 {
    1
}

fn implementing() -> Role {
    Role::Implementing
}

fn tier_of_personal_data() -> Tier {
    Tier::T2
}

fn onward_prohibited() -> Onward {
    Onward::Prohibited
}

fn basis_consent() -> TransferBasis {
    TransferBasis::Consent
}

fn retention_days() -> u32 {
    Annex::RETENTION_DAYS_DEFAULT
}

fn withdrawal_hours() -> u32 {
    Annex::WITHDRAWAL_HOURS_MAX
}

fn breach_hours() -> u32 {
    Annex::BREACH_HOURS_DEFAULT
}
