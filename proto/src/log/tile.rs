//! The log in files, as c2sp.org/tlog-tiles has it: hashes in tiles of 256, leaves in bundles of 256, and where each file lies.

use crate::log::leaf::Leaf;
use crate::log::proof::{self, Nodes};
use crate::log::tree::Tree;
use crate::model::id::Digest;
use crate::model::malformed::Malformed;

/// Hashes of a full tile, and leaves of a full bundle.
pub const WIDTH: u64 = 256;
/// Levels of tiles that a log with fewer than 2^53 leaves can have: each stands for eight levels of the tree.
pub const LEVELS_MAX: u8 = 7;
const HEIGHT: u32 = WIDTH.ilog2();
const HASH_LENGTH: usize = 32;

/// What stands in a file: hashes of a level of the tree, or the leaves themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Leaves, each after its length.
    Entries,
    /// Hashes of complete subtrees over 256^level leaves.
    Hashes(u8),
}

/// One file of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What stands in it.
    pub kind: Kind,
    /// Its number in its row, from 0.
    pub number: u64,
    /// How many hashes or leaves it holds: 1 to 256; fewer than 256 make it partial.
    pub width: u16,
}

impl Tile {
    /// Where it lies below the log's folder, always with `/`: `tile/0/x001/234`, `tile/entries/000.p/7`.
    #[must_use]
    pub fn path(&self) -> String {
        let row = match self.kind {
            Kind::Entries => "entries".to_owned(),
            Kind::Hashes(level) => level.to_string(),
        };
        let mut groups = vec![format!("{:03}", self.number % 1000)];
        let mut rest = self.number / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        let partial = if u64::from(self.width) < WIDTH { format!(".p/{}", self.width) } else { String::new() };
        format!("tile/{row}/{}{partial}", groups.join("/"))
    }

    /// All files of a log of this size, row by row, leaves first; partial ones only at the end of their row.
    pub fn of_size(size: u64) -> impl Iterator<Item = Self> {
        let rows = std::iter::once(Kind::Entries).chain((0..LEVELS_MAX).map(Kind::Hashes));
        rows.flat_map(move |kind| Self::of_row(kind, size))
    }

    /// The files of one row of a log of this size.
    pub fn of_row(kind: Kind, size: u64) -> impl Iterator<Item = Self> {
        let count = kind.count(size);
        (0..count.div_ceil(WIDTH)).map(move |number| Self { kind, number, width: width_of(count, number) })
    }
}

impl Kind {
    /// How many hashes or leaves this row has in a log of this size.
    #[must_use]
    pub fn count(self, size: u64) -> u64 {
        match self {
            Self::Entries => size,
            Self::Hashes(level) => size.checked_shr(u32::from(level) * HEIGHT).unwrap_or(0),
        }
    }
}

/// The bytes of a bundle of leaves, each after its length in two bytes.
///
/// # Errors
/// When there are none or more than 256, or a leaf is longer than a leaf may be.
pub fn encode_entries<'l>(leaves: impl IntoIterator<Item = &'l [u8]>) -> Result<Vec<u8>, Malformed> {
    let (mut bytes, mut count) = (Vec::new(), 0);
    for leaf in leaves {
        let length = u16::try_from(leaf.len()).ok().filter(|_| leaf.len() <= Leaf::LENGTH_MAX);
        let length = length.ok_or_else(|| Malformed::new("must hold leaves of at most 16384 bytes").at("entries"))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(leaf);
        count += 1;
    }
    if count == 0 || count > WIDTH {
        return Err(Malformed::new("must hold 1 to 256 leaves").at("entries"));
    }
    Ok(bytes)
}

/// The leaves of a bundle, as they came.
///
/// # Errors
/// When there are not exactly `width` of them, or something follows.
pub fn decode_entries(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, Malformed> {
    let wrong = || Malformed::new(format!("must hold exactly {width} leaves, each after its length")).at("entries");
    let (mut leaves, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>().ok_or_else(wrong)?;
        let (leaf, after) = after.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(wrong)?;
        if leaves.len() == usize::from(width) {
            return Err(wrong());
        }
        leaves.push(leaf);
        rest = after;
    }
    if leaves.len() == usize::from(width) { Ok(leaves) } else { Err(wrong()) }
}

/// The hashes of a tile.
///
/// # Errors
/// When there are not exactly `width` of them.
pub fn decode_hashes(bytes: &[u8], width: u16) -> Result<Vec<Digest>, Malformed> {
    let (hashes, rest) = bytes.as_chunks::<HASH_LENGTH>();
    if hashes.len() != usize::from(width) || !rest.is_empty() {
        return Err(Malformed::new(format!("must hold exactly {width} hashes of 32 bytes")).at("tile"));
    }
    Ok(hashes.iter().copied().map(Digest).collect())
}

/// The bytes of a tile of hashes.
#[must_use]
pub fn encode_hashes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes of all levels of tiles, grown leaf by leaf. Each level is computed from the one below and never taken from a file, so that a tile that
/// was changed has nothing to stand on: whoever verifies compares each file with this.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    levels: Vec<Vec<Digest>>,
}

impl Levels {
    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf_hash: Digest) {
        let mut hash = leaf_hash;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(hash);
            if !row.len().is_multiple_of(WIDTH as usize) {
                return;
            }
            hash = Tree::new(row[row.len() - WIDTH as usize..].to_vec()).root();
        }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root over the first `size` leaves; none where there are fewer.
    #[must_use]
    pub fn root(&self, size: u64) -> Option<Digest> {
        proof::root(self, size)
    }

    /// What the file of this tile must hold; none where it is not a tile of hashes, or there are fewer.
    #[must_use]
    pub fn hashes(&self, tile: Tile) -> Option<&[Digest]> {
        let Kind::Hashes(level) = tile.kind else { return None };
        let start = usize::try_from(tile.number.checked_mul(WIDTH)?).ok()?;
        self.levels.get(usize::from(level))?.get(start..start.checked_add(tile.width.into())?)
    }
}

impl Nodes for Levels {
    fn node(&self, height: u32, number: u64) -> Option<Digest> {
        let (level, inside) = (height / HEIGHT, height % HEIGHT);
        let row = self.levels.get(level as usize)?;
        let start = usize::try_from(number).ok()?.checked_mul(1 << inside)?;
        let below = row.get(start..start.checked_add(1 << inside)?)?;
        Some(Tree::new(below.to_vec()).root())
    }
}

fn width_of(count: u64, number: u64) -> u16 {
    // At most 256.
    u16::try_from((count - number * WIDTH).min(WIDTH)).unwrap_or(u16::MAX)
}

#[cfg(test)]
#[path = "tile_tests.rs"]
mod tests;
