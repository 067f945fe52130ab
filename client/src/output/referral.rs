//! Referrals.

use titian_proto::wire;

use crate::codes::{code, list_codes, list_words, words};
use crate::output::block::Block;
use crate::output::record;
use crate::output::table::table;
use crate::output::text::{id, time, yes};
use crate::words::sentences;

/// A referral: what was asked, and how it stands.
#[must_use]
pub fn referral(referral: &wire::Referral) -> String {
    let wire::Referral {
        referral_id,
        sender,
        recipient,
        case_id,
        worker_id,
        offer,
        state,
        delivery,
        custody,
        erasure,
        blocked_by,
        agreement_id,
        agreement_version,
        reason,
        outcome,
        records_held,
        records_shared,
        frozen,
        commitment,
        author,
        changed_at_ms,
        held_by_authority,
        hold_review_on,
    } = referral;
    let agreement = if agreement_id.is_empty() { String::new() } else { format!("{agreement_id}, version {agreement_version}") };
    let block = Block::new()
        .row("referral", id(referral_id))
        .row("from", sender)
        .row("to", recipient)
        .row("case", id(case_id))
        .row("worker", id(worker_id))
        .row("state", words::<wire::ReferralState>(*state))
        .row("blocked by", blocked(blocked_by.as_ref()))
        .row("fields", blocked_by.as_ref().map(|refusal| refusal.paths.join(", ")).unwrap_or_default())
        .row("reason", words::<wire::DeclineReason>(*reason))
        .row("outcome", words::<wire::ReferralOutcome>(*outcome))
        .row("delivery", or_none(words::<wire::DeliveryStage>(*delivery), "nothing sent"))
        .row("custody", or_none(words::<wire::Custody>(*custody), "nothing held"))
        .row("erasure", or_none(words::<wire::Erasure>(*erasure), "none"))
        .row("frozen", yes(*frozen))
        .row("kept for", held_by_authority)
        .row("look again by", hold_review_on)
        .row("records held", records_held.to_string())
        .row("records shared", records_shared.to_string())
        .row("commitment", hex::encode(commitment))
        .row("agreement", agreement)
        .row("written by", author)
        .row("changed", time(*changed_at_ms));
    match offer {
        Some(offer) => format!("{block}\noffer\n{}", rows_of_offer(Block::inner(), offer)),
        None => block.to_string(),
    }
}

/// Referrals, one a line.
#[must_use]
pub fn list(referrals: &[wire::Referral]) -> String {
    let row = |one: &wire::Referral| {
        let purpose = one.offer.as_ref().map(|offer| code::<wire::Purpose>(offer.purpose)).unwrap_or_default();
        vec![
            id(&one.referral_id),
            one.sender.clone(),
            one.recipient.clone(),
            purpose,
            words::<wire::ReferralState>(one.state),
            words::<wire::DeliveryStage>(one.delivery),
            code_of(one.blocked_by.as_ref()),
            time(one.changed_at_ms),
        ]
    };
    table(&["referral", "from", "to", "purpose", "state", "delivery", "blocked by", "changed"], referrals.iter().map(row), "no referrals")
}

/// The records held from the other side.
#[must_use]
pub fn share(records: &[wire::SharedRecord]) -> String {
    if records.is_empty() {
        return "no records are held from the other side\n".to_owned();
    }
    records.iter().map(record::shared).collect::<Vec<_>>().join("\n")
}

/// One thing that arrived or changed: a line, and the records that came.
#[must_use]
pub fn event(event: &wire::WatchReferralsResponse) -> String {
    let wire::WatchReferralsResponse { referral_id, state, records } = event;
    let head = format!("referral {}  {}\n", id(referral_id), words::<wire::ReferralState>(*state));
    records.iter().fold(head, |text, one| format!("{text}{}", record::shared(one)))
}

fn rows_of_offer(block: Block, offer: &wire::Offer) -> Block {
    let wire::Offer {
        referral_id: _,
        version,
        kind,
        purpose,
        services_requested,
        priority,
        respond_by_ms,
        contact_by_ms,
        categories,
        subject_ref: _,
        tier,
        journey,
        demographic,
        case_kind,
        intake_kind,
        complaint_codes,
        assistance_requested,
        group_count,
        grant,
        approval,
    } = offer;
    let block = block
        .row("version", version.to_string())
        .row("asks for", words::<wire::ReferralKind>(*kind))
        .row("purpose", code::<wire::Purpose>(*purpose))
        .row("services", list_words::<wire::Service>(services_requested))
        .row("priority", words::<wire::Priority>(*priority))
        .row("answer by", time(*respond_by_ms))
        .row("first contact by", time(*contact_by_ms))
        .row("categories", list_codes::<wire::Category>(categories))
        .row("tier", code::<wire::Tier>(*tier))
        .row("case", words::<wire::CaseKind>(*case_kind))
        .row("intake", words::<wire::IntakeKind>(*intake_kind))
        .row("complaints", complaint_codes.join(", "))
        .row("she asks for", list_words::<wire::Assistance>(assistance_requested));
    let block = journey.as_ref().into_iter().fold(block, record::rows_of_journey);
    let block = demographic.as_ref().into_iter().fold(block, record::rows_of_demographic);
    let block = group_count.as_ref().into_iter().fold(block, record::rows_of_group_count);
    let consent =
        grant.as_ref().map(|grant| format!("{}, version {}, until {}", id(&grant.consent_id), grant.version, time(grant.valid_until_ms)));
    let approved = approval
        .as_ref()
        .map(|wire::Approval { author: _, approver, approved_at_ms }| format!("by {approver} on {}", time(*approved_at_ms)));
    block.row("consent", consent.unwrap_or_default()).row("approved", approved.unwrap_or_default())
}

/// "NO_CONSENT: The worker has not given consent."
fn blocked(refusal: Option<&wire::Refusal>) -> String {
    match code_of(refusal) {
        code if code.is_empty() => code,
        code => format!("{code}: {}", sentences(&code).0),
    }
}

fn code_of(refusal: Option<&wire::Refusal>) -> String {
    refusal.map(|refusal| code::<wire::RefusalCode>(refusal.code)).unwrap_or_default()
}

fn or_none(text: String, none: &str) -> String {
    if text.is_empty() { none.to_owned() } else { text }
}
