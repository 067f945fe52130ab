//! What each code of the gate means to the people who read it, and what they do next. The sentences never hold a value.

use crate::model::refusal::RefusalCode;

impl RefusalCode {
    /// What happened, in one sentence.
    #[must_use]
    #[rustfmt::skip] // a table is read by its lines
    pub fn meaning(self) -> &'static str {
        match self {
            Self::PeerIdentity => "The other side could not prove that it is this union.",
            Self::RecipientKindForbidden => "An organisation of this kind may never receive a worker's record, whatever an agreement says.",
            Self::PeerSuspended => "This union is suspended here, or its fingerprint was not yet confirmed by two officers.",
            Self::NoAgreement => "There is no agreement between your union and this one.",
            Self::NotAParty => "One of the two unions is not an implementing party of this agreement.",
            Self::AgreementPendingGovernment => "The agreement is signed, but a government approval that it needs is missing.",
            Self::AgreementSuspended => "A party has suspended the agreement; no case data moves. Withdrawals still pass.",
            Self::AgreementExpired => "The agreement is past its last day.",
            Self::AgreementNotInForce => "The agreement is not in force: not signed by all, not yet effective, ended or replaced, or the two unions hold different texts.",
            Self::NoDataAnnex => "The agreement has no data-sharing annex, so it moves no personal record.",
            Self::AnnexDirection => "No annex of the agreement allows records to go in this direction.",
            Self::PurposeOutOfScope => "The annex does not cover this purpose.",
            Self::RecordTypeOutOfScope => "The annex does not cover this type of record. Nothing was sent.",
            Self::FieldOutOfScope => "The annex does not cover this category, or excludes this field. Nothing was sent.",
            Self::TierTooHigh => "The record is more sensitive than the annex allows.",
            Self::OnwardProhibited => "This record belongs to another union and may not be passed on.",
            Self::StaleAssessment => "The assessment of data protection in the other country is out of date.",
            Self::DocumentTooLarge => "The document, or all documents of this referral together, are larger than the annex allows.",
            Self::NoConsent => "The worker has not given consent. Nothing was sent, and the other union learned nothing.",
            Self::ConsentRecipient => "The worker's consent is for another recipient.",
            Self::ProxyConsent => "The consent was given by somebody who may not give it for her.",
            Self::GroupMemberConsent => "A leader's mandate is not a member's consent.",
            Self::ConsentWithdrawn => "The worker has withdrawn her consent.",
            Self::ConsentExpired => "The worker's consent is past its date.",
            Self::ConsentPurpose => "The worker has not allowed this purpose.",
            Self::ConsentCategory => "The worker has not allowed this kind of data, or has withheld it.",
            Self::ConsentMethod => "Consent given in this way is not valid for this transfer.",
            Self::ConsentNotice => "A part of the privacy notice, or a warning that must be given, is missing from the consent.",
            Self::ClientProhibitedRecipient => "The worker has said that this recipient must never learn of her.",
            Self::ApprovalMissing => "A second person must approve this, and again after 14 days: it holds sensitive data, or concerns a group, a minor or a welfare check.",
            Self::SafeContactMissing => "A contact may not travel without its safe-contact rules.",
            Self::MembershipRequired => "The other union serves members only.",
            Self::SmallCell => "A count is so small that it could name a person.",
            Self::LegalHold => "It is under legal hold.",
            Self::Replay => "This was seen before with another content.",
            Self::StaleVersion => "It is older than what is already there.",
            Self::FreeTextForbidden => "Free text stands where only codes may stand.",
            Self::Malformed => "Something cannot be read, or breaks a rule of its form.",
            Self::DocumentType => "The bytes are not of a type that may be kept (PDF, JPEG, PNG, WebP, plain text), or not of the type they are said to be.",
            Self::DocumentDamaged => "The bytes are not those of the document's digest.",
            Self::NewerVersion => "The other union's software is older than what was sent, so it parked the case. Nothing is lost; other cases go on.",
            Self::UnknownExtension => "The other union's software does not know a part that it must know, so it parked the case. Nothing is lost; other cases go on.",
            Self::CaseParked => "An earlier message of this case is parked at the other union, so this one waits behind it. Nothing is lost.",
        }
    }

    /// What to do next, in one or two sentences.
    #[must_use]
    #[rustfmt::skip] // a table is read by its lines
    pub fn next_step(self) -> &'static str {
        match self {
            Self::PeerIdentity => "Do not send. Ask the other union's IT by telephone, and compare the fingerprint words with the paper agreement: titian peer list.",
            Self::RecipientKindForbidden => "Refer to a union, a migrants' or women's organisation, a shelter or legal aid instead.",
            Self::PeerSuspended => "Ask your admin: titian peer list, then titian peer confirm or titian peer resume.",
            Self::NoAgreement => "Ask your admin whether one is being prepared: titian agreement list.",
            Self::NotAParty => "Name another agreement with --agreement, or ask your admin to have the union accede.",
            Self::AgreementPendingGovernment => "Wait for the approval; an admin attaches it: titian agreement approve.",
            Self::AgreementSuspended => "Ask your admin why: titian agreement show. If the worker is in danger, use the safe contact rules and the telephone.",
            Self::AgreementExpired => "Ask your admin for a new version: titian agreement draft.",
            Self::AgreementNotInForce => "Look at its state and who has signed: titian agreement show.",
            Self::NoDataAnnex => "Ask your admin for a new version of the agreement with an annex.",
            Self::AnnexDirection => "Ask your admin for a new version of the agreement with an annex for this direction.",
            Self::PurposeOutOfScope => "Choose a purpose of the annex: titian agreement show.",
            Self::RecordTypeOutOfScope => "Leave this record out, or ask your admin for a wider annex.",
            Self::FieldOutOfScope => "Leave it out: titian referral amend, or put the record without --share-under to keep it at this node.",
            Self::TierTooHigh => "Leave it out: titian referral amend.",
            Self::OnwardProhibited => "Take the worker's own consent at your union, and write your own record.",
            Self::StaleAssessment => "Ask your admin or data protection officer to renew it in a new version of the agreement.",
            Self::DocumentTooLarge => "Scan it smaller or in parts, or ask your admin for a wider annex: titian agreement show --text.",
            Self::NoConsent => "Explain the notice in her language and write down what she allows: titian consent record; then titian referral send.",
            Self::ConsentRecipient => "Ask her about this union, and write down a new consent: titian consent record.",
            Self::ProxyConsent => "Ask the worker herself; for a worker under 18, a guardian together with a supervisor.",
            Self::GroupMemberConsent => "Ask each member of the group for her own consent.",
            Self::ConsentWithdrawn => "Respect it. Only she can allow it again: titian consent record.",
            Self::ConsentExpired => "Ask her again, and write down a new consent: titian consent record.",
            Self::ConsentPurpose => "Choose a purpose she allowed, or ask her: titian consent list.",
            Self::ConsentCategory => "Leave it out: titian referral amend; or ask her, and write down a new consent.",
            Self::ConsentMethod => "Take it in a way the annex allows, such as a signature, a thumbprint or a recording: titian agreement show --text.",
            Self::ConsentNotice => "Explain the notice and the warning in her language, and write down a new consent.",
            Self::ClientProhibitedRecipient => "Do not send. Speak with her in the way she chose.",
            Self::ApprovalMissing => "Ask a supervisor who neither wrote nor widened it: titian referral approve; then titian referral send.",
            Self::SafeContactMissing => "Ask the worker how she may be reached, put a record of the type safety, and select SAFETY together with CONTACT.",
            Self::MembershipRequired => "Ask whether she is a member, or refer to an organisation without this condition.",
            Self::SmallCell => "Join it with another group, or leave it out.",
            Self::LegalHold => "Ask your admin who set the hold, and when it is reviewed.",
            Self::Replay => "Nothing to do for staff. Tell your admin: the two nodes must be compared.",
            Self::StaleVersion => "Look at the newest version, and make the change again.",
            Self::FreeTextForbidden => "Take it out, or put it into a record of the type narrative.",
            Self::Malformed => "Correct the field that is named, and try again.",
            Self::DocumentType => "Save it as PDF, JPEG, PNG, WebP or plain text, and attach it again: titian document attach.",
            Self::DocumentDamaged => "Ask the union it comes from to attach it again; tell your admin if it stays.",
            Self::NewerVersion | Self::UnknownExtension | Self::CaseParked => "Ask the other union's IT to upgrade its node; then titian referral retry. If it is urgent, use the safe contact rules and the telephone.",
        }
    }
}
