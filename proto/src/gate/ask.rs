//! What an offer or a put asks for, taken apart into pieces of one category each.

use std::borrow::Cow;

use crate::model::consent::{ConsentBasis, Grant};
use crate::model::id::NodeId;
use crate::model::record::{AgeBand, CaseKind, Demographic, GroupCount, IntakeKind, RecordContent, RecordType, Safety};
use crate::model::referral::{Approval, HandOver, Offer, ReferralKind, SharePut};
use crate::model::vocabulary::{Category, Purpose, Tier};

/// What is asked for.
pub(super) struct Ask<'a> {
    pub(super) is_offer: bool,
    pub(super) purpose: Purpose,
    pub(super) welfare_check: bool,
    /// It is a welfare check in everything: its purpose, and its kind where it says one.
    pub(super) welfare_check_alone: bool,
    /// What an offer of a welfare check says of the case.
    pub(super) said_beyond: Vec<String>,
    pub(super) pieces: Vec<Piece<'a>>,
    pub(super) grant: Option<&'a Grant>,
    pub(super) approval: Option<&'a Approval>,
    /// Highest tier that is sent or told.
    pub(super) tier: Tier,
    pub(super) minor: bool,
    pub(super) group: bool,
}

/// One piece of one category: a record that goes, something an offer says, or a category that an offer selects for later.
pub(super) struct Piece<'a> {
    /// What it is; a selected category stands for all its types.
    pub(super) record_types: Vec<RecordType>,
    pub(super) category: Category,
    pub(super) tier: Tier,
    /// Who owns the record; none: the sender says it of its own case.
    pub(super) owner: Option<&'a NodeId>,
    /// The record itself, if it is one.
    pub(super) content: Option<Cow<'a, RecordContent>>,
    /// Paths of the fields that are set.
    pub(super) fields: Vec<&'static str>,
}

impl<'a> Ask<'a> {
    pub(super) fn of_offer(offer: &'a Offer) -> Self {
        let welfare_check = is_welfare_check(offer.purpose, offer.grant.as_ref()) || offer.kind == ReferralKind::WelfareCheck;
        // Of itself it says nothing of the case; whatever it says all the same is refused.
        let mut pieces = if welfare_check { Vec::new() } else { said_in(offer) };
        let selected = offer.categories.iter().filter(|category| !pieces.iter().any(|piece| piece.category == **category));
        pieces.extend(selected.map(|category| Piece::selected(*category)).collect::<Vec<_>>());
        let tier = pieces.iter().map(|piece| piece.tier).fold(offer.tier, Tier::max);
        Self {
            is_offer: true,
            purpose: offer.purpose,
            welfare_check,
            welfare_check_alone: offer.purpose == Purpose::WelfareCheck && offer.kind == ReferralKind::WelfareCheck,
            said_beyond: if welfare_check { said_beyond(offer) } else { Vec::new() },
            minor: offer.demographic.as_ref().is_some_and(is_minor),
            group: offer.case_kind == CaseKind::Group,
            tier,
            pieces,
            grant: offer.grant.as_ref(),
            approval: offer.approval.as_ref(),
        }
    }

    pub(super) fn of_put(put: &'a SharePut) -> Self {
        let pieces: Vec<Piece<'a>> =
            put.records.iter().map(|record| Piece::record(Cow::Borrowed(&record.content), Some(&record.owner))).collect();
        Self {
            is_offer: false,
            purpose: put.purpose,
            welfare_check: is_welfare_check(put.purpose, put.grant.as_ref()),
            welfare_check_alone: put.purpose == Purpose::WelfareCheck,
            said_beyond: Vec::new(),
            minor: put.records.iter().any(|record| matches!(&record.content, RecordContent::Demographic(one) if is_minor(one))),
            group: false,
            tier: put.tier(),
            pieces,
            grant: put.grant.as_ref(),
            approval: put.approval.as_ref(),
        }
    }

    /// Who takes a case over must be allowed what the case is about.
    pub(super) fn of_hand_over(hand_over: &'a HandOver) -> Self {
        Self {
            is_offer: false,
            purpose: hand_over.purpose,
            welfare_check: hand_over.purpose == Purpose::WelfareCheck,
            welfare_check_alone: false,
            said_beyond: Vec::new(),
            pieces: vec![Piece::selected(Category::CaseCore)],
            grant: hand_over.grant.as_ref(),
            approval: None,
            tier: Tier::T1,
            minor: false,
            group: false,
        }
    }

    pub(super) fn has(&self, category: Category) -> bool {
        self.pieces.iter().any(|piece| piece.category == category)
    }

    pub(super) fn contents(&self) -> impl Iterator<Item = &RecordContent> {
        self.pieces.iter().filter_map(|piece| piece.content.as_deref())
    }

    pub(super) fn group_counts(&self) -> impl Iterator<Item = &GroupCount> {
        self.contents().filter_map(|content| if let RecordContent::GroupCount(count) = content { Some(count) } else { None })
    }

    pub(super) fn safety_rules(&self) -> impl Iterator<Item = &Safety> {
        self.contents().filter_map(|content| if let RecordContent::Safety(safety) = content { Some(safety) } else { None })
    }

    /// The paths of the pieces for which the test holds.
    pub(super) fn paths_where(&self, test: impl Fn(&Piece<'a>) -> bool) -> Vec<String> {
        self.pieces.iter().filter(|piece| test(piece)).flat_map(Piece::paths).collect()
    }
}

impl<'a> Piece<'a> {
    fn record(content: Cow<'a, RecordContent>, owner: Option<&'a NodeId>) -> Self {
        let (category, tier, fields) = (content.category(), content.tier(), content.field_paths());
        Self { record_types: vec![content.record_type()], category, tier, owner, fields, content: Some(content) }
    }

    fn selected(category: Category) -> Self {
        let record_types = RecordType::ALL.iter().copied().filter(|one| one.category() == category).collect();
        // What a document is stands below its bytes; the put is asked again with the real tier.
        let tier = if category == Category::Documents { Tier::T2 } else { category.tier() };
        Self { record_types, category, tier, owner: None, content: None, fields: Vec::new() }
    }

    /// Where it stands, for a refusal: "worker.immigration_status".
    pub(super) fn paths(&self) -> Vec<String> {
        self.record_types.iter().map(|record_type| path_of(record_type.name(), *record_type)).collect()
    }

    /// Paths of its set fields that a list of paths names: the field itself, what it is part of, or a part of it.
    pub(super) fn fields_named_in<'l>(&self, list: impl Iterator<Item = &'l str> + Clone) -> Vec<String> {
        let named = |field: &str| list.clone().any(|entry| touches(entry, field));
        let record_type = self.record_types.first().copied();
        let fields = self.fields.iter().filter(|field| named(field));
        record_type.map(|one| fields.map(|field| path_of(field, one)).collect()).unwrap_or_default()
    }
}

/// What an offer says at once: the corridor, the codes that may be said, the counts of a group, sex and age band.
fn said_in(offer: &Offer) -> Vec<Piece<'_>> {
    let mut pieces = vec![Piece {
        record_types: vec![RecordType::Complaint],
        category: Category::CaseCore,
        tier: Tier::T1,
        owner: None,
        content: None,
        fields: complaint_fields(offer),
    }];
    let journey = offer.journey.clone().map(RecordContent::Journey);
    let demographic = offer.demographic.clone().map(RecordContent::Demographic);
    let group_count = offer.group_count.clone().map(RecordContent::GroupCount);
    let said = [journey, demographic, group_count].into_iter().flatten();
    pieces.extend(said.map(|content| Piece::record(Cow::Owned(content), None)));
    pieces
}

/// What an offer says beyond "check on her".
fn said_beyond(offer: &Offer) -> Vec<String> {
    let said = [
        ("offer.services_requested", !offer.services_requested.is_empty()),
        ("offer.tier", offer.tier > Tier::T2),
        ("worker.journey", offer.journey.is_some()),
        ("worker.demographic", offer.demographic.is_some()),
        ("case.complaint.intake_kind", offer.intake_kind != IntakeKind::Inquiry),
        ("case.complaint.codes", !offer.complaint_codes.is_empty()),
        ("case.complaint.assistance_requested", !offer.assistance_requested.is_empty()),
        ("case.group_count", offer.group_count.is_some()),
    ];
    said.into_iter().filter(|(_, says)| *says).map(|(path, _)| path.to_owned()).collect()
}

fn complaint_fields(offer: &Offer) -> Vec<&'static str> {
    let mut fields = vec!["complaint.kind", "complaint.intake_kind"];
    fields.extend((!offer.complaint_codes.is_empty()).then_some("complaint.codes"));
    fields.extend((!offer.assistance_requested.is_empty()).then_some("complaint.assistance_requested"));
    fields
}

fn is_welfare_check(purpose: Purpose, grant: Option<&Grant>) -> bool {
    purpose == Purpose::WelfareCheck || grant.is_some_and(|grant| grant.basis == ConsentBasis::WelfareCheck)
}

fn is_minor(demographic: &Demographic) -> bool {
    demographic.age_band == AgeBand::Under18
}

/// Whose path it is: the worker's own records stand under "worker", the others under "case".
fn path_of(path: &str, record_type: RecordType) -> String {
    format!("{}.{path}", if record_type.is_about_worker() { "worker" } else { "case" })
}

/// Whether an entry of a deny-list touches a field. An entry may start with "worker." or "case.", as refusals do.
fn touches(entry: &str, field: &str) -> bool {
    let entry = entry.strip_prefix("worker.").or_else(|| entry.strip_prefix("case.")).unwrap_or(entry);
    let below = |path: &str, parent: &str| path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    below(field, entry) || below(entry, field)
}
