//! The signing keys of one node, past and present, and what they verify.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use ed25519_dalek::{Signature, VerifyingKey as Ed25519Key};

use crate::envelope::error::EnvelopeError;
use crate::envelope::seal::{SEAL_COUNT_MAX, SealContext, root_bytes, signed_bytes};
use crate::log::tree::{leaf_hash, root_of_path};
use crate::model::date::Instant;
use crate::model::descriptor::{Descriptor, DescriptorChain, VerifyingKey};
use crate::model::id::Digest;
use crate::model::malformed::{At, Malformed};
use crate::wire;

/// Roots whose signature was checked and is remembered. A link delivers the envelopes of one group commit together, so a few roots are enough;
/// the number bounds the memory.
const REMEMBERED_ROOTS: usize = 64;

/// Longest path to a root over [`SEAL_COUNT_MAX`] hashes.
const PATH_MAX: usize = SEAL_COUNT_MAX.ilog2() as usize;

/// The signing keys of one node, each with the time in which it signs. Remembers the last few verified roots, so that many envelopes under one
/// seal cost one signature check.
pub struct KeyRing {
    keys: Vec<VerifyingKey>,
    remembered: Mutex<VecDeque<VerifiedRoot>>,
}

struct VerifiedRoot {
    key_id: String,
    claim: Claim,
}

/// What a key is said to have signed, and the signature.
#[derive(PartialEq, Eq)]
struct Claim {
    context: SealContext,
    count: u32,
    root: Digest,
    signature: [u8; 64],
}

impl KeyRing {
    /// A ring of these keys.
    #[must_use]
    pub fn new(keys: Vec<VerifyingKey>) -> Self {
        Self { keys, remembered: Mutex::new(VecDeque::new()) }
    }

    /// The signing keys of one descriptor.
    #[must_use]
    pub fn from_descriptor(descriptor: &Descriptor) -> Self {
        Self::new(descriptor.signing_keys.clone())
    }

    /// All signing keys that a node ever had, so that old evidence verifies. Where descriptors give one key different times, the newest decides.
    #[must_use]
    pub fn from_descriptor_chain(chain: &DescriptorChain) -> Self {
        let mut keys: Vec<VerifyingKey> = Vec::new();
        for key in chain.descriptors().flat_map(|descriptor| &descriptor.signing_keys) {
            keys.retain(|known| known.public_key != key.public_key);
            keys.push(key.clone());
        }
        Self::new(keys)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Checks that a hash was sealed by a key that signed at this instant.
    ///
    /// # Errors
    /// When the seal breaks its form, its key is unknown or did not sign then, or the signature is not over this hash.
    pub fn verify_seal(&self, context: SealContext, hash: Digest, seal: &wire::Seal, at: Instant) -> Result<(), EnvelopeError> {
        let wire::Seal { key_id, signature, index, count, path } = seal;
        let signature = signature_from_wire(signature).at("seal.signature")?;
        let key = self.key_at(key_id, at)?;
        let root = root_from_wire(hash, *index, *count, path).at("seal")?;
        let claim = Claim { context, count: *count, root, signature };
        if self.remembers(key_id, &claim) {
            return Ok(());
        }
        check(key, context.line(), &root_bytes(*count, root), &signature)?;
        self.remember(VerifiedRoot { key_id: key_id.clone(), claim });
        Ok(())
    }

    /// As [`Self::verify_seal`], for something that may have waited for long: its key signs now, or signed when it says that it was made. Whoever
    /// holds a key whose time is over can claim an earlier day, so this is for what came over a link whose other end proved that it is the peer.
    ///
    /// # Errors
    /// As there.
    pub fn verify_seal_made(
        &self,
        context: SealContext,
        hash: Digest,
        seal: &wire::Seal,
        made: Instant,
        now: Instant,
    ) -> Result<(), EnvelopeError> {
        match self.verify_seal(context, hash, seal, now) {
            Err(EnvelopeError::KeyNotCurrent { .. }) if made <= now => self.verify_seal(context, hash, seal, made),
            verified => verified,
        }
    }

    /// Checks a signature over a context line and bytes, made by a key that signed at this instant.
    ///
    /// # Errors
    /// When the key is unknown or did not sign then, or the signature is not over these bytes.
    pub fn verify(&self, key_id: &str, context_line: &str, bytes: &[u8], signature: &[u8], at: Instant) -> Result<(), EnvelopeError> {
        let signature = signature_from_wire(signature).at("signature")?;
        check(self.key_at(key_id, at)?, context_line, bytes, &signature)
    }

    fn key_at(&self, key_id: &str, at: Instant) -> Result<&VerifyingKey, EnvelopeError> {
        let mut known = self.keys.iter().filter(|key| key.key_id == key_id).peekable();
        if known.peek().is_none() {
            return Err(EnvelopeError::KeyUnknown { key_id: printable(key_id) });
        }
        known.find(|key| key.signs_at(at)).ok_or_else(|| EnvelopeError::KeyNotCurrent { key_id: key_id.to_owned() })
    }

    fn remembers(&self, key_id: &str, claim: &Claim) -> bool {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.iter().any(|known| known.claim == *claim && known.key_id == key_id)
    }

    fn remember(&self, verified: VerifiedRoot) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_ROOTS {
            remembered.pop_back();
        }
        remembered.push_front(verified);
    }
}

impl Clone for KeyRing {
    fn clone(&self) -> Self {
        Self::new(self.keys.clone())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.key_id)).finish()
    }
}

/// Strict verification: no malleable signature, no key of small order.
fn check(key: &VerifyingKey, context_line: &str, bytes: &[u8], signature: &[u8; 64]) -> Result<(), EnvelopeError> {
    let wrong = || EnvelopeError::SignatureWrong { key_id: key.key_id.clone() };
    let verifier = Ed25519Key::from_bytes(&key.public_key).map_err(|_| wrong())?;
    verifier.verify_strict(&signed_bytes(context_line, bytes), &Signature::from_bytes(signature)).map_err(|_| wrong())
}

fn signature_from_wire(bytes: &[u8]) -> Result<[u8; 64], Malformed> {
    <[u8; 64]>::try_from(bytes).map_err(|_| Malformed::new("must be 64 bytes"))
}

fn root_from_wire(hash: Digest, index: u32, count: u32, path: &[bytes::Bytes]) -> Result<Digest, Malformed> {
    if count == 0 || count as usize > SEAL_COUNT_MAX {
        return Err(Malformed::new("must be 1 to 1024").at("count"));
    }
    if path.len() > PATH_MAX {
        return Err(Malformed::new("must be at most 10 hashes").at("path"));
    }
    let path = path.iter().map(|node| Digest::from_wire(node)).collect::<Result<Vec<_>, _>>().at("path")?;
    root_of_path(leaf_hash(&hash.0), u64::from(index), u64::from(count), &path)
        .ok_or_else(|| Malformed::new("must be the path of this place in a tree of this count").at("path"))
}

/// A peer's words are shown only when they look like a key's short name.
fn printable(key_id: &str) -> String {
    let short_name = key_id.len() == 16 && key_id.chars().all(|c| c.is_ascii_hexdigit());
    if short_name { key_id.to_owned() } else { "(no short name)".to_owned() }
}
