//! What a document is. Its bytes are pulled after acceptance, by their own messages.

use crate::model::code::coded;
use crate::model::id::Digest;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::shown;
use crate::model::value::{Language, Text, redacted};
use crate::model::vocabulary::Tier;
use crate::wire;

coded! {
    /// Type of document.
    pub enum DocumentType from DocumentType {
        /// Contract.
        Contract = "CONTRACT",
        /// Payslip.
        Payslip = "PAYSLIP",
        /// Bank statement.
        BankStatement = "BANK_STATEMENT",
        /// Identity document: two-person release.
        IdDocument = "ID_DOCUMENT",
        /// Permit.
        Permit = "PERMIT",
        /// Medical report: two-person release.
        MedicalReport = "MEDICAL_REPORT",
        /// Photograph of evidence.
        Photo = "PHOTO",
        /// Chat log.
        ChatLog = "CHAT_LOG",
        /// Complaint letter.
        ComplaintLetter = "COMPLAINT_LETTER",
        /// Decision.
        Decision = "DECISION",
        /// Settlement.
        Settlement = "SETTLEMENT",
        /// Power of attorney.
        PowerOfAttorney = "POWER_OF_ATTORNEY",
        /// Consent form: never leaves the node.
        ConsentForm = "CONSENT_FORM",
        /// Receipt.
        Receipt = "RECEIPT",
    }
}

coded! {
    /// Who holds a document.
    pub enum DocumentHolder from DocumentHolder {
        /// The worker.
        Worker = "WORKER",
        /// The employer.
        Employer = "EMPLOYER",
        /// The recruiter.
        Recruiter = "RECRUITER",
        /// An embassy.
        Embassy = "EMBASSY",
        /// Lost.
        Lost = "LOST",
        /// The union.
        Union = "UNION",
    }
}

/// What a document is.
#[derive(Clone, PartialEq)]
pub struct DocumentManifest {
    /// Type.
    pub document_type: DocumentType,
    /// Its language.
    pub language: Option<Language>,
    /// Who holds the original; none: not known.
    pub original_with: Option<DocumentHolder>,
    /// Media type, such as `application/pdf`.
    pub media_type: Option<Text>,
    /// Bytes.
    pub size_bytes: u64,
    /// Keyed digest of the bytes.
    pub content_digest: Option<Digest>,
}

redacted!(DocumentManifest);

impl DocumentManifest {
    /// What a document is stands below its bytes, except where its type alone says too much (`domain.md` 2.0, 2.4).
    #[must_use]
    pub fn tier(&self) -> Tier {
        match self.document_type {
            DocumentType::IdDocument | DocumentType::Permit => Tier::T3,
            DocumentType::MedicalReport => Tier::T4,
            DocumentType::Contract
            | DocumentType::Payslip
            | DocumentType::BankStatement
            | DocumentType::Photo
            | DocumentType::ChatLog
            | DocumentType::ComplaintLetter
            | DocumentType::Decision
            | DocumentType::Settlement
            | DocumentType::PowerOfAttorney
            | DocumentType::ConsentForm
            | DocumentType::Receipt => Tier::T2,
        }
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code is in no list, or the language, media type or digest breaks its form.
    pub fn from_wire(manifest: &wire::DocumentManifest) -> Result<Self, Malformed> {
        let wire::DocumentManifest { document_type, language, original_with, media_type, size_bytes, content_digest } = manifest;
        Ok(Self {
            document_type: DocumentType::from_wire(*document_type).at("document_type")?,
            language: Language::parse_optional(language).at("language")?,
            original_with: DocumentHolder::from_wire_optional(*original_with).at("original_with")?,
            media_type: if media_type.is_empty() { None } else { Some(parse_media_type(media_type).at("media_type")?) },
            size_bytes: *size_bytes,
            content_digest: Digest::from_wire_optional(content_digest).at("content_digest")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::DocumentManifest {
        wire::DocumentManifest {
            document_type: self.document_type.to_wire(),
            language: shown(self.language.as_ref()),
            original_with: self.original_with.map_or(0, DocumentHolder::to_wire),
            media_type: Text::optional_to_wire(self.media_type.as_ref()),
            size_bytes: self.size_bytes,
            content_digest: self.content_digest.map_or_else(bytes::Bytes::new, Digest::to_wire),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 6] {
        [
            ("document.document_type", true),
            ("document.language", self.language.is_some()),
            ("document.original_with", self.original_with.is_some()),
            ("document.media_type", self.media_type.is_some()),
            ("document.size_bytes", self.size_bytes > 0),
            ("document.content_digest", self.content_digest.is_some()),
        ]
    }
}

fn parse_media_type(text: &str) -> Result<Text, Malformed> {
    let character = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
    let part = |part: &str| !part.is_empty() && part.chars().all(character);
    if text.split_once('/').is_some_and(|(kind, subtype)| part(kind) && part(subtype)) {
        Text::parse(text, Text::CODE_BYTES)
    } else {
        Err(Malformed::new("must be a media type such as application/pdf"))
    }
}
