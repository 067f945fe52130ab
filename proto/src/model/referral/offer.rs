//! What travels first: no name, and enough to answer.

use super::{Approval, Priority, ReferralKind};
use crate::model::consent::Grant;
use crate::model::date::Instant;
use crate::model::id::{ReferralId, SubjectRef};
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, counted, list, optional};
use crate::model::record::{
    Assistance, CaseKind, Complaint, ComplaintCode, Demographic, GroupCount, IntakeKind, Journey, RecordContent, Service,
};
use crate::model::vocabulary::{Category, Purpose, Tier};
use crate::wire;

/// The offer. It has codes, counts and ids only: there is no field for free text.
#[derive(Clone, PartialEq)]
pub struct Offer {
    /// Shared id of the referral.
    pub referral_id: ReferralId,
    /// From 1; one more each time it is requested again.
    pub version: u32,
    /// What is asked.
    pub kind: ReferralKind,
    /// What for.
    pub purpose: Purpose,
    /// Which services.
    pub services_requested: Vec<Service>,
    /// How urgent.
    pub priority: Priority,
    /// Answer by.
    pub respond_by: Instant,
    /// First contact by.
    pub contact_by: Instant,
    /// What will follow after acceptance.
    pub categories: Vec<Category>,
    /// The worker, as this peer will know her.
    pub subject_ref: SubjectRef,
    /// Highest tier of the case.
    pub tier: Tier,
    /// Where she comes from and where she is.
    pub journey: Option<Journey>,
    /// Sex, age band, nationality.
    pub demographic: Option<Demographic>,
    /// One person or a group.
    pub case_kind: CaseKind,
    /// Question or complaint.
    pub intake_kind: IntakeKind,
    /// Complaint codes of tier T1 only; none at all when the case is of tier T4.
    pub complaint_codes: Vec<ComplaintCode>,
    /// What she asks for; not said when the case is of tier T4.
    pub assistance_requested: Vec<Assistance>,
    /// Counts of a group case.
    pub group_count: Option<GroupCount>,
    /// The consent this rests on, whole, so that the receiver's gate can decide for itself. The gate refuses what has none.
    pub grant: Option<Grant>,
    /// Second person's approval, where one is needed.
    pub approval: Option<Approval>,
}

impl std::fmt::Debug for Offer {
    /// Which referral, and nothing of the worker.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer({} version {})", self.referral_id, self.version)
    }
}

/// What an offer says that does not stand in the case's records.
#[derive(Clone)]
pub struct OfferRequest {
    /// Shared id of the referral.
    pub referral_id: ReferralId,
    /// From 1.
    pub version: u32,
    /// What is asked.
    pub kind: ReferralKind,
    /// What for.
    pub purpose: Purpose,
    /// Which services.
    pub services_requested: Vec<Service>,
    /// How urgent.
    pub priority: Priority,
    /// From when the clocks run.
    pub requested_at: Instant,
    /// What will follow after acceptance.
    pub categories: Vec<Category>,
    /// The worker, as this peer will know her.
    pub subject_ref: SubjectRef,
    /// The consent this rests on.
    pub grant: Option<Grant>,
    /// Second person's approval.
    pub approval: Option<Approval>,
}

impl Offer {
    /// Makes the offer of a case from all its records. This is the one place that decides what travels before anybody has accepted: the journey, the
    /// codes that may be said, the counts of a group, and sex and age band where `DEMOGRAPHIC` was selected. With several records of a type the
    /// first counts.
    ///
    /// # Errors
    /// When the case has no complaint.
    pub fn build<'a>(request: OfferRequest, records: impl IntoIterator<Item = &'a RecordContent>) -> Result<Self, Malformed> {
        let facts = Facts::gather(records);
        let complaint = facts.complaint.ok_or_else(|| Malformed::missing("complaint"))?;
        if request.kind == ReferralKind::WelfareCheck {
            return Ok(Self::welfare_check(request, complaint.kind));
        }
        let open = facts.tier < Tier::T4;
        let codes = complaint.codes.iter().filter(|code| open && code.tier() <= Tier::T1).copied().collect();
        let demographic = facts.demographic.filter(|_| request.categories.contains(&Category::Demographic));
        Ok(Self {
            referral_id: request.referral_id,
            version: request.version,
            kind: request.kind,
            purpose: request.purpose,
            services_requested: request.services_requested,
            priority: request.priority,
            respond_by: request.priority.respond_by(request.requested_at),
            contact_by: request.priority.contact_by(request.requested_at),
            categories: request.categories,
            subject_ref: request.subject_ref,
            tier: facts.tier,
            journey: facts.journey.cloned(),
            demographic: demographic.cloned(),
            case_kind: complaint.kind,
            intake_kind: complaint.intake_kind,
            complaint_codes: codes,
            assistance_requested: if open { complaint.assistance_requested.clone() } else { Vec::new() },
            group_count: facts.group_count.cloned(),
            grant: request.grant,
            approval: request.approval,
        })
    }

    /// The offer of a welfare check: "check on her", and nothing of her case (`domain.md` 2.7). Not even how grave it is.
    fn welfare_check(request: OfferRequest, case_kind: CaseKind) -> Self {
        Self {
            referral_id: request.referral_id,
            version: request.version,
            kind: request.kind,
            purpose: request.purpose,
            services_requested: request.services_requested,
            priority: request.priority,
            respond_by: request.priority.respond_by(request.requested_at),
            contact_by: request.priority.contact_by(request.requested_at),
            categories: request.categories,
            subject_ref: request.subject_ref,
            tier: Tier::T2,
            journey: None,
            demographic: None,
            case_kind,
            intake_kind: IntakeKind::Inquiry,
            complaint_codes: Vec::new(),
            assistance_requested: Vec::new(),
            group_count: None,
            grant: request.grant,
            approval: request.approval,
        }
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a field breaks its form, or a complaint code may not be said in an offer.
    pub fn from_wire(offer: &wire::Offer) -> Result<Self, Malformed> {
        let wire::Offer {
            referral_id,
            version,
            kind,
            purpose,
            services_requested,
            priority,
            respond_by_ms,
            contact_by_ms,
            categories,
            subject_ref,
            tier,
            journey,
            demographic,
            case_kind,
            intake_kind,
            complaint_codes,
            assistance_requested,
            group_count,
            grant,
            approval,
        } = offer;
        let offer = Self {
            referral_id: ReferralId::from_wire(referral_id).at("referral_id")?,
            version: counted(*version, "version")?,
            kind: ReferralKind::from_wire(*kind).at("kind")?,
            purpose: Purpose::from_wire(*purpose).at("purpose")?,
            services_requested: list(services_requested, LIST_MAX, "services_requested", |code| Service::from_wire(*code))?,
            priority: Priority::from_wire(*priority).at("priority")?,
            respond_by: read_instant(*respond_by_ms).at("respond_by")?,
            contact_by: read_instant(*contact_by_ms).at("contact_by")?,
            categories: list(categories, LIST_MAX, "categories", |code| Category::from_wire(*code))?,
            subject_ref: SubjectRef::from_wire(subject_ref).at("subject_ref")?,
            tier: Tier::from_wire(*tier).at("tier")?,
            journey: optional(journey.as_ref(), "journey", Journey::from_wire)?,
            demographic: optional(demographic.as_ref(), "demographic", Demographic::from_wire)?,
            case_kind: CaseKind::from_wire(*case_kind).at("case_kind")?,
            intake_kind: IntakeKind::from_wire(*intake_kind).at("intake_kind")?,
            complaint_codes: list(complaint_codes, LIST_MAX, "complaint_codes", |code| ComplaintCode::parse(code))?,
            assistance_requested: list(assistance_requested, LIST_MAX, "assistance_requested", |code| Assistance::from_wire(*code))?,
            group_count: optional(group_count.as_ref(), "group_count", GroupCount::from_wire)?,
            grant: optional(grant.as_ref(), "grant", Grant::from_wire)?,
            approval: optional(approval.as_ref(), "approval", Approval::from_wire)?,
        };
        offer.check()?;
        Ok(offer)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Offer {
        wire::Offer {
            referral_id: self.referral_id.to_wire(),
            version: self.version,
            kind: self.kind.to_wire(),
            purpose: self.purpose.to_wire(),
            services_requested: Service::list_to_wire(&self.services_requested),
            priority: self.priority.to_wire(),
            respond_by_ms: self.respond_by.as_millis(),
            contact_by_ms: self.contact_by.as_millis(),
            categories: Category::list_to_wire(&self.categories),
            subject_ref: self.subject_ref.to_wire(),
            tier: self.tier.to_wire(),
            journey: self.journey.as_ref().map(Journey::to_wire),
            demographic: self.demographic.as_ref().map(Demographic::to_wire),
            case_kind: self.case_kind.to_wire(),
            intake_kind: self.intake_kind.to_wire(),
            complaint_codes: self.complaint_codes.iter().map(ToString::to_string).collect(),
            assistance_requested: Assistance::list_to_wire(&self.assistance_requested),
            group_count: self.group_count.as_ref().map(GroupCount::to_wire),
            grant: self.grant.as_ref().map(Grant::to_wire),
            approval: self.approval.as_ref().map(Approval::to_wire),
        }
    }

    /// Categories of which the offer itself says something: what annex and consent must cover before anybody has accepted.
    #[must_use]
    pub fn categories_said(&self) -> Vec<Category> {
        if self.kind == ReferralKind::WelfareCheck {
            return Vec::new();
        }
        let mut said = vec![Category::CaseCore];
        said.extend(self.demographic.is_some().then_some(Category::Demographic));
        said
    }

    fn check(&self) -> Result<(), Malformed> {
        if self.complaint_codes.iter().any(|code| code.tier() > Tier::T1) {
            return Err(Malformed::new("must hold codes of tier T1 only").at("complaint_codes"));
        }
        if self.tier == Tier::T4 && !self.complaint_codes.is_empty() {
            return Err(Malformed::new("must be empty when the case is of tier T4").at("complaint_codes"));
        }
        if self.tier == Tier::T4 && !self.assistance_requested.is_empty() {
            return Err(Malformed::new("must be empty when the case is of tier T4").at("assistance_requested"));
        }
        Ok(())
    }
}

/// What the records of a case say that an offer may need.
struct Facts<'a> {
    tier: Tier,
    journey: Option<&'a Journey>,
    demographic: Option<&'a Demographic>,
    complaint: Option<&'a Complaint>,
    group_count: Option<&'a GroupCount>,
}

impl<'a> Facts<'a> {
    fn gather(records: impl IntoIterator<Item = &'a RecordContent>) -> Self {
        let mut facts = Self { tier: Tier::T1, journey: None, demographic: None, complaint: None, group_count: None };
        for record in records {
            facts.tier = facts.tier.max(record.tier());
            if let RecordContent::Journey(journey) = record {
                facts.journey.get_or_insert(journey);
            } else if let RecordContent::Demographic(demographic) = record {
                facts.demographic.get_or_insert(demographic);
            } else if let RecordContent::Complaint(complaint) = record {
                facts.complaint.get_or_insert(complaint);
            } else if let RecordContent::GroupCount(count) = record {
                facts.group_count.get_or_insert(count);
            }
        }
        facts
    }
}

fn read_instant(millis: i64) -> Result<Instant, Malformed> {
    if millis > 0 { Ok(Instant::from_millis(millis)) } else { Err(Malformed::new("must be a time after 1970, in milliseconds")) }
}
