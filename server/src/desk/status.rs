//! An act's error as a gRPC status: the one place where the two meet.
//!
//! Programs rely on the metadata `titian-code`; the gRPC code is for clients that were not written here. A refusal of the gate is
//! `FAILED_PRECONDITION`: something about agreement, consent or content must change first. `PERMISSION_DENIED` always means the caller's role.

use titian_proto::bundle::BundleError;
use titian_proto::model::refusal::RefusalCode;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::{Code, Status};

use crate::acts::error::ActError;
use crate::store::StoreError;
use crate::telemetry::with_causes;

/// Metadata with the stable code.
pub const CODE: &str = "titian-code";
/// Metadata with what to do next.
pub const NEXT_STEP: &str = "titian-next-step";
/// Metadata with the paths of the fields concerned, joined by commas.
pub const PATHS: &str = "titian-paths";

/// Longest value in bytes: all three stay far below the 16 KiB of headers that clients take.
const VALUE_MAX: usize = 2048;

/// The status that the caller gets. The cause of a failure of the node itself goes to the telemetry, once, here.
#[must_use]
pub fn status(error: &ActError) -> Status {
    let code = grpc_code(error);
    if matches!(error, ActError::Internal(_) | ActError::Store(_) | ActError::Busy) {
        tracing::error!(code = error.code(), cause = with_causes(error), "an act could not be done");
    }
    let mut metadata = MetadataMap::new();
    metadata.insert(CODE, ascii(error.code()));
    metadata.insert(NEXT_STEP, ascii(error.next_step()));
    let paths = error.paths();
    if !paths.is_empty() {
        metadata.insert(PATHS, ascii(&paths.iter().map(|path| path.replace(',', "?")).collect::<Vec<_>>().join(",")));
    }
    Status::with_metadata(code, error.to_string(), metadata)
}

/// The gRPC code.
#[must_use]
pub fn grpc_code(error: &ActError) -> Code {
    match error {
        ActError::Refused(refusal) => refusal_code(refusal.code),
        ActError::NotFound { .. } => Code::NotFound,
        ActError::WrongState { .. }
        | ActError::PaperUnsafe
        | ActError::OwnApproval
        | ActError::NotYours
        | ActError::HandedOver { .. }
        | ActError::InEscrow { .. }
        | ActError::SameOfficer
        | ActError::FingerprintDiffers => Code::FailedPrecondition,
        ActError::Bundle(problem) => bundle_code(problem),
        ActError::StaleRevision => Code::Aborted,
        ActError::Malformed(_) | ActError::Descriptor(_) => Code::InvalidArgument,
        ActError::RoleForbids => Code::PermissionDenied,
        ActError::SignInFailed | ActError::LockedOut { .. } | ActError::SessionEnded => Code::Unauthenticated,
        ActError::Conflict { .. } => Code::AlreadyExists,
        ActError::LimitReached { .. } | ActError::Busy => Code::ResourceExhausted,
        ActError::Stopping => Code::Unavailable,
        ActError::HungUp => Code::Cancelled,
        ActError::NoSuchCall => Code::Unimplemented,
        ActError::Internal(_) => Code::Internal,
        ActError::Store(cause) => store_code(cause),
    }
}

/// What is wrong with a file is bad input; what is wrong with what the unions know of each other must change first.
fn bundle_code(problem: &BundleError) -> Code {
    match problem {
        BundleError::NotABundle
        | BundleError::Newer
        | BundleError::Truncated
        | BundleError::Damaged
        | BundleError::ForAnother { .. }
        | BundleError::NotSigned(_)
        | BundleError::Content(_) => Code::InvalidArgument,
        BundleError::SenderUnknown { .. }
        | BundleError::OtherKey { .. }
        | BundleError::NoSealingKey { .. }
        | BundleError::OtherEpoch { .. }
        | BundleError::OtherChain { .. }
        | BundleError::BeforeRestore { .. } => Code::FailedPrecondition,
    }
}

fn store_code(cause: &StoreError) -> Code {
    match cause {
        StoreError::Full | StoreError::Low => Code::ResourceExhausted,
        StoreError::TooLarge { .. } => Code::InvalidArgument,
        StoreError::Stopped => Code::Unavailable,
        StoreError::Missing { .. } => Code::NotFound,
        StoreError::Unreadable { .. }
        | StoreError::Newer { .. }
        | StoreError::OtherNode { .. }
        | StoreError::Import { .. }
        | StoreError::NotEmpty
        | StoreError::HalfImported
        | StoreError::Lines(_)
        | StoreError::Refused { .. }
        | StoreError::Damaged { .. }
        | StoreError::Keyring(_)
        | StoreError::Engine(_) => Code::Internal,
    }
}

/// The gRPC code of a refusal, as `domain.md` 4.5 says.
fn refusal_code(code: RefusalCode) -> Code {
    match code {
        RefusalCode::PeerIdentity => Code::Unauthenticated,
        RefusalCode::DocumentDamaged => Code::DataLoss,
        RefusalCode::Replay | RefusalCode::StaleVersion => Code::Aborted,
        RefusalCode::Malformed | RefusalCode::FreeTextForbidden | RefusalCode::DocumentType => Code::InvalidArgument,
        RefusalCode::RecipientKindForbidden
        | RefusalCode::PeerSuspended
        | RefusalCode::NoAgreement
        | RefusalCode::NotAParty
        | RefusalCode::AgreementPendingGovernment
        | RefusalCode::AgreementSuspended
        | RefusalCode::AgreementExpired
        | RefusalCode::AgreementNotInForce
        | RefusalCode::NoDataAnnex
        | RefusalCode::AnnexDirection
        | RefusalCode::PurposeOutOfScope
        | RefusalCode::RecordTypeOutOfScope
        | RefusalCode::FieldOutOfScope
        | RefusalCode::TierTooHigh
        | RefusalCode::OnwardProhibited
        | RefusalCode::StaleAssessment
        | RefusalCode::DocumentTooLarge
        | RefusalCode::NoConsent
        | RefusalCode::ConsentRecipient
        | RefusalCode::ProxyConsent
        | RefusalCode::GroupMemberConsent
        | RefusalCode::ConsentWithdrawn
        | RefusalCode::ConsentExpired
        | RefusalCode::ConsentPurpose
        | RefusalCode::ConsentCategory
        | RefusalCode::ConsentMethod
        | RefusalCode::ConsentNotice
        | RefusalCode::ClientProhibitedRecipient
        | RefusalCode::ApprovalMissing
        | RefusalCode::SafeContactMissing
        | RefusalCode::MembershipRequired
        | RefusalCode::SmallCell
        | RefusalCode::LegalHold
        | RefusalCode::NewerVersion
        | RefusalCode::UnknownExtension
        | RefusalCode::CaseParked => Code::FailedPrecondition,
    }
}

/// Metadata may hold printable ASCII only; a path from an input file could hold anything.
fn ascii(text: &str) -> AsciiMetadataValue {
    let printable: String = text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(VALUE_MAX).collect();
    AsciiMetadataValue::try_from(printable).unwrap_or_else(|_| AsciiMetadataValue::from_static("?"))
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
