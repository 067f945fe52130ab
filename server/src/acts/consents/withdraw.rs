//! A withdrawal is taken from the worker's word, at once: what is queued is purged, the peers are told, what is held is frozen and then destroyed.

use bytes::Bytes;
use prost::Message;
use titian_proto::gate::Content;
use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::consent::{Withdrawal, WithdrawalAction};
use titian_proto::model::id::NodeId;
use titian_proto::model::referral::{Custody, ErasureReceipt, Offer, Reach, WithdrawalNotice};
use titian_proto::model::refusal::Refusal;
use titian_proto::model::vocabulary::Purpose;
use titian_proto::wire;

use super::reach::{Took, end, enforce, onward_of, purge_queued, touched};
use super::{Whose, describe, subject_of};
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::outgoing::{self, Address};
use crate::acts::policy::{self, Direction};
use crate::acts::question::{self, About};
use crate::acts::referrals::{is_sender, load, offer_of};
use crate::acts::shares;
use crate::acts::tasks::heard;
use crate::store::consents::{LedgerLine, Subject};
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::workers::WorkerTable;
use crate::store::{Read, StoreError, Unit};

/// What a withdrawal did.
pub struct Withdrawn {
    /// The consents it touched.
    pub consents: Vec<wire::Consent>,
    /// Envelopes that were queued and will not leave.
    pub purged: u32,
    /// Peers that will be told.
    pub notified: Vec<String>,
}

/// Writes down a withdrawal, from the worker's word, at once.
///
/// # Errors
/// When the worker is not there or the store fails.
pub async fn withdraw(acts: &Acts, whose: Whose, withdrawal: wire::Withdrawal) -> Result<Withdrawn, ActError> {
    let house = acts.house.clone();
    crate::crash::point("withdraw.before-write");
    let withdrawn = acts.store.write(move |unit| write(&house, unit, whose, &withdrawal)).await?;
    crate::crash::point("withdraw.after-write");
    Ok(withdrawn)
}

fn write(house: &House, unit: &mut Unit, whose: Whose, wanted: &wire::Withdrawal) -> Result<Withdrawn, ActError> {
    let now = unit.now();
    let mut complete = wanted.clone();
    complete.effective_at_ms = now.as_millis();
    complete.sequence = 1;
    let mut withdrawal = Withdrawal::from_wire(&complete).map_err(ActError::Malformed)?;
    for subject in ledgers_of(house, unit, whose)?.into_iter().rev() {
        // The ledger that this node writes comes last: peers hold grants by their places in it.
        withdrawal.sequence = put_withdrawal(unit, &subject, &Withdrawal { sequence: 1, ..withdrawal.clone() })?;
    }
    let mut done = Withdrawn { consents: Vec::new(), purged: 0, notified: Vec::new() };
    for file in touched(house, unit, whose, &withdrawal)? {
        let peer = shares::other_side(house, &file).to_string();
        done.purged += enforce(house, unit, file, &withdrawal, Took::WordHere)?;
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

/// How far a peer's place may lie ahead of what is known of its ledger: a worker says less in a life.
const AHEAD_MAX: u64 = 1_000_000;

/// The withdrawal as the newest line of a ledger; each ledger has its own order. Where it came to stand.
fn put_withdrawal(unit: &mut Unit, subject: &Subject, withdrawal: &Withdrawal) -> Result<u64, StoreError> {
    let ledger = policy::ledger(unit, subject)?;
    let next = ledger.next_sequence();
    // A peer's grants may still be on their way when its withdrawal is here: they stand before the place that the peer gives it.
    let sequence = if matches!(subject, Subject::ToldBy(..)) { next.max(withdrawal.sequence.min(next + AHEAD_MAX)) } else { next };
    let withdrawal = Withdrawal { sequence, ..withdrawal.clone() };
    let line = LedgerLine { sequence, grant: Bytes::new(), withdrawal: withdrawal.to_wire().encode_to_vec().into(), leaf: None };
    unit.put_ledger_line(subject, &line)?;
    Ok(sequence)
}

/// She declined a welfare check: what one union learned of that counts as her word towards the recipient, so that no second check follows.
///
/// # Errors
/// When the store fails.
pub fn declined(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer) -> Result<(), StoreError> {
    let subject = if is_sender(house, file) {
        question::own_subject(&file.recipient, offer.subject_ref, Some(file))
    } else {
        Subject::ToldBy(file.sender.clone(), offer.subject_ref)
    };
    let withdrawal = Withdrawal {
        consent_id: None,
        sequence: 1,
        recipient: Some(file.recipient.clone()),
        purposes: vec![Purpose::WelfareCheck],
        categories: Vec::new(),
        action: WithdrawalAction::Erase,
        effective_at: unit.now(),
    };
    put_withdrawal(unit, &subject, &withdrawal).map(drop)
}

/// Every ledger that a withdrawal at this node belongs into: the one this node writes first, then the one that a peer told.
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

/// A peer tells of a withdrawal. It is believed at once; a wrong withdrawal harms less than a wrong release (`domain.md` 2.6).
///
/// # Errors
/// When the store fails.
pub fn receive(house: &House, unit: &mut Unit, peer: &NodeId, notice: &WithdrawalNotice) -> Result<Result<(), Refusal>, ActError> {
    let withdrawal = &notice.withdrawal;
    put_withdrawal(unit, &Subject::ToldBy(peer.clone(), notice.subject_ref), withdrawal)?;
    let (mut others, mut known_here) = (Vec::new(), withdrawal.clone());
    if let Some(worker_id) = unit.worker_known_as(peer, notice.subject_ref)? {
        known_here.sequence = put_withdrawal(unit, &Subject::Worker(worker_id), withdrawal)?;
        // She said it at the other union; whoever else got something from here must hear of it too.
        others = touched(house, unit, Whose::Worker(worker_id), withdrawal)?;
        others.retain(|file| shares::other_side(house, file) != peer);
    }
    let (mut unknown, mut sent_from_here) = (Vec::new(), Vec::new());
    for referral_id in &notice.referral_ids {
        match unit.referral(*referral_id)? {
            Some(file) if shares::other_side(house, &file) == peer => {
                sent_from_here.extend(is_sender(house, &file).then_some(*referral_id));
                take_at_peers_word(house, unit, file, withdrawal)?;
                others.retain(|other| other.referral_id != *referral_id);
            }
            Some(_) => {}
            None => unknown.push(*referral_id),
        }
    }
    for file in others {
        enforce(house, unit, file, &known_here, Took::WordHere)?;
    }
    heard::withdrawal(unit, peer, notice, sent_from_here)?;
    if !unknown.is_empty() {
        // What was to come is refused, because the withdrawal is known.
        answer_unknown(house, unit, peer, ErasureReceipt::of_nothing(withdrawal.sequence, unknown, unit.now()))?;
    }
    Ok(Ok(()))
}

/// What was passed on from under this referral is taken back too, unless this node had its own consent for it.
fn take_at_peers_word(house: &House, unit: &mut Unit, file: ReferralFile, withdrawal: &Withdrawal) -> Result<(), ActError> {
    let adopted = !is_sender(house, &file) && file.custody == Some(Custody::Adopted);
    let onward = if adopted { Vec::new() } else { onward_of(house, unit, &file, withdrawal)? };
    let referral_id = file.referral_id;
    enforce(house, unit, file, withdrawal, Took::PeersWord { onward: onward.clone() })?;
    for file in onward {
        // Their consents were written down under the name that the other side gave her.
        let subject = question::own_subject(&file.recipient, offer_of(&file)?.subject_ref, Some(&file));
        let sequence = put_withdrawal(unit, &subject, withdrawal)?;
        let everything = Withdrawal { recipient: None, sequence, ..withdrawal.clone() };
        enforce(house, unit, file, &everything, Took::OnBehalfOf(referral_id))?;
    }
    Ok(())
}

fn answer_unknown(house: &House, unit: &mut Unit, peer: &NodeId, receipt: ErasureReceipt) -> Result<(), ActError> {
    let now = unit.now();
    let content = Content::ErasureReceipt(receipt);
    let gathered = question::gather(house, unit, now, &About { direction: Direction::Out, peer, pinned: None, content: &content })?;
    match policy::decide(house, now, gathered.ask(Direction::Out, peer, None, content)) {
        Ok(permit) => outgoing::queue(house, unit, permit, &Address::about_nothing_else(peer)).map(drop)?,
        // What came in came from an active peer; it would ask again.
        Err(refusal) => tracing::warn!(event = "erasure.receipt-not-sent", peer = %peer, code = refusal.code.code()),
    }
    Ok(())
}

/// Tells the peer of a withdrawal. One that is not active here now is owed the notice, and gets it when it is active again.
pub(super) fn tell(house: &House, unit: &mut Unit, file: &mut ReferralFile, withdrawal: &Withdrawal) -> Result<(), ActError> {
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

/// A worker withdrew at this node, which told the other side of a referral and then lost it, because it was restored from a backup. The other side
/// tells of it: nothing of hers comes back. Whoever else got something from here hears of it, perhaps again: that harms less than not at all.
///
/// # Errors
/// When the store fails.
pub fn before_restore(house: &House, unit: &mut Unit, file: ReferralFile, withdrawal: Option<&Withdrawal>) -> Result<(), ActError> {
    let peer = shares::other_side(house, &file).clone();
    tracing::warn!(event = "withdrawal.known-again", peer = %peer);
    let mut draft = LeafDraft::new(Event::ConsentWithdrawn);
    draft.peer = Some(outgoing::log_name(house, &peer));
    unit.append_leaf(draft)?;
    if let Some(withdrawal) = withdrawal {
        let whose = Whose::Referral(file.referral_id);
        for subject in ledgers_of(house, unit, whose)? {
            put_withdrawal(unit, &subject, withdrawal)?;
        }
        let others = touched(house, unit, whose, withdrawal)?;
        // Her other referrals with this peer have standings of their own.
        for other in others.into_iter().filter(|other| shares::other_side(house, other) != &peer) {
            enforce(house, unit, other, withdrawal, Took::WordHere)?;
        }
    }
    purge_queued(unit, &peer, file.referral_id, &Reach::Whole)?;
    let (sequence, action) = withdrawal.map_or((0, WithdrawalAction::Erase), |known| (known.sequence, known.action));
    end(house, unit, file, sequence, Took::Restored, action)
}

/// As [`before_restore`], of a part that she took back in the lost days. What is known here already, is; whoever got something of it hears of it, perhaps
/// again.
///
/// # Errors
/// When the store fails.
pub fn part_before_restore(house: &House, unit: &mut Unit, file: &ReferralFile, withdrawal: &Withdrawal) -> Result<(), ActError> {
    let whose = Whose::Referral(file.referral_id);
    let ledgers = ledgers_of(house, unit, whose)?;
    let said = |one: &Withdrawal| Withdrawal { sequence: withdrawal.sequence, ..one.clone() } == *withdrawal;
    if let Some(own) = ledgers.first()
        && policy::ledger(unit, own)?.withdrawals.iter().any(said)
    {
        return Ok(());
    }
    tracing::warn!(event = "withdrawal.known-again", peer = %shares::other_side(house, file));
    let mut withdrawal = withdrawal.clone();
    for subject in ledgers.into_iter().rev() {
        withdrawal.sequence = put_withdrawal(unit, &subject, &withdrawal)?;
    }
    for touched in touched(house, unit, whose, &withdrawal)? {
        enforce(house, unit, touched, &withdrawal, Took::WordHere)?;
    }
    Ok(())
}
