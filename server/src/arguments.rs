//! The arguments of `titian-node`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{Endpoint, RootKey, ServicePrecondition};
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::value::{Country, Language, LocalText, Text};
use titian_proto::model::vocabulary::PartnerKind;
use titian_server::config::{NodeKeySource, Rehearsal};
use titian_server::init::{Endpoints, FirstAdmin, Plan, TlsFiles};
use titian_server::node::rotate::{self, Rotated};
use zeroize::Zeroizing;

/// The variable with the first admin's password.
const PASSWORD_VARIABLE: &str = "TITIAN_PASSWORD";

/// The node of one union.
#[derive(Parser)]
#[command(name = "titian-node", version, about, max_term_width = 120)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new node: its folder, keys, descriptor and first account.
    Init(Box<InitArguments>),
    /// Run the node until SIGTERM or SIGINT.
    Run(FolderArguments),
    /// Write everything a stopped node holds to stdout, as lines.
    Export(FolderArguments),
    /// Read such lines from stdin into a fresh store.
    Import(FolderArguments),
    /// Change the key that opens the key file. The node must be stopped. What is written after its next start is sealed with keys that were never opened by
    /// the old one.
    Rekey(RekeyArguments),
    /// Say what a thief of this disk would get. The node must be stopped.
    Doctor(DoctorArguments),
    /// Destroy the keys of the store, for the day on which strangers stand at the door. Nothing in the store can be read afterwards, for ever.
    Wipe(WipeArguments),
    /// Sign, as the owners of a node, that its keys are in other hands. Writes the notice for the other unions to stdout. Needs no folder: run it where
    /// the root key is kept.
    Compromise(CompromiseArguments),
    /// Change a node's keys, or its owners, signed with the present owners' root keys. The node may run; it takes the new keys when it is reloaded (SIGHUP).
    Rotate(RotateArguments),
    /// Make a root key for an owner, on the machine where it is kept. Prints its public half, for `rotate --owner`.
    RootKey(RootKeyArguments),
}

#[derive(Args)]
pub(crate) struct RotateArguments {
    #[command(flatten)]
    pub(crate) folder: FolderArguments,
    /// Keys to change: tls, signing, log, witness, sealing, or all.
    #[arg(long, value_name = "KEY", value_delimiter = ',', default_value = "all")]
    keys: Vec<RotatedArgument>,
    /// A root key of the node. Once for each owner who must sign.
    #[arg(long = "root-key", value_name = "FILE", required = true)]
    root_keys: Vec<PathBuf>,
    /// An owner from now on, such as "Union of Jordan"=PUBLIC_KEY. Once for each, those who stay included; without it: the present owners.
    #[arg(long = "owner", value_name = "NAME=PUBLIC_KEY", requires = "threshold", value_parser = owner)]
    owners: Vec<RootKey>,
    /// How many of these owners must sign from then on.
    #[arg(long, value_name = "COUNT", requires = "owners")]
    threshold: Option<u32>,
}

#[derive(Args)]
pub(crate) struct RootKeyArguments {
    /// The new file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// What can be named in `--keys`.
#[derive(Clone, Copy, ValueEnum)]
enum RotatedArgument {
    Tls,
    Signing,
    Log,
    Witness,
    Sealing,
    All,
    /// No key: only the owners change.
    None,
}

impl RotateArguments {
    /// What is to be changed.
    pub(crate) fn plan(self) -> rotate::Plan {
        let named = |one: RotatedArgument| match one {
            RotatedArgument::Tls => vec![Rotated::Tls],
            RotatedArgument::Signing => vec![Rotated::Signing],
            RotatedArgument::Log => vec![Rotated::Log],
            RotatedArgument::Witness => vec![Rotated::Witness],
            RotatedArgument::Sealing => vec![Rotated::Sealing],
            RotatedArgument::All => Rotated::ALL.to_vec(),
            RotatedArgument::None => Vec::new(),
        };
        let keys = self.keys.into_iter().flat_map(named).collect();
        rotate::Plan { keys, owners: self.threshold.map(|threshold| (self.owners, threshold)), roots: self.root_keys }
    }
}

#[derive(Args)]
pub(crate) struct CompromiseArguments {
    /// A root key of the node. Once for each owner who must sign.
    #[arg(long = "root-key", value_name = "FILE", required = true)]
    pub(crate) root_keys: Vec<PathBuf>,
    /// The node whose keys are in other hands.
    #[arg(long, value_parser = NodeId::parse)]
    pub(crate) node_id: NodeId,
    /// Since when, such as 2026-03-02T02:00:00Z. When in doubt, earlier.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Instant,
    /// Short name of a key that is known to be in other hands. Without it: all of them.
    #[arg(long = "key", value_name = "KEY_ID")]
    pub(crate) key_ids: Vec<String>,
}

#[derive(Args)]
pub(crate) struct RekeyArguments {
    #[command(flatten)]
    pub(crate) folder: FolderArguments,
    /// Where the new key is kept: file, credential or passphrase. Without it: where the present one is.
    #[arg(long, value_name = "WHERE", value_parser = NodeKeySource::parse)]
    pub(crate) to: Option<NodeKeySource>,
    /// The new file to which a key for systemd's credential is written.
    #[arg(long = "new-key", value_name = "FILE")]
    pub(crate) new_key: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) folder: FolderArguments,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct WipeArguments {
    #[command(flatten)]
    pub(crate) folder: FolderArguments,
    /// The node id, in place of being asked for it.
    #[arg(long, value_name = "NODE_ID")]
    pub(crate) yes: Option<String>,
}

#[derive(Args)]
pub(crate) struct FolderArguments {
    /// The node's folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Args)]
pub(crate) struct InitArguments {
    /// The node's folder: empty, or not there yet.
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// Stable name, country first, such as my.mtuc. Never a host name.
    #[arg(long, value_parser = NodeId::parse)]
    node_id: NodeId,
    /// Name of the union in one language, such as en="Malaysian Trades Union Congress". Once for each language.
    #[arg(long = "name", value_name = "LANGUAGE=TEXT", required = true, value_parser = name)]
    names: Vec<LocalText>,
    /// What kind of organisation, such as NATIONAL_UNION.
    #[arg(long, value_parser = PartnerKind::from_code)]
    kind: PartnerKind,
    /// Its country, ISO 3166-1 alpha-2.
    #[arg(long, value_parser = Country::parse)]
    country: Country,
    /// Where peers dial in; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    federation_listen: SocketAddr,
    /// Where peers can dial it, as seen from outside. Without it: where it listens.
    #[arg(long = "endpoint", value_name = "HOST:PORT", value_parser = Endpoint::parse, conflicts_with = "no_endpoint")]
    endpoints: Vec<Endpoint>,
    /// Nobody can dial this node; it dials its peers.
    #[arg(long)]
    no_endpoint: bool,
    /// Where staff reach it, on this machine; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    desk_listen: SocketAddr,
    /// Name of the first account, an admin.
    #[arg(long, value_name = "NAME")]
    admin: String,
    /// File with the admin's password in its first line. Without it: the variable TITIAN_PASSWORD.
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// For demonstrations and tests: what the node's clock shows now, such as 2026-03-02T02:00:00Z.
    #[arg(long, value_name = "TIME")]
    rehearsal_clock: Option<Instant>,
    /// Certificate chain (PEM) to use in place of a new one.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Key (PEM) of that certificate.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// The union is tied to its state; workers are told.
    #[arg(long)]
    state_linked: bool,
    /// What the union asks before it serves a worker: MEMBERSHIP, NATIONALITY or AGE.
    #[arg(long, value_parser = ServicePrecondition::from_code)]
    service_precondition: Option<ServicePrecondition>,
    /// The store's engine. Without it: the embedded store.
    #[arg(long)]
    engine: Option<String>,
}

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("the admin's password is missing: give --admin-password-file FILE or the variable {PASSWORD_VARIABLE}")]
    Missing,
    #[error("the password file {} cannot be read", .file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl InitArguments {
    /// What is to be made. `machine_time` is now, by the machine's clock.
    pub(crate) fn plan(self: Box<Self>, machine_time: Instant) -> Result<Plan, PasswordError> {
        let endpoints = match (self.no_endpoint, self.endpoints) {
            (true, _) => Endpoints::Nowhere,
            (false, given) if given.is_empty() => Endpoints::WhereItListens,
            (false, given) => Endpoints::At(given),
        };
        let tls_files = self.tls_certificate.zip(self.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
        let password = password(self.admin_password_file)?;
        Ok(Plan {
            folder: self.folder,
            node_id: self.node_id,
            names: self.names,
            kind: self.kind,
            country: self.country,
            federation_listen: self.federation_listen,
            endpoints,
            desk_listen: self.desk_listen,
            engine: self.engine,
            rehearsal: self.rehearsal_clock.map(|clock| Rehearsal::begin(clock, machine_time)),
            tls_files,
            state_linked: self.state_linked,
            service_precondition: self.service_precondition,
            admin: FirstAdmin { name: self.admin, password },
        })
    }
}

fn password(file: Option<PathBuf>) -> Result<Zeroizing<String>, PasswordError> {
    let text = match file {
        None => std::env::var(PASSWORD_VARIABLE).map_err(|_| PasswordError::Missing)?,
        Some(file) => std::fs::read_to_string(&file).map_err(|source| PasswordError::Unreadable { file, source })?,
    };
    let text = Zeroizing::new(text);
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Zeroizing::new(line.to_owned())),
        Some(_) | None => Err(PasswordError::Missing),
    }
}

fn owner(text: &str) -> Result<RootKey, Malformed> {
    let form = || Malformed::new("must be NAME=PUBLIC_KEY, with the 64 digits that `titian-node root-key` printed");
    let (name, key) = text.rsplit_once('=').ok_or_else(form)?;
    RootKey::new(name, &hex::decode(key).map_err(|_| form())?)
}

fn name(text: &str) -> Result<LocalText, Malformed> {
    let form = || Malformed::new("must be LANGUAGE=TEXT, such as en=\"Malaysian Trades Union Congress\"");
    let (language, text) = text.split_once('=').ok_or_else(form)?;
    Ok(LocalText { language: Language::parse(language)?, text: Text::parse(text, Text::NAME_BYTES)? })
}
