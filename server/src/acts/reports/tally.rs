//! What is counted for a report: numbers by code, and the ids of those who were counted, so that nobody counts twice. Nothing of it leaves this module
//! before what is small was taken out.

use std::collections::{BTreeMap, BTreeSet};

use titian_proto::model::id::WorkerId;
use titian_proto::model::record::Sex;

/// Places in a row by sex: women, men, another sex or not stated, and groups, of which no sex is known.
pub(super) type BySex = [u64; 4];

/// The place of a sex in a row; none: a group.
pub(super) fn place(sex: Option<Sex>) -> usize {
    match sex {
        Some(Sex::Female) => 0,
        Some(Sex::Male) => 1,
        Some(Sex::Other | Sex::NotStated) => 2,
        None => 3,
    }
}

/// Cases of one kind, and the workers involved. Clients and represented workers are two series and are never added.
#[derive(Default)]
pub(super) struct Involved {
    /// Cases.
    pub(super) cases: u64,
    /// Clients who lead groups.
    pub(super) leaders: BTreeSet<WorkerId>,
    /// Clients with a case of their own.
    pub(super) own: BTreeSet<WorkerId>,
    /// Head-count that leaders represent.
    pub(super) represented: u64,
}

impl Involved {
    /// Clients who lead groups, and further clients.
    pub(super) fn clients(&self) -> (u64, u64) {
        (self.leaders.len() as u64, self.own.difference(&self.leaders).count() as u64)
    }
}

/// Compensation in one currency.
#[derive(Default)]
pub(super) struct Recovered {
    /// In minor units.
    pub(super) minor_units: i64,
    /// Workers who were paid.
    pub(super) workers: u64,
    /// What was converted, by currency, rate, day and source of the rate.
    pub(super) converted: BTreeMap<(String, String, String, String), Converted>,
}

/// What was converted at one rate.
#[derive(Default)]
pub(super) struct Converted {
    /// In minor units of the other currency.
    pub(super) minor_units: i64,
    /// Workers who were paid what was converted.
    pub(super) workers: u64,
}

/// Referrals with one union.
#[derive(Default)]
pub(super) struct Referred {
    /// Sent to it.
    pub(super) sent: u64,
    /// Received from it.
    pub(super) received: u64,
    /// Accepted, of both.
    pub(super) accepted: u64,
    /// Completed, of both.
    pub(super) completed: u64,
    /// Days from request to end of those sent and completed.
    pub(super) days: Vec<u32>,
}

impl Referred {
    /// Sent and received.
    pub(super) fn all(&self) -> u64 {
        self.sent + self.received
    }

    /// This and another together.
    pub(super) fn join(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.accepted += other.accepted;
        self.completed += other.completed;
        self.days.extend(other.days);
    }
}

/// Everything that a report counts.
#[derive(Default)]
pub(super) struct Tally {
    /// I2: cases opened.
    pub(super) opened: Involved,
    /// I2: cases settled.
    pub(super) settled: Involved,
    /// I3: cases resolved: something came of them, and that was confirmed.
    pub(super) resolved: Involved,
    /// I1: distinct clients counselled, by sex.
    pub(super) counselled: BTreeMap<WorkerId, usize>,
    /// I4: complaints by code; those of T4 together.
    pub(super) complaints: BTreeMap<&'static str, BySex>,
    /// I5: what was asked for.
    pub(super) assistance: BTreeMap<&'static str, BySex>,
    /// I7: the road taken.
    pub(super) routes: BTreeMap<&'static str, BySex>,
    /// I6: compensation by currency.
    pub(super) recovered: BTreeMap<&'static str, Recovered>,
    /// I12: referrals by union.
    pub(super) referrals: BTreeMap<String, Referred>,
    /// I13: consents, by what happened to them.
    pub(super) consents: BTreeMap<&'static str, u64>,
    /// I14: refusals by code.
    pub(super) refusals: BTreeMap<String, u64>,
}
