//! Counts one case: what it is about, what came of it, and whom it involves.

use std::collections::BTreeSet;

use titian_proto::model::date::{Date, Instant};
use titian_proto::model::id::{RecordId, WorkerId};
use titian_proto::model::record::{
    ActionResult, CaseStage, Complaint, ComplaintCode, Confirmation, GroupCount, Outcome, OutcomeType, RecordContent, Service,
    ServiceAction, Sex,
};
use titian_proto::model::vocabulary::Tier;

use super::count::{PAGE, Period, client};
use super::tally::{BySex, Involved, Tally, place};
use crate::acts::outcomes::is_group;
use crate::acts::question::content_of;
use crate::store::cases::CaseFile;
use crate::store::leaders::LeaderTable as _;
use crate::store::records::{Holder, RecordTable as _};
use crate::store::{Read, StoreError};

/// The row of every complaint of T4: never which.
pub(super) const T4: &str = "T4";

/// Counts a case, if it may be.
pub(super) fn count(read: &impl Read, period: Period, file: &CaseFile, tally: &mut Tally) -> Result<(), StoreError> {
    let Some(whose) = Whose::of(read, file)? else { return Ok(()) };
    let facts = Facts::of(read, file)?;
    if facts.group.as_ref().is_some_and(|group| group.country.is_some()) {
        return Ok(());
    }
    if period.has_moment(file.opened_at) {
        whose.join(&mut tally.opened, &facts);
        facts.count_complaints(whose.place(), tally);
    }
    if facts.is_settled(period) {
        whose.join(&mut tally.settled, &facts);
    }
    let confirmed: Vec<&Outcome> = facts.outcomes.iter().filter(|(_, day)| period.has(*day)).map(|(outcome, _)| outcome).collect();
    let confirmed: Vec<&Outcome> = confirmed.into_iter().filter(|outcome| whose.is_confirmed(outcome)).collect();
    if confirmed.iter().any(|outcome| outcome.outcome_type != OutcomeType::NoRemedy) {
        whose.join(&mut tally.resolved, &facts);
    }
    for outcome in confirmed {
        recover(outcome, whose.paid(outcome, &facts), tally);
    }
    if let Whose::Client(worker_id, _) = whose
        && facts.actions.iter().any(|action| is_counselling(action) && period.has(action.date))
    {
        tally.counselled.insert(worker_id, whose.place());
    }
    Ok(())
}

/// Whom a case involves, of those who may be counted.
enum Whose {
    /// One client.
    Client(WorkerId, Sex),
    /// A group, with those of its leaders who may be counted.
    Group(BTreeSet<WorkerId>),
}

impl Whose {
    fn of(read: &impl Read, file: &CaseFile) -> Result<Option<Self>, StoreError> {
        if let Some(worker_id) = file.worker_id {
            return Ok(client(read, worker_id)?.map(|sex| Self::Client(worker_id, sex)));
        }
        if !is_group(file) {
            return Ok(None); // Known through another union, which counts her.
        }
        let mut leaders = BTreeSet::new();
        for leader in read.leaders(file.case_id)? {
            if client(read, leader)?.is_some() {
                leaders.insert(leader);
            }
        }
        Ok(Some(Self::Group(leaders)))
    }

    fn place(&self) -> usize {
        match self {
            Self::Client(_, sex) => place(Some(*sex)),
            Self::Group(_) => place(None),
        }
    }

    fn join(&self, involved: &mut Involved, facts: &Facts) {
        involved.cases += 1;
        match self {
            Self::Client(worker_id, _) => {
                involved.own.insert(*worker_id);
            }
            Self::Group(leaders) => {
                involved.leaders.extend(leaders);
                involved.represented += facts.represented();
            }
        }
    }

    /// What came of a group's case is confirmed by all of its leaders, that of a client by anybody who should know.
    fn is_confirmed(&self, outcome: &Outcome) -> bool {
        match self {
            Self::Client(..) => outcome.is_confirmed(),
            Self::Group(_) => outcome.confirmed_by.contains(&Confirmation::NetworkLeader),
        }
    }

    fn paid(&self, outcome: &Outcome, facts: &Facts) -> u64 {
        match self {
            _ if outcome.workers_paid > 0 => u64::from(outcome.workers_paid),
            Self::Client(..) => 1,
            Self::Group(_) => facts.represented(),
        }
    }
}

/// What a report reads of a case.
#[derive(Default)]
struct Facts {
    group: Option<GroupCount>,
    /// With the day on which they were last changed.
    complaints: Vec<(Complaint, Date)>,
    /// With the day on which it was paid, or else written down.
    outcomes: Vec<(Outcome, Date)>,
    actions: Vec<ServiceAction>,
}

impl Facts {
    fn of(read: &impl Read, file: &CaseFile) -> Result<Self, StoreError> {
        let mut facts = Self::default();
        let mut after = None;
        loop {
            let page = read.records_after(Holder::Case(file.case_id), after, PAGE)?;
            after = page.last().and_then(|record| RecordId::from_wire(&record.record_id).ok());
            for record in &page {
                let changed = Instant::from_millis(record.changed_at_ms).date();
                match content_of(record.content.as_ref()) {
                    Some(RecordContent::GroupCount(count)) => facts.group = Some(count),
                    Some(RecordContent::Complaint(complaint)) => facts.complaints.push((complaint, changed)),
                    Some(RecordContent::Outcome(outcome)) => {
                        let day = outcome.paid_on.unwrap_or(changed);
                        facts.outcomes.push((outcome, day));
                    }
                    Some(RecordContent::ServiceAction(action)) => facts.actions.push(action),
                    Some(_) | None => {}
                }
            }
            if after.is_none() || page.len() < PAGE {
                return Ok(facts);
            }
        }
    }

    fn represented(&self) -> u64 {
        self.group.as_ref().map_or(0, |group| u64::from(group.represented_count))
    }

    fn is_settled(&self, period: Period) -> bool {
        let something_came = |(outcome, day): &(Outcome, Date)| outcome.outcome_type != OutcomeType::NoRemedy && period.has(*day);
        let is_said = |(complaint, day): &(Complaint, Date)| complaint.stage == Some(CaseStage::Settled) && period.has(*day);
        self.outcomes.iter().any(something_came) || self.complaints.iter().any(is_said)
    }

    /// Each code once a case. Where the case was raised to T4 by hand, no code of it is said.
    fn count_complaints(&self, place: usize, tally: &mut Tally) {
        let raised = self.complaints.iter().any(|(complaint, _)| complaint.raised_tier == Some(Tier::T4));
        let code = |code: &ComplaintCode| if raised || code.tier() == Tier::T4 { T4 } else { code.code() };
        let complaints = self.complaints.iter().map(|(complaint, _)| complaint);
        let codes: BTreeSet<&str> = complaints.clone().flat_map(|complaint| complaint.codes.iter().map(code)).collect();
        let asked: BTreeSet<&str> = complaints.clone().flat_map(|one| one.assistance_requested.iter().map(|one| one.code())).collect();
        let routes: BTreeSet<&str> = complaints.filter_map(|complaint| Some(complaint.route?.code())).collect();
        let add = |row: &mut BySex| row[place] += 1;
        codes.into_iter().for_each(|code| add(tally.complaints.entry(code).or_default()));
        asked.into_iter().for_each(|code| add(tally.assistance.entry(code).or_default()));
        routes.into_iter().for_each(|code| add(tally.routes.entry(code).or_default()));
    }
}

fn is_counselling(action: &ServiceAction) -> bool {
    matches!(action.service, Service::Counselling | Service::Psychosocial) && action.result == ActionResult::Done
}

fn recover(outcome: &Outcome, workers: u64, tally: &mut Tally) {
    let total = outcome.amount_total.or_else(|| outcome.amount_per_worker.and_then(|each| each.times(outcome.workers_paid)));
    let Some(total) = total else { return };
    let recovered = tally.recovered.entry(total.currency().code()).or_default();
    recovered.minor_units = recovered.minor_units.saturating_add(total.minor_units());
    recovered.workers += workers;
    if let Some(conversion) = &outcome.conversion {
        let currency = conversion.amount.currency().code().to_owned();
        let key = (currency, conversion.rate.to_string(), conversion.rate_date.to_string(), conversion.source.to_wire());
        let converted = recovered.converted.entry(key).or_default();
        converted.minor_units = converted.minor_units.saturating_add(conversion.amount.minor_units());
        converted.workers += workers;
    }
}
