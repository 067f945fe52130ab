//! `titian consent`

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use titian_proto::model::descriptor::DescriptorChain;
use titian_proto::model::slip::{Slip, SlipError};
use titian_proto::wire;

use crate::codes;
use crate::commands::{Context, arguments, given};
use crate::desk::ErrorKind;
use crate::failure::Failure;
use crate::files::write_private;
use crate::input::{self, ConsentInput, File};
use crate::output;
use crate::output::slip::{Page, words};

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
    /// Write down whether she may be counted in reports outside the union: a question of its own
    Reporting {
        /// The worker
        #[arg(long, value_name = "ID", value_parser = arguments::id)]
        worker: Bytes,
        /// What she said
        #[arg(value_name = "SAID", value_parser = codes::argument::<wire::ReportingConsent>())]
        said: wire::ReportingConsent,
    },
    /// List a worker's consents
    List {
        #[command(flatten)]
        subject: Subject,
    },
    /// Make the worker's own slip: which union may hold what until when, to print; it names nobody
    Slip {
        #[command(flatten)]
        subject: Subject,
        /// Only unions to which a referral of this case was written
        #[arg(long, value_name = "ID", value_parser = arguments::id)]
        case: Option<Bytes>,
        /// Where to write the page; a name that ends in .txt: as text. Otherwise as text to the standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Language of the page, such as id; otherwise that in which the notice was explained to her
        #[arg(long, value_name = "LANGUAGE")]
        language: Option<String>,
    },
    /// Check a slip with the descriptor file of the union that wrote it; needs no node
    VerifySlip {
        /// What a telephone read from the code, or the page as text; - reads the standard input
        #[arg(value_name = "FILE")]
        slip: PathBuf,
        /// The union's descriptor file
        #[arg(long, value_name = "FILE")]
        descriptor: PathBuf,
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
        Command::Slip { subject, case, out, language } => slip(subject, case, out.as_deref(), language, context).await,
        Command::VerifySlip { slip, descriptor } => verify_slip(&slip, &descriptor, context),
        Command::Reporting { worker, said } => reporting(worker, said, context).await,
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

async fn reporting(worker_id: Bytes, said: wire::ReportingConsent, context: &Context) -> Result<(), Failure> {
    let request = wire::SetReportingConsentRequest { worker_id, reporting: said.into() };
    let response = context.desk().await?.set_reporting_consent(request).await?;
    context.output.show(&response, |said| {
        output::block::Block::new().row("counted in reports", codes::words::<wire::ReportingConsent>(said.reporting)).to_string()
    })
}

async fn list(subject: Subject, context: &Context) -> Result<(), Failure> {
    let (worker_id, referral_id) = subject.ids();
    let response = context.desk().await?.list_consents(wire::ListConsentsRequest { worker_id, referral_id }).await?;
    context.output.show(&response, |all| output::consent::list(&all.consents))
}

async fn slip(
    subject: Subject,
    case: Option<Bytes>,
    out: Option<&Path>,
    language: Option<String>,
    context: &Context,
) -> Result<(), Failure> {
    let (worker_id, referral_id) = subject.ids();
    let request = wire::MakeSlipRequest { worker_id, referral_id, case_id: case.unwrap_or_default() };
    let made = context.desk().await?.make_slip(request).await?;
    let language = language.unwrap_or_else(|| made.language.clone());
    let page = Page::of(&made, &language).map_err(|_| Failure::local("NOT_A_TITIAN_NODE", ErrorKind::Other))?;
    match out {
        Some(path) => {
            let as_text = path.extension().is_some_and(|extension| extension == "txt");
            let content = if as_text { page.text() } else { page.html() };
            write_private(path, content.as_bytes()).map_err(|source| Failure::File { path: path.to_owned(), source })?;
            context.output.note(&format!("wrote {}", path.display()));
        }
        None => context.output.show(&made, |_| page.text())?,
    }
    if words::of(&language).is_none() {
        context.output.note("This program has no words in that language: the slip is in English. Read it to her in her own.");
    }
    if made.receipt_not_said {
        context.output.note("Nobody wrote down whether a paper is safe for her. Ask before you give it to her.");
    }
    Ok(())
}

fn verify_slip(slip: &Path, descriptor: &Path, context: &Context) -> Result<(), Failure> {
    let chain =
        DescriptorChain::from_file(&input::read_text(descriptor)?).map_err(|problem| Failure::local(problem.code(), ErrorKind::Input))?;
    let slip = Slip::verify(&input::read_text(slip)?, &chain).map_err(|problem| {
        let code = match problem {
            SlipError::Malformed(_) => "SLIP_UNREADABLE",
            SlipError::OtherUnion => "SLIP_OTHER_UNION",
            SlipError::Signature(_) => "SLIP_NOT_SIGNED",
        };
        Failure::local(code, ErrorKind::Input)
    })?;
    let words = chain.fingerprint().words();
    context.output.show(&output::slip::verified_json(&slip), |_| output::slip::verified(&slip, chain.newest(), &words))
}

impl Subject {
    fn ids(self) -> (Bytes, Bytes) {
        let Self { worker, referral } = self;
        (worker.unwrap_or_default(), referral.unwrap_or_default())
    }
}
