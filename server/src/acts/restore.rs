//! After a node was restored from a backup: what its peers give back to it, and what it takes back. A peer sends again what the node lost; the node
//! gives the identical receipts, does nothing a second time, and re-uses no number that a peer has seen.

use std::collections::{HashMap, HashSet};

use prost::Message as _;
use titian_proto::envelope::{KeyRing, Lane, Receipt, SealContext, receipt_hash};
use titian_proto::gate::Content;
use titian_proto::model::consent::Withdrawal;
use titian_proto::model::id::{NodeId, RecordId, RecordRef, ReferralId};
use titian_proto::model::malformed::{At, Malformed};
use titian_proto::model::referral::{DeclineReason, ReferralOutcome, ReferralState, Side, winner};
use titian_proto::wire;

use super::context::{Acts, House};
use super::error::ActError;
use super::{consents, policy, question, referrals, shares};
use crate::store::consents::Subject;
use crate::store::records::RecordTable as _;
use crate::store::referrals::{Given, ReferralFile, ReferralTable as _};
use crate::store::{EpochTable as _, InboxTable as _, OutboxTable as _, Position, Read, StoreError, Topic, Unit};

/// Standings in one frame.
const STANDINGS: usize = 64;

/// Records in one standing.
const HELD: usize = 256;

/// Takes back receipts of this node that a peer held, and how the referrals with it stand there. Of each lane the peer had received so much before it
/// told of that.
///
/// # Errors
/// When a receipt is not this node's own, something breaks its form, or the store fails.
pub async fn take_back(acts: &Acts, peer: &NodeId, returned: wire::Returned, received: Vec<(Lane, Position)>) -> Result<(), ActError> {
    let wire::Returned { receipts, standings, done, number: _ } = returned;
    if receipts.len() > STANDINGS || standings.len() > STANDINGS {
        return Err(Malformed::new("must hold at most 64 receipts and 64 standings").at("returned").into());
    }
    let keys = KeyRing::from_descriptor_chain(&acts.house.own().chain);
    let receipts = receipts.iter().map(|receipt| own_receipt(acts, &keys, peer, receipt)).collect::<Result<Vec<_>, _>>()?;
    let standings = standings.iter().map(Standing::from_wire).collect::<Result<Vec<_>, _>>().at("returned.standings")?;
    let (house, peer) = (acts.house.clone(), peer.clone());
    crate::crash::point("restore.before-take-back");
    acts.store
        .write(move |unit| -> Result<(), ActError> {
            for (receipt, bytes) in &receipts {
                // A bundle may give back what is here again.
                if !is_answered(unit, &peer, receipt)? {
                    unit.put_returned(&peer, receipt.lane, receipt.envelope_hash, bytes.clone())?;
                }
            }
            // In a bundle that comes late, how things stood is what they no longer are.
            if has_all_back(unit, &peer)? {
                return Ok(());
            }
            standings.iter().try_for_each(|standing| stand(&house, unit, &peer, standing, &received))?;
            if done {
                unit.put_heard_epoch(&peer)?;
                share_again(&house, unit, &peer)?;
            }
            Ok(())
        })
        .await?;
    crate::crash::point("restore.after-take-back");
    Ok(())
}

/// Whether the envelope of a receipt stands here with its answer, in whichever life of the peer it was sent.
fn is_answered(read: &impl Read, peer: &NodeId, receipt: &Receipt) -> Result<bool, StoreError> {
    for position in Position::in_lives(read.peer_epochs(peer)?.len(), receipt.link_sequence) {
        if read.received_hash(peer, receipt.lane, position)? == Some(receipt.envelope_hash) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether this node was restored, and a peer has not told it yet how things stand since: until then it does not know what it had answered.
///
/// # Errors
/// When the store cannot be read.
pub fn awaits_standings(read: &impl Read, peer: &NodeId) -> Result<bool, StoreError> {
    Ok(read.own_epochs()?.len() > 1 && !has_all_back(read, peer)?)
}

/// Whether a peer has given back everything in the present life of this node's database.
///
/// # Errors
/// When the store cannot be read.
pub fn has_all_back(read: &impl Read, peer: &NodeId) -> Result<bool, StoreError> {
    Ok(read.heard_epoch(peer)? == read.own_epochs()?.last().copied())
}

/// A receipt that this node itself signed, for an envelope of this peer.
fn own_receipt(acts: &Acts, keys: &KeyRing, peer: &NodeId, signed: &wire::SignedReceipt) -> Result<(Receipt, bytes::Bytes), ActError> {
    let not_own = || ActError::Malformed(Malformed::new("is not a receipt that this node gave to this peer").at("returned.receipts"));
    let receipt = Receipt::parse(&signed.receipt).at("returned.receipts")?;
    let seal = signed.seal.as_ref().ok_or_else(not_own)?;
    keys.verify_seal(SealContext::Receipt, receipt_hash(&signed.receipt), seal, receipt.received_at).map_err(|_| not_own())?;
    if &receipt.recipient != acts.house.node_id() || &receipt.sender != peer {
        return Err(not_own());
    }
    Ok((receipt, signed.encode_to_vec().into()))
}

/// How one referral stands at the peer.
struct Standing {
    referral_id: ReferralId,
    state: ReferralState,
    outcome: Option<ReferralOutcome>,
    reason: Option<DeclineReason>,
    changes: u64,
    held: Vec<(RecordRef, u64)>,
    /// Those are all that the peer holds.
    held_whole: bool,
    withdrawal: Option<Withdrawal>,
    /// The newest change of the peer's own; none where it does not say.
    speaker_changes: Option<u64>,
}

impl Standing {
    fn from_wire(standing: &wire::Standing) -> Result<Self, Malformed> {
        let wire::Standing { referral_id, state, outcome, reason, changes, held, withdrawal, speaker_changes, held_whole } = standing;
        if held.len() > HELD {
            return Err(Malformed::new("must be at most 256 records").at("held"));
        }
        let held = held.iter().map(|held| Ok((RecordRef::from_wire(&held.record_ref)?, held.revision)));
        Ok(Self {
            referral_id: ReferralId::from_wire(referral_id).at("referral_id")?,
            state: ReferralState::from_wire(*state).at("state")?,
            outcome: ReferralOutcome::from_wire_optional(*outcome).at("outcome")?,
            reason: DeclineReason::from_wire_optional(*reason).at("reason")?,
            changes: *changes,
            held: held.collect::<Result<_, Malformed>>().at("held.record_ref")?,
            held_whole: *held_whole,
            withdrawal: withdrawal.as_ref().map(Withdrawal::from_wire).transpose().at("withdrawal")?,
            speaker_changes: *speaker_changes,
        })
    }
}

/// Brings a referral of this node to where the peer saw it last.
fn stand(house: &House, unit: &mut Unit, peer: &NodeId, standing: &Standing, received: &[(Lane, Position)]) -> Result<(), ActError> {
    let Some(mut file) = unit.referral(standing.referral_id)? else { return Ok(()) };
    if shares::other_side(house, &file) != peer {
        return Ok(());
    }
    let side = if referrals::is_sender(house, &file) { Side::Sender } else { Side::Receiver };
    take_over_state(&mut file, standing, side);
    file.own_changes = file.own_changes.max(standing.changes);
    unit.put_referral(&file)?;
    note_held(unit, &file, &standing.held)?;
    if standing.held_whole {
        note_missing(unit, peer, &file, &standing.held, received)?;
    }
    unit.publish(Topic::Referral(file.referral_id));
    if file.frozen || crate::mutant::is("restore-what-was-withdrawn") {
        return Ok(());
    }
    match &standing.withdrawal {
        withdrawal if standing.state == ReferralState::ConsentWithdrawn => {
            consents::withdraw::before_restore(house, unit, file, withdrawal.as_ref())
        }
        Some(withdrawal) => consents::withdraw::part_before_restore(house, unit, &file, withdrawal),
        None => Ok(()),
    }
}

/// A state that this node had set and lost, or under whose number it has set another since: the peer refuses a number that it knows. What this node has set
/// since under later numbers stands where the peer will take it over from there. A withdrawal that this node knows of beats whatever the peer says. Where
/// this node never set a state, it lost none. And where it knows of a later change of the peer than the peer tells of, the state is an old one: the peer
/// was restored too, or this came late in a bundle.
fn take_over_state(file: &mut ReferralFile, standing: &Standing, side: Side) {
    let follows = ReferralState::may_follow(standing.state, file.state, side) || winner(standing.state, file.state) == file.state;
    let stands = standing.changes < file.own_changes && follows;
    let lost = standing.changes > 0 && !stands && standing.state != ReferralState::ConsentWithdrawn;
    let is_old = standing.speaker_changes.is_some_and(|changes| changes < file.peer_changes);
    if lost && !is_old && !file.frozen && file.state != ReferralState::ConsentWithdrawn {
        file.state = standing.state;
        file.outcome = standing.outcome;
        file.reason = standing.reason;
    }
}

/// Records of this node that the peer holds: they keep their names there, and their next revisions are later ones than the peer has seen.
fn note_held(unit: &mut Unit, file: &ReferralFile, held: &[(RecordRef, u64)]) -> Result<(), ActError> {
    if held.is_empty() {
        return Ok(());
    }
    let held: HashMap<RecordRef, u64> = held.iter().copied().collect();
    let mut progress = unit.progress(file.referral_id)?;
    for holder in question::holders(file) {
        for mut record in unit.records(holder)? {
            let record_id = RecordId::from_wire(&record.record_id)?;
            let record_ref = unit.record_ref(file.referral_id, record_id)?;
            let Some(revision) = held.get(&record_ref).copied() else { continue };
            match unit.given(file.referral_id, record_id)? {
                // Put again meanwhile, with a number of the new life.
                Some(given) if given.revision > revision => continue,
                Some(given) if given.revision > 0 => {}
                // One with revision 0 was taken off the count when it seemed not to have arrived.
                Some(_) | None => progress.records_shared += 1,
            }
            unit.put_given(file.referral_id, &Given { record_id, record_ref, revision })?;
            if record.revision < revision {
                record.revision = revision;
                unit.put_record(holder, record_id, &record)?;
            }
        }
    }
    Ok(unit.put_progress(file.referral_id, &progress)?)
}

/// Records that the peer does not hold, though this node gave them: they were taken out of the share in the lost days. What the peer had not received
/// when it told is on its way there.
fn note_missing(
    unit: &mut Unit,
    peer: &NodeId,
    file: &ReferralFile,
    held: &[(RecordRef, u64)],
    received: &[(Lane, Position)],
) -> Result<(), ActError> {
    let mut missing = unit.all_given(file.referral_id)?;
    missing.retain(|given| given.revision > 0 && held.iter().all(|(record_ref, _)| *record_ref != given.record_ref));
    if missing.is_empty() {
        return Ok(());
    }
    let on_the_way = on_the_way(unit, peer, file.referral_id, received)?;
    let mut progress = unit.progress(file.referral_id)?;
    for given in missing.into_iter().filter(|given| !on_the_way.contains(&given.record_ref)) {
        unit.put_given(file.referral_id, &Given { revision: 0, ..given })?;
        progress.records_shared = progress.records_shared.saturating_sub(1);
    }
    Ok(unit.put_progress(file.referral_id, &progress)?)
}

/// Records of a referral in envelopes that stand behind what the peer has received.
fn on_the_way(
    unit: &Unit,
    peer: &NodeId,
    referral_id: ReferralId,
    received: &[(Lane, Position)],
) -> Result<HashSet<RecordRef>, StoreError> {
    let mut names = HashSet::new();
    for (lane, through) in received {
        let state = unit.outbox_lane(peer, *lane)?;
        for position in state.turns.places(*through, state.last) {
            let Some(sent) = unit.sent(peer, *lane, position)?.filter(|sent| sent.header.referral_id == Some(referral_id)) else {
                continue;
            };
            if let Ok((_, Content::Put(put))) = Content::parse(sent.header.kind, &sent.body) {
                names.extend(put.records.iter().map(|record| record.record_ref));
            }
        }
    }
    Ok(names)
}

/// How every referral with a peer stands here, for a peer that was restored, in frames.
///
/// # Errors
/// When the store cannot be read.
pub fn standings(house: &House, read: &impl Read, peer: &NodeId) -> Result<Vec<wire::Returned>, ActError> {
    let mut all = Vec::new();
    for file in read.referrals(None, usize::MAX)? {
        if shares::other_side(house, &file) == peer && file.state != ReferralState::Draft {
            all.extend(standing(read, peer, &file)?);
        }
    }
    let frames = all.chunks(STANDINGS).map(|standings| wire::Returned { standings: standings.to_vec(), ..wire::Returned::default() });
    Ok(frames.chain([wire::Returned { done: true, ..wire::Returned::default() }]).collect())
}

fn standing(read: &impl Read, peer: &NodeId, file: &ReferralFile) -> Result<Vec<wire::Standing>, ActError> {
    let (withdrawal, parts) = told_withdrawals(read, peer, file)?;
    let all: Vec<wire::HeldRevision> = read
        .held_after(file.referral_id, None, usize::MAX)?
        .into_iter()
        .map(|record| wire::HeldRevision { record_ref: record.record_ref, revision: record.revision })
        .collect();
    let held_whole = all.len() <= HELD;
    let one = |held: &[wire::HeldRevision], withdrawal: &Option<wire::Withdrawal>, held_whole: bool| wire::Standing {
        referral_id: file.referral_id.to_wire(),
        state: file.state.to_wire(),
        outcome: file.outcome.map_or(0, ReferralOutcome::to_wire),
        reason: file.reason.map_or(0, DeclineReason::to_wire),
        changes: file.peer_changes,
        held: held.to_vec(),
        withdrawal: withdrawal.clone(),
        speaker_changes: Some(file.own_changes),
        held_whole,
    };
    let mut standings: Vec<wire::Standing> = all.chunks(HELD).map(|held| one(held, &withdrawal, held_whole)).collect();
    if standings.is_empty() {
        standings.push(one(&[], &withdrawal, held_whole));
    }
    standings.extend(parts.into_iter().map(|part| one(&[], &Some(part), false)));
    Ok(standings)
}

/// What the peer told that she took back: the newest, where a referral stands still because of it; otherwise everything that took back a part.
fn told_withdrawals(
    read: &impl Read,
    peer: &NodeId,
    file: &ReferralFile,
) -> Result<(Option<wire::Withdrawal>, Vec<wire::Withdrawal>), ActError> {
    let told = Subject::ToldBy(peer.clone(), referrals::offer_of(file)?.subject_ref);
    let mut withdrawals = policy::ledger(read, &told)?.withdrawals;
    withdrawals.sort_by_key(|withdrawal| withdrawal.sequence);
    let mut withdrawals: Vec<wire::Withdrawal> = withdrawals.iter().map(Withdrawal::to_wire).collect();
    Ok(if file.state == ReferralState::ConsentWithdrawn { (withdrawals.pop(), Vec::new()) } else { (None, withdrawals) })
}

/// What a restored node shares is put again, as far as the peer does not hold it.
fn share_again(house: &House, unit: &mut Unit, peer: &NodeId) -> Result<(), ActError> {
    for file in unit.referrals(None, usize::MAX)? {
        let is_shared = referrals::is_sender(house, &file) && &file.recipient == peer && file.state.is_sharing() && !file.frozen;
        if !is_shared {
            continue;
        }
        let offer = referrals::offer_of(&file)?;
        shares::put_or_say_why(house, unit, &file, &offer)?;
    }
    Ok(())
}

/// Whether a peer was told how things stand since it was last restored.
///
/// # Errors
/// When the store cannot be read.
pub fn is_told(read: &impl Read, peer: &NodeId) -> Result<bool, StoreError> {
    let epochs = read.peer_epochs(peer)?;
    Ok(epochs.len() <= 1 || read.told_epoch(peer)? == epochs.last().copied())
}

/// Notes that a peer was told how things stand in this life of its database.
///
/// # Errors
/// When the store fails.
pub async fn note_told(acts: &Acts, peer: &NodeId) -> Result<(), StoreError> {
    let peer = peer.clone();
    crate::crash::point("restore.before-told");
    acts.store.write(move |unit| unit.put_told_epoch(&peer)).await?;
    crate::crash::point("restore.after-told");
    Ok(())
}

#[cfg(test)]
mod tests {
    use titian_proto::model::id::{CaseId, NodeId, ReferralId};
    use titian_proto::model::vocabulary::Category;
    use titian_proto::wire;

    use super::*;
    use crate::store::records::Holder;
    use crate::testing;

    #[tokio::test]
    async fn a_record_that_seemed_lost_is_counted_again_when_the_peer_turns_out_to_hold_it() {
        // Given a referral of this node with one record, which was taken off the count because it seemed not to have arrived
        let (node, _) = testing::node();
        let (case_id, record_id) = (CaseId([7; 16]), RecordId([8; 16]));
        let counted = node.store.write(move |unit| {
            let sample = testing::referral(ReferralId([1; 16]), unit.now());
            let (sender, recipient) = (NodeId::parse("my.mtuc").unwrap(), sample.sender.clone());
            let file = ReferralFile { sender, recipient, case_id: Some(case_id), ..sample };
            let category = Category::Claim.to_wire();
            let record = wire::Record { record_id: record_id.to_wire(), revision: 3, category, ..wire::Record::default() };
            unit.put_record(Holder::Case(case_id), record_id, &record)?;
            let record_ref = unit.record_ref(file.referral_id, record_id)?;
            unit.put_given(file.referral_id, &Given { record_id, record_ref, revision: 0 })?;
            // When the peer says that it holds it, and says so once more
            for _ in 0..2 {
                note_held(unit, &file, &[(record_ref, 3)])?;
            }
            // Then it is counted once
            Ok::<_, ActError>(unit.progress(file.referral_id)?.records_shared)
        });
        assert_eq!(counted.await.unwrap(), 1);
    }
}
