//! XChaCha20 and the tree of slots once more, from their definitions: the thief has not our program, and whoever reads the format can write his own.

use sha2::{Digest as _, Sha256};

/// A key, wherever it was found.
pub(crate) type Key = [u8; 32];

/// `HChaCha20` and then `ChaCha20` (draft-irtf-cfrg-xchacha), without the tag: a thief does not mind damage. The cipher of an AEAD begins at block 1.
pub(crate) fn xchacha20(key: &Key, nonce: &[u8; 24], text: &[u8]) -> Vec<u8> {
    let input: [u32; 4] = std::array::from_fn(|at| word(nonce, at));
    let mut state = start(key, input);
    rounds(&mut state);
    let mut subkey = [0; 32];
    for (at, value) in state[..4].iter().chain(&state[12..]).enumerate() {
        subkey[4 * at..4 * at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let mut clear = Vec::with_capacity(text.len());
    for (block, chunk) in (1..).zip(text.chunks(64)) {
        let before = start(&subkey, [block, 0, word(nonce, 4), word(nonce, 5)]);
        let mut after = before;
        rounds(&mut after);
        let stream = after.iter().zip(before).flat_map(|(one, other)| one.wrapping_add(other).to_le_bytes());
        clear.extend(chunk.iter().zip(stream).map(|(byte, mask)| byte ^ mask));
    }
    clear
}

/// The node below a node of a bucket's tree.
pub(crate) fn below(node: &Key, side: u8) -> Key {
    Sha256::digest([b"titian/slot/v1\n\0".as_slice(), node, &[side]].concat()).into()
}

fn start(key: &Key, input: [u32; 4]) -> [u32; 16] {
    let constants = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
    std::array::from_fn(|at| match at {
        0..4 => constants[at],
        4..12 => word(key, at - 4),
        _ => input[at - 12],
    })
}

fn rounds(state: &mut [u32; 16]) {
    const QUARTERS: [[usize; 4]; 8] =
        [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];
    for _ in 0..10 {
        for [a, b, c, d] in QUARTERS {
            for (one, other, third, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
                state[one] = state[one].wrapping_add(state[other]);
                state[third] = (state[third] ^ state[one]).rotate_left(turn);
            }
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(4 * at..4 * at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes)
}

#[test]
fn the_cipher_is_that_of_its_draft() {
    // draft-irtf-cfrg-xchacha-03, A.3.1: the plaintext begins with these words.
    let key: Key = std::array::from_fn(|at| 0x80 + at as u8);
    let nonce: [u8; 24] = std::array::from_fn(|at| 0x40 + at as u8);
    let sealed = [0xbd, 0x6d, 0x17, 0x9d, 0x3e, 0x83, 0xd4, 0x3b, 0x95, 0x76, 0x57, 0x94, 0x93, 0xc0, 0xe9, 0x39];
    assert_eq!(xchacha20(&key, &nonce, &sealed), b"Ladies and Gentl");
}
