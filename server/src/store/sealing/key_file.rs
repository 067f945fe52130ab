//! How the key file is written: a head in the clear that says how it is opened, and the buckets, sealed.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut as _};
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::node_key::{FileKey, Lock, SALT_BYTES};
use super::tree::{Cover, Node, Tree};

/// What a key file begins with; the last byte is its version.
const MAGIC: &[u8; 16] = b"titian-keyring\n\x01";

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Bytes before the nonce: the magic, the kind of lock, salt, memory, passes, and the check of the key.
const HEAD_BYTES: usize = MAGIC.len() + 1 + SALT_BYTES + 4 + 4 + FileKey::CHECK_BYTES;

/// Largest file that is read: some hundred thousand nodes. What is larger is no key file.
pub(super) const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What a key file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// Names the keyring, so that no store is opened with another one.
    pub(super) id: [u8; 16],
    /// Makes the names of rows that are found by something personal.
    pub(super) index: Node,
    /// Counts the times it was written: of two copies the one that counts more has forgotten more.
    pub(super) generation: u64,
    /// The next bucket's number. One that is smaller and not here is destroyed.
    pub(super) next_bucket: u32,
    pub(super) buckets: BTreeMap<u32, Tree>,
}

/// Why bytes are not the contents of a key file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Cut off, or changed.
    Damaged,
    /// Of a later version.
    Newer,
    /// Another key opens it.
    WrongKey,
}

/// The head of a key file.
pub(super) fn lock_of(file: &[u8]) -> Result<Lock, Unreadable> {
    let (magic, mut rest) = file.split_first_chunk::<16>().ok_or(Unreadable::Damaged)?;
    if magic[..15] != MAGIC[..15] || file.len() < HEAD_BYTES + NONCE_BYTES + TAG_BYTES {
        return Err(Unreadable::Damaged);
    }
    if magic[15] > MAGIC[15] {
        return Err(Unreadable::Newer);
    }
    let kind = rest.get_u8();
    let mut salt = [0; SALT_BYTES];
    rest.copy_to_slice(&mut salt);
    let (memory_kib, passes) = (rest.get_u32(), rest.get_u32());
    match kind {
        0 => Ok(Lock::Key),
        1 => Ok(Lock::Passphrase { salt, memory_kib, passes }),
        _ => Err(Unreadable::Damaged),
    }
}

/// Writes a key file.
pub(super) fn write(contents: &Contents, lock: &Lock, key: &FileKey, nonce: [u8; NONCE_BYTES]) -> Option<Vec<u8>> {
    let nodes: usize = contents.buckets.values().map(|tree| tree.nodes().len()).sum();
    let body = 16 + Node::BYTES + 8 + 4 + 4 + contents.buckets.len() * 6 + nodes * (3 + Node::BYTES);
    // Wiped, and never moved while it grows: nothing of it stays behind in memory.
    let mut file = Zeroizing::new(Vec::with_capacity(HEAD_BYTES + NONCE_BYTES + body + TAG_BYTES));
    file.put_slice(MAGIC);
    let (kind, salt, memory_kib, passes) = match lock {
        Lock::Key => (0, [0; SALT_BYTES], 0, 0),
        Lock::Passphrase { salt, memory_kib, passes } => (1, *salt, *memory_kib, *passes),
    };
    file.put_u8(kind);
    file.put_slice(&salt);
    file.put_u32(memory_kib);
    file.put_u32(passes);
    file.put_slice(&key.check());
    file.put_slice(&nonce);
    write_contents(contents, &mut file);
    let (head, sealed) = file.split_at_mut(HEAD_BYTES + NONCE_BYTES);
    let tag = cipher(key).encrypt_inout_detached(&XNonce::from(nonce), &head[..HEAD_BYTES], sealed.into()).ok()?;
    file.put_slice(&tag);
    Some(std::mem::take(&mut *file))
}

fn write_contents(contents: &Contents, file: &mut Vec<u8>) {
    let Contents { id, index, generation, next_bucket, buckets } = contents;
    file.put_slice(id);
    file.put_slice(index.expose());
    file.put_u64(*generation);
    file.put_u32(*next_bucket);
    file.put_u32(buckets.len() as u32);
    for (bucket, tree) in buckets {
        file.put_u32(*bucket);
        file.put_u16(tree.nodes().len() as u16);
        for (first, Cover { depth, node }) in tree.nodes() {
            file.put_u16(first);
            file.put_u8(*depth);
            file.put_slice(node.expose());
        }
    }
}

/// Reads a key file.
pub(super) fn read(file: &[u8], key: &FileKey) -> Result<Contents, Unreadable> {
    lock_of(file)?;
    let (head, rest) = file.split_at(HEAD_BYTES);
    if !head.ends_with(&key.check()) {
        return Err(Unreadable::WrongKey);
    }
    let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Unreadable::Damaged)?;
    let (sealed, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(Unreadable::Damaged)?;
    let mut opened = Zeroizing::new(sealed.to_vec());
    let buffer = opened.as_mut_slice().into();
    let opening = cipher(key).decrypt_inout_detached(&XNonce::from(*nonce), head, buffer, &Tag::from(*tag));
    opening.map_err(|_| Unreadable::Damaged)?;
    read_contents(&opened).ok_or(Unreadable::Damaged)
}

fn read_contents(mut opened: &[u8]) -> Option<Contents> {
    let opened = &mut opened;
    let mut id = [0; 16];
    opened.try_copy_to_slice(&mut id).ok()?;
    let index = read_node(opened)?;
    let (generation, next_bucket) = (opened.try_get_u64().ok()?, opened.try_get_u32().ok()?);
    let count = opened.try_get_u32().ok()?;
    let mut buckets = BTreeMap::new();
    for _ in 0..count {
        let (bucket, nodes) = (opened.try_get_u32().ok()?, opened.try_get_u16().ok()?);
        let mut covers = Vec::with_capacity(usize::from(nodes));
        for _ in 0..nodes {
            let (first, depth) = (opened.try_get_u16().ok()?, opened.try_get_u8().ok()?);
            covers.push((first, Cover { depth, node: Box::new(read_node(opened)?) }));
        }
        buckets.insert(bucket, Tree::of(covers)?);
    }
    opened.is_empty().then_some(Contents { id, index, generation, next_bucket, buckets })
}

fn read_node(opened: &mut &[u8]) -> Option<Node> {
    let mut node = Zeroizing::new([0; Node::BYTES]);
    opened.try_copy_to_slice(node.as_mut()).ok()?;
    Some(Node::new(*node))
}

fn cipher(key: &FileKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sealing::NodeKey;

    fn contents() -> Contents {
        let mut punctured = Tree::new(Node::new([3; 32]));
        punctured.puncture(700);
        let buckets = BTreeMap::from([(4, Tree::new(Node::new([2; 32]))), (9, punctured)]);
        Contents { id: [1; 16], index: Node::new([8; 32]), generation: 5, next_bucket: 11, buckets }
    }

    fn key(text: &str) -> (Lock, FileKey) {
        let node_key = NodeKey::parse(&text.repeat(64), "a test").unwrap();
        let lock = node_key.new_lock([0; SALT_BYTES]);
        (lock, node_key.unlock(&lock).unwrap().unwrap())
    }

    #[test]
    fn a_key_file_is_read_as_it_was_written_and_with_no_other_key() {
        let (lock, right) = key("a");
        let file = write(&contents(), &lock, &right, [7; 24]).unwrap();
        assert_eq!(read(&file, &right).unwrap(), contents());
        assert_eq!(read(&file, &key("b").1).unwrap_err(), Unreadable::WrongKey);
        let hides = |bytes: &[u8]| !file.windows(bytes.len()).any(|window| window == bytes);
        assert!(hides(&[2; 32]) && hides(&[8; 32]) && hides(right.expose()));
    }

    #[test]
    fn one_that_is_cut_off_or_changed_at_any_byte_is_not_read() {
        let (lock, right) = key("a");
        let file = write(&contents(), &lock, &right, [7; 24]).unwrap();
        for at in 0..file.len() {
            assert!(read(&file[..at], &right).is_err(), "cut off at {at}");
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(read(&changed, &right).is_err(), "changed at {at}");
        }
    }
}
