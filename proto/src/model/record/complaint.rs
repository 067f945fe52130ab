//! What is complained of and how the case stands.

use super::ComplaintCode;
use crate::model::code::coded;
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, filled_list, shown};
use crate::model::value::{Text, redacted};
use crate::model::vocabulary::Tier;
use crate::wire;

coded! {
    /// One person or a group.
    pub enum CaseKind from CaseKind {
        /// One worker.
        Individual = "INDIVIDUAL",
        /// A group of workers.
        Group = "GROUP",
    }
}

coded! {
    /// Question or complaint (the wording of the ATUC forms).
    pub enum IntakeKind from IntakeKind {
        /// A question.
        Inquiry = "INQUIRY",
        /// A complaint.
        Complaint = "COMPLAINT",
    }
}

coded! {
    /// How a case came in.
    pub enum IntakeChannel from IntakeChannel {
        /// She came.
        WalkIn = "WALK_IN",
        /// Telephone.
        Phone = "PHONE",
        /// Social media.
        SocialMedia = "SOCIAL_MEDIA",
        /// Outreach.
        Outreach = "OUTREACH",
        /// A network leader.
        NetworkLeader = "NETWORK_LEADER",
        /// A support group.
        SupportGroup = "SUPPORT_GROUP",
        /// An affiliate union.
        AffiliateUnion = "AFFILIATE_UNION",
        /// Family.
        Family = "FAMILY",
        /// An embassy.
        Embassy = "EMBASSY",
        /// A government office.
        GovernmentOffice = "GOVERNMENT_OFFICE",
        /// A civil-society organisation.
        Cso = "CSO",
        /// Another union's node.
        PeerUnion = "PEER_UNION",
    }
}

coded! {
    /// What she asks for.
    pub enum Assistance from Assistance {
        /// Return travel.
        ReturnTravel = "RETURN_TRAVEL",
        /// Legal help.
        Legal = "LEGAL",
        /// Wages.
        Wages = "WAGES",
        /// Money.
        Financial = "FINANCIAL",
        /// Shelter.
        Shelter = "SHELTER",
        /// Health care.
        Health = "HEALTH",
        /// Psychosocial care.
        Psychosocial = "PSYCHOSOCIAL",
        /// Documents.
        Documents = "DOCUMENTS",
        /// Information.
        Information = "INFORMATION",
        /// A welfare check.
        WelfareCheck = "WELFARE_CHECK",
    }
}

coded! {
    /// How the worker wants her case handled. Hers to say.
    pub enum ClientDecision from ClientDecision {
        /// Not yet decided.
        Undecided = "UNDECIDED",
        /// Information only.
        InformationOnly = "INFORMATION_ONLY",
        /// Informal mediation.
        Mediation = "MEDIATION",
        /// Administrative complaint.
        Administrative = "ADMINISTRATIVE",
        /// Court.
        Court = "COURT",
        /// Going home.
        Repatriation = "REPATRIATION",
        /// Nothing.
        NoAction = "NO_ACTION",
    }
}

coded! {
    /// The road a case takes.
    pub enum Route from Route {
        /// Informal mediation.
        InformalMediation = "INFORMAL_MEDIATION",
        /// Administrative complaint.
        AdministrativeComplaint = "ADMINISTRATIVE_COMPLAINT",
        /// Court.
        Court = "COURT",
    }
}

coded! {
    /// How far a case is.
    pub enum CaseStage from CaseStage {
        /// Counselled.
        Counselled = "COUNSELLED",
        /// Being worked on.
        Active = "ACTIVE",
        /// Settled.
        Settled = "SETTLED",
        /// Decided by a court or office.
        Adjudicated = "ADJUDICATED",
        /// Being enforced.
        Enforcing = "ENFORCING",
        /// Closed.
        Closed = "CLOSED",
    }
}

coded! {
    /// Why a case was closed.
    pub enum ClosureReason from ClosureReason {
        /// Resolved.
        Resolved = "RESOLVED",
        /// Partly resolved.
        PartlyResolved = "PARTLY_RESOLVED",
        /// She declined.
        ClientDeclined = "CLIENT_DECLINED",
        /// She could not be reached.
        ClientUnreachable = "CLIENT_UNREACHABLE",
        /// Referred out.
        ReferredOut = "REFERRED_OUT",
        /// She went home.
        Repatriated = "REPATRIATED",
        /// The law gives no way.
        NoLegalAvenue = "NO_LEGAL_AVENUE",
        /// Too late.
        TimeBarred = "TIME_BARRED",
        /// Seen before.
        Duplicate = "DUPLICATE",
        /// She died.
        Died = "DIED",
        /// Another reason.
        Other = "OTHER",
    }
}

/// What is complained of and how the case stands.
#[derive(Clone, PartialEq)]
pub struct Complaint {
    /// One person or a group.
    pub kind: CaseKind,
    /// Question or complaint.
    pub intake_kind: IntakeKind,
    /// How it came in.
    pub intake_channel: IntakeChannel,
    /// Office of the union.
    pub mrc_office: Option<Text>,
    /// What is complained of; at least one.
    pub codes: Vec<ComplaintCode>,
    /// The main one, among the codes.
    pub primary: ComplaintCode,
    /// What she asks for.
    pub assistance_requested: Vec<Assistance>,
    /// How she wants it handled.
    pub client_decision: ClientDecision,
    /// When she decided.
    pub client_decision_on: Option<Date>,
    /// The road taken; none yet.
    pub route: Option<Route>,
    /// How far it is; none: intake.
    pub stage: Option<CaseStage>,
    /// Last day to file.
    pub limitation_date: Option<Date>,
    /// The rule that sets it.
    pub limitation_rule: Option<Text>,
    /// Why it was closed; none: it is not.
    pub closure_reason: Option<ClosureReason>,
    /// A tier set by hand; never below that of the codes.
    pub raised_tier: Option<Tier>,
}

redacted!(Complaint);

impl Complaint {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code is in no list, the primary code is not among the codes, a date or text breaks its form, or the tier set by hand is below that
    /// of the codes.
    pub fn from_wire(complaint: &wire::Complaint) -> Result<Self, Malformed> {
        let wire::Complaint {
            kind,
            intake_kind,
            intake_channel,
            mrc_office,
            codes,
            primary,
            assistance_requested,
            client_decision,
            client_decision_on,
            route,
            stage,
            limitation_date,
            limitation_rule,
            closure_reason,
            raised_tier,
        } = complaint;
        let complaint = Self {
            kind: CaseKind::from_wire(*kind).at("kind")?,
            intake_kind: IntakeKind::from_wire(*intake_kind).at("intake_kind")?,
            intake_channel: IntakeChannel::from_wire(*intake_channel).at("intake_channel")?,
            mrc_office: Text::parse_optional(mrc_office, Text::NAME_BYTES).at("mrc_office")?,
            codes: filled_list(codes, LIST_MAX, "codes", |code| ComplaintCode::parse(code))?,
            primary: ComplaintCode::parse(primary).at("primary")?,
            assistance_requested: Assistance::list_from_wire(assistance_requested).at("assistance_requested")?,
            client_decision: ClientDecision::from_wire(*client_decision).at("client_decision")?,
            client_decision_on: Date::parse_optional(client_decision_on).at("client_decision_on")?,
            route: Route::from_wire_optional(*route).at("route")?,
            stage: CaseStage::from_wire_optional(*stage).at("stage")?,
            limitation_date: Date::parse_optional(limitation_date).at("limitation_date")?,
            limitation_rule: Text::parse_optional(limitation_rule, Text::CODE_BYTES).at("limitation_rule")?,
            closure_reason: ClosureReason::from_wire_optional(*closure_reason).at("closure_reason")?,
            raised_tier: Tier::from_wire_optional(*raised_tier).at("raised_tier")?,
        };
        complaint.check()?;
        Ok(complaint)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Complaint {
        wire::Complaint {
            kind: self.kind.to_wire(),
            intake_kind: self.intake_kind.to_wire(),
            intake_channel: self.intake_channel.to_wire(),
            mrc_office: Text::optional_to_wire(self.mrc_office.as_ref()),
            codes: self.codes.iter().map(ToString::to_string).collect(),
            primary: self.primary.to_string(),
            assistance_requested: Assistance::list_to_wire(&self.assistance_requested),
            client_decision: self.client_decision.to_wire(),
            client_decision_on: shown(self.client_decision_on.as_ref()),
            route: self.route.map_or(0, Route::to_wire),
            stage: self.stage.map_or(0, CaseStage::to_wire),
            limitation_date: shown(self.limitation_date.as_ref()),
            limitation_rule: Text::optional_to_wire(self.limitation_rule.as_ref()),
            closure_reason: self.closure_reason.map_or(0, ClosureReason::to_wire),
            raised_tier: self.raised_tier.map_or(0, Tier::to_wire),
        }
    }

    /// The highest tier of its codes, at least T1; a tier set by hand can only raise it.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier_of_codes().max(self.raised_tier.unwrap_or(Tier::T1))
    }

    fn tier_of_codes(&self) -> Tier {
        self.codes.iter().map(|code| code.tier()).fold(Tier::T1, Tier::max)
    }

    fn check(&self) -> Result<(), Malformed> {
        if !self.codes.contains(&self.primary) {
            return Err(Malformed::new("must be one of the complaint codes").at("primary"));
        }
        if self.raised_tier.is_some_and(|raised| raised < self.tier_of_codes()) {
            return Err(Malformed::new("must not be below the tier of the complaint codes").at("raised_tier"));
        }
        Ok(())
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 15] {
        [
            ("complaint.kind", true),
            ("complaint.intake_kind", true),
            ("complaint.intake_channel", true),
            ("complaint.mrc_office", self.mrc_office.is_some()),
            ("complaint.codes", true),
            ("complaint.primary", true),
            ("complaint.assistance_requested", !self.assistance_requested.is_empty()),
            ("complaint.client_decision", true),
            ("complaint.client_decision_on", self.client_decision_on.is_some()),
            ("complaint.route", self.route.is_some()),
            ("complaint.stage", self.stage.is_some()),
            ("complaint.limitation_date", self.limitation_date.is_some()),
            ("complaint.limitation_rule", self.limitation_rule.is_some()),
            ("complaint.closure_reason", self.closure_reason.is_some()),
            ("complaint.raised_tier", self.raised_tier.is_some()),
        ]
    }
}
