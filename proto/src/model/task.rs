//! What waits for a person at a node. No task is ever a message to a worker: a caseworker acts on it, by her safe contact (`domain.md` 3).

use crate::model::code::coded;
use crate::model::staff::Role;

coded! {
    /// What waits.
    pub enum TaskKind from TaskKind {
        /// A consent ends soon.
        RenewConsent = "RENEW_CONSENT",
        /// Safe-contact rules were last confirmed too long ago.
        ConfirmContact = "CONFIRM_CONTACT",
        /// A referral from another union is to be answered.
        AnswerReferral = "ANSWER_REFERRAL",
        /// The worker of an accepted referral is to be contacted for the first time.
        ContactWorker = "CONTACT_WORKER",
        /// A referral waits for its second person.
        ApproveReferral = "APPROVE_REFERRAL",
        /// A referral was approved and waits to be sent.
        SendApproved = "SEND_APPROVED",
        /// She withdrew at another union.
        VerifyWithdrawal = "VERIFY_WITHDRAWAL",
        /// Something is not proved destroyed, and its hours are over.
        ErasureOverdue = "ERASURE_OVERDUE",
        /// Copies will be destroyed soon.
        RetentionEnds = "RETENTION_ENDS",
        /// Another union told of a breach.
        BreachNotice = "BREACH_NOTICE",
    }
}

impl TaskKind {
    /// Whether it waits for somebody in this role: nobody is shown what he or she may not look at.
    #[must_use]
    pub fn concerns(self, role: Role) -> bool {
        let casework = matches!(role, Role::Caseworker | Role::Supervisor | Role::FocalPoint);
        match self {
            Self::RenewConsent
            | Self::ConfirmContact
            | Self::AnswerReferral
            | Self::ContactWorker
            | Self::SendApproved
            | Self::VerifyWithdrawal
            | Self::RetentionEnds => casework,
            Self::ApproveReferral => role == Role::Supervisor,
            Self::ErasureOverdue => true,
            Self::BreachNotice => casework || role == Role::Admin,
        }
    }

    /// Whether a person must say that it is done. The others end when what they ask for is done.
    #[must_use]
    pub fn is_closed_by_hand(self) -> bool {
        self == Self::VerifyWithdrawal
    }

    /// What to do: one sentence.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        match self {
            Self::RenewConsent => {
                "Ask her by her safe contact whether she renews it: titian consent record --renews; else what rests on it is taken back that day."
            }
            Self::ConfirmContact => "Ask her at the next safe occasion how she may be reached, and put the record safety anew.",
            Self::AnswerReferral => "Look at it and answer: titian referral show; titian referral accept, reject or return.",
            Self::ContactWorker => "Contact her by the safe-contact rules, ask for her own consent, then: titian referral start.",
            Self::ApproveReferral => "Look at what it selects; if it is right: titian referral approve.",
            Self::SendApproved => "Send it before the approval ends: titian referral send.",
            Self::VerifyWithdrawal => "It holds already. Ask her by her safe contact whether she meant all of it; then: titian task close.",
            Self::ErasureOverdue => "Call the union that has not answered: titian erasure list --open.",
            Self::RetentionEnds => {
                "If a court or an authority demands that it is kept: titian erasure hold; if she wants it kept, renew before that day."
            }
            Self::BreachNotice => {
                "Look at the referrals it names, tell the workers by their safe contacts within the hours of your law; then a supervisor: titian breach settle."
            }
        }
    }
}
