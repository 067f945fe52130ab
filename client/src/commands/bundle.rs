//! `titian bundle`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Subcommand;
use titian_proto::wire;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use crate::commands::{Context, given};
use crate::desk::ErrorKind;
use crate::failure::Failure;
use crate::files::PrivateFile;
use crate::output;
use crate::output::progress::Progress;

/// Bytes of a piece of a file.
const PIECE_BYTES: usize = 256 * 1024;
/// Pieces read ahead of the line.
const PIECES_WAITING_MAX: usize = 2;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a file with all that a peer has not answered, sealed to it, for a USB stick or an e-mail
    Export {
        /// The peer that it is for
        #[arg(long, value_name = "NODE")]
        peer: String,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Take in a file that a peer made; twice, late or in any order does no harm
    Import {
        /// The file
        file: PathBuf,
    },
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Export { peer, out } => export(peer, &out, context).await,
        Command::Import { file } => import(&file, context).await,
    }
}

async fn export(node_id: String, out: &Path, context: &Context) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: out.to_owned(), source };
    let mut flow = context.desk().await?.export_bundle(wire::ExportBundleRequest { node_id }).await?;
    let mut file = PrivateFile::create(out).map_err(failed)?;
    let mut progress = Progress::beside("KiB");
    let (mut shown, mut whole) = (0, None);
    while let Some(wire::ExportBundleResponse { piece, contents, complete }) = flow.next().await? {
        file.write(&piece).map_err(failed)?;
        let contents = given(contents)?;
        progress.add(contents.bytes / 1024 - shown);
        shown = contents.bytes / 1024;
        if complete {
            whole = Some(contents);
        }
    }
    // Without its end the file would be taken for a cut one; it is thrown away with `file`.
    let contents = whole.ok_or_else(|| Failure::local("NO_ANSWER", ErrorKind::Unreachable))?;
    file.finish().map_err(failed)?;
    drop(progress);
    context.output.show(&contents, |contents| format!("wrote {}\n{}", out.display(), output::bundle::contents(contents)))
}

async fn import(path: &Path, context: &Context) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let desk = context.desk().await?;
    let (read, pieces) = mpsc::channel(PIECES_WAITING_MAX);
    let reading = tokio::task::spawn_blocking(move || read_pieces(file, &read));
    let pieces = ReceiverStream::new(pieces).map(|piece| wire::ImportBundleRequest { piece });
    let mut progress = Progress::beside("envelopes and receipts");
    let (mut shown, mut whole) = (0, None);
    let told = async {
        let mut flow = desk.import_bundle(pieces).await?;
        while let Some(wire::ImportBundleResponse { intake, complete }) = flow.next().await? {
            let intake = given(intake)?;
            let count = output::bundle::taken(&intake);
            progress.add(count - shown);
            shown = count;
            if complete {
                whole = Some(intake);
            }
        }
        Ok::<_, Failure>(())
    };
    let told = told.await;
    drop(progress);
    // A file that could not be read to its end looks cut to the node: the cause is here.
    if let Ok(Err(source)) = reading.await {
        return Err(failed(source));
    }
    told?;
    let intake = whole.ok_or_else(|| Failure::local("NO_ANSWER", ErrorKind::Unreachable))?;
    context.output.show(&intake, output::bundle::intake)?;
    if intake.gaps.is_empty() { Ok(()) } else { Err(Failure::unfinished("BUNDLE_GAP", ErrorKind::Conflict)) }
}

/// Reads the file until its end, or until nobody wants more.
fn read_pieces(mut file: std::fs::File, pieces: &mpsc::Sender<Bytes>) -> std::io::Result<()> {
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let length = file.read(&mut piece)?;
        piece.truncate(length);
        if length == 0 || pieces.blocking_send(piece.into()).is_err() {
            return Ok(());
        }
    }
}
