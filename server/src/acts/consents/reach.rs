//! What a withdrawal touches, and what then goes: the queue, the share, what is held.

use titian_proto::envelope::{EnvelopeKind, Lane};
use titian_proto::gate::Content;
use titian_proto::model::consent::{Withdrawal, WithdrawalAction};
use titian_proto::model::id::{NodeId, ReferralId};
use titian_proto::model::referral::{Erasure, Offer, Reach, ReferralState};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Category;

use super::Whose;
use super::withdraw::tell;
use crate::acts::context::House;
use crate::acts::erasures::ask::{Wanted, Words, ask};
use crate::acts::erasures::retention;
use crate::acts::error::ActError;
use crate::acts::referrals::{is_sender, load, offer_of};
use crate::acts::{dispatch, hand_over, question, shares};
use crate::store::erasures::Onward;
use crate::store::records::RecordTable;
use crate::store::referrals::{Given, ReferralFile, ReferralTable};
use crate::store::{Position, Read, StoreError, Topic, Unit};

/// Who took the worker's word.
pub(super) enum Took {
    /// This node: the other side is told.
    WordHere,
    /// The other side, which told this node. Under these referrals it was passed on.
    PeersWord {
        /// This node's own referrals to others.
        onward: Vec<ReferralFile>,
    },
    /// This node, which forgot it when it was restored; the other side has not.
    Restored,
    /// Another union, from which this node passed something on under this referral.
    OnBehalfOf(ReferralId),
}

/// Referrals of the worker that the withdrawal reaches and that have left this node.
pub(super) fn touched(house: &House, read: &impl Read, whose: Whose, withdrawal: &Withdrawal) -> Result<Vec<ReferralFile>, ActError> {
    let ids = match whose {
        Whose::Worker(worker_id) => read.referrals_of_worker(worker_id)?,
        Whose::Referral(referral_id) => {
            let file = load(read, referral_id)?;
            match file.worker_id {
                Some(worker_id) => read.referrals_of_worker(worker_id)?,
                None => of_same_worker(house, read, &file)?,
            }
        }
    };
    reached(house, read, &ids, withdrawal)
}

/// Those of some referrals that the withdrawal reaches.
fn reached(house: &House, read: &impl Read, ids: &[ReferralId], withdrawal: &Withdrawal) -> Result<Vec<ReferralFile>, ActError> {
    let mut reached = Vec::new();
    for referral_id in ids {
        let file = load(read, *referral_id)?;
        if reaches(house, read, &file, withdrawal)? {
            reached.push(file);
        }
    }
    Ok(reached)
}

fn reaches(house: &House, read: &impl Read, file: &ReferralFile, withdrawal: &Withdrawal) -> Result<bool, ActError> {
    let offer = offer_of(file)?;
    let recipient = withdrawal.recipient.as_ref().is_none_or(|recipient| recipient == &file.recipient || recipient == &file.sender);
    let category = match Reach::of(withdrawal, &offer) {
        Reach::Nothing => false,
        Reach::Whole => true,
        Reach::Part(categories) => {
            let went = categories_that_went(read, file, &offer)?;
            categories.iter().any(|category| went.contains(category))
        }
    };
    let left = file.state != ReferralState::Draft || !is_sender(house, file);
    Ok(recipient && category && left)
}

/// Referrals about the same worker, who is known here only through them: from the same peer, and those of this node from the cases opened for them.
fn of_same_worker(house: &House, read: &impl Read, file: &ReferralFile) -> Result<Vec<ReferralId>, ActError> {
    let subject = offer_of(file)?.subject_ref;
    let mut same = Vec::new();
    if let Some(case_id) = file.case_id.filter(|_| is_sender(house, file)) {
        // This node's own name for her is one of this case.
        for referral_id in read.referrals_of_case(case_id)? {
            let other = load(read, referral_id)?;
            if is_sender(house, &other) && offer_of(&other)?.subject_ref == subject {
                same.push(referral_id);
            }
        }
        return Ok(same);
    }
    for referral_id in read.referrals_of_subject(&file.sender, subject)? {
        same.push(referral_id);
        same.extend(passed_on(house, read, &load(read, referral_id)?)?);
    }
    Ok(same)
}

/// This node's own referrals to others from the case that it opened for a referral from a peer.
fn passed_on(house: &House, read: &impl Read, file: &ReferralFile) -> Result<Vec<ReferralId>, ActError> {
    let Some(case_id) = file.case_id.filter(|_| !is_sender(house, file)) else { return Ok(Vec::new()) };
    let mut own = Vec::new();
    for referral_id in read.referrals_of_case(case_id)? {
        if is_sender(house, &load(read, referral_id)?) {
            own.push(referral_id);
        }
    }
    Ok(own)
}

/// As [`passed_on`], as far as a withdrawal reaches them. A withdrawal for this node alone reaches what it passed on as well.
pub(super) fn onward_of(
    house: &House,
    read: &impl Read,
    file: &ReferralFile,
    withdrawal: &Withdrawal,
) -> Result<Vec<ReferralFile>, ActError> {
    let everywhere = Withdrawal { recipient: None, purposes: Vec::new(), ..withdrawal.clone() };
    reached(house, read, &passed_on(house, read, file)?, &everywhere)
}

/// What went under a referral: what it selects, what its offer says at once, and what staff put under it by name.
fn categories_that_went(read: &impl Read, file: &ReferralFile, offer: &Offer) -> Result<Vec<Category>, ActError> {
    let mut went = offer.categories.clone();
    went.extend([Category::CaseCore, Category::Demographic]);
    for given in read.all_given(file.referral_id)? {
        went.extend(category_of(read, file, &given)?);
    }
    for held in read.held_after(file.referral_id, None, usize::MAX)? {
        went.extend(question::content_of(held.content.as_ref()).map(|content| content.category()));
    }
    Ok(went)
}

fn category_of(read: &impl Read, file: &ReferralFile, given: &Given) -> Result<Option<Category>, StoreError> {
    for holder in question::holders(file) {
        if let Some(record) = read.record(holder, given.record_id)? {
            return Ok(Category::from_wire(record.category).ok());
        }
    }
    Ok(None)
}

/// Purges what is queued under a referral, tells the peer, freezes and destroys what is held. How many envelopes will not leave.
pub(super) fn enforce(
    house: &House,
    unit: &mut Unit,
    mut file: ReferralFile,
    withdrawal: &Withdrawal,
    took: Took,
) -> Result<u32, ActError> {
    let offer = offer_of(&file)?;
    let reach = Reach::of(withdrawal, &offer);
    if reach == Reach::Nothing {
        return Ok(0);
    }
    let peer = shares::other_side(house, &file).clone();
    let purged = purge_queued(unit, &peer, file.referral_id, &reach)?;
    if !matches!(took, Took::PeersWord { .. }) {
        tell(house, unit, &mut file, withdrawal)?;
    }
    match reach {
        Reach::Nothing => {}
        Reach::Whole => end(house, unit, file, withdrawal.sequence, took, withdrawal.action)?,
        Reach::Part(categories) => narrow(house, unit, file, &offer.without(&categories), Part { categories, withdrawal, took })?,
    }
    Ok(purged)
}

/// She took everything back: frozen at once, and destroyed if she said so.
pub(super) fn end(
    house: &House,
    unit: &mut Unit,
    mut file: ReferralFile,
    sequence: u64,
    took: Took,
    action: WithdrawalAction,
) -> Result<(), ActError> {
    unit.remove_due(offer_of(&file)?.respond_by, file.referral_id)?;
    file.state = ReferralState::ConsentWithdrawn;
    file.frozen = !crate::mutant::is("withdrawal-does-not-freeze");
    file.changed_at = unit.now();
    unit.block_referral(file.referral_id, Refusal::new(RefusalCode::ConsentWithdrawn))?;
    if action == WithdrawalAction::Erase {
        ask(house, unit, &mut file, wanted(sequence, Vec::new(), took))?;
    } else {
        // What staff see before anything is destroyed.
        file.erasure = file.erasure.filter(|erasure| *erasure != Erasure::Pending);
        retention::begin(house, unit, &mut file)?;
    }
    unit.put_referral(&file)?;
    hand_over::end(house, unit, &file)?;
    unit.publish(Topic::Referral(file.referral_id));
    Ok(())
}

/// She took a part back.
struct Part<'a> {
    categories: Vec<Category>,
    withdrawal: &'a Withdrawal,
    took: Took,
}

/// The rest of the share goes on without what she took back.
fn narrow(house: &House, unit: &mut Unit, mut file: ReferralFile, left: &Offer, part: Part<'_>) -> Result<(), ActError> {
    let Part { categories, withdrawal, took } = part;
    let mut taken_back = Vec::new();
    for given in unit.all_given(file.referral_id)? {
        if category_of(unit, &file, &given)?.is_some_and(|category| categories.contains(&category)) {
            taken_back.push(given);
        }
    }
    shares::forget_given(unit, file.referral_id, &taken_back)?;
    file.offer = shares::offer_bytes(left);
    file.changed_at = unit.now();
    if withdrawal.action == WithdrawalAction::Erase {
        ask(house, unit, &mut file, wanted(withdrawal.sequence, categories, took))?;
    }
    unit.put_referral(&file)?;
    // What was purged with it, and is still allowed, goes again.
    if is_sender(house, &file) && file.state.is_sharing() {
        shares::put_or_say_why(house, unit, &file, left)?;
    }
    unit.publish(Topic::Referral(file.referral_id));
    Ok(())
}

fn wanted(sequence: u64, categories: Vec<Category>, took: Took) -> Wanted {
    let words = match took {
        Took::PeersWord { .. } => Words { there: sequence, ..Words::default() },
        Took::WordHere | Took::Restored | Took::OnBehalfOf(_) => Words { here: sequence, ..Words::default() },
    };
    let wanted = Wanted::after_withdrawal(words, categories);
    match took {
        Took::WordHere => wanted,
        Took::PeersWord { onward } => {
            let onward = onward.into_iter().map(|file| Onward { referral_id: file.referral_id, peer: file.recipient, erased: false });
            Wanted { onward: onward.collect(), ..wanted }
        }
        Took::Restored => Wanted { asks_there: false, ..wanted },
        Took::OnBehalfOf(referral_id) => Wanted { on_behalf_of: Some(referral_id), ..wanted },
    }
}

/// Takes the bodies of a referral's queued envelopes out of the outbox; headers stay, so that the chain holds.
pub(super) fn purge_queued(unit: &mut Unit, peer: &NodeId, referral_id: ReferralId, reach: &Reach) -> Result<u32, StoreError> {
    let mut purged = 0;
    if crate::mutant::is("withdrawal-does-not-purge") {
        return Ok(purged);
    }
    for lane in [Lane::States, Lane::Referrals, Lane::Shares, Lane::Documents] {
        for waiting in unit.unsettled(peer, lane, Position::START, usize::MAX)? {
            let is_hers = waiting.header.referral_id == Some(referral_id) && waiting.purged.is_none();
            // Whose case it is says nothing of her, and lost on the way it would leave the case to nobody. An offer of it asks the gate again.
            let is_hers = is_hers && waiting.header.kind != EnvelopeKind::HandOver;
            if is_hers && is_reached(unit, peer, lane, waiting.position, reach)? {
                dispatch::purge_one(unit, peer, lane, waiting.position, RefusalCode::ConsentWithdrawn)?;
                purged += 1;
            }
        }
    }
    Ok(purged)
}

/// Whether a queued envelope says something that was taken back.
fn is_reached(unit: &Unit, peer: &NodeId, lane: Lane, position: Position, reach: &Reach) -> Result<bool, StoreError> {
    if *reach == Reach::Whole {
        return Ok(true);
    }
    let Some(sent) = unit.sent_or_pending(peer, lane, position)? else { return Ok(true) };
    Ok(match Content::parse(sent.header.kind, &sent.body) {
        Ok((_, Content::Put(put))) => put.records.iter().any(|record| reach.takes(record.content.category())),
        Ok((_, Content::Offer(offer))) => offer.categories_said().into_iter().any(|category| reach.takes(category)),
        Ok(_) => false,
        Err(_) => true,
    })
}
