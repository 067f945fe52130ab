//! What other unions told and somebody here must act upon, and what is to be destroyed or will be soon.

use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, ReferralId};
use titian_proto::model::referral::{Custody, WithdrawalNotice};

use super::{PAGE, Page, RETENTION_WARNING_DAYS, Task, TaskKind, name};
use crate::acts::context::House;
use crate::acts::referrals::is_sender;
use crate::acts::shares;
use crate::store::breaches::{BreachFile, BreachTable as _};
use crate::store::erasures::ErasureTable as _;
use crate::store::heard::{Heard, HeardTable as _, REFERRALS_MAX};
use crate::store::referrals::ReferralTable as _;
use crate::store::{Read, StoreError, Unit, View};

/// Hours in which a withdrawal that was heard at another union is verified with the worker: those in which what it reaches must be destroyed (Indonesia,
/// Law 27/2022), so that a mistake is found before the last copy is gone.
const VERIFY_HOURS: i64 = 72;

/// She withdrew at another union: it holds at once, and is verified by those who can reach her (`domain.md` 2.6).
///
/// # Errors
/// When the store fails.
pub fn withdrawal(unit: &mut Unit, peer: &NodeId, notice: &WithdrawalNotice, sent_from_here: Vec<ReferralId>) -> Result<(), StoreError> {
    if sent_from_here.is_empty() {
        return Ok(());
    }
    let of: [&[u8]; 3] = [peer.as_str().as_bytes(), &notice.subject_ref.0, &notice.withdrawal.sequence.to_be_bytes()];
    note(unit, TaskKind::VerifyWithdrawal, &of, (peer, sent_from_here, VERIFY_HOURS))
}

/// Keeps a notice, unless it was heard before: what somebody has dealt with does not come back after a restore.
fn note(unit: &mut Unit, kind: TaskKind, of: &[&[u8]], told: (&NodeId, Vec<ReferralId>, i64)) -> Result<(), StoreError> {
    let (task_id, (peer, mut referral_ids, hours)) = (name(kind, of), told);
    if unit.heard(task_id)?.is_some() {
        return Ok(());
    }
    referral_ids.truncate(REFERRALS_MAX);
    let due = unit.now().plus_hours(hours);
    unit.put_heard(&Heard { task_id, kind, peer: peer.clone(), referral_ids, due, closed: None })
}

/// Looks at what was heard, and at what is to be destroyed.
pub(super) fn look(house: &House, read: &View, now: Instant, page: &mut Page) -> Result<(), StoreError> {
    open(read, page)?;
    breaches(read, page)?;
    for (due, referral_id) in read.erasures_overdue(now, usize::MAX)? {
        let Some(file) = read.erasure(referral_id)? else { continue };
        let task_id = name(TaskKind::ErasureOverdue, &[&referral_id.0]);
        let task = Task::new(task_id, TaskKind::ErasureOverdue, due);
        page.add(Task { referral_ids: vec![referral_id], peer: Some(file.peer), ..task });
    }
    if page.wants(TaskKind::RetentionEnds) {
        retention(house, read, now, page)?;
    }
    Ok(())
}

fn open(read: &impl Read, page: &mut Page) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let some = read.heard_open(after, PAGE)?;
        after = some.last().map(|heard| heard.task_id);
        let (count, task) = (some.len(), |heard: Heard| {
            let Heard { task_id, kind, peer, referral_ids, due, closed: _ } = heard;
            Task { referral_ids, peer: Some(peer), ..Task::new(task_id, kind, due) }
        });
        some.into_iter().map(task).for_each(|task| page.add(task));
        if count < PAGE {
            return Ok(());
        }
    }
}

/// Breaches that other unions told of, until somebody has seen to them (`titian breach settle`).
fn breaches(read: &impl Read, page: &mut Page) -> Result<(), StoreError> {
    for breach in read.breaches()?.into_iter().filter(BreachFile::is_open) {
        let Some(peer) = breach.told_by else { continue };
        let referral_ids = breach.concerned.into_iter().flat_map(|one| one.referral_ids).take(REFERRALS_MAX).collect();
        let task = Task::new(name(TaskKind::BreachNotice, &[&breach.breach_id.0]), TaskKind::BreachNotice, breach.due);
        page.add(Task { referral_ids, peer: Some(peer), ..task });
    }
    Ok(())
}

/// Copies that go soon, before the day on which they do. What is held by its own consent is looked at again that day, and stays.
fn retention(house: &House, read: &View, now: Instant, page: &mut Page) -> Result<(), StoreError> {
    for (ends, referral_id) in read.retention_due(now.plus_days(RETENTION_WARNING_DAYS), None, usize::MAX)? {
        let Some(file) = read.referral(referral_id)? else { continue };
        let progress = read.progress(referral_id)?;
        let adopted = !is_sender(house, &file) && file.custody == Some(Custody::Adopted);
        if adopted || progress.records_held + progress.records_shared == 0 {
            continue;
        }
        let peer = Some(shares::other_side(house, &file).clone());
        let task = Task::new(name(TaskKind::RetentionEnds, &[&referral_id.0]), TaskKind::RetentionEnds, ends);
        page.add(Task { worker_id: file.worker_id, referral_ids: vec![referral_id], peer, ..task });
    }
    Ok(())
}
