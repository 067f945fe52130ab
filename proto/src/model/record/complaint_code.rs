//! What workers complain of, in the words of the Migrant Worker Resource Centres (`domain.md` 2.3).

use std::fmt;

use crate::model::malformed::Malformed;
use crate::model::vocabulary::Tier;

/// One complaint code, such as W01.
#[derive(Clone, Copy)]
pub struct ComplaintCode(&'static Entry);

impl ComplaintCode {
    /// Reads one such as W01.
    ///
    /// # Errors
    /// When the list has no such code.
    pub fn parse(code: &str) -> Result<Self, Malformed> {
        CODES.iter().find(|entry| entry.code == code).map(Self).ok_or_else(|| Malformed::unknown_code("ComplaintCode"))
    }

    /// Every code, in the order of the list.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.iter().map(Self)
    }

    /// The code itself.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// What it means, in English.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// How sensitive it is that somebody has this complaint.
    #[must_use]
    pub fn tier(self) -> Tier {
        self.0.tier
    }
}

impl PartialEq for ComplaintCode {
    fn eq(&self, other: &Self) -> bool {
        self.0.code == other.0.code
    }
}

impl Eq for ComplaintCode {}

impl fmt::Display for ComplaintCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code)
    }
}

impl fmt::Debug for ComplaintCode {
    /// Some codes say what must not be said in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ComplaintCode(..)")
    }
}

struct Entry {
    code: &'static str,
    name: &'static str,
    tier: Tier,
}

#[rustfmt::skip]
const CODES: &[Entry] = &[
    Entry { code: "R01", name: "Recruitment fraud (job does not exist)", tier: Tier::T1 },
    Entry { code: "R02", name: "Overcharged recruitment fees", tier: Tier::T1 },
    Entry { code: "R03", name: "Contract substitution", tier: Tier::T1 },
    Entry { code: "R04", name: "Delay in deployment", tier: Tier::T1 },
    Entry { code: "R05", name: "Debt bondage", tier: Tier::T2 },
    Entry { code: "R06", name: "Abuse by recruiter", tier: Tier::T3 },
    Entry { code: "W01", name: "Non-payment of wages", tier: Tier::T1 },
    Entry { code: "W02", name: "Underpayment", tier: Tier::T1 },
    Entry { code: "W03", name: "Unfair wage deduction", tier: Tier::T1 },
    Entry { code: "W04", name: "Delayed wages", tier: Tier::T1 },
    Entry { code: "W05", name: "Unpaid overtime", tier: Tier::T1 },
    Entry { code: "W06", name: "End-of-service or other benefits unpaid", tier: Tier::T1 },
    Entry { code: "W07", name: "Non-compliance with collective agreement", tier: Tier::T1 },
    Entry { code: "W08", name: "Forced unpaid or sick leave", tier: Tier::T1 },
    Entry { code: "D01", name: "Identity or travel document withheld", tier: Tier::T1 },
    Entry { code: "D02", name: "Work-permit issue caused by employer", tier: Tier::T3 },
    Entry { code: "D03", name: "Working without proper documentation", tier: Tier::T3 },
    Entry { code: "D04", name: "Arrest order, absconding report, re-entry ban", tier: Tier::T3 },
    Entry { code: "D05", name: "Undocumented childbirth / birth not registered", tier: Tier::T4 },
    Entry { code: "C01", name: "Excessive hours", tier: Tier::T1 },
    Entry { code: "C02", name: "No leave or rest day", tier: Tier::T1 },
    Entry { code: "C03", name: "Unlawful overtime", tier: Tier::T1 },
    Entry { code: "C04", name: "Unclear or changed duties", tier: Tier::T1 },
    Entry { code: "C05", name: "Unsafe work", tier: Tier::T1 },
    Entry { code: "C06", name: "Accident or disease uninsured", tier: Tier::T4 },
    Entry { code: "C07", name: "Poor housing or food", tier: Tier::T1 },
    Entry { code: "C08", name: "Excluded from social protection", tier: Tier::T1 },
    Entry { code: "T01", name: "Unfair termination", tier: Tier::T1 },
    Entry { code: "T02", name: "Unfair discipline", tier: Tier::T1 },
    Entry { code: "T03", name: "Reprisal, threat of deportation", tier: Tier::T2 },
    Entry { code: "T04", name: "Pregnancy-related termination or deportation", tier: Tier::T4 },
    Entry { code: "T05", name: "Return ticket / repatriation cost refused", tier: Tier::T1 },
    Entry { code: "F01", name: "Movement restricted, confinement, isolation, kafala tie", tier: Tier::T3 },
    Entry { code: "F02", name: "Suspected forced labour", tier: Tier::T4 },
    Entry { code: "F03", name: "Suspected trafficking", tier: Tier::T4 },
    Entry { code: "F04", name: "Anti-union discrimination", tier: Tier::T3 },
    Entry { code: "F05", name: "Child labour", tier: Tier::T4 },
    Entry { code: "V01", name: "Physical violence", tier: Tier::T4 },
    Entry { code: "V02", name: "Sexual violence - rape", tier: Tier::T4 },
    Entry { code: "V03", name: "Sexual violence - other assault", tier: Tier::T4 },
    Entry { code: "V04", name: "Sexual harassment", tier: Tier::T4 },
    Entry { code: "V05", name: "Threats, psychological abuse", tier: Tier::T4 },
    Entry { code: "V06", name: "Forced marriage", tier: Tier::T4 },
    Entry { code: "V07", name: "Denial of resources or services", tier: Tier::T4 },
    Entry { code: "H01", name: "Death", tier: Tier::T4 },
    Entry { code: "H02", name: "Missing person", tier: Tier::T4 },
    Entry { code: "E01", name: "Food or protective equipment needed", tier: Tier::T1 },
    Entry { code: "E02", name: "Shelter needed", tier: Tier::T1 },
    Entry { code: "E03", name: "Help with repatriation needed", tier: Tier::T1 },
    Entry { code: "Z99", name: "Other", tier: Tier::T2 },
];
