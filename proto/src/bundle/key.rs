//! The key that bundles are sealed to.

use std::fmt;

use hpke::kem::Kem as _;
use hpke::{Deserializable as _, Serializable as _};
use zeroize::Zeroizing;

use super::suite::Kem;
use crate::model::descriptor::key_id_of;

/// A node's X25519 key (RFC 7748), which opens what is sealed to it. Never shown; wiped when dropped.
#[derive(Clone)]
pub struct SealingKey(<Kem as hpke::Kem>::PrivateKey);

impl SealingKey {
    /// A new one of 32 bytes that nobody can guess.
    #[must_use]
    pub fn generate(random: &Zeroizing<[u8; 32]>) -> Self {
        Self(Kem::derive_keypair(&random[..]).0)
    }

    /// The one whose secret bytes these are; none when they can be no key.
    #[must_use]
    pub fn from_secret_bytes(secret: &Zeroizing<[u8; 32]>) -> Option<Self> {
        <Kem as hpke::Kem>::PrivateKey::from_bytes(&secret[..]).ok().map(Self)
    }

    /// The secret bytes, for the key file.
    #[must_use]
    pub fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.0.write_exact(&mut bytes[..]);
        bytes
    }

    /// Its public half, for the descriptor.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        Kem::sk_to_pk(&self.0).to_bytes().into()
    }

    /// Short name of its public half.
    #[must_use]
    pub fn key_id(&self) -> String {
        key_id_of(&self.public_bytes())
    }

    pub(super) fn private(&self) -> &<Kem as hpke::Kem>::PrivateKey {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}
