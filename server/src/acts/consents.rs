//! Grants and withdrawals: written down, never edited; enforced at enqueue, at dispatch and on arrival.

use bytes::Bytes;
use prost::Message;
use titian_proto::envelope::Lane;
use titian_proto::gate::Content;
use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::consent::{Grant, Ledger, Withdrawal};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{ConsentId, NodeId, ReferralId, SubjectRef, WorkerId, uuid_v7};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::referral::{Custody, Erasure, Offer, ReferralState, WithdrawalNotice};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;

use super::context::{Acts, House};
use super::dispatch;
use super::error::ActError;
use super::outgoing;
use super::policy;
use super::question;
use super::referrals::{is_sender, load, offer_of};
use super::shares;
use crate::store::consents::{LedgerLine, Subject};
use crate::store::records::RecordTable;
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::workers::WorkerTable;
use crate::store::{Position, Read, StoreError, Topic, Unit};

/// Whose consent staff mean.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// A worker of this node.
    Worker(WorkerId),
    /// The worker of a referral.
    Referral(ReferralId),
}

/// What a withdrawal did.
pub struct Withdrawn {
    /// The consents it touched.
    pub consents: Vec<wire::Consent>,
    /// Envelopes that were queued and will not leave.
    pub purged: u32,
    /// Peers that will be told.
    pub notified: Vec<String>,
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
            let leaf = log_consent(&house, unit, Event::ConsentRecorded, &grant.recipient, &grant)?;
            let line = LedgerLine {
                sequence: grant.sequence,
                grant: grant.to_wire().encode_to_vec().into(),
                withdrawal: Bytes::new(),
                leaf: Some(leaf),
            };
            unit.put_ledger_line(&subject, &line)?;
            let now = unit.now();
            Ok::<_, ActError>(describe(&policy::ledger(unit, &subject)?, &grant, whose, now))
        })
        .await?;
    crate::crash::point("consent.after-write");
    Ok(consent)
}

/// Writes down a withdrawal, from the worker's word, at once: what is queued is purged, the peers are told, what is held is frozen.
///
/// # Errors
/// When the worker is not there or the store fails.
pub async fn withdraw(acts: &Acts, whose: Whose, withdrawal: wire::Withdrawal) -> Result<Withdrawn, ActError> {
    let house = acts.house.clone();
    crate::crash::point("withdraw.before-write");
    let withdrawn = acts.store.write(move |unit| write_withdrawal(&house, unit, whose, &withdrawal)).await?;
    crate::crash::point("withdraw.after-write");
    Ok(withdrawn)
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

/// A peer tells of a withdrawal. It is believed at once and freezes what is held; a wrong withdrawal harms less than a wrong release.
///
/// # Errors
/// When the store fails.
pub fn receive_withdrawal(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    notice: &WithdrawalNotice,
) -> Result<Result<(), Refusal>, ActError> {
    let told_by = Subject::ToldBy(peer.clone(), notice.subject_ref);
    put_withdrawal(unit, &told_by, &notice.withdrawal)?;
    if let Some(worker_id) = unit.worker_known_as(peer, notice.subject_ref)? {
        put_withdrawal(unit, &Subject::Worker(worker_id), &notice.withdrawal)?;
        // She said it at the other union; whoever else got something from here must hear of it too.
        let others = touched(house, unit, Whose::Worker(worker_id), &notice.withdrawal)?;
        for file in others.into_iter().filter(|file| shares::other_side(house, file) != peer) {
            enforce(house, unit, file, &notice.withdrawal)?;
        }
    }
    for referral_id in &notice.referral_ids {
        let Some(mut file) = unit.referral(*referral_id)? else { continue };
        if shares::other_side(house, &file) != peer {
            continue;
        }
        purge_queued(unit, peer, *referral_id)?;
        freeze(house, unit, &mut file)?;
    }
    Ok(Ok(()))
}

/// A peer holds a referral as withdrawn, and this node was restored and has forgotten why. How far it reached is not known any more, so it counts for
/// everything: staff ask her again.
///
/// # Errors
/// When the store fails.
pub fn taken_back(house: &House, unit: &mut Unit, peer: &NodeId, file: &ReferralFile) -> Result<(), ActError> {
    let complete = wire::Withdrawal {
        action: wire::WithdrawalAction::Restrict as i32,
        effective_at_ms: unit.now().as_millis(),
        sequence: 1,
        ..wire::Withdrawal::default()
    };
    let withdrawal = Withdrawal::from_wire(&complete).map_err(ActError::Malformed)?;
    let notice = WithdrawalNotice { subject_ref: offer_of(file)?.subject_ref, referral_ids: vec![file.referral_id], withdrawal };
    receive_withdrawal(house, unit, peer, &notice)?.map_err(ActError::Refused)
}

fn write_withdrawal(house: &House, unit: &mut Unit, whose: Whose, wanted: &wire::Withdrawal) -> Result<Withdrawn, ActError> {
    let now = unit.now();
    let mut complete = wanted.clone();
    complete.effective_at_ms = now.as_millis();
    complete.sequence = 1;
    let withdrawal = Withdrawal::from_wire(&complete).map_err(ActError::Malformed)?;
    for subject in ledgers_of(house, unit, whose)? {
        put_withdrawal(unit, &subject, &withdrawal)?;
    }
    let mut done = Withdrawn { consents: Vec::new(), purged: 0, notified: Vec::new() };
    for file in touched(house, unit, whose, &withdrawal)? {
        let peer = shares::other_side(house, &file).to_string();
        done.purged += enforce(house, unit, file, &withdrawal)?;
        if !done.notified.contains(&peer) {
            done.notified.push(peer);
        }
    }
    if done.notified.is_empty() {
        // Nobody is told, so no envelope's leaf says it: this one does.
        let mut draft = LeafDraft::new(Event::ConsentWithdrawn);
        draft.peer = withdrawal.recipient.as_ref().map(|recipient| outgoing::log_name(house, recipient));
        unit.append_leaf(draft)?;
    }
    let ledger = policy::ledger(unit, &subject_of(house, unit, whose)?)?;
    done.consents = ledger.grants.iter().map(|grant| describe(&ledger, grant, whose, now)).collect();
    Ok(done)
}

/// The withdrawal as the newest line of a ledger; each ledger has its own order.
fn put_withdrawal(unit: &mut Unit, subject: &Subject, withdrawal: &Withdrawal) -> Result<(), StoreError> {
    let ledger = policy::ledger(unit, subject)?;
    let withdrawal = Withdrawal { sequence: ledger.next_sequence(), ..withdrawal.clone() };
    let line = LedgerLine {
        sequence: withdrawal.sequence,
        grant: Bytes::new(),
        withdrawal: withdrawal.to_wire().encode_to_vec().into(),
        leaf: None,
    };
    unit.put_ledger_line(subject, &line)
}

/// Every ledger that a withdrawal at this node belongs into: the one this node writes and the one that a peer told.
fn ledgers_of(house: &House, read: &impl Read, whose: Whose) -> Result<Vec<Subject>, ActError> {
    let mut ledgers = vec![subject_of(house, read, whose)?];
    if let Whose::Referral(referral_id) = whose {
        let file = load(read, referral_id)?;
        if !is_sender(house, &file) {
            ledgers.push(Subject::ToldBy(file.sender.clone(), offer_of(&file)?.subject_ref));
        }
    }
    Ok(ledgers)
}

/// Referrals of the worker that the withdrawal reaches and that have left this node.
fn touched(house: &House, read: &impl Read, whose: Whose, withdrawal: &Withdrawal) -> Result<Vec<ReferralFile>, ActError> {
    let ids = match whose {
        Whose::Worker(worker_id) => read.referrals_of_worker(worker_id)?,
        Whose::Referral(referral_id) => match load(read, referral_id)?.worker_id {
            Some(worker_id) => read.referrals_of_worker(worker_id)?,
            None => of_same_worker(read, &load(read, referral_id)?)?,
        },
    };
    let mut touched = Vec::new();
    for referral_id in ids {
        let file = load(read, referral_id)?;
        let offer = offer_of(&file)?;
        let recipient = withdrawal.recipient.as_ref().is_none_or(|recipient| recipient == &file.recipient || recipient == &file.sender);
        let purpose = withdrawal.purposes.is_empty() || withdrawal.purposes.contains(&offer.purpose);
        let went = categories_that_went(read, &file, &offer)?;
        let category = withdrawal.categories.is_empty() || withdrawal.categories.iter().any(|category| went.contains(category));
        let left = file.state != ReferralState::Draft || !is_sender(house, &file);
        if recipient && purpose && category && left {
            touched.push(file);
        }
    }
    Ok(touched)
}

/// Referrals from the same peer about the same worker, who is known here only through them.
fn of_same_worker(read: &impl Read, file: &ReferralFile) -> Result<Vec<ReferralId>, ActError> {
    let subject = offer_of(file)?.subject_ref;
    let mut same = Vec::new();
    for other in read.referrals(None, usize::MAX)? {
        if other.sender == file.sender && offer_of(&other)?.subject_ref == subject {
            same.push(other.referral_id);
        }
    }
    Ok(same)
}

/// What went under a referral: what it selects, what its offer says at once, and what staff put under it by name.
fn categories_that_went(read: &impl Read, file: &ReferralFile, offer: &Offer) -> Result<Vec<Category>, ActError> {
    let mut went = offer.categories.clone();
    went.extend([Category::CaseCore, Category::Demographic]);
    for given in read.all_given(file.referral_id)? {
        for holder in question::holders(file) {
            if let Some(record) = read.record(holder, given.record_id)? {
                went.extend(Category::from_wire(record.category));
            }
        }
    }
    Ok(went)
}

/// Purges what is queued under a referral, tells the peer, freezes what is held. How many envelopes will not leave.
fn enforce(house: &House, unit: &mut Unit, mut file: ReferralFile, withdrawal: &Withdrawal) -> Result<u32, ActError> {
    let peer = shares::other_side(house, &file).clone();
    let purged = purge_queued(unit, &peer, file.referral_id)?;
    tell(house, unit, &mut file, withdrawal)?;
    freeze(house, unit, &mut file)?;
    Ok(purged)
}

/// Tells the peer of a withdrawal. One that is not active here now is owed the notice, and gets it when it is active again.
fn tell(house: &House, unit: &mut Unit, file: &mut ReferralFile, withdrawal: &Withdrawal) -> Result<(), ActError> {
    let notice =
        WithdrawalNotice { subject_ref: offer_of(file)?.subject_ref, referral_ids: vec![file.referral_id], withdrawal: withdrawal.clone() };
    let peer = shares::other_side(house, file).clone();
    file.owed_withdrawal = Bytes::new();
    if let Err(refusal) = shares::send_about(house, unit, file, &peer, Content::Withdrawal(notice))? {
        tracing::warn!(event = "withdrawal.owed", peer = %peer, code = refusal.code.code());
        file.owed_withdrawal = withdrawal.to_wire().encode_to_vec().into();
    }
    Ok(())
}

/// Sends the notices that a peer was owed while it was not active here.
///
/// # Errors
/// When the store fails.
pub fn tell_owed(house: &House, unit: &mut Unit, peer: &NodeId) -> Result<(), ActError> {
    for mut file in unit.referrals(None, usize::MAX)? {
        if file.owed_withdrawal.is_empty() || shares::other_side(house, &file) != peer {
            continue;
        }
        let withdrawal = policy::read_withdrawal(&file.owed_withdrawal).map_err(ActError::Malformed)?;
        tell(house, unit, &mut file, &withdrawal)?;
        unit.put_referral(&file)?;
    }
    Ok(())
}

/// Held, not shown; nothing more goes either way. What this node has adopted with its own consent stays its own.
fn freeze(house: &House, unit: &mut Unit, file: &mut ReferralFile) -> Result<(), ActError> {
    let adopted = !is_sender(house, file) && file.custody == Some(Custody::Adopted);
    file.state = ReferralState::ConsentWithdrawn;
    file.frozen = !crate::mutant::is("withdrawal-does-not-freeze");
    file.erasure = Some(if adopted { Erasure::Adopted } else { Erasure::Pending });
    file.changed_at = unit.now();
    unit.remove_due(offer_of(file)?.respond_by, file.referral_id)?;
    unit.block_referral(file.referral_id, Refusal::new(RefusalCode::ConsentWithdrawn))?;
    unit.put_referral(file)?;
    unit.publish(Topic::Referral(file.referral_id));
    Ok(())
}

/// Takes the bodies of a referral's queued envelopes out of the outbox; headers stay, so that the chain holds.
fn purge_queued(unit: &mut Unit, peer: &NodeId, referral_id: ReferralId) -> Result<u32, StoreError> {
    let mut purged = 0;
    if crate::mutant::is("withdrawal-does-not-purge") {
        return Ok(purged);
    }
    for lane in [Lane::States, Lane::Referrals, Lane::Shares, Lane::Documents] {
        for waiting in unit.unsettled(peer, lane, Position::START, usize::MAX)? {
            if waiting.header.referral_id == Some(referral_id) && waiting.purged.is_none() {
                dispatch::purge_one(unit, peer, lane, waiting.position, RefusalCode::ConsentWithdrawn)?;
                purged += 1;
            }
        }
    }
    Ok(purged)
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
