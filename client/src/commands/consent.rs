//! `titian consent`

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use titian_proto::wire;

use crate::codes;
use crate::commands::{Context, arguments, given};
use crate::failure::Failure;
use crate::input::{ConsentInput, File};
use crate::output;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Write down a consent from the table consent of a file
    Record {
        #[command(flatten)]
        subject: Subject,
        /// TOML file; - reads the standard input
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// The consent that this is the next version of: renewed, or with another scope
        #[arg(long, value_name = "ID", value_parser = arguments::id)]
        renews: Option<Bytes>,
    },
    /// Write down a withdrawal, from the worker's word; it takes effect at once
    Withdraw {
        #[command(flatten)]
        subject: Subject,
        #[command(flatten)]
        scope: Scope,
    },
    /// List a worker's consents
    List {
        #[command(flatten)]
        subject: Subject,
    },
}

/// Whose consent: a worker of this node, or the one a referral from a peer is about.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Subject {
    /// The worker
    #[arg(long, value_name = "ID", value_parser = arguments::id)]
    worker: Option<Bytes>,
    /// A referral received from a peer: the worker it is about
    #[arg(long, value_name = "ID", value_parser = arguments::id)]
    referral: Option<Bytes>,
}

#[derive(Args)]
pub(super) struct Scope {
    /// For this union only; otherwise for every recipient
    #[arg(long, value_name = "NODE")]
    recipient: Option<String>,
    /// For these purposes only, with commas
    #[arg(long, value_name = "PURPOSES", value_delimiter = ',', value_parser = codes::argument::<wire::Purpose>())]
    purposes: Vec<wire::Purpose>,
    /// For these categories only, with commas
    #[arg(long, value_name = "CATEGORIES", value_delimiter = ',', value_parser = codes::argument::<wire::Category>())]
    categories: Vec<wire::Category>,
    /// What must happen with what was delivered
    #[arg(long, value_name = "ACTION", value_parser = codes::argument::<wire::WithdrawalAction>())]
    action: wire::WithdrawalAction,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Record { subject, from, renews } => record(subject, &from, renews, context).await,
        Command::Withdraw { subject, scope } => withdraw(subject, scope, context).await,
        Command::List { subject } => list(subject, context).await,
    }
}

async fn record(subject: Subject, from: &Path, renews: Option<Bytes>, context: &Context) -> Result<(), Failure> {
    let ConsentInput { mut grant, valid_days } = File::read(from)?.consent()?;
    grant.consent_id = renews.unwrap_or_default();
    let (worker_id, referral_id) = subject.ids();
    let request = wire::RecordConsentRequest { worker_id, grant: Some(grant), valid_days, referral_id };
    let response = context.desk().await?.record_consent(request).await?;
    let consent = given(response.consent.clone())?;
    context.output.show(&response, |_| output::consent::consent(&consent))
}

async fn withdraw(subject: Subject, scope: Scope, context: &Context) -> Result<(), Failure> {
    let Scope { recipient, purposes, categories, action } = scope;
    let withdrawal = wire::Withdrawal {
        consent_id: Bytes::new(),
        sequence: 0,
        recipient: recipient.unwrap_or_default(),
        purposes: codes::numbers(&purposes),
        categories: codes::numbers(&categories),
        action: action.into(),
        effective_at_ms: 0,
    };
    let (worker_id, referral_id) = subject.ids();
    let request = wire::WithdrawConsentRequest { worker_id, withdrawal: Some(withdrawal), referral_id };
    let response = context.desk().await?.withdraw_consent(request).await?;
    context.output.show(&response, output::consent::withdrawn)
}

async fn list(subject: Subject, context: &Context) -> Result<(), Failure> {
    let (worker_id, referral_id) = subject.ids();
    let response = context.desk().await?.list_consents(wire::ListConsentsRequest { worker_id, referral_id }).await?;
    context.output.show(&response, |all| output::consent::list(&all.consents))
}

impl Subject {
    fn ids(self) -> (Bytes, Bytes) {
        let Self { worker, referral } = self;
        (worker.unwrap_or_default(), referral.unwrap_or_default())
    }
}
