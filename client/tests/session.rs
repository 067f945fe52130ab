//! The file that keeps a session.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails shall fail")]

use std::os::unix::fs::PermissionsExt;

use titian_client::session::{self, Session};
use titian_client::{Desk, ErrorKind};

fn made_up() -> Session {
    Session {
        node_url: "http://127.0.0.1:4710".to_owned(),
        node_id: "my.mtuc".to_owned(),
        name: "amina".to_owned(),
        role: "CASEWORKER".to_owned(),
        token: "secret-token".to_owned(),
        expires_at_ms: 1,
    }
}

#[test]
fn only_its_owner_may_read_a_session_and_it_never_shows_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/session.json");
    assert_eq!(session::read(&path).unwrap(), None);
    session::write(&path, &made_up()).unwrap();
    session::write(&path, &made_up()).unwrap(); // a second sign-in
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(session::read(&path).unwrap(), Some(made_up()));
    assert!(!format!("{:?}", made_up()).contains("secret"));
    session::remove(&path).unwrap();
    session::remove(&path).unwrap();
    assert_eq!(session::read(&path).unwrap(), None);
}

#[test]
fn a_file_that_is_no_session_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.json");
    std::fs::write(&path, "secret-token").unwrap();
    let report = session::read(&path).unwrap_err().report();
    assert_eq!((report.code.as_str(), report.exit), ("SESSION_FILE", 4));
    assert!(!report.what.contains("secret"));
}

#[tokio::test]
async fn a_token_never_leaves_this_machine_in_the_clear() {
    for address in ["http://192.0.2.1:4710", "http://mtuc.example:4710", "https://127.0.0.1:4710", "http://127.0.0.1", "127.0.0.1:4710", ""]
    {
        let error = Desk::connect(address, Some("token")).await.err().unwrap();
        assert_eq!(error.code, "NODE_ADDRESS", "{address}");
    }
    // Nothing listens on the port of the discard protocol.
    let error = Desk::connect("http://127.0.0.1:9", None).await.err().unwrap();
    assert_eq!((error.code.as_str(), error.kind), ("NODE_UNREACHABLE", ErrorKind::Unreachable));
}
