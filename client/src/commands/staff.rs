//! `titian staff`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use titian_proto::wire;

use crate::codes;
use crate::commands::{Context, given, password};
use crate::desk::{Desk, ErrorKind};
use crate::failure::Failure;
use crate::output;
use crate::session::{self, Session};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Sign in; the password comes from a file, from TITIAN_PASSWORD, or is asked for
    SignIn {
        /// Your name at this node
        name: String,
        /// File with the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Code of the second factor, where one is set up
        #[arg(long, value_name = "CODE", default_value = "", hide_default_value = true)]
        second_factor: String,
    },
    /// Sign out
    SignOut,
    /// Add an account; its password comes from a file, from TITIAN_NEW_PASSWORD, or is asked for
    Add {
        /// Name: 2 to 64 of a-z, 0-9, dot, hyphen
        name: String,
        /// What the account may do
        #[arg(long, value_parser = codes::argument::<wire::StaffRole>())]
        role: wire::StaffRole,
        /// File with the new password
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<PathBuf>,
    },
    /// Set a new password: your own, or that of an account
    Password {
        /// Whose; otherwise your own
        name: Option<String>,
        /// File with the new password
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<PathBuf>,
    },
    /// Close an account for ever and end its sessions
    Close {
        /// Whose
        name: String,
    },
    /// List accounts
    List,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::SignIn { name, password_file, second_factor } => sign_in(name, password_file.as_deref(), second_factor, context).await,
        Command::SignOut => sign_out(context).await,
        Command::Add { name, role, new_password_file } => add(name, role, new_password_file.as_deref(), context).await,
        Command::Password { name, new_password_file } => {
            set_password(name.unwrap_or_default(), new_password_file.as_deref(), context).await
        }
        Command::Close { name } => close(name, context).await,
        Command::List => list(context).await,
    }
}

async fn sign_in(name: String, password_file: Option<&Path>, second_factor: String, context: &Context) -> Result<(), Failure> {
    let node_url = context.url(session::read(&context.session_file).ok().flatten().as_ref())?;
    let password = password::present(password_file)?;
    let mut desk = Desk::connect(&node_url, None).await?;
    let mut response = desk.sign_in(wire::SignInRequest { name: name.clone(), password, second_factor }).await?;
    let session = Session {
        node_url,
        node_id: response.node_id.clone(),
        name,
        role: codes::code::<wire::StaffRole>(response.role),
        token: std::mem::take(&mut response.token), // the token goes into the file and is never shown
        expires_at_ms: response.expires_at_ms,
    };
    session::write(&context.session_file, &session)?;
    context.output.show(&response, output::staff::session)
}

async fn sign_out(context: &Context) -> Result<(), Failure> {
    let desk = context.desk().await?;
    let response = match desk.sign_out().await {
        Err(error) if error.kind == ErrorKind::SignIn => wire::SignOutResponse {}, // it had ended already
        other => other?,
    };
    session::remove(&context.session_file)?;
    context.output.show(&response, |_| "signed out".to_owned())
}

async fn add(name: String, role: wire::StaffRole, file: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let desk = context.desk().await?;
    let password = password::new(file)?;
    let response = desk.add_staff(wire::AddStaffRequest { name, password, role: role.into() }).await?;
    let account = given(response.staff.clone())?;
    context.output.show(&response, |_| output::staff::account(&account))
}

async fn set_password(name: String, file: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let desk = context.desk().await?;
    let password = password::new(file)?;
    let response = desk.set_staff_password(wire::SetStaffPasswordRequest { name, password }).await?;
    context.output.show(&response, |_| "the new password is set; every session of the account has ended".to_owned())
}

async fn close(name: String, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.close_staff(wire::CloseStaffRequest { name }).await?;
    let account = given(response.staff.clone())?;
    context.output.show(&response, |_| output::staff::account(&account))
}

async fn list(context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.list_staff(wire::ListStaffRequest {}).await?;
    context.output.show(&response, |all| output::staff::list(&all.staff))
}
