//! Content: what must travel together, what the recipient asks for, and counts so small that they name people.

use crate::gate::ask::Ask;
use crate::gate::{Question, refuse_if, refuse_paths};
use crate::model::descriptor::ServicePrecondition;
use crate::model::record::GroupCount;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::vocabulary::Category;

pub(super) fn check(question: &Question<'_>, ask: &Ask<'_>) -> Result<(), Refusal> {
    let rules_present = ask.has(Category::Safety) || (!ask.is_offer && question.subject.safety_already_held);
    refuse_paths(RefusalCode::SafeContactMissing, ask.paths_where(|piece| piece.category == Category::Contact && !rules_present))?;
    refuse_if(lacks_membership(question, ask), RefusalCode::MembershipRequired)?;
    refuse_if(ask.group_counts().any(GroupCount::small_cell), RefusalCode::SmallCell)
}

/// A recipient that serves members only would turn her away; it can ask for her membership only if she allows it.
fn lacks_membership(question: &Question<'_>, ask: &Ask<'_>) -> bool {
    let recipient = question.peer.filter(|peer| peer.node_id == *question.recipient);
    let asks = ask.is_offer && recipient.is_some_and(|peer| peer.service_precondition == Some(ServicePrecondition::Membership));
    asks && !ask.grant.is_some_and(|grant| grant.categories.contains(&Category::UnionMembership))
}
