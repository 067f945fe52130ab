//! The chunks of a bundle into frames, one at a time and in their order.

use hpke::{Deserializable as _, OpModeR};
use prost::Message as _;

use super::cutter::{Cutter, SealedChunk};
use super::error::BundleError;
use super::key::SealingKey;
use super::preamble::{Preamble, Suite};
use super::suite::{Aead, Kdf, Kem, OpeningContext, chunk_context, info};
use crate::envelope::KeyRing;
use crate::model::date::Instant;
use crate::model::id::{Digest, NodeId};
use crate::model::malformed::Malformed;
use crate::wire;

/// Opens the chunks of one bundle.
pub struct Opener {
    context: OpeningContext,
    head: Digest,
    place: u64,
    ended: bool,
}

impl Opener {
    /// Begins with the preamble: it must be for this node, sealed to this key, and signed by the sender whose keys these are.
    ///
    /// # Errors
    /// When it is not, naming which.
    pub fn begin(preamble: &Preamble, own: &NodeId, key: Option<&SealingKey>, sender: &KeyRing, now: Instant) -> Result<Self, BundleError> {
        if &preamble.recipient != own {
            return Err(BundleError::ForAnother { recipient: preamble.recipient.clone() });
        }
        preamble.verify(sender, now)?;
        let other_key = || BundleError::OtherKey { key_id: preamble.sealing_key_id.clone() };
        let key = key.filter(|key| key.key_id() == preamble.sealing_key_id).ok_or_else(other_key)?;
        match preamble.suite {
            Suite::X25519Chacha20Poly1305 => {}
        }
        let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(&preamble.encapsulated_key).map_err(|_| BundleError::Damaged)?;
        let info = info(&preamble.sender, own, &preamble.sealing_key_id);
        let context = hpke::setup_receiver::<Aead, Kdf, Kem>(&OpModeR::Base, key.private(), &encapsulated, &info);
        Ok(Self { context: context.map_err(|_| BundleError::Damaged)?, head: preamble.head, place: 0, ended: false })
    }

    /// The frame of the next chunk. One of a kind that this program does not know is a frame without content.
    ///
    /// # Errors
    /// [`BundleError::Damaged`] when the chunk does not open here: altered, out of its place, of another file, or behind the last.
    pub fn open(&mut self, chunk: &SealedChunk) -> Result<wire::Frame, BundleError> {
        let SealedChunk { last, sealed } = chunk;
        if self.ended {
            return Err(BundleError::Damaged);
        }
        let plain = self.context.open(sealed, &chunk_context(self.head, self.place, *last)).map_err(|_| BundleError::Damaged)?;
        self.place += 1;
        self.ended = *last;
        wire::Frame::decode(plain.as_slice()).map_err(|_| BundleError::Content(Malformed::new("is not a frame").at("frame")))
    }

    /// Ends with the file: the last chunk was opened, and nothing stands behind it.
    ///
    /// # Errors
    /// [`BundleError::Truncated`] or [`BundleError::Damaged`].
    pub fn finish(self, rest: &Cutter) -> Result<(), BundleError> {
        match (self.ended, rest.has_rest()) {
            (false, _) => Err(BundleError::Truncated),
            (true, true) => Err(BundleError::Damaged),
            (true, false) => Ok(()),
        }
    }
}
