//! The header of an envelope: everything but its content. Holds no personal data, so that it can stay when the body is destroyed.

use bytes::{Buf, Bytes};
use prost::Message as _;
use sha2::Digest as _;

use crate::envelope::error::EnvelopeError;
use crate::envelope::keyring::KeyRing;
use crate::envelope::kind::{EnvelopeKind, Lane};
use crate::envelope::seal::SealContext;
use crate::model::date::Instant;
use crate::model::id::{CaseRef, Digest, Epoch, NodeId, ReferralId, TransferId};
use crate::model::malformed::{At, Malformed};
use crate::model::reference::{AgreementRef, ConsentRef};
use crate::wire;

const HASH_CONTEXT: &[u8] = b"titian/envelope/v1\n";

/// Everything about an envelope but its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Node that sends.
    pub sender: NodeId,
    /// The one node that may receive.
    pub recipient: NodeId,
    /// The sender's epoch.
    pub sender_epoch: Epoch,
    /// Lane.
    pub lane: Lane,
    /// Counts the envelopes of this lane of this link, from 1.
    pub link_sequence: u64,
    /// Hash of the envelope before it in this lane; [`Digest::ZERO`] for the first.
    pub previous_hash: Digest,
    /// What it is.
    pub kind: EnvelopeKind,
    /// The case as the two nodes name it, and the count of its envelopes on this link, from 1.
    pub case: Option<(CaseRef, u64)>,
    /// The referral.
    pub referral_id: Option<ReferralId>,
    /// The transfer; the same in both logs.
    pub transfer_id: TransferId,
    /// SHA-256 of the body.
    pub body_digest: Digest,
    /// The agreement it rests on.
    pub agreement: Option<AgreementRef>,
    /// The consent it rests on.
    pub consent: Option<ConsentRef>,
    /// When the sender says it was. Nothing is ordered by it.
    pub claimed_at: Instant,
    /// Not to be applied after.
    pub expires_at: Option<Instant>,
    /// Names of extensions that a reader must know.
    pub critical_extensions: Vec<String>,
    /// The transfer that this one repeats, because that one was parked.
    pub retry_of: Option<TransferId>,
    /// For the first of a lane after the sender was restored: the place that it stands behind.
    pub behind: Option<Behind>,
}

/// The end of a lane in an earlier life of its sender's database, behind which a new life goes on. Without it the rest of the old life could be
/// skipped and nobody would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The epoch of that life.
    pub epoch: Epoch,
    /// The last sequence that the sender's backup knew, from 1.
    pub link_sequence: u64,
}

impl Header {
    /// The one version of the format.
    pub const VERSION: u32 = 1;
    /// Oldest protocol version whose readers may apply what this one writes.
    pub const MIN_READER: u32 = 1;
    /// Largest header in bytes: the fields with their longest ids and every extension fit twice over.
    pub const LENGTH_MAX: usize = 4096;
    /// Most critical extensions; a case that needs more is not an extension of this protocol.
    pub const EXTENSIONS_MAX: usize = 16;
    /// Longest name of an extension, in bytes.
    pub const EXTENSION_LENGTH_MAX: usize = 64;

    /// The exact bytes that are hashed and signed. Made once, by the sender.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let (case_ref, case_sequence) = self.case.map_or((Bytes::new(), 0), |(case, sequence)| (case.to_wire(), sequence));
        let header = wire::Header {
            version: Self::VERSION,
            sender: self.sender.to_string(),
            recipient: self.recipient.to_string(),
            sender_epoch: self.sender_epoch.to_wire(),
            lane: self.lane.to_wire(),
            link_sequence: self.link_sequence,
            previous_hash: self.previous_hash.to_wire(),
            kind: self.kind.to_wire(),
            case_ref,
            case_sequence,
            referral_id: self.referral_id.map(ReferralId::to_wire).unwrap_or_default(),
            transfer_id: self.transfer_id.to_wire(),
            body_digest: self.body_digest.to_wire(),
            agreement: self.agreement.as_ref().map(AgreementRef::to_wire),
            consent: self.consent.as_ref().map(ConsentRef::to_wire),
            claimed_at_ms: self.claimed_at.as_millis(),
            expires_at_ms: self.expires_at.map_or(0, Instant::as_millis),
            critical_extensions: self.critical_extensions.clone(),
            min_reader: Self::MIN_READER,
            retry_of: self.retry_of.map(TransferId::to_wire).unwrap_or_default(),
            behind_epoch: self.behind.map(|behind| behind.epoch.to_wire()).unwrap_or_default(),
            behind_sequence: self.behind.map_or(0, |behind| behind.link_sequence),
        };
        header.encode_to_vec().into()
    }

    /// Reads a header. The caller keeps the bytes: they are what was signed.
    ///
    /// # Errors
    /// When it is over its limit, of another version, or a field breaks its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::from_wire(Self::decode(bytes)?).at("header")
    }

    /// As [`Self::parse`], of bytes that are shared: none of them is copied.
    ///
    /// # Errors
    /// As there.
    pub fn read(bytes: &Bytes) -> Result<Self, Malformed> {
        Self::from_wire(Self::decode(bytes.clone())?).at("header")
    }

    /// The message of a header, of whatever version.
    pub(crate) fn decode(bytes: impl Buf) -> Result<wire::Header, Malformed> {
        if bytes.remaining() > Self::LENGTH_MAX {
            return Err(Malformed::new("must be at most 4096 bytes").at("header"));
        }
        wire::Header::decode(bytes).map_err(|_| Malformed::new("is not a header").at("header"))
    }

    pub(crate) fn from_wire(header: wire::Header) -> Result<Self, Malformed> {
        let wire::Header {
            version,
            sender,
            recipient,
            sender_epoch,
            lane,
            link_sequence,
            previous_hash,
            kind,
            case_ref,
            case_sequence,
            referral_id,
            transfer_id,
            body_digest,
            agreement,
            consent,
            claimed_at_ms,
            expires_at_ms,
            critical_extensions,
            min_reader,
            retry_of,
            behind_epoch,
            behind_sequence,
        } = header;
        check_version(version, min_reader)?;
        let (sender, recipient) = (NodeId::parse(&sender).at("sender")?, NodeId::parse(&recipient).at("recipient")?);
        if sender == recipient {
            return Err(Malformed::new("must be another node than the sender").at("recipient"));
        }
        let previous_hash = Digest::from_wire(&previous_hash).at("previous_hash")?;
        check_chain(link_sequence, previous_hash)?;
        check_extensions(&critical_extensions).at("critical_extensions")?;
        Ok(Self {
            sender,
            recipient,
            sender_epoch: Epoch::from_wire(&sender_epoch).at("sender_epoch")?,
            lane: Lane::from_wire(lane).at("lane")?,
            link_sequence,
            previous_hash,
            kind: EnvelopeKind::from_wire(kind).at("kind")?,
            case: case_from_wire(&case_ref, case_sequence)?,
            referral_id: ReferralId::from_wire_optional(&referral_id).at("referral_id")?,
            transfer_id: TransferId::from_wire(&transfer_id).at("transfer_id")?,
            body_digest: Digest::from_wire(&body_digest).at("body_digest")?,
            agreement: agreement.as_ref().map(AgreementRef::from_wire).transpose().at("agreement")?,
            consent: consent.as_ref().map(ConsentRef::from_wire).transpose().at("consent")?,
            claimed_at: Instant::from_millis(claimed_at_ms),
            expires_at: (expires_at_ms != 0).then(|| Instant::from_millis(expires_at_ms)),
            critical_extensions,
            retry_of: TransferId::from_wire_optional(&retry_of).at("retry_of")?,
            behind: behind_from_wire(&behind_epoch, behind_sequence, link_sequence)?,
        })
    }

    /// Checks that a body is the one the header names.
    ///
    /// # Errors
    /// When it is another.
    pub fn check_body(&self, body: &[u8]) -> Result<(), EnvelopeError> {
        if Digest::of(body) == self.body_digest { Ok(()) } else { Err(EnvelopeError::BodyDigestWrong) }
    }
}

/// The hash of an envelope: over its header, which names the body's digest. It is what seals sign, chains link and logs name.
#[must_use]
pub fn envelope_hash(header: &[u8]) -> Digest {
    Digest(sha2::Sha256::new().chain_update(HASH_CONTEXT).chain_update(header).finalize().into())
}

/// Reads the header of an envelope and checks its seal. The body is checked apart ([`Header::check_body`]), because a purged one is empty.
///
/// # Errors
/// When the header cannot be read, the seal is missing, or the sender's keys did not make it.
pub fn open_envelope(envelope: &wire::Envelope, keys: &KeyRing, at: Instant) -> Result<Header, EnvelopeError> {
    let wire::Envelope { header, body: _, seal } = envelope;
    let parsed = Header::parse(header)?;
    let seal = seal.as_ref().ok_or_else(|| Malformed::missing("seal"))?;
    keys.verify_seal(SealContext::Envelope, envelope_hash(header), seal, at)?;
    Ok(parsed)
}

fn check_version(version: u32, min_reader: u32) -> Result<(), Malformed> {
    if version != Header::VERSION {
        return Err(Malformed::new("must be 1; the sender's software is newer").at("version"));
    }
    if min_reader == 0 || min_reader > Header::MIN_READER {
        return Err(Malformed::new("must be 1; the sender's software is newer").at("min_reader"));
    }
    Ok(())
}

pub(crate) fn check_chain(link_sequence: u64, previous_hash: Digest) -> Result<(), Malformed> {
    if link_sequence == 0 {
        return Err(Malformed::new("must be 1 or more").at("link_sequence"));
    }
    if (link_sequence == 1) != (previous_hash == Digest::ZERO) {
        return Err(Malformed::new("must be zero bytes for the first of a lane, and for no other").at("previous_hash"));
    }
    Ok(())
}

pub(crate) fn check_extensions(names: &[String]) -> Result<(), Malformed> {
    if names.len() > Header::EXTENSIONS_MAX {
        return Err(Malformed::new("must be at most 16"));
    }
    let well_formed =
        |name: &String| !name.is_empty() && name.len() <= Header::EXTENSION_LENGTH_MAX && name.chars().all(|c| c.is_ascii_graphic());
    if names.iter().all(well_formed) { Ok(()) } else { Err(Malformed::new("must be names of 1 to 64 ASCII characters without spaces")) }
}

pub(crate) fn case_from_wire(case_ref: &[u8], case_sequence: u64) -> Result<Option<(CaseRef, u64)>, Malformed> {
    match (CaseRef::from_wire_optional(case_ref).at("case_ref")?, case_sequence) {
        (None, 0) => Ok(None),
        (Some(case), sequence) if sequence > 0 => Ok(Some((case, sequence))),
        (None, _) => Err(Malformed::new("must be 0 where there is no case").at("case_sequence")),
        (Some(_), _) => Err(Malformed::new("must be 1 or more where there is a case").at("case_sequence")),
    }
}

pub(crate) fn behind_from_wire(epoch: &[u8], sequence: u64, link_sequence: u64) -> Result<Option<Behind>, Malformed> {
    match Epoch::from_wire_optional(epoch).at("behind_epoch")? {
        None if sequence == 0 => Ok(None),
        Some(epoch) if sequence > 0 && link_sequence == 1 => Ok(Some(Behind { epoch, link_sequence: sequence })),
        Some(_) if sequence > 0 => Err(Malformed::new("must be empty for all but the first of a lane").at("behind_epoch")),
        Some(_) | None => Err(Malformed::new("must be 1 or more, and only where an epoch is named").at("behind_sequence")),
    }
}
