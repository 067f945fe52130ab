//! Consent: did the worker allow this recipient this purpose and every category, in a way that counts, and has she not taken it back.

use std::borrow::Cow;

use crate::gate::ask::{Ask, Piece};
use crate::gate::{PeerView, Question, refuse_if, refuse_paths, welfare};
use crate::model::agreement::Annex;
use crate::model::consent::{ConsentGiver, ConsentMethod, ConsentState, Grant, Ledger, Standing};
use crate::model::id::NodeId;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::vocabulary::{Category, PartnerKind, Tier};

pub(super) fn check(question: &Question<'_>, ask: &Ask<'_>, annex: &Annex) -> Result<(), Refusal> {
    let group = ask.group || question.subject.group;
    if ask.welfare_check {
        welfare::check_basis(question, ask)?;
    } else if group {
        check_group(ask)?;
    } else if let Some(grant) = grant_needed(question, ask)? {
        let ledger = ledger_with(question, grant);
        check_giver(question, ask, grant)?;
        check_standing(question, ask, grant, &ledger)?;
        check_method_of(question, ask, grant, annex)?;
        check_notice(question, grant)?;
    }
    refuse_if(is_prohibited(question, ask), RefusalCode::ClientProhibitedRecipient)
}

/// What is withheld or withdrawn here counts together with what the message says.
pub(super) fn ledger_with<'a>(question: &Question<'a>, grant: &Grant) -> Cow<'a, Ledger> {
    if question.ledger.holds(grant) { Cow::Borrowed(question.ledger) } else { Cow::Owned(question.ledger.with(grant)) }
}

/// A group's case crosses as counts, codes, employers and sums, for which nobody's consent is asked. A leader's mandate reaches the employers;
/// it is no member's consent (`domain.md` 0.6): each member crosses under a referral of his or her own.
fn check_group(ask: &Ask<'_>) -> Result<(), Refusal> {
    let aggregate = [Category::Directory, Category::CaseCore, Category::Employer, Category::Claim];
    let of_persons = ask.paths_where(|piece| !aggregate.contains(&piece.category) || piece.tier > Tier::T2);
    let code = if ask.grant.is_some() { RefusalCode::ProxyConsent } else { RefusalCode::GroupMemberConsent };
    refuse_paths(code, of_persons)
}

/// The grant it rests on; none where nothing is about a person.
fn grant_needed<'a>(question: &Question<'_>, ask: &Ask<'a>) -> Result<Option<&'a Grant>, Refusal> {
    if ask.pieces.iter().all(|piece| piece.category == Category::Directory) {
        return Ok(None);
    }
    let Some(grant) = ask.grant else {
        let for_others =
            !question.ledger.grants.is_empty() && question.ledger.grants.iter().all(|grant| grant.recipient != *question.recipient);
        return Err(Refusal::new(if for_others { RefusalCode::ConsentRecipient } else { RefusalCode::NoConsent }));
    };
    check_recipient(question, grant)?;
    Ok(Some(grant))
}

/// Whether it has begun, and names who is to receive.
pub(super) fn check_recipient(question: &Question<'_>, grant: &Grant) -> Result<(), Refusal> {
    refuse_if(!grant.has_begun(question.now), RefusalCode::NoConsent)?;
    refuse_if(grant.recipient != *question.recipient, RefusalCode::ConsentRecipient)
}

/// A guardian speaks for a minor and for nobody else; a minor does not speak alone.
fn check_giver(question: &Question<'_>, ask: &Ask<'_>, grant: &Grant) -> Result<(), Refusal> {
    let minor = ask.minor || question.subject.minor;
    let may_give = match grant.given_by {
        ConsentGiver::Client => !minor,
        ConsentGiver::Guardian => minor,
        ConsentGiver::LegalRepresentative => true,
        ConsentGiver::Nobody => false,
    };
    refuse_if(!may_give, RefusalCode::ProxyConsent)
}

/// Withdrawn, expired, purpose, category: in this order, over all pieces.
pub(super) fn check_standing(question: &Question<'_>, ask: &Ask<'_>, grant: &Grant, ledger: &Ledger) -> Result<(), Refusal> {
    // A put may hold many records of few categories.
    let mut standings: Vec<(Category, Standing<'_>)> = Vec::new();
    for Piece { category, .. } in &ask.pieces {
        if !standings.iter().any(|(known, _)| known == category) {
            standings.push((*category, ledger.standing(question.recipient, ask.purpose, *category, question.now)));
        }
    }
    let standing = |piece: &Piece<'_>| {
        standings.iter().find(|(category, _)| *category == piece.category).map_or(Standing::NotGranted, |(_, one)| *one)
    };
    let about_persons = |piece: &Piece<'_>| piece.category != Category::Directory;
    let taken_back = |piece: &Piece<'_>| about_persons(piece) && matches!(standing(piece), Standing::Withdrawn | Standing::Tied);
    refuse_if(ledger.state(grant.reference(), question.now) == Some(ConsentState::Withdrawn), RefusalCode::ConsentWithdrawn)?;
    refuse_paths(RefusalCode::ConsentWithdrawn, ask.paths_where(taken_back))?;
    let expired = |piece: &Piece<'_>| about_persons(piece) && matches!(standing(piece), Standing::Expired);
    refuse_if(!grant.is_valid_at(question.now), RefusalCode::ConsentExpired)?;
    refuse_paths(RefusalCode::ConsentExpired, ask.paths_where(expired))?;
    refuse_if(!grant.purposes.contains(&ask.purpose), RefusalCode::ConsentPurpose)?;
    let ungranted = |piece: &Piece<'_>| {
        about_persons(piece) && !(grant.categories.contains(&piece.category) && matches!(standing(piece), Standing::Granted(_)))
    };
    refuse_paths(RefusalCode::ConsentCategory, ask.paths_where(ungranted))?;
    let unnamed = |piece: &Piece<'_>| about_persons(piece) && !piece.record_types.iter().any(|one| grant.names_record_type(one.name()));
    refuse_paths(RefusalCode::ConsentCategory, ask.paths_where(unnamed))?;
    let withheld = ledger.withheld_fields(question.recipient);
    refuse_paths(RefusalCode::ConsentCategory, ask.pieces.iter().flat_map(|piece| piece.fields_named_in(withheld.iter().copied())))
}

/// As [`check`], of the method alone: for the annex of a version that was replaced.
pub(super) fn check_method(question: &Question<'_>, ask: &Ask<'_>, annex: &Annex) -> Result<(), Refusal> {
    ask.grant.filter(|_| !ask.welfare_check).map_or(Ok(()), |grant| check_method_of(question, ask, grant, annex))
}

/// The annex names the methods; a spoken consent reaches T2 and no further, and Indonesian law does not know it (`domain.md` 2.6).
fn check_method_of(question: &Question<'_>, ask: &Ask<'_>, grant: &Grant, annex: &Annex) -> Result<(), Refusal> {
    refuse_if(!annex.consent_methods.contains(&grant.method), RefusalCode::ConsentMethod)?;
    let spoken = grant.method == ConsentMethod::VerbalWitnessed;
    refuse_if(spoken && country_of(question.sender).eq(*b"ID"), RefusalCode::ConsentMethod)?;
    refuse_paths(RefusalCode::ConsentMethod, ask.paths_where(|piece| spoken && piece.tier > Tier::T2))
}

/// She was told where it goes, that protection there may be weaker, and that the recipient is tied to its state, if it is.
fn check_notice(question: &Question<'_>, grant: &Grant) -> Result<(), Refusal> {
    let crosses = !country_of(question.recipient).eq(country_of(question.sender));
    let named = country_of(question.recipient).eq(grant.destination_country.bytes());
    let told = named && (grant.informed_inadequate_protection || !crosses);
    refuse_if(!told, RefusalCode::ConsentNotice)?;
    check_state_linked(question, grant)
}

pub(super) fn check_state_linked(question: &Question<'_>, grant: &Grant) -> Result<(), Refusal> {
    let state_linked = recipient_view(question).is_some_and(|peer| peer.state_linked);
    refuse_if(state_linked && !grant.recipient_state_linked_told, RefusalCode::ConsentNotice)
}

/// The worker prohibited the recipient, by its name or its kind, at the desk or in the rules that travel with her contact.
fn is_prohibited(question: &Question<'_>, ask: &Ask<'_>) -> bool {
    let at_desk = question.prohibited_recipients.iter().map(String::as_str);
    let travelling = ask.safety_rules().flat_map(|safety| safety.prohibited_recipients.iter().map(|one| one.as_str()));
    at_desk
        .chain(travelling)
        .any(|entry| entry == question.recipient.as_str() || recipient_view(question).is_some_and(|peer| names_kind(entry, peer)))
}

/// The worker's words for kinds of organisation. A union that is tied to its state counts as government to her.
fn names_kind(entry: &str, peer: &PeerView) -> bool {
    match entry {
        "EMBASSY" => peer.kind == PartnerKind::DiplomaticMission,
        "GOVERNMENT" => peer.kind == PartnerKind::GovernmentOffice || peer.state_linked,
        "EMPLOYER" => peer.kind == PartnerKind::EmployerBody,
        "RECRUITER" => peer.kind == PartnerKind::RecruitmentAgencyAssociation,
        other => other == peer.kind.code(),
    }
}

/// The recipient, where it is the other side.
fn recipient_view<'a>(question: &Question<'a>) -> Option<&'a PeerView> {
    question.peer.filter(|peer| peer.node_id == *question.recipient)
}

/// The two letters of the country that a node's name starts with, so both ends read the same.
fn country_of(node: &NodeId) -> impl Iterator<Item = u8> {
    node.as_str().bytes().take(2).map(|letter| letter.to_ascii_uppercase())
}
