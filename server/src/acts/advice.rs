//! What each code of the gate means to the person at the desk, and what she does next.

use titian_proto::model::refusal::RefusalCode;

/// What the code means, as the end of a sentence.
#[must_use]
pub fn meaning(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::PeerIdentity => "the other union's node could not prove who it is",
        RefusalCode::RecipientKindForbidden => "this kind of organisation may never receive a worker's record",
        RefusalCode::PeerSuspended => "that union's node is suspended, compromised or not confirmed here",
        RefusalCode::NoAgreement => "there is no agreement between the two unions",
        RefusalCode::NotAParty => "one of the two unions is not an implementing party of the agreement",
        RefusalCode::AgreementPendingGovernment => "a government approval that the agreement declares is missing",
        RefusalCode::AgreementSuspended => "a party has suspended the agreement",
        RefusalCode::AgreementExpired => "the agreement is past its last day",
        RefusalCode::AgreementNotInForce => "the agreement is not in force",
        RefusalCode::NoDataAnnex => "the agreement has no data-sharing annex",
        RefusalCode::AnnexDirection => "no annex of the agreement covers this direction",
        RefusalCode::PurposeOutOfScope => "the annex does not cover this purpose",
        RefusalCode::RecordTypeOutOfScope => "the annex does not cover this type of record",
        RefusalCode::FieldOutOfScope => "the annex does not cover this category or field",
        RefusalCode::TierTooHigh => "the record is more sensitive than the annex allows",
        RefusalCode::OnwardProhibited => "another union's record may not be passed on",
        RefusalCode::StaleAssessment => "the transfer assessment of the annex is out of date",
        RefusalCode::NoConsent => "the worker has not consented",
        RefusalCode::ConsentRecipient => "the worker consented for another recipient",
        RefusalCode::ProxyConsent => "the consent was given by somebody who may not give it",
        RefusalCode::GroupMemberConsent => "a leader's mandate is not a member's consent",
        RefusalCode::ConsentWithdrawn => "the worker has withdrawn the consent",
        RefusalCode::ConsentExpired => "the consent is past its date",
        RefusalCode::ConsentPurpose => "the worker consented for another purpose",
        RefusalCode::ConsentCategory => "the worker did not grant this category, or withheld it",
        RefusalCode::ConsentMethod => "the consent was taken in a way that the annex does not allow",
        RefusalCode::ConsentNotice => "the consent lacks a notice or a warning that must be given",
        RefusalCode::ClientProhibitedRecipient => "the worker prohibited this recipient",
        RefusalCode::ApprovalMissing => "a second person's approval is missing",
        RefusalCode::SafeContactMissing => "a contact stands without its safe-contact rules",
        RefusalCode::MembershipRequired => "the recipient serves its members only",
        RefusalCode::SmallCell => "a count is so small that it would name people",
        RefusalCode::LegalHold => "the record is under legal hold",
        RefusalCode::Replay => "the same transfer was seen before with another body",
        RefusalCode::StaleVersion => "it is older than what is held",
        RefusalCode::FreeTextForbidden => "free text stands where only codes may",
        RefusalCode::Malformed => "it cannot be read, or breaks a rule of its form",
    }
}

/// What to do next: one sentence.
#[must_use]
pub fn next_step(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::PeerIdentity => "Do not send; an admin compares the fingerprint words with the paper agreement.",
        RefusalCode::RecipientKindForbidden => {
            "Choose a union; to a government body the worker goes herself, with your company if she wants it."
        }
        RefusalCode::PeerSuspended => "Ask an admin why; help the worker by other means meanwhile.",
        RefusalCode::NoAgreement => "Choose another union, or ask an admin to conclude an agreement with this one.",
        RefusalCode::NotAParty => "Choose a union that is an implementing party, or ask an admin whether it can accede.",
        RefusalCode::AgreementPendingGovernment => "An admin attaches the approval when the government has given it.",
        RefusalCode::AgreementSuspended => "Ask an admin; nothing new leaves until the party that suspended it resumes it.",
        RefusalCode::AgreementExpired => "An admin concludes a new version of the agreement.",
        RefusalCode::AgreementNotInForce => "An admin looks at the agreement: a signature or its first day is missing, or it has ended.",
        RefusalCode::NoDataAnnex => "An admin concludes a version of the agreement with a data-sharing annex.",
        RefusalCode::AnnexDirection => "An admin concludes an annex for this direction.",
        RefusalCode::PurposeOutOfScope => "Choose a purpose that the annex names, if it is truly the worker's purpose.",
        RefusalCode::RecordTypeOutOfScope => "Leave this type of record out of the selection.",
        RefusalCode::FieldOutOfScope => "Leave this category or field out of the selection.",
        RefusalCode::TierTooHigh => "Leave the sensitive category out of the selection.",
        RefusalCode::OnwardProhibited => "Leave the other union's records out; ask that union to refer the worker itself.",
        RefusalCode::StaleAssessment => "An admin renews the transfer assessment and the annex.",
        RefusalCode::NoConsent => "Explain the notice to the worker in her language and record her consent, then send again.",
        RefusalCode::ConsentRecipient => "Ask the worker about this recipient and record a consent that names it.",
        RefusalCode::ProxyConsent => "Take consent from the worker herself, or from a guardian who may give it.",
        RefusalCode::GroupMemberConsent => "Take each member's own consent.",
        RefusalCode::ConsentWithdrawn => "Respect it; only the worker herself can grant again.",
        RefusalCode::ConsentExpired => "Ask the worker again and record a new consent.",
        RefusalCode::ConsentPurpose => "Ask the worker about this purpose and record a consent that names it.",
        RefusalCode::ConsentCategory => "Leave the category out, or ask the worker about it and record what she says.",
        RefusalCode::ConsentMethod => "Take the consent again in a way that the annex allows.",
        RefusalCode::ConsentNotice => "Explain the current notice with its warnings in the worker's language and record the consent again.",
        RefusalCode::ClientProhibitedRecipient => "Choose another recipient; the worker does not want this one.",
        RefusalCode::ApprovalMissing => "Ask a supervisor who did not write the referral to approve it.",
        RefusalCode::SafeContactMissing => "Ask the worker how she can be reached safely and record it.",
        RefusalCode::MembershipRequired => "Ask the worker whether she is a member, or choose a recipient that serves everybody.",
        RefusalCode::SmallCell => "Use wider groups so that nobody can be recognised.",
        RefusalCode::LegalHold => "Ask whoever set the hold; it ends by their word only.",
        RefusalCode::Replay => "Union IT looks at the node's log lines: two different bodies claim to be one transfer.",
        RefusalCode::StaleVersion => "Read the newest state and decide again.",
        RefusalCode::FreeTextForbidden => "Use a code of the list; take the text out.",
        RefusalCode::Malformed => "Correct the fields that are named and try again.",
    }
}
