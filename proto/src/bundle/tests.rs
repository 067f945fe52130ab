//! What may happen to a file between two unions: nothing, damage, a cut, a swap, the wrong hands.

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use prost::Message as _;
use zeroize::Zeroizing;

use super::{BundleError, Cutter, FRAME_BYTES_MAX, Opener, Recipient, Sealer, SealingKey};
use crate::envelope::{EnvelopeError, KeyRing, Signer};
use crate::model::date::Instant;
use crate::model::descriptor::{VerifyingKey, key_id_of};
use crate::model::id::NodeId;
use crate::wire::{self, frame};

const NOW: Instant = Instant::from_millis(1_772_418_754_321);

/// What reading a file came to: the frames that opened, and how it ended.
type Read = (Vec<wire::Frame>, Result<(), BundleError>);

fn node(name: &str) -> NodeId {
    NodeId::parse(name).unwrap()
}

fn signing(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn signer(seed: u8) -> Signer {
    Signer::new(key_id_of(&signing(seed).verifying_key().to_bytes()), signing(seed))
}

fn ring(seed: u8) -> KeyRing {
    KeyRing::new(vec![VerifyingKey::new(signing(seed).verifying_key().to_bytes(), NOW, NOW.plus_days(1))])
}

fn sealing(seed: u8) -> SealingKey {
    SealingKey::generate(&Zeroizing::new([seed; 32]))
}

fn recipient(name: &str, seed: u8) -> Recipient {
    let key = VerifyingKey::new(sealing(seed).public_bytes(), NOW, NOW.plus_days(1));
    Recipient::choose(&node(name), &[key], NOW).unwrap()
}

fn ping(nonce: u64) -> wire::Frame {
    wire::Frame { frame: Some(frame::Frame::Ping(wire::Ping { nonce, answer: false })) }
}

/// A bundle from MTUC to KSBSI: its head, then a chunk a frame. `seed` makes the randomness.
fn sealed(frames: &[wire::Frame], seed: u8) -> Vec<Bytes> {
    let mut random = |bytes: &mut [u8]| bytes.fill(seed);
    let (mut sealer, head) = Sealer::begin(&node("my.mtuc"), &signer(2), &recipient("id.ksbsi", 7), NOW, &mut random).unwrap();
    let (last, others) = frames.split_last().unwrap();
    let mut parts = vec![head];
    parts.extend(others.iter().map(|frame| sealer.seal(frame).unwrap()));
    parts.push(sealer.finish(last).unwrap());
    parts
}

/// Reads as KSBSI does, in pieces of this size.
fn read_in_pieces(file: &[u8], piece: usize) -> Read {
    let mut frames = Vec::new();
    let ended = read_into(&mut frames, file, piece, "id.ksbsi", Some(&sealing(7)), &ring(2));
    (frames, ended)
}

fn read(file: &[u8]) -> Read {
    read_in_pieces(file, 1000)
}

fn read_into(
    frames: &mut Vec<wire::Frame>,
    file: &[u8],
    piece: usize,
    own: &str,
    key: Option<&SealingKey>,
    sender: &KeyRing,
) -> Result<(), BundleError> {
    let mut pieces = file.chunks(piece);
    let mut cutter = Cutter::new();
    let preamble = loop {
        match cutter.preamble()? {
            Some(preamble) => break preamble,
            None => cutter.push(pieces.next().ok_or(BundleError::Truncated)?),
        }
    };
    let mut opener = Opener::begin(&preamble, &node(own), key, sender, NOW)?;
    loop {
        match cutter.chunk()? {
            Some(chunk) => frames.push(opener.open(&chunk)?),
            None => match pieces.next() {
                Some(piece) => cutter.push(piece),
                None => return opener.finish(&cutter),
            },
        }
    }
}

fn three() -> Vec<wire::Frame> {
    vec![ping(1), ping(2), ping(3)]
}

#[test]
fn what_was_sealed_is_read_whole_however_the_file_comes() {
    let large = wire::Deliveries { deliveries: vec![wire::Delivery { leaf: vec![7; 1_500_000].into(), ..Default::default() }] };
    let frames = vec![ping(1), wire::Frame { frame: Some(frame::Frame::Deliveries(large)) }, wire::Frame { frame: None }];
    let file = sealed(&frames, 9).concat();
    for piece in [1, 7, 4096, file.len()] {
        let (read, ended) = read_in_pieces(&file, piece);
        assert_eq!(ended, Ok(()));
        assert!(read == frames, "in pieces of {piece}");
    }
}

#[test]
fn a_frame_over_the_limit_is_not_sealed_and_a_chunk_over_it_is_not_waited_for() {
    let large = wire::Receipts { receipts: vec![wire::SignedReceipt { receipt: vec![0; FRAME_BYTES_MAX].into(), seal: None }] };
    let mut random = |bytes: &mut [u8]| bytes.fill(1);
    let (mut sealer, head) = Sealer::begin(&node("my.mtuc"), &signer(2), &recipient("id.ksbsi", 7), NOW, &mut random).unwrap();
    let refused = sealer.seal(&wire::Frame { frame: Some(frame::Frame::Receipts(large)) });
    assert!(matches!(refused, Err(BundleError::Content(_))));
    let mut file = head.to_vec();
    file.extend_from_slice(&[0, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(read(&file).1, Err(BundleError::Damaged));
}

#[test]
fn a_bundle_opens_for_its_recipient_alone() {
    let file = sealed(&three(), 9).concat();
    let read_as = |own: &str, key: Option<&SealingKey>| {
        let mut frames = Vec::new();
        let ended = read_into(&mut frames, &file, 1000, own, key, &ring(2));
        assert!(frames.is_empty());
        ended.unwrap_err()
    };
    // Another union, even with the same key, is told for whom it is
    assert_eq!(read_as("kh.clc", Some(&sealing(7))), BundleError::ForAnother { recipient: node("id.ksbsi") });
    // The recipient with another key, or none, is told which key it was
    let key_id = sealing(7).key_id();
    assert_eq!(read_as("id.ksbsi", Some(&sealing(8))), BundleError::OtherKey { key_id: key_id.clone() });
    assert_eq!(read_as("id.ksbsi", None), BundleError::OtherKey { key_id });
}

#[test]
fn a_bundle_that_the_named_sender_did_not_sign_is_not_opened() {
    let file = sealed(&three(), 9).concat();
    let with = |ring: &KeyRing| read_into(&mut Vec::new(), &file, 1000, "id.ksbsi", Some(&sealing(7)), ring);
    assert!(matches!(with(&ring(3)), Err(BundleError::NotSigned(EnvelopeError::KeyUnknown { .. }))));
    let old = VerifyingKey::new(signing(2).verifying_key().to_bytes(), NOW.plus_days(-9), NOW.plus_days(-1));
    assert!(matches!(with(&KeyRing::new(vec![old])), Err(BundleError::NotSigned(EnvelopeError::KeyNotCurrent { .. }))));
    // Nor one of a forger who puts his own encapsulated key under MTUC's name
    let mut random = |bytes: &mut [u8]| bytes.fill(1);
    let forger = Signer::new(signer(2).key_id().to_owned(), signing(66));
    let (sealer, head) = Sealer::begin(&node("my.mtuc"), &forger, &recipient("id.ksbsi", 7), NOW, &mut random).unwrap();
    let forged = [head, sealer.finish(&ping(1)).unwrap()].concat();
    assert!(matches!(read(&forged).1, Err(BundleError::NotSigned(EnvelopeError::SignatureWrong { .. }))));
}

#[test]
fn chunks_of_another_bundle_or_in_another_place_do_not_open() {
    let parts = sealed(&three(), 9);
    let others = sealed(&three(), 10);
    for places in [[0, 2, 1, 3], [0, 1, 1, 3], [0, 3, 2, 1]] {
        let swapped = places.map(|place| parts[place].clone()).concat();
        assert_eq!(read(&swapped).1, Err(BundleError::Damaged), "{places:?}");
    }
    assert_eq!(read(&[&parts[..1], &others[1..]].concat().concat()).1, Err(BundleError::Damaged), "another bundle's chunks");
    assert_eq!(read(&[&others[..1], &parts[1..]].concat().concat()).1, Err(BundleError::Damaged), "another bundle's head");
}

#[test]
fn a_cut_is_noticed_wherever_it_is_and_what_stands_behind_the_end_too() {
    let parts = sealed(&three(), 9);
    let file = parts.concat();
    for length in 0..file.len() {
        assert_eq!(read(&file[..length]).1, Err(BundleError::Truncated), "after {length} bytes");
    }
    // Also where a chunk's end looks like the file's
    let shortened = parts[..3].concat();
    let (frames, ended) = read(&shortened);
    assert_eq!((frames.len(), ended), (2, Err(BundleError::Truncated)));
    // A last chunk cannot be made of another by its mark
    let mut marked = shortened.clone();
    marked[parts[..2].concat().len()] = 1;
    assert_eq!(read(&marked).1, Err(BundleError::Damaged));
    for behind in [&[0][..], b"\r\n", &parts[3]] {
        let (frames, ended) = read(&[&file, behind].concat());
        assert_eq!((frames.len(), ended), (3, Err(BundleError::Damaged)));
    }
}

#[test]
fn what_is_no_bundle_or_a_newer_one_is_told_apart() {
    let file = sealed(&three(), 9).concat();
    assert_eq!(read(b"-----BEGIN TITIAN DESCRIPTOR-----").1, Err(BundleError::NotABundle));
    let mailed = String::from_utf8_lossy(&file[..16]).replace("\r\n", "\n").into_bytes();
    assert_eq!(read(&mailed).1, Err(BundleError::NotABundle), "another end of line");
    let preamble_of = |header: wire::BundleHeader| {
        let preamble = wire::BundlePreamble { header: header.encode_to_vec().into(), seal: Some(wire::Seal::default()) }.encode_to_vec();
        let length = u32::try_from(preamble.len()).unwrap().to_be_bytes();
        [&file[..16], &length[..], &preamble[..]].concat()
    };
    let newer = wire::BundleHeader { version: 2, ..Default::default() };
    assert_eq!(read(&preamble_of(newer)).1, Err(BundleError::Newer));
    let suite = wire::BundleHeader { version: 1, suite: 9, ..Default::default() };
    assert_eq!(read(&preamble_of(suite)).1, Err(BundleError::Newer));
    assert_eq!(read(&preamble_of(wire::BundleHeader::default())).1, Err(BundleError::NotABundle));
}

#[test]
fn the_sealing_key_that_is_valid_and_newest_is_taken() {
    let key = |seed, from, days| VerifyingKey::new(sealing(seed).public_bytes(), NOW.plus_days(from), NOW.plus_days(from + days));
    let keys = [key(1, -9, 5), key(2, -9, 20), key(3, -2, 20), key(4, 1, 20)];
    let chosen = Recipient::choose(&node("id.ksbsi"), &keys, NOW).unwrap();
    assert_eq!(chosen.key.key_id, sealing(3).key_id());
    let none = Err(BundleError::NoSealingKey { peer: node("id.ksbsi") });
    assert_eq!(Recipient::choose(&node("id.ksbsi"), &[], NOW), none);
    assert_eq!(Recipient::choose(&node("id.ksbsi"), &keys[..1], NOW), none);
    // A key of small order would give everybody the secret
    let weak = Recipient::choose(&node("id.ksbsi"), &[VerifyingKey::new([0; 32], NOW, NOW.plus_days(1))], NOW).unwrap();
    let begun = Sealer::begin(&node("my.mtuc"), &signer(2), &weak, NOW, &mut |bytes| bytes.fill(1));
    assert_eq!(begun.err(), none.err());
}

#[test]
fn a_sealing_key_shows_nothing_of_itself() {
    assert_eq!(format!("{:?}", sealing(7)), "SealingKey(..)");
    let again = SealingKey::from_secret_bytes(&sealing(7).secret_bytes()).unwrap();
    assert_eq!(again.key_id(), sealing(7).key_id());
}

#[test]
fn every_error_has_a_code_of_its_own_and_says_what_to_do() {
    let (peer, sender, recipient) = (node("id.ksbsi"), node("my.mtuc"), node("kh.clc"));
    let errors = [
        BundleError::NotABundle,
        BundleError::Newer,
        BundleError::Truncated,
        BundleError::Damaged,
        BundleError::ForAnother { recipient },
        BundleError::SenderUnknown { sender: sender.clone() },
        BundleError::NotSigned(EnvelopeError::BodyDigestWrong),
        BundleError::OtherKey { key_id: "0".repeat(16) },
        BundleError::NoSealingKey { peer },
        BundleError::Content(crate::model::malformed::Malformed::missing("frame")),
        BundleError::OtherEpoch { sender: sender.clone() },
        BundleError::OtherChain { sender: sender.clone() },
        BundleError::BeforeRestore { sender },
    ];
    assert_eq!(errors.each_ref().map(BundleError::code), BundleError::CODES);
    assert!(errors.iter().all(|error| error.next_step().ends_with('.') && !error.to_string().ends_with('.')));
}

proptest! {
    #[test]
    fn a_bit_that_is_not_as_it_was_is_noticed_wherever_it_is(place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut file = sealed(&three(), 9).concat();
        let place = place.index(file.len());
        file[place] ^= 1 << bit;
        let (frames, ended) = read(&file);
        prop_assert!(ended.is_err(), "byte {place}, bit {bit}");
        // What opened before it is what was sealed
        prop_assert!(frames == three()[..frames.len()]);
    }

    #[test]
    fn arbitrary_bytes_are_refused_and_stop_nobody(head in 0..3_usize, bytes in prop::collection::vec(any::<u8>(), 0..600), piece in 1..80_usize) {
        let parts = sealed(&three(), 9);
        let begin = [Bytes::new(), parts[0].slice(..16), parts[0].clone()];
        let file = [begin[head].clone(), bytes.into()].concat();
        prop_assert!(read_in_pieces(&file, piece).1.is_err());
    }

    #[test]
    fn any_frames_come_back_as_they_were(nonces in prop::collection::vec(any::<u64>(), 1..20), seed in any::<u8>(), piece in 1..2000_usize) {
        let frames: Vec<wire::Frame> = nonces.into_iter().map(ping).collect();
        let (read, ended) = read_in_pieces(&sealed(&frames, seed).concat(), piece);
        prop_assert_eq!(ended, Ok(()));
        prop_assert!(read == frames);
    }
}
