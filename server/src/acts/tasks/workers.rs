//! What waits about workers of this node: consents that end soon, and contacts that were confirmed too long ago.

use titian_proto::model::consent::{ConsentBasis, ConsentState, Grant, Ledger, Standing};
use titian_proto::model::date::Instant;
use titian_proto::model::id::WorkerId;
use titian_proto::model::record::{RecordContent, Safety};
use titian_proto::model::vocabulary::Category;

use super::{PAGE, Page, RENEW_DAYS, Task, TaskKind, name};
use crate::acts::policy;
use crate::acts::question::content_of;
use crate::store::consents::Subject;
use crate::store::records::{Holder, RecordTable as _};
use crate::store::workers::WorkerTable as _;
use crate::store::{Read, StoreError};

/// Looks at every worker.
pub(super) fn look(read: &impl Read, now: Instant, page: &mut Page) -> Result<(), StoreError> {
    if !page.wants(TaskKind::RenewConsent) && !page.wants(TaskKind::ConfirmContact) {
        return Ok(());
    }
    let mut after = None;
    loop {
        let workers = read.workers(after, PAGE)?;
        after = workers.last().map(|worker| worker.worker_id);
        for worker in &workers {
            one(read, now, worker.worker_id, page)?;
        }
        if workers.len() < PAGE {
            return Ok(());
        }
    }
}

fn one(read: &impl Read, now: Instant, worker_id: WorkerId, page: &mut Page) -> Result<(), StoreError> {
    let ledger = policy::ledger(read, &Subject::Worker(worker_id))?;
    for grant in ending(&ledger, now) {
        let (recipient, task) = (grant.recipient.clone(), renewal(grant));
        page.add(Task { worker_id: Some(worker_id), peer: Some(recipient), ..task });
    }
    // Nobody calls a worker for whom nothing is in force, and nobody calls one who wants no call.
    if in_force(&ledger, now).next().is_none() {
        return Ok(());
    }
    let mut rules: Vec<Safety> = Vec::new();
    for record in read.records(Holder::Worker(worker_id))? {
        if record.category == Category::Safety.to_wire()
            && let Some(RecordContent::Safety(safety)) = content_of(record.content.as_ref())
        {
            rules.push(safety);
        }
    }
    if let Some(due) = confirmation_due(&rules).filter(|due| *due <= now) {
        let task_id = name(TaskKind::ConfirmContact, &[&worker_id.0]);
        page.add(Task { worker_id: Some(worker_id), ..Task::new(task_id, TaskKind::ConfirmContact, due) });
    }
    Ok(())
}

/// Consents that end soon and on which something rests: a later one that says the same is the renewal.
pub(super) fn ending(ledger: &Ledger, now: Instant) -> impl Iterator<Item = &Grant> {
    let soon = now.plus_days(RENEW_DAYS);
    in_force(ledger, now).filter(move |grant| {
        let counts = |standing: Standing<'_>| matches!(standing, Standing::Granted(latest) if latest.reference() == grant.reference());
        let mut scopes = grant.purposes.iter().flat_map(|purpose| grant.categories.iter().map(move |category| (*purpose, *category)));
        let rests = scopes.any(|(purpose, category)| counts(ledger.standing(&grant.recipient, purpose, category, now)));
        // A welfare check is an exception of two weeks, which nobody renews.
        grant.basis == ConsentBasis::Consent && grant.valid_until <= soon && rests
    })
}

/// The task of renewing a consent.
pub(super) fn renewal(grant: &Grant) -> Task {
    let task_id = name(TaskKind::RenewConsent, &[&grant.consent_id.0, &grant.version.to_be_bytes()]);
    Task::new(task_id, TaskKind::RenewConsent, grant.valid_until)
}

/// When rules for contact must be confirmed again; none where she is not to be contacted at all.
pub(super) fn confirmation_due(rules: &[Safety]) -> Option<Instant> {
    let newest = rules.iter().max_by_key(|safety| safety.last_confirmed_on)?;
    (!newest.methods.is_empty()).then(|| newest.last_confirmed_on.end().plus_days(Safety::RECONFIRM_DAYS))
}

fn in_force(ledger: &Ledger, now: Instant) -> impl Iterator<Item = &Grant> {
    ledger.grants.iter().filter(move |grant| ledger.state(grant.reference(), now) == Some(ConsentState::Given) && grant.has_begun(now))
}
