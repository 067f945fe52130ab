//! Frames into the chunks of a bundle, one at a time.

use bytes::{BufMut as _, Bytes, BytesMut};
use hpke::{Deserializable as _, OpModeS, Serializable as _};
use prost::Message as _;

use super::error::BundleError;
use super::preamble::{Preamble, Suite};
use super::suite::{Aead, Given, Kdf, Kem, SealingContext, TAG_BYTES, chunk_context, info};
use super::{FRAME_BYTES_MAX, preamble};
use crate::envelope::Signer;
use crate::model::date::Instant;
use crate::model::descriptor::VerifyingKey;
use crate::model::id::{Digest, NodeId};
use crate::model::malformed::Malformed;
use crate::wire;

/// To whom a bundle is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    node_id: NodeId,
    pub(super) key: VerifyingKey,
}

impl Recipient {
    /// Of the sealing keys of a descriptor, the one that is valid now and began last.
    ///
    /// # Errors
    /// [`BundleError::NoSealingKey`] when none is.
    pub fn choose(node_id: &NodeId, sealing_keys: &[VerifyingKey], now: Instant) -> Result<Self, BundleError> {
        let valid = sealing_keys.iter().filter(|key| key.signs_at(now)).max_by_key(|key| key.not_before);
        let key = valid.cloned().ok_or_else(|| BundleError::NoSealingKey { peer: node_id.clone() })?;
        Ok(Self { node_id: node_id.clone(), key })
    }
}

/// Seals the frames of one bundle, in their order.
pub struct Sealer {
    context: SealingContext,
    head: Digest,
    place: u64,
}

impl Sealer {
    /// Begins a bundle; gives its first bytes. `random` fills bytes that nobody can guess.
    ///
    /// # Errors
    /// [`BundleError::NoSealingKey`] when the recipient's key cannot be used.
    pub fn begin(
        sender: &NodeId,
        signer: &Signer,
        recipient: &Recipient,
        now: Instant,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<(Self, Bytes), BundleError> {
        let Recipient { node_id, key } = recipient;
        let unusable = |_| BundleError::NoSealingKey { peer: node_id.clone() };
        let public = <Kem as hpke::Kem>::PublicKey::from_bytes(&key.public_key).map_err(unusable)?;
        let info = info(sender, node_id, &key.key_id);
        let (encapsulated, context) =
            hpke::setup_sender_with_rng::<Aead, Kdf, Kem>(&OpModeS::Base, &public, &info, &mut Given(random)).map_err(unusable)?;
        let header = wire::BundleHeader {
            version: Preamble::VERSION,
            suite: Suite::X25519Chacha20Poly1305.to_wire(),
            sender: sender.to_string(),
            recipient: node_id.to_string(),
            sealing_key_id: key.key_id.clone(),
            encapsulated_key: Bytes::copy_from_slice(&encapsulated.to_bytes()),
            made_at_ms: now.as_millis(),
        };
        let (bytes, head) = preamble::write(signer, &header);
        Ok((Self { context, head, place: 0 }, bytes))
    }

    /// The chunk of a frame that others follow.
    ///
    /// # Errors
    /// When the frame is over [`FRAME_BYTES_MAX`].
    pub fn seal(&mut self, frame: &wire::Frame) -> Result<Bytes, BundleError> {
        self.chunk(frame, false)
    }

    /// The chunk of the last frame.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn finish(mut self, frame: &wire::Frame) -> Result<Bytes, BundleError> {
        self.chunk(frame, true)
    }

    fn chunk(&mut self, frame: &wire::Frame, last: bool) -> Result<Bytes, BundleError> {
        let plain = frame.encode_to_vec();
        let too_large = || BundleError::Content(Malformed::new("must be at most 2 MiB").at("frame"));
        if plain.len() > FRAME_BYTES_MAX {
            return Err(too_large());
        }
        let sealed = self.context.seal(&plain, &chunk_context(self.head, self.place, last)).map_err(|_| too_large())?;
        self.place += 1;
        let mut chunk = BytesMut::with_capacity(5 + plain.len() + TAG_BYTES);
        chunk.put_u8(u8::from(last));
        chunk.put_u32(u32::try_from(sealed.len()).map_err(|_| too_large())?);
        chunk.put_slice(&sealed);
        Ok(chunk.freeze())
    }
}
