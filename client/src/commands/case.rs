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
        /// A network leader of the group, a worker of this node; once for each
        #[arg(long = "leader", value_name = "ID", value_parser = arguments::id, conflicts_with = "worker")]
        leaders: Vec<Bytes>,
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
    /// Write down that a network leader confirmed what came of a group's case; with the last of them it counts as confirmed
    Confirm {
        /// The case
        #[arg(value_name = "ID", value_parser = arguments::id)]
        case: Bytes,
        /// The leader
        #[arg(long, value_name = "ID", value_parser = arguments::id)]
        leader: Bytes,
        /// The outcome, where the case has several
        #[arg(long, value_name = "RECORD", value_parser = arguments::id)]
        outcome: Option<Bytes>,
    },
    /// Offer the case of a transfer to the union that works on it; until it answers, nobody changes the case
    HandOver {
        /// The referral of kind TRANSFER
        #[arg(value_name = "ID", value_parser = arguments::id)]
        referral: Bytes,
    },
    /// Accept a case that another union offers; it is this union's once the other has confirmed that
    AcceptHandOver {
        /// The referral of kind TRANSFER
        #[arg(value_name = "ID", value_parser = arguments::id)]
        referral: Bytes,
    },
    /// Take an offer of a case back, or turn it down
    CancelHandOver {
        /// The referral of kind TRANSFER
        #[arg(value_name = "ID", value_parser = arguments::id)]
        referral: Bytes,
    },
    /// Show who owns the case of a referral
    Owner {
        /// The referral
        #[arg(value_name = "ID", value_parser = arguments::id)]
        referral: Bytes,
    },
    /// List cases
    List,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Open { worker, from, leaders } => open(worker.unwrap_or_default(), leaders, &from, context).await,
        Command::Confirm { case, leader, outcome } => confirm(case, leader, outcome.unwrap_or_default(), context).await,
        Command::Split { case, parts } => split(case, parts, context).await,
        Command::Show { case } => show(case, context).await,
        Command::HandOver { referral } => hand_over(referral, wire::HandOverStep::Offer, context).await,
        Command::AcceptHandOver { referral } => hand_over(referral, wire::HandOverStep::Accept, context).await,
        Command::CancelHandOver { referral } => hand_over(referral, wire::HandOverStep::Abort, context).await,
        Command::Owner { referral } => owner(referral, context).await,
        Command::List => list(context).await,
    }
}

async fn open(worker_id: Bytes, leaders: Vec<Bytes>, from: &Path, context: &Context) -> Result<(), Failure> {
    let records = File::read(from)?.case()?;
    let response = context.desk().await?.open_case(wire::OpenCaseRequest { worker_id, records, leaders }).await?;
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

async fn confirm(case_id: Bytes, leader: Bytes, record_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.confirm_outcome(wire::ConfirmOutcomeRequest { case_id, leader, record_id }).await?;
    let record = given(response.record.clone())?;
    context.output.show(&response, |response| output::case::confirmed(&record, response))
}

async fn hand_over(referral_id: Bytes, step: wire::HandOverStep, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.hand_over_case(wire::HandOverCaseRequest { referral_id, step: step.into() }).await?;
    let tenure = given(response.tenure.clone())?;
    context.output.show(&response, |_| output::case::tenure(&tenure))
}

async fn owner(referral_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_tenure(wire::GetTenureRequest { referral_id }).await?;
    let tenure = given(response.tenure.clone())?;
    context.output.show(&response, |_| output::case::tenure(&tenure))
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
