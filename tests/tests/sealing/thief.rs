//! Somebody with the whole disk: every byte of every file, and in the second story the node key too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::cipher::{Key, below, xchacha20};

/// How a sealed value begins, then bucket and slot, and the nonce.
const SEALED: [u8; 2] = [0, 1];
const HEAD: usize = 2 + 4 + 2;
const NONCE: usize = 24;

/// As much of what follows a head is looked at: more than any value of these stories.
const LOOKED_AT: usize = 4096;

/// Bytes of a key file before its nonce: magic, kind, salt, memory, passes, check.
const KEY_FILE_HEAD: usize = 16 + 1 + 16 + 4 + 4 + 8;

/// Where a value's key is: bucket and slot.
pub(crate) type Slot = (u32, u16);

/// Every file under a folder, but those of these names.
pub(crate) fn files_under(folder: &Path, but: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut files = Vec::new();
    for entry in entries.filter(|entry| !but.iter().any(|name| entry.file_name() == *name)) {
        if entry.path().is_dir() {
            files.extend(files_under(&entry.path(), but));
        } else {
            files.push(entry.path());
        }
    }
    files
}

/// A text in every form in which it may lie on a disk.
pub(crate) fn forms(text: &str) -> Vec<Vec<u8>> {
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let little = utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big = utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let mut forms = vec![text.as_bytes().to_vec(), little, big, lower(text.as_bytes()), lower(text.as_bytes()).to_ascii_uppercase()];
    for shift in 0..3 {
        // In base64 it looks three ways, by where it begins; what its neighbours touch is cut off.
        let encoded = BASE64_STANDARD.encode([&vec![0; shift][..], text.as_bytes()].concat());
        let (first, last) = ([0, 2, 3][shift], encoded.trim_end_matches('=').len() - 1);
        forms.push(encoded.as_bytes()[first..last].to_vec());
    }
    forms
}

/// Which of these stand in bytes, by their places in the list.
pub(crate) fn found<'a>(needles: &[Vec<u8>], bytes: impl IntoIterator<Item = &'a [u8]>) -> BTreeSet<usize> {
    let mut by_first: Vec<Vec<usize>> = vec![Vec::new(); 256];
    for (at, needle) in needles.iter().enumerate() {
        by_first[usize::from(needle[0])].push(at);
    }
    let mut found = BTreeSet::new();
    for bytes in bytes {
        for (place, byte) in bytes.iter().enumerate() {
            found.extend(by_first[usize::from(*byte)].iter().filter(|at| bytes[place..].starts_with(&needles[**at])));
        }
    }
    found
}

/// What a key file holds to whoever has the node key: every node, by its bucket, its first leaf and its depth.
pub(crate) struct Loot(Vec<(u32, u16, u8, Key)>);

impl Loot {
    /// Opens a key file.
    pub(crate) fn of(key_file: &Path, node_key: &Path) -> Self {
        let file = fs::read(key_file).expect("a key file");
        let text = fs::read_to_string(node_key).expect("a node key");
        let key: Key = bytes_of(text.trim()).try_into().expect("32 bytes");
        let nonce = file[KEY_FILE_HEAD..KEY_FILE_HEAD + NONCE].try_into().expect("a nonce");
        let clear = xchacha20(&key, nonce, &file[KEY_FILE_HEAD + NONCE..file.len() - 16]);
        let mut rest = &clear[16 + 32 + 8 + 4..];
        let mut take = |count: usize| {
            let (taken, after) = rest.split_at(count);
            rest = after;
            taken.to_vec()
        };
        let number = |bytes: Vec<u8>| bytes.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
        let mut nodes = Vec::new();
        for _ in 0..number(take(4)) {
            let (bucket, count) = (number(take(4)), number(take(2)));
            for _ in 0..count {
                let (first, depth) = (number(take(2)) as u16, take(1)[0]);
                nodes.push((bucket, first, depth, take(32).try_into().expect("a node")));
            }
        }
        Self(nodes)
    }

    /// Every key that can be made of it, by its slot.
    pub(crate) fn keys(&self) -> BTreeMap<Slot, Key> {
        let mut keys = BTreeMap::new();
        for (bucket, first, depth, node) in &self.0 {
            let mut level = vec![*node];
            for _ in *depth..10 {
                level = level.iter().flat_map(|node| [below(node, 0), below(node, 1)]).collect();
            }
            keys.extend((*first..).zip(level).map(|(slot, key)| ((*bucket, slot), key)));
        }
        keys
    }

    /// Every node as it lies there.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().map(|(.., node)| node)
    }
}

/// Whatever looks like a sealed value in some bytes: its slot, its nonce, and what follows.
pub(crate) fn sealed_in(bytes: &[u8]) -> impl Iterator<Item = (Slot, &[u8; NONCE], &[u8])> {
    let heads = bytes.windows(HEAD + NONCE).enumerate().filter(|(_, head)| head[..2] == SEALED && head[2..4] == [0, 0] && head[6] < 4);
    heads.filter_map(|(at, head)| {
        let slot = (u32::from_be_bytes(head[2..6].try_into().ok()?), u16::from_be_bytes(head[6..8].try_into().ok()?));
        let text = &bytes[at + HEAD + NONCE..];
        Some((slot, head[HEAD..].try_into().ok()?, &text[..text.len().min(LOOKED_AT)]))
    })
}

/// Everything that a thief reads in some bytes: each sealed value with its own key where he has it, and with all keys that he has where he has not.
pub(crate) fn opened(loot: &Loot, keys: &BTreeMap<Slot, Key>, bytes: &[u8]) -> Vec<Vec<u8>> {
    /// What is not opened by its own key is tried with all others as far as this.
    const TRIED: usize = 512;
    let mut opened = Vec::new();
    for (slot, nonce, text) in sealed_in(bytes) {
        match keys.get(&slot) {
            Some(key) => opened.push(xchacha20(key, nonce, text)),
            None => {
                let near = keys.range((slot.0, 0)..=(slot.0, u16::MAX)).map(|(_, key)| key);
                opened.extend(loot.nodes().chain(near).map(|key| xchacha20(key, nonce, &text[..text.len().min(TRIED)])));
            }
        }
    }
    opened
}

/// The bytes of hexadecimal digits.
pub(crate) fn bytes_of(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2).filter_map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()).collect()
}

fn lower(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}
