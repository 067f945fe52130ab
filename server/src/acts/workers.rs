//! Workers: added with what is known of them.

use titian_proto::model::id::{WorkerId, uuid_v7};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::record::RecordContent;
use titian_proto::wire;

use super::context::Acts;
use super::error::ActError;
use super::records::{self, new_record};
use crate::store::Read;
use crate::store::records::{Holder, RecordTable};
use crate::store::workers::{WorkerFile, WorkerTable};

/// Adds a worker with her records.
///
/// # Errors
/// When a record is not about a worker, or the store fails.
pub async fn add(acts: &Acts, contents: Vec<RecordContent>) -> Result<wire::Worker, ActError> {
    if let Some(other) = contents.iter().find(|content| !content.record_type().is_about_worker()) {
        return Err(ActError::Malformed(Malformed::new("is about a case, not about a worker").at(other.record_type().name())));
    }
    let house = acts.house.clone();
    acts.store
        .write_new(move |unit| {
            let today = unit.now().date();
            contents.iter().try_for_each(|content| records::check_birth(content, today))?;
            let worker_id = WorkerId(uuid_v7(unit.now(), unit.random()));
            unit.put_worker(&WorkerFile { worker_id, added_at: unit.now(), reporting: None })?;
            for content in &contents {
                new_record(&house, unit, Holder::Worker(worker_id), content)?;
            }
            describe(unit, worker_id)
        })
        .await
}

/// A worker with her records.
///
/// # Errors
/// When she is not there or the store cannot be read.
pub fn show(acts: &Acts, worker_id: WorkerId) -> Result<wire::Worker, ActError> {
    describe(&acts.store.view(), worker_id)
}

/// Workers with their records, in the order of their ids.
///
/// # Errors
/// When the store cannot be read.
pub fn list(acts: &Acts, after: Option<WorkerId>, limit: usize) -> Result<Vec<wire::Worker>, ActError> {
    let view = acts.store.view();
    view.workers(after, limit)?.iter().map(|file| describe(&view, file.worker_id)).collect()
}

/// Writes down whether she may be counted in reports outside the node.
///
/// # Errors
/// When she is not there or the store fails.
pub async fn set_reporting(acts: &Acts, worker_id: WorkerId, may: bool) -> Result<(), ActError> {
    acts.store
        .write(move |unit| {
            let file = unit.worker(worker_id)?.ok_or(ActError::NotFound { what: "worker" })?;
            Ok(unit.put_worker(&WorkerFile { reporting: Some(may), ..file })?)
        })
        .await
}

/// What she said, for the wire.
#[must_use]
pub fn reporting_to_wire(said: Option<bool>) -> wire::ReportingConsent {
    match said {
        None => wire::ReportingConsent::Unspecified,
        Some(true) => wire::ReportingConsent::Given,
        Some(false) => wire::ReportingConsent::Refused,
    }
}

fn describe(read: &impl Read, worker_id: WorkerId) -> Result<wire::Worker, ActError> {
    let file = read.worker(worker_id)?.ok_or(ActError::NotFound { what: "worker" })?;
    let mut records = read.records(Holder::Worker(worker_id))?;
    records.sort_by_key(|record| record.category);
    let reporting = reporting_to_wire(file.reporting).into();
    Ok(wire::Worker { worker_id: worker_id.to_wire(), records, added_at_ms: file.added_at.as_millis(), reporting })
}
