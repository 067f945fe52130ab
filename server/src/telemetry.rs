//! What a node tells the people who run it: one line an event on stderr, with a stable code in the field `event`.
//!
//! Never personal data: events carry codes, counts, node ids and digests. Foreign crates are heard from warnings on only, because their debug
//! lines show what passes through them.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::config::{Format, Level, TelemetryConfig};

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
    let level = filter_of(config.level);
    let filter = Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(OURS.map(|target| (target, level)));
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = match config.format {
        Format::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).with_filter(filter).boxed(),
        Format::Text => lines.with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(lines).try_init().map_err(|_| StartedTwice)
}

fn filter_of(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    }
}

/// An error with its causes in one line, each said once.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    text
}
