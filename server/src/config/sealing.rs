//! How a node keeps the key of its keys.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where the key is that opens the key file, and where a second copy of the key file lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SealingConfig {
    /// Where the node key is.
    pub node_key: NodeKeySource,
    /// Path of a second, living copy of the key file, on another disk. No backup: it forgets what the first forgets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<PathBuf>,
}

/// Where the node key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKeySource {
    /// `keys/node.key` in the node's folder: whoever takes the whole disk has it, too.
    #[default]
    File,
    /// The systemd credential `titian-node-key`.
    Credential,
    /// A passphrase, asked for at each start.
    Passphrase,
}
