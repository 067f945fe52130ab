//! `titian node`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use titian_proto::wire;

use crate::commands::Context;
use crate::desk::{DeskError, Flow};
use crate::failure::Failure;
use crate::files::PrivateFile;
use crate::output;
use crate::output::progress::Progress;

#[derive(Subcommand)]
pub(super) enum Command {
    /// How the node is: clock, alarms, peers
    Status,
    /// Everything in the store as lines, for a backup
    Export {
        /// Where to write it; otherwise to the standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Status => status(context).await,
        Command::Export { out } => export(out.as_deref(), context).await,
    }
}

async fn status(context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_status(wire::GetStatusRequest {}).await?;
    context.output.show(&response, output::node::status)
}

async fn export(out: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let mut lines =
        Lines { flow: context.desk().await?.export_store(wire::ExportStoreRequest {}).await?, progress: Progress::new("lines") };
    let Some(path) = out else {
        while let Some(bytes) = lines.next().await? {
            context.output.raw(&bytes)?;
        }
        return Ok(());
    };
    let failed = |source| Failure::File { path: path.to_owned(), source };
    let mut file = PrivateFile::create(path).map_err(failed)?;
    while let Some(bytes) = lines.next().await? {
        file.write(&bytes).map_err(failed)?;
    }
    file.finish().map_err(failed)?;
    context.output.note(&format!("wrote {}", path.display()));
    Ok(())
}

/// The lines of an export, counted as they come.
struct Lines {
    flow: Flow<wire::ExportStoreResponse>,
    progress: Progress,
}

impl Lines {
    async fn next(&mut self) -> Result<Option<bytes::Bytes>, DeskError> {
        let Some(wire::ExportStoreResponse { lines }) = self.flow.next().await? else { return Ok(None) };
        self.progress.add(lines.iter().filter(|byte| **byte == b'\n').count() as u64);
        Ok(Some(lines))
    }
}
