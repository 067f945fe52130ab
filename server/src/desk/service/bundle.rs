//! Bundles.

use bytes::Bytes;
use titian_proto::wire;
use titian_proto::wire::bundle_service_server::BundleService;
use tokio::sync::mpsc;
use tonic::{Request, Streaming, async_trait};

use super::{Desk, Replies, Sender, StreamAnswer};
use crate::acts::error::ActError;
use crate::acts::peers::node_id;

/// Pieces read ahead of the work at either end: one is made while another travels.
const PIECES_WAITING_MAX: usize = 1;

#[async_trait]
impl BundleService for Desk {
    type ExportBundleStream = Replies<wire::ExportBundleResponse>;

    async fn export_bundle(&self, request: Request<wire::ExportBundleRequest>) -> StreamAnswer<wire::ExportBundleResponse> {
        self.stream(request, |office, _, wire::ExportBundleRequest { node_id: name }, replies| async move {
            let peer = node_id(&name)?;
            let (made, waiting) = mpsc::channel(PIECES_WAITING_MAX);
            let (done, ()) = tokio::try_join!(office.bundles.export(peer, made), forward(waiting, replies))?;
            Ok(done)
        })
    }

    type ImportBundleStream = Replies<wire::ImportBundleResponse>;

    async fn import_bundle(&self, request: Request<Streaming<wire::ImportBundleRequest>>) -> StreamAnswer<wire::ImportBundleResponse> {
        self.stream(request, |office, _, requests, replies| async move {
            let (read, pieces) = mpsc::channel(PIECES_WAITING_MAX);
            let (told, waiting) = mpsc::channel(PIECES_WAITING_MAX);
            let work = async { tokio::try_join!(office.bundles.import(pieces, told), forward(waiting, replies)) };
            tokio::select! {
                done = work => done.map(|_| ()),
                hung_up = read_pieces(requests, read) => Err(hung_up),
            }
        })
    }
}

async fn forward<R>(mut waiting: mpsc::Receiver<R>, replies: Sender<R>) -> Result<(), ActError> {
    while let Some(reply) = waiting.recv().await {
        replies.send(reply).await?;
    }
    Ok(())
}

/// Reads the file to its end. Returns only when the caller hangs up before: a line that broke is not the end of a file.
async fn read_pieces(mut requests: Streaming<wire::ImportBundleRequest>, pieces: mpsc::Sender<Bytes>) -> ActError {
    loop {
        match requests.message().await {
            // Nobody waits for more when the work has failed; it says why.
            Ok(Some(wire::ImportBundleRequest { piece })) => drop(pieces.send(piece).await),
            Ok(None) => break,
            Err(_) => return ActError::HungUp,
        }
    }
    drop(pieces);
    std::future::pending().await
}
