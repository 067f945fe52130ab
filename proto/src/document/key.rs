//! The key of a document's bytes, at rest and for one recipient.

use bytes::Bytes;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::ZeroizeOnDrop;

use crate::model::id::{Digest, NodeId, RecordRef, ReferralId};
use crate::model::malformed::Malformed;

const ASSOCIATED: &[u8] = b"titian/document/v1\n";
const RECIPIENT_INFO: &[u8] = b"titian/document-recipient/v1";
const COMMITMENT_INFO: &[u8] = b"titian/document-commitment/v1";

/// Seals the chunks of one document, each place once: the place is the nonce. Random for each document at its owner; what a recipient gets is
/// made from it for that recipient and share alone, so that nothing is the same at two recipients, and so that the owner keeps nothing for a pull
/// that goes on after a cut.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct DocumentKey([u8; 32]);

crate::model::value::redacted!(DocumentKey);

impl DocumentKey {
    /// Bytes that the seal adds to a chunk.
    pub const SEAL_BYTES: usize = 16;

    /// A key of 32 bytes that nobody can guess.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From the wire.
    ///
    /// # Errors
    /// When there are not exactly 32 bytes.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, Malformed> {
        <[u8; 32]>::try_from(bytes).map(Self).map_err(|_| Malformed::new("must be 32 bytes"))
    }

    /// The key itself, to be kept or sent; not to be shown.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key for one recipient of one share.
    #[must_use]
    pub fn for_recipient(&self, recipient: &NodeId, referral_id: ReferralId, record_ref: RecordRef) -> Self {
        Self(self.derive(&[RECIPIENT_INFO, &referral_id.0, &record_ref.0, recipient.as_str().as_bytes()]))
    }

    /// What both logs say of bytes that crossed, without telling them: nobody without the recipient's key can compute it.
    #[must_use]
    pub fn commitment(&self, content_digest: Digest) -> Digest {
        Digest(self.derive(&[COMMITMENT_INFO, &content_digest.0]))
    }

    /// Seals the chunk at a place.
    ///
    /// # Errors
    /// Never for a chunk; a piece of many gigabytes cannot be sealed.
    pub fn seal(&self, index: u64, chunk: &[u8]) -> Result<Bytes, Malformed> {
        let sealed = self.cipher().encrypt(&nonce(index), Payload { msg: chunk, aad: ASSOCIATED });
        sealed.map(Bytes::from).map_err(|_| Malformed::new("cannot be sealed"))
    }

    /// Opens the chunk at a place.
    ///
    /// # Errors
    /// When it was not sealed with this key for this place.
    pub fn open(&self, index: u64, sealed: &[u8]) -> Result<Vec<u8>, Malformed> {
        let opened = self.cipher().decrypt(&nonce(index), Payload { msg: sealed, aad: ASSOCIATED });
        opened.map_err(|_| Malformed::new("was not sealed with this key for this place"))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.0))
    }

    fn derive(&self, info: &[&[u8]]) -> [u8; 32] {
        let mut key = [0; 32];
        let derived = Hkdf::<Sha256>::new(None, &self.0).expand_multi_info(info, &mut key);
        debug_assert!(derived.is_ok(), "HKDF gives up to 8160 bytes; 32 are always there");
        key
    }
}

fn nonce(index: u64) -> XNonce {
    let mut nonce = [0; 24];
    nonce[16..].copy_from_slice(&index.to_be_bytes());
    XNonce::from(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_opens_at_its_place_with_its_recipients_key_alone() {
        let key = DocumentKey::new([1; 32]);
        let (referral, record) = (ReferralId([2; 16]), RecordRef([3; 16]));
        let ksbsi = key.for_recipient(&NodeId::parse("id.ksbsi").unwrap(), referral, record);
        let sealed = ksbsi.seal(5, b"a payslip").unwrap();
        assert_eq!(sealed.len(), 9 + DocumentKey::SEAL_BYTES);
        assert_eq!(ksbsi.open(5, &sealed).unwrap(), b"a payslip");
        assert!(ksbsi.open(6, &sealed).is_err() && key.open(5, &sealed).is_err());
        let clc = key.for_recipient(&NodeId::parse("kh.clc").unwrap(), referral, record);
        let again = key.for_recipient(&NodeId::parse("id.ksbsi").unwrap(), ReferralId([9; 16]), record);
        for other in [&clc, &again] {
            assert_ne!(other.seal(5, b"a payslip").unwrap(), sealed, "two recipients, two shares: nothing in common");
            assert_ne!(other.commitment(Digest::ZERO), ksbsi.commitment(Digest::ZERO));
        }
        assert_eq!(format!("{key:?}"), "DocumentKey(..)");
    }
}
