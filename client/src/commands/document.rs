//! `titian document`

use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use clap::{Args, Subcommand};
use titian_proto::wire;
use titian_proto::wire::attach_document_request::Part;
use titian_proto::wire::get_document_response;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::commands::{Context, arguments, given};
use crate::desk::ErrorKind;
use crate::failure::Failure;
use crate::files::PrivateFile;
use crate::output;
use crate::output::progress::Progress;
use crate::output::text;

/// Bytes of a file that are sent at once.
const PIECE_BYTES: usize = 256 * 1024;

/// Pieces read ahead of the line.
const PIECES_AHEAD: usize = 2;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Attach a file to a record of the type document; the shares that hold the record follow
    Attach(Attach),
    /// Write the bytes of a document into a file
    Get(Get),
    /// List documents, and how many of their bytes are here
    List(Listed),
}

#[derive(Args)]
pub(super) struct Attach {
    /// The case
    #[arg(value_name = "CASE", value_parser = arguments::id)]
    case: Bytes,
    /// The record, put before: titian record put CASE document document_type=CONTRACT
    #[arg(value_name = "RECORD", value_parser = arguments::id)]
    record: Bytes,
    /// PDF, JPEG, PNG, WebP or plain text; its name is not kept, and images lose their metadata
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The revision that is changed; otherwise whichever is there
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    revision: u64,
}

#[derive(Args)]
pub(super) struct Get {
    /// The record
    #[arg(value_name = "RECORD", value_parser = arguments::id)]
    record: Bytes,
    /// Where to write it; only you may read it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The referral under which it is held from the other union; otherwise one of this node's own
    #[arg(long, value_name = "ID", value_parser = arguments::id)]
    referral: Option<Bytes>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Listed {
    /// Of this node's case
    #[arg(long, value_name = "ID", value_parser = arguments::id)]
    case: Option<Bytes>,
    /// Held from the other union under this referral
    #[arg(long, value_name = "ID", value_parser = arguments::id)]
    referral: Option<Bytes>,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Attach(command) => attach(command, context).await,
        Command::Get(command) => get(command, context).await,
        Command::List(command) => list(command, context).await,
    }
}

async fn attach(command: Attach, context: &Context) -> Result<(), Failure> {
    let Attach { case, record, file: path, revision } = command;
    let failed = |source| Failure::File { path: path.clone(), source };
    let file = File::open(&path).await.map_err(failed)?;
    let desk = context.desk().await?;
    let (give, take) = mpsc::channel(PIECES_AHEAD);
    let to = wire::AttachTo { case_id: case, record_id: record, revision };
    let call = desk.attach_document(ReceiverStream::new(take));
    tokio::pin!(call);
    // A file that cannot be read to its end drops the call: half a document must not be attached as a whole one.
    let response = tokio::select! {
        read = send(file, to, give) => {
            read.map_err(failed)?;
            call.await?
        }
        answered = &mut call => answered?,
    };
    let stored = given(response.record.clone())?;
    context.output.show(&response, |response| output::document::attached(&stored, response))
}

/// Sends a file, piece by piece. A node that listens no more has answered already.
async fn send(mut file: File, to: wire::AttachTo, give: mpsc::Sender<wire::AttachDocumentRequest>) -> std::io::Result<()> {
    let mut progress = Progress::beside("KiB");
    let mut part = Part::To(to);
    loop {
        if give.send(wire::AttachDocumentRequest { part: Some(part) }).await.is_err() {
            return Ok(());
        }
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        while piece.len() < PIECE_BYTES && file.read_buf(&mut piece).await? > 0 {}
        if piece.is_empty() {
            return Ok(());
        }
        progress.add(piece.len().div_ceil(1024) as u64);
        part = Part::Piece(piece.freeze());
    }
}

async fn get(command: Get, context: &Context) -> Result<(), Failure> {
    let Get { record, out, referral } = command;
    let request = wire::GetDocumentRequest { record, referral_id: referral.unwrap_or_default() };
    let mut flow = context.desk().await?.get_document(request).await?;
    let Some(get_document_response::Part::Head(head)) = flow.next().await?.and_then(|first| first.part) else {
        return Err(Failure::local("NOT_A_TITIAN_NODE", ErrorKind::Other));
    };
    let mut file = Written::begin(&out)?;
    while let Some(next) = flow.next().await? {
        let Some(get_document_response::Part::Piece(piece)) = next.part else { continue };
        file.write(&piece)?;
    }
    file.finish(head.size_bytes)?;
    context.output.show(&head, |head| format!("wrote {} bytes, {}", text::count(head.size_bytes), text::clean(&head.media_type)))
}

/// A file that is there only when all of it is.
struct Written<'a> {
    path: &'a Path,
    file: PrivateFile,
    count: u64,
    progress: Progress,
}

impl<'a> Written<'a> {
    fn begin(path: &'a Path) -> Result<Self, Failure> {
        let file = PrivateFile::create(path).map_err(|source| Failure::File { path: path.to_owned(), source })?;
        Ok(Self { path, file, count: 0, progress: Progress::beside("KiB") })
    }

    fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.count += piece.len() as u64;
        self.progress.add(piece.len().div_ceil(1024) as u64);
        self.file.write(piece).map_err(|source| Failure::File { path: self.path.to_owned(), source })
    }

    fn finish(self, size: u64) -> Result<(), Failure> {
        if self.count != size {
            return Err(Failure::local("NO_ANSWER", ErrorKind::Unreachable));
        }
        self.file.finish().map_err(|source| Failure::File { path: self.path.to_owned(), source })
    }
}

async fn list(command: Listed, context: &Context) -> Result<(), Failure> {
    let Listed { case, referral } = command;
    let request = wire::ListDocumentsRequest { case_id: case.unwrap_or_default(), referral_id: referral.unwrap_or_default() };
    let mut flow = context.desk().await?.list_documents(request).await?;
    let mut count = 0_u64;
    while let Some(wire::ListDocumentsResponse { documents }) = flow.next().await? {
        for document in &documents {
            context
                .output
                .show(document, |document| format!("{}{}", if count == 0 { "" } else { "\n" }, output::document::document(document)))?;
            count += 1;
        }
    }
    if count == 0 {
        context.output.note("no documents");
    }
    Ok(())
}
