//! Finds the node key where the configuration says that it is.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::ambient::Ambient;
use crate::config::{NodeConfig, NodeKeySource};
use crate::federation::keys::{KeyFolder, NODE_KEY_FILE};
use crate::store::{FileKeys, KeyringError, NodeKey, Sealing};

/// The credential that systemd hands to a service which asks for it with `LoadCredential=` or `LoadCredentialEncrypted=`.
const CREDENTIAL: &str = "titian-node-key";

/// Where systemd puts the credentials of a service.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The keys of a node's store.
///
/// # Errors
/// When the node key is not where the configuration says.
pub(super) fn sealing(config: &NodeConfig, ambient: &Ambient) -> Result<Sealing, KeyringError> {
    let disk = FileKeys::at(config.keyring_file(), config.sealing.mirror.clone());
    Ok(Sealing { disk: Arc::new(disk), node_key: node_key(config)?, ambient: ambient.clone() })
}

fn node_key(config: &NodeConfig) -> Result<NodeKey, KeyringError> {
    match config.sealing.node_key {
        NodeKeySource::File => from_file(&node_key_file(config)),
        NodeKeySource::Credential => from_file(&credential_file()),
        NodeKeySource::Passphrase => NodeKey::passphrase(ask("Passphrase of the node: ")?),
    }
}

/// The file in which the node key lies, where it lies in one of the node's own.
pub(super) fn node_key_file(config: &NodeConfig) -> PathBuf {
    KeyFolder::at(config.key_folder()).path(NODE_KEY_FILE)
}

fn credential_file() -> PathBuf {
    let folder = std::env::var_os(CREDENTIALS_VARIABLE).unwrap_or_else(|| format!("${CREDENTIALS_VARIABLE}").into());
    Path::new(&folder).join(CREDENTIAL)
}

fn from_file(file: &Path) -> Result<NodeKey, KeyringError> {
    let text = fs::read_to_string(file).map(Zeroizing::new).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyringError::NoNodeKey { file: file.to_owned() },
        _ => KeyringError::Io { doing: "reading the node key", file: file.display().to_string(), source },
    })?;
    if fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0) {
        tracing::error!(event = "keys.readable_by_others", file = %file.display(), "others may read the node key: set its mode to 0600, and change it with `titian-node rekey`");
    }
    NodeKey::parse(&text, &file.display().to_string())
}

/// A passphrase: from the terminal, or where there is none from the first line of what comes in.
pub(super) fn ask(prompt: &str) -> Result<Zeroizing<String>, KeyringError> {
    let failed = |source| KeyringError::Io { doing: "asking for the passphrase", file: "the terminal".to_owned(), source };
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(failed);
    }
    let mut line = Zeroizing::new(String::with_capacity(256));
    io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}
