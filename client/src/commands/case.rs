//! `titian case`

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Subcommand;
use titian_proto::wire;

use crate::commands::{Context, arguments, given};
use crate::failure::Failure;
use crate::input::File;
use crate::output;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Open a case from the table case of a file
    Open {
        /// The worker; without one it is a group's case
        #[arg(long, value_name = "ID", value_parser = arguments::id)]
        worker: Option<Bytes>,
        /// TOML file; - reads the standard input
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Show a case with its records
    Show {
        /// The case
        #[arg(value_name = "ID", value_parser = arguments::id)]
        case: Bytes,
    },
    /// Split a group's case by country of origin; the parts together are the whole
    Split {
        /// The case
        #[arg(value_name = "ID", value_parser = arguments::id)]
        case: Bytes,
        /// A country and how many the leaders represent, such as ID=2900; once for each
        #[arg(long = "part", value_name = "COUNTRY=COUNT", required = true, value_parser = part)]
        parts: Vec<wire::GroupPart>,
    },
    /// List cases
    List,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Open { worker, from } => open(worker.unwrap_or_default(), &from, context).await,
        Command::Split { case, parts } => split(case, parts, context).await,
        Command::Show { case } => show(case, context).await,
        Command::List => list(context).await,
    }
}

async fn open(worker_id: Bytes, from: &Path, context: &Context) -> Result<(), Failure> {
    let records = File::read(from)?.case()?;
    let response = context.desk().await?.open_case(wire::OpenCaseRequest { worker_id, records }).await?;
    let case = given(response.case.clone())?;
    context.output.show(&response, |_| output::case::case(&case))
}

fn part(text: &str) -> Result<wire::GroupPart, String> {
    let wrong = || "must be a country and a count, such as ID=2900".to_owned();
    let (country, count) = text.split_once('=').ok_or_else(wrong)?;
    Ok(wire::GroupPart { country: country.to_owned(), represented_count: count.parse().map_err(|_| wrong())? })
}

async fn split(case_id: Bytes, parts: Vec<wire::GroupPart>, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.split_case(wire::SplitCaseRequest { case_id, parts }).await?;
    context.output.show(&response, |all| output::case::list(&all.cases))
}

async fn show(case_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_case(wire::GetCaseRequest { case_id }).await?;
    let case = given(response.case.clone())?;
    context.output.show(&response, |_| output::case::case(&case))
}

async fn list(context: &Context) -> Result<(), Failure> {
    let desk = context.desk().await?;
    let (mut cases, mut after) = (Vec::new(), Bytes::new());
    loop {
        let page = desk.list_cases(wire::ListCasesRequest { limit: 0, after: after.clone() }).await?.cases;
        match page.last() {
            Some(last) if last.case_id > after => after = last.case_id.clone(),
            Some(_) | None => break,
        }
        cases.extend(page);
    }
    context.output.show(&wire::ListCasesResponse { cases }, |all| output::case::list(&all.cases))
}
