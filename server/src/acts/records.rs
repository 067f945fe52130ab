//! Records: put, changed, taken away; shares that select their category follow in the same write.

use prost::Message as _;
use titian_proto::model::date::Date;
use titian_proto::model::id::{CaseId, RecordId, ReferralId, uuid_v7};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::record::RecordContent;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Category;
use titian_proto::wire;

use super::candidates::Candidate;
use super::context::{Acts, House};
use super::documents;
use super::error::ActError;
use super::hand_over;
use super::outcomes;
use super::projection;
use super::question::{self, KnownReferral};
use super::referrals::{load, offer_unreadable};
use super::shares;
use crate::store::cases::{CaseFile, CaseTable};
use crate::store::records::{Holder, RecordTable};
use crate::store::referrals::ReferralTable;
use crate::store::{Read, StoreError, Unit};

/// A record as staff put it.
#[derive(Clone)]
pub struct Put {
    /// The case.
    pub case_id: CaseId,
    /// The record to change; none: a new one.
    pub record_id: Option<RecordId>,
    /// The revision that is changed; 0 for a new one.
    pub revision: u64,
    /// What it says.
    pub content: RecordContent,
    /// Stored only if it may go out under this referral, as one update.
    pub share_under: Option<ReferralId>,
}

/// What came of putting records.
#[derive(Default)]
pub struct PutDone {
    /// The records as stored.
    pub records: Vec<wire::Record>,
    /// Referrals under which they were queued.
    pub queued_under: Vec<ReferralId>,
    /// Referrals under which they may not go, and why.
    pub blocked: Vec<(ReferralId, Refusal)>,
}

/// Puts records of one case in one write; those that go to a peer go in one envelope.
///
/// # Errors
/// When the case or a record is not there, a revision is stale, `share_under` is refused, or the store fails.
pub async fn put(acts: &Acts, puts: Vec<Put>) -> Result<PutDone, ActError> {
    let house = acts.house.clone();
    crate::crash::point("put.before-write");
    let done = acts.store.write_new(move |unit| {
        outcomes::check_by_hand(unit, &puts)?;
        put_in(&house, unit, &puts)
    });
    let done = done.await;
    crate::crash::point("put.after-write");
    done
}

/// As [`put`], and nothing is stored when any of the records may not go out under a referral that selects it: whoever puts them one by one then
/// learns which, and the others still go.
///
/// # Errors
/// As [`put`], and the first refusal.
pub async fn put_together(acts: &Acts, puts: Vec<Put>) -> Result<PutDone, ActError> {
    let house = acts.house.clone();
    crate::crash::point("put.before-write");
    let done = acts.store.write_new(move |unit| {
        outcomes::check_by_hand(unit, &puts)?;
        let done = put_in(&house, unit, &puts)?;
        match done.blocked.first() {
            Some((_, refusal)) => Err(ActError::Refused(refusal.clone())),
            None => Ok(done),
        }
    });
    let done = done.await;
    crate::crash::point("put.after-write");
    done
}

/// Takes a record away; shares that hold it retract it.
///
/// # Errors
/// When it is not there or the store fails.
pub async fn remove(acts: &Acts, case_id: CaseId, record_id: RecordId) -> Result<(), ActError> {
    let house = acts.house.clone();
    acts.store
        .write(move |unit| {
            let case = unit.case(case_id)?.ok_or(ActError::NotFound { what: "case" })?;
            hand_over::check_writable(&house, unit, case_id)?;
            let (holder, record) = find(unit, &case, record_id)?.ok_or(ActError::NotFound { what: "record" })?;
            let has_rules = record.category == Category::Safety.to_wire();
            for referral_id in referrals(unit, &case)? {
                if let Some(given) = unit.given(referral_id, record_id)? {
                    let file = load(unit, referral_id)?;
                    shares::retract(&house, unit, &file, &[given])?.map_err(ActError::Refused)?;
                    if has_rules {
                        projection::forget_rules(unit, referral_id)?;
                    }
                }
            }
            unit.remove_record(holder, record_id)?;
            documents::follow::record_changed(unit, record_id, None)?;
            if let Some(worker_id) = case.worker_id.filter(|_| has_rules) {
                // Her contacts do not stay where the rules of safe contact are gone.
                projection::of_referrals(&house, unit, &unit.referrals_of_worker(worker_id)?, None)?;
            }
            Ok(())
        })
        .await
}

/// A page of a case's records.
///
/// # Errors
/// When the case is not there or the store cannot be read.
pub fn list(acts: &Acts, case_id: CaseId, after: Option<RecordId>, limit: usize) -> Result<Vec<wire::Record>, ActError> {
    let view = acts.store.view();
    view.case(case_id)?.ok_or(ActError::NotFound { what: "case" })?;
    Ok(view.records_after(Holder::Case(case_id), after, limit)?)
}

/// Writes a new record.
///
/// # Errors
/// When the store fails.
pub fn new_record(house: &House, unit: &mut Unit, holder: Holder, content: &RecordContent) -> Result<wire::Record, StoreError> {
    let place = Place::new(unit, holder);
    write(house, unit, place, content, content.to_wire())
}

/// As [`put`], in a write.
pub(super) fn put_in(house: &House, unit: &mut Unit, puts: &[Put]) -> Result<PutDone, ActError> {
    let mut done = PutDone::default();
    let Some(first) = puts.first() else { return Ok(done) };
    let case = unit.case(first.case_id)?.ok_or(ActError::NotFound { what: "case" })?;
    hand_over::check_writable(house, unit, first.case_id)?;
    let mut changed = Vec::with_capacity(puts.len());
    for put in puts {
        let record = store_one(house, unit, &case, put)?;
        let record_id = RecordId::from_wire(&record.record_id)?;
        changed.push(Candidate { record_id, revision: record.revision, content: put.content.clone(), owner: house.node_id().clone() });
        done.records.push(record);
    }
    let referrals = referrals(unit, &case)?;
    if first.share_under.is_some_and(|wanted| !referrals.contains(&wanted)) {
        return Err(ActError::NotFound { what: "referral of this case" });
    }
    for referral_id in referrals {
        let known = question::known_referral(house, unit, referral_id)?.ok_or(ActError::NotFound { what: "referral" })?;
        let file = &known.file;
        if file.frozen || !file.state.is_sharing() {
            if first.share_under == Some(referral_id) && file.frozen {
                return Err(ActError::Refused(Refusal::new(RefusalCode::ConsentWithdrawn)));
            }
            if first.share_under == Some(referral_id) {
                return Err(ActError::WrongState { state: file.state.code(), wanted: "accepted, in progress or on hold" });
            }
            continue;
        }
        for candidate in changed.iter().filter(|candidate| candidate.revision == FIRST_REVISION) {
            unit.note_never_given(referral_id, candidate.record_id);
        }
        follow(house, unit, &known, first.share_under, &changed, &mut done)?;
    }
    if let Some(worker_id) = case.worker_id.filter(|_| changed.iter().any(|candidate| candidate.content.category() == Category::Safety)) {
        // She may have prohibited a union that holds something.
        projection::of_referrals(house, unit, &unit.referrals_of_worker(worker_id)?, None)?;
    }
    Ok(done)
}

/// One share follows the change: the records it selects, and those that staff put under it by name.
fn follow(
    house: &House,
    unit: &mut Unit,
    known: &KnownReferral,
    share_under: Option<ReferralId>,
    changed: &[Candidate],
    done: &mut PutDone,
) -> Result<(), ActError> {
    let KnownReferral { file, offer } = known;
    let offer = offer.as_ref().ok_or_else(offer_unreadable)?;
    let by_name = share_under == Some(file.referral_id);
    let sends = super::referrals::is_sender(house, file);
    let selected: Vec<Candidate> = changed
        .iter()
        .filter(|candidate| by_name || (sends && offer.categories.contains(&candidate.content.category()) && candidate.content.may_leave()))
        .cloned()
        .collect();
    if selected.is_empty() {
        return Ok(());
    }
    match shares::put(house, unit, file, offer, &selected, false)? {
        Ok(()) => done.queued_under.push(file.referral_id),
        Err(refusal) if by_name => return Err(ActError::Refused(refusal)),
        Err(refusal) => {
            unit.block_referral(file.referral_id, refusal.clone())?;
            done.blocked.push((file.referral_id, refusal));
        }
    }
    Ok(())
}

/// Nobody was born after today: such a day stands in another calendar, and would make her a stranger to whoever compares papers.
///
/// # Errors
/// When the day of birth lies after today.
pub(super) fn check_birth(content: &RecordContent, today: Date) -> Result<(), ActError> {
    let RecordContent::Identity(identity) = content else { return Ok(()) };
    if identity.date_of_birth.is_none_or(|born| born <= today) {
        return Ok(());
    }
    let problem = Malformed::new(
        "is after today: write it in the Gregorian calendar; Buddhist years are 543 ahead of it, those of Bikram Sambat 56 or 57",
    );
    Err(ActError::Malformed(problem.at("identity.date_of_birth")))
}

fn store_one(house: &House, unit: &mut Unit, case: &CaseFile, put: &Put) -> Result<wire::Record, ActError> {
    let wired = put.content.to_wire();
    if wired.encoded_len() > shares::PUT_BYTES {
        return Err(ActError::Malformed(
            Malformed::new("is larger than 48 KiB, which is the most that travels in one piece").at("content"),
        ));
    }
    check_birth(&put.content, unit.now().date())?;
    let Some(record_id) = put.record_id else {
        let place = Place::new(unit, holder_for(case, &put.content));
        return Ok(write(house, unit, place, &put.content, wired)?);
    };
    let (holder, known) = find(unit, case, record_id)?.ok_or(ActError::NotFound { what: "record" })?;
    if known.owner != house.node_id().as_str() {
        return Err(ActError::NotYours);
    }
    if known.revision != put.revision {
        return Err(ActError::StaleRevision);
    }
    if known.category == Category::Documents.to_wire() {
        documents::follow::record_changed(unit, record_id, Some(&put.content))?;
    }
    let revision = unit.revision_after(known.revision)?;
    Ok(write(house, unit, Place { holder, record_id, revision }, &put.content, wired)?)
}

/// That of a new record, and of none that was there before.
const FIRST_REVISION: u64 = 1;

/// Where a record is written, and as which revision.
struct Place {
    holder: Holder,
    record_id: RecordId,
    revision: u64,
}

impl Place {
    /// Of a new record.
    fn new(unit: &Unit, holder: Holder) -> Self {
        Self { holder, record_id: RecordId(uuid_v7(unit.now(), unit.random())), revision: FIRST_REVISION }
    }
}

fn write(
    house: &House,
    unit: &mut Unit,
    place: Place,
    content: &RecordContent,
    wired: wire::RecordContent,
) -> Result<wire::Record, StoreError> {
    let Place { holder, record_id, revision } = place;
    let (worker_id, case_id) = match holder {
        Holder::Worker(worker_id) => (worker_id.to_wire(), bytes::Bytes::new()),
        Holder::Case(case_id) => (bytes::Bytes::new(), case_id.to_wire()),
    };
    let record = wire::Record {
        record_id: record_id.to_wire(),
        worker_id,
        case_id,
        owner: house.node_id().to_string(),
        revision,
        content: Some(wired),
        category: content.category().to_wire(),
        tier: content.tier().to_wire(),
        changed_at_ms: unit.now().as_millis(),
    };
    if revision == FIRST_REVISION {
        unit.put_new_record(holder, record_id, &record)?;
    } else if !crate::mutant::is("change-is-not-written") {
        unit.put_record(holder, record_id, &record)?;
    }
    Ok(record)
}

fn holder_for(case: &CaseFile, content: &RecordContent) -> Holder {
    match case.worker_id {
        Some(worker_id) if content.record_type().is_about_worker() => Holder::Worker(worker_id),
        _ => Holder::Case(case.case_id),
    }
}

/// A record of a case or of its worker, and what it is kept under.
pub(super) fn find(read: &impl Read, case: &CaseFile, record_id: RecordId) -> Result<Option<(Holder, wire::Record)>, StoreError> {
    let holders = case.worker_id.map(Holder::Worker).into_iter().chain([Holder::Case(case.case_id)]);
    for holder in holders {
        if let Some(record) = read.record(holder, record_id)? {
            return Ok(Some((holder, record)));
        }
    }
    Ok(None)
}

/// Referrals that may share a record of this case: the case's own, and the worker's others.
fn referrals(read: &impl Read, case: &CaseFile) -> Result<Vec<ReferralId>, StoreError> {
    read.referrals_of_case(case.case_id)
}
