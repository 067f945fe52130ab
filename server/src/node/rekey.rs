//! Changes the node key: the keys stay, and another key opens them.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::node_key::{ask, from_file, key_file, new_node_key_file, node_key_file, put_in_place, sealing};
use super::{NodeError, ambient, engine};
use crate::config::{FILE_NAME, NodeConfig, NodeKeySource};
use crate::federation::keys::write_node_key;
use crate::store::engine::EngineError;
use crate::store::{KeyringError, NodeKey, Sealing, StoreError, opens, rekey as rekey_store};

/// Seals the key file with a new node key, kept where `to` says, or where the present one is kept. With a new place, node.toml says so afterwards. What
/// is to be done yet is told.
///
/// # Errors
/// When the node runs, its present key does not open the key file, or something cannot be written. Nothing is lost by any of them.
pub fn rekey(config: &NodeConfig, to: Option<NodeKeySource>, new_key_file: Option<PathBuf>) -> Result<String, NodeError> {
    let failed = |error: KeyringError| NodeError::Store(error.into());
    if engine(config)?.is_in_use(&config.store_folder()).map_err(StoreError::from)? {
        return Err(NodeError::Store(EngineError::InUse { folder: config.store_folder() }.into()));
    }
    let ambient = ambient(config.rehearsal);
    let present = sealing(config, &ambient).map_err(failed)?;
    let source = to.unwrap_or(config.sealing.node_key);
    let (new, file) = new_key(config, source, new_key_file, &present)?;
    let rekeyed = rekey_store(&present, &new);
    let next = Sealing { node_key: new, ..present };
    if opens(&next).map_err(failed)? {
        take_over(config, source)?;
    }
    rekeyed.map_err(failed)?;
    Ok(match (source, file) {
        (NodeKeySource::Credential, Some(file)) => format!(
            "The key file opens with the key in {} from now on. Hand it to systemd as the credential titian-node-key, then destroy the file.\n",
            file.display()
        ),
        (NodeKeySource::File, _) => format!("The key file opens with the new key in {} from now on.\n", node_key_file(config).display()),
        (NodeKeySource::Passphrase, _) | (NodeKeySource::Credential, None) => {
            "The key file opens with the new passphrase from now on. Nobody can open it without: keep it where the machine is not.\n"
                .to_owned()
        }
    })
}

/// The new key, and the file that it was written to.
fn new_key(
    config: &NodeConfig,
    source: NodeKeySource,
    file: Option<PathBuf>,
    present: &Sealing,
) -> Result<(NodeKey, Option<PathBuf>), NodeError> {
    let failed = |error: KeyringError| NodeError::Store(error.into());
    let file = match source {
        NodeKeySource::Passphrase => {
            return Ok((NodeKey::passphrase(ask("New passphrase of the node: ").map_err(failed)?).map_err(failed)?, None));
        }
        NodeKeySource::File => new_node_key_file(config),
        NodeKeySource::Credential => file.ok_or(NodeError::NewKeyFile)?,
    };
    // Left over from a change that did not take place: the present key still opens.
    if source == NodeKeySource::File {
        destroy(&file)?;
    }
    write_node_key(&file, &Zeroizing::new(present.ambient.random()))?;
    Ok((from_file(&file).map_err(failed)?, Some(file)))
}

/// The key file opens with the new key: the old one goes, and the configuration says where the new one is.
fn take_over(config: &NodeConfig, source: NodeKeySource) -> Result<(), NodeError> {
    let (own, new) = (node_key_file(config), new_node_key_file(config));
    if source == NodeKeySource::File {
        put_in_place(&new, &own).map_err(|error| NodeError::Store(error.into()))?;
    } else if config.sealing.node_key == NodeKeySource::File {
        destroy(&own)?;
    }
    if source == config.sealing.node_key {
        return Ok(());
    }
    let mut changed = config.clone();
    changed.sealing.node_key = source;
    let file = config.folder.join(FILE_NAME);
    let unwritten = |source| NodeError::Configuration(file.clone(), source);
    let text = changed.to_toml().map_err(|error| unwritten(std::io::Error::other(error)))?;
    let beside = config.folder.join("node.toml.new");
    std::fs::write(&beside, text).and_then(|()| std::fs::File::open(&beside)?.sync_all()).map_err(unwritten)?;
    crate::store::put_in_place(&beside, &file).map_err(unwritten)
}

fn destroy(file: &Path) -> Result<(), NodeError> {
    let failed = |source| KeyringError::Io { doing: "destroying the old node key", file: file.display().to_string(), source };
    crate::store::destroy_file(file).map(drop).map_err(|source| NodeError::Store(failed(source).into()))
}

/// Destroys whatever opens the store: for the day on which strangers stand at the door. Gives what was destroyed, and what remains.
///
/// # Errors
/// When something could not be destroyed; the rest is.
pub fn wipe(config: &NodeConfig) -> Result<String, NodeError> {
    let keys = key_file(config).destroy();
    let own =
        [node_key_file(config), new_node_key_file(config)].map(|file| crate::store::destroy_file(&file).map(|was| was.then_some(file)));
    let mut gone: Vec<PathBuf> = keys.map_err(|error| NodeError::Store(error.into()))?;
    for file in own {
        let failed = |source| KeyringError::Io { doing: "destroying the node key", file: "keys/node.key".to_owned(), source };
        gone.extend(file.map_err(|source| NodeError::Store(failed(source).into()))?);
    }
    let mut told = String::new();
    for file in &gone {
        told.push_str(&format!("destroyed    {}\n", file.display()));
    }
    if gone.is_empty() {
        told.push_str("There was no key to destroy.\n");
    }
    let runs = engine(config)?.is_in_use(&config.store_folder()).unwrap_or(false);
    if runs {
        told.push_str(
            "\nTHE NODE STILL RUNS: it holds the keys in memory, and may write them again. End it, or cut the power, then wipe again.\n",
        );
    }
    told.push_str(&format!(
        "\nWhat remains: the store in {} is sealed and opens with nothing on this machine. {}\
         Copies of the key file that somebody made elsewhere open it together with the node key: destroy them too. On some disks what was \
         overwritten can be found again by a laboratory; destroy the disk if you can.\n\
         The node's other keys are still in {}: whoever has them can speak in this union's name. Sign with the root key that they are in \
         other hands (titian-node compromise), and give that to every peer.\n",
        config.store_folder().display(),
        match config.sealing.node_key {
            NodeKeySource::File => "",
            NodeKeySource::Credential =>
                "The node key is with systemd (credential titian-node-key) and opens nothing without the key file. ",
            NodeKeySource::Passphrase => "The passphrase opens nothing without the key file. ",
        },
        config.key_folder().display(),
    ));
    Ok(told)
}
