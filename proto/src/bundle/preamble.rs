//! What stands in the clear at the head of a bundle: who sealed what to whom, signed by the sender.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use sha2::Digest as _;

use super::error::BundleError;
use crate::envelope::{KeyRing, SealContext, Signer};
use crate::model::code::coded;
use crate::model::date::Instant;
use crate::model::id::{Digest, NodeId};
use crate::model::malformed::{At as _, Malformed};
use crate::wire;

/// What every bundle begins with: text that a mail program which changes the ends of lines would alter.
pub(super) const MAGIC: &[u8; 16] = b"titian bundle\r\n\x1a";

/// Largest preamble in bytes: two node ids, a key and a signature fit ten times over.
pub(super) const PREAMBLE_BYTES_MAX: usize = 4096;

/// Longest encapsulated key of any suite that may come, in bytes.
const ENCAPSULATED_BYTES_MAX: usize = 2048;

const HASH_CONTEXT: &[u8] = b"titian/bundle/header/v1\n";

coded! {
    /// How the chunks of a bundle are sealed.
    pub enum Suite from BundleSuite {
        /// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.
        X25519Chacha20Poly1305 = "X25519_CHACHA20_POLY1305",
    }
}

/// The head of a bundle, read. Nothing of it is believed before [`Self::verify`].
#[derive(Clone, PartialEq)]
pub struct Preamble {
    /// Node that is said to have made it.
    pub sender: NodeId,
    /// The one node that can open it.
    pub recipient: NodeId,
    /// How the chunks are sealed.
    pub suite: Suite,
    /// Short name of the recipient's key that it is sealed to.
    pub sealing_key_id: String,
    /// When the sender says it was. Nothing is ordered by it.
    pub made_at: Instant,
    pub(super) encapsulated_key: Bytes,
    pub(super) head: Digest,
    header_hash: Digest,
    seal: wire::Seal,
}

impl Preamble {
    /// The one version of the format.
    pub const VERSION: u32 = 1;

    /// Checks that the sender it names signed it, with a key that signs now.
    ///
    /// # Errors
    /// [`BundleError::NotSigned`].
    pub fn verify(&self, keys: &KeyRing, now: Instant) -> Result<(), BundleError> {
        keys.verify_seal(SealContext::Bundle, self.header_hash, &self.seal, now).map_err(BundleError::NotSigned)
    }

    /// Reads a preamble; `head` is the digest of the file from its first byte to the preamble's end.
    pub(super) fn read(preamble: &[u8], head: Digest) -> Result<Self, BundleError> {
        let wire::BundlePreamble { header, seal } = wire::BundlePreamble::decode(preamble).map_err(|_| BundleError::NotABundle)?;
        let seal = seal.ok_or(BundleError::NotABundle)?;
        let read = wire::BundleHeader::decode(header.clone()).map_err(|_| BundleError::NotABundle)?;
        let wire::BundleHeader { version, suite, sender, recipient, sealing_key_id, encapsulated_key, made_at_ms } = read;
        if version == 0 || encapsulated_key.len() > ENCAPSULATED_BYTES_MAX {
            return Err(BundleError::NotABundle);
        }
        if version != Self::VERSION {
            return Err(BundleError::Newer);
        }
        let suite = Suite::from_wire(suite).map_err(|_| BundleError::Newer)?;
        let (sender, recipient) = parties(&sender, &recipient).map_err(|_| BundleError::NotABundle)?;
        if sealing_key_id.len() != 16 || !sealing_key_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(BundleError::NotABundle);
        }
        let made_at = Instant::from_millis(made_at_ms);
        Ok(Self { sender, recipient, suite, sealing_key_id, made_at, encapsulated_key, head, header_hash: header_hash(&header), seal })
    }
}

/// The head of a new bundle: its first bytes, and their digest.
pub(super) fn write(signer: &Signer, header: &wire::BundleHeader) -> (Bytes, Digest) {
    let header = Bytes::from(header.encode_to_vec());
    let seal = signer.seal(SealContext::Bundle, &[header_hash(&header)]).pop();
    let preamble = wire::BundlePreamble { header, seal }.encode_to_vec();
    let mut bytes = BytesMut::with_capacity(MAGIC.len() + 4 + preamble.len());
    bytes.put_slice(MAGIC);
    bytes.put_u32(u32::try_from(preamble.len()).unwrap_or(u32::MAX));
    bytes.put_slice(&preamble);
    let head = Digest::of(&bytes);
    (bytes.freeze(), head)
}

fn parties(sender: &str, recipient: &str) -> Result<(NodeId, NodeId), Malformed> {
    let (sender, recipient) = (NodeId::parse(sender).at("sender")?, NodeId::parse(recipient).at("recipient")?);
    if sender == recipient { Err(Malformed::new("must be another node than the sender").at("recipient")) } else { Ok((sender, recipient)) }
}

fn header_hash(header: &[u8]) -> Digest {
    Digest(sha2::Sha256::new().chain_update(HASH_CONTEXT).chain_update(header).finalize().into())
}
