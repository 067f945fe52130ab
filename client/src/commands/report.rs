//! `titian report`

use clap::Subcommand;
use titian_proto::wire;

use crate::commands::{Context, given};
use crate::failure::Failure;
use crate::output;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Count a period for a donor: no names, no case numbers, and nothing so small that it could name a person
    Donor {
        /// First day, such as 2026-01-01
        #[arg(long, value_name = "DAY")]
        from: String,
        /// Last day, such as 2026-06-30
        #[arg(long, value_name = "DAY")]
        until: String,
        /// As lines of comma-separated values, for a spreadsheet
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Donor { from, until, csv } => donor(from, until, csv, context).await,
    }
}

async fn donor(from: String, until: String, csv: bool, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.make_donor_report(wire::MakeDonorReportRequest { from, until }).await?;
    let report = given(response.report.clone())?;
    context.output.show(&response, |_| if csv { output::report::csv(&report) } else { output::report::report(&report) })
}
