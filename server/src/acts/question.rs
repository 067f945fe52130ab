//! The question that an envelope puts to the gate, gathered from the store the same way at dispatch and on arrival.

use std::sync::Arc;

use titian_proto::gate::{Content, PassedOn, SubjectFacts};
use titian_proto::model::agreement::Onward;
use titian_proto::model::consent::{Grant, Ledger, Standing};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, ReferralId, SubjectRef};
use titian_proto::model::record::{AgeBand, CaseKind, Demographic, RecordContent};
use titian_proto::model::reference::AgreementRef;
use titian_proto::model::referral::{Approval, Offer};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;

use super::context::House;
use super::policy::{self, Ask, Direction, KnownAgreement, KnownLedger};
use super::prohibited::prohibited;
use crate::store::consents::Subject;
use crate::store::records::Holder;
use crate::store::referrals::{ReferralFile, ReferralTable};
use crate::store::{Read, StoreError};

/// A referral and its offer, parsed.
pub struct KnownReferral {
    /// What is kept about it.
    pub file: ReferralFile,
    /// Its offer; none when the stored bytes no longer parse.
    pub offer: Option<Offer>,
}

/// A referral and its offer, parsed again only when its stored bytes changed.
///
/// # Errors
/// When the store cannot be read.
pub fn known_referral(house: &House, read: &impl Read, referral_id: ReferralId) -> Result<Option<Arc<KnownReferral>>, StoreError> {
    let Some(stored) = read.referral_bytes(referral_id)? else { return Ok(None) };
    let known = house.referrals.at(referral_id, Some(stored.clone()), || {
        let file = ReferralFile::of(&stored)?;
        let offer = read_offer(&file);
        Ok::<_, StoreError>(KnownReferral { file, offer })
    })?;
    Ok(Some(known))
}

/// What was gathered.
pub struct Gathered {
    agreement: Option<KnownAgreement>,
    successor: Option<KnownAgreement>,
    ledger: KnownHere,
    approval: Option<Approval>,
    prohibited_recipients: Vec<String>,
    subject: SubjectFacts,
}

impl Gathered {
    /// The question, ready to be asked.
    #[must_use]
    pub fn ask<'a>(&'a self, direction: Direction, peer: &'a NodeId, pinned: Option<&'a AgreementRef>, content: Content) -> Ask<'a> {
        Ask {
            direction,
            peer,
            agreement: self.agreement.as_ref(),
            successor: self.successor.as_ref(),
            pinned,
            ledger: self.ledger.ledger(),
            approval: self.approval.as_ref(),
            prohibited_recipients: &self.prohibited_recipients,
            subject: self.subject,
            content,
        }
    }

    /// The agreement.
    #[must_use]
    pub fn agreement(&self) -> Option<&KnownAgreement> {
        self.agreement.as_ref()
    }
}

/// What a question is about.
pub struct About<'a> {
    /// Which way.
    pub direction: Direction,
    /// The other side.
    pub peer: &'a NodeId,
    /// The agreement that the envelope names; none: none is needed.
    pub pinned: Option<&'a AgreementRef>,
    /// What is to go.
    pub content: &'a Content,
}

/// Gathers the question for an envelope.
///
/// # Errors
/// When the store cannot be read.
pub fn gather(house: &House, read: &impl Read, now: Instant, about: &About<'_>) -> Result<Gathered, StoreError> {
    let agreement = match about.pinned {
        Some(pinned) => policy::agreement(house, read, now, pinned.id.as_str(), pinned.version)?,
        None => None,
    };
    let successor = match &agreement {
        Some(known) => policy::successor(house, read, now, known)?,
        None => None,
    };
    match about.content {
        Content::Offer(offer) => {
            let known = known_referral(house, read, offer.referral_id)?;
            let file = known.as_deref().map(|known| &known.file);
            let ledger = ledger(house, read, about, offer.subject_ref, offer.grant.as_ref(), file)?;
            let prohibited_recipients = prohibited(house, read, about.direction, file, &[])?;
            let approval = offer.approval.clone();
            let passed_on = passed_on(house, read, now, about, file)?;
            let subject = SubjectFacts { passed_on, ..offer_facts(offer, false) };
            Ok(Gathered { agreement, successor, ledger, approval, prohibited_recipients, subject })
        }
        Content::Put(put) => {
            let known = known_referral(house, read, put.referral_id)?;
            let file = known.as_deref().map(|known| &known.file);
            let offer = known.as_deref().and_then(|known| known.offer.as_ref());
            let held = safety_held(read, about.direction, put.referral_id)?;
            let passed_on = passed_on(house, read, now, about, file)?;
            let subject = SubjectFacts { passed_on, ..offer.map_or_else(SubjectFacts::default, |offer| offer_facts(offer, held)) };
            let ledger = ledger(house, read, about, put.subject_ref, put.grant.as_ref(), file)?;
            let contents: Vec<&RecordContent> = put.records.iter().map(|record| &record.content).collect();
            let prohibited_recipients = prohibited(house, read, about.direction, file, &contents)?;
            let sender = if about.direction == Direction::Out { house.node_id() } else { about.peer };
            let approval = put.approval.clone().filter(|_| approval_covers(sender, file, offer, &contents));
            Ok(Gathered { agreement, successor, ledger, approval, prohibited_recipients, subject })
        }
        Content::HandOver(hand_over) => {
            let known = known_referral(house, read, hand_over.referral_id)?;
            let file = known.as_deref().map(|known| &known.file);
            let offer = known.as_deref().and_then(|known| known.offer.as_ref());
            let held = safety_held(read, about.direction, hand_over.referral_id)?;
            let passed_on = passed_on(house, read, now, about, file)?;
            let subject = SubjectFacts { passed_on, ..offer.map_or_else(SubjectFacts::default, |offer| offer_facts(offer, held)) };
            let ledger = ledger(house, read, about, hand_over.subject_ref, hand_over.grant.as_ref(), file)?;
            let prohibited_recipients = prohibited(house, read, about.direction, file, &[])?;
            let approval = offer.and_then(|offer| offer.approval.clone());
            Ok(Gathered { agreement, successor, ledger, approval, prohibited_recipients, subject })
        }
        Content::State(_)
        | Content::Retract(_)
        | Content::Agreement(_)
        | Content::Withdrawal(_)
        | Content::ErasureReceipt(_)
        | Content::Breach(_)
        | Content::Compromise(_) => Ok(Gathered {
            agreement,
            successor,
            ledger: KnownHere::With(Ledger::default()),
            approval: None,
            prohibited_recipients: Vec::new(),
            subject: SubjectFacts::default(),
        }),
    }
}

/// Whether this node passes on what another union gave it, and may: the annex under which it came says so, and so did she when she allowed that.
fn passed_on(
    house: &House,
    read: &impl Read,
    now: Instant,
    about: &About<'_>,
    file: Option<&ReferralFile>,
) -> Result<PassedOn, StoreError> {
    let Some(origin) = file.filter(|_| about.direction == Direction::Out).and_then(|file| file.onward_from) else {
        return Ok(PassedOn::Own);
    };
    let Some(origin) = known_referral(house, read, origin)? else { return Ok(PassedOn::Prohibited) };
    let KnownReferral { file, offer: Some(offer) } = origin.as_ref() else { return Ok(PassedOn::Prohibited) };
    let agreement = policy::agreement_now(house, read, now, &file.agreement_id, file.agreement_version)?;
    let annex = agreement
        .as_ref()
        .and_then(|known| known.agreement.annexes_from_to(&file.sender, house.node_id()).find(|annex| annex.is_valid_at(now)));
    let told = policy::known_ledger(house, read, Subject::ToldBy(file.sender.clone(), offer.subject_ref))?;
    let named = match told.ledger.standing(house.node_id(), offer.purpose, Category::CaseCore, now) {
        Standing::Granted(grant) => grant.onward_to.contains(about.peer),
        _ => false,
    };
    let allowed = annex.is_some_and(|annex| annex.onward == Onward::WithNewConsent) && !file.frozen && named;
    Ok(if allowed { PassedOn::Allowed } else { PassedOn::Prohibited })
}

/// Facts about the worker or group, as an offer tells them.
#[must_use]
pub fn offer_facts(offer: &Offer, safety_already_held: bool) -> SubjectFacts {
    let (minor, group) = (offer.demographic.as_ref().is_some_and(is_minor), offer.case_kind == CaseKind::Group);
    SubjectFacts { minor, group, safety_already_held, passed_on: PassedOn::Own }
}

/// What the second person approved is what the referral selects, going the way she approved: nothing put beside it, and nothing coming back.
fn approval_covers(sender: &NodeId, file: Option<&ReferralFile>, offer: Option<&Offer>, contents: &[&RecordContent]) -> bool {
    let (Some(file), Some(offer)) = (file, offer) else { return false };
    &file.sender == sender && contents.iter().all(|content| offer.categories.contains(&content.category()))
}

fn is_minor(demographic: &Demographic) -> bool {
    demographic.age_band == AgeBand::Under18
}

/// The offer of a referral.
#[must_use]
pub fn read_offer(file: &ReferralFile) -> Option<Offer> {
    let offer = <wire::Offer as prost::Message>::decode(file.offer.clone()).ok()?;
    Offer::from_wire(&offer).ok()
}

/// The ledger that counts here.
enum KnownHere {
    /// As it is known.
    Shelved(Arc<KnownLedger>),
    /// With what a message brought along.
    With(Ledger),
}

impl KnownHere {
    fn ledger(&self) -> &Ledger {
        match self {
            Self::Shelved(known) => &known.ledger,
            Self::With(ledger) => ledger,
        }
    }
}

/// The ledger that counts here: on the way out the one that this node wrote, on the way in the one that the peer told, with the grant that
/// comes along.
fn ledger(
    house: &House,
    read: &impl Read,
    about: &About<'_>,
    subject: SubjectRef,
    told: Option<&Grant>,
    file: Option<&ReferralFile>,
) -> Result<KnownHere, StoreError> {
    match about.direction {
        Direction::Out => Ok(KnownHere::Shelved(policy::known_ledger(house, read, own_subject(about.peer, subject, file))?)),
        Direction::In => {
            let known = policy::known_ledger(house, read, Subject::ToldBy(about.peer.clone(), subject))?;
            Ok(match told {
                Some(grant) if !known.ledger.holds(grant) => KnownHere::With(known.ledger.with(grant)),
                Some(_) | None => KnownHere::Shelved(known),
            })
        }
    }
}

/// Whose ledger this node writes for the worker of a referral.
#[must_use]
pub fn own_subject(peer: &NodeId, subject: SubjectRef, file: Option<&ReferralFile>) -> Subject {
    match file.map(|file| (file.worker_id, &file.known_through)) {
        Some((Some(worker_id), _)) => Subject::Worker(worker_id),
        Some((None, Some((union, subject)))) => Subject::KnownThrough(union.clone(), *subject),
        Some((None, None)) | None => Subject::KnownThrough(peer.clone(), subject),
    }
}

/// Whether the receiving side already has the safe-contact rules.
fn safety_held(read: &impl Read, direction: Direction, referral_id: ReferralId) -> Result<bool, StoreError> {
    let progress = read.progress(referral_id)?;
    Ok(match direction {
        Direction::Out => progress.safety_shared,
        Direction::In => progress.safety_held,
    })
}

/// Where the records of a referral's case are kept.
#[must_use]
pub fn holders(file: &ReferralFile) -> Vec<Holder> {
    let worker = file.worker_id.map(Holder::Worker);
    let case = file.case_id.map(Holder::Case);
    worker.into_iter().chain(case).collect()
}

/// The typed content of a stored record.
#[must_use]
pub fn content_of(content: Option<&wire::RecordContent>) -> Option<RecordContent> {
    RecordContent::from_wire(content?).ok()
}
