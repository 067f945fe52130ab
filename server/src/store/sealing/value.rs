//! A sealed value: where its key is, a nonce, and what only that key opens at that place.

use bytes::Bytes;
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};

use super::keyring::KeyOfSlot;

/// What a sealed value begins with, in place of the version of a value in the clear, which counts from 1; no protobuf message begins with it either. Then
/// comes the form of the sealing.
const SEALED: u8 = 0;

/// The one form there is: `SEALED | form | bucket u32 | slot u16 | nonce | ciphertext | tag`, with the place of the value beside it: a value that was
/// put elsewhere does not open.
const FORM: u8 = 1;

/// Bytes of a nonce. Random: a slot seals every version of its value, and so long a one is never drawn twice.
pub(super) const NONCE_BYTES: usize = 24;

const SLOT_BYTES: usize = 2 + 4 + 2;
const TAG_BYTES: usize = 16;

/// Bytes that sealing adds.
pub(crate) const OVERHEAD_BYTES: usize = SLOT_BYTES + NONCE_BYTES + TAG_BYTES;

/// Where the key of a value is: one of the 1024 of a bucket. Given out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot {
    pub(crate) bucket: u32,
    pub(crate) number: u16,
}

impl Slot {
    /// That of a sealed value; none of a value in the clear.
    pub(crate) fn of(stored: &[u8]) -> Option<Self> {
        let (head, rest) = stored.split_first_chunk::<SLOT_BYTES>()?;
        let [SEALED, FORM, b0, b1, b2, b3, n0, n1] = *head else { return None };
        let slot = Self { bucket: u32::from_be_bytes([b0, b1, b2, b3]), number: u16::from_be_bytes([n0, n1]) };
        (rest.len() >= NONCE_BYTES + TAG_BYTES).then_some(slot)
    }
}

/// Whether a value is sealed, in this form or in one that a newer program knows.
pub(crate) fn is_sealed_value(stored: &[u8]) -> bool {
    stored.first() == Some(&SEALED)
}

/// Seals a value for its place. Nothing where it is too long for any cipher.
pub(super) fn seal(slot: Slot, key: &KeyOfSlot, nonce: &[u8; NONCE_BYTES], place: &[u8], clear: &[u8]) -> Option<Bytes> {
    let mut sealed = Vec::with_capacity(OVERHEAD_BYTES + clear.len());
    sealed.extend_from_slice(&[SEALED, FORM]);
    sealed.extend_from_slice(&slot.bucket.to_be_bytes());
    sealed.extend_from_slice(&slot.number.to_be_bytes());
    sealed.extend_from_slice(nonce);
    sealed.extend_from_slice(clear);
    let content = &mut sealed[SLOT_BYTES + NONCE_BYTES..];
    let tag = cipher(key).encrypt_inout_detached(&XNonce::from(*nonce), place, content.into()).ok()?;
    sealed.extend_from_slice(&tag);
    Some(sealed.into())
}

/// Opens a sealed value. Nothing where it is not what was sealed with this key for this place.
pub(super) fn open(key: &KeyOfSlot, place: &[u8], sealed: &[u8]) -> Option<Bytes> {
    let (nonce, rest) = sealed.get(SLOT_BYTES..)?.split_first_chunk::<NONCE_BYTES>()?;
    let (content, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut clear = content.to_vec();
    let opening = cipher(key).decrypt_inout_detached(&XNonce::from(*nonce), place, clear.as_mut_slice().into(), &Tag::from(*tag));
    opening.ok()?;
    Some(clear.into())
}

fn cipher(key: &KeyOfSlot) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key.expose()))
}
