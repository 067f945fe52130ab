//! The canonical text of an agreement. Small and our own: a library that changed its taste in spaces would change every digest.

use std::fmt::Write as _;

use crate::model::agreement::annex::{Annex, Onward, TransferBasis};
use crate::model::agreement::{Agreement, AgreementKind, Party, Role};

/// Writes every key in its fixed place, defaults too; what is absent is left out.
pub(super) fn write(agreement: &Agreement) -> String {
    let mut text = Text(String::from("[agreement]\n"));
    text.quoted("id", agreement.id.as_str());
    text.number("version", agreement.version);
    text.quoted("title", &agreement.title);
    text.quoted("kind", kind(agreement.kind));
    text.parties(&agreement.parties);
    text.quoted("effective_from", &agreement.effective_from.to_string());
    text.quoted("expires_on", &agreement.expires_on.to_string());
    if let Some(version) = agreement.supersedes {
        text.number("supersedes", version);
    }
    text.optional("governing_text_digest", agreement.governing_text_digest.as_ref());
    for annex in &agreement.annexes {
        text.annex(annex);
    }
    text.0
}

struct Text(String);

impl Text {
    fn annex(&mut self, annex: &Annex) {
        self.0.push_str("\n[[annex]]\n");
        self.quoted("id", annex.id.as_str());
        self.quoted("from", annex.from.as_str());
        self.quoted("to", annex.to.as_str());
        self.list("purposes", annex.purposes.iter().map(|one| one.code()));
        self.list("record_types", annex.record_types.iter().map(String::as_str));
        self.list("categories", annex.categories.iter().map(|one| one.code()));
        self.quoted("max_tier", annex.max_tier.code());
        self.list("field_denylist", annex.field_denylist.iter().map(String::as_str));
        self.quoted("onward", onward(annex.onward));
        self.boolean("welfare_check_allowed", annex.welfare_check_allowed);
        self.number("retention_days", annex.retention_days);
        self.number("withdrawal_action_hours", annex.withdrawal_action_hours);
        self.number("peer_breach_notice_hours", annex.peer_breach_notice_hours);
        self.list("consent_methods", annex.consent_methods.iter().map(|one| one.code()));
        self.quoted("transfer_basis", basis(annex.transfer_basis));
        self.optional("assessment_ref", annex.assessment_ref.as_ref());
        self.optional("assessment_valid_until", annex.assessment_valid_until.as_ref());
        self.optional("clauses_ref", annex.clauses_ref.as_ref());
        // Absent as absent: texts that were signed before these keys stay canonical, and nodes that do not know them read those that need none.
        for (key, mib) in
            [("largest_document_mib", annex.largest_document_mib), ("documents_per_referral_mib", annex.documents_per_referral_mib)]
        {
            if let Some(mib) = mib {
                self.number(key, mib);
            }
        }
        self.optional("valid_from", annex.valid_from.as_ref());
        self.optional("valid_until", annex.valid_until.as_ref());
    }

    fn parties(&mut self, parties: &[Party]) {
        self.0.push_str("parties = [\n");
        for party in parties {
            let affiliates = party.affiliates.iter().map(|one| quote(one.as_str())).collect::<Vec<_>>().join(", ");
            let (node, role) = (quote(party.node_id.as_str()), quote(role(party.role)));
            let approval = party.approval_required;
            self.line(format_args!(
                "  {{ node_id = {node}, role = {role}, approval_required = {approval}, affiliates = [{affiliates}] }},"
            ));
        }
        self.0.push_str("]\n");
    }

    fn quoted(&mut self, key: &str, value: &str) {
        self.line(format_args!("{key} = {}", quote(value)));
    }

    fn optional(&mut self, key: &str, value: Option<&impl ToString>) {
        if let Some(value) = value {
            self.quoted(key, &value.to_string());
        }
    }

    fn number(&mut self, key: &str, value: u32) {
        self.line(format_args!("{key} = {value}"));
    }

    fn boolean(&mut self, key: &str, value: bool) {
        self.line(format_args!("{key} = {value}"));
    }

    fn list<'a>(&mut self, key: &str, values: impl Iterator<Item = &'a str>) {
        let values = values.map(quote).collect::<Vec<_>>().join(", ");
        self.line(format_args!("{key} = [{values}]"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// A TOML basic string. Control characters were refused on reading.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn kind(kind: AgreementKind) -> &'static str {
    match kind {
        AgreementKind::Bilateral => "BILATERAL",
        AgreementKind::Multilateral => "MULTILATERAL",
        AgreementKind::JointActionPlan => "JOINT_ACTION_PLAN",
        AgreementKind::CollaborativeAgreement => "COLLABORATIVE_AGREEMENT",
        AgreementKind::UnionCso => "UNION_CSO",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Implementing => "IMPLEMENTING",
        Role::Observer => "OBSERVER",
    }
}

fn onward(onward: Onward) -> &'static str {
    match onward {
        Onward::Prohibited => "PROHIBITED",
        Onward::WithNewConsent => "WITH_NEW_CONSENT",
    }
}

fn basis(basis: TransferBasis) -> &'static str {
    match basis {
        TransferBasis::Consent => "CONSENT",
        TransferBasis::AdequacyAssessed => "ADEQUACY_ASSESSED",
        TransferBasis::ContractClauses => "CONTRACT_CLAUSES",
    }
}
