//! Records in readable form.

mod papers;

use titian_proto::wire;
use titian_proto::wire::record_content::Content;

use crate::codes::{code, list_words, words};
use crate::input::type_name;
use crate::output::block::Block;
use crate::output::text::{count, id, money, time, yes, yes_no};

/// A record of this node: a heading, and what it says.
#[must_use]
pub fn record(record: &wire::Record) -> String {
    let wire::Record { record_id, worker_id: _, case_id: _, owner, revision, content, category, tier, changed_at_ms } = record;
    let kind = kind(content.as_ref());
    let heading = format!("{kind}  ({}, {})", code::<wire::Category>(*category), code::<wire::Tier>(*tier));
    let block = Block::inner()
        .row("record", id(record_id))
        .row("owner", owner)
        .row("revision", revision.to_string())
        .row("changed", time(*changed_at_ms));
    format!("{heading}\n{}", says(block, content.as_ref()))
}

/// A record held from another union.
#[must_use]
pub fn shared(record: &wire::SharedRecord) -> String {
    let wire::SharedRecord { record_ref, owner, revision, content } = record;
    let block = Block::inner().row("record", id(record_ref)).row("owner", owner).row("revision", revision.to_string());
    format!("{}\n{}", kind(content.as_ref()), says(block, content.as_ref()))
}

/// The type of a record in words.
#[must_use]
pub fn kind(content: Option<&wire::RecordContent>) -> String {
    match content.and_then(|content| content.content.as_ref()) {
        Some(content) => type_name(content).replace('_', " "),
        None => "record without content".to_owned(),
    }
}

fn says(block: Block, content: Option<&wire::RecordContent>) -> Block {
    match content.and_then(|content| content.content.as_ref()) {
        None => block,
        Some(Content::Journey(journey)) => rows_of_journey(block, journey),
        Some(Content::Complaint(complaint)) => rows_of_complaint(block, complaint),
        Some(Content::ServiceAction(action)) => rows_of_service_action(block, action),
        Some(Content::GroupCount(counts)) => rows_of_group_count(block, counts),
        Some(Content::Demographic(demographic)) => rows_of_demographic(block, demographic),
        Some(Content::Identity(identity)) => rows_of_identity(block, identity),
        Some(Content::Contact(contact)) => rows_of_contact(block, contact),
        Some(Content::Safety(safety)) => rows_of_safety(block, safety),
        Some(Content::Employer(party)) => rows_of_employer(block, party),
        Some(Content::Claim(claim)) => rows_of_claim(block, claim),
        Some(Content::Outcome(outcome)) => rows_of_outcome(block, outcome),
        Some(Content::Narrative(wire::Narrative { text, language })) => block.row("language", language).row("text", text),
        Some(Content::Document(document)) => papers::rows_of_document(block, document),
        Some(Content::IdentityDocument(document)) => papers::rows_of_identity_document(block, document),
        Some(Content::ImmigrationStatus(wire::ImmigrationStatus { status })) => {
            block.row("status", words::<wire::ImmigrationStatusCode>(*status))
        }
        Some(Content::UnionMembership(wire::UnionMembership { union, kind, as_of })) => {
            block.row("union", union).row("kind", words::<wire::MembershipKind>(*kind)).row("as of", as_of)
        }
        Some(Content::Family(wire::Family { relation, name, reporter })) => {
            block.row("relation", words::<wire::Relation>(*relation)).row("name", name).row("reported the case", yes(*reporter))
        }
        Some(Content::Health(wire::Health { condition, since, needs_care })) => block
            .row("condition", words::<wire::HealthCondition>(*condition))
            .row("since", since)
            .row("needs care now", yes_no(*needs_care)),
        Some(Content::GbvTrafficking(wire::GbvTrafficking { violence_type, suspected_trafficking, month })) => block
            .row("type", words::<wire::ViolenceType>(*violence_type))
            .row("trafficking suspected", yes_no(*suspected_trafficking))
            .row("month", month),
        Some(Content::AllegedOffence(wire::AllegedOffence { name, role, code })) => {
            block.row("name", name).row("role", words::<wire::PartyRole>(*role)).row("complaint", code)
        }
        Some(Content::Partner(partner)) => papers::rows_of_partner(block, partner),
        Some(Content::Material(material)) => papers::rows_of_material(block, material),
    }
}

pub(super) fn rows_of_journey(block: Block, journey: &wire::Journey) -> Block {
    let wire::Journey { country_of_origin, country_of_destination, migration_stage, languages, interpreter_needed, reads } = journey;
    block
        .row("origin", country_of_origin)
        .row("destination", country_of_destination)
        .row("stage", words::<wire::MigrationStage>(*migration_stage))
        .row("languages", languages.join(", "))
        .row("interpreter needed", yes(*interpreter_needed))
        .row("reads", reads.join(", "))
}

fn rows_of_complaint(block: Block, complaint: &wire::Complaint) -> Block {
    let wire::Complaint {
        kind,
        intake_kind,
        intake_channel,
        mrc_office,
        codes,
        primary,
        assistance_requested,
        client_decision,
        client_decision_on,
        route,
        stage,
        limitation_date,
        limitation_rule,
        closure_reason,
        raised_tier,
    } = complaint;
    block
        .row("kind", words::<wire::CaseKind>(*kind))
        .row("intake", words::<wire::IntakeKind>(*intake_kind))
        .row("came in by", words::<wire::IntakeChannel>(*intake_channel))
        .row("office", mrc_office)
        .row("complaints", codes.join(", "))
        .row("main complaint", primary)
        .row("asks for", list_words::<wire::Assistance>(assistance_requested))
        .row("her decision", words::<wire::ClientDecision>(*client_decision))
        .row("decided on", client_decision_on)
        .row("road", words::<wire::Route>(*route))
        .row("stage", words::<wire::CaseStage>(*stage))
        .row("last day to file", limitation_date)
        .row("by the rule", limitation_rule)
        .row("closed because", words::<wire::ClosureReason>(*closure_reason))
        .row("tier raised to", code::<wire::Tier>(*raised_tier))
}

fn rows_of_service_action(block: Block, action: &wire::ServiceAction) -> Block {
    let wire::ServiceAction { service, date, provider, result } = action;
    block
        .row("service", words::<wire::Service>(*service))
        .row("on", date)
        .row("by", provider)
        .row("result", words::<wire::ActionResult>(*result))
}

pub(super) fn rows_of_group_count(block: Block, counts: &wire::GroupCount) -> Block {
    let wire::GroupCount { parent_group_ref, country, represented_count, registered_count } = counts;
    block
        .row("group", id(parent_group_ref))
        .row("country", country)
        .row("represented", represented_count.to_string())
        .row("registered", registered_count.to_string())
}

pub(super) fn rows_of_demographic(block: Block, demographic: &wire::Demographic) -> Block {
    let wire::Demographic { sex, age_band, nationality } = demographic;
    block.row("sex", words::<wire::Sex>(*sex)).row("age", age(*age_band)).row("nationality", nationality)
}

/// "25 to 34".
fn age(band: i32) -> String {
    let words = words::<wire::AgeBand>(band);
    match words.strip_prefix('a').and_then(|ages| ages.split_once(' ')) {
        Some((from, "plus")) => format!("{from} and more"),
        Some((from, to)) => format!("{from} to {to}"),
        None => words,
    }
}

fn rows_of_identity(block: Block, identity: &wire::Identity) -> Block {
    let wire::Identity { full_name, name_native_script, date_of_birth } = identity;
    block.row("name", full_name).row("in her own script", name_native_script).row("born", date_of_birth)
}

fn rows_of_contact(block: Block, contact: &wire::Contact) -> Block {
    let wire::Contact { contacts, origin_admin1, address } = contact;
    let point = |point: &wire::ContactPoint| {
        let wire::ContactPoint { kind, value, device_held_by, safe } = point;
        let holder = words::<wire::DeviceHolder>(*device_held_by);
        let holder = if holder.is_empty() { String::new() } else { format!(", device held by {holder}") };
        format!("{} {value}{holder}, {}", words::<wire::ContactKind>(*kind), if *safe { "safe" } else { "NOT SAFE" })
    };
    block.rows("contact", contacts.iter().map(point)).row("province", origin_admin1).row("address", address)
}

fn rows_of_safety(block: Block, safety: &wire::Safety) -> Block {
    let wire::Safety {
        safe_name,
        methods,
        windows,
        never_between,
        voicemail_ok,
        text_ok,
        say_you_are,
        ask_first,
        caller_gender,
        interpreter_language,
        interpreter_exclude,
        phone_shared_with,
        do_not_contact_instead,
        if_someone_else_answers,
        last_confirmed_on,
        prohibited_recipients,
        risks,
    } = safety;
    let methods = if methods.is_empty() { "DO NOT CONTACT".to_owned() } else { list_words::<wire::ContactKind>(methods) };
    block
        .row("call her", safe_name)
        .row("contact by", methods)
        .rows("when", windows.iter().map(window))
        .rows("never", never_between.iter().map(window))
        .row("voice message", yes_no(*voicemail_ok))
        .row("text message", yes_no(*text_ok))
        .row("say you are", say_you_are)
        .row("ask first", ask_first)
        .row("caller", words::<wire::Sex>(*caller_gender))
        .row("interpreter", interpreter_language)
        .row("never to interpret", interpreter_exclude.join(", "))
        .row("phone shared with", phone_shared_with.join(", "))
        .row("never contact", do_not_contact_instead.join(", "))
        .row("if others answer", if_someone_else_answers)
        .row("confirmed on", last_confirmed_on)
        .row("must never learn", prohibited_recipients.join(", "))
        .row("risks", risks.join(", "))
}

fn window(window: &wire::ContactWindow) -> String {
    let wire::ContactWindow { days, from, to, zone } = window;
    format!("{days} {from} to {to} ({zone})")
}

fn rows_of_employer(block: Block, party: &wire::Party) -> Block {
    let wire::Party { role, legal_name, registration_no, country, worksite, sector, parent_party } = party;
    block
        .row("role", words::<wire::PartyRole>(*role))
        .row("name", legal_name)
        .row("registration", registration_no)
        .row("country", country)
        .row("worksite", worksite)
        .row("sector", words::<wire::Sector>(*sector))
        .row("works for", parent_party)
}

fn rows_of_claim(block: Block, claim: &wire::Claim) -> Block {
    let wire::Claim { amount, period } = claim;
    let period = period.as_ref().map(|wire::Period { from, to }| format!("{from} to {to}"));
    block.row("owed", sum(amount.as_ref())).row("for", period.unwrap_or_default())
}

fn rows_of_outcome(block: Block, outcome: &wire::Outcome) -> Block {
    let wire::Outcome { outcome_type, amount_total, amount_per_worker, workers_paid, paid_on, confirmed_by, conversion, leaders_confirmed } =
        outcome;
    let confirmed = if confirmed_by.is_empty() { "nobody yet".to_owned() } else { list_words::<wire::Confirmation>(confirmed_by) };
    let converted = conversion
        .as_ref()
        .map(|wire::Conversion { amount, rate, rate_date, source }| format!("{} at {rate} ({rate_date}, {source})", sum(amount.as_ref())));
    block
        .row("outcome", words::<wire::OutcomeType>(*outcome_type))
        .row("amount", sum(amount_total.as_ref()))
        .row("to each", sum(amount_per_worker.as_ref()))
        .row("workers paid", count(u64::from(*workers_paid)))
        .row("paid on", paid_on)
        .row("confirmed by", confirmed)
        .row("leaders", count(u64::from(*leaders_confirmed)))
        .row("converted", converted.unwrap_or_default())
}

/// A referral under which something may not go, and why.
#[must_use]
pub fn blocked(one: &wire::BlockedReferral) -> String {
    let wire::BlockedReferral { referral_id, refusal } = one;
    let code = refusal.as_ref().map(|refusal| code::<wire::RefusalCode>(refusal.code)).unwrap_or_default();
    format!("{} by {code}", id(referral_id))
}

fn sum(amount: Option<&wire::Money>) -> String {
    amount.map(money).unwrap_or_default()
}

/// A text with its language.
pub(super) fn local(text: &wire::LocalText) -> String {
    let wire::LocalText { language, text } = text;
    format!("{text} ({language})")
}
