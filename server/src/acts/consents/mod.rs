//! Grants and withdrawals: written down, never edited; enforced at enqueue, at dispatch and on arrival.
//!
//! - [`withdraw`]: from the worker's word, at this node or at a peer's.
//! - [`slip`]: what she can carry home of it.
//! - `reach`: what a withdrawal touches, and what then goes.

mod reach;
pub mod slip;
pub mod withdraw;

use bytes::Bytes;
use prost::Message;
use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::consent::{ConsentBasis, Grant, Ledger, Withdrawal};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{ConsentId, NodeId, ReferralId, SubjectRef, WorkerId, uuid_v7};
use titian_proto::model::malformed::Malformed;
use titian_proto::wire;

use super::context::{Acts, House};
use super::error::ActError;
use super::outgoing;
use super::policy;
use super::projection;
use super::question;
use super::referrals::{load, offer_of};
use super::shares;
use crate::store::consents::{LedgerLine, Subject};
use crate::store::referrals::ReferralTable as _;
use crate::store::workers::WorkerTable;
use crate::store::{Read, StoreError, Unit};

/// Whose consent staff mean.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// A worker of this node.
    Worker(WorkerId),
    /// The worker of a referral.
    Referral(ReferralId),
}

/// Writes down a grant. The node sets its id, version, order and time.
///
/// # Errors
/// When the grant breaks a rule of its form, the worker is not there, or the store fails.
pub async fn record(acts: &Acts, whose: Whose, grant: wire::Grant, valid_days: u32) -> Result<wire::Consent, ActError> {
    let house = acts.house.clone();
    crate::crash::point("consent.before-write");
    let consent = acts
        .store
        .write(move |unit| {
            let subject = subject_of(&house, unit, whose)?;
            let ledger = policy::ledger(unit, &subject)?;
            let grant = complete(&grant, &ledger, unit.now(), valid_days, || ConsentId(uuid_v7(unit.now(), unit.random())))?;
            write_down(&house, unit, &subject, &grant)?;
            let touched = match whose {
                Whose::Worker(worker_id) => unit.referrals_of_worker(worker_id)?,
                Whose::Referral(referral_id) => vec![referral_id],
            };
            projection::of_referrals(&house, unit, &touched, Some(&grant.recipient))?;
            let now = unit.now();
            Ok::<_, ActError>(describe(&policy::ledger(unit, &subject)?, &grant, whose, now))
        })
        .await?;
    crate::crash::point("consent.after-write");
    Ok(consent)
}

/// Puts a grant into the ledger that this node writes, and into the log.
///
/// # Errors
/// When the store fails.
pub fn write_down(house: &House, unit: &mut Unit, subject: &Subject, grant: &Grant) -> Result<(), StoreError> {
    let leaf = log_consent(house, unit, Event::ConsentRecorded, &grant.recipient, grant)?;
    let line =
        LedgerLine { sequence: grant.sequence, grant: grant.to_wire().encode_to_vec().into(), withdrawal: Bytes::new(), leaf: Some(leaf) };
    unit.put_ledger_line(subject, &line)
}

/// A worker's consents.
///
/// # Errors
/// When the worker is not there or the store cannot be read.
pub fn list(acts: &Acts, whose: Whose) -> Result<Vec<wire::Consent>, ActError> {
    let view = acts.store.view();
    let ledger = policy::ledger(&view, &subject_of(&acts.house, &view, whose)?)?;
    let now = acts.house.ambient.now();
    Ok(ledger.grants.iter().map(|grant| describe(&ledger, grant, whose, now)).collect())
}

/// A peer told of a grant together with what rests on it.
///
/// # Errors
/// When the store fails.
pub fn told(house: &House, unit: &mut Unit, peer: &NodeId, subject: SubjectRef, grant: &Grant) -> Result<(), StoreError> {
    let subject = Subject::ToldBy(peer.clone(), subject);
    if policy::known_ledger(house, unit, subject.clone())?.ledger.grants.contains(grant) {
        return Ok(());
    }
    let line = LedgerLine { sequence: grant.sequence, grant: grant.to_wire().encode_to_vec().into(), withdrawal: Bytes::new(), leaf: None };
    unit.put_ledger_line(&subject, &line)
}

fn subject_of(house: &House, read: &impl Read, whose: Whose) -> Result<Subject, ActError> {
    match whose {
        Whose::Worker(worker_id) => {
            read.worker(worker_id)?.ok_or(ActError::NotFound { what: "worker" })?;
            Ok(Subject::Worker(worker_id))
        }
        Whose::Referral(referral_id) => {
            let file = load(read, referral_id)?;
            let peer = shares::other_side(house, &file);
            Ok(question::own_subject(peer, offer_of(&file)?.subject_ref, Some(&file)))
        }
    }
}

/// What the node adds to a grant: a new consent, or the next version of one.
fn complete(
    wanted: &wire::Grant,
    ledger: &Ledger,
    now: Instant,
    valid_days: u32,
    new_id: impl FnOnce() -> ConsentId,
) -> Result<Grant, ActError> {
    let mut grant = wanted.clone();
    if grant.basis == ConsentBasis::WelfareCheck.to_wire() {
        let rule = "must be CONSENT: the basis of a welfare check is written when a second person approves its referral";
        return Err(ActError::Malformed(Malformed::new(rule).at("consent.basis")));
    }
    let earlier =
        ConsentId::from_wire_optional(&grant.consent_id).map_err(|problem| ActError::Malformed(problem.at("consent.consent_id")))?;
    let (consent_id, version) = match earlier {
        Some(consent_id) => {
            let known = ledger.latest(consent_id).ok_or(ActError::NotFound { what: "consent" })?;
            (consent_id, known.version + 1)
        }
        None => (new_id(), 1),
    };
    grant.consent_id = consent_id.to_wire();
    grant.version = version;
    grant.sequence = ledger.next_sequence();
    grant.given_at_ms = now.as_millis();
    if grant.valid_from_ms == 0 {
        grant.valid_from_ms = now.as_millis();
    }
    if grant.valid_until_ms == 0 {
        if valid_days == 0 {
            return Err(ActError::Malformed(
                Malformed::new("must be given: a consent without an end is no consent").at("consent.valid_until"),
            ));
        }
        grant.valid_until_ms = Instant::from_millis(grant.valid_from_ms).plus_days(i64::from(valid_days)).as_millis();
    }
    Grant::from_wire(&grant).map_err(|problem| ActError::Malformed(problem.at("consent")))
}

fn log_consent(house: &House, unit: &mut Unit, event: Event, recipient: &NodeId, grant: &Grant) -> Result<u64, StoreError> {
    let mut draft = LeafDraft::new(event);
    draft.peer = Some(outgoing::log_name(house, recipient));
    if let Some(known) = policy::agreement_with(house, unit, unit.now(), recipient)? {
        draft.mou = Some(outgoing::mou(&known));
    }
    draft.purpose = grant.purposes.first().copied();
    let mut fields: Vec<String> = grant.categories.iter().map(|category| category.code().to_owned()).collect();
    fields.sort_unstable();
    draft.fields = Some(fields);
    Ok(unit.append_leaf(draft)?.0)
}

fn describe(ledger: &Ledger, grant: &Grant, whose: Whose, now: Instant) -> wire::Consent {
    let touches = |withdrawal: &&Withdrawal| {
        withdrawal.consent_id.is_none_or(|consent_id| consent_id == grant.consent_id)
            && withdrawal.recipient.as_ref().is_none_or(|recipient| recipient == &grant.recipient)
            && withdrawal.sequence > grant.sequence
    };
    wire::Consent {
        grant: Some(grant.to_wire()),
        withdrawals: ledger.withdrawals.iter().filter(touches).map(Withdrawal::to_wire).collect(),
        state: ledger.state(grant.reference(), now).map_or(0, |state| state.to_wire()),
        worker_id: match whose {
            Whose::Worker(worker_id) => worker_id.to_wire(),
            Whose::Referral(_) => Bytes::new(),
        },
    }
}
