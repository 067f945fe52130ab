//! What a node tells the people who run it: one line an event on stderr, with a stable code in the field `event`.
//!
//! Never personal data: events carry codes, counts, node ids and digests. Foreign crates are heard from warnings on only, because their debug
//! lines show what passes through them.

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::config::TelemetryConfig;

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

impl Level {
    fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
        }
    }
}

/// Our own crates: the library and the program.
const OURS: [&str; 3] = ["titian_server", "titian_proto", "titian_node"];

/// Telemetry is on already.
#[derive(Debug, thiserror::Error)]
#[error("telemetry was started twice in one process")]
pub struct StartedTwice;

/// Turns telemetry on for the process.
///
/// # Errors
/// When it is on already.
pub fn start(config: TelemetryConfig) -> Result<(), StartedTwice> {
    let level = config.level.filter();
    let filter = Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(OURS.map(|target| (target, level)));
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = match config.format {
        Format::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).with_filter(filter).boxed(),
        Format::Text => lines.with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(lines).try_init().map_err(|_| StartedTwice)
}
