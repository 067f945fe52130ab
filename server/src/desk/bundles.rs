//! What the desk asks of the link: a bundle made, a bundle taken in. The composition root joins the two; neither knows the other.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use titian_proto::model::id::NodeId;
use titian_proto::wire;
use tokio::sync::mpsc;

use crate::acts::error::ActError;

/// Work on a bundle. It ends when the file does.
pub type BundleWork<'a> = Pin<Box<dyn Future<Output = Result<(), ActError>> + Send + 'a>>;

/// Makes bundles and takes them in.
pub trait Bundles: Send + Sync {
    /// Makes a bundle for a peer, piece by piece; the last reply says that it is complete.
    fn export(&self, peer: NodeId, replies: mpsc::Sender<wire::ExportBundleResponse>) -> BundleWork<'_>;

    /// Takes in a file, piece by piece, and tells how far it has come; the last reply says that it is complete.
    fn import(&self, pieces: mpsc::Receiver<Bytes>, replies: mpsc::Sender<wire::ImportBundleResponse>) -> BundleWork<'_>;
}
