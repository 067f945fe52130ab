//! The command line: one subcommand a noun, one file a noun.

mod agreement;
mod arguments;
mod breach;
mod bundle;
mod case;
mod consent;
mod document;
mod erasure;
mod log;
mod node;
mod password;
mod peer;
mod record;
mod referral;
mod report;
mod staff;
mod task;
mod worker;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::desk::{Desk, ErrorKind};
use crate::failure::Failure;
use crate::output::Output;
use crate::session;

/// What stands under every help text.
const AFTER_HELP: &str = "\
Sign in first; the session remembers the node:
  titian --node http://127.0.0.1:4710 staff sign-in NAME
A returnee's case, from intake to the other union:
  titian worker add --from FILE
  titian case open --worker ID --from FILE
  titian consent record --worker ID --from FILE
  titian referral request --case ID --to id.ksbsi --purpose WAGE_RECOVERY --categories CLAIM
  titian referral show ID

Exit codes: 0 done; 1 other failure; 2 usage; 3 refused by the gate; 4 sign-in or role; 5 not found;
            6 node cannot be reached; 7 conflict of state or revision; 8 bad input.";

/// Refer a worker's case to the union in another country, and see what becomes of it.
#[derive(Parser)]
#[command(name = "titian", version, after_help = AFTER_HELP, arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true)]
pub struct Arguments {
    /// Address of the node's desk, such as http://127.0.0.1:4710; the session remembers it
    #[arg(long, global = true, env = "TITIAN_NODE", hide_env_values = true, value_name = "URL")]
    node: Option<String>,
    /// File that keeps the session between two commands
    #[arg(long, global = true, env = "TITIAN_SESSION", hide_env_values = true, value_name = "FILE")]
    session: Option<PathBuf>,
    /// Answer in JSON: the node's message, of a stream one document a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Subcommand)]
enum Noun {
    /// Workers: the people served
    #[command(subcommand, arg_required_else_help = true)]
    Worker(worker::Command),
    /// Cases: the file about one worker's or one group's grievance
    #[command(subcommand, arg_required_else_help = true)]
    Case(case::Command),
    /// Records: the typed pieces of a case
    #[command(subcommand, arg_required_else_help = true)]
    Record(record::Command),
    /// Documents: the bytes of a case's papers
    #[command(subcommand, arg_required_else_help = true)]
    Document(document::Command),
    /// Consents: what a worker allows, and what she takes back
    #[command(subcommand, arg_required_else_help = true)]
    Consent(consent::Command),
    /// Referrals: requests to another union about one case
    #[command(subcommand, arg_required_else_help = true)]
    Referral(referral::Command),
    /// Erasures: what was to be destroyed, and who has proved it
    #[command(subcommand, arg_required_else_help = true)]
    Erasure(erasure::Command),
    /// Reports: a period in numbers, with nobody in them
    #[command(subcommand, arg_required_else_help = true)]
    Report(report::Command),
    /// Breaches: who must know that somebody saw what nobody should have seen
    #[command(subcommand, arg_required_else_help = true)]
    Breach(breach::Command),
    /// Tasks: what waits for you
    #[command(subcommand, arg_required_else_help = true)]
    Task(task::Command),
    /// Agreements between unions, with their data-sharing annexes
    #[command(subcommand, arg_required_else_help = true)]
    Agreement(agreement::Command),
    /// Peers: other unions' nodes
    #[command(subcommand, arg_required_else_help = true)]
    Peer(peer::Command),
    /// Bundles: the link to a peer in a file, where there is no line
    #[command(subcommand, arg_required_else_help = true)]
    Bundle(bundle::Command),
    /// The log: what crossed the border, without personal data
    #[command(subcommand, arg_required_else_help = true)]
    Log(log::Command),
    /// Accounts of staff; signing in and out
    #[command(subcommand, arg_required_else_help = true)]
    Staff(staff::Command),
    /// The node itself: how it is, and its export
    #[command(subcommand, arg_required_else_help = true)]
    Node(node::Command),
}

/// What every command works with.
struct Context {
    node: Option<String>,
    session_file: PathBuf,
    output: Output,
}

impl Arguments {
    /// Where the answer goes.
    #[must_use]
    pub fn output(&self) -> Output {
        Output::new(self.json)
    }

    /// Does what was asked, and shows the answer.
    ///
    /// # Errors
    /// When it was not done, or stays blocked; not yet shown.
    pub async fn run(self) -> Result<(), Failure> {
        let output = self.output();
        let Self { node, session, json: _, noun } = self;
        let context = Context { node, session_file: session.unwrap_or_else(session::default_path), output };
        match noun {
            Noun::Worker(command) => worker::run(command, &context).await,
            Noun::Case(command) => case::run(command, &context).await,
            Noun::Record(command) => record::run(command, &context).await,
            Noun::Document(command) => document::run(command, &context).await,
            Noun::Consent(command) => consent::run(command, &context).await,
            Noun::Referral(command) => referral::run(command, &context).await,
            Noun::Erasure(command) => erasure::run(command, &context).await,
            Noun::Report(command) => report::run(command, &context).await,
            Noun::Breach(command) => breach::run(command, &context).await,
            Noun::Task(command) => task::run(command, &context).await,
            Noun::Agreement(command) => agreement::run(command, &context).await,
            Noun::Peer(command) => peer::run(command, &context).await,
            Noun::Bundle(command) => bundle::run(command, &context).await,
            Noun::Log(command) => log::run(command, &context).await,
            Noun::Staff(command) => staff::run(command, &context).await,
            Noun::Node(command) => node::run(command, &context).await,
        }
    }
}

impl Context {
    /// The desk, in the open session.
    async fn desk(&self) -> Result<Desk, Failure> {
        let not_signed_in = || Failure::local("NOT_SIGNED_IN", ErrorKind::SignIn);
        let session = session::read(&self.session_file)?;
        let url = self.url(session.as_ref())?;
        let session = session.filter(|session| same_node(&session.node_url, &url)).ok_or_else(not_signed_in)?;
        Ok(Desk::connect(&url, Some(&session.token)).await?)
    }

    /// The address of the node: as given, else that of the session.
    fn url(&self, session: Option<&session::Session>) -> Result<String, Failure> {
        let known = self.node.clone().or_else(|| session.map(|session| session.node_url.clone()));
        known.ok_or_else(|| Failure::local("NO_NODE", ErrorKind::Usage))
    }
}

/// Whether two addresses are one: a token goes to the node it was made at and to no other.
fn same_node(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// A part of an answer that must be there.
fn given<T>(part: Option<T>) -> Result<T, Failure> {
    part.ok_or_else(|| Failure::local("NOT_A_TITIAN_NODE", ErrorKind::Other))
}
