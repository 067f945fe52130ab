//! `titian worker`

use std::path::PathBuf;

use bytes::Bytes;
use clap::Subcommand;
use titian_proto::wire;

use crate::commands::{Context, arguments, given};
use crate::failure::Failure;
use crate::input::File;
use crate::output;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Add a worker from the table worker of a file
    Add {
        /// TOML file; - reads the standard input
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Show a worker with her records
    Show {
        /// The worker
        #[arg(value_name = "ID", value_parser = arguments::id)]
        worker: Bytes,
    },
    /// Find workers, also those whom another union shared
    Find {
        /// Words of a name in any order, a telephone number, or the number of a passport; - reads them from the standard input, where nobody
        /// else on this machine sees them
        #[arg(value_name = "WORD", required = true)]
        words: Vec<String>,
    },
    /// List workers
    List,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Add { from } => add(&from, context).await,
        Command::Show { worker } => show(worker, context).await,
        Command::Find { words } => find(&words, context).await,
        Command::List => list(context).await,
    }
}

async fn add(from: &std::path::Path, context: &Context) -> Result<(), Failure> {
    let records = File::read(from)?.worker()?;
    let response = context.desk().await?.add_worker(wire::AddWorkerRequest { records }).await?;
    let worker = given(response.worker.clone())?;
    context.output.show(&response, |_| output::worker::worker(&worker))
}

async fn show(worker_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_worker(wire::GetWorkerRequest { worker_id }).await?;
    let worker = given(response.worker.clone())?;
    context.output.show(&response, |_| output::worker::worker(&worker))
}

async fn find(words: &[String], context: &Context) -> Result<(), Failure> {
    let text = match words {
        [dash] if dash == "-" => typed()?,
        words => words.join(" "),
    };
    let found = context.desk().await?.find_workers(wire::FindWorkersRequest { text }).await?;
    context.output.show(&found, output::worker::found)
}

/// One line of the standard input.
fn typed() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|source| Failure::File { path: PathBuf::from("-"), source })?;
    Ok(line.trim().to_owned())
}

async fn list(context: &Context) -> Result<(), Failure> {
    let desk = context.desk().await?;
    let (mut workers, mut after) = (Vec::new(), Bytes::new());
    loop {
        let page = desk.list_workers(wire::ListWorkersRequest { limit: 0, after: after.clone() }).await?.workers;
        match page.last() {
            Some(last) if last.worker_id > after => after = last.worker_id.clone(),
            Some(_) | None => break,
        }
        workers.extend(page);
    }
    context.output.show(&wire::ListWorkersResponse { workers }, |all| output::worker::list(&all.workers))
}
