//! The three record types of tier T4: health, violence and trafficking, and who is accused of it.

use super::{ComplaintCode, PartyRole};
use crate::model::code::coded;
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::shown;
use crate::model::value::{Month, Text, redacted};
use crate::wire;

coded! {
    /// Kind of health condition.
    pub enum HealthCondition from HealthCondition {
        /// Injury at work.
        WorkInjury = "WORK_INJURY",
        /// Illness.
        Illness = "ILLNESS",
        /// Pregnancy.
        Pregnancy = "PREGNANCY",
        /// Disability.
        Disability = "DISABILITY",
        /// Psychological distress.
        Distress = "DISTRESS",
    }
}

coded! {
    /// Types of violence, in the order in which the first that applies is chosen.
    pub enum ViolenceType from ViolenceType {
        /// Rape.
        Rape = "RAPE",
        /// Sexual assault.
        SexualAssault = "SEXUAL_ASSAULT",
        /// Physical assault.
        PhysicalAssault = "PHYSICAL_ASSAULT",
        /// Forced marriage.
        ForcedMarriage = "FORCED_MARRIAGE",
        /// Denial of resources.
        Denial = "DENIAL",
        /// Psychological abuse.
        Psychological = "PSYCHOLOGICAL",
        /// None of these.
        None = "NONE",
    }
}

/// Health.
#[derive(Clone, PartialEq)]
pub struct Health {
    /// Kind.
    pub condition: HealthCondition,
    /// Since.
    pub since: Option<Date>,
    /// Whether care is needed now.
    pub needs_care: bool,
}

/// Violence or trafficking. One type, the first that applies in the order of the codes (GBVIMS).
#[derive(Clone, PartialEq)]
pub struct GbvTrafficking {
    /// Type.
    pub violence_type: ViolenceType,
    /// Whether trafficking or forced labour is suspected.
    pub suspected_trafficking: bool,
    /// Month.
    pub month: Option<Month>,
}

/// A named natural person as perpetrator.
#[derive(Clone, PartialEq)]
pub struct AllegedOffence {
    /// Who.
    pub name: Text,
    /// What the person is in the case.
    pub role: PartyRole,
    /// Of what.
    pub code: ComplaintCode,
}

redacted!(Health, GbvTrafficking, AllegedOffence);

impl Health {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the kind is not in its list or the day breaks its form.
    pub fn from_wire(health: &wire::Health) -> Result<Self, Malformed> {
        let wire::Health { condition, since, needs_care } = health;
        Ok(Self {
            condition: HealthCondition::from_wire(*condition).at("condition")?,
            since: Date::parse_optional(since).at("since")?,
            needs_care: *needs_care,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Health {
        wire::Health { condition: self.condition.to_wire(), since: shown(self.since.as_ref()), needs_care: self.needs_care }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 3] {
        [("health.condition", true), ("health.since", self.since.is_some()), ("health.needs_care", self.needs_care)]
    }
}

impl GbvTrafficking {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the type is not in its list or the month breaks its form.
    pub fn from_wire(violence: &wire::GbvTrafficking) -> Result<Self, Malformed> {
        let wire::GbvTrafficking { violence_type, suspected_trafficking, month } = violence;
        Ok(Self {
            violence_type: ViolenceType::from_wire(*violence_type).at("violence_type")?,
            suspected_trafficking: *suspected_trafficking,
            month: if month.is_empty() { None } else { Some(Month::parse(month).at("month")?) },
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::GbvTrafficking {
        wire::GbvTrafficking {
            violence_type: self.violence_type.to_wire(),
            suspected_trafficking: self.suspected_trafficking,
            month: shown(self.month.as_ref()),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 3] {
        [
            ("gbv_trafficking.violence_type", true),
            ("gbv_trafficking.suspected_trafficking", self.suspected_trafficking),
            ("gbv_trafficking.month", self.month.is_some()),
        ]
    }
}

impl AllegedOffence {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the name breaks its form, or a code is in no list.
    pub fn from_wire(offence: &wire::AllegedOffence) -> Result<Self, Malformed> {
        let wire::AllegedOffence { name, role, code } = offence;
        Ok(Self {
            name: Text::parse(name, Text::NAME_BYTES).at("name")?,
            role: PartyRole::from_wire(*role).at("role")?,
            code: ComplaintCode::parse(code).at("code")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::AllegedOffence {
        wire::AllegedOffence { name: self.name.to_wire(), role: self.role.to_wire(), code: self.code.to_string() }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 3] {
        [("alleged_offence.name", true), ("alleged_offence.role", true), ("alleged_offence.code", true)]
    }
}
