//! `titian referral`

use bytes::Bytes;
use clap::{Args, Subcommand};
use titian_proto::wire;

use crate::codes;
use crate::commands::{Context, arguments, given};
use crate::failure::Failure;
use crate::output;
use crate::output::progress::Progress;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Write a referral and, if the gate permits, request it
    Request(Request),
    /// Request a draft or a returned referral again
    Send(One),
    /// Change what is selected
    Amend {
        #[command(flatten)]
        one: One,
        /// The whole new selection, with commas
        #[arg(long, value_name = "CATEGORIES", value_delimiter = ',', required = true, value_parser = codes::argument::<wire::Category>())]
        categories: Vec<wire::Category>,
    },
    /// Approve a referral as its second person
    Approve(One),
    /// Accept a referral from a peer; its share follows
    Accept(One),
    /// Reject a referral from a peer
    Reject(Declined),
    /// Return a referral: it needs information, and may be requested again
    Return(Declined),
    /// Start working on an accepted referral
    Start {
        #[command(flatten)]
        one: One,
        /// Only as this union's own, with a consent that it took itself from the same person
        #[arg(long)]
        adopt: bool,
    },
    /// Put it on hold
    Hold(One),
    /// It was done
    Complete(Ended),
    /// It could not be done
    Fail(Ended),
    /// Take back a referral that was sent
    Cancel(One),
    /// Mark a referral that should never have been written
    EnterInError(One),
    /// Send again what the other union parked of its case, once it has upgraded
    Retry(One),
    /// Show a referral and how it stands
    Show(One),
    /// List referrals
    List {
        /// Only of this case
        #[arg(long, value_name = "ID", value_parser = arguments::id)]
        case: Option<Bytes>,
        /// Only welfare checks: each use of the exception, ended ones too
        #[arg(long, conflicts_with = "case")]
        welfare_checks: bool,
    },
    /// Show the records held from the other side
    Share(One),
    /// Follow what arrives or changes, until you stop it
    Watch {
        /// Show each record as it becomes readable, too
        #[arg(long)]
        records: bool,
    },
}

#[derive(Args)]
pub(super) struct One {
    /// The referral
    #[arg(value_name = "ID", value_parser = arguments::id)]
    referral: Bytes,
}

#[derive(Args)]
pub(super) struct Declined {
    #[command(flatten)]
    one: One,
    /// Why
    #[arg(long, value_parser = codes::argument::<wire::DeclineReason>())]
    reason: wire::DeclineReason,
}

#[derive(Args)]
pub(super) struct Ended {
    #[command(flatten)]
    one: One,
    /// How
    #[arg(long, value_parser = codes::argument::<wire::ReferralOutcome>())]
    outcome: wire::ReferralOutcome,
}

#[derive(Args)]
pub(super) struct Request {
    /// The case
    #[arg(long, value_name = "ID", value_parser = arguments::id)]
    case: Bytes,
    /// For which union, such as id.ksbsi
    #[arg(long, value_name = "NODE")]
    to: String,
    /// What for
    #[arg(long, value_parser = codes::argument::<wire::Purpose>())]
    purpose: wire::Purpose,
    /// What should follow after acceptance, with commas
    #[arg(long, value_name = "CATEGORIES", value_delimiter = ',', required = true, value_parser = codes::argument::<wire::Category>())]
    categories: Vec<wire::Category>,
    /// What is asked
    #[arg(long, default_value = "SERVICE", value_parser = codes::argument::<wire::ReferralKind>())]
    kind: wire::ReferralKind,
    /// How urgent
    #[arg(long, default_value = "NORMAL", value_parser = codes::argument::<wire::Priority>())]
    priority: wire::Priority,
    /// Which services, with commas
    #[arg(long, value_name = "SERVICES", value_delimiter = ',', value_parser = codes::argument::<wire::Service>())]
    services: Vec<wire::Service>,
    /// Which agreement; otherwise the one in force with that union
    #[arg(long, value_name = "ID")]
    agreement: Option<String>,
    /// A referral received from another union, whose share is passed on; otherwise the case's own records go
    #[arg(long, value_name = "ID", value_parser = arguments::id)]
    onward_from: Option<Bytes>,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    use wire::ReferralState as State;
    match command {
        Command::Request(request) => self::request(request, context).await,
        Command::Send(One { referral }) => send(referral, context).await,
        Command::Amend { one: One { referral }, categories } => amend(referral, &categories, context).await,
        Command::Approve(One { referral }) => approve(referral, context).await,
        Command::Accept(one) => set(one, State::Accepted, context).await,
        Command::Reject(declined) => decline(declined, State::Rejected, context).await,
        Command::Return(declined) => decline(declined, State::Returned, context).await,
        Command::Start { one, adopt } => start(one, adopt, context).await,
        Command::Hold(one) => set(one, State::OnHold, context).await,
        Command::Complete(ended) => end(ended, State::Completed, context).await,
        Command::Fail(ended) => end(ended, State::Failed, context).await,
        Command::Cancel(one) => set(one, State::Cancelled, context).await,
        Command::EnterInError(one) => set(one, State::EnteredInError, context).await,
        Command::Retry(One { referral }) => retry(referral, context).await,
        Command::Show(One { referral }) => show(referral, context).await,
        Command::List { case, welfare_checks } => list(case.unwrap_or_default(), welfare_checks, context).await,
        Command::Share(One { referral }) => share(referral, context).await,
        Command::Watch { records } => watch(records, context).await,
    }
}

async fn request(request: Request, context: &Context) -> Result<(), Failure> {
    let Request { case, to, purpose, categories, kind, priority, services, agreement, onward_from } = request;
    let request = wire::RequestReferralRequest {
        case_id: case,
        recipient: to,
        kind: kind.into(),
        purpose: purpose.into(),
        services_requested: codes::numbers(&services),
        priority: priority.into(),
        categories: codes::numbers(&categories),
        agreement_id: agreement.unwrap_or_default(),
        onward_from: onward_from.unwrap_or_default(),
    };
    let response = context.desk().await?.request_referral(request).await?;
    answered(&response, response.referral.clone(), context)
}

async fn send(referral_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.send_referral(wire::SendReferralRequest { referral_id }).await?;
    answered(&response, response.referral.clone(), context)
}

async fn amend(referral_id: Bytes, categories: &[wire::Category], context: &Context) -> Result<(), Failure> {
    let request = wire::AmendReferralRequest { referral_id, categories: codes::numbers(categories) };
    let response = context.desk().await?.amend_referral(request).await?;
    answered(&response, response.referral.clone(), context)
}

/// Shows what became of a referral that should leave. Where it stays blocked, that is the command's failure.
fn answered<M: serde::Serialize>(response: &M, referral: Option<wire::Referral>, context: &Context) -> Result<(), Failure> {
    let referral = given(referral)?;
    context.output.show(response, |_| output::referral::referral(&referral))?;
    match &referral.blocked_by {
        Some(refusal) if refusal.code != 0 => Err(Failure::blocked(refusal)),
        Some(_) | None => Ok(()),
    }
}

async fn approve(referral_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.approve_referral(wire::ApproveReferralRequest { referral_id }).await?;
    let referral = given(response.referral.clone())?;
    context.output.show(&response, |_| output::referral::referral(&referral))
}

async fn set(one: One, state: wire::ReferralState, context: &Context) -> Result<(), Failure> {
    set_with(one, state, wire::DeclineReason::Unspecified, wire::ReferralOutcome::Unspecified, context).await
}

async fn decline(declined: Declined, state: wire::ReferralState, context: &Context) -> Result<(), Failure> {
    set_with(declined.one, state, declined.reason, wire::ReferralOutcome::Unspecified, context).await
}

async fn end(ended: Ended, state: wire::ReferralState, context: &Context) -> Result<(), Failure> {
    set_with(ended.one, state, wire::DeclineReason::Unspecified, ended.outcome, context).await
}

async fn set_with(
    one: One,
    state: wire::ReferralState,
    reason: wire::DeclineReason,
    outcome: wire::ReferralOutcome,
    context: &Context,
) -> Result<(), Failure> {
    let (state, reason, outcome) = (state.into(), reason.into(), outcome.into());
    let request = wire::SetReferralStateRequest { referral_id: one.referral, state, reason, outcome, adopt: false };
    say(request, context).await
}

async fn start(one: One, adopt: bool, context: &Context) -> Result<(), Failure> {
    let state = wire::ReferralState::InProgress.into();
    say(wire::SetReferralStateRequest { referral_id: one.referral, state, adopt, ..wire::SetReferralStateRequest::default() }, context)
        .await
}

async fn say(request: wire::SetReferralStateRequest, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.set_referral_state(request).await?;
    let referral = given(response.referral.clone())?;
    context.output.show(&response, |_| output::referral::referral(&referral))
}

async fn retry(referral_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.retry_referral(wire::RetryReferralRequest { referral_id }).await?;
    let referral = given(response.referral.clone())?;
    context.output.show(&response, |response| format!("sent again: {}\n{}", response.envelopes, output::referral::referral(&referral)))
}

async fn show(referral_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.get_referral(wire::GetReferralRequest { referral_id }).await?;
    let referral = given(response.referral.clone())?;
    context.output.show(&response, |_| output::referral::referral(&referral))
}

async fn list(case_id: Bytes, welfare_checks: bool, context: &Context) -> Result<(), Failure> {
    let desk = context.desk().await?;
    let (mut referrals, mut after) = (Vec::new(), Bytes::new());
    loop {
        let request = wire::ListReferralsRequest { limit: 0, after: after.clone(), case_id: case_id.clone(), welfare_checks };
        let page = desk.list_referrals(request).await?.referrals;
        match page.last() {
            Some(last) if last.referral_id > after => after = last.referral_id.clone(),
            Some(_) | None => break,
        }
        referrals.extend(page);
    }
    context.output.show(&wire::ListReferralsResponse { referrals }, |all| output::referral::list(&all.referrals))
}

async fn share(referral_id: Bytes, context: &Context) -> Result<(), Failure> {
    let mut flow = context.desk().await?.list_share(wire::ListShareRequest { referral_id }).await?;
    let mut progress = Progress::new("records");
    let mut count = 0_u64;
    while let Some(wire::ListShareResponse { records }) = flow.next().await? {
        for record in &records {
            context.output.show(record, |record| format!("{}{}", if count == 0 { "" } else { "\n" }, output::record::shared(record)))?;
            count += 1;
        }
        progress.add(records.len() as u64);
    }
    if count == 0 {
        context.output.note("no records are held from the other side");
    }
    Ok(())
}

async fn watch(with_records: bool, context: &Context) -> Result<(), Failure> {
    let mut flow = context.desk().await?.watch_referrals(wire::WatchReferralsRequest { with_records }).await?;
    while let Some(event) = flow.next().await? {
        context.output.show(&event, output::referral::event)?;
    }
    Ok(())
}
