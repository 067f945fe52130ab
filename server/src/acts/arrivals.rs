//! What a peer sent, once its signatures are checked: decided by the gate, applied, logged and answered in one write.

mod parked;
mod restored;

use std::fmt;

use bytes::Bytes;
use titian_proto::envelope::{Behind, EnvelopeKind, Header, Lane, Outline, ReceiptOutcome};
use titian_proto::gate::{Content, Permit};
use titian_proto::log::commitment::commitment;
use titian_proto::log::leaf::{Event, Leaf, LeafDraft};
use titian_proto::model::id::{Digest, Epoch, NodeId, ReferralId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use self::parked::Parked;
use super::agreements;
use super::breaches;
use super::compromise;
use super::consents;
use super::context::{Acts, House};
use super::erasures;
use super::error::ActError;
use super::hand_over;
use super::outgoing;
use super::policy::{self, Direction};
use super::projection;
use super::question::{self, About};
use super::referrals::receive;
use super::shares::{self, PutFacts};
use crate::store::peers::PeerStanding;
use crate::store::quarantine::QuarantineTable as _;
use crate::store::referrals::ReferralTable as _;
use crate::store::returned::ReturnedTable as _;
use crate::store::{EpochTable as _, InboxTable as _, Position, ReceiptDraft, StoreError, Submitted, Unit, life_of};

/// An envelope whose signature is the peer's. What is wrong with it beyond that is a fault, and answered.
pub struct Arrival {
    /// What its header says in every version.
    pub outline: Outline,
    /// Its header; none where this program is too old for it.
    pub header: Option<Header>,
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
    pub fault: Option<Fault>,
}

/// What is wrong with an envelope.
pub enum Fault {
    /// It breaks the protocol: refused, and its case goes on.
    Refuse(Refusal),
    /// This program cannot apply it, and a newer one may: parked, and its case waits behind it.
    Park(Refusal),
}

/// Why a batch was not taken in. Nothing of it was.
#[derive(thiserror::Error)]
pub enum ArrivalError {
    /// The peer signed things that exclude each other.
    #[error("the peer signed things that exclude each other")]
    Equivocation(Box<wire::Equivocation>),
    /// The act failed.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl fmt::Debug for ArrivalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equivocation(_) => f.write_str("Equivocation"),
            Self::Act(error) => f.debug_tuple("Act").field(error).finish(),
        }
    }
}

impl From<StoreError> for ArrivalError {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

/// What became of a batch: all of it is on stable storage.
#[derive(Debug, Default)]
pub struct TakenIn {
    /// Lanes in which something came that is not the next; it was left out.
    pub gaps: Vec<Lane>,
    /// Lanes in which something came a second time, and the place before it: its receipt is given again.
    pub known_after: Vec<(Lane, Position)>,
    /// How much of that there was, each with its bytes.
    pub known: Vec<(Lane, usize)>,
}

/// Submits a batch of arrivals of one peer: applied in order, in one write, after the batches submitted before.
///
/// # Errors
/// When the store has stopped. What comes of the batch is told by what is returned.
pub async fn submit(acts: &Acts, peer: &NodeId, batch: Vec<Arrival>) -> Result<Submitted<TakenIn, ArrivalError>, StoreError> {
    let (house, peer) = (acts.house.clone(), peer.clone());
    crate::crash::point("arrivals.before-write");
    acts.store.submit(move |unit| all(&house, unit, &peer, &batch)).await
}

fn all(house: &House, unit: &mut Unit, peer: &NodeId, batch: &[Arrival]) -> Result<TakenIn, ArrivalError> {
    // What was on its way when the peer was suspended, or its keys were found in other hands, is not taken in after that.
    if house.standing(unit, peer)? != Some(PeerStanding::Active) && !crate::mutant::is("suspension-is-forgotten") {
        return Err(ActError::Refused(Refusal::new(RefusalCode::PeerSuspended)).into());
    }
    let mut line = Line {
        epochs: unit.peer_epochs(peer)?,
        quarantined: unit.quarantine(peer)?.is_some(),
        parked: parked::of_peer(unit, peer)?,
        restored: unit.has_returned(peer)?,
    };
    let mut taken = TakenIn::default();
    for arrival in batch {
        let (lane, position) = (arrival.outline.lane, line.place(arrival)?);
        match one(house, unit, peer, &mut line, arrival, position)? {
            Taken::Answered => {}
            Taken::Known => {
                taken.known.push((lane, arrival.header_bytes.len() + arrival.body.len() + arrival.leaf_bytes.len()));
                match taken.known_after.iter_mut().find(|(known, _)| *known == lane) {
                    Some((_, after)) => *after = position.before().min(*after),
                    None => taken.known_after.push((lane, position.before())),
                }
            }
            Taken::LeftOut if taken.gaps.contains(&lane) => {}
            Taken::LeftOut => taken.gaps.push(lane),
        }
    }
    Ok(taken)
}

/// What is known of the line to a peer while a batch is decided.
struct Line {
    epochs: Vec<Epoch>,
    quarantined: bool,
    parked: Parked,
    /// This node was restored, and the peer returned receipts for what comes now.
    restored: bool,
}

impl Line {
    fn place(&self, arrival: &Arrival) -> Result<Position, ActError> {
        let life = life_of(&self.epochs, arrival.outline.sender_epoch);
        let life = life.ok_or_else(|| Malformed::new("is not one that the peer's hello named").at("header.sender_epoch"))?;
        Ok(Position::new(life, arrival.outline.link_sequence))
    }

    /// Whether a lane that has come so far has come to what an envelope stands behind. Without this the first of a new life could overtake the rest
    /// of the old one, and nobody would miss that.
    fn reaches(&self, through: Position, behind: Option<Behind>) -> bool {
        let Some(Behind { epoch, link_sequence }) = behind else { return true };
        life_of(&self.epochs, epoch).is_some_and(|life| Position::new(life, link_sequence) <= through)
    }
}

/// What was done with one arrival.
enum Taken {
    /// Decided and answered.
    Answered,
    /// It was answered before.
    Known,
    /// It is not the next of its lane, or its lane is closed: left for later.
    LeftOut,
}

fn one(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    line: &mut Line,
    arrival: &Arrival,
    position: Position,
) -> Result<Taken, ArrivalError> {
    let outline = &arrival.outline;
    if line.quarantined && outline.lane != Lane::Safety {
        return Ok(Taken::LeftOut);
    }
    let cursor = unit.inbox_lane(peer, outline.lane)?;
    if position <= cursor.applied_through {
        let known = unit.evidence(peer, outline.lane, position)?.and_then(|delivery| delivery.envelope);
        return match known {
            Some(known) if known.header != arrival.header_bytes => Err(equivocation(peer, known, arrival)),
            Some(_) if crate::mutant::is("forget-the-dedupe") => {
                let verdict = verdict(house, unit, peer, &line.parked, arrival)?;
                answer(house, unit, peer, arrival, position, verdict)?;
                Ok(Taken::Answered)
            }
            Some(_) | None => Ok(Taken::Known),
        };
    }
    if !cursor.is_next(position) || !line.reaches(cursor.applied_through, outline.behind) {
        return Ok(Taken::LeftOut);
    }
    if outline.previous_hash != cursor.hash_before(position) {
        let last = unit.evidence(peer, outline.lane, cursor.applied_through)?.and_then(|delivery| delivery.envelope);
        return Err(equivocation(peer, last.unwrap_or_default(), arrival));
    }
    if line.restored
        && let Some(receipt) = unit.returned(peer, outline.lane, arrival.hash)?
    {
        return Ok(restored::answer_again(house, unit, peer, arrival, position, receipt)?);
    }
    let verdict = verdict(house, unit, peer, &line.parked, arrival)?;
    line.parked.note(unit, peer, arrival, &verdict)?;
    answer(house, unit, peer, arrival, position, verdict)?;
    Ok(Taken::Answered)
}

fn equivocation(peer: &NodeId, first: wire::Envelope, arrival: &Arrival) -> ArrivalError {
    let second = wire::Envelope { header: arrival.header_bytes.clone(), body: Bytes::new(), seal: Some(arrival.seal.clone()) };
    ArrivalError::Equivocation(Box::new(wire::Equivocation {
        node_id: peer.to_string(),
        first: Some(first),
        second: Some(second),
        ..wire::Equivocation::default()
    }))
}

fn verdict(house: &House, unit: &mut Unit, peer: &NodeId, parked: &Parked, arrival: &Arrival) -> Result<Verdict, ActError> {
    if let Some(code) = arrival.purged {
        return Ok(Verdict::Purged(code));
    }
    if parked.holds_up(arrival) {
        return Ok(Verdict::Parked(Refusal::new(RefusalCode::CaseParked)));
    }
    match (&arrival.fault, &arrival.header) {
        (Some(Fault::Refuse(refusal)), _) => Ok(Verdict::Refused(refusal.clone())),
        (Some(Fault::Park(refusal)), _) => Ok(Verdict::Parked(refusal.clone())),
        (None, None) => Ok(Verdict::Parked(Refusal::new(RefusalCode::NewerVersion))),
        (None, Some(header)) => decide_and_apply(house, unit, &Coming { peer, header, arrival, occasion: Occasion::First }),
    }
}

/// Whether something comes for the first time, or again because this node was restored. Again it is applied without anything that it set off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// For the first time.
    First,
    /// Again.
    Again,
}

/// An arrival whose header this program can read.
struct Coming<'a> {
    peer: &'a NodeId,
    header: &'a Header,
    arrival: &'a Arrival,
    occasion: Occasion,
}

fn decide_and_apply(house: &House, unit: &mut Unit, coming: &Coming<'_>) -> Result<Verdict, ActError> {
    let Coming { peer, header, arrival, occasion: _ } = coming;
    let (salt, content) = match Content::parse(header.kind, &arrival.body) {
        Ok(read) => read,
        // A newer program may read what this one cannot.
        Err(problem) => return Ok(Verdict::Parked(Refusal::from(problem))),
    };
    let now = unit.now();
    let pinned = header.agreement.as_ref();
    let about = About { direction: Direction::In, peer, pinned, content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    let permit = match policy::decide(house, now, gathered.ask(Direction::In, peer, pinned, content)) {
        Ok(permit) => permit,
        Err(refusal) => return Ok(Verdict::Refused(refusal)),
    };
    let encoded = permit.commitment_inputs();
    let commitment = commitment(&salt, header.transfer_id, &encoded);
    if arrival.leaf.as_ref().and_then(|leaf| leaf.commit).is_some_and(|logged| logged != commitment) {
        return Ok(Verdict::Refused(Refusal::new(RefusalCode::Malformed).with_path("leaf.commit")));
    }
    Ok(match take(house, unit, coming, &permit, &encoded)? {
        Ok(()) => Verdict::Applied(commitment),
        Err(refusal) => Verdict::Refused(refusal),
    })
}

/// Applies what the gate permits; `encoded` is what of it was committed to, a put's records one by one. None is stored on arrival without a permit.
fn take(
    house: &House,
    unit: &mut Unit,
    coming: &Coming<'_>,
    permit: &Permit,
    encoded: &[(String, Bytes)],
) -> Result<Result<(), Refusal>, ActError> {
    let Coming { peer, header, arrival, occasion } = coming;
    match permit.content() {
        Content::Offer(offer) => {
            let (Some((case_ref, _)), Some(agreement)) = (header.case, &header.agreement) else {
                return Ok(Err(Refusal::new(RefusalCode::Malformed).with_path("header.case_ref")));
            };
            let taken = receive::offer(house, unit, peer, offer, case_ref, agreement)?;
            if let (Ok(()), Some(grant)) = (&taken, &offer.grant) {
                consents::told(house, unit, peer, offer.subject_ref, grant)?;
            }
            Ok(taken)
        }
        Content::State(change) => receive::state(house, unit, peer, change, *occasion),
        Content::Put(put) => {
            let commitment = arrival.leaf.as_ref().and_then(|leaf| leaf.commit);
            let facts = PutFacts { agreement: header.agreement.as_ref(), commitment, encoded, occasion: *occasion };
            let taken = shares::receive_put(house, unit, peer, put, facts)?;
            if let (Ok(()), Some(grant)) = (&taken, &put.grant) {
                consents::told(house, unit, peer, put.subject_ref, grant)?;
            }
            follow_on(house, unit, put.referral_id, taken)
        }
        Content::Retract(retract) => {
            let taken = shares::receive_retract(unit, peer, retract)?;
            follow_on(house, unit, retract.referral_id, taken)
        }
        Content::Agreement(file) => agreements::take_in(house, unit, Some(peer), file),
        Content::Withdrawal(notice) => consents::withdraw::receive(house, unit, peer, notice),
        Content::Compromise(notice) => compromise::take_in(house, unit, Some(peer), notice),
        Content::ErasureReceipt(receipt) => {
            let (header, body, seal) = (arrival.header_bytes.clone(), arrival.body.clone(), Some(arrival.seal.clone()));
            erasures::receive::receipt(house, unit, peer, receipt, &wire::Envelope { header, body, seal })
        }
        Content::Breach(notice) => breaches::receive(house, unit, peer, notice),
        Content::HandOver(step) => hand_over::receive(house, unit, peer, step, *occasion),
    }
}

/// What was passed on follows what came or went.
fn follow_on(house: &House, unit: &mut Unit, referral_id: ReferralId, taken: Result<(), Refusal>) -> Result<Result<(), Refusal>, ActError> {
    let known = if taken.is_ok() { question::known_referral(house, unit, referral_id)? } else { None };
    if let Some(known) = known {
        projection::of_origin(house, unit, &known.file)?;
    }
    Ok(taken)
}

/// What becomes of an arrival.
pub(super) enum Verdict {
    /// Applied; its commitment as computed here.
    Applied(Digest),
    /// Refused; nothing of it is stored.
    Refused(Refusal),
    /// Its body never left the sender.
    Purged(RefusalCode),
    /// Parked; nothing of it is stored, and its case waits.
    Parked(Refusal),
}

/// Logs the verdict and writes the receipt. The signature comes when the group of acts closes.
fn answer(house: &House, unit: &mut Unit, peer: &NodeId, arrival: &Arrival, position: Position, verdict: Verdict) -> Result<(), ActError> {
    let event = if matches!(verdict, Verdict::Applied(_)) { Event::ReferralReceived } else { Event::ReferralRefused };
    let mut draft = received_leaf(house, peer, arrival, event);
    let (outcome, refusal, commitment) = match verdict {
        Verdict::Applied(commitment) => (ReceiptOutcome::Applied, None, Some(commitment)),
        Verdict::Refused(refusal) => (ReceiptOutcome::Refused, Some(refusal), None),
        Verdict::Parked(refusal) => (ReceiptOutcome::Parked, Some(refusal), None),
        Verdict::Purged(code) => {
            draft.code = Some(code.code().to_owned());
            (ReceiptOutcome::Purged, None, None)
        }
    };
    if let Some(refusal) = &refusal {
        tracing::info!(event = "envelope.not-applied", peer = %peer, outcome = outcome.code(), code = refusal.code.code(), place = %position);
        draft.code = Some(refusal.code.code().to_owned());
    }
    draft.commit = commitment;
    let (index, leaf) = unit.append_leaf(draft)?;
    if commitment.is_some() {
        note_came(unit, arrival, index)?;
    }
    let draft = ReceiptDraft {
        header: arrival.header_bytes.clone(),
        seal: arrival.seal.clone(),
        sender_leaf: arrival.leaf_bytes.clone(),
        outcome,
        refusal,
        commitment,
        leaf,
    };
    unit.answer(peer, arrival.outline.lane, position, draft)?;
    Ok(())
}

/// What came under a referral is found again when it is to be destroyed: by the leaf that commits to it.
fn note_came(unit: &mut Unit, arrival: &Arrival, leaf: u64) -> Result<(), StoreError> {
    let Some(header) = &arrival.header else { return Ok(()) };
    let (Some(referral_id), EnvelopeKind::Offer | EnvelopeKind::SharePut) = (header.referral_id, header.kind) else { return Ok(()) };
    let mut progress = unit.progress(referral_id)?;
    unit.put_came(referral_id, progress.came, leaf);
    progress.came += 1;
    unit.put_progress(referral_id, &progress)
}

/// The leaf that mirrors the sender's: same transfer, same agreement, and the hash of the sender's own leaf.
fn received_leaf(house: &House, peer: &NodeId, arrival: &Arrival, event: Event) -> LeafDraft {
    let mut draft = LeafDraft::new(event);
    draft.peer = Some(outgoing::log_name(house, peer));
    draft.xfer = Some(arrival.outline.transfer_id);
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

/// Statements, withdrawals, erasures, compromises and breaches are logged as such at both ends; everything else is a transfer.
fn mirrored(event: Event, sent: Event) -> Event {
    match (event, sent) {
        (
            Event::ReferralReceived,
            Event::MouStated | Event::ConsentWithdrawn | Event::EraseAcked | Event::KeyCompromised | Event::BreachTold,
        ) => sent,
        _ => event,
    }
}
