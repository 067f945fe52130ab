//! `titian agreement`

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use titian_proto::wire;
use titian_proto::wire::StatementKind as Kind;

use crate::codes;
use crate::commands::{Context, arguments, given};
use crate::failure::Failure;
use crate::input::{self, File};
use crate::{files, output};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a draft from the tables agreement and annex of a file
    Draft {
        /// TOML file; - reads the standard input
        file: PathBuf,
    },
    /// Put the text to the other parties
    Propose(One),
    /// Sign the digest
    Sign(One),
    /// Attach a government's approval
    Approve(Approve),
    /// Join as the affiliate of a party
    Accede(One),
    /// Stop all case data under it, at once
    Suspend(Reasoned),
    /// End this union's own suspension
    Resume {
        #[command(flatten)]
        one: One,
        /// Why
        #[arg(long, value_parser = codes::argument::<wire::StatementReason>())]
        reason: Option<wire::StatementReason>,
    },
    /// End the agreement on a date
    Terminate {
        #[command(flatten)]
        reasoned: Reasoned,
        /// Last day in force
        #[arg(long, value_name = "DATE", value_parser = arguments::day)]
        on: String,
    },
    /// Turn the proposal down
    Reject(Reasoned),
    /// Show an agreement: state, parties, annexes
    Show {
        #[command(flatten)]
        one: One,
        /// Show its text, too
        #[arg(long)]
        text: bool,
    },
    /// Write the file to give to another union
    Export {
        #[command(flatten)]
        one: One,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Take in the file of an agreement from another union
    Import {
        /// The file; - reads the standard input
        file: PathBuf,
    },
    /// List agreements
    List,
}

/// Which agreement.
#[derive(Args)]
pub(super) struct One {
    /// Its id, such as AG-MY-ID
    #[arg(value_name = "ID")]
    agreement: String,
    /// Its version; otherwise the newest, and to suspend, resume or end one the newest that came into force
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    version: u32,
}

#[derive(Args)]
pub(super) struct Reasoned {
    #[command(flatten)]
    one: One,
    /// Why
    #[arg(long, required = true, value_parser = codes::argument::<wire::StatementReason>())]
    reason: wire::StatementReason,
}

#[derive(Args)]
pub(super) struct Approve {
    #[command(flatten)]
    one: One,
    /// The authority
    #[arg(long)]
    authority: String,
    /// Its reference number
    #[arg(long)]
    reference: String,
    /// Its date
    #[arg(long, value_parser = arguments::day)]
    date: String,
    /// SHA-256 of the scan, in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = arguments::digest)]
    scan_digest: Bytes,
    /// Office of the attesting officer; an office, not a name
    #[arg(long)]
    office: String,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Draft { file } => draft(&file, context).await,
        Command::Propose(one) => state(one.says(Kind::Propose), context).await,
        Command::Sign(one) => state(one.says(Kind::Sign), context).await,
        Command::Approve(approve) => state(approve.says(), context).await,
        Command::Accede(one) => state(one.says(Kind::Accede), context).await,
        Command::Suspend(reasoned) => state(reasoned.says(Kind::Suspend), context).await,
        Command::Resume { one, reason } => {
            let reason = reason.map(Into::into).unwrap_or_default();
            state(wire::StateAgreementRequest { reason, ..one.says(Kind::Resume) }, context).await
        }
        Command::Terminate { reasoned, on } => {
            state(wire::StateAgreementRequest { effective_on: on, ..reasoned.says(Kind::Terminate) }, context).await
        }
        Command::Reject(reasoned) => state(reasoned.says(Kind::Reject), context).await,
        Command::Show { one, text } => show(one, text, context).await,
        Command::Export { one, out } => export(one, &out, context).await,
        Command::Import { file } => import(&file, context).await,
        Command::List => list(context).await,
    }
}

async fn draft(file: &Path, context: &Context) -> Result<(), Failure> {
    let toml = File::read(file)?.agreement()?;
    let response = context.desk().await?.draft_agreement(wire::DraftAgreementRequest { toml }).await?;
    let agreement = given(response.agreement.clone())?;
    context.output.show(&response, |_| output::agreement::agreement(&agreement))
}

async fn state(request: wire::StateAgreementRequest, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.state_agreement(request).await?;
    let agreement = given(response.agreement.clone())?;
    context.output.show(&response, |_| output::agreement::agreement(&agreement))
}

async fn get(one: One, context: &Context) -> Result<wire::GetAgreementResponse, Failure> {
    let One { agreement, version } = one;
    Ok(context.desk().await?.get_agreement(wire::GetAgreementRequest { agreement_id: agreement, version }).await?)
}

async fn show(one: One, text: bool, context: &Context) -> Result<(), Failure> {
    let response = get(one, context).await?;
    let agreement = given(response.agreement.clone())?;
    let human = || match text {
        true => format!("{}\n{}", output::agreement::agreement(&agreement), lines(&agreement.text)),
        false => output::agreement::agreement(&agreement),
    };
    context.output.show(&response, |_| human())
}

async fn export(one: One, out: &Path, context: &Context) -> Result<(), Failure> {
    let response = get(one, context).await?;
    files::write_private(out, response.file.as_bytes()).map_err(|source| Failure::File { path: out.to_owned(), source })?;
    context.output.show(&response, |_| format!("wrote {}", out.display()))
}

async fn import(file: &Path, context: &Context) -> Result<(), Failure> {
    let file = input::read_text(file)?;
    let response = context.desk().await?.import_agreement(wire::ImportAgreementRequest { file }).await?;
    let agreement = given(response.agreement.clone())?;
    context.output.show(&response, |_| output::agreement::agreement(&agreement))
}

async fn list(context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.list_agreements(wire::ListAgreementsRequest {}).await?;
    context.output.show(&response, |all| output::agreement::list(&all.agreements))
}

/// A text of several lines, each made safe for a terminal.
fn lines(text: &str) -> String {
    text.lines().map(output::text::clean).collect::<Vec<_>>().join("\n")
}

impl One {
    fn says(self, kind: Kind) -> wire::StateAgreementRequest {
        let Self { agreement, version } = self;
        wire::StateAgreementRequest {
            agreement_id: agreement,
            version,
            kind: kind.into(),
            effective_on: String::new(),
            reason: 0,
            approval: None,
        }
    }
}

impl Reasoned {
    fn says(self, kind: Kind) -> wire::StateAgreementRequest {
        let Self { one, reason } = self;
        wire::StateAgreementRequest { reason: reason.into(), ..one.says(kind) }
    }
}

impl Approve {
    fn says(self) -> wire::StateAgreementRequest {
        let Self { one, authority, reference, date, scan_digest, office } = self;
        let approval = wire::GovernmentApproval { authority, reference, date, scan_digest, attesting_office: office };
        wire::StateAgreementRequest { approval: Some(approval), ..one.says(Kind::Approve) }
    }
}
