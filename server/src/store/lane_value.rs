//! How a lane's cursors are stored: places, the hash of its last envelope, and its turns, each with a fixed length.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use titian_proto::model::id::Digest;
use titian_proto::model::malformed::Malformed;

use super::position::{Position, Turns};

/// Bytes of a place.
const PLACE_BYTES: usize = size_of::<u64>();

pub(crate) fn write(places: &[Position], hash: &Digest, turns: &Turns) -> Bytes {
    let mut bytes = BytesMut::with_capacity(places.len() * PLACE_BYTES + hash.0.len() + turns.pairs().len() * 2 * PLACE_BYTES);
    for place in places {
        bytes.put_u64(place.number());
    }
    bytes.put_slice(&hash.0);
    for (end, begin) in turns.pairs() {
        bytes.put_u64(end.number());
        bytes.put_u64(begin.number());
    }
    bytes.freeze()
}

pub(crate) fn read<const N: usize>(mut body: &[u8]) -> Result<([Position; N], Digest, Turns), Malformed> {
    let mut digest = Digest::ZERO;
    let fixed = N * PLACE_BYTES + digest.0.len();
    if body.len() < fixed || !(body.len() - fixed).is_multiple_of(2 * PLACE_BYTES) {
        return Err(Malformed::new("must be places, a hash and turns"));
    }
    let places = std::array::from_fn(|_| Position::of_number(body.get_u64()));
    body.copy_to_slice(&mut digest.0);
    let mut turns = Vec::with_capacity(body.len() / (2 * PLACE_BYTES));
    while body.has_remaining() {
        turns.push((Position::of_number(body.get_u64()), Position::of_number(body.get_u64())));
    }
    Ok((places, digest, Turns::of_pairs(turns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_read_as_it_was_written_and_damage_is_told_apart() {
        let (places, hash) = ([Position::new(0, 7), Position::new(1, 2)], Digest([9; 32]));
        for turns in [Turns::NONE, Turns::of_pairs(vec![(Position::new(0, 7), Position::new(1, 1))])] {
            let written = write(&places, &hash, &turns);
            assert_eq!(read(&written).unwrap(), (places, hash, turns));
            assert!(read::<2>(&written[1..]).is_err());
        }
    }
}
