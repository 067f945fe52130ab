//! A group's case, split by country of origin: each union of origin gets the counts and codes of its own people, and nobody's name.

use titian_proto::model::id::{CaseId, WorkerId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::record::{GroupCount, RecordContent};
use titian_proto::model::value::Country;
use titian_proto::wire;

use super::actor::Actor;
use super::cases::{self, Whose};
use super::context::Acts;
use super::error::ActError;
use super::outcomes;
use super::question::content_of;
use super::records::new_record;
use crate::store::cases::CaseTable as _;
use crate::store::leaders::LeaderTable as _;
use crate::store::records::{Holder, RecordTable as _};
use crate::store::{Read, StoreError};

/// One part of a group.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Country of origin.
    pub country: Country,
    /// Workers whom the leaders represent.
    pub represented_count: u32,
}

/// Opens a sub-case for each country, with the codes, employers and sums of the whole. Together they are the whole, or nothing is opened.
///
/// # Errors
/// When the case is not a group's, the parts are not the whole, a country comes twice, or the store fails.
pub async fn split(acts: &Acts, actor: &Actor, case_id: CaseId, parts: Vec<Part>) -> Result<Vec<wire::Case>, ActError> {
    let (house, opened_by) = (acts.house.clone(), actor.pseudonym.clone());
    acts.store
        .write_new(move |unit| {
            let group = Group::of(unit, case_id)?;
            group.check(&parts)?;
            let mut opened = Vec::with_capacity(parts.len());
            for part in &parts {
                let sub_case = cases::new_file(unit, Whose::Group, &opened_by)?;
                let count = GroupCount {
                    country: Some(part.country),
                    represented_count: part.represented_count,
                    registered_count: 0,
                    ..group.count.clone()
                };
                for leader in &group.leaders {
                    unit.put_leader(sub_case, *leader)?;
                }
                for content in group.common.iter().chain([&RecordContent::GroupCount(count)]) {
                    new_record(&house, unit, Holder::Case(sub_case), content)?;
                }
                opened.push(cases::describe(unit, sub_case)?);
            }
            Ok(opened)
        })
        .await
}

/// The whole.
struct Group {
    count: GroupCount,
    /// Who speaks for all of it.
    leaders: Vec<WorkerId>,
    /// What every sub-case has of it.
    common: Vec<RecordContent>,
}

impl Group {
    fn of(read: &impl Read, case_id: CaseId) -> Result<Self, ActError> {
        let file = read.case(case_id)?.ok_or(ActError::NotFound { what: "case" })?;
        let no_group = || ActError::Malformed(Malformed::new("must be a group's case, with the count of the whole").at("case_id"));
        if !outcomes::is_group(&file) {
            return Err(no_group());
        }
        let contents = contents(read, case_id)?;
        let count = contents.iter().find_map(|content| match content {
            RecordContent::GroupCount(count) if count.country.is_none() => Some(count.clone()),
            _ => None,
        });
        let common = |content: &RecordContent| {
            matches!(
                content,
                RecordContent::Complaint(_) | RecordContent::Employer(_) | RecordContent::Claim(_) | RecordContent::Journey(_)
            )
        };
        let common = contents.into_iter().filter(common).collect();
        Ok(Self { count: count.ok_or_else(no_group)?, leaders: read.leaders(case_id)?, common })
    }

    fn check(&self, parts: &[Part]) -> Result<(), ActError> {
        let sum: u64 = parts.iter().map(|part| u64::from(part.represented_count)).sum();
        if sum != u64::from(self.count.represented_count) {
            return Err(ActError::Malformed(Malformed::new("must together be the count of the whole").at("parts")));
        }
        let twice = parts.iter().enumerate().any(|(index, part)| parts[..index].iter().any(|other| other.country == part.country));
        if twice { Err(ActError::Malformed(Malformed::new("must name each country once").at("parts"))) } else { Ok(()) }
    }
}

fn contents(read: &impl Read, case_id: CaseId) -> Result<Vec<RecordContent>, StoreError> {
    let records = read.records(Holder::Case(case_id))?;
    Ok(records.iter().filter_map(|record| content_of(record.content.as_ref())).collect())
}
