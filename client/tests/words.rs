//! Every code in the field's words.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails shall fail")]

mod support;

use titian_client::desk::{DeskError, ErrorKind};
use titian_client::failure::Failure;
use titian_client::output::{failure_json, failure_text};
use titian_client::words::{Word, all};
use titian_proto::model::refusal::RefusalCode;
use titian_proto::wire;
use tonic::{Code, Status};

#[test]
fn every_code_has_words_and_they_are_as_agreed() {
    let words: Vec<Word> = all().collect();
    for code in RefusalCode::ALL {
        assert!(words.iter().any(|word| word.code == code.code()), "{code} has no words");
    }
    for (place, word) in words.iter().enumerate() {
        assert!(words.iter().skip(place + 1).all(|other| other.code != word.code), "{} stands twice", word.code);
        assert!(word.what.ends_with('.') && !word.next.is_empty(), "{} says too little", word.code);
    }
    let text: String = words.iter().map(|word| format!("{}\n  what: {}\n  next: {}\n\n", word.code, word.what, word.next)).collect();
    support::check_golden("refusals.txt", &text);
}

/// An error as the desk sends it.
fn from_desk(status: Code, message: &str, code: &'static str, paths: &'static str, next: &'static str) -> DeskError {
    let mut status = Status::new(status, message);
    for (key, value) in [("titian-code", code), ("titian-paths", paths), ("titian-next-step", next)] {
        status.metadata_mut().insert(key, value.parse().unwrap());
    }
    DeskError::from(status)
}

#[test]
fn a_refusal_of_the_gate_is_said_in_our_words_and_names_the_fields() {
    let error = from_desk(Code::FailedPrecondition, "denied", "FIELD_OUT_OF_SCOPE", "worker.immigration_status, claim", "");
    assert_eq!((error.kind, error.paths.len()), (ErrorKind::Refused, 2));
    let text = failure_text(&Failure::Desk(error).report());
    assert!(text.starts_with("refused: FIELD_OUT_OF_SCOPE\n  what: The annex does not cover this category"), "{text}");
    assert!(text.contains("\n  where: worker.immigration_status, claim\n  next: "), "{text}");
}

#[test]
fn the_desks_own_sentence_says_more_than_ours_about_a_state_and_a_form() {
    let state = from_desk(Code::FailedPrecondition, "The referral is already accepted.", "WRONG_STATE", "", "Look at it.");
    assert_eq!(
        (state.message.as_str(), state.next_step.as_str(), state.kind),
        ("The referral is already accepted.", "Look at it.", ErrorKind::Conflict)
    );
    let form = from_desk(Code::InvalidArgument, "the input cannot be used: codes: must be given", "MALFORMED", "complaint.codes", "");
    assert_eq!((form.message.as_str(), form.kind), ("The input cannot be used: codes: must be given.", ErrorKind::Input));
    assert!(!form.next_step.is_empty());
}

#[test]
fn every_class_of_failure_has_its_exit_code() {
    let exit = |code: &'static str, status| Failure::Desk(from_desk(status, "", code, "", "")).report().exit;
    assert_eq!(exit("NO_CONSENT", Code::FailedPrecondition), 3);
    assert_eq!(exit("SIGN_IN_FAILED", Code::Unauthenticated), 4);
    assert_eq!(exit("ROLE_FORBIDS", Code::PermissionDenied), 4);
    assert_eq!(exit("NOT_FOUND", Code::NotFound), 5);
    assert_eq!(exit("WRONG_STATE", Code::FailedPrecondition), 7);
    assert_eq!(exit("STALE_REVISION", Code::Aborted), 7);
    assert_eq!(exit("MALFORMED", Code::InvalidArgument), 8);
    assert_eq!(exit("STORAGE_FULL", Code::ResourceExhausted), 1);
    assert_eq!(exit("A_CODE_OF_TOMORROW", Code::NotFound), 5);
    let no_code = |status| Failure::Desk(DeskError::from(Status::new(status, "transport error: 10.0.0.7"))).report();
    assert_eq!((no_code(Code::Unavailable).exit, no_code(Code::Cancelled).exit), (6, 6));
    assert!(!no_code(Code::Unavailable).what.contains("10.0.0.7"), "what the transport says is not for people");
    let blocked = wire::Refusal { code: RefusalCode::Malformed.to_wire(), paths: Vec::new() };
    assert_eq!(Failure::blocked(&blocked).report().exit, 3, "a referral that stays blocked is refused, whatever its code");
}

#[test]
fn scripts_get_a_failure_as_a_document() {
    let document = failure_json(&Failure::local("NO_NODE", ErrorKind::Usage).report());
    assert_eq!(document["error"]["code"], "NO_NODE");
    assert_eq!(document["error"]["exitCode"], 2);
    assert!(document["error"]["nextStep"].as_str().unwrap().contains("TITIAN_NODE"));
}
