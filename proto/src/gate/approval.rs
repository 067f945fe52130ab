//! Approval: a second person looked at what could do most harm.

use crate::gate::ask::Ask;
use crate::gate::{Question, refuse_if};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::vocabulary::Tier;

/// T3 and T4, groups, minors and welfare checks need somebody else than the author (`design.md` 7).
pub(super) fn check(question: &Question<'_>, ask: &Ask<'_>) -> Result<(), Refusal> {
    let minor = ask.minor || question.subject.minor;
    let group = ask.group || question.subject.group;
    let needed = ask.tier >= Tier::T3 || minor || group || ask.welfare_check;
    let approved = ask.approval.or(question.approval).is_some_and(|approval| approval.is_second_person());
    refuse_if(needed && !approved, RefusalCode::ApprovalMissing)
}
