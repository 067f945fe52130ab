//! What a header of every version says: enough to give an envelope its place in the chain and an answer, also when its content cannot be read.

use bytes::Bytes;

use crate::envelope::header::{Behind, Header, behind_from_wire, case_from_wire, check_chain, check_extensions};
use crate::envelope::kind::Lane;
use crate::model::id::{CaseRef, Digest, Epoch, NodeId, ReferralId, TransferId};
use crate::model::malformed::{At, Malformed};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::wire;

/// The part of a header that no later version may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Node that sends.
    pub sender: NodeId,
    /// The one node that may receive.
    pub recipient: NodeId,
    /// The sender's epoch.
    pub sender_epoch: Epoch,
    /// Lane.
    pub lane: Lane,
    /// Its place in the lane, from 1.
    pub link_sequence: u64,
    /// Hash of the envelope before it in this lane.
    pub previous_hash: Digest,
    /// The case as the two nodes name it, and the count of its envelopes on this link.
    pub case: Option<(CaseRef, u64)>,
    /// The referral, where it names one that can be read: staff see there what becomes of an envelope that cannot.
    pub referral_id: Option<ReferralId>,
    /// The transfer.
    pub transfer_id: TransferId,
    /// The transfer that this one repeats, because that one was parked.
    pub retry_of: Option<TransferId>,
    /// For the first of a lane after the sender was restored: the place that it stands behind.
    pub behind: Option<Behind>,
    /// Why this program cannot apply it, if it cannot: a newer version, an unknown kind, an extension that it must know and does not.
    pub unreadable: Option<Refusal>,
}

impl Outline {
    /// Reads the outline of a header of any version.
    ///
    /// # Errors
    /// When it is over its limit or a field of the outline breaks its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::of(&Header::decode(bytes)?).at("header")
    }

    /// Reads the outline, and the whole header where this program can: the bytes are decoded once.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with_header(bytes: &Bytes) -> Result<(Self, Result<Header, Refusal>), Malformed> {
        let header = Header::decode(bytes.clone())?;
        let outline = Self::of(&header).at("header")?;
        let header = match &outline.unreadable {
            Some(refusal) => Err(refusal.clone()),
            None => Header::from_wire(header).at("header").map_err(Refusal::from),
        };
        Ok((outline, header))
    }

    fn of(header: &wire::Header) -> Result<Self, Malformed> {
        let (sender, recipient) = (NodeId::parse(&header.sender).at("sender")?, NodeId::parse(&header.recipient).at("recipient")?);
        if sender == recipient {
            return Err(Malformed::new("must be another node than the sender").at("recipient"));
        }
        let previous_hash = Digest::from_wire(&header.previous_hash).at("previous_hash")?;
        check_chain(header.link_sequence, previous_hash)?;
        check_extensions(&header.critical_extensions).at("critical_extensions")?;
        Ok(Self {
            sender,
            recipient,
            sender_epoch: Epoch::from_wire(&header.sender_epoch).at("sender_epoch")?,
            lane: Lane::from_wire(header.lane).at("lane")?,
            link_sequence: header.link_sequence,
            previous_hash,
            case: case_from_wire(&header.case_ref, header.case_sequence)?,
            referral_id: ReferralId::from_wire_optional(&header.referral_id).unwrap_or_default(),
            transfer_id: TransferId::from_wire(&header.transfer_id).at("transfer_id")?,
            retry_of: TransferId::from_wire_optional(&header.retry_of).at("retry_of")?,
            behind: behind_from_wire(&header.behind_epoch, header.behind_sequence, header.link_sequence)?,
            unreadable: unreadable(header),
        })
    }
}

fn unreadable(header: &wire::Header) -> Option<Refusal> {
    if header.version > Header::VERSION || header.min_reader > Header::MIN_READER {
        return Some(Refusal::new(RefusalCode::NewerVersion));
    }
    if wire::EnvelopeKind::try_from(header.kind).is_err() {
        return Some(Refusal::new(RefusalCode::NewerVersion).with_path("header.kind"));
    }
    // This version knows no extension yet.
    (!header.critical_extensions.is_empty()).then(|| Refusal::new(RefusalCode::UnknownExtension).with_path("header.critical_extensions"))
}
