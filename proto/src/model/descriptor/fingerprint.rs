//! The words that two officers read to each other, as they are printed in the paper agreement.

use std::fmt;

use bip39::{Language, Mnemonic};
use sha2::Digest as _;
use subtle::ConstantTimeEq as _;

use crate::model::descriptor::content::Descriptor;

const CONTEXT: &[u8] = b"titian/fingerprint/v1\n";

/// Longest text taken for words; twelve words of eight letters fit many times over.
const WORDS_LENGTH_MAX: usize = 512;

/// What identifies a node's owners: SHA-256 over its node id, how many owners must sign, and their root keys in order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Words in a fingerprint: 128 bits and a checksum.
    pub const WORDS: usize = 12;

    /// The fingerprint of a descriptor's owners. The one that is confirmed is that of the first ([`super::DescriptorChain::fingerprint`]).
    #[must_use]
    pub fn of(descriptor: &Descriptor) -> Self {
        let mut keys: Vec<&[u8; 32]> = descriptor.root_keys.iter().map(|root| &root.public_key).collect();
        keys.sort_unstable();
        let mut hash = sha2::Sha256::new();
        hash.update(CONTEXT);
        hash.update(descriptor.node_id.as_str());
        hash.update(b"\n");
        hash.update(descriptor.root_threshold.to_be_bytes());
        for key in keys {
            hash.update(key);
        }
        Self(hash.finalize().into())
    }

    /// All 32 bytes, for a QR code.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Twelve words of the English BIP 39 list, from the first 16 bytes.
    #[must_use]
    pub fn words(&self) -> String {
        let (first, _) = self.0.split_at(16);
        // BIP 39 takes 16 bytes always; no words match nothing.
        Mnemonic::from_entropy_in(Language::English, first).map(|words| words.to_string()).unwrap_or_default()
    }

    /// Whether these are its words, in any case and spacing. Takes the same time whichever word differs.
    #[must_use]
    pub fn matches(&self, words: &str) -> bool {
        if words.len() > WORDS_LENGTH_MAX {
            return false;
        }
        let said = words.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
        let digest = |text: &str| <[u8; 32]>::from(sha2::Sha256::digest(text.as_bytes()));
        digest(&said).ct_eq(&digest(&self.words())).into()
    }
}

impl fmt::Display for Fingerprint {
    /// The twelve words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", hex::encode(self.0))
    }
}
