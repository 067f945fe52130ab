use proptest::prelude::*;

use super::*;

/// The example of the Go package that the format comes from.
const PUBLISHED_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PUBLISHED_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
/// The key of the checksum database of Go, as every Go installation has it.
const GO_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";

fn signer(name: &str, kind: KeyKind, seed: u8) -> NoteSigner {
    NoteSigner::new(name, kind, SigningKey::from_bytes(&[seed; 32])).unwrap()
}

fn signed() -> (Note, NoteSigner, NoteSigner) {
    let log = signer("my.mtuc/titian/log/2026a", KeyKind::Log, 1);
    let witness = signer("id.ksbsi/titian/witness", KeyKind::Witness, 2);
    let mut note = Note::new("one\n\ntwo\n".to_owned()).unwrap();
    note.sign(&log, 0);
    note.sign(&witness, 1_700_000_000);
    (note, log, witness)
}

#[test]
fn notes_and_keys_of_others_are_read_and_written_alike() {
    for vkey in [PUBLISHED_KEY, GO_KEY] {
        assert_eq!(NoteKey::parse(vkey).unwrap().to_string(), vkey);
    }
    let note = Note::parse(PUBLISHED_NOTE.as_bytes()).unwrap();
    assert_eq!(note.verify(&NoteKey::parse(PUBLISHED_KEY).unwrap()), Ok(Some(Signed::Text)));
    assert_eq!(note.verify(&NoteKey::parse(GO_KEY).unwrap()), Ok(None));
    assert_eq!(note.encode(), PUBLISHED_NOTE);
}

#[test]
fn a_log_and_a_witness_sign_the_same_text() {
    let (note, log, witness) = signed();
    let read = Note::parse(note.encode().as_bytes()).unwrap();
    assert_eq!(read, note);
    assert_eq!(read.verify(log.public()), Ok(Some(Signed::Text)));
    assert_eq!(read.verify(witness.public()), Ok(Some(Signed::At(1_700_000_000))));
    assert_eq!(read.names().collect::<Vec<_>>(), ["my.mtuc/titian/log/2026a", "id.ksbsi/titian/witness"]);
    let same_key_as_log = signer("id.ksbsi/titian/witness", KeyKind::Log, 2);
    assert_eq!(read.verify(same_key_as_log.public()), Ok(None), "what a witness signed is not what a log signed");
}

#[test]
fn a_line_in_the_name_of_a_known_key_must_be_its_own() {
    let (note, log, witness) = signed();
    for key in [log.public(), witness.public()] {
        let other = Note::parse(note.encode().replace("two", "2").as_bytes()).unwrap();
        assert_eq!(other.verify(key), Err(WrongSignature { name: key.name().to_owned() }));
    }
    let mut later = note;
    later.lines[1].signature[7] ^= 1;
    assert!(later.verify(witness.public()).is_err(), "another time than was signed");
}

#[test]
fn a_cosignature_that_is_repeated_is_one_and_the_newest_counts() {
    let (mut note, _, witness) = signed();
    note.sign(&witness, 1_600_000_000);
    note.sign(&witness, 1_700_000_000);
    assert_eq!(note.verify(witness.public()), Ok(Some(Signed::At(1_700_000_000))));
}

#[test]
fn every_other_form_is_refused() {
    let (note, ..) = signed();
    let good = note.encode();
    let forms = [
        good.replace("\n\n\u{2014}", "\n\u{2014}"),
        good.replace('\u{2014}', "-"),
        good.replace("two", "t\two"),
        good.replace("two", "two\r"),
        good.replacen('=', "", 1),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("{good} "),
        format!("{good}\u{2014} x AAAA\n"),
        format!("{good}\u{2014} a+b AAAAAAA=\n"),
        format!("{good}\u{2014} x AAAAAAB=\n"), // bits behind the last byte
        format!("{good}{}", "\u{2014} x AAAAAAA=\n".repeat(SIGNATURES_MAX - 1)),
        format!("{}{good}", "long\n".repeat(LENGTH_MAX / 5)),
        String::new(),
    ];
    for form in forms {
        assert!(Note::parse(form.as_bytes()).is_err(), "{form:?}");
    }
    assert!(Note::parse(&[good.as_bytes(), &[0xff]].concat()).is_err());
}

#[test]
fn keys_that_cannot_be_relied_on_are_refused() {
    let weak = NoteKey::new("log", KeyKind::Log, &[0; 32]);
    assert!(weak.is_err(), "a key under which every text verifies");
    for vkey in [
        PUBLISHED_KEY.replace("c74f20a3", "c74f20a4"),
        PUBLISHED_KEY.replace("c74f20a3", "C74F20A3"),
        PUBLISHED_KEY.replace("PeterNeumann", "Peter Neumann"),
        PUBLISHED_KEY.replace("ARpc", "Ahpc"),
        format!("{PUBLISHED_KEY}A"),
        "name+c74f20a3".to_owned(),
        String::new(),
    ] {
        assert!(NoteKey::parse(&vkey).is_err(), "{vkey}");
    }
}

#[test]
fn a_signer_shows_its_public_key_only() {
    let signer = signer("log", KeyKind::Log, 7);
    let shown = format!("{signer:?}");
    assert!(shown.contains(&signer.public().to_string()));
    assert!(!shown.contains(&hex::encode([7_u8; 32])) && !shown.contains("7, 7"));
}

proptest! {
    #[test]
    fn what_is_read_is_written_alike(tail in "[\u{2014}a-c +=A\n]{0,40}") {
        let bytes = format!("text\n\n\u{2014} x AAAAAAA=\n{tail}");
        if let Ok(note) = Note::parse(bytes.as_bytes()) {
            prop_assert_eq!(note.encode(), bytes);
        }
    }

    #[test]
    fn one_changed_byte_never_verifies_another_text(place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let (note, log, _) = signed();
        let mut bytes = note.encode().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(changed) = Note::parse(&bytes) {
            prop_assert!(changed.text() == note.text() || changed.verify(log.public()) != Ok(Some(Signed::Text)));
        }
    }
}
