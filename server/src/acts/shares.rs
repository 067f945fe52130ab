//! What a peer holds under a referral, kept in step by put and retract.

use bytes::Bytes;
use prost::Message;
use titian_proto::envelope::Lane;
use titian_proto::gate::Content;
use titian_proto::model::consent::{ConsentBasis, Grant, Ledger};
use titian_proto::model::id::{Digest, NodeId, RecordRef, ReferralId};
use titian_proto::model::record::{RecordContent, SharedRecord};
use titian_proto::model::reference::{AgreementRef, ConsentRef};
use titian_proto::model::referral::{DeliveryStage, Offer, ReferralKind, SharePut, ShareRetract};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Purpose;
use titian_proto::wire;

use super::arrivals::Occasion;
use super::candidates::{self, Candidate};
use super::context::{Acts, House};
use super::documents::follow;
use super::erasures::destroy;
use super::error::ActError;
use super::hand_over;
use super::outgoing::{self, Address};
use super::policy::{self, Direction};
use super::question::{self, About, Gathered};
use super::referrals::load;
use crate::store::referrals::{Given, Progress, ReferralFile, ReferralTable};
use crate::store::{OutboxTable as _, Read, StoreError, Unit};

/// Records in one put: an envelope stays under the 64 KiB of a stored value, and one bad record costs little.
pub const PUT_RECORDS: usize = 64;

/// Bytes of records in one put, for the same reason.
pub const PUT_BYTES: usize = 48 * 1024;

/// The other side of a referral.
#[must_use]
pub fn other_side<'a>(house: &House, file: &'a ReferralFile) -> &'a NodeId {
    if &file.sender == house.node_id() { &file.recipient } else { &file.sender }
}

/// Puts everything that the referral selects: the first share after an acceptance, or after a wider selection. All or nothing.
///
/// # Errors
/// When the store fails.
pub fn put_selected(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer) -> Result<Result<(), Refusal>, ActError> {
    let mut candidates = Vec::new();
    for candidate in candidates::own_or_passed_on(house, unit, file)? {
        let selected = offer.categories.contains(&candidate.content.category());
        let fresh = unit.given(file.referral_id, candidate.record_id)?.is_none_or(|given| given.revision < candidate.revision);
        if selected && fresh && candidate.content.may_leave() {
            candidates.push(candidate);
        }
    }
    put_all(house, unit, file, offer, candidates)
}

/// Puts many records, as few messages.
///
/// # Errors
/// When the store fails.
pub fn put_all(
    house: &House,
    unit: &mut Unit,
    file: &ReferralFile,
    offer: &Offer,
    candidates: Vec<Candidate>,
) -> Result<Result<(), Refusal>, ActError> {
    let mut whole = true;
    for group in groups(candidates) {
        if let Err(refusal) = put(house, unit, file, offer, &group, whole)? {
            return Ok(Err(refusal));
        }
        whole = false;
    }
    Ok(Ok(()))
}

/// As [`put_selected`]. What the gate does not permit stays here, and the referral says why.
///
/// # Errors
/// When the store fails.
pub fn put_or_say_why(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer) -> Result<(), ActError> {
    match put_selected(house, unit, file, offer)? {
        Ok(()) => Ok(()),
        Err(refusal) => Ok(unit.block_referral(file.referral_id, refusal)?),
    }
}

/// Puts some records as one message. The gate decides about all of them at once.
///
/// # Errors
/// When the store fails.
pub fn put(
    house: &House,
    unit: &mut Unit,
    file: &ReferralFile,
    offer: &Offer,
    candidates: &[Candidate],
    whole: bool,
) -> Result<Result<(), Refusal>, ActError> {
    if offer.kind == ReferralKind::Transfer && hand_over::is_handed_over(house, unit, file)? {
        return Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path("put.owner_term")));
    }
    let asked = asked(house, unit, file, offer, candidates, whole)?;
    let Asked { peer, pinned, gathered, content, given, consent, consent_leaf } = asked;
    let now = unit.now();
    let permit = match policy::decide(house, now, gathered.ask(Direction::Out, &peer, pinned.as_ref(), content)) {
        Ok(permit) => permit,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let address = Address {
        peer: &peer,
        case_ref: Some(file.case_ref),
        referral_id: Some(file.referral_id),
        agreement: gathered.agreement(),
        purpose: Some(offer.purpose),
        consent,
        consent_leaf,
        retry_of: None,
    };
    let sent = outgoing::queue(house, unit, permit, &address)?;
    note_given(unit, file, &given, candidates, sent.commitment)?;
    Ok(Ok(()))
}

/// Whether the gate permits some records now, as one message. Nothing is sent.
///
/// # Errors
/// When the store fails.
pub fn permits(
    house: &House,
    unit: &mut Unit,
    file: &ReferralFile,
    offer: &Offer,
    candidates: &[Candidate],
) -> Result<Result<(), Refusal>, StoreError> {
    let Asked { peer, pinned, gathered, content, .. } = asked(house, unit, file, offer, candidates, false)?;
    Ok(policy::decide(house, unit.now(), gathered.ask(Direction::Out, &peer, pinned.as_ref(), content)).map(drop))
}

/// What the gate is asked about some records.
struct Asked {
    peer: NodeId,
    pinned: Option<AgreementRef>,
    gathered: Gathered,
    content: Content,
    given: Vec<Given>,
    consent: Option<ConsentRef>,
    consent_leaf: Option<u64>,
}

fn asked(
    house: &House,
    unit: &mut Unit,
    file: &ReferralFile,
    offer: &Offer,
    candidates: &[Candidate],
    whole: bool,
) -> Result<Asked, StoreError> {
    let peer = other_side(house, file).clone();
    let subject = question::own_subject(&peer, offer.subject_ref, Some(file));
    let known = policy::known_ledger(house, unit, subject)?;
    let grant = grant_for(&known.ledger, &peer, offer.purpose);
    let (consent, consent_leaf) = (grant.map(Grant::reference), grant.and_then(|grant| known.leaf_of(grant)));
    let (records, given) = prepare(unit, file, candidates)?;
    let content = Content::Put(SharePut {
        referral_id: file.referral_id,
        version: offer.version,
        purpose: offer.purpose,
        subject_ref: offer.subject_ref,
        records,
        grant: grant.map(Grant::for_peer),
        approval: offer.approval.clone(),
        whole,
    });
    let now = unit.now();
    let agreement = policy::agreement_now(house, unit, now, &file.agreement_id, file.agreement_version)?;
    let pinned = agreement.as_ref().map(policy::KnownAgreement::reference);
    let about = About { direction: Direction::Out, peer: &peer, pinned: pinned.as_ref(), content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    Ok(Asked { peer, pinned, gathered, content, given, consent, consent_leaf })
}

/// Takes records out of a share.
///
/// # Errors
/// When the store fails.
pub fn retract(house: &House, unit: &mut Unit, file: &ReferralFile, records: &[Given]) -> Result<Result<(), Refusal>, ActError> {
    // A retract that names none would mean all of them.
    if records.is_empty() {
        return Ok(Ok(()));
    }
    let peer = other_side(house, file).clone();
    // One message names no more than the peer can read.
    for part in records.chunks(SharePut::RECORDS_MAX) {
        let record_refs = part.iter().map(|given| given.record_ref).collect();
        let content = Content::Retract(ShareRetract { referral_id: file.referral_id, record_refs });
        if let Err(refusal) = send_about(house, unit, file, &peer, content)? {
            return Ok(Err(refusal));
        }
    }
    forget_given(unit, file.referral_id, records)?;
    let progress = unit.progress(file.referral_id)?;
    let narrowed_at = unit.outbox_lane(&peer, Lane::Shares)?.last;
    unit.put_progress(file.referral_id, &Progress { delivery: Some(DeliveryStage::Queued), narrowed_at, ..progress })?;
    Ok(Ok(()))
}

/// The other side is not to hold these any more, or does not: nothing of them is given further.
///
/// # Errors
/// When the store fails.
pub fn forget_given(unit: &mut Unit, referral_id: ReferralId, records: &[Given]) -> Result<(), StoreError> {
    let mut progress = unit.progress(referral_id)?;
    for given in records {
        unit.remove_given(referral_id, given.record_id)?;
        follow::record_retracted(unit, referral_id, given.record_ref)?;
        // One with revision 0 had not arrived, and was taken off the count when that was known.
        progress.records_shared = progress.records_shared.saturating_sub(u64::from(given.revision > 0));
    }
    unit.put_progress(referral_id, &progress)
}

/// Sends something about a referral that carries no record: a state, a retract, a withdrawal.
///
/// # Errors
/// When the store fails.
pub fn send_about(
    house: &House,
    unit: &mut Unit,
    file: &ReferralFile,
    peer: &NodeId,
    content: Content,
) -> Result<Result<(), Refusal>, ActError> {
    let now = unit.now();
    let agreement = policy::agreement_now(house, unit, now, &file.agreement_id, file.agreement_version)?;
    let pinned = agreement.as_ref().map(policy::KnownAgreement::reference);
    let about = About { direction: Direction::Out, peer, pinned: pinned.as_ref(), content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    let permit = match policy::decide(house, now, gathered.ask(Direction::Out, peer, pinned.as_ref(), content)) {
        Ok(permit) => permit,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let address = Address {
        peer,
        case_ref: Some(file.case_ref),
        referral_id: Some(file.referral_id),
        agreement: gathered.agreement(),
        purpose: question::read_offer(file).map(|offer| offer.purpose),
        consent: None,
        consent_leaf: None,
        retry_of: None,
    };
    outgoing::queue(house, unit, permit, &address)?;
    Ok(Ok(()))
}

/// Whether the gate permits something about a referral now. Nothing is sent.
///
/// # Errors
/// When the store fails.
pub fn permits_about(house: &House, unit: &mut Unit, file: &ReferralFile, content: Content) -> Result<Result<(), Refusal>, StoreError> {
    let (now, peer) = (unit.now(), other_side(house, file));
    let agreement = policy::agreement_now(house, unit, now, &file.agreement_id, file.agreement_version)?;
    let pinned = agreement.as_ref().map(policy::KnownAgreement::reference);
    let about = About { direction: Direction::Out, peer, pinned: pinned.as_ref(), content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    Ok(policy::decide(house, now, gathered.ask(Direction::Out, peer, pinned.as_ref(), content)).map(drop))
}

/// The grant that a message to this peer rests on: the newest that names it, so that the gate can say what is wrong with it; else the newest
/// of all. What a welfare check rests on counts for nothing else, and no consent for a welfare check.
#[must_use]
pub fn grant_for<'a>(ledger: &'a Ledger, peer: &NodeId, purpose: Purpose) -> Option<&'a Grant> {
    let rank = |grant: &&Grant| (&grant.recipient == peer, grant.purposes.contains(&purpose), grant.sequence);
    let basis = if purpose == Purpose::WelfareCheck { ConsentBasis::WelfareCheck } else { ConsentBasis::Consent };
    ledger.grants.iter().filter(|grant| grant.basis == basis).max_by_key(rank)
}

/// What came with a put.
#[derive(Clone, Copy)]
pub struct PutFacts<'a> {
    /// The agreement that its envelope names.
    pub agreement: Option<&'a AgreementRef>,
    /// Its commitment as the sender logged it: the same at both ends.
    pub commitment: Option<Digest>,
    /// Its records as they are encoded, in their order.
    pub encoded: &'a [(String, Bytes)],
    /// Whether it comes for the first time.
    pub occasion: Occasion,
}

/// A put arrived and the gate permits it.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn receive_put(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    put: &SharePut,
    facts: PutFacts<'_>,
) -> Result<Result<(), Refusal>, StoreError> {
    let PutFacts { agreement, commitment, encoded, occasion } = facts;
    let Some(known) = question::known_referral(house, unit, put.referral_id)? else { return Ok(Err(policy::unknown_referral())) };
    let file = &known.file;
    if &file.sender != peer && &file.recipient != peer {
        return Ok(Err(policy::unknown_referral()));
    }
    let other = |path: &str| Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path(path)));
    match &known.offer {
        Some(offer) if offer.subject_ref != put.subject_ref => return other("put.subject_ref"),
        Some(offer) if offer.purpose != put.purpose => return other("put.purpose"),
        Some(_) if agreement.is_none_or(|named| named.id.as_str() != file.agreement_id) => return other("header.agreement"),
        Some(_) => {}
        None => return other("put.referral_id"),
    }
    if file.frozen {
        return Ok(Err(Refusal::new(RefusalCode::ConsentWithdrawn)));
    }
    // Who handed the case over has nothing more to say of it; a restored owner may not know that it did.
    let is_transfer = known.offer.as_ref().is_some_and(|offer| offer.kind == ReferralKind::Transfer);
    if is_transfer && occasion == Occasion::First && hand_over::is_taken_over(house, unit, file)? {
        return other("put.owner_term");
    }
    // What comes again after a restore was taken in when the referral stood otherwise.
    if !file.state.is_sharing() && occasion == Occasion::First {
        return Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path("referral.state")));
    }
    let mut progress = unit.progress(put.referral_id)?;
    for record in &put.records {
        match unit.held(put.referral_id, record.record_ref)? {
            Some(held) if held.revision >= record.revision => {
                return Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path(record.content.record_type().name())));
            }
            Some(_) => {}
            None => progress.records_held += 1,
        }
    }
    progress.safety_held |= put.records.iter().any(|record| matches!(record.content, RecordContent::Safety(_)));
    progress.commitment = commitment;
    for (record, (_, encoded)) in put.records.iter().zip(encoded) {
        unit.put_held(put.referral_id, record.record_ref, encoded)?;
        follow::record_arrived(unit, peer, put.referral_id, record)?;
        unit.publish(crate::store::Topic::Record { referral: put.referral_id, record_ref: record.record_ref });
    }
    unit.put_progress(put.referral_id, &progress)?;
    Ok(Ok(()))
}

/// A retract arrived and the gate permits it. What is not held is already gone.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn receive_retract(unit: &mut Unit, peer: &NodeId, retract: &ShareRetract) -> Result<Result<(), Refusal>, StoreError> {
    let Some(file) = unit.referral(retract.referral_id)? else { return Ok(Ok(())) };
    if &file.sender != peer && &file.recipient != peer {
        return Ok(Err(policy::unknown_referral()));
    }
    let mut progress = unit.progress(retract.referral_id)?;
    for record_ref in retracted(unit, retract)? {
        if unit.held(retract.referral_id, record_ref)?.is_some() && !crate::mutant::is("retract-is-ignored") {
            unit.remove_held(retract.referral_id, record_ref)?;
            follow::record_gone(unit, peer, retract.referral_id, record_ref)?;
            progress.records_held = progress.records_held.saturating_sub(1);
        }
    }
    unit.put_progress(retract.referral_id, &progress)?;
    unit.publish(crate::store::Topic::Referral(retract.referral_id));
    Ok(Ok(()))
}

/// Which records a retract takes out: those it names, or all where it names none.
fn retracted(unit: &Unit, retract: &ShareRetract) -> Result<Vec<RecordRef>, StoreError> {
    if !retract.record_refs.is_empty() {
        return Ok(retract.record_refs.clone());
    }
    let held = unit.held_after(retract.referral_id, None, usize::MAX)?;
    let unreadable = |problem| StoreError::unreadable("held/", problem);
    held.iter().map(|record| RecordRef::from_wire(&record.record_ref).map_err(unreadable)).collect()
}

fn prepare(unit: &mut Unit, file: &ReferralFile, candidates: &[Candidate]) -> Result<(Vec<SharedRecord>, Vec<Given>), StoreError> {
    let (mut records, mut given) = (Vec::with_capacity(candidates.len()), Vec::with_capacity(candidates.len()));
    for candidate in candidates {
        let record_ref = match unit.given(file.referral_id, candidate.record_id)? {
            Some(known) => known.record_ref,
            None => unit.record_ref(file.referral_id, candidate.record_id)?,
        };
        let (record_id, revision) = (candidate.record_id, candidate.revision);
        records.push(SharedRecord { record_ref, owner: candidate.owner.clone(), revision, content: candidate.content.clone() });
        given.push(Given { record_id, record_ref, revision });
    }
    Ok((records, given))
}

fn note_given(
    unit: &mut Unit,
    file: &ReferralFile,
    given: &[Given],
    candidates: &[Candidate],
    commitment: Digest,
) -> Result<(), StoreError> {
    let mut progress: Progress = unit.progress(file.referral_id)?;
    progress.safety_shared |= candidates.iter().any(|candidate| matches!(candidate.content, RecordContent::Safety(_)));
    for (one, candidate) in given.iter().zip(candidates) {
        follow::record_given(unit, file.referral_id, one, &candidate.content)?;
        if unit.given(file.referral_id, one.record_id)?.is_none_or(|known| known.revision == 0) {
            progress.records_shared += 1;
        }
        unit.put_given(file.referral_id, one)?;
    }
    progress.delivery = Some(DeliveryStage::Queued);
    progress.blocked_by = None;
    progress.commitment = Some(commitment);
    unit.put_progress(file.referral_id, &progress)
}

/// A page of the records held from the other side. What is frozen is held and not shown, but for what this node adopted with its own consent.
///
/// # Errors
/// When there is no such referral, its share is frozen, or the store cannot be read.
pub fn held(acts: &Acts, referral_id: ReferralId, after: Option<RecordRef>, limit: usize) -> Result<Vec<wire::SharedRecord>, ActError> {
    let view = acts.store.view();
    check_shown(&view, referral_id)?;
    Ok(view.held_after(referral_id, after, limit)?)
}

/// Whether staff may see what is held under a referral.
///
/// # Errors
/// When there is no such referral, its share is frozen, or the store cannot be read.
pub fn check_shown(read: &impl Read, referral_id: ReferralId) -> Result<(), ActError> {
    let file = load(read, referral_id)?;
    if file.frozen && !destroy::is_own_rest(read, &file)? {
        return Err(ActError::WrongState { state: "frozen after a withdrawal", wanted: "a share that the worker still consents to" });
    }
    Ok(())
}

/// How many records are held from the other side, and how many the other side holds from here.
///
/// # Errors
/// When there is no such referral or the store cannot be read.
pub fn count(acts: &Acts, referral_id: ReferralId) -> Result<(u64, u64), ActError> {
    let view = acts.store.view();
    load(&view, referral_id)?;
    let progress = view.progress(referral_id)?;
    Ok((progress.records_held, progress.records_shared))
}

/// Splits candidates into messages of a bounded size, in their order.
fn groups(candidates: Vec<Candidate>) -> Vec<Vec<Candidate>> {
    let mut groups: Vec<Vec<Candidate>> = Vec::new();
    let mut bytes = 0;
    for candidate in candidates {
        let size = candidate.content.to_wire().encoded_len();
        let full = groups.last().is_none_or(|group| group.len() >= PUT_RECORDS || bytes + size > PUT_BYTES);
        if full {
            groups.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(group) = groups.last_mut() {
            group.push(candidate);
        }
    }
    groups
}

/// The bytes of an offer.
#[must_use]
pub fn offer_bytes(offer: &Offer) -> Bytes {
    offer.to_wire().encode_to_vec().into()
}
