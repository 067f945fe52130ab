//! The welfare check (`domain.md` 2.7): the one exception from consent, for a worker who cannot be asked and may be in danger. Its basis is two persons'
//! word at the union that sends, never one's.
//!
//! It is an exception from consent alone. Peer, agreement, annex, approval and content are asked as always; what it may carry is narrower than what any
//! consent may; and the worker's own word, that she took something back or prohibited the recipient, beats it.

use crate::gate::ask::Ask;
use crate::gate::{Question, consent, refuse_if};
use crate::model::agreement::Annex;
use crate::model::consent::{ConsentBasis, Grant};
use crate::model::record::RecordType;
use crate::model::refusal::{Refusal, RefusalCode};

/// The record types that it reaches.
const REACHES: [RecordType; 3] = [RecordType::Identity, RecordType::Contact, RecordType::Safety];

/// Whether annex and node allow welfare checks, and this is one in everything: else its basis could carry something else.
pub(super) fn is_allowed(question: &Question<'_>, ask: &Ask<'_>, annex: &Annex) -> bool {
    annex.welfare_check_allowed && question.local.welfare_checks && ask.welfare_check_alone
}

/// Paths of what a welfare check does not reach: every other category, and whatever its offer says of the case.
pub(super) fn out_of_reach(ask: &Ask<'_>) -> Vec<String> {
    if !ask.welfare_check {
        return Vec::new();
    }
    let mut paths = ask.paths_where(|piece| {
        !Grant::WELFARE_CHECK_REACHES.contains(&piece.category) || piece.record_types.iter().any(|one| !REACHES.contains(one))
    });
    paths.extend(ask.said_beyond.iter().cloned());
    paths
}

/// Its basis in place of a consent: for this recipient, for now, for what is asked, and not against her word. Nobody gave it and she was told nothing, so that
/// giver, method and notice are not asked for; a recipient that is tied to its state, of which she would have to be told, gets none.
pub(super) fn check_basis(question: &Question<'_>, ask: &Ask<'_>) -> Result<(), Refusal> {
    refuse_if(ask.group || question.subject.group, RefusalCode::GroupMemberConsent)?;
    refuse_if(question.ledger.says_no_to(question.recipient), RefusalCode::ConsentWithdrawn)?;
    let Some(grant) = ask.grant else {
        // Where nobody approved it yet there is no basis either: the approval is what is missing, and is asked for in its place.
        let approved = ask.approval.or(question.approval).is_some();
        return refuse_if(approved, RefusalCode::NoConsent);
    };
    consent::check_recipient(question, grant)?;
    refuse_if(grant.basis != ConsentBasis::WelfareCheck, RefusalCode::ConsentPurpose)?;
    consent::check_standing(question, ask, grant, &consent::ledger_with(question, grant))?;
    consent::check_state_linked(question, grant)
}
