//! Finds the node key where the configuration says that it is.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::ambient::Ambient;
use crate::config::{NodeConfig, NodeKeySource};
use crate::federation::keys::{KeyFolder, NEW_NODE_KEY_FILE, NODE_KEY_FILE, write_node_key};
use crate::store::{self, FileKeys, KeyringError, NodeKey, Sealing, destroy_file, opens};

/// The credential that systemd hands to a service which asks for it with `LoadCredential=` or `LoadCredentialEncrypted=`.
const CREDENTIAL: &str = "titian-node-key";

/// Where systemd puts the credentials of a service.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The keys of a node's store.
///
/// # Errors
/// When the node key is not where the configuration says.
pub(super) fn sealing(config: &NodeConfig, ambient: &Ambient) -> Result<Sealing, KeyringError> {
    if config.sealing.node_key == NodeKeySource::File {
        finish_change(config, ambient)?;
        begin(config, ambient)?;
    }
    let node_key = node_key(config)?;
    Ok(Sealing { disk: Arc::new(key_file(config)), node_key, ambient: ambient.clone() })
}

/// The key file and its mirror.
pub(super) fn key_file(config: &NodeConfig) -> FileKeys {
    FileKeys::at(config.keyring_file(), config.sealing.mirror.clone())
}

/// A node that an older program made has no node key, and nothing that one opens: it gets one now. Where there is a key file, only the right key helps.
fn begin(config: &NodeConfig, ambient: &Ambient) -> Result<(), KeyringError> {
    let file = node_key_file(config);
    if file.exists() || key_file(config).places().any(Path::exists) {
        return Ok(());
    }
    let made = write_node_key(&file, &Zeroizing::new(ambient.random()));
    made.map_err(|error| KeyringError::Io {
        doing: "making a node key",
        file: file.display().to_string(),
        source: io::Error::other(error),
    })?;
    tracing::warn!(event = "keys.node-key-made", file = %file.display(), "whatever is written from now on is sealed; keep this file where the disk is not");
    Ok(())
}

/// A change of the node key that a crash cut short: the key that opens the key file is the right one.
fn finish_change(config: &NodeConfig, ambient: &Ambient) -> Result<(), KeyringError> {
    let (file, new) = (node_key_file(config), new_node_key_file(config));
    let Ok(node_key) = from_file(&new) else { return Ok(()) };
    let sealing = Sealing { disk: Arc::new(key_file(config)), node_key, ambient: ambient.clone() };
    if opens(&sealing)? { put_in_place(&new, &file) } else { Ok(()) }
}

/// Puts a node key in the place of another, which is overwritten.
pub(super) fn put_in_place(new: &Path, file: &Path) -> Result<(), KeyringError> {
    let failed = |source| KeyringError::Io { doing: "putting the new node key in its place", file: file.display().to_string(), source };
    destroy_file(file).map_err(failed)?;
    store::put_in_place(new, file).map_err(failed)
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

/// Where a new node key waits until the key file opens with it.
pub(super) fn new_node_key_file(config: &NodeConfig) -> PathBuf {
    KeyFolder::at(config.key_folder()).path(NEW_NODE_KEY_FILE)
}

/// The file of systemd's credential.
pub(super) fn credential_file() -> PathBuf {
    let folder = std::env::var_os(CREDENTIALS_VARIABLE).unwrap_or_else(|| format!("${CREDENTIALS_VARIABLE}").into());
    Path::new(&folder).join(CREDENTIAL)
}

/// The node key in a file.
pub(super) fn from_file(file: &Path) -> Result<NodeKey, KeyringError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Counting, Hands};

    const CONFIG: &str = "node_id = \"my.mtuc\"\n[federation]\nlisten = \"127.0.0.1:1\"\n[desk]\nlisten = \"127.0.0.1:2\"\n";

    fn folder() -> (tempfile::TempDir, NodeConfig, Ambient) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("keys")).unwrap();
        let config = NodeConfig::parse(folder.path(), CONFIG).unwrap();
        (folder, config, Ambient::new(Hands::new(), Counting::default()))
    }

    #[test]
    fn a_node_that_an_older_program_made_gets_its_node_key_once() {
        let (_folder, config, ambient) = folder();
        sealing(&config, &ambient).unwrap();
        let made = fs::read(node_key_file(&config)).unwrap();
        assert_eq!(fs::metadata(node_key_file(&config)).unwrap().permissions().mode() & 0o777, 0o600);
        sealing(&config, &ambient).unwrap();
        assert_eq!(fs::read(node_key_file(&config)).unwrap(), made);
    }

    #[test]
    fn no_node_key_is_made_beside_a_key_file() {
        let (_folder, config, ambient) = folder();
        fs::write(config.keyring_file(), "sealed").unwrap();
        assert!(matches!(sealing(&config, &ambient), Err(KeyringError::NoNodeKey { .. })));
    }

    #[test]
    fn a_change_that_was_cut_short_ends_with_the_key_that_opens_the_key_file() {
        let (_folder, config, ambient) = folder();
        let present = sealing(&config, &ambient).unwrap();
        store::testing_keyring(&present);
        let old = fs::read(node_key_file(&config)).unwrap();
        // Cut short before the key file was written: the new key is of no use
        write_node_key(&new_node_key_file(&config), &[7; 32]).unwrap();
        sealing(&config, &ambient).unwrap();
        assert_eq!(fs::read(node_key_file(&config)).unwrap(), old);
        // Cut short after it
        store::rekey(&present, &from_file(&new_node_key_file(&config)).unwrap()).unwrap();
        let sealing = sealing(&config, &ambient).unwrap();
        assert_ne!(fs::read(node_key_file(&config)).unwrap(), old);
        assert!(opens(&sealing).unwrap() && !new_node_key_file(&config).exists());
    }
}
