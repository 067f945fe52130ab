//! Why the gate said no.

use crate::model::code::coded;
use crate::model::malformed::Malformed;
use crate::wire;

coded! {
    /// One code a refusal, in the gate's fixed order (`domain.md` 4.5).
    pub enum RefusalCode from RefusalCode {
        /// Certificate, signature or address is not the peer's.
        PeerIdentity = "PEER_IDENTITY",
        /// This kind of organisation may never receive a record.
        RecipientKindForbidden = "RECIPIENT_KIND_FORBIDDEN",
        /// Suspended, not confirmed or compromised.
        PeerSuspended = "PEER_SUSPENDED",
        /// No agreement between the two unions.
        NoAgreement = "NO_AGREEMENT",
        /// One of the two is not an implementing party.
        NotAParty = "NOT_A_PARTY",
        /// A declared government approval is missing.
        AgreementPendingGovernment = "AGREEMENT_PENDING_GOVERNMENT",
        /// Suspended by a party.
        AgreementSuspended = "AGREEMENT_SUSPENDED",
        /// Past its last day.
        AgreementExpired = "AGREEMENT_EXPIRED",
        /// Not in force for another reason.
        AgreementNotInForce = "AGREEMENT_NOT_IN_FORCE",
        /// No data-sharing annex.
        NoDataAnnex = "NO_DATA_ANNEX",
        /// No annex in this direction.
        AnnexDirection = "ANNEX_DIRECTION",
        /// Purpose not covered.
        PurposeOutOfScope = "PURPOSE_OUT_OF_SCOPE",
        /// Record type not covered.
        RecordTypeOutOfScope = "RECORD_TYPE_OUT_OF_SCOPE",
        /// Category not covered, or field on the deny-list.
        FieldOutOfScope = "FIELD_OUT_OF_SCOPE",
        /// Above the highest tier.
        TierTooHigh = "TIER_TOO_HIGH",
        /// Somebody else's record may not be passed on.
        OnwardProhibited = "ONWARD_PROHIBITED",
        /// The transfer assessment is out of date.
        StaleAssessment = "STALE_ASSESSMENT",
        /// A document, or all of a referral's together, hold more bytes than the annex allows.
        DocumentTooLarge = "DOCUMENT_TOO_LARGE",
        /// No consent.
        NoConsent = "NO_CONSENT",
        /// Given for another recipient.
        ConsentRecipient = "CONSENT_RECIPIENT",
        /// Given by somebody who may not give it.
        ProxyConsent = "PROXY_CONSENT",
        /// A leader's mandate is not a member's consent.
        GroupMemberConsent = "GROUP_MEMBER_CONSENT",
        /// Withdrawn.
        ConsentWithdrawn = "CONSENT_WITHDRAWN",
        /// Past its date.
        ConsentExpired = "CONSENT_EXPIRED",
        /// Another purpose.
        ConsentPurpose = "CONSENT_PURPOSE",
        /// Category not granted, or withheld.
        ConsentCategory = "CONSENT_CATEGORY",
        /// Method not allowed here.
        ConsentMethod = "CONSENT_METHOD",
        /// Notice or a required warning missing.
        ConsentNotice = "CONSENT_NOTICE",
        /// The worker prohibited this recipient.
        ClientProhibitedRecipient = "CLIENT_PROHIBITED_RECIPIENT",
        /// A second person's approval is missing.
        ApprovalMissing = "APPROVAL_MISSING",
        /// Contact without its safe-contact rules.
        SafeContactMissing = "SAFE_CONTACT_MISSING",
        /// The recipient serves members only.
        MembershipRequired = "MEMBERSHIP_REQUIRED",
        /// A count so small that it names people.
        SmallCell = "SMALL_CELL",
        /// Under legal hold.
        LegalHold = "LEGAL_HOLD",
        /// Seen before under another body.
        Replay = "REPLAY",
        /// Older than what is held.
        StaleVersion = "STALE_VERSION",
        /// Free text where only codes may stand.
        FreeTextForbidden = "FREE_TEXT_FORBIDDEN",
        /// Cannot be read, or breaks a rule of its form.
        Malformed = "MALFORMED",
        /// Bytes of a type that is not on the list, or not of the type they are said to be.
        DocumentType = "DOCUMENT_TYPE",
        /// Bytes that are not those of the document's digest.
        DocumentDamaged = "DOCUMENT_DAMAGED",
        /// Written for a newer version of the software than the reader's.
        NewerVersion = "NEWER_VERSION",
        /// Names an extension that must be known and is not.
        UnknownExtension = "UNKNOWN_EXTENSION",
        /// An earlier envelope of the same case is parked.
        CaseParked = "CASE_PARKED",
    }
}

/// One refusal: its code, and the paths of the fields concerned. Never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{code}{}", if paths.is_empty() { String::new() } else { format!(": {}", paths.join(", ")) })]
pub struct Refusal {
    /// The one code.
    pub code: RefusalCode,
    /// Paths such as "worker.immigration_status". At most [`Refusal::PATHS_MAX`].
    pub paths: Vec<String>,
}

impl Refusal {
    /// More paths than a screen holds help nobody.
    pub const PATHS_MAX: usize = 64;

    /// A refusal without paths.
    #[must_use]
    pub fn new(code: RefusalCode) -> Self {
        Self { code, paths: Vec::new() }
    }

    /// Adds the path of a field; empty paths and those beyond the limit are left out.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        if !path.is_empty() && self.paths.len() < Self::PATHS_MAX {
            self.paths.push(path);
        }
        self
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the code is unknown or there are too many paths.
    pub fn from_wire(refusal: &wire::Refusal) -> Result<Self, Malformed> {
        let wire::Refusal { code, paths } = refusal;
        if paths.len() > Self::PATHS_MAX {
            return Err(Malformed::new("has more than 64 paths").at("paths"));
        }
        Ok(Self { code: RefusalCode::from_wire(*code)?, paths: paths.clone() })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Refusal {
        wire::Refusal { code: self.code.to_wire(), paths: self.paths.clone() }
    }
}
