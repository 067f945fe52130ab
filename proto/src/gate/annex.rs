//! Annex: does the agreement let this much go, in this direction, for this purpose.

use crate::gate::ask::Ask;
use crate::gate::welfare;
use crate::gate::{PassedOn, Question, refuse_if, refuse_paths};
use crate::model::agreement::{Agreement, Annex};
use crate::model::record::RecordContent;
use crate::model::refusal::{Refusal, RefusalCode};

/// The annex of this direction, covering everything that is asked for.
pub(super) fn check<'a>(question: &Question<'_>, ask: &Ask<'_>, agreement: &'a Agreement) -> Result<&'a Annex, Refusal> {
    refuse_if(agreement.annexes.is_empty(), RefusalCode::NoDataAnnex)?;
    let of_direction = agreement.annexes_from_to(question.sender, question.recipient).find(|annex| annex.is_valid_at(question.now));
    let annex = of_direction.ok_or_else(|| Refusal::new(RefusalCode::AnnexDirection))?;
    let purpose = annex.purposes.contains(&ask.purpose) && (!ask.welfare_check || welfare::is_allowed(question, ask, annex));
    refuse_if(!purpose, RefusalCode::PurposeOutOfScope)?;
    let unnamed = ask.paths_where(|piece| !piece.record_types.iter().any(|one| annex.names_record_type(one.name())));
    refuse_paths(RefusalCode::RecordTypeOutOfScope, unnamed)?;
    refuse_paths(RefusalCode::FieldOutOfScope, fields_out_of_scope(ask, annex))?;
    refuse_paths(RefusalCode::TierTooHigh, ask.paths_where(|piece| piece.tier > annex.max_tier))?;
    refuse_onward(question, ask)?;
    refuse_if(annex.assessment_is_stale(question.now), RefusalCode::StaleAssessment)?;
    Ok(annex)
}

/// What another union gave goes on only where the annex under which it came and her first consent both allow it (`domain.md` 2.8): then the next union
/// gets it under a consent of its own, for which it looks itself.
fn refuse_onward(question: &Question<'_>, ask: &Ask<'_>) -> Result<(), Refusal> {
    let goes_on = question.subject.passed_on;
    refuse_if(goes_on == PassedOn::Prohibited || (ask.welfare_check && goes_on != PassedOn::Own), RefusalCode::OnwardProhibited)?;
    let arrives = question.peer.is_some_and(|peer| peer.node_id == *question.sender);
    if arrives || goes_on == PassedOn::Allowed {
        return Ok(());
    }
    refuse_paths(RefusalCode::OnwardProhibited, ask.paths_where(|piece| piece.owner.is_some_and(|owner| owner != question.sender)))
}

/// Categories that the annex does not name, fields that it denies, and what leaves under no annex.
fn fields_out_of_scope(ask: &Ask<'_>, annex: &Annex) -> Vec<String> {
    let mut paths = ask.paths_where(|piece| !annex.categories.contains(&piece.category));
    for piece in &ask.pieces {
        paths.extend(piece.fields_named_in(annex.field_denylist.iter().map(String::as_str)));
        let stays = piece.content.as_deref().and_then(RecordContent::path_that_stays);
        paths.extend(piece.fields_named_in(stays.into_iter()));
    }
    paths.extend(welfare::out_of_reach(ask));
    paths.sort();
    paths.dedup();
    paths
}
