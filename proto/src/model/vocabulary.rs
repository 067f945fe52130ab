//! Categories, tiers, purposes and kinds of organisation: the words an agreement and a consent are made of.

use crate::model::code::coded;

coded! {
    /// What kind of data a record is. Consent, annex scope, replication and erasure all work per record, by its category.
    pub enum Category from Category {
        /// Organisations, materials, aggregates.
        Directory = "DIRECTORY",
        /// Complaint codes, corridor, stage, urgency, language.
        CaseCore = "CASE_CORE",
        /// Sex, age band, nationality.
        Demographic = "DEMOGRAPHIC",
        /// Name, name in its own script.
        Identity = "IDENTITY",
        /// Telephone, messenger, address.
        Contact = "CONTACT",
        /// Safe name, safe-contact rules.
        Safety = "SAFETY",
        /// Employer or recruiter.
        Employer = "EMPLOYER",
        /// Amounts, periods, outcome.
        Claim = "CLAIM",
        /// Free text.
        Narrative = "NARRATIVE",
        /// Documents and identity documents.
        Documents = "DOCUMENTS",
        /// Permit, visa, irregular situation.
        ImmigrationStatus = "IMMIGRATION_STATUS",
        /// Union membership.
        UnionMembership = "UNION_MEMBERSHIP",
        /// Family members, third-party reporter.
        Family = "FAMILY",
        /// Injury, illness, pregnancy, disability.
        Health = "HEALTH",
        /// Violence, forced marriage, trafficking.
        GbvTrafficking = "GBV_TRAFFICKING",
        /// A named person as perpetrator.
        AllegedOffence = "ALLEGED_OFFENCE",
    }
}

impl Category {
    /// The tier of the category (`domain.md` 2.0). A record may stand above it, and a document's manifest below it.
    #[must_use]
    pub fn tier(self) -> Tier {
        match self {
            Self::Directory => Tier::T0,
            Self::CaseCore | Self::Demographic => Tier::T1,
            Self::Identity | Self::Contact | Self::Safety | Self::Employer | Self::Claim => Tier::T2,
            Self::Narrative | Self::Documents | Self::ImmigrationStatus | Self::UnionMembership | Self::Family => Tier::T3,
            Self::Health | Self::GbvTrafficking | Self::AllegedOffence => Tier::T4,
        }
    }
}

coded! {
    /// Sensitivity, from T0 (public) to T4 (can cost a life). Ordered.
    pub enum Tier from Tier {
        /// Public.
        T0 = "T0",
        /// Pseudonymous facts of a case.
        T1 = "T1",
        /// Personal data.
        T2 = "T2",
        /// Sensitive.
        T3 = "T3",
        /// Most sensitive.
        T4 = "T4",
    }
}

coded! {
    /// Why a recipient may use what it gets.
    pub enum Purpose from Purpose {
        /// Advice, representation, complaint, court.
        LegalAid = "LEGAL_AID",
        /// Recovering wages and benefits.
        WageRecovery = "WAGE_RECOVERY",
        /// Return and reintegration.
        ReturnReintegration = "RETURN_REINTEGRATION",
        /// Getting documents back.
        DocumentRecovery = "DOCUMENT_RECOVERY",
        /// Psychosocial care.
        PsychosocialCare = "PSYCHOSOCIAL_CARE",
        /// Shelter.
        Shelter = "SHELTER",
        /// Contact with family.
        FamilyContact = "FAMILY_CONTACT",
        /// Union membership.
        UnionMembership = "UNION_MEMBERSHIP",
        /// A welfare check.
        WelfareCheck = "WELFARE_CHECK",
        /// Suppressed statistics.
        Statistics = "STATISTICS",
    }
}

coded! {
    /// What kind of organisation a partner is (`domain.md` 2.10).
    pub enum PartnerKind from PartnerKind {
        /// A national confederation.
        NationalUnion = "NATIONAL_UNION",
        /// A union of one sector.
        SectoralUnion = "SECTORAL_UNION",
        /// A network of a global federation in one sector.
        SectoralNetwork = "SECTORAL_NETWORK",
        /// A regional union body.
        RegionalUnionBody = "REGIONAL_UNION_BODY",
        /// A global union.
        GlobalUnion = "GLOBAL_UNION",
        /// An association of migrants.
        MigrantAssociation = "MIGRANT_ASSOCIATION",
        /// A women's crisis centre.
        WomensCrisisCentre = "WOMENS_CRISIS_CENTRE",
        /// A women's organisation.
        WomensOrganisation = "WOMENS_ORGANISATION",
        /// A shelter.
        Shelter = "SHELTER",
        /// Legal aid.
        LegalAid = "LEGAL_AID",
        /// Health care.
        Health = "HEALTH",
        /// A hotline.
        Hotline = "HOTLINE",
        /// A government office.
        GovernmentOffice = "GOVERNMENT_OFFICE",
        /// An embassy or high commission.
        DiplomaticMission = "DIPLOMATIC_MISSION",
        /// An association of recruiters.
        RecruitmentAgencyAssociation = "RECRUITMENT_AGENCY_ASSOCIATION",
        /// A body of employers.
        EmployerBody = "EMPLOYER_BODY",
        /// An intergovernmental organisation.
        Intergovernmental = "INTERGOVERNMENTAL",
        /// A donor.
        Donor = "DONOR",
    }
}

impl PartnerKind {
    /// Whether an organisation of this kind may be a peer at all (`domain.md` 2.10: an allow-list). No agreement changes it.
    #[must_use]
    pub fn may_be_peer(self) -> bool {
        match self {
            Self::NationalUnion
            | Self::SectoralUnion
            | Self::SectoralNetwork
            | Self::RegionalUnionBody
            | Self::GlobalUnion
            | Self::MigrantAssociation
            | Self::WomensCrisisCentre
            | Self::WomensOrganisation
            | Self::Shelter
            | Self::LegalAid => true,
            Self::Health
            | Self::Hotline
            | Self::GovernmentOffice
            | Self::DiplomaticMission
            | Self::RecruitmentAgencyAssociation
            | Self::EmployerBody
            | Self::Intergovernmental
            | Self::Donor => false,
        }
    }
}
