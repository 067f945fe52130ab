//! Consents.

use titian_proto::wire;

use crate::codes::{code, list_codes, words};
use crate::output::block::Block;
use crate::output::text::{id, time, yes_no};

/// A consent: what was granted, and what was withdrawn.
#[must_use]
pub fn consent(consent: &wire::Consent) -> String {
    let wire::Consent { grant, withdrawals, state, worker_id } = consent;
    let block = Block::new().row("consent", grant.as_ref().map(|grant| id(&grant.consent_id)).unwrap_or_default());
    let block = block.row("worker", id(worker_id)).row("state", words::<wire::ConsentState>(*state));
    let block = match grant {
        Some(grant) => rows_of_grant(block, grant),
        None => block,
    };
    block.rows("withdrawn", withdrawals.iter().map(withdrawal)).to_string()
}

/// Consents, one after another.
#[must_use]
pub fn list(consents: &[wire::Consent]) -> String {
    if consents.is_empty() {
        return "no consents\n".to_owned();
    }
    consents.iter().map(consent).collect::<Vec<_>>().join("\n")
}

/// What a withdrawal did.
#[must_use]
pub fn withdrawn(response: &wire::WithdrawConsentResponse) -> String {
    let wire::WithdrawConsentResponse { consents, purged, notified } = response;
    let told = if notified.is_empty() { "nobody: nothing was delivered".to_owned() } else { notified.join(", ") };
    let head = Block::new()
        .row("consents touched", consents.len().to_string())
        .row("queued, will not leave", purged.to_string())
        .row("will be told", told);
    consents.iter().fold(format!("withdrawn\n{head}"), |text, one| format!("{text}\n{}", consent(one)))
}

fn rows_of_grant(block: Block, grant: &wire::Grant) -> Block {
    let wire::Grant {
        consent_id: _,
        version,
        sequence: _,
        given_by,
        recipient,
        purposes,
        categories,
        record_types,
        withheld,
        onward_to,
        destination_country,
        informed_inadequate_protection,
        recipient_state_linked_told,
        notice_id,
        notice_version,
        notice_language,
        interpreter_organisation,
        method,
        witnesses,
        evidence_digest,
        given_at_ms,
        valid_from_ms,
        valid_until_ms,
        basis,
        withdrawal_channel,
        receipt_given,
        consent_reporting,
    } = grant;
    let onward = if onward_to.is_empty() { "nobody".to_owned() } else { onward_to.join(", ") };
    block
        .row("version", version.to_string())
        .row("for", recipient)
        .row("country", destination_country)
        .row("purposes", list_codes::<wire::Purpose>(purposes))
        .row("categories", list_codes::<wire::Category>(categories))
        .row("record types", record_types.join(", "))
        .rows("withheld", withheld.iter().map(withheld_words))
        .row("passed on to", onward)
        .row("given by", words::<wire::ConsentGiver>(*given_by))
        .row("given", time(*given_at_ms))
        .row("method", words::<wire::ConsentMethod>(*method))
        .row("ground", words::<wire::ConsentBasis>(*basis))
        .row("notice", format!("{notice_id}, version {notice_version}, in {notice_language}"))
        .row("interpreter", interpreter_organisation)
        .row("told of weaker protection", yes_no(*informed_inadequate_protection))
        .row("told of ties to the state", yes_no(*recipient_state_linked_told))
        .row("witnesses", witnesses.join(", "))
        .row("evidence", hex::encode(evidence_digest))
        .row("valid from", time(*valid_from_ms))
        .row("valid until", time(*valid_until_ms))
        .row("can withdraw", words::<wire::WithdrawalChannel>(*withdrawal_channel))
        .row("paper receipt", words::<wire::ReceiptGiven>(*receipt_given))
        .row("on this form, counted in reports", yes_no(*consent_reporting))
}

fn withheld_words(withheld: &wire::Withheld) -> String {
    let wire::Withheld { category, field, reason } = withheld;
    let parts = [code::<wire::Category>(*category), field.clone(), words::<wire::WithheldReason>(*reason)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn withdrawal(withdrawal: &wire::Withdrawal) -> String {
    let wire::Withdrawal { consent_id: _, sequence: _, recipient, purposes, categories, action, effective_at_ms } = withdrawal;
    let all = |text: String, all: &str| if text.is_empty() { all.to_owned() } else { text };
    format!(
        "{} {}: {}; {}; {}",
        time(*effective_at_ms),
        words::<wire::WithdrawalAction>(*action),
        all(recipient.clone(), "every recipient"),
        all(list_codes::<wire::Purpose>(purposes), "every purpose"),
        all(list_codes::<wire::Category>(categories), "every category"),
    )
}
