use ed25519_dalek::SigningKey;

use super::*;
use crate::log::note::{KeyKind, NoteSigner};
use crate::log::proof::prove_inclusion;
use crate::log::tree::Tree;

const ORIGIN: &str = "my.mtuc/titian/log/2026a";
const LEAVES: [&[u8]; 5] = [b"a", b"b", b"c", b"d", b"e"];

fn signer(name: &str, kind: KeyKind, seed: u8) -> NoteSigner {
    NoteSigner::new(name, kind, SigningKey::from_bytes(&[seed; 32])).unwrap()
}

fn witness() -> NoteSigner {
    signer("id.ksbsi/titian/witness", KeyKind::Witness, 2)
}

/// The log, seen by one witness.
fn policy() -> Policy {
    let (log, witness) = (signer(ORIGIN, KeyKind::Log, 1), witness());
    Policy::parse(&format!("log {}\nwitness B {}\nquorum B\n", log.public(), witness.public())).unwrap()
}

fn proof(index: u64) -> ProofFile {
    let tree = Tree::new(LEAVES.map(leaf_hash).to_vec());
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 5, root: tree.root() };
    let mut note = checkpoint.sign(&signer(ORIGIN, KeyKind::Log, 1)).unwrap();
    note.sign(&witness(), 1_700_000_000);
    ProofFile { index, path: prove_inclusion(&tree, index, 5).unwrap(), note }
}

#[test]
fn a_file_proves_its_leaf_to_who_has_the_policy() {
    for (index, leaf) in (0..).zip(LEAVES) {
        let file = ProofFile::parse(proof(index).encode().as_bytes()).unwrap();
        assert_eq!(file, proof(index));
        let proven = file.verify(leaf, &policy()).unwrap();
        assert_eq!((proven.checkpoint.size, proven.witnessed.at["B"]), (5, 1_700_000_000));
    }
}

#[test]
fn it_proves_no_other_leaf_no_other_place_and_no_other_log() {
    let code = |file: &ProofFile, leaf: &[u8]| file.verify(leaf, &policy()).map_err(|error| error.code()).unwrap_err();
    assert_eq!(code(&proof(3), b"c"), "NOT_INCLUDED");
    assert_eq!(code(&ProofFile { index: 2, ..proof(3) }, b"d"), "NOT_INCLUDED");
    assert_eq!(code(&ProofFile { index: 5, ..proof(4) }, b"e"), "NOT_INCLUDED");
    let stranger = Checkpoint { origin: ORIGIN.to_owned(), size: 5, root: Digest::ZERO }.sign(&signer(ORIGIN, KeyKind::Log, 9)).unwrap();
    assert_eq!(code(&ProofFile { note: stranger, ..proof(3) }, b"d"), "NOT_SIGNED");
    let text = proof(3).encode().replace("\n5\n", "\n6\n");
    assert_eq!(code(&ProofFile::parse(text.as_bytes()).unwrap(), b"d"), "WRONG_SIGNATURE");
}

#[test]
fn a_head_that_no_witness_saw_proves_nothing_yet() {
    let checkpoint = policy().checkpoint(&proof(3).note).unwrap();
    let unseen = checkpoint.sign(&signer(ORIGIN, KeyKind::Log, 1)).unwrap();
    assert_eq!(ProofFile { note: unseen, ..proof(3) }.verify(b"d", &policy()), Err(ProofError::NoQuorum));
}

#[test]
fn every_other_form_is_refused() {
    let good = proof(3).encode();
    for text in [
        good.replace("@v1", "@v2"),
        good.replace("index 3", "index 03"),
        good.replace("index 3", "index -3"),
        good.replace("index 3", "index 9007199254740992"),
        good.replace("index 3", "extra AAAA\nindex 3"),
        good.replace("index 3\n", ""),
        good.replacen("=\n", "\n", 1),
        good.replace("index 3\n", &format!("index 3\n{}", format!("{}\n", BASE64.encode([0_u8; 32])).repeat(PATH_MAX))),
        format!("{good}\n"),
        String::new(),
    ] {
        assert!(ProofFile::parse(text.as_bytes()).is_err(), "{text}");
    }
}
