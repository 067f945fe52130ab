//! `titian breach`

use bytes::Bytes;
use clap::{Args, Subcommand};
use titian_proto::wire;

use crate::codes;
use crate::commands::{Context, arguments, given};
use crate::failure::Failure;
use crate::output;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Tell the unions concerned of a breach at this node
    Tell(Tell),
    /// List breaches here and at other unions; what is open comes first
    List {
        /// Only where somebody still has to know or to act
        #[arg(long)]
        open: bool,
    },
    /// Say that what another union told of is seen to: the workers are told, in the way in which they can be reached
    Settle {
        /// The breach
        #[arg(value_name = "ID", value_parser = arguments::id)]
        breach: Bytes,
    },
}

#[derive(Args)]
#[group(required = true, multiple = true, args = ["referrals", "peers"])]
pub(super) struct Tell {
    /// When it was found, such as 2026-03-02T01:00:00Z; otherwise now
    #[arg(long, value_name = "TIME", value_parser = arguments::moment)]
    found_at: Option<i64>,
    /// What kind of data it was
    #[arg(long, value_delimiter = ',', required = true, value_parser = codes::argument::<wire::Category>())]
    categories: Vec<wire::Category>,
    /// A referral that is concerned; may be given several times
    #[arg(long = "referral", value_name = "ID", value_parser = arguments::id)]
    referrals: Vec<Bytes>,
    /// A union with which everything is concerned; may be given several times
    #[arg(long = "peer", value_name = "NODE")]
    peers: Vec<String>,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Tell(tell) => tell_all(tell, context).await,
        Command::List { open } => list(open, context).await,
        Command::Settle { breach } => settle(breach, context).await,
    }
}

async fn tell_all(tell: Tell, context: &Context) -> Result<(), Failure> {
    let Tell { found_at, categories, referrals, peers } = tell;
    let request = wire::TellBreachRequest {
        found_at_ms: found_at.unwrap_or_default(),
        categories: categories.into_iter().map(Into::into).collect(),
        referral_ids: referrals,
        node_ids: peers,
    };
    let response = context.desk().await?.tell_breach(request).await?;
    let breach = given(response.breach.clone())?;
    context.output.show(&response, |_| output::breach::breach(&breach))
}

async fn list(only_open: bool, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.list_breaches(wire::ListBreachesRequest { only_open }).await?;
    context.output.show(&response, |all| output::breach::list(&all.breaches))
}

async fn settle(breach_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.settle_breach(wire::SettleBreachRequest { breach_id }).await?;
    let breach = given(response.breach.clone())?;
    context.output.show(&response, |_| output::breach::breach(&breach))
}
