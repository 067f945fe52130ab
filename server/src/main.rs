//! `titian-node`: the node of one union. Arguments and exit codes only; the node itself is the library.

mod arguments;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use titian_server::config::{Format, Level, NodeConfig, TelemetryConfig};
use titian_server::exit::Exit;
use titian_server::federation::owner::{self, OwnerError};
use titian_server::init::{self, FurnishError, InitError, Made};
use titian_server::node::doctor;
use titian_server::node::rekey as keys;
use titian_server::node::{self, NodeError, Ready};
use titian_server::telemetry;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use arguments::{
    Arguments, Command, CompromiseArguments, DoctorArguments, FolderArguments, InitArguments, RekeyArguments, RootKeyArguments,
    RotateArguments, WipeArguments,
};

/// Many small allocations on one thread, freed on another: what the system's allocator is slowest at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Whatever this process makes, and whatever the libraries under it make, is its user's alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print(); // nobody to tell it to
            return ExitCode::from(if error.use_stderr() { Exit::Usage } else { Exit::Done }.code());
        }
    };
    let ended = match arguments.command {
        Command::Init(arguments) => make(arguments),
        Command::Run(folder) => run(&folder),
        Command::Export(folder) => export(&folder),
        Command::Import(folder) => import(&folder),
        Command::Compromise(arguments) => compromise(arguments),
        Command::Rotate(arguments) => rotate(arguments),
        Command::RootKey(arguments) => root_key(&arguments),
        Command::Rekey(arguments) => rekey(arguments),
        Command::Doctor(arguments) => doctor(&arguments),
        Command::Wipe(arguments) => wipe(arguments),
    };
    match ended {
        Ok(()) => ExitCode::from(Exit::Done.code()),
        Err(failure) => {
            failure.print();
            ExitCode::from(failure.exit.code())
        }
    }
}

fn make(arguments: Box<InitArguments>) -> Result<(), Failure> {
    start_telemetry(TelemetryConfig { format: Format::Text, level: Level::Warn })?;
    let plan = arguments.plan(node::machine_time()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let ambient = node::ambient(plan.rehearsal);
    let runtime = runtime()?;
    let furnish = |config: &NodeConfig, admin: &init::FirstAdmin| {
        let furnished = runtime.block_on(node::furnish(config, &ambient, admin));
        furnished.map_err(|error| FurnishError { exit: error.exit(), source: Box::new(error) })
    };
    let made = init::init(&plan, &ambient, furnish)?;
    tell(&report(&made));
    Ok(())
}

fn run(folder: &FolderArguments) -> Result<(), Failure> {
    let config = load(folder)?;
    start_telemetry(config.telemetry)?;
    let ready = |ready: &Ready| {
        let Ready { federation, desk } = ready;
        tell(&format!("ready federation={federation} desk=http://{desk}\n"));
    };
    runtime()?.block_on(async {
        let shutdown = CancellationToken::new();
        stop_on_signal(SignalKind::terminate(), &shutdown)?;
        stop_on_signal(SignalKind::interrupt(), &shutdown)?;
        node::run(config, shutdown, ready).await.map_err(Failure::from)
    })
}

fn export(folder: &FolderArguments) -> Result<(), Failure> {
    let config = load(folder)?;
    start_telemetry(config.telemetry)?;
    Ok(node::export(config, &mut std::io::stdout().lock())?)
}

fn import(folder: &FolderArguments) -> Result<(), Failure> {
    let config = load(folder)?;
    start_telemetry(config.telemetry)?;
    Ok(node::import(config, &mut std::io::stdin().lock())?)
}

fn compromise(arguments: CompromiseArguments) -> Result<(), Failure> {
    let CompromiseArguments { root_keys, node_id, since, key_ids } = arguments;
    let notice = owner::sign_compromise(&root_keys, node_id, since, key_ids).map_err(|error| {
        let exit = if matches!(error, OwnerError::Key(_)) { Exit::Key } else { Exit::Usage };
        Failure::new(exit, error)
    })?;
    tell(&notice);
    Ok(())
}

fn rotate(arguments: RotateArguments) -> Result<(), Failure> {
    let config = load(&arguments.folder)?;
    start_telemetry(config.telemetry)?;
    let told = node::rotate::rotate(&config, arguments.plan()).map_err(|error| Failure::new(error.exit(), error))?;
    tell(&told);
    Ok(())
}

fn root_key(arguments: &RootKeyArguments) -> Result<(), Failure> {
    let public = owner::new_root_key(&node::ambient(None), &arguments.out).map_err(|error| Failure::new(Exit::Key, error))?;
    tell(&format!("{public}\n"));
    Ok(())
}

fn rekey(arguments: RekeyArguments) -> Result<(), Failure> {
    let RekeyArguments { folder, to, new_key } = arguments;
    let config = load(&folder)?;
    start_telemetry(config.telemetry)?;
    tell(&keys::rekey(&config, to, new_key)?);
    Ok(())
}

fn doctor(arguments: &DoctorArguments) -> Result<(), Failure> {
    let config = load(&arguments.folder)?;
    start_telemetry(config.telemetry)?;
    let diagnosis = doctor::doctor(&config)?;
    let json = || diagnosis.to_json().map_err(|error| Failure::new(Exit::Fault, error));
    tell(&if arguments.json { json()? } else { diagnosis.to_text() });
    Ok(())
}

fn wipe(arguments: WipeArguments) -> Result<(), Failure> {
    let config = load(&arguments.folder)?;
    start_telemetry(config.telemetry)?;
    let confirmed = match arguments.yes {
        Some(node_id) => node_id,
        None => {
            tell(&format!("This destroys everything that the node {} knows of its workers, for ever. Type its node id: ", config.node_id));
            std::io::stdin().lines().next().and_then(Result::ok).unwrap_or_default()
        }
    };
    if confirmed.trim() != config.node_id.as_str() {
        return Err(Failure::new(Exit::Usage, NotConfirmed));
    }
    tell(&keys::wipe(&config)?);
    Ok(())
}

/// Another name was typed than that of the node.
#[derive(Debug, thiserror::Error)]
#[error("that is not the id of this node: nothing was destroyed")]
struct NotConfirmed;

fn load(folder: &FolderArguments) -> Result<NodeConfig, Failure> {
    NodeConfig::load(&folder.folder).map_err(|error| Failure::new(Exit::Usage, error))
}

fn start_telemetry(config: TelemetryConfig) -> Result<(), Failure> {
    telemetry::start(config).map_err(|error| Failure::new(Exit::Fault, error))
}

fn runtime() -> Result<Runtime, Failure> {
    Runtime::new().map_err(|error| Failure::new(Exit::Fault, error))
}

/// An orderly stop. A second signal of the kind ends the process at once; what was acknowledged is on disk.
fn stop_on_signal(kind: SignalKind, shutdown: &CancellationToken) -> Result<(), Failure> {
    let mut signals = signal(kind).map_err(|error| Failure::new(Exit::Fault, error))?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        signals.recv().await;
        tracing::info!(event = "node.stopping");
        shutdown.cancel();
        signals.recv().await;
        std::process::exit(i32::from(Exit::Fault.code()));
    });
    Ok(())
}

/// What the admin of a new node has to know. Nothing of it is secret.
fn report(made: &Made) -> String {
    let Made { config, endpoints, fingerprint_words, root_key } = made;
    let endpoints = endpoints.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let dialled = if endpoints.is_empty() { "nowhere; this node dials its peers".to_owned() } else { endpoints };
    format!(
        "node         {}\nfingerprint  {fingerprint_words}\nfederation   {}\npeers dial   {dialled}\ndesk         http://{}\ndescriptor   {}\n\n\
         Give the descriptor file to your peers, and print the fingerprint words in the paper agreement.\n\
         Move {} offline now, with a copy in a second safe place: the node does not need it to run.\n",
        config.node_id,
        config.federation.listen,
        config.desk_listen,
        config.descriptor_file().display(),
        root_key.display(),
    )
}

fn tell(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush()); // a closed pipe is no reason to stop
}

/// Why the process ends, and how.
struct Failure {
    exit: Exit,
    error: Box<dyn std::error::Error>,
}

impl Failure {
    fn new(exit: Exit, error: impl std::error::Error + 'static) -> Self {
        Self { exit, error: Box::new(error) }
    }

    /// The error and its causes, once.
    fn print(&self) {
        let text = telemetry::with_causes(self.error.as_ref());
        let _ = writeln!(std::io::stderr(), "titian-node: {text}"); // nobody to tell it to
    }
}

impl From<InitError> for Failure {
    fn from(error: InitError) -> Self {
        Self::new(error.exit(), error)
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self::new(error.exit(), error)
    }
}
