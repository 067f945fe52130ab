//! The rules of form between the fields of an agreement (`domain.md` 2.8).

use std::collections::BTreeSet;

use crate::model::agreement::annex::Annex;
use crate::model::agreement::{Agreement, Party, Role};
use crate::model::date::Date;
use crate::model::id::NodeId;
use crate::model::malformed::{At, Malformed};

/// Most parties, affiliates or annexes of one agreement; the largest regional MOU has six organisations and a dozen affiliates each.
const LIST_MAX: usize = 256;
/// Longest title or reference, in characters.
const TEXT_MAX: usize = 200;

/// Checks every rule.
pub(super) fn check(agreement: &Agreement) -> Result<(), Malformed> {
    if agreement.version == 0 {
        return Err(Malformed::new("must be 1 or more").at("version"));
    }
    text(&agreement.title, "title")?;
    if agreement.expires_on < agreement.effective_from {
        return Err(Malformed::new("must not be before effective_from").at("expires_on"));
    }
    if agreement.supersedes.is_some_and(|version| version == 0 || version >= agreement.version) {
        return Err(Malformed::new("must be an earlier version of this agreement").at("supersedes"));
    }
    check_parties(&agreement.parties)?;
    for annex in &agreement.annexes {
        check_annex(agreement, annex).at(&format!("annex {}", annex.id))?;
    }
    check_annexes_apart(agreement)
}

fn check_parties(parties: &[Party]) -> Result<(), Malformed> {
    let nodes: Vec<&NodeId> = parties.iter().flat_map(|party| std::iter::once(&party.node_id).chain(&party.affiliates)).collect();
    if nodes.len() > LIST_MAX {
        return Err(Malformed::new("has more than 256 entries").at("parties"));
    }
    if nodes.iter().collect::<BTreeSet<_>>().len() != nodes.len() {
        return Err(Malformed::new("names the same party twice").at("parties"));
    }
    if parties.iter().filter(|party| party.role == Role::Implementing).count() < 2 {
        return Err(Malformed::new("needs two implementing parties").at("parties"));
    }
    if parties.iter().any(|party| party.role == Role::Observer && (party.approval_required || !party.affiliates.is_empty())) {
        return Err(Malformed::new("an observer has neither approval nor affiliates").at("parties"));
    }
    Ok(())
}

fn check_annex(agreement: &Agreement, annex: &Annex) -> Result<(), Malformed> {
    for (end, path) in [(&annex.from, "from"), (&annex.to, "to")] {
        if !agreement.is_implementing(end) && agreement.sponsor(end).is_none() {
            return Err(Malformed::new("must be an implementing party or an affiliate of one").at(path));
        }
    }
    if annex.from == annex.to {
        return Err(Malformed::new("must not be the same as from").at("to"));
    }
    list(&annex.purposes, "purposes", true)?;
    list(&annex.categories, "categories", true)?;
    list(&annex.consent_methods, "consent_methods", true)?;
    list(&annex.record_types, "record_types", false)?;
    list(&annex.field_denylist, "field_denylist", false)?;
    annex.record_types.iter().try_for_each(|one| path(one, false)).at("record_types")?;
    annex.field_denylist.iter().try_for_each(|one| path(one, true)).at("field_denylist")?;
    at_most(annex.retention_days, Annex::RETENTION_DAYS_MAX, "retention_days")?;
    at_most(annex.withdrawal_action_hours, Annex::WITHDRAWAL_HOURS_MAX, "withdrawal_action_hours")?;
    at_most(annex.peer_breach_notice_hours, Annex::BREACH_HOURS_MAX, "peer_breach_notice_hours")?;
    at_most(annex.largest_document_mib.unwrap_or(1), Annex::DOCUMENT_MIB_MAX, "largest_document_mib")?;
    at_most(annex.documents_per_referral_mib.unwrap_or(1), Annex::DOCUMENTS_MIB_MAX, "documents_per_referral_mib")?;
    for (reference, path) in [(&annex.assessment_ref, "assessment_ref"), (&annex.clauses_ref, "clauses_ref")] {
        reference.as_deref().map_or(Ok(()), |one| text(one, path))?;
    }
    let (first, last) = days(agreement, annex);
    if first < agreement.effective_from || last > agreement.expires_on || last < first {
        return Err(Malformed::new("must lie within the days of the agreement").at("valid_until"));
    }
    Ok(())
}

/// One direction has one annex at a time: nobody should have to ask which of two holds.
fn check_annexes_apart(agreement: &Agreement) -> Result<(), Malformed> {
    let annexes = &agreement.annexes;
    if annexes.len() > LIST_MAX {
        return Err(Malformed::new("has more than 256 entries").at("annex"));
    }
    for (index, one) in annexes.iter().enumerate() {
        for other in &annexes[..index] {
            let path = format!("annex {}", one.id);
            if one.id == other.id {
                return Err(Malformed::new("names the same annex twice").at(&path));
            }
            let ((first, last), (other_first, other_last)) = (days(agreement, one), days(agreement, other));
            if one.is_from_to(&other.from, &other.to) && first <= other_last && other_first <= last {
                return Err(Malformed::new(format!("overlaps annex {}: same direction, same days", other.id)).at(&path));
            }
        }
    }
    Ok(())
}

fn days(agreement: &Agreement, annex: &Annex) -> (Date, Date) {
    (annex.valid_from.unwrap_or(agreement.effective_from), annex.valid_until.unwrap_or(agreement.expires_on))
}

fn text(text: &str, path: &str) -> Result<(), Malformed> {
    let good = !text.trim().is_empty() && text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control);
    if good { Ok(()) } else { Err(Malformed::new("must be one line of 1 to 200 characters").at(path)) }
}

/// A record type such as "claim", or a path below one such as "contact.address".
fn path(text: &str, dots: bool) -> Result<(), Malformed> {
    let good = !text.is_empty()
        && text.len() <= TEXT_MAX
        && text.split('.').all(|part| !part.is_empty())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || (dots && c == '.'));
    if good { Ok(()) } else { Err(Malformed::new("must be written such as contact or contact.address")) }
}

fn list<T: PartialEq>(list: &[T], path: &str, needed: bool) -> Result<(), Malformed> {
    if needed && list.is_empty() {
        return Err(Malformed::missing(path));
    }
    if list.len() > LIST_MAX {
        return Err(Malformed::new("has more than 256 entries").at(path));
    }
    let repeated = list.iter().enumerate().any(|(index, one)| list[..index].contains(one));
    if repeated { Err(Malformed::new("names something twice").at(path)) } else { Ok(()) }
}

fn at_most(number: u32, limit: u32, path: &str) -> Result<(), Malformed> {
    if (1..=limit).contains(&number) { Ok(()) } else { Err(Malformed::new(format!("must be 1 to {limit}")).at(path)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[agreement]
id = "AG-MY-ID"
title = "Cooperation on the \"protection\" of workers \\ Perlindungan"
kind = "BILATERAL"
parties = ["my.mtuc", "id.ksbsi"]
effective_from = "2026-01-01"
expires_on = "2026-08-31"

[[annex]]
id = "MY-ID-1"
from = "my.mtuc"
to = "id.ksbsi"
purposes = ["WAGE_RECOVERY"]
categories = ["CASE_CORE", "CLAIM"]
consent_methods = ["RECORDED_AUDIO"]
"#;

    /// The path and rule of the refusal, after one replacement in a good text.
    fn refused(good: &str, bad: &str) -> String {
        assert!(TEXT.contains(good), "{good}");
        Agreement::from_toml(&TEXT.replacen(good, bad, 1)).unwrap_err().to_string()
    }

    #[test]
    fn the_canonical_text_says_everything_and_reads_back_to_itself() {
        let agreement = Agreement::from_toml(TEXT).unwrap();
        let text = agreement.to_canonical_toml();
        assert!(text.contains("peer_breach_notice_hours = 12\n") && text.contains("onward = \"PROHIBITED\"\n"));
        assert_eq!(Agreement::parse_canonical(text.as_bytes()).unwrap(), agreement);
        assert_eq!(crate::model::id::Digest::of(text.as_bytes()), agreement.digest());
        let spaced = text.replace("version = 1", "version  = 1");
        assert!(Agreement::parse_canonical(spaced.as_bytes()).is_err());
        assert!(Agreement::parse_canonical(TEXT.as_bytes()).is_err());
        let with_others = format!("{text}\n[worker]\nfull_name = \"Somebody\"\n");
        assert!(Agreement::from_toml(&with_others).is_err());
        assert_eq!(Agreement::from_toml_among_others(&with_others).unwrap(), agreement);
    }

    #[test]
    fn caps_on_documents_are_written_only_where_they_were_agreed() {
        let silent = Agreement::from_toml(TEXT).unwrap();
        assert!(!silent.to_canonical_toml().contains("document"), "a text of before reads as before");
        assert_eq!(silent.annexes[0].document_bytes_max(), 32 << 20);
        let agreed = TEXT.replace("consent_methods", "largest_document_mib = 5120\ndocuments_per_referral_mib = 6000\nconsent_methods");
        let agreed = Agreement::from_toml(&agreed).unwrap();
        assert_eq!(agreed.annexes[0].document_bytes_max(), 5 << 30);
        assert_eq!(Agreement::parse_canonical(agreed.to_canonical_toml().as_bytes()).unwrap(), agreed);
    }

    #[test]
    fn a_text_that_breaks_a_rule_is_refused_by_its_place() {
        assert!(refused("title =", "titel =").contains("titel"));
        assert!(refused("purposes =", "purpose =").contains("purpose"));
        assert!(refused("expires_on = \"2026-08-31\"", "").contains("expires_on"));
        assert!(refused("2026-08-31", "2025-12-31").starts_with("expires_on"));
        assert!(refused("AG-MY-ID", "ag my id").contains("AG-MY-ID"));
        assert!(refused("\"id.ksbsi\"]", "\"my.mtuc\"]").starts_with("parties"));
        assert!(refused("to = \"id.ksbsi\"", "to = \"kh.clc\"").starts_with("annex MY-ID-1.to"));
        assert!(refused("to = \"id.ksbsi\"", "to = \"my.mtuc\"").starts_with("annex MY-ID-1.to"));
        assert!(refused("consent_methods", "withdrawal_action_hours = 73\nconsent_methods").contains("withdrawal_action_hours"));
        assert!(refused("consent_methods", "peer_breach_notice_hours = 25\nconsent_methods").contains("peer_breach_notice_hours"));
        assert!(refused("consent_methods", "largest_document_mib = 0\nconsent_methods").contains("largest_document_mib"));
        assert!(refused("consent_methods", "documents_per_referral_mib = 131073\nconsent_methods").contains("documents_per_referral_mib"));
        assert!(refused("consent_methods", "valid_until = \"2027-01-01\"\nconsent_methods").contains("valid_until"));
        assert!(refused("\"CLAIM\"", "\"CLAIMS\"").contains("Category"));
        assert!(refused("[\"CASE_CORE\", \"CLAIM\"]", "[]").starts_with("annex MY-ID-1.categories"));
    }

    #[test]
    fn two_annexes_in_one_direction_stand_apart_or_are_refused() {
        let second = TEXT[TEXT.find("[[annex]]").unwrap()..].replace("MY-ID-1", "MY-ID-2");
        let both = |first_until: &str, second_from: &str| {
            let first = TEXT.replace("consent_methods", &format!("valid_until = \"{first_until}\"\nconsent_methods"));
            let second = second.replace("consent_methods", &format!("valid_from = \"{second_from}\"\nconsent_methods"));
            Agreement::from_toml(&format!("{first}{second}"))
        };
        assert!(both("2026-05-31", "2026-06-01").is_ok());
        assert_eq!(both("2026-05-31", "2026-05-31").unwrap_err().path, "annex MY-ID-2");
    }
}
