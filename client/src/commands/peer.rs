//! `titian peer`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use titian_proto::wire;

use crate::codes;
use crate::commands::{Context, given};
use crate::failure::Failure;
use crate::{files, input, output};

#[derive(Subcommand)]
pub(super) enum Command {
    /// The descriptor file of this node, to be given to another union
    Descriptor {
        /// Where to write it; otherwise to the standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Add a peer from its descriptor file; two officers must confirm it
    Add {
        /// Its descriptor file; - reads the standard input
        file: PathBuf,
    },
    /// Confirm a peer by the words of its fingerprint, as printed in the paper agreement
    Confirm {
        /// Its node id
        #[arg(value_name = "NODE")]
        node_id: String,
        /// The twelve words
        #[arg(long, value_name = "WORDS")]
        words: String,
    },
    /// Suspend a peer: at once, without its help
    Suspend {
        /// Its node id
        #[arg(value_name = "NODE")]
        node_id: String,
        /// Why
        #[arg(long, value_parser = codes::argument::<wire::StatementReason>())]
        reason: wire::StatementReason,
    },
    /// End a suspension
    Resume {
        /// Its node id
        #[arg(value_name = "NODE")]
        node_id: String,
    },
    /// Report that a peer's keys are in other hands: its streams end at once, and every other peer is told
    Compromise {
        /// The notice that its owners signed; - reads the standard input
        file: PathBuf,
    },
    /// End the quarantine of a link, after the two unions have spoken with each other
    Release {
        /// Its node id
        #[arg(value_name = "NODE")]
        node_id: String,
    },
    /// Write the evidence for which a link is in quarantine
    Evidence {
        /// Its node id
        #[arg(value_name = "NODE")]
        node_id: String,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// List peers
    List,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Descriptor { out } => descriptor(out.as_deref(), context).await,
        Command::Add { file } => add(&file, context).await,
        Command::Confirm { node_id, words } => confirm(node_id, words, context).await,
        Command::Suspend { node_id, reason } => suspend(node_id, reason, context).await,
        Command::Resume { node_id } => resume(node_id, context).await,
        Command::Compromise { file } => compromise(&file, context).await,
        Command::Release { node_id } => release(node_id, context).await,
        Command::Evidence { node_id, out } => evidence(node_id, &out, context).await,
        Command::List => list(context).await,
    }
}

async fn descriptor(out: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_descriptor(wire::GetDescriptorRequest {}).await?;
    match out {
        Some(path) => {
            files::write_private(path, response.file.as_bytes()).map_err(|source| Failure::File { path: path.to_owned(), source })?;
            context.output.show(&response, |response| format!("wrote {}\nfingerprint  {}", path.display(), response.fingerprint_words))
        }
        None => context.output.show(&response, output::node::descriptor),
    }
}

async fn add(file: &Path, context: &Context) -> Result<(), Failure> {
    let file = input::read_text(file)?;
    let response = context.desk().await?.add_peer(wire::AddPeerRequest { file }).await?;
    let peer = given(response.peer.clone())?;
    context.output.show(&response, |_| output::peer::peer(&peer))
}

async fn confirm(node_id: String, fingerprint_words: String, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.confirm_peer(wire::ConfirmPeerRequest { node_id, fingerprint_words }).await?;
    let peer = given(response.peer.clone())?;
    context.output.show(&response, |_| output::peer::peer(&peer))
}

async fn suspend(node_id: String, reason: wire::StatementReason, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.suspend_peer(wire::SuspendPeerRequest { node_id, reason: reason.into() }).await?;
    let peer = given(response.peer.clone())?;
    context.output.show(&response, |_| output::peer::peer(&peer))
}

async fn resume(node_id: String, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.resume_peer(wire::ResumePeerRequest { node_id }).await?;
    let peer = given(response.peer.clone())?;
    context.output.show(&response, |_| output::peer::peer(&peer))
}

async fn compromise(file: &Path, context: &Context) -> Result<(), Failure> {
    let file = input::read_text(file)?;
    let response = context.desk().await?.report_compromise(wire::ReportCompromiseRequest { file }).await?;
    let peer = given(response.peer.clone())?;
    context.output.show(&response, |_| output::peer::peer(&peer))
}

async fn release(node_id: String, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.release_peer(wire::ReleasePeerRequest { node_id }).await?;
    let peer = given(response.peer.clone())?;
    context.output.show(&response, |_| output::peer::peer(&peer))
}

async fn evidence(node_id: String, out: &Path, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_evidence(wire::GetEvidenceRequest { node_id }).await?;
    files::write_private(out, &response.evidence).map_err(|source| Failure::File { path: out.to_owned(), source })?;
    context.output.show(&response, |_| format!("wrote {}", out.display()))
}

async fn list(context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.list_peers(wire::ListPeersRequest {}).await?;
    context.output.show(&response, |all| output::peer::list(&all.peers))
}
