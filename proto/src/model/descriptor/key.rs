//! A public key and the time in which it signs.

use ed25519_dalek::VerifyingKey as Ed25519Key;

use crate::model::date::Instant;
use crate::model::id::Digest;
use crate::model::malformed::{At, Malformed};
use crate::wire;

/// An Ed25519 public key with the time in which it signs. Signatures made in that time verify for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    /// Short name: [`key_id_of`] the public key.
    pub key_id: String,
    /// The public key.
    pub public_key: [u8; 32],
    /// Signs from.
    pub not_before: Instant,
    /// Signs until; not at this instant itself.
    pub not_after: Instant,
}

impl VerifyingKey {
    /// The key with its short name.
    #[must_use]
    pub fn new(public_key: [u8; 32], not_before: Instant, not_after: Instant) -> Self {
        Self { key_id: key_id_of(&public_key), public_key, not_before, not_after }
    }

    /// Whether it signs at this instant.
    #[must_use]
    pub fn signs_at(&self, at: Instant) -> bool {
        self.not_before <= at && at < self.not_after
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the bytes are no Ed25519 key, the short name is not the key's, or the time is empty.
    pub fn from_wire(key: &wire::VerifyingKey) -> Result<Self, Malformed> {
        Self::read(key, ed25519_public_key(&key.public_key).at("public_key")?)
    }

    /// As [`Self::from_wire`], for a key that bundles are sealed to, which is no Ed25519 key.
    ///
    /// # Errors
    /// When there are not 32 bytes, the short name is not the key's, or the time is empty.
    pub fn sealing_from_wire(key: &wire::VerifyingKey) -> Result<Self, Malformed> {
        let public_key = <[u8; 32]>::try_from(key.public_key.as_ref()).map_err(|_| Malformed::new("must be 32 bytes")).at("public_key")?;
        Self::read(key, public_key)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::VerifyingKey {
        wire::VerifyingKey {
            key_id: self.key_id.clone(),
            public_key: self.public_key.to_vec().into(),
            not_before_ms: self.not_before.as_millis(),
            not_after_ms: self.not_after.as_millis(),
        }
    }

    fn read(key: &wire::VerifyingKey, bytes: [u8; 32]) -> Result<Self, Malformed> {
        let wire::VerifyingKey { key_id, public_key: _, not_before_ms, not_after_ms } = key;
        if *key_id != key_id_of(&bytes) {
            return Err(Malformed::new("must be the first 16 hex digits of the SHA-256 of the key").at("key_id"));
        }
        let (not_before, not_after) = window(*not_before_ms, *not_after_ms)?;
        Ok(Self::new(bytes, not_before, not_after))
    }
}

/// The short name of a public key: the first 16 hex digits of its SHA-256.
#[must_use]
pub fn key_id_of(public_key: &[u8; 32]) -> String {
    let mut name = Digest::of(public_key).to_string();
    name.truncate(16);
    name
}

/// Reads the 32 bytes of a point that can verify; a key of small order verifies anything and is refused.
pub(super) fn ed25519_public_key(bytes: &[u8]) -> Result<[u8; 32], Malformed> {
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| Malformed::new("must be 32 bytes"))?;
    match Ed25519Key::from_bytes(&bytes) {
        Ok(key) if !key.is_weak() => Ok(bytes),
        Ok(_) | Err(_) => Err(Malformed::new("must be an Ed25519 public key")),
    }
}

/// Reads a span of time that is not empty.
pub(super) fn window(not_before_ms: i64, not_after_ms: i64) -> Result<(Instant, Instant), Malformed> {
    if not_before_ms < not_after_ms {
        Ok((Instant::from_millis(not_before_ms), Instant::from_millis(not_after_ms)))
    } else {
        Err(Malformed::new("must be later than not_before_ms").at("not_after_ms"))
    }
}
