//! The node.

use titian_proto::wire;

use crate::output::block::Block;
use crate::output::peer;
use crate::output::table::table;
use crate::output::task;
use crate::output::text::{count, time};

/// How the node is. A rehearsal clock is said first, and loudly.
#[must_use]
pub fn status(status: &wire::GetStatusResponse) -> String {
    let wire::GetStatusResponse {
        node_id,
        version,
        now_ms,
        rehearsal,
        engine,
        log_entries,
        peers,
        alarms,
        fingerprint_words,
        epoch,
        tasks,
    } = status;
    let loud = if *rehearsal { "*** REHEARSAL CLOCK: this node is not for real data ***\n\n" } else { "" };
    let block = Block::new()
        .row("node", node_id)
        .row("version", version)
        .row("time", time(*now_ms))
        .row("fingerprint", fingerprint_words)
        .row("engine", engine)
        .row("epoch", epoch)
        .row("log entries", if *log_entries == 0 { "0".to_owned() } else { count(*log_entries) });
    let alarm = |alarm: &wire::Alarm| {
        let wire::Alarm { code, next_step } = alarm;
        vec![code.clone(), next_step.clone()]
    };
    let alarms = table(&["alarm", "what to do"], alarms.iter().map(alarm), "no alarms");
    format!("{loud}{block}\n{alarms}\n{}\n{}", task::counts(tasks), peer::list(peers))
}

/// The descriptor of this node.
#[must_use]
pub fn descriptor(response: &wire::GetDescriptorResponse) -> String {
    let wire::GetDescriptorResponse { file, fingerprint_words: _ } = response;
    file.clone()
}
