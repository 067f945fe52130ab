//! `titian erasure`

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use prost::Message as _;
use titian_proto::wire;

use crate::commands::{Context, arguments, given};
use crate::failure::Failure;
use crate::files::{private_folder, write_private};
use crate::output;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List what was to be destroyed; what is open comes first
    List {
        /// Only where something is still to come
        #[arg(long)]
        open: bool,
    },
    /// Show one, with the other union's receipts
    Show {
        #[command(flatten)]
        one: One,
        /// Write the signed receipts into this folder, each a file that proves by itself
        #[arg(long, value_name = "FOLDER")]
        receipts: Option<PathBuf>,
    },
    /// Keep what is held under a referral, because a court or an authority demands it
    Hold {
        #[command(flatten)]
        one: One,
        /// Which, as a code; never the name of a person
        #[arg(long, value_name = "CODE")]
        authority: String,
        /// To be looked at again by, such as 2026-09-30
        #[arg(long, value_name = "DAY")]
        review_on: String,
    },
    /// End such a hold; what a withdrawal asked for meanwhile is destroyed at once
    Lift(One),
}

#[derive(Args)]
pub(super) struct One {
    /// The referral
    #[arg(value_name = "ID", value_parser = arguments::id)]
    referral: Bytes,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::List { open } => list(open, context).await,
        Command::Show { one, receipts } => show(one.referral, receipts.as_deref(), context).await,
        Command::Hold { one, authority, review_on } => hold(one.referral, authority, review_on, context).await,
        Command::Lift(One { referral }) => lift(referral, context).await,
    }
}

async fn list(only_open: bool, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.list_erasures(wire::ListErasuresRequest { only_open }).await?;
    context.output.show(&response, |all| output::erasure::list(&all.erasures))
}

async fn show(referral_id: Bytes, folder: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_erasure(wire::GetErasureRequest { referral_id }).await?;
    let erasure = given(response.erasure.clone())?;
    if let Some(folder) = folder {
        private_folder(folder)?;
        for (number, receipt) in response.receipts.iter().enumerate() {
            write_private(&folder.join(format!("receipt-{}.envelope", number + 1)), &receipt.encode_to_vec())?;
        }
    }
    context.output.show(&response, |_| output::erasure::erasure(&erasure))
}

async fn hold(referral_id: Bytes, authority: String, review_on: String, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.hold_erasure(wire::HoldErasureRequest { referral_id, authority, review_on }).await?;
    let referral = given(response.referral.clone())?;
    context.output.show(&response, |_| output::referral::referral(&referral))
}

async fn lift(referral_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.lift_hold(wire::LiftHoldRequest { referral_id }).await?;
    let referral = given(response.referral.clone())?;
    context.output.show(&response, |_| output::referral::referral(&referral))
}
