//! A recipient's signed answer to one envelope. A duplicate gets the identical bytes, for ever.

use bytes::{Buf, Bytes};
use prost::Message as _;
use sha2::Digest as _;

use crate::envelope::error::EnvelopeError;
use crate::envelope::keyring::KeyRing;
use crate::envelope::kind::Lane;
use crate::envelope::seal::SealContext;
use crate::log::leaf::Leaf;
use crate::model::code::coded;
use crate::model::date::Instant;
use crate::model::id::{Digest, NodeId};
use crate::model::malformed::{At, Malformed};
use crate::model::refusal::Refusal;
use crate::wire;

const HASH_CONTEXT: &[u8] = b"titian/receipt/v1\n";

coded! {
    /// What became of an envelope at its recipient.
    pub enum ReceiptOutcome from ReceiptOutcome {
        /// Applied.
        Applied = "APPLIED",
        /// Refused; nothing of it is stored.
        Refused = "REFUSED",
        /// Parked with its case.
        Parked = "PARKED",
        /// Its body never left the sender; its place in the chain is noted.
        Purged = "PURGED",
    }
}

/// A recipient's answer to one envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who answers.
    pub recipient: NodeId,
    /// Who sent the envelope.
    pub sender: NodeId,
    /// Lane of the envelope.
    pub lane: Lane,
    /// Its place in the lane, from 1.
    pub link_sequence: u64,
    /// Hash of the envelope.
    pub envelope_hash: Digest,
    /// What became of it.
    pub outcome: ReceiptOutcome,
    /// Why: given when it was refused or parked, never when it was applied; a purged one may repeat the sender's code.
    pub refusal: Option<Refusal>,
    /// Commitment computed by the recipient; none where nothing was read.
    pub commitment: Option<Digest>,
    /// The exact bytes of the recipient's log leaf; empty where nothing was logged.
    pub leaf: Bytes,
    /// When the recipient says it was.
    pub received_at: Instant,
}

impl Receipt {
    /// Largest receipt in bytes: a leaf, and a refusal with all its paths.
    pub const LENGTH_MAX: usize = 32_768;

    /// The exact bytes that are hashed and signed. Made once, by the recipient.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let receipt = wire::Receipt {
            recipient: self.recipient.to_string(),
            sender: self.sender.to_string(),
            lane: self.lane.to_wire(),
            link_sequence: self.link_sequence,
            envelope_hash: self.envelope_hash.to_wire(),
            outcome: self.outcome.to_wire(),
            refusal: self.refusal.as_ref().map(Refusal::to_wire),
            commitment: self.commitment.map(Digest::to_wire).unwrap_or_default(),
            leaf: self.leaf.clone(),
            received_at_ms: self.received_at.as_millis(),
        };
        receipt.encode_to_vec().into()
    }

    /// Reads a receipt. The caller keeps the bytes: they are what was signed.
    ///
    /// # Errors
    /// When it is over its limit or a field breaks its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::decode(bytes)
    }

    /// As [`Self::parse`], of bytes that are shared: none of them is copied.
    ///
    /// # Errors
    /// As there.
    pub fn read(bytes: &Bytes) -> Result<Self, Malformed> {
        Self::decode(bytes.clone())
    }

    fn decode(bytes: impl Buf) -> Result<Self, Malformed> {
        if bytes.remaining() > Self::LENGTH_MAX {
            return Err(Malformed::new("must be at most 32768 bytes").at("receipt"));
        }
        let receipt = wire::Receipt::decode(bytes).map_err(|_| Malformed::new("is not a receipt").at("receipt"))?;
        Self::from_wire(receipt).at("receipt")
    }

    fn from_wire(receipt: wire::Receipt) -> Result<Self, Malformed> {
        let wire::Receipt { recipient, sender, lane, link_sequence, envelope_hash, outcome, refusal, commitment, leaf, received_at_ms } =
            receipt;
        if link_sequence == 0 {
            return Err(Malformed::new("must be 1 or more").at("link_sequence"));
        }
        let outcome = ReceiptOutcome::from_wire(outcome).at("outcome")?;
        let refusal = refusal.as_ref().map(Refusal::from_wire).transpose().at("refusal")?;
        check_refusal(outcome, refusal.as_ref())?;
        check_leaf(outcome, &leaf)?;
        Ok(Self {
            recipient: NodeId::parse(&recipient).at("recipient")?,
            sender: NodeId::parse(&sender).at("sender")?,
            lane: Lane::from_wire(lane).at("lane")?,
            link_sequence,
            envelope_hash: Digest::from_wire(&envelope_hash).at("envelope_hash")?,
            outcome,
            refusal,
            commitment: Digest::from_wire_optional(&commitment).at("commitment")?,
            leaf,
            received_at: Instant::from_millis(received_at_ms),
        })
    }
}

/// The hash of a receipt: what its seal signs.
#[must_use]
pub fn receipt_hash(bytes: &[u8]) -> Digest {
    Digest(sha2::Sha256::new().chain_update(HASH_CONTEXT).chain_update(bytes).finalize().into())
}

/// Reads a signed receipt and checks its seal.
///
/// # Errors
/// When it cannot be read, the seal is missing, or the recipient's keys did not make it.
pub fn open_receipt(signed: &wire::SignedReceipt, keys: &KeyRing, at: Instant) -> Result<Receipt, EnvelopeError> {
    let wire::SignedReceipt { receipt, seal } = signed;
    let parsed = Receipt::parse(receipt)?;
    let seal = seal.as_ref().ok_or_else(|| Malformed::missing("seal"))?;
    keys.verify_seal(SealContext::Receipt, receipt_hash(receipt), seal, at)?;
    Ok(parsed)
}

fn check_refusal(outcome: ReceiptOutcome, refusal: Option<&Refusal>) -> Result<(), Malformed> {
    match (outcome, refusal) {
        (ReceiptOutcome::Refused | ReceiptOutcome::Parked, None) => Err(Malformed::missing("refusal")),
        (ReceiptOutcome::Applied, Some(_)) => Err(Malformed::new("must not be given with APPLIED").at("refusal")),
        (ReceiptOutcome::Refused | ReceiptOutcome::Parked, Some(_)) | (ReceiptOutcome::Applied, None) | (ReceiptOutcome::Purged, _) => {
            Ok(())
        }
    }
}

fn check_leaf(outcome: ReceiptOutcome, leaf: &[u8]) -> Result<(), Malformed> {
    if leaf.len() > Leaf::LENGTH_MAX {
        return Err(Malformed::new("must be at most 16384 bytes").at("leaf"));
    }
    if leaf.is_empty() && outcome == ReceiptOutcome::Applied {
        return Err(Malformed::missing("leaf"));
    }
    Ok(())
}
