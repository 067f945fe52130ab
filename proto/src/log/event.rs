//! What can stand in the log: a closed list, and the fields that each event must and may have.

use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Event {
    /// The log begins; cites the last checkpoint of the log before it, if there was one.
    #[serde(rename = "log.genesis")]
    LogGenesis,
    /// The log ends here.
    #[serde(rename = "log.closed")]
    LogClosed,
    /// A new log key.
    #[serde(rename = "key.rotated")]
    KeyRotated,
    /// The keys of a peer are in other hands, or a notice of that crossed the border.
    #[serde(rename = "key.compromised")]
    KeyCompromised,
    /// Who witnesses this log.
    #[serde(rename = "witness.set")]
    WitnessSet,
    /// The database was restored from a backup.
    #[serde(rename = "restore.performed")]
    RestorePerformed,
    /// Nothing happened; hides how much did.
    #[serde(rename = "pad")]
    Pad,
    /// An agreement came into force.
    #[serde(rename = "mou.activated")]
    MouActivated,
    /// A new version of an agreement came into force.
    #[serde(rename = "mou.amended")]
    MouAmended,
    /// An agreement was suspended.
    #[serde(rename = "mou.suspended")]
    MouSuspended,
    /// An agreement ended.
    #[serde(rename = "mou.ended")]
    MouEnded,
    /// A statement about an agreement crossed the border.
    #[serde(rename = "mou.stated")]
    MouStated,
    /// A consent was recorded.
    #[serde(rename = "consent.recorded")]
    ConsentRecorded,
    /// A consent was narrowed.
    #[serde(rename = "consent.narrowed")]
    ConsentNarrowed,
    /// A consent was withdrawn.
    #[serde(rename = "consent.withdrawn")]
    ConsentWithdrawn,
    /// Something about a referral leaves for a peer.
    #[serde(rename = "referral.sent")]
    ReferralSent,
    /// Something about a referral arrived and was applied.
    #[serde(rename = "referral.received")]
    ReferralReceived,
    /// Something about a referral was refused, here before it left or here on arrival.
    #[serde(rename = "referral.refused")]
    ReferralRefused,
    /// The peer's receipt arrived.
    #[serde(rename = "referral.acked")]
    ReferralAcked,
    /// Something arrived a second time.
    #[serde(rename = "referral.duplicate")]
    ReferralDuplicate,
    /// A referral passed its date without an answer.
    #[serde(rename = "referral.expired")]
    ReferralExpired,
    /// A second person approved a referral.
    #[serde(rename = "referral.approved")]
    ReferralApproved,
    /// The bytes of a document begin to leave for a peer.
    #[serde(rename = "document.sent")]
    DocumentSent,
    /// The bytes of a document are here, and are those of its digest.
    #[serde(rename = "document.received")]
    DocumentReceived,
    /// A record that was transferred was corrected.
    #[serde(rename = "record.corrected")]
    RecordCorrected,
    /// Something transferred was erased here.
    #[serde(rename = "erase.done")]
    EraseDone,
    /// A peer was told to erase.
    #[serde(rename = "erase.notified")]
    EraseNotified,
    /// A peer answered that it erased.
    #[serde(rename = "erase.acked")]
    EraseAcked,
    /// A peer was told of a breach, or told of one.
    #[serde(rename = "breach.told")]
    BreachTold,
    /// A part of the log was given to an auditor.
    #[serde(rename = "audit.export")]
    AuditExport,
    /// A peer's checkpoint was seen.
    #[serde(rename = "peer.checkpoint")]
    PeerCheckpoint,
}

/// Fields of everything that crosses the border.
const CROSSING: &[&str] = &[
    "chan",
    "code",
    "commit",
    "consent",
    "env",
    "fields",
    "mou",
    "mou_doc",
    "peer",
    "peer_leaf",
    "purpose",
    "purposes",
    "target",
    "targets",
    "xfer",
];

impl Event {
    /// Every event.
    pub const ALL: &'static [Self] = &[
        Self::LogGenesis,
        Self::LogClosed,
        Self::KeyRotated,
        Self::KeyCompromised,
        Self::WitnessSet,
        Self::RestorePerformed,
        Self::Pad,
        Self::MouActivated,
        Self::MouAmended,
        Self::MouSuspended,
        Self::MouEnded,
        Self::MouStated,
        Self::ConsentRecorded,
        Self::ConsentNarrowed,
        Self::ConsentWithdrawn,
        Self::ReferralSent,
        Self::ReferralReceived,
        Self::ReferralRefused,
        Self::ReferralAcked,
        Self::ReferralDuplicate,
        Self::ReferralExpired,
        Self::ReferralApproved,
        Self::DocumentSent,
        Self::DocumentReceived,
        Self::RecordCorrected,
        Self::EraseDone,
        Self::EraseNotified,
        Self::EraseAcked,
        Self::BreachTold,
        Self::AuditExport,
        Self::PeerCheckpoint,
    ];

    /// The event as the log writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::LogGenesis => "log.genesis",
            Self::LogClosed => "log.closed",
            Self::KeyRotated => "key.rotated",
            Self::KeyCompromised => "key.compromised",
            Self::WitnessSet => "witness.set",
            Self::RestorePerformed => "restore.performed",
            Self::Pad => "pad",
            Self::MouActivated => "mou.activated",
            Self::MouAmended => "mou.amended",
            Self::MouSuspended => "mou.suspended",
            Self::MouEnded => "mou.ended",
            Self::MouStated => "mou.stated",
            Self::ConsentRecorded => "consent.recorded",
            Self::ConsentNarrowed => "consent.narrowed",
            Self::ConsentWithdrawn => "consent.withdrawn",
            Self::ReferralSent => "referral.sent",
            Self::ReferralReceived => "referral.received",
            Self::ReferralRefused => "referral.refused",
            Self::ReferralAcked => "referral.acked",
            Self::ReferralDuplicate => "referral.duplicate",
            Self::ReferralExpired => "referral.expired",
            Self::ReferralApproved => "referral.approved",
            Self::DocumentSent => "document.sent",
            Self::DocumentReceived => "document.received",
            Self::RecordCorrected => "record.corrected",
            Self::EraseDone => "erase.done",
            Self::EraseNotified => "erase.notified",
            Self::EraseAcked => "erase.acked",
            Self::BreachTold => "breach.told",
            Self::AuditExport => "audit.export",
            Self::PeerCheckpoint => "peer.checkpoint",
        }
    }

    /// The event with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.code() == code)
    }

    /// Fields without which the event says nothing. Every leaf has event, nonce, origin, seq, time and v besides.
    #[must_use]
    pub fn required(self) -> &'static [&'static str] {
        match self {
            // A withdrawal may be for every recipient at once, and then names none.
            Self::LogGenesis | Self::LogClosed | Self::RestorePerformed | Self::Pad | Self::ConsentWithdrawn => &[],
            Self::KeyRotated => &["key"],
            Self::WitnessSet => &["witnesses"],
            Self::MouActivated | Self::MouAmended => &["fields", "mou", "mou_doc", "parties", "purposes"],
            Self::MouSuspended | Self::MouEnded => &["mou", "mou_doc"],
            Self::MouStated => &["chan", "commit", "env", "mou", "mou_doc", "peer", "xfer"],
            Self::ConsentRecorded => &["fields", "peer"],
            Self::ConsentNarrowed => &["fields", "peer", "target"],
            Self::ReferralSent => &["chan", "commit", "env", "fields", "mou", "mou_doc", "peer", "purpose", "xfer"],
            Self::ReferralReceived => &["chan", "commit", "env", "fields", "mou", "mou_doc", "peer", "peer_leaf", "purpose", "xfer"],
            Self::ReferralRefused => &["code", "peer"],
            Self::ReferralAcked => &["peer", "peer_leaf", "xfer"],
            Self::ReferralDuplicate | Self::ReferralExpired => &["peer", "xfer"],
            Self::DocumentSent | Self::DocumentReceived => &["commit", "fields", "mou", "mou_doc", "peer", "purpose"],
            Self::RecordCorrected => &["commit", "target"],
            Self::EraseDone => &["code", "targets"],
            Self::EraseNotified | Self::EraseAcked | Self::KeyCompromised | Self::ReferralApproved | Self::BreachTold => &["peer"],
            Self::AuditExport => &["auditor", "range_from", "range_to"],
            Self::PeerCheckpoint => &["checkpoint", "peer"],
        }
    }

    /// Fields that it may have besides.
    #[must_use]
    pub fn optional(self) -> &'static [&'static str] {
        match self {
            Self::LogGenesis | Self::LogClosed | Self::RestorePerformed => &["checkpoint"],
            // A peer's key, where one is named; else the node's own.
            Self::KeyRotated => &["peer"],
            Self::WitnessSet | Self::Pad | Self::AuditExport | Self::PeerCheckpoint => &[],
            Self::MouActivated | Self::MouAmended => &["directions", "peer", "valid_from", "valid_until"],
            Self::MouSuspended | Self::MouEnded => &["code", "peer"],
            Self::ConsentRecorded | Self::ConsentNarrowed => &["code", "mou", "mou_doc", "purpose", "purposes", "valid_until"],
            Self::MouStated
            | Self::KeyCompromised
            | Self::BreachTold
            | Self::ConsentWithdrawn
            | Self::ReferralSent
            | Self::ReferralReceived
            | Self::ReferralRefused
            | Self::ReferralAcked
            | Self::ReferralDuplicate
            | Self::ReferralExpired
            | Self::ReferralApproved
            | Self::DocumentSent
            | Self::DocumentReceived
            | Self::RecordCorrected
            | Self::EraseDone
            | Self::EraseNotified
            | Self::EraseAcked => CROSSING,
        }
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
