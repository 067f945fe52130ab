//! The sender writes a referral and requests it. What the gate refuses stays a draft, blocked by its code: nothing has left.

use std::sync::Arc;

use titian_proto::gate::Content;
use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::consent::Grant;
use titian_proto::model::id::{CaseId, NodeId, ReferralId, SubjectRef, TransferId, uuid_v7};
use titian_proto::model::record::RecordContent;
use titian_proto::model::referral::{Approval, DeliveryStage, Offer, OfferRequest, Priority, ReferralKind, ReferralState, Service};
use titian_proto::model::refusal::Refusal;
use titian_proto::model::value::Text;
use titian_proto::model::vocabulary::{Category, Purpose};
use titian_proto::wire;

use super::{describe, is_sender, load, offer_of, welfare};
use crate::acts::actor::Actor;
use crate::acts::candidates;
use crate::acts::context::{Acts, House};
use crate::acts::erasures;
use crate::acts::error::ActError;
use crate::acts::outgoing::{self, Address};
use crate::acts::policy::{self, Direction, KnownAgreement};
use crate::acts::question::{self, About};
use crate::acts::shares;
use crate::store::cases::CaseTable;
use crate::store::records::RecordTable;
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::{StoreError, Topic, Unit};

/// What a caseworker writes.
#[derive(Clone, Debug)]
pub struct NewReferral {
    /// The case.
    pub case_id: CaseId,
    /// For which union.
    pub recipient: NodeId,
    /// What is asked.
    pub kind: ReferralKind,
    /// What for.
    pub purpose: Purpose,
    /// Which services.
    pub services_requested: Vec<Service>,
    /// How urgent.
    pub priority: Priority,
    /// What should follow after acceptance.
    pub categories: Vec<Category>,
    /// Which agreement; empty: the one with that union.
    pub agreement_id: String,
    /// The referral from another union whose share is passed on.
    pub onward_from: Option<ReferralId>,
}

/// Writes a referral and requests it.
///
/// # Errors
/// When the case is not there or the store fails. A refusal of the gate is no error: it stands in the referral.
pub async fn request(acts: &Acts, actor: &Actor, new: NewReferral) -> Result<wire::Referral, ActError> {
    let (house, author) = (acts.house.clone(), actor.pseudonym.clone());
    crate::crash::point("request.before-write");
    let referral = acts
        .store
        .write_new(move |unit| {
            let file = write_draft(&house, unit, &author, &new)?;
            send_offer(&house, unit, file)
        })
        .await?;
    crate::crash::point("request.after-write");
    Ok(referral)
}

/// Requests a draft or a returned referral again; under an accepted one, sends again what the other side does not hold.
///
/// # Errors
/// When it is not this node's to send, not in such a state, or the store fails.
pub async fn send(acts: &Acts, referral_id: ReferralId) -> Result<wire::Referral, ActError> {
    let house = acts.house.clone();
    acts.store
        .write_new(move |unit| {
            let mut file = own_referral(&house, unit, referral_id)?;
            let offer = offer_of(&file)?;
            if file.state.is_sharing() && !file.frozen {
                shares::put_selected(&house, unit, &file, &offer)?.map_err(ActError::Refused)?;
                return Ok(describe(&file, &unit.progress(referral_id)?));
            }
            let version = match file.state {
                ReferralState::Draft => offer.version,
                ReferralState::Returned => offer.version + 1,
                state => return Err(ActError::WrongState { state: state.code(), wanted: "draft, returned, or open and accepted" }),
            };
            let offer = compose(unit, &file, OfferRequest { version, requested_at: unit.now(), ..terms_of(offer) })?;
            file.offer = shares::offer_bytes(&offer);
            send_offer(&house, unit, file)
        })
        .await
}

/// Changes what is selected. A wider selection is decided as a whole: refused, nothing changes; a narrower one retracts.
///
/// # Errors
/// The refusal, a wrong state, or that the store fails.
pub async fn amend(acts: &Acts, actor: &Actor, referral_id: ReferralId, categories: Vec<Category>) -> Result<wire::Referral, ActError> {
    let (house, staff) = (acts.house.clone(), actor.pseudonym.clone());
    acts.store
        .write(move |unit| {
            let mut file = own_referral(&house, unit, referral_id)?;
            let mut offer = offer_of(&file)?;
            if categories.iter().any(|category| !offer.categories.contains(category)) {
                // What the second person approved did not have this in it, and nobody approves what he or she added.
                offer.approval = None;
                if !file.widened_by.contains(&staff) {
                    file.widened_by.push(staff.clone());
                }
            }
            offer.categories.clone_from(&categories);
            file.offer = shares::offer_bytes(&offer);
            if file.state == ReferralState::Draft {
                unit.put_referral(&file)?;
                return Ok(describe(&file, &unit.progress(referral_id)?));
            }
            if !file.state.is_sharing() {
                return Err(ActError::WrongState { state: file.state.code(), wanted: "draft, accepted, in progress or on hold" });
            }
            unit.put_referral(&file)?;
            shares::put_selected(&house, unit, &file, &offer)?.map_err(ActError::Refused)?;
            retract_unselected(&house, unit, &file, &offer)?.map_err(ActError::Refused)?;
            Ok(describe(&file, &unit.progress(referral_id)?))
        })
        .await
}

/// A second person approves a referral. Never its author, nor anybody who widened it. It counts for [`Approval::VALID_DAYS`], and the log says so.
///
/// # Errors
/// When the actor wrote it, it is not this node's, or the store fails.
pub async fn approve(acts: &Acts, actor: &Actor, referral_id: ReferralId) -> Result<wire::Referral, ActError> {
    let (house, approver) = (acts.house.clone(), actor.pseudonym.clone());
    acts.store
        .write(move |unit| {
            let mut file = own_referral(&house, unit, referral_id)?;
            if file.author == approver || file.widened_by.contains(&approver) {
                return Err(ActError::OwnApproval);
            }
            let mut offer = offer_of(&file)?;
            if offer.kind == ReferralKind::WelfareCheck {
                welfare::write_basis(&house, unit, &file, &offer, &approver)?;
            }
            offer.approval = Some(Approval { author: pseudonym(&file.author)?, approver: pseudonym(&approver)?, approved_at: unit.now() });
            file.offer = shares::offer_bytes(&offer);
            file.changed_at = unit.now();
            unit.put_referral(&file)?;
            log_approval(&house, unit, &file, offer.purpose)?;
            Ok(describe(&file, &unit.progress(referral_id)?))
        })
        .await
}

/// Every release by two persons is in the log: for which union, under which agreement, and not of what.
fn log_approval(house: &House, unit: &mut Unit, file: &ReferralFile, purpose: Purpose) -> Result<(), StoreError> {
    let mut draft = LeafDraft::new(Event::ReferralApproved);
    draft.peer = Some(outgoing::log_name(house, &file.recipient));
    draft.xfer = Some(TransferId(unit.random()));
    draft.purpose = Some(purpose);
    if file.agreement_version > 0 {
        draft.mou = Some(format!("{}#{}", file.agreement_id, file.agreement_version));
    }
    unit.append_leaf(draft)?;
    Ok(())
}

fn own_referral(house: &House, unit: &Unit, referral_id: ReferralId) -> Result<ReferralFile, ActError> {
    let file = load(unit, referral_id)?;
    if is_sender(house, &file) { Ok(file) } else { Err(ActError::NotYours) }
}

fn write_draft(house: &Arc<House>, unit: &mut Unit, author: &str, new: &NewReferral) -> Result<ReferralFile, ActError> {
    let case = unit.case(new.case_id)?.ok_or(ActError::NotFound { what: "case" })?;
    let agreement = match new.agreement_id.as_str() {
        "" => policy::agreement_with(house, unit, unit.now(), &new.recipient)?,
        id => policy::agreement(house, unit, unit.now(), id, 0)?,
    };
    if let Some(origin) = new.onward_from {
        mark_passed_on(house, unit, origin, new.case_id)?;
    }
    let referral_id = ReferralId(uuid_v7(unit.now(), unit.random()));
    let mut file = ReferralFile {
        referral_id,
        sender: house.node_id().clone(),
        recipient: new.recipient.clone(),
        case_id: Some(case.case_id),
        worker_id: case.worker_id,
        case_ref: unit.case_ref_for(case.case_id, &new.recipient)?,
        offer: bytes::Bytes::new(),
        state: ReferralState::Draft,
        custody: None,
        erasure: None,
        agreement_id: agreement.as_ref().map(|known| known.agreement.id.to_string()).unwrap_or_default(),
        agreement_version: agreement.as_ref().map_or(0, |known| known.agreement.version),
        reason: None,
        outcome: None,
        frozen: false,
        author: author.to_owned(),
        own_changes: 0,
        peer_changes: 0,
        changed_at: unit.now(),
        owed_withdrawal: bytes::Bytes::new(),
        legal_hold: None,
        retention_until: None,
        known_through: case.known_through.clone(),
        onward_from: new.onward_from,
        passed_on: false,
        widened_by: Vec::new(),
    };
    let terms = OfferRequest {
        referral_id,
        version: 1,
        kind: new.kind,
        purpose: new.purpose,
        services_requested: new.services_requested.clone(),
        priority: new.priority,
        requested_at: unit.now(),
        categories: new.categories.clone(),
        subject_ref: subject_ref(unit, &file)?,
        grant: None,
        approval: None,
    };
    let offer = compose(unit, &file, terms)?;
    file.offer = shares::offer_bytes(&offer);
    Ok(file)
}

/// Notes at a referral from another union that its share is passed on: what becomes of it becomes of that too.
fn mark_passed_on(house: &House, unit: &mut Unit, origin: ReferralId, case_id: CaseId) -> Result<(), ActError> {
    let mut file = load(unit, origin)?;
    let held = !is_sender(house, &file) && file.case_id == Some(case_id) && !file.frozen;
    if !held {
        return Err(ActError::NotFound { what: "share of another union in this case" });
    }
    file.passed_on = true;
    Ok(unit.put_referral(&file)?)
}

/// Makes the offer from what the case says now.
fn compose(unit: &Unit, file: &ReferralFile, mut terms: OfferRequest) -> Result<Offer, ActError> {
    let contents: Vec<RecordContent> = candidates::records_of(unit, file)?.into_iter().map(|candidate| candidate.content).collect();
    let subject = question::own_subject(&file.recipient, terms.subject_ref, Some(file));
    let ledger = policy::ledger(unit, &subject)?;
    terms.grant = shares::grant_for(&ledger, &file.recipient, terms.purpose).map(Grant::for_peer);
    Ok(Offer::build(terms, &contents)?)
}

/// A group is known by its case; a worker by a name of her own at each peer.
fn subject_ref(unit: &mut Unit, file: &ReferralFile) -> Result<SubjectRef, StoreError> {
    match file.worker_id {
        Some(worker_id) => unit.subject_ref_for(worker_id, &file.recipient),
        None => Ok(SubjectRef(file.case_ref.0)),
    }
}

fn pseudonym(text: &str) -> Result<Text, ActError> {
    Ok(Text::parse(text, Text::CODE_BYTES)?)
}

fn terms_of(offer: Offer) -> OfferRequest {
    OfferRequest {
        referral_id: offer.referral_id,
        version: offer.version,
        kind: offer.kind,
        purpose: offer.purpose,
        services_requested: offer.services_requested,
        priority: offer.priority,
        requested_at: offer.respond_by,
        categories: offer.categories,
        subject_ref: offer.subject_ref,
        grant: offer.grant,
        approval: offer.approval,
    }
}

/// Asks the gate; a permit queues the offer, a refusal blocks the draft. Either way one write and one log entry.
fn send_offer(house: &House, unit: &mut Unit, mut file: ReferralFile) -> Result<wire::Referral, ActError> {
    let offer = offer_of(&file)?;
    let now = unit.now();
    if file.agreement_version == 0
        && let Some(known) = policy::agreement_with(house, unit, now, &file.recipient)?
    {
        file.agreement_id = known.agreement.id.to_string();
        file.agreement_version = known.agreement.version;
    }
    let agreement = policy::agreement_now(house, unit, now, &file.agreement_id, file.agreement_version)?;
    file.agreement_version = agreement.as_ref().map_or(file.agreement_version, |known| known.agreement.version);
    let pinned = agreement.as_ref().map(KnownAgreement::reference);
    unit.put_referral(&file)?;
    let subject = question::own_subject(&file.recipient, offer.subject_ref, Some(&file));
    let known = policy::known_ledger(house, unit, subject)?;
    let grant = shares::grant_for(&known.ledger, &file.recipient, offer.purpose).cloned();
    let consent_leaf = grant.as_ref().and_then(|grant| known.leaf_of(grant));
    let content = Content::Offer(offer.clone());
    let peer = file.recipient.clone();
    let about = About { direction: Direction::Out, peer: &peer, pinned: pinned.as_ref(), content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    let mut progress = unit.progress(file.referral_id)?;
    match policy::decide(house, now, gathered.ask(Direction::Out, &peer, pinned.as_ref(), content)) {
        Ok(permit) => {
            let address = Address {
                retry_of: None,
                peer: &peer,
                case_ref: Some(file.case_ref),
                referral_id: Some(file.referral_id),
                agreement: gathered.agreement(),
                purpose: Some(offer.purpose),
                consent: grant.as_ref().map(Grant::reference),
                consent_leaf,
            };
            outgoing::queue(house, unit, permit, &address)?;
            file.state = ReferralState::Requested;
            erasures::welfare::begin(unit, &mut file, &offer)?;
            progress.delivery = Some(DeliveryStage::Queued);
            progress.blocked_by = None;
            unit.put_due(offer.respond_by, file.referral_id)?;
        }
        Err(refusal) => {
            log_refusal(unit, house, &peer, agreement.as_ref(), &refusal)?;
            progress.blocked_by = Some(refusal);
        }
    }
    file.changed_at = now;
    unit.put_referral(&file)?;
    unit.put_progress(file.referral_id, &progress)?;
    unit.publish(Topic::Referral(file.referral_id));
    Ok(describe(&file, &progress))
}

/// Every refusal is in the log: which peer, which agreement, which code, and nothing else.
fn log_refusal(
    unit: &mut Unit,
    house: &House,
    peer: &NodeId,
    agreement: Option<&KnownAgreement>,
    refusal: &Refusal,
) -> Result<(), StoreError> {
    let mut draft = LeafDraft::new(Event::ReferralRefused);
    draft.peer = Some(outgoing::log_name(house, peer));
    draft.xfer = Some(TransferId(unit.random()));
    draft.code = Some(refusal.code.code().to_owned());
    if let Some(known) = agreement {
        draft.mou = Some(outgoing::mou(known));
        draft.mou_doc = Some(known.digest);
    }
    unit.append_leaf(draft)?;
    Ok(())
}

fn retract_unselected(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer) -> Result<Result<(), Refusal>, ActError> {
    let mut unselected = Vec::new();
    for given in unit.all_given(file.referral_id)? {
        let mut category = None;
        for holder in question::holders(file) {
            if let Some(record) = unit.record(holder, given.record_id)? {
                category = question::content_of(record.content.as_ref()).map(|content| content.category());
            }
        }
        if category.is_none_or(|category| !offer.categories.contains(&category)) {
            unselected.push(given);
        }
    }
    shares::retract(house, unit, file, &unselected)
}
