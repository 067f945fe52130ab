use ed25519_dalek::SigningKey;

use super::*;
use crate::log::note::NoteSigner;
use crate::model::id::Digest;

const ORIGIN: &str = "my.mtuc/titian/log/2026a";

fn signer(name: &str, kind: KeyKind, seed: u8) -> NoteSigner {
    NoteSigner::new(name, kind, SigningKey::from_bytes(&[seed; 32])).unwrap()
}

fn log() -> NoteSigner {
    signer(ORIGIN, KeyKind::Log, 1)
}

/// B, C and the secretariat.
fn witnesses() -> [NoteSigner; 3] {
    [("id.ksbsi/titian/witness", 2), ("kh.clc/titian/witness", 3), ("secretariat/titian/witness", 4)]
        .map(|(name, seed)| signer(name, KeyKind::Witness, seed))
}

fn policy_text() -> String {
    let [b, c, secretariat] = witnesses().map(|witness| witness.public().to_string());
    let log = log().public().to_string();
    format!(
        "# Read over the phone on 3 March.\n\nlog {log} https://titian.example/\nwitness B {b}\nwitness C\t{c}\n  witness secretariat {secretariat}\n\
         group parties any B C\ngroup all-sides all parties secretariat\nquorum all-sides\n"
    )
}

fn note() -> Note {
    Checkpoint { origin: ORIGIN.to_owned(), size: 3, root: Digest::of(b"root") }.sign(&log()).unwrap()
}

#[test]
fn a_quorum_is_met_by_those_it_names() {
    let policy = Policy::parse(&policy_text()).unwrap();
    let [b, c, secretariat] = witnesses();
    let mut note = note();
    assert_eq!(policy.checkpoint(&note).unwrap().size, 3);
    note.sign(&b, 10);
    note.sign(&c, 11);
    let parties_only = policy.witnessed(&note).unwrap();
    assert!(!parties_only.quorum, "both parties of the agreement are not enough");
    note.sign(&secretariat, 12);
    let all = policy.witnessed(&note).unwrap();
    assert!(all.quorum);
    assert_eq!(all.at.into_iter().collect::<Vec<_>>(), [("B".to_owned(), 10), ("C".to_owned(), 11), ("secretariat".to_owned(), 12)]);
}

/// `audit-log.md` (e) 8.
#[test]
fn cosignatures_that_are_stripped_repeated_or_of_strangers_make_no_quorum() {
    let [b, c, secretariat] = witnesses().map(|witness| witness.public().to_string());
    let log = log().public().to_string();
    let text = format!("log {log}\nwitness B {b}\nwitness C {c}\nwitness S {secretariat}\ngroup two 2 B C S\nquorum two\n");
    let policy = Policy::parse(&text).unwrap();
    assert!(!policy.witnessed(&note()).unwrap().quorum, "stripped");
    let [b, c, _] = witnesses();
    let mut repeated = note();
    (0..3).for_each(|time| repeated.sign(&b, time));
    assert!(!policy.witnessed(&repeated).unwrap().quorum, "one, three times");
    let mut strangers = note();
    strangers.sign(&signer("id.ksbsi/titian/witness", KeyKind::Witness, 8), 1);
    strangers.sign(&signer("kh.clc/titian/witness", KeyKind::Witness, 9), 1);
    assert_eq!(policy.witnessed(&strangers).unwrap(), Witnessed { at: BTreeMap::new(), quorum: false });
    let mut two = note();
    two.sign(&b, 1);
    two.sign(&c, 1);
    assert!(policy.witnessed(&two).unwrap().quorum);
}

#[test]
fn without_witnesses_the_quorum_must_say_so() {
    let log = log().public().to_string();
    let policy = Policy::parse(&format!("log {log}\nquorum none\n")).unwrap();
    assert!(policy.witnessed(&note()).unwrap().quorum);
    assert!(Policy::parse(&format!("log {log}\n")).is_err());
}

#[test]
fn a_log_that_the_policy_does_not_have_is_not_trusted() {
    let other = signer(ORIGIN, KeyKind::Log, 7).public().to_string();
    let policy = Policy::parse(&format!("log {other}\nquorum none\n")).unwrap();
    assert_eq!(policy.checkpoint(&note()), Err(CheckpointError::NotSigned));
    // While the key changes, either signature is enough.
    let both = Policy::parse(&format!("log {other}\nlog {}\nquorum none\n", log().public())).unwrap();
    assert_eq!(both.checkpoint(&note()).unwrap().size, 3);
}

#[test]
fn every_other_form_is_refused_with_its_line() {
    let [b, c, _] = witnesses().map(|witness| witness.public().to_string());
    let log = log().public().to_string();
    let same_key = signer("another", KeyKind::Witness, 2).public().to_string();
    for (text, line) in [
        (format!("log {b}"), 1),
        (format!("witness B {log}"), 1),
        (format!("log {log}\nlog {log}"), 2),
        (format!("witness B {b}\nwitness B {c}"), 2),
        (format!("witness B {b}\nwitness C {same_key}"), 2),
        (format!("witness none {b}"), 1),
        (format!("group g any B\nwitness B {b}"), 1),
        (format!("witness B {b}\ngroup g 2 B"), 2),
        (format!("witness B {b}\ngroup g 0 B"), 2),
        (format!("witness B {b}\ngroup g 01 B"), 2),
        (format!("witness B {b}\ngroup g 2 B B"), 2),
        (format!("witness B {b}\ngroup g all"), 2),
        (format!("witness B {b}\ngroup g any B\ngroup h any B"), 3),
        (format!("witness B {b}\ngroup g any none"), 2),
        (format!("quorum B\nwitness B {b}"), 1),
        ("quorum none\nquorum none".to_owned(), 2),
        ("quorum".to_owned(), 1),
        ("trust everybody".to_owned(), 1),
        ("quorum none \u{7}".to_owned(), 1),
    ] {
        let refused = Policy::parse(&text).unwrap_err();
        assert!(refused.path.starts_with(&format!("line {line}")), "{text}: {refused}");
    }
}
