//! How a node tells what happens.

use serde::{Deserialize, Serialize};

/// How the node tells what happens, on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// In which form.
    pub format: Format,
    /// From which level on.
    pub level: Level,
}

/// In which form events are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Json,
    /// One line of text, for people.
    Text,
}

/// From which level on events are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Somebody must act.
    Error,
    /// Somebody should look.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// How it happens.
    Debug,
}
