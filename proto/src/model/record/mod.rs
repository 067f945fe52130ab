//! The unit of everything: one typed piece of a case, of exactly one category. The type fixes the category; the content can raise the tier.
//!
//! There is deliberately no field for religion, ethnicity, political opinion, biometrics, photograph or position: absent fields cannot leak.

mod claim;
mod complaint;
mod complaint_code;
mod contact;
mod contact_window;
mod demographic;
mod document;
mod family;
mod group_count;
mod identity;
mod identity_document;
mod immigration;
mod journey;
mod material;
mod membership;
mod narrative;
mod outcome;
mod partner;
mod party;
mod safety;
mod sensitive;
mod service;
mod shared;

pub use claim::Claim;
pub use complaint::{Assistance, CaseKind, CaseStage, ClientDecision, ClosureReason, Complaint, IntakeChannel, IntakeKind, Route};
pub use complaint_code::ComplaintCode;
pub use contact::{Contact, ContactKind, ContactPoint, DeviceHolder};
pub use contact_window::{ContactWindow, Days, Zone};
pub use demographic::{AgeBand, Demographic, Sex};
pub use document::{DocumentHolder, DocumentManifest, DocumentType};
pub use family::{Family, Relation};
pub use group_count::GroupCount;
pub use identity::Identity;
pub use identity_document::{IdentityDocument, IdentityDocumentKind};
pub use immigration::{ImmigrationStatus, ImmigrationStatusCode};
pub use journey::{Journey, MigrationStage};
pub use material::{InformationMaterial, MaterialTopic};
pub use membership::{MembershipKind, UnionMembership};
pub use narrative::Narrative;
pub use outcome::{Confirmation, Conversion, Outcome, OutcomeType};
pub use partner::Partner;
pub use party::{Party, PartyRole, Sector};
pub use safety::Safety;
pub use sensitive::{AllegedOffence, GbvTrafficking, Health, HealthCondition, ViolenceType};
pub use service::{ActionResult, Service, ServiceAction};
pub use shared::SharedRecord;

use crate::model::malformed::{At, Malformed};
use crate::model::vocabulary::{Category, Tier};
use crate::wire;
use crate::wire::record_content::Content as WireContent;

/// Declares the closed list of record types: what each says, its name in agreements, consents and refusals, and its category.
macro_rules! record_types {
    ($( $(#[$meta:meta])* $variant:ident($content:ident) = $name:literal in $category:ident, )+) => {
        /// Which type of record. Its name is the name of the field in the contract, such as `immigration_status`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RecordType {
            $( $(#[$meta])* $variant, )+
        }

        impl RecordType {
            /// Every type, in the order of the contract.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Its name in agreements, consents and refusals.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// The category of every record of this type.
            #[must_use]
            pub fn category(self) -> Category {
                match self { $( Self::$variant => Category::$category, )+ }
            }
        }

        /// What a record says.
        #[derive(Clone, PartialEq)]
        pub enum RecordContent {
            $( $(#[$meta])* $variant($content), )+
        }

        impl RecordType {
    /// Whether it is about the worker herself; the others are about the case.
    #[must_use]
    pub fn is_about_worker(self) -> bool {
        match self {
            Self::Journey
            | Self::Demographic
            | Self::Identity
            | Self::Contact
            | Self::Safety
            | Self::ImmigrationStatus
            | Self::UnionMembership
            | Self::Family
            | Self::Health => true,
            Self::Complaint
            | Self::ServiceAction
            | Self::GroupCount
            | Self::Employer
            | Self::Claim
            | Self::Outcome
            | Self::Narrative
            | Self::Document
            | Self::IdentityDocument
            | Self::GbvTrafficking
            | Self::AllegedOffence
            | Self::Partner
            | Self::Material => false,
        }
    }
}

impl RecordContent {
            /// Which type it is.
            #[must_use]
            pub fn record_type(&self) -> RecordType {
                match self { $( Self::$variant(_) => RecordType::$variant, )+ }
            }

            /// Reads one from the wire.
            ///
            /// # Errors
            /// When it says nothing, or a field breaks its form; the path starts with the type's name.
            pub fn from_wire(content: &wire::RecordContent) -> Result<Self, Malformed> {
                let wire::RecordContent { content } = content;
                match content {
                    $( Some(WireContent::$variant(content)) => $content::from_wire(content).at($name).map(Self::$variant), )+
                    None => Err(Malformed::new("must say something: one record type, exactly")),
                }
            }

            /// Writes it for the wire.
            #[must_use]
            pub fn to_wire(&self) -> wire::RecordContent {
                wire::RecordContent { content: Some(match self { $( Self::$variant(content) => WireContent::$variant(content.to_wire()), )+ }) }
            }

            /// Paths of the fields that are set, such as `claim.amount`: what the deny-list of an annex is compared with.
            #[must_use]
            pub fn field_paths(&self) -> Vec<&'static str> {
                match self {
                    $( Self::$variant(content) => content.fields().iter().filter_map(|(path, set)| set.then_some(*path)).collect(), )+
                }
            }
        }
    };
}

record_types! {
    /// Where she comes from and where she is.
    Journey(Journey) = "journey" in CaseCore,
    /// What is complained of and how it stands.
    Complaint(Complaint) = "complaint" in CaseCore,
    /// One service given.
    ServiceAction(ServiceAction) = "service_action" in CaseCore,
    /// Counts of a group case.
    GroupCount(GroupCount) = "group_count" in CaseCore,
    /// Sex, age band, nationality.
    Demographic(Demographic) = "demographic" in Demographic,
    /// Name.
    Identity(Identity) = "identity" in Identity,
    /// How to reach her.
    Contact(Contact) = "contact" in Contact,
    /// How she may be contacted, and who must never learn of it.
    Safety(Safety) = "safety" in Safety,
    /// Employer or recruiter.
    Employer(Party) = "employer" in Employer,
    /// What is owed.
    Claim(Claim) = "claim" in Claim,
    /// What came of it.
    Outcome(Outcome) = "outcome" in Claim,
    /// Free text.
    Narrative(Narrative) = "narrative" in Narrative,
    /// What a document is, not its bytes.
    Document(DocumentManifest) = "document" in Documents,
    /// An identity document.
    IdentityDocument(IdentityDocument) = "identity_document" in Documents,
    /// Immigration status.
    ImmigrationStatus(ImmigrationStatus) = "immigration_status" in ImmigrationStatus,
    /// Union membership.
    UnionMembership(UnionMembership) = "union_membership" in UnionMembership,
    /// A family member or third-party reporter.
    Family(Family) = "family" in Family,
    /// Health.
    Health(Health) = "health" in Health,
    /// Violence or trafficking.
    GbvTrafficking(GbvTrafficking) = "gbv_trafficking" in GbvTrafficking,
    /// A named natural person as perpetrator.
    AllegedOffence(AllegedOffence) = "alleged_offence" in AllegedOffence,
    /// A partner organisation.
    Partner(Partner) = "partner" in Directory,
    /// An information material.
    Material(InformationMaterial) = "material" in Directory,
}

impl std::fmt::Debug for RecordContent {
    /// The record type and nothing it says.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordContent({})", self.record_type())
    }
}

impl RecordContent {
    /// The one category it belongs to.
    #[must_use]
    pub fn category(&self) -> Category {
        self.record_type().category()
    }

    /// How sensitive it is: the tier of its category, unless what it says moves it (`domain.md` 2.0, 2.3, 2.4).
    #[must_use]
    pub fn tier(&self) -> Tier {
        match self {
            Self::Complaint(complaint) => complaint.tier(),
            Self::Employer(party) => party.tier(),
            Self::Document(manifest) => manifest.tier(),
            Self::Journey(_)
            | Self::ServiceAction(_)
            | Self::GroupCount(_)
            | Self::Demographic(_)
            | Self::Identity(_)
            | Self::Contact(_)
            | Self::Safety(_)
            | Self::Claim(_)
            | Self::Outcome(_)
            | Self::Narrative(_)
            | Self::IdentityDocument(_)
            | Self::ImmigrationStatus(_)
            | Self::UnionMembership(_)
            | Self::Family(_)
            | Self::Health(_)
            | Self::GbvTrafficking(_)
            | Self::AllegedOffence(_)
            | Self::Partner(_)
            | Self::Material(_) => self.category().tier(),
        }
    }

    /// Whether it may leave the node at all. What may not leave, leaves under no agreement and no consent.
    #[must_use]
    pub fn may_leave(&self) -> bool {
        self.path_that_stays().is_none()
    }

    /// The path that keeps the record at the node: the scan of a consent form, the name of somebody who reported the case, the number of an
    /// identity document (`domain.md` 2.1, 2.2, 2.4: default N).
    #[must_use]
    pub fn path_that_stays(&self) -> Option<&'static str> {
        match self {
            Self::Document(manifest) => (manifest.document_type == DocumentType::ConsentForm).then_some("document.document_type"),
            Self::IdentityDocument(document) => document.number.is_some().then_some("identity_document.number"),
            Self::Family(family) => (family.reporter && family.name.is_some()).then_some("family.name"),
            Self::Journey(_)
            | Self::Complaint(_)
            | Self::ServiceAction(_)
            | Self::GroupCount(_)
            | Self::Demographic(_)
            | Self::Identity(_)
            | Self::Contact(_)
            | Self::Safety(_)
            | Self::Employer(_)
            | Self::Claim(_)
            | Self::Outcome(_)
            | Self::Narrative(_)
            | Self::ImmigrationStatus(_)
            | Self::UnionMembership(_)
            | Self::Health(_)
            | Self::GbvTrafficking(_)
            | Self::AllegedOffence(_)
            | Self::Partner(_)
            | Self::Material(_) => None,
        }
    }

    /// Whether it holds sentences in somebody's own words.
    #[must_use]
    pub fn has_free_text(&self) -> bool {
        matches!(self, Self::Narrative(_))
    }
}

impl RecordType {
    /// The type with this name.
    ///
    /// # Errors
    /// When there is no such type.
    pub fn from_name(name: &str) -> Result<Self, Malformed> {
        Self::ALL.iter().copied().find(|one| one.name() == name).ok_or_else(|| Malformed::unknown_code("RecordType"))
    }
}

impl std::fmt::Display for RecordType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for RecordType {
    type Err = Malformed;

    fn from_str(name: &str) -> Result<Self, Malformed> {
        Self::from_name(name)
    }
}

impl serde::Serialize for RecordType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for RecordType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::from_name(&name).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
