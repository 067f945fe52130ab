//! The node: status and export.

use std::io::{self, Write};
use std::time::Duration;

use titian_proto::wire;
use titian_proto::wire::node_service_server::NodeService;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tonic::{Request, async_trait};

use super::{Answer, Desk, Replies, Sender, StreamAnswer};
use crate::acts::node::{self, About, Alarm, Status};
use crate::acts::peers;
use crate::acts::tasks::{self, Count};

#[async_trait]
impl NodeService for Desk {
    async fn get_status(&self, request: Request<wire::GetStatusRequest>) -> Answer<wire::GetStatusResponse> {
        self.act(request, |office, actor, wire::GetStatusRequest {}| async move {
            let About { node_id, log_origin: _, engine, rehearsal, fingerprint_words } = office.about.clone();
            let Status { now, epoch, log_entries, alarms } =
                node::status(&office.store, &office.ambient, &office.about, office.acts.house.own().ends)?;
            Ok(wire::GetStatusResponse {
                node_id: node_id.to_string(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                now_ms: now.as_millis(),
                rehearsal,
                engine: engine.to_owned(),
                log_entries,
                peers: peers::list(&office.acts)?,
                alarms: alarms.into_iter().map(alarm).collect(),
                fingerprint_words,
                epoch: hex::encode(epoch.0),
                tasks: tasks::count(&office.acts, actor.role).await?.into_iter().map(count).collect(),
            })
        })
        .await
    }

    type ExportStoreStream = Replies<wire::ExportStoreResponse>;

    async fn export_store(&self, request: Request<wire::ExportStoreRequest>) -> StreamAnswer<wire::ExportStoreResponse> {
        self.stream(request, |office, _, wire::ExportStoreRequest {}, replies| async move {
            node::export(&office.store, Lines::new(replies)).await
        })
    }
}

/// Bytes of a reply of an export: a few lines at their longest, and far below the largest message.
const REPLY_BYTES: usize = 256 * 1024;
/// How long an export waits for its reader at each reply. The node decides no act meanwhile, so a reader who stops reading is cut off.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Sends what is written to it, whole lines at a time.
struct Lines {
    replies: Sender<wire::ExportStoreResponse>,
    runtime: Handle,
    whole: Vec<u8>,
}

impl Lines {
    fn new(replies: Sender<wire::ExportStoreResponse>) -> Self {
        Self { replies, runtime: Handle::current(), whole: Vec::new() }
    }

    /// Sends the first so many bytes. The thread of the export waits here, never one of the runtime.
    fn send(&mut self, length: usize) -> io::Result<()> {
        let rest = self.whole.split_off(length);
        let lines = std::mem::replace(&mut self.whole, rest);
        let reply = self.replies.send(wire::ExportStoreResponse { lines: lines.into() });
        match self.runtime.block_on(async { timeout(WAIT_MAX, reply).await }) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.whole.extend_from_slice(bytes);
        if self.whole.len() >= REPLY_BYTES
            && let Some(end) = self.whole.iter().rposition(|byte| *byte == b'\n')
        {
            self.send(end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.whole.is_empty() { Ok(()) } else { self.send(self.whole.len()) }
    }
}

fn count(count: Count) -> wire::TaskCount {
    let Count { kind, waiting, overdue } = count;
    wire::TaskCount { kind: kind.to_wire(), waiting, overdue }
}

fn alarm(alarm: Alarm) -> wire::Alarm {
    wire::Alarm { code: alarm.code().to_owned(), next_step: alarm.next_step().to_owned() }
}
