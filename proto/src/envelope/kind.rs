//! Kinds of envelope, and the lane that each takes.

use crate::model::code::coded;

coded! {
    /// What an envelope carries; decides its lane and what the gate checks.
    pub enum EnvelopeKind from EnvelopeKind {
        /// A referral is offered.
        Offer = "OFFER",
        /// A referral changes its state.
        State = "STATE",
        /// Records are put into a share.
        SharePut = "SHARE_PUT",
        /// Records are taken out of a share.
        ShareRetract = "SHARE_RETRACT",
        /// An agreement text and statements.
        Agreement = "AGREEMENT",
        /// A withdrawal.
        Withdrawal = "WITHDRAWAL",
        /// An erasure receipt.
        ErasureReceipt = "ERASURE_RECEIPT",
        /// A breach notice.
        Breach = "BREACH",
        /// A compromise notice.
        Compromise = "COMPROMISE",
        /// A new descriptor.
        Descriptor = "DESCRIPTOR",
        /// A log head, or a cosignature on one.
        LogHead = "LOG_HEAD",
        /// An attestation request.
        AttestationRequest = "ATTESTATION_REQUEST",
        /// An attestation.
        Attestation = "ATTESTATION",
        /// A hand-over.
        HandOver = "HAND_OVER",
        /// A material or directory entry.
        Material = "MATERIAL",
        /// A suppressed table.
        Aggregate = "AGGREGATE",
    }
}

coded! {
    /// Lanes of a link, the most urgent first. Each has its own sequence and hash chain, so that one can overtake another.
    pub enum Lane from Lane {
        /// Withdrawals, erasures and their receipts, agreement statements, compromise and breach notices, log heads.
        Safety = "SAFETY",
        /// Receipts and states.
        States = "STATES",
        /// Referrals.
        Referrals = "REFERRALS",
        /// Shares.
        Shares = "SHARES",
        /// Documents.
        Documents = "DOCUMENTS",
    }
}

impl Lane {
    /// The lane of a kind, before what else is on its way for the same case: a case stays in the lane in which the peer still lacks something of
    /// it, so that its order holds.
    #[must_use]
    pub fn of(kind: EnvelopeKind) -> Self {
        match kind {
            EnvelopeKind::Agreement
            | EnvelopeKind::Withdrawal
            | EnvelopeKind::ErasureReceipt
            | EnvelopeKind::Breach
            | EnvelopeKind::Compromise
            | EnvelopeKind::Descriptor
            | EnvelopeKind::LogHead => Self::Safety,
            EnvelopeKind::State => Self::States,
            EnvelopeKind::Offer | EnvelopeKind::AttestationRequest | EnvelopeKind::Attestation | EnvelopeKind::HandOver => Self::Referrals,
            EnvelopeKind::SharePut | EnvelopeKind::ShareRetract | EnvelopeKind::Material | EnvelopeKind::Aggregate => Self::Shares,
        }
    }
}
