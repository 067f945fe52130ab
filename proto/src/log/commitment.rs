//! What the log says of a content without telling it: a commitment under keys that are destroyed with the content.
//!
//! Both ends compute the same commitment, so logs reconcile without payloads; one field can be opened for a spot check by its value and its
//! key. A plain hash of a telephone number would be the telephone number; a keyed one is not, as long as the key is secret.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::model::id::{Digest, TransferId, hex_digits};

const TRANSFER_INFO: &[u8] = b"titian/xfer/v1";
const FIELD_INFO: &[u8] = b"titian/field/v1";
const COMMIT_CONTEXT: &[u8] = b"titian/commit/v1\n";

/// The salt of a transfer from the key of what is transferred: destroying the record key makes the salt unknowable again.
#[must_use]
pub fn transfer_salt(record_key: &[u8; 32], transfer: TransferId) -> Zeroizing<[u8; 32]> {
    derive(record_key, TRANSFER_INFO, &transfer.0)
}

/// The commitment to all fields of a transfer: names such as "claim#0" from a fixed set without line ends, values as their wire bytes. The
/// order in which they are given does not matter. The transfer is bound by its salt, which no other transfer has.
#[must_use]
pub fn commitment(salt: &[u8; 32], _transfer: TransferId, fields: &[(String, impl AsRef<[u8]>)]) -> Digest {
    let keys = Hkdf::<Sha256>::new(None, salt);
    let tag = |name: &str, value: &[u8]| open_field(&expand(&keys, FIELD_INFO, name.as_bytes()), value);
    let tags: Vec<(&str, [u8; 32])> = fields.iter().map(|(name, value)| (name.as_str(), tag(name, value.as_ref()))).collect();
    commitment_of_tags(&tags)
}

/// The commitment from the tags of its fields: what an auditor computes who was shown one field and the tags of the others.
#[must_use]
pub fn commitment_of_tags(tags: &[(&str, [u8; 32])]) -> Digest {
    let mut sorted = tags.to_vec();
    sorted.sort_unstable();
    let mut hash = Sha256::new().chain_update(COMMIT_CONTEXT);
    for (name, tag) in sorted {
        hash.update(name.as_bytes());
        hash.update(b"\n");
        hash.update(hex_digits(&tag, &mut [0; 64]).as_bytes());
        hash.update(b"\n");
    }
    Digest(hash.finalize().into())
}

/// The key of one field of a transfer. Shown to an auditor, it opens this field alone.
#[must_use]
pub fn field_key(salt: &[u8; 32], name: &str) -> Zeroizing<[u8; 32]> {
    derive(salt, FIELD_INFO, name.as_bytes())
}

/// The tag of one field from its key and its value.
#[must_use]
pub fn open_field(key: &[u8; 32], value: &[u8]) -> [u8; 32] {
    let mut block = Zeroizing::new([0; 64]); // HMAC pads a short key with zero bytes to a block of SHA-256
    block[..32].copy_from_slice(key);
    Hmac::<Sha256>::new((&*block).into()).chain_update(value).finalize().into_bytes().into()
}

/// HKDF-SHA256 without salt, info in two parts.
fn derive(secret: &[u8; 32], label: &[u8], name: &[u8]) -> Zeroizing<[u8; 32]> {
    expand(&Hkdf::new(None, secret), label, name)
}

fn expand(keys: &Hkdf<Sha256>, label: &[u8], name: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let derived = keys.expand_multi_info(&[label, name], key.as_mut());
    debug_assert!(derived.is_ok(), "HKDF gives up to 8160 bytes; 32 are always there");
    key
}

#[cfg(test)]
#[path = "commitment_tests.rs"]
mod tests;
