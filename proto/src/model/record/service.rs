//! One service given.

use crate::model::code::coded;
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::value::{Text, redacted};
use crate::wire;

coded! {
    /// A service of a Migrant Worker Resource Centre.
    pub enum Service from Service {
        /// Counselling.
        Counselling = "COUNSELLING",
        /// Psychosocial care.
        Psychosocial = "PSYCHOSOCIAL",
        /// Legal advice.
        LegalAdvice = "LEGAL_ADVICE",
        /// Negotiation with the employer.
        NegotiationWithEmployer = "NEGOTIATION_WITH_EMPLOYER",
        /// Complaint lodged.
        ComplaintLodged = "COMPLAINT_LODGED",
        /// Court filing.
        CourtFiling = "COURT_FILING",
        /// Representation.
        Representation = "REPRESENTATION",
        /// Interpretation.
        Interpretation = "INTERPRETATION",
        /// Shelter.
        Shelter = "SHELTER",
        /// Health referral.
        HealthReferral = "HEALTH_REFERRAL",
        /// Contact with an embassy.
        EmbassyContact = "EMBASSY_CONTACT",
        /// Help with going home.
        RepatriationSupport = "REPATRIATION_SUPPORT",
        /// Emergency support.
        EmergencySupport = "EMERGENCY_SUPPORT",
        /// Information.
        Information = "INFORMATION",
        /// Education.
        Education = "EDUCATION",
        /// Networking.
        Networking = "NETWORKING",
        /// Membership.
        Membership = "MEMBERSHIP",
    }
}

coded! {
    /// How a service ended.
    pub enum ActionResult from ActionResult {
        /// Done.
        Done = "DONE",
        /// No answer.
        NoAnswer = "NO_ANSWER",
        /// Refused.
        Refused = "REFUSED",
        /// Pending.
        Pending = "PENDING",
    }
}

/// One service given.
#[derive(Clone, PartialEq)]
pub struct ServiceAction {
    /// Which.
    pub service: Service,
    /// Day.
    pub date: Date,
    /// Who gave it: a node id or a directory code.
    pub provider: Text,
    /// How it ended.
    pub result: ActionResult,
}

redacted!(ServiceAction);

impl ServiceAction {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code is in no list, or the day or the provider breaks its form.
    pub fn from_wire(action: &wire::ServiceAction) -> Result<Self, Malformed> {
        let wire::ServiceAction { service, date, provider, result } = action;
        Ok(Self {
            service: Service::from_wire(*service).at("service")?,
            date: Date::parse(date).at("date")?,
            provider: Text::parse(provider, Text::CODE_BYTES).at("provider")?,
            result: ActionResult::from_wire(*result).at("result")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::ServiceAction {
        wire::ServiceAction {
            service: self.service.to_wire(),
            date: self.date.to_string(),
            provider: self.provider.to_wire(),
            result: self.result.to_wire(),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 4] {
        [
            ("service_action.service", true),
            ("service_action.date", true),
            ("service_action.provider", true),
            ("service_action.result", true),
        ]
    }
}
