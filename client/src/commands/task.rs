//! `titian task`

use bytes::Bytes;
use clap::Subcommand;
use titian_proto::wire;

use crate::commands::{Context, arguments};
use crate::failure::Failure;
use crate::output;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List what waits for you, the first due first
    List,
    /// Say that something is done that the node cannot see: a withdrawal verified with the worker
    Close {
        /// The task
        #[arg(value_name = "ID", value_parser = arguments::id)]
        task: Bytes,
    },
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::List => list(context).await,
        Command::Close { task } => close(task, context).await,
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let desk = context.desk().await?;
    let mut tasks: Vec<wire::Task> = Vec::new();
    loop {
        let (after, after_due_ms) = tasks.last().map_or_else(Default::default, |last| (last.task_id.clone(), last.due_ms));
        let page = desk.list_tasks(wire::ListTasksRequest { limit: 0, after, after_due_ms }).await?.tasks;
        if page.is_empty() {
            break;
        }
        tasks.extend(page);
    }
    context.output.show(&wire::ListTasksResponse { tasks }, |all| output::task::list(&all.tasks))
}

async fn close(task_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.close_task(wire::CloseTaskRequest { task_id }).await?;
    context.output.show(&response, |_| "closed\n".to_owned())
}
