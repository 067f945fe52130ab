//! The file that keeps a session between two commands. It holds the token, so only its owner may read it.

use std::fmt;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::files;

/// Only the owner looks into the folder.
const FOLDER_MODE: u32 = 0o700;

/// An open session at one node.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Address of the node it was opened at. The token goes to no other.
    pub node_url: String,
    /// Id of that node.
    pub node_id: String,
    /// Name of the account.
    pub name: String,
    /// Role of the account, as a code.
    pub role: String,
    /// The token. A secret.
    pub token: String,
    /// Ends at, milliseconds since 1970 by the node's clock.
    pub expires_at_ms: i64,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("node_url", &self.node_url).field("node_id", &self.node_id).finish_non_exhaustive()
    }
}

/// Where the session is kept when neither `--session` nor `TITIAN_SESSION` says: in the state folder of the person's account.
#[must_use]
pub fn default_path() -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from).join(".local/state");
    state.unwrap_or_else(home).join("titian/session.json")
}

/// Reads a session; none when there is no file.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read(path: &Path) -> Result<Option<Session>, Failure> {
    let failed = |source| Failure::Session { path: path.to_owned(), source };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|_| failed(std::io::Error::other("is not a session file")))
}

/// Writes a session, whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, session: &Session) -> Result<(), Failure> {
    let failed = |source| Failure::Session { path: path.to_owned(), source };
    let text = serde_json::to_string_pretty(session).map_err(|error| failed(error.into()))?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(failed)?;
    }
    files::write_private(path, format!("{text}\n").as_bytes()).map_err(failed)
}

/// Removes a session; there may be none.
///
/// # Errors
/// When the file is there and cannot be removed.
pub fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::Session { path: path.to_owned(), source: error }),
        Ok(()) | Err(_) => Ok(()),
    }
}
