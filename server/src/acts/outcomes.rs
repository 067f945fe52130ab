//! What came of a group's case counts as confirmed when all of its network leaders have confirmed it (`domain.md` 5, AT-2 2.10).
//!
//! Who confirmed stays here, under the outcome: a list of leaders abroad would be a list of whom to punish. The record itself says nothing until the last
//! of them has confirmed, so that nobody takes a half-confirmed outcome for more than it is; then it carries the code and the count, in the same write.

use titian_proto::model::id::{CaseId, RecordId, WorkerId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::record::{Confirmation, GroupCount, Outcome, RecordContent};
use titian_proto::wire;

use super::actor::Actor;
use super::context::Acts;
use super::error::ActError;
use super::question::content_of;
use super::records::{self, Put, PutDone};
use crate::store::cases::{CaseFile, CaseTable as _};
use crate::store::leaders::{Confirmed, LeaderTable as _};
use crate::store::records::{Holder, RecordTable as _};
use crate::store::{Read, Unit};

/// How far the confirmation of an outcome is.
pub struct Progress {
    /// The outcome.
    pub record: wire::Record,
    /// Leaders who confirmed it as it is now.
    pub confirmed: usize,
    /// Leaders of the group.
    pub leaders: usize,
    /// What came of putting it, with the last confirmation.
    pub put: PutDone,
}

/// Writes down that a leader confirmed an outcome of the case; twice is once. No record named: the only outcome.
///
/// # Errors
/// When the case or the outcome is not there, the worker is none of its leaders, or the store fails.
pub async fn confirm(
    acts: &Acts,
    actor: &Actor,
    case_id: CaseId,
    leader: WorkerId,
    record_id: Option<RecordId>,
) -> Result<Progress, ActError> {
    let (house, by) = (acts.house.clone(), actor.pseudonym.clone());
    acts.store
        .write_new(move |unit| {
            let leaders = leaders_of(unit, case_id, leader)?;
            let (record, outcome) = outcome_of(unit, case_id, record_id)?;
            if outcome.confirmed_by.contains(&Confirmation::NetworkLeader) {
                return Ok(Progress { record, confirmed: leaders.len(), leaders: leaders.len(), put: PutDone::default() });
            }
            let record_id = RecordId::from_wire(&record.record_id)?;
            unit.put_confirmed(record_id, &Confirmed { leader, revision: record.revision, at: unit.now(), by: by.clone() })?;
            let confirmed = unit.confirmed(record_id)?;
            let confirmed = confirmed.iter().filter(|one| one.revision == record.revision && leaders.contains(&one.leader)).count();
            if confirmed < leaders.len() {
                return Ok(Progress { record, confirmed, leaders: leaders.len(), put: PutDone::default() });
            }
            let content = RecordContent::Outcome(confirmed_outcome(outcome, confirmed));
            let put = Put { case_id, record_id: Some(record_id), revision: record.revision, content, share_under: None };
            let put = records::put_in(&house, unit, &[put])?;
            let record = put.records.first().cloned().unwrap_or(record);
            Ok(Progress { record, confirmed, leaders: leaders.len(), put })
        })
        .await
}

/// That leaders confirmed something is not written by hand: it follows from what each of them said.
///
/// # Errors
/// When the outcome of a group says that its leaders confirmed it, or any outcome counts leaders.
pub(super) fn check_by_hand(unit: &Unit, puts: &[Put]) -> Result<(), ActError> {
    for put in puts {
        let RecordContent::Outcome(outcome) = &put.content else { continue };
        let problem = || Malformed::new("follows from what each leader confirmed: titian case confirm");
        if outcome.leaders_confirmed > 0 {
            return Err(ActError::Malformed(problem().at("outcome.leaders_confirmed")));
        }
        if outcome.confirmed_by.contains(&Confirmation::NetworkLeader) && unit.case(put.case_id)?.is_some_and(|case| is_group(&case)) {
            return Err(ActError::Malformed(problem().at("outcome.confirmed_by")));
        }
    }
    Ok(())
}

/// Whether a case is a group's.
#[must_use]
pub(super) fn is_group(case: &CaseFile) -> bool {
    case.worker_id.is_none() && case.known_through.is_none()
}

fn leaders_of(read: &impl Read, case_id: CaseId, leader: WorkerId) -> Result<Vec<WorkerId>, ActError> {
    read.case(case_id)?.ok_or(ActError::NotFound { what: "case" })?;
    let leaders = read.leaders(case_id)?;
    if leaders.contains(&leader) {
        return Ok(leaders);
    }
    Err(ActError::Malformed(
        Malformed::new("must be one of the network leaders who were named when the group's case was opened").at("leader"),
    ))
}

fn outcome_of(read: &impl Read, case_id: CaseId, record_id: Option<RecordId>) -> Result<(wire::Record, Outcome), ActError> {
    let mut found = Vec::new();
    for record in read.records(Holder::Case(case_id))? {
        let Some(RecordContent::Outcome(outcome)) = content_of(record.content.as_ref()) else { continue };
        if record_id.is_none_or(|wanted| record.record_id == wanted.to_wire()) {
            found.push((record, outcome));
        }
    }
    if found.len() > 1 {
        return Err(ActError::Malformed(Malformed::new("must be given: the case has several outcomes").at("record_id")));
    }
    found.pop().ok_or(ActError::NotFound { what: "outcome" })
}

/// A count below five could name people (`domain.md` 2.2), so of a small group the code alone is said.
fn confirmed_outcome(outcome: Outcome, leaders: usize) -> Outcome {
    let mut confirmed_by = outcome.confirmed_by;
    confirmed_by.push(Confirmation::NetworkLeader);
    let leaders = u32::try_from(leaders).unwrap_or(u32::MAX);
    let leaders_confirmed = if leaders < GroupCount::SMALL_CELL_BELOW { 0 } else { leaders };
    Outcome { confirmed_by, leaders_confirmed, ..outcome }
}
