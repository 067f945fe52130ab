//! What waits about referrals: answers, first contacts and approvals by their clocks (`domain.md` 4.2), and what is known of a worker only through one.

use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;
use titian_proto::model::record::{RecordContent, Safety};
use titian_proto::model::referral::{Offer, ReferralState};
use titian_proto::model::refusal::RefusalCode;

use super::workers::{confirmation_due, ending, renewal};
use super::{PAGE, Page, Task, TaskKind, name};
use crate::acts::context::House;
use crate::acts::question::{self, content_of};
use crate::acts::referrals::is_sender;
use crate::acts::{policy, shares};
use crate::store::referrals::{Progress, ReferralFile, ReferralTable as _};
use crate::store::{Read, StoreError};

/// Records of a share that are looked at for the rules of contact: what is held of one worker is fewer, and a group has none.
const HELD_LOOKED_AT_MAX: usize = 256;

/// Looks at every referral that is not over.
pub(super) fn look(house: &House, read: &impl Read, now: Instant, page: &mut Page) -> Result<(), StoreError> {
    let kinds = [
        TaskKind::AnswerReferral,
        TaskKind::ContactWorker,
        TaskKind::ApproveReferral,
        TaskKind::SendApproved,
        TaskKind::RenewConsent,
        TaskKind::ConfirmContact,
    ];
    if !kinds.iter().any(|kind| page.wants(*kind)) {
        return Ok(());
    }
    let mut after = None;
    loop {
        let files = read.referrals(after, PAGE)?;
        after = files.last().map(|file| file.referral_id);
        for file in files.iter().filter(|file| !file.state.is_final() && !file.frozen) {
            let Some(offer) = question::read_offer(file) else { continue };
            let progress = read.progress(file.referral_id)?;
            if is_sender(house, file) {
                sent(house, now, file, (&offer, &progress), page);
            } else {
                received(house, read, now, file, (&offer, &progress), page)?;
            }
        }
        if files.len() < PAGE {
            return Ok(());
        }
    }
}

/// A referral of this node that waits for its second person, or was approved since.
fn sent(house: &House, now: Instant, file: &ReferralFile, known: (&Offer, &Progress), page: &mut Page) {
    let (offer, progress) = known;
    if progress.blocked_by.as_ref().is_none_or(|refusal| refusal.code != RefusalCode::ApprovalMissing) {
        return;
    }
    let approved = offer.approval.as_ref().filter(|approval| approval.is_second_person() && now < approval.ends_at());
    let (kind, due) = match approved {
        Some(approval) => (TaskKind::SendApproved, approval.ends_at()),
        None => (TaskKind::ApproveReferral, file.changed_at.plus_hours(offer.priority.respond_within_hours())),
    };
    page.add(of(house, file, kind, due));
}

/// A referral of another union that is to be answered, or whose worker is to be contacted.
fn received(
    house: &House,
    read: &impl Read,
    now: Instant,
    file: &ReferralFile,
    known: (&Offer, &Progress),
    page: &mut Page,
) -> Result<(), StoreError> {
    let (offer, progress) = known;
    match file.state {
        ReferralState::Requested | ReferralState::Received => page.add(of(house, file, TaskKind::AnswerReferral, offer.respond_by)),
        ReferralState::Accepted => page.add(of(house, file, TaskKind::ContactWorker, offer.contact_by)),
        _ => {}
    }
    let peer: &NodeId = shares::other_side(house, file);
    let subject = question::own_subject(peer, offer.subject_ref, Some(file));
    for grant in ending(&policy::ledger(read, &subject)?, now) {
        page.add(Task { referral_ids: vec![file.referral_id], peer: Some(grant.recipient.clone()), ..renewal(grant) });
    }
    if progress.safety_held && page.wants(TaskKind::ConfirmContact) {
        let rules: Vec<Safety> = read
            .held_after(file.referral_id, None, HELD_LOOKED_AT_MAX)?
            .iter()
            .filter_map(|held| match content_of(held.content.as_ref()) {
                Some(RecordContent::Safety(safety)) => Some(safety),
                _ => None,
            })
            .collect();
        if let Some(due) = confirmation_due(&rules).filter(|due| *due <= now) {
            page.add(of(house, file, TaskKind::ConfirmContact, due));
        }
    }
    Ok(())
}

fn of(house: &House, file: &ReferralFile, kind: TaskKind, due: Instant) -> Task {
    let task_id = name(kind, &[&file.referral_id.0]);
    let peer = Some(shares::other_side(house, file).clone());
    Task { worker_id: file.worker_id, referral_ids: vec![file.referral_id], peer, ..Task::new(task_id, kind, due) }
}
