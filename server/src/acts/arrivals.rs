//! What a peer sent, once its signatures are checked: decided by the gate, applied, logged and answered in one write.

use bytes::Bytes;
use prost::Message;
use titian_proto::envelope::{Header, Lane, ReceiptOutcome};
use titian_proto::gate::{Content, Permit};
use titian_proto::log::leaf::{Event, Leaf, LeafDraft};
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use super::agreements;
use super::consents;
use super::context::{Acts, House};
use super::error::ActError;
use super::outgoing;
use super::policy::{self, Direction};
use super::question::{self, About};
use super::referrals::receive;
use super::shares;
use crate::store::{InboxTable, ReceiptDraft, StoreError, Unit, View};

/// An envelope whose signature is the peer's. What is wrong with it beyond that is a fault, and answered with a refusal.
pub struct Arrival {
    /// Its header.
    pub header: Header,
    /// The exact bytes of its header.
    pub header_bytes: Bytes,
    /// Its seal.
    pub seal: wire::Seal,
    /// Its hash.
    pub hash: Digest,
    /// The exact bytes of its body.
    pub body: Bytes,
    /// The sender's log leaf.
    pub leaf: Option<Leaf>,
    /// The exact bytes of that leaf.
    pub leaf_bytes: Bytes,
    /// Why the body never left, if it did not.
    pub purged: Option<RefusalCode>,
    /// What is wrong with it.
    pub fault: Option<Refusal>,
}

/// Places whose receipts are now on stable storage, in the order in which they came.
pub type Answered = Vec<(Lane, u64)>;

/// Applies a batch of arrivals of one peer, in order, in one write.
///
/// # Errors
/// When an envelope stands at the wrong place, two stand at the same, or the store fails.
pub async fn apply(acts: &Acts, peer: &NodeId, batch: Vec<Arrival>) -> Result<Answered, ActError> {
    let (house, peer) = (acts.house.clone(), peer.clone());
    crate::crash::point("arrivals.before-write");
    let answered = acts
        .store
        .write(move |unit| {
            let mut answered = Vec::with_capacity(batch.len());
            for arrival in &batch {
                one(&house, unit, &peer, arrival)?;
                answered.push((arrival.header.lane, arrival.header.link_sequence));
            }
            Ok::<_, ActError>(answered)
        })
        .await?;
    crate::crash::point("arrivals.after-write");
    Ok(answered)
}

fn one(house: &House, unit: &mut Unit, peer: &NodeId, arrival: &Arrival) -> Result<(), ActError> {
    let Header { lane, link_sequence, previous_hash, .. } = &arrival.header;
    let cursor = unit.inbox_lane(peer, *lane)?;
    if *link_sequence <= cursor.applied_through {
        let known = unit.evidence(peer, *lane, *link_sequence)?.and_then(|delivery| delivery.envelope);
        let same = known.is_some_and(|envelope| envelope.header == arrival.header_bytes);
        return if same { Ok(()) } else { Err(ActError::Equivocation) };
    }
    if *link_sequence != cursor.applied_through + 1 {
        return Err(ActError::Malformed(Malformed::new("is not the next of its lane").at("header.link_sequence")));
    }
    if *previous_hash != cursor.last_hash {
        return Err(ActError::Equivocation);
    }
    let verdict = match (&arrival.fault, arrival.purged) {
        (Some(fault), _) => Verdict::Refused(fault.clone()),
        (None, Some(code)) => Verdict::Purged(code),
        (None, None) => match decide_and_apply(house, unit, peer, arrival)? {
            Ok(commitment) => Verdict::Applied(commitment),
            Err(refusal) => Verdict::Refused(refusal),
        },
    };
    answer(house, unit, peer, arrival, verdict)
}

fn decide_and_apply(house: &House, unit: &mut Unit, peer: &NodeId, arrival: &Arrival) -> Result<Result<Digest, Refusal>, ActError> {
    let (salt, content) = match read_body(arrival) {
        Ok(read) => read,
        Err(problem) => return Ok(Err(Refusal::from(problem))),
    };
    let now = unit.now();
    let pinned = arrival.header.agreement.as_ref();
    let about = About { direction: Direction::In, peer, pinned, content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    let permit = match policy::decide(house, now, gathered.ask(Direction::In, peer, pinned, content)) {
        Ok(permit) => permit,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let permitted = permit.body(salt);
    let commitment = outgoing::commit(&salt, arrival.header.transfer_id, &permitted);
    if arrival.leaf.as_ref().and_then(|leaf| leaf.commit).is_some_and(|logged| logged != commitment) {
        return Ok(Err(Refusal::new(RefusalCode::Malformed).with_path("leaf.commit")));
    }
    Ok(take(house, unit, peer, arrival, &permit)?.map(|()| commitment))
}

fn read_body(arrival: &Arrival) -> Result<([u8; Content::SALT_BYTES], Content), Malformed> {
    Content::parse(arrival.header.kind, &arrival.body)
}

/// Applies what the gate permits. None is stored on arrival without a permit.
fn take(house: &House, unit: &mut Unit, peer: &NodeId, arrival: &Arrival, permit: &Permit) -> Result<Result<(), Refusal>, ActError> {
    match permit.content() {
        Content::Offer(offer) => {
            let (Some((case_ref, _)), Some(agreement)) = (arrival.header.case, &arrival.header.agreement) else {
                return Ok(Err(Refusal::new(RefusalCode::Malformed).with_path("header.case_ref")));
            };
            let taken = receive::offer(house, unit, peer, offer, case_ref, agreement)?;
            if let (Ok(()), Some(grant)) = (&taken, &offer.grant) {
                consents::told(unit, peer, offer.subject_ref, grant)?;
            }
            Ok(taken)
        }
        Content::State(change) => receive::state(house, unit, peer, change),
        Content::Put(put) => {
            let taken = shares::receive_put(unit, peer, put, arrival.header.agreement.as_ref())?;
            if let (Ok(()), Some(grant)) = (&taken, &put.grant) {
                consents::told(unit, peer, put.subject_ref, grant)?;
            }
            if taken.is_ok() {
                shares::note_commitment(unit, put.referral_id, arrival.leaf.as_ref().and_then(|leaf| leaf.commit))?;
            }
            Ok(taken)
        }
        Content::Retract(retract) => Ok(shares::receive_retract(unit, peer, retract)?),
        Content::Agreement(file) => agreements::take_in(house, unit, Some(peer), file),
        Content::Withdrawal(notice) => consents::receive_withdrawal(house, unit, peer, notice),
        Content::ErasureReceipt(_) | Content::Breach(_) => Ok(Ok(())),
    }
}

/// What becomes of an arrival.
enum Verdict {
    /// Applied; its commitment as computed here.
    Applied(Digest),
    /// Refused; nothing of it is stored.
    Refused(Refusal),
    /// Its body never left the sender.
    Purged(RefusalCode),
}

/// Logs the verdict and writes the receipt. The signature comes when the group of acts closes.
fn answer(house: &House, unit: &mut Unit, peer: &NodeId, arrival: &Arrival, verdict: Verdict) -> Result<(), ActError> {
    let header = &arrival.header;
    let event = if matches!(verdict, Verdict::Applied(_)) { Event::ReferralReceived } else { Event::ReferralRefused };
    let mut draft = received_leaf(house, peer, arrival, event);
    let (outcome, refusal, commitment) = match verdict {
        Verdict::Applied(commitment) => (ReceiptOutcome::Applied, None, Some(commitment)),
        Verdict::Refused(refusal) => {
            tracing::info!(event = "envelope.refused", peer = %peer, code = refusal.code.code(), sequence = header.link_sequence);
            draft.code = Some(refusal.code.code().to_owned());
            (ReceiptOutcome::Refused, Some(refusal), None)
        }
        Verdict::Purged(code) => {
            draft.code = Some(code.code().to_owned());
            (ReceiptOutcome::Purged, None, None)
        }
    };
    draft.commit = commitment;
    let (_, leaf) = unit.append_leaf(draft)?;
    let draft = ReceiptDraft {
        header: arrival.header_bytes.clone(),
        seal: arrival.seal.clone(),
        sender_leaf: arrival.leaf_bytes.clone(),
        outcome,
        refusal,
        commitment,
        leaf,
    };
    unit.answer(peer, header.lane, header.link_sequence, draft)?;
    Ok(())
}

/// The leaf that mirrors the sender's: same transfer, same agreement, and the hash of the sender's own leaf.
fn received_leaf(house: &House, peer: &NodeId, arrival: &Arrival, event: Event) -> LeafDraft {
    let mut draft = LeafDraft::new(event);
    draft.peer = Some(outgoing::log_name(house, peer));
    draft.xfer = Some(arrival.header.transfer_id);
    draft.env = Some(arrival.hash);
    if let Some(leaf) = &arrival.leaf {
        draft.peer_leaf = Some(Leaf::hash(&arrival.leaf_bytes));
        draft.mou.clone_from(&leaf.mou);
        draft.mou_doc = leaf.mou_doc;
        draft.purpose = leaf.purpose;
        draft.fields.clone_from(&leaf.fields);
        draft.chan = leaf.chan;
        draft.event = mirrored(event, leaf.event);
    }
    draft
}

/// Statements, withdrawals and erasures are logged as such at both ends; everything else is a transfer.
fn mirrored(event: Event, sent: Event) -> Event {
    match (event, sent) {
        (Event::ReferralReceived, Event::MouStated | Event::ConsentWithdrawn | Event::EraseAcked) => sent,
        _ => event,
    }
}

/// The signed receipts of some places, as they stand on disk.
///
/// # Errors
/// When the store cannot be read.
pub fn receipts(view: &View, peer: &NodeId, answered: &Answered) -> Result<Vec<wire::SignedReceipt>, StoreError> {
    let mut receipts = Vec::with_capacity(answered.len());
    for (lane, sequence) in answered {
        if let Some(bytes) = view.receipt(peer, *lane, *sequence)? {
            receipts.push(
                wire::SignedReceipt::decode(bytes)
                    .map_err(|_| StoreError::unreadable("inbox/", Malformed::new("is not a signed receipt")))?,
            );
        }
    }
    Ok(receipts)
}
