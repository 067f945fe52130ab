//! Approval: a second person looked at what could do most harm, and not too long ago.

use crate::gate::ask::Ask;
use crate::gate::{Question, refuse_if};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::vocabulary::Tier;

/// T3 and T4, groups, minors and welfare checks need somebody else than the author (`design.md` 7). When it ends is the sender's to see to, at the request
/// and when it leaves: nothing at the receiver rests on a peer's clock.
pub(super) fn check(question: &Question<'_>, ask: &Ask<'_>) -> Result<(), Refusal> {
    let minor = ask.minor || question.subject.minor;
    let group = ask.group || question.subject.group;
    let needed = ask.tier >= Tier::T3 || minor || group || ask.welfare_check;
    let approval = ask.approval.or(question.approval).filter(|approval| approval.is_second_person());
    refuse_if(needed && approval.is_none(), RefusalCode::ApprovalMissing)?;
    let decided_by_sender = question.peer.is_some_and(|peer| peer.node_id == *question.recipient);
    let ended = approval.is_some_and(|approval| question.now >= approval.ends_at());
    if needed && decided_by_sender && ended {
        return Err(Refusal::new(RefusalCode::ApprovalMissing).with_path("approval.approved_at"));
    }
    Ok(())
}
