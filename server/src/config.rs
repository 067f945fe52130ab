//! What a node is told: `node.toml` in its folder. Written by `titian-node init`, read at every start.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use titian_proto::model::id::NodeId;

mod policy;
mod rehearsal;
mod sealing;
mod telemetry;

pub use policy::PolicyConfig;
pub use rehearsal::Rehearsal;
pub use sealing::{NodeKeySource, SealingConfig};
pub use telemetry::{Format, Level, TelemetryConfig};

/// Name of the file in the node's folder.
pub const FILE_NAME: &str = "node.toml";

/// A configuration is a page; anything longer is a wrong file.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// What a node is told, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// The node's folder. Not in the file: the file lies in it.
    pub folder: PathBuf,
    /// Whose node it is.
    pub node_id: NodeId,
    /// Where peers reach it, and whether it dials them.
    pub federation: FederationConfig,
    /// Where staff reach it: a loopback address.
    pub desk_listen: SocketAddr,
    /// Name of the store's engine; the store knows which there are. None: its default.
    pub engine: Option<String>,
    /// Where the key is that opens the key file, and where its second copy lies.
    pub sealing: SealingConfig,
    /// What this union allows of itself, within its agreements.
    pub policy: PolicyConfig,
    /// How it tells what happens.
    pub telemetry: TelemetryConfig,
    /// A clock for rehearsals; none on a node that serves workers.
    pub rehearsal: Option<Rehearsal>,
}

/// The border to other unions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationConfig {
    /// Where peers dial in.
    pub listen: SocketAddr,
    /// Whether this node dials peers that have an endpoint.
    pub dial: bool,
}

/// Why a configuration cannot be used. Says where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No such file.
    #[error("there is no {}: make the node with `titian-node init`, or name its folder with --folder", .file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be read.
    #[error("{} cannot be read: make it readable for the user that runs the node", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file breaks the form: an unknown key, a missing one, a value of another kind.
    #[error("{}, line {line}: {problem}: correct that line", .file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// No address.
    #[error("{}: {key} must be an address and a port such as 127.0.0.1:7401: correct it", .file.display())]
    Address {
        /// The file.
        file: PathBuf,
        /// The key, such as "desk.listen".
        key: &'static str,
    },
    /// The desk would be open to the network without encryption.
    #[error(
        "{}: desk.listen is {address}, but the desk has no TLS yet and may listen on a loopback address only: use 127.0.0.1, and let staff on other machines in through SSH or a proxy with TLS",
        .file.display()
    )]
    DeskNotLoopback {
        /// The file.
        file: PathBuf,
        /// The address.
        address: SocketAddr,
    },
    /// Both listeners on one address.
    #[error("{}: federation.listen and desk.listen are both {address}: give one of them another port", .file.display())]
    OneAddressTwice {
        /// The file.
        file: PathBuf,
        /// The address.
        address: SocketAddr,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    node_id: NodeId,
    federation: FederationTable,
    desk: DeskTable,
    #[serde(default)]
    store: StoreTable,
    #[serde(default)]
    sealing: SealingConfig,
    #[serde(default, skip_serializing_if = "PolicyConfig::is_default")]
    policy: PolicyConfig,
    #[serde(default)]
    telemetry: TelemetryConfig,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rehearsal: Option<Rehearsal>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FederationTable {
    listen: String,
    #[serde(default = "yes")]
    dial: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeskTable {
    listen: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
}

fn yes() -> bool {
    true
}

impl NodeConfig {
    /// Reads `node.toml` in the folder.
    ///
    /// # Errors
    /// When it is missing, unreadable or wrong.
    pub fn load(folder: &Path) -> Result<Self, ConfigError> {
        let file = folder.join(FILE_NAME);
        let text = fs::read_to_string(&file).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ConfigError::Missing { file: file.clone() },
            _ => ConfigError::Unreadable { file: file.clone(), source },
        })?;
        Self::parse(folder, &text)
    }

    /// Reads the text of a `node.toml` that lies in `folder`.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn parse(folder: &Path, text: &str) -> Result<Self, ConfigError> {
        let file = folder.join(FILE_NAME);
        if text.len() > FILE_BYTES_MAX {
            let problem = format!("is longer than the {FILE_BYTES_MAX} bytes that a configuration may have");
            return Err(ConfigError::Malformed { file, line: 1, problem });
        }
        let read = toml::from_str::<File>(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start).min(text.len());
            let line = text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count() + 1;
            ConfigError::Malformed { file: file.clone(), line, problem: error.message().replace('\n', ", ") }
        })?;
        let File { node_id, federation, desk, store, sealing, policy, telemetry, rehearsal } = read;
        let address = |key, text: &str| text.parse().map_err(|_| ConfigError::Address { file: file.clone(), key });
        let config = Self {
            folder: folder.to_owned(),
            node_id,
            federation: FederationConfig { listen: address("federation.listen", &federation.listen)?, dial: federation.dial },
            desk_listen: address("desk.listen", &desk.listen)?,
            engine: store.engine,
            sealing,
            policy,
            telemetry,
            rehearsal,
        };
        config.check()?;
        Ok(config)
    }

    /// The rules that a configuration obeys whoever made it.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), ConfigError> {
        let file = self.folder.join(FILE_NAME);
        if !self.desk_listen.ip().is_loopback() {
            return Err(ConfigError::DeskNotLoopback { file, address: self.desk_listen });
        }
        if self.desk_listen == self.federation.listen && self.desk_listen.port() != 0 {
            return Err(ConfigError::OneAddressTwice { file, address: self.desk_listen });
        }
        Ok(())
    }

    /// As the text of a `node.toml`.
    ///
    /// # Errors
    /// When the library cannot write it.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let Self { folder: _, node_id, federation, desk_listen, engine, sealing, policy, telemetry, rehearsal } = self;
        toml::to_string(&File {
            node_id: node_id.clone(),
            federation: FederationTable { listen: federation.listen.to_string(), dial: federation.dial },
            desk: DeskTable { listen: desk_listen.to_string() },
            store: StoreTable { engine: engine.clone() },
            sealing: sealing.clone(),
            policy: *policy,
            telemetry: *telemetry,
            rehearsal: *rehearsal,
        })
    }

    /// Folder of the node's keys.
    #[must_use]
    pub fn key_folder(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// Folder of the store.
    #[must_use]
    pub fn store_folder(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// The key file: what opens the sealed values of the store. Beside the store's folder, never in it.
    #[must_use]
    pub fn keyring_file(&self) -> PathBuf {
        self.folder.join("keyring")
    }

    /// The node's own descriptor, as it is given to peers.
    #[must_use]
    pub fn descriptor_file(&self) -> PathBuf {
        self.folder.join("descriptor.txt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "node_id = \"my.mtuc\"\n\n[federation]\nlisten = \"0.0.0.0:7401\"\n\n[desk]\nlisten = \"127.0.0.1:7402\"\n";

    fn parsed(text: &str) -> Result<NodeConfig, ConfigError> {
        NodeConfig::parse(Path::new("/n"), text)
    }

    fn complaint(text: &str) -> String {
        parsed(text).unwrap_err().to_string()
    }

    #[test]
    fn a_short_file_is_enough_and_is_written_as_it_is_read() {
        let config = parsed(GOOD).unwrap();
        assert!(config.federation.dial, "a node dials unless told otherwise");
        assert_eq!(config.telemetry, TelemetryConfig { format: Format::Json, level: Level::Info });
        assert_eq!(parsed(&config.to_toml().unwrap()).unwrap(), config);
    }

    #[test]
    fn a_rehearsal_clock_runs_on_across_restarts() {
        let text = format!("{GOOD}\n[rehearsal]\nclock = \"2026-03-02T02:00:00Z\"\nstarted_at = \"2026-11-21T10:00:00Z\"\n");
        let config = parsed(&text).unwrap();
        let later = "2026-11-22T11:30:00Z".parse().unwrap();
        assert_eq!(config.rehearsal.unwrap().now(later).to_string(), "2026-03-03T03:30:00Z");
        assert_eq!(parsed(&config.to_toml().unwrap()).unwrap(), config);
    }

    #[test]
    fn the_node_key_lies_in_a_file_unless_told_otherwise() {
        assert_eq!(parsed(GOOD).unwrap().sealing, SealingConfig::default());
        let config = parsed(&format!("{GOOD}\n[sealing]\nnode_key = \"passphrase\"\nmirror = \"/mnt/other/keyring\"\n")).unwrap();
        assert_eq!(config.sealing.node_key, NodeKeySource::Passphrase);
        assert_eq!(parsed(&config.to_toml().unwrap()).unwrap(), config);
        assert!(complaint(&format!("{GOOD}[sealing]\nnode_key = \"tatoo\"\n")).contains("unknown variant `tatoo`"));
    }

    #[test]
    fn welfare_checks_are_off_until_the_union_turns_them_on() {
        assert!(!parsed(GOOD).unwrap().policy.local().welfare_checks);
        let config = parsed(&format!("{GOOD}\n[policy]\nwelfare_check = true\n")).unwrap();
        assert!(config.policy.local().welfare_checks);
        assert_eq!(parsed(&config.to_toml().unwrap()).unwrap(), config);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let complaint = complaint(&GOOD.replace("[desk]\n", "[desk]\nlissten = 1\n"));
        assert!(complaint.starts_with("/n/node.toml, line 7: unknown field `lissten`"), "{complaint}");
    }

    #[test]
    fn wrong_values_are_named() {
        assert_eq!(
            complaint(&GOOD.replace("127.0.0.1:7402", "localhost")),
            "/n/node.toml: desk.listen must be an address and a port such as 127.0.0.1:7401: correct it"
        );
        assert!(complaint(&GOOD.replace("my.mtuc", "MTUC")).contains("line 1: must be a node id such as my.mtuc"));
        assert!(complaint(&GOOD.replace("node_id", "# node_id")).contains("missing field `node_id`"));
        assert!(complaint(&format!("{GOOD}[telemetry]\nlevel = \"loud\"\n")).contains("unknown variant `loud`"));
        assert!(complaint(&format!("{GOOD}[rehearsal]\nclock = \"yesterday\"\nstarted_at = \"x\"\n")).contains("must be a time such as"));
        assert!(complaint(&GOOD.replace("0.0.0.0:7401", "127.0.0.1:7402")).contains("are both 127.0.0.1:7402"));
    }

    #[test]
    fn the_desk_stays_on_this_machine_until_it_has_tls() {
        let complaint = complaint(&GOOD.replace("127.0.0.1:7402", "0.0.0.0:7402"));
        assert!(complaint.contains("the desk has no TLS yet and may listen on a loopback address only"), "{complaint}");
    }
}
