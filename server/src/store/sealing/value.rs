//! A sealed value: where its key is, a nonce, and what only that key opens at that place.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use bytes::Bytes;
use chacha20::{R20, hchacha};
use zeroize::Zeroizing;

use super::keyring::KeyOfSlot;

/// What a sealed value begins with, in place of the version of a value in the clear, which counts from 1; no protobuf message begins with it either. Then
/// comes the form of the sealing.
const SEALED: u8 = 0;

/// The one form there is: `SEALED | form | bucket u32 | slot u16 | nonce | ciphertext | tag`, with the place of the value beside it: a value that was
/// put elsewhere does not open. The cipher is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha, 2.3).
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
    let (cipher, nonce) = cipher(key, nonce)?;
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(place), content).ok()?;
    sealed.extend_from_slice(tag.as_ref());
    Some(sealed.into())
}

/// Opens a sealed value. Nothing where it is not what was sealed with this key for this place.
pub(super) fn open(key: &KeyOfSlot, place: &[u8], sealed: &[u8]) -> Option<Bytes> {
    let (nonce, rest) = sealed.get(SLOT_BYTES..)?.split_first_chunk::<NONCE_BYTES>()?;
    let (content, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut clear = vec![0; content.len()];
    let (cipher, nonce) = cipher(key, nonce)?;
    cipher.open_separate_gather(nonce, Aad::from(place), content, tag, &mut clear).ok()?;
    Some(clear.into())
}

/// XChaCha20 is ChaCha20 with a key made of the key and the first 16 bytes of the nonce, and the rest of the nonce behind four zero bytes.
fn cipher(key: &KeyOfSlot, nonce: &[u8; NONCE_BYTES]) -> Option<(LessSafeKey, Nonce)> {
    let (first, rest) = nonce.split_first_chunk::<16>()?;
    let derived = Zeroizing::new(<[u8; 32]>::from(hchacha::<R20>(key.expose().into(), first.into())));
    let mut short = [0; NONCE_LEN];
    short[NONCE_LEN - rest.len()..].copy_from_slice(rest);
    Some((LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, derived.as_ref()).ok()?), Nonce::assume_unique_for_key(short)))
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
    use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
    use proptest::prelude::*;

    use super::*;
    use crate::store::sealing::tree::Node;

    proptest! {
        /// What an earlier program sealed is opened, and the other way round: that had another implementation of the same cipher.
        #[test]
        fn the_cipher_is_the_one_of_the_form(key: [u8; 32], nonce: [u8; NONCE_BYTES], place: Vec<u8>, clear in prop::collection::vec(any::<u8>(), 0..2000)) {
            let (slot, of_slot) = (Slot { bucket: 7, number: 1023 }, KeyOfSlot::of(Node::new(key)));
            let sealed = seal(slot, &of_slot, &nonce, &place, &clear).unwrap();
            let other = XChaCha20Poly1305::new(&Key::from(key));
            let content = other.encrypt(&XNonce::from(nonce), Payload { msg: &clear, aad: &place }).unwrap();
            let expected = [&[SEALED, FORM, 0, 0, 0, 7, 3, 255], nonce.as_slice(), &content].concat();
            prop_assert_eq!(&sealed, &expected);
            prop_assert_eq!(open(&of_slot, &place, &sealed).unwrap(), clear);
            prop_assert!(open(&of_slot, &[&place, b"else".as_slice()].concat(), &sealed).is_none(), "put elsewhere");
            let mut damaged = sealed.to_vec();
            *damaged.last_mut().unwrap() ^= 1;
            prop_assert!(open(&of_slot, &place, &damaged).is_none());
        }
    }
}
