//! Cases: opened with what is complained of.

use titian_proto::model::id::{CaseId, NodeId, SubjectRef, WorkerId, uuid_v7};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::record::RecordContent;
use titian_proto::model::vocabulary::Tier;
use titian_proto::wire;

use super::actor::Actor;
use super::context::Acts;
use super::error::ActError;
use super::records::new_record;
use crate::store::cases::{CaseFile, CaseTable};
use crate::store::leaders::LeaderTable as _;
use crate::store::records::{Holder, RecordTable};
use crate::store::workers::WorkerTable;
use crate::store::{Read, StoreError, Unit};

/// Opens a case.
///
/// # Errors
/// When the worker or a leader is not there, leaders are named of a case that is not a group's, a record is about the worker, there is no complaint, or
/// the store fails.
pub async fn open(
    acts: &Acts,
    actor: &Actor,
    worker_id: Option<WorkerId>,
    leaders: Vec<WorkerId>,
    contents: Vec<RecordContent>,
) -> Result<wire::Case, ActError> {
    check_leaders(worker_id, &leaders)?;
    if let Some(other) = contents.iter().find(|content| content.record_type().is_about_worker()) {
        return Err(ActError::Malformed(Malformed::new("is about a worker, not about a case").at(other.record_type().name())));
    }
    if !contents.iter().any(|content| matches!(content, RecordContent::Complaint(_))) {
        return Err(ActError::Malformed(Malformed::missing("complaint")));
    }
    let (house, opened_by) = (acts.house.clone(), actor.pseudonym.clone());
    acts.store
        .write_new(move |unit| {
            if let Some(worker_id) = worker_id {
                unit.worker(worker_id)?.ok_or(ActError::NotFound { what: "worker" })?;
            }
            let case_id = new_file(unit, Whose::of(worker_id), &opened_by)?;
            for leader in &leaders {
                unit.worker(*leader)?.ok_or(ActError::NotFound { what: "worker" })?;
                unit.put_leader(case_id, *leader)?;
            }
            for content in &contents {
                new_record(&house, unit, Holder::Case(case_id), content)?;
            }
            describe(unit, case_id)
        })
        .await
}

/// Network leaders of one group: each knows the others and is known to staff by face.
const LEADERS_MAX: usize = 64;

fn check_leaders(worker_id: Option<WorkerId>, leaders: &[WorkerId]) -> Result<(), ActError> {
    let problem = if worker_id.is_some() && !leaders.is_empty() {
        "may be named of a group's case only"
    } else if leaders.len() > LEADERS_MAX {
        "must be at most 64"
    } else if leaders.iter().enumerate().any(|(place, leader)| leaders[..place].contains(leader)) {
        "must name each leader once"
    } else {
        return Ok(());
    };
    Err(ActError::Malformed(Malformed::new(problem).at("leaders")))
}

/// Whose case it is.
pub enum Whose {
    /// A group's.
    Group,
    /// A worker's of this node.
    Worker(WorkerId),
    /// A worker's who is known only through the union that referred her, by that union's name for her.
    KnownThrough(NodeId, SubjectRef),
}

impl Whose {
    fn of(worker_id: Option<WorkerId>) -> Self {
        worker_id.map_or(Self::Group, Self::Worker)
    }
}

/// Gives a new case its file and its number.
///
/// # Errors
/// When the store fails.
pub fn new_file(unit: &mut Unit, whose: Whose, opened_by: &str) -> Result<CaseId, StoreError> {
    let (worker_id, known_through) = match whose {
        Whose::Group => (None, None),
        Whose::Worker(worker_id) => (Some(worker_id), None),
        Whose::KnownThrough(union, subject) => (None, Some((union, subject))),
    };
    let year = unit.now().date().to_string()[..4].to_owned();
    let number = unit.next_case_number(&year)?;
    let case_id = CaseId(uuid_v7(unit.now(), unit.random()));
    let case_number = format!("{year}-{number:04}");
    let opened_at = unit.now();
    unit.put_case(&CaseFile { case_id, worker_id, case_number, opened_by: opened_by.to_owned(), opened_at, known_through })?;
    Ok(case_id)
}

/// A case with its records.
///
/// # Errors
/// When it is not there or the store cannot be read.
pub fn show(acts: &Acts, case_id: CaseId) -> Result<wire::Case, ActError> {
    describe(&acts.store.view(), case_id)
}

/// Cases without their records, in the order of their ids.
///
/// # Errors
/// When the store cannot be read.
pub fn list(acts: &Acts, after: Option<CaseId>, limit: usize) -> Result<Vec<wire::Case>, ActError> {
    let view = acts.store.view();
    let files = view.cases(after, limit)?;
    Ok(files.iter().map(|file| summary(file, Tier::T1, Vec::new(), &[])).collect())
}

/// Records shown with a case; a longer list is read with the records' own call.
const RECORDS_SHOWN: usize = 256;

/// A case with its first records.
///
/// # Errors
/// When it is not there or the store cannot be read.
pub(super) fn describe(read: &impl Read, case_id: CaseId) -> Result<wire::Case, ActError> {
    let file = read.case(case_id)?.ok_or(ActError::NotFound { what: "case" })?;
    let mut records = read.records_after(Holder::Case(case_id), None, RECORDS_SHOWN)?;
    records.sort_by_key(|record| record.category);
    let tier = records.iter().filter_map(|record| Tier::from_wire(record.tier).ok()).max().unwrap_or(Tier::T1);
    Ok(summary(&file, tier, records, &read.leaders(case_id)?))
}

fn summary(file: &CaseFile, tier: Tier, records: Vec<wire::Record>, leaders: &[WorkerId]) -> wire::Case {
    wire::Case {
        case_id: file.case_id.to_wire(),
        worker_id: file.worker_id.map(|id| id.to_wire()).unwrap_or_default(),
        case_number: file.case_number.clone(),
        tier: tier.to_wire(),
        records,
        opened_by: file.opened_by.clone(),
        opened_at_ms: file.opened_at.as_millis(),
        leaders: leaders.iter().map(|leader| leader.to_wire()).collect(),
    }
}
