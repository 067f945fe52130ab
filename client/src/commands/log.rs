//! `titian log`

use clap::Subcommand;
use titian_proto::wire;

use crate::codes;
use crate::commands::Context;
use crate::desk::ErrorKind;
use crate::failure::Failure;
use crate::output;
use crate::output::progress::Progress;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List entries, one a line: index, event, peer, agreement, purpose, fields
    List {
        /// First index
        #[arg(long, value_name = "N", default_value_t = 0)]
        from: u64,
        /// At most so many; 0: all
        #[arg(long, value_name = "N", default_value_t = 0)]
        limit: u64,
        /// Only entries with this purpose: WELFARE_CHECK lists each use of that exception
        #[arg(long, value_parser = codes::argument::<wire::Purpose>())]
        purpose: Option<wire::Purpose>,
    },
    /// Show one entry, with its exact bytes
    Show {
        /// Its index
        index: u64,
    },
    /// Origin and size of the log
    Status,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::List { from, limit, purpose } => list(from, limit, purpose, context).await,
        Command::Show { index } => show(index, context).await,
        Command::Status => status(context).await,
    }
}

async fn list(from: u64, limit: u64, purpose: Option<wire::Purpose>, context: &Context) -> Result<(), Failure> {
    let mut flow =
        context.desk().await?.list_leaves(wire::ListLeavesRequest { from, limit, purpose: purpose.map_or(0, Into::into) }).await?;
    let mut progress = Progress::new("entries");
    while let Some(wire::ListLeavesResponse { leaves }) = flow.next().await? {
        for leaf in &leaves {
            context.output.show(leaf, output::log::line)?;
        }
        progress.add(leaves.len() as u64);
    }
    Ok(())
}

async fn show(index: u64, context: &Context) -> Result<(), Failure> {
    let mut flow = context.desk().await?.list_leaves(wire::ListLeavesRequest { from: index, limit: 1, purpose: 0 }).await?;
    while let Some(wire::ListLeavesResponse { leaves }) = flow.next().await? {
        if let Some(leaf) = leaves.first() {
            return context.output.show(leaf, output::log::entry);
        }
    }
    Err(Failure::local("NOT_FOUND", ErrorKind::NotFound))
}

async fn status(context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_log(wire::GetLogRequest {}).await?;
    context.output.show(&response, output::log::status)
}
