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

impl NodeKeySource {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Credential => "credential",
            Self::Passphrase => "passphrase",
        }
    }

    /// By that name.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn parse(name: &str) -> Result<Self, String> {
        let all = [Self::File, Self::Credential, Self::Passphrase];
        all.into_iter().find(|source| source.name() == name).ok_or_else(|| "must be file, credential or passphrase".to_owned())
    }
}
