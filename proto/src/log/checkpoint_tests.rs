use ed25519_dalek::SigningKey;

use super::*;

const ORIGIN: &str = "my.mtuc/titian/log/2026a";

/// The same head as [`checkpoint`], signed by a log and a witness with the same keys in another program, in another language.
const FOREIGN_NOTE: &str = concat!(
    "my.mtuc/titian/log/2026a\n",
    "70000\n",
    "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n",
    "\n",
    "\u{2014} my.mtuc/titian/log/2026a cLl3f5yP5S9aQF/1NE7nhBdh+XZelL8AZI3YDT1HCUMyiFh8wQXuyBd6ocbajsVIp5FDrIoVnxUIwti4R182t8LQ6Aw=\n",
    "\u{2014} id.ksbsi/titian/witness LfhnPAAAAABlU/EAhMnBTDpRNGfI4xTcVjolIAlrG53Zh2xqkSzVcF0CfogYOmb7WpJddSJOT8HSSw5W14takQF3rpMFEfgmcf7mAQ==\n",
);
const FOREIGN_KEYS: [&str; 2] = [
    "my.mtuc/titian/log/2026a+70b9777f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
    "id.ksbsi/titian/witness+2df8673c+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
];

fn signer(name: &str, kind: KeyKind, seed: u8) -> NoteSigner {
    NoteSigner::new(name, kind, SigningKey::from_bytes(&[seed; 32])).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size: 70_000, root: Digest::of(b"root") }
}

/// The note with its text changed and its signatures as they were.
fn with_text(note: &Note, text: &str) -> Note {
    Note::parse(note.encode().replacen(note.text(), text, 1).as_bytes()).unwrap()
}

#[test]
fn a_signed_checkpoint_is_read_by_who_has_the_key() {
    let log = signer(ORIGIN, KeyKind::Log, 1);
    let note = checkpoint().sign(&log).unwrap();
    let read = Note::parse(note.encode().as_bytes()).unwrap();
    assert_eq!(Checkpoint::of_note(&read, log.public()), Ok(checkpoint()));
    let stranger = signer(ORIGIN, KeyKind::Log, 2);
    assert_eq!(Checkpoint::of_note(&read, stranger.public()), Err(CheckpointError::NotSigned));
}

#[test]
fn another_program_signs_the_same_bytes() {
    let (log, witness) = (signer(ORIGIN, KeyKind::Log, 1), signer("id.ksbsi/titian/witness", KeyKind::Witness, 2));
    assert_eq!([log.public().to_string(), witness.public().to_string()], FOREIGN_KEYS);
    let mut note = checkpoint().sign(&log).unwrap();
    note.sign(&witness, 1_700_000_000);
    assert_eq!(note.encode(), FOREIGN_NOTE);
    let read = Note::parse(FOREIGN_NOTE.as_bytes()).unwrap();
    assert_eq!(Checkpoint::of_note(&read, log.public()), Ok(checkpoint()));
    assert_eq!(read.verify(witness.public()), Ok(Some(Signed::At(1_700_000_000))));
}

/// `audit-log.md` (e) 7.
#[test]
fn when_the_size_is_lowered_or_a_line_inserted_the_signature_fails() {
    let log = signer(ORIGIN, KeyKind::Log, 1);
    let note = checkpoint().sign(&log).unwrap();
    let lowered = with_text(&note, &Checkpoint { size: 69_999, ..checkpoint() }.text());
    assert_eq!(Checkpoint::of_note(&lowered, log.public()).unwrap_err().code(), "WRONG_SIGNATURE");
    let longer = with_text(&note, &format!("{}extension\n", checkpoint().text()));
    assert_eq!(Checkpoint::of_note(&longer, log.public()).unwrap_err().code(), "CHECKPOINT_MALFORMED");
    assert!(longer.verify(log.public()).is_err(), "and the signature does not cover it either");
}

#[test]
fn the_checkpoint_of_another_log_is_not_taken_for_this_one() {
    let (log, other) = (signer(ORIGIN, KeyKind::Log, 1), signer("id.ksbsi/titian/log/2026a", KeyKind::Log, 1));
    let note = checkpoint().sign(&log).unwrap();
    assert_eq!(Checkpoint::of_note(&note, other.public()).unwrap_err().code(), "OTHER_LOG");
    assert!(checkpoint().sign(&other).is_err());
}

#[test]
fn a_witness_cannot_speak_for_the_log() {
    let witness = signer(ORIGIN, KeyKind::Witness, 1);
    assert!(checkpoint().sign(&witness).is_err());
    let mut note = Note::new(checkpoint().text()).unwrap();
    note.sign(&witness, 1_700_000_000);
    assert_eq!(Checkpoint::of_note(&note, witness.public()), Err(CheckpointError::NotSigned));
    assert_eq!(Checkpoint::of_note(&note, signer(ORIGIN, KeyKind::Log, 1).public()), Err(CheckpointError::NotSigned));
}

#[test]
fn every_other_form_is_refused() {
    let good = checkpoint().text();
    assert_eq!(Checkpoint::parse(&good), Ok(checkpoint()));
    let empty = Checkpoint { size: 0, root: Digest::of(b""), ..checkpoint() };
    assert_eq!(Checkpoint::parse(&empty.text()), Ok(empty));
    for text in [
        good.replace("70000", "070000"),
        good.replace("70000", "+70000"),
        good.replace("70000", "9007199254740992"),
        good.replace("70000", ""),
        good.replace('=', ""),
        good.replacen('\n', "\n\n", 1),
        good.replace(ORIGIN, ""),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        String::new(),
    ] {
        assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
    }
}
