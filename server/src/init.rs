//! Makes a new node's folder: keys, certificate, first descriptor, configuration. All of it or nothing.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use titian_proto::bundle::SealingKey;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{DescriptorError, Endpoint, ServicePrecondition};
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::value::{Country, LocalText};
use titian_proto::model::vocabulary::PartnerKind;
use zeroize::Zeroizing;

use crate::ambient::Ambient;
use crate::config::{ConfigError, FILE_NAME, FederationConfig, NodeConfig, PolicyConfig, Rehearsal, SealingConfig, TelemetryConfig};
use crate::exit::Exit;
use crate::federation::keys::{KeyError, KeyFolder, KeyName, SecretKey, TlsIdentity, new_sealing_key, read_pem, read_tls, self_signed};

mod describe;
mod folder;
mod port;

use folder::Claimed;

/// What a new node is to be.
#[derive(Debug)]
pub struct Plan {
    /// Where it will live: a folder that is empty or not there yet.
    pub folder: PathBuf,
    /// Its stable name.
    pub node_id: NodeId,
    /// Names of the union, one a language; at least one.
    pub names: Vec<LocalText>,
    /// What kind of organisation.
    pub kind: PartnerKind,
    /// Its country.
    pub country: Country,
    /// Where peers dial in; port 0 takes a free one, once and for all.
    pub federation_listen: SocketAddr,
    /// Where the descriptor says that it can be dialled.
    pub endpoints: Endpoints,
    /// Where staff reach it; port 0 takes a free one, once and for all.
    pub desk_listen: SocketAddr,
    /// The store's engine; none: the store's default.
    pub engine: Option<String>,
    /// A clock for rehearsals; none on a node that serves workers.
    pub rehearsal: Option<Rehearsal>,
    /// Certificate chain and key (PEM files) to use in place of new ones.
    pub tls_files: Option<TlsFiles>,
    /// Whether the union is tied to its state.
    pub state_linked: bool,
    /// What it asks before it serves a worker.
    pub service_precondition: Option<ServicePrecondition>,
    /// The first account.
    pub admin: FirstAdmin,
}

/// Where a descriptor says that the node can be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoints {
    /// Where it listens.
    WhereItListens,
    /// Nowhere: it only dials.
    Nowhere,
    /// Here, seen from outside.
    At(Vec<Endpoint>),
}

/// A certificate chain and its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the node's own certificate first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// The first account: it makes all others.
pub struct FirstAdmin {
    /// Its name.
    pub name: String,
    /// Its password; wiped when dropped.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for FirstAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstAdmin(..)")
    }
}

/// A node that was made: what its admin has to know. Nothing of it is secret.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its configuration, ports resolved.
    pub config: NodeConfig,
    /// Where it can be dialled.
    pub endpoints: Vec<Endpoint>,
    /// The words that peers compare.
    pub fingerprint_words: String,
    /// The root key's file, which has to go offline.
    pub root_key: PathBuf,
}

/// Why the furnishing of a new node failed; given by who furnishes.
#[derive(Debug, thiserror::Error)]
#[error("the store or the first account of the new node could not be made")]
pub struct FurnishError {
    /// How the process ends.
    pub exit: Exit,
    /// The cause.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Why a node could not be made. What had been written is taken away again.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder holds something.
    #[error("the folder {} is not empty: choose a new one; a node is made once, and `titian-node run` starts it", .folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder cannot be made or written.
    #[error("{} cannot be made or written: check its owner and the room on the disk", .path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No port.
    #[error("there is no free port at {address} for {what}: give an address of this machine")]
    NoPort {
        /// Federation or desk.
        what: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Peers cannot dial an address that means "everywhere".
    #[error("peers cannot dial {address}: give --endpoint HOST:PORT as seen from outside, or --no-endpoint if this node only dials")]
    EndpointNeeded {
        /// The address.
        address: SocketAddr,
    },
    /// A key or certificate file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The certificate given is not for the key given.
    #[error("the certificate in {} and the key in {} do not belong together: give a matching pair", .files.certificate.display(), .files.key.display())]
    TlsMismatch {
        /// The files.
        files: TlsFiles,
    },
    /// The certificate given is not valid now.
    #[error("the certificate in {} is valid from {not_before} to {not_after} and not at {now}: give one that is", .file.display())]
    TlsDates {
        /// The file.
        file: PathBuf,
        /// Valid from.
        not_before: Instant,
        /// Valid until.
        not_after: Instant,
        /// The node's clock.
        now: Instant,
    },
    /// The certificate could not be made.
    #[error("a certificate could not be made")]
    Certificate(#[source] rcgen::Error),
    /// What was told about the union breaks a rule.
    #[error("the descriptor would break a rule: {0}")]
    Descriptor(#[source] Malformed),
    /// The descriptor that was just signed does not verify.
    #[error("the descriptor that was just signed does not verify; this is a fault of the program")]
    DescriptorChain(#[source] DescriptorError),
    /// The configuration breaks a rule.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration could not be written as text.
    #[error("the configuration could not be written as text; this is a fault of the program")]
    ConfigText(#[source] toml::ser::Error),
    /// The store or the first account.
    #[error(transparent)]
    Furnish(#[from] FurnishError),
}

impl InitError {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::NotEmpty { .. } => Exit::FolderInUse,
            Self::Folder { .. } => Exit::Storage,
            Self::NoPort { .. } => Exit::PortInUse,
            Self::EndpointNeeded { .. } | Self::Descriptor(_) | Self::Config(_) => Exit::Usage,
            Self::TlsMismatch { .. } | Self::TlsDates { .. } | Self::Key(_) => Exit::Key,
            Self::Certificate(_) | Self::DescriptorChain(_) | Self::ConfigText(_) => Exit::Fault,
            Self::Furnish(error) => error.exit,
        }
    }
}

/// Makes a node. `furnish` makes its store and its first account, last of all; when it fails, nothing stays behind.
///
/// # Errors
/// When the folder is not empty, something cannot be written, or the plan breaks a rule.
pub fn init(
    plan: &Plan,
    ambient: &Ambient,
    furnish: impl FnOnce(&NodeConfig, &FirstAdmin) -> Result<(), FurnishError>,
) -> Result<Made, InitError> {
    let (config, endpoints) = configure(plan)?;
    let certificate = certificate(plan, ambient.now())?;
    let claimed = Claimed::claim(&config)?;
    let keys = NewKeys::generate(ambient);
    let tls = store_keys(&claimed.keys, &keys, &certificate)?;
    let chain = describe::first_descriptor(plan, &endpoints, &keys, &tls, ambient.now())?;
    folder::write(&config.descriptor_file(), chain.to_file().as_bytes())?;
    folder::write(&config.folder.join(FILE_NAME), config.to_toml().map_err(InitError::ConfigText)?.as_bytes())?;
    furnish(&config, &plan.admin)?;
    let root_key = claimed.keys.path(KeyName::Root.file_name());
    claimed.keep()?;
    Ok(Made { config, endpoints, fingerprint_words: chain.fingerprint().words(), root_key })
}

fn configure(plan: &Plan) -> Result<(NodeConfig, Vec<Endpoint>), InitError> {
    let (federation, desk) = port::resolve(plan.federation_listen, plan.desk_listen)?;
    let endpoints = match &plan.endpoints {
        Endpoints::Nowhere => Vec::new(),
        Endpoints::At(given) => given.clone(),
        Endpoints::WhereItListens if federation.ip().is_unspecified() => return Err(InitError::EndpointNeeded { address: federation }),
        Endpoints::WhereItListens => vec![Endpoint::parse(&federation.to_string()).map_err(InitError::Descriptor)?],
    };
    let config = NodeConfig {
        folder: plan.folder.clone(),
        node_id: plan.node_id.clone(),
        federation: FederationConfig { listen: federation, dial: true },
        desk_listen: desk,
        engine: plan.engine.clone(),
        sealing: SealingConfig::default(),
        policy: PolicyConfig::default(),
        telemetry: TelemetryConfig::default(),
        rehearsal: plan.rehearsal,
    };
    config.check()?;
    Ok((config, endpoints))
}

/// A certificate and its key as PEM, made or given.
struct Certificate {
    certificate_pem: String,
    key_pem: Zeroizing<String>,
}

fn certificate(plan: &Plan, now: Instant) -> Result<Certificate, InitError> {
    let Some(files) = &plan.tls_files else {
        let made = self_signed(&plan.node_id, now).map_err(InitError::Certificate)?;
        return Ok(Certificate { certificate_pem: made.certificate_pem, key_pem: made.key_pem });
    };
    let given = read_tls(&files.certificate, &files.key)?;
    if !given.belong_together() {
        return Err(InitError::TlsMismatch { files: files.clone() });
    }
    let Some(facts) = given.facts() else { return Err(InitError::TlsMismatch { files: files.clone() }) };
    if now < facts.not_before || now > facts.not_after {
        let (not_before, not_after) = (facts.not_before, facts.not_after);
        return Err(InitError::TlsDates { file: files.certificate.clone(), not_before, not_after, now });
    }
    Ok(Certificate { certificate_pem: read_pem(&files.certificate)?.to_string(), key_pem: read_pem(&files.key)? })
}

/// The keys of a new node, besides that of its certificate.
struct NewKeys {
    root: SecretKey,
    signing: SecretKey,
    log: SecretKey,
    witness: SecretKey,
    sealing: SealingKey,
    /// Opens the key file of the store.
    node: Zeroizing<[u8; 32]>,
}

impl NewKeys {
    fn generate(ambient: &Ambient) -> Self {
        let new = || SecretKey::generate(ambient);
        Self {
            root: new(),
            signing: new(),
            log: new(),
            witness: new(),
            sealing: new_sealing_key(ambient),
            node: Zeroizing::new(ambient.random()),
        }
    }

    fn by_name(&self, name: KeyName) -> &SecretKey {
        match name {
            KeyName::Root => &self.root,
            KeyName::Signing => &self.signing,
            KeyName::Log => &self.log,
            KeyName::Witness => &self.witness,
        }
    }
}

fn store_keys(folder: &KeyFolder, keys: &NewKeys, certificate: &Certificate) -> Result<TlsIdentity, InitError> {
    for name in KeyName::ALL {
        folder.store(name, keys.by_name(name))?;
    }
    folder.store_sealing(&keys.sealing)?;
    folder.store_node_key(&keys.node)?;
    folder.store_tls(&certificate.certificate_pem, &certificate.key_pem)?;
    folder.sync().map_err(|source| InitError::Folder { path: folder.path(""), source })?;
    Ok(folder.load_tls()?)
}

/// Whether nothing lies in this folder, or it is not there.
fn is_empty(folder: &std::path::Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
