//! The suite of HPKE that bundles are sealed in, and what is bound into it.

use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};

use crate::model::id::{Digest, NodeId};

pub(super) type Kem = X25519HkdfSha256;
pub(super) type Kdf = HkdfSha256;
pub(super) type Aead = ChaCha20Poly1305;
pub(super) type SealingContext = AeadCtxS<Aead, Kdf, Kem>;
pub(super) type OpeningContext = AeadCtxR<Aead, Kdf, Kem>;

/// What the AEAD adds to a frame, in bytes.
pub(super) const TAG_BYTES: usize = 16;

/// Whose bundle it is: bound into the keys themselves.
pub(super) fn info(sender: &NodeId, recipient: &NodeId, sealing_key_id: &str) -> Vec<u8> {
    format!("titian/bundle/v1\n{sender}\n{recipient}\n{sealing_key_id}\n").into_bytes()
}

/// Where a chunk stands: bound to each.
pub(super) fn chunk_context(head: Digest, place: u64, last: bool) -> Vec<u8> {
    let mut context = b"titian/bundle/chunk/v1\n".to_vec();
    context.extend_from_slice(&head.0);
    context.extend_from_slice(&place.to_be_bytes());
    context.push(u8::from(last));
    context
}

/// Randomness that was handed in, as HPKE takes it.
pub(super) struct Given<'a>(pub(super) &'a mut dyn FnMut(&mut [u8]));

impl TryRng for Given<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        (self.0)(bytes);
        Ok(())
    }
}

/// Whoever hands randomness in answers for its quality.
impl TryCryptoRng for Given<'_> {}
