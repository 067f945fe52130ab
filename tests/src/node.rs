//! One node: its folder, its process, its telemetry.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use titian_proto::model::date::Instant;

use crate::account::Account;
use crate::answer::Answer;
use crate::disk::stands_still;
use crate::port;
use crate::programs;
use crate::wait::{PATIENCE, wait_until, wait_until_some};

/// The moment at which every rehearsal of the scenario starts.
pub const CLOCK: &str = "2026-03-02T02:00:00Z";

/// An orderly stop has a deadline of its own; the test's is longer, so that a missed one is seen as what it is.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// What `titian-node init` is told.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Stable name, country first.
    pub node_id: &'static str,
    /// Name in English.
    pub name: &'static str,
    /// Kind of organisation.
    pub kind: &'static str,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// Further arguments.
    pub further: Vec<String>,
}

impl Plan {
    /// Malaysian Trades Union Congress.
    #[must_use]
    pub fn mtuc() -> Self {
        Self { node_id: "my.mtuc", name: "Malaysian Trades Union Congress", kind: "NATIONAL_UNION", country: "MY", further: Vec::new() }
    }

    /// Confederation of Indonesia Prosperity Trade Union.
    #[must_use]
    pub fn ksbsi() -> Self {
        let name = "Confederation of Indonesia Prosperity Trade Union";
        Self { node_id: "id.ksbsi", name, kind: "NATIONAL_UNION", country: "ID", further: Vec::new() }
    }

    /// A national union that is known by its stable name alone.
    #[must_use]
    pub fn national_union(node_id: &'static str, country: &'static str) -> Self {
        Self { node_id, name: node_id, kind: "NATIONAL_UNION", country, further: Vec::new() }
    }

    /// Cambodian Labour Confederation, which serves its members only.
    #[must_use]
    pub fn clc() -> Self {
        let further = vec!["--service-precondition".into(), "MEMBERSHIP".into()];
        Self { node_id: "kh.clc", name: "Cambodian Labour Confederation", kind: "NATIONAL_UNION", country: "KH", further }
    }
}

/// One node of a world. Ends with the value.
#[derive(Debug)]
pub struct Node {
    /// Its stable name.
    pub node_id: String,
    /// Its data folder.
    pub folder: PathBuf,
    /// Where its telemetry is collected, over all its processes.
    pub telemetry: PathBuf,
    /// Where staff reach it.
    pub desk: String,
    process: Option<Child>,
}

impl Node {
    /// Makes the node's folder under `world`. It does not run yet.
    ///
    /// # Panics
    /// When `titian-node init` fails.
    #[must_use]
    pub fn init(world: &Path, plan: &Plan) -> Self {
        let folder = world.join(plan.node_id);
        init_command(&folder, plan).done();
        let desk = format!("http://{}", setting(&folder, "desk", "listen"));
        Self { node_id: plan.node_id.to_owned(), telemetry: world.join(format!("{}.telemetry", plan.node_id)), folder, desk, process: None }
    }

    /// Starts it and waits until both listeners are up.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// As [`Self::start`], with further environment.
    ///
    /// # Panics
    /// When it does not become ready.
    pub fn start_with(&mut self, environment: &[(&str, &str)]) {
        let mut child = match self.command(environment).spawn() {
            Ok(child) => child,
            Err(error) => panic!("{}: cannot be started: {error}", self.node_id),
        };
        let ready = ready_line(&mut child);
        self.process = Some(child);
        if ready.recv_timeout(PATIENCE).is_err() {
            panic!("{}: did not become ready; its last words:\n{}", self.node_id, self.last_words());
        }
    }

    /// Starts it with a point of the road (`server/src/crash.rs`) at which it ends itself. It may do so before it is ready.
    ///
    /// # Panics
    /// When it neither becomes ready nor ends.
    pub fn start_armed(&mut self, point: &str) {
        self.start_until(&[("TITIAN_CRASH_AT", point)]);
    }

    /// As [`Self::start_armed`]; at the point it stands still, until somebody cuts the power under it.
    ///
    /// # Panics
    /// As there.
    pub fn start_to_stop(&mut self, point: &str) {
        self.start_until(&[("TITIAN_CRASH_AT", point), ("TITIAN_CRASH_STOPS", "1")]);
    }

    fn start_until(&mut self, environment: &[(&str, &str)]) {
        self.kill9();
        let mut child = match self.command(environment).spawn() {
            Ok(child) => child,
            Err(error) => panic!("{}: cannot be started: {error}", self.node_id),
        };
        let (ready, pid) = (ready_line(&mut child), child.id());
        wait_until("the armed node is ready, dead, or stands still", PATIENCE, || {
            (ready.try_recv().is_ok() || matches!(child.try_wait(), Ok(Some(_))) || stands_still(pid)).then_some(())
        });
        self.process = Some(child);
    }

    /// Whether it dials its peers when it starts next. Without, they meet only when the others dial.
    ///
    /// # Panics
    /// When its settings cannot be changed.
    pub fn set_dials(&self, dials: bool) {
        let file = self.folder.join("node.toml");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let (from, to) = (format!("dial = {}", !dials), format!("dial = {dials}"));
        assert!(text.contains(&from) || text.contains(&to), "{}: node.toml says whether it dials", self.node_id);
        if let Err(error) = fs::write(&file, text.replace(&from, &to)) {
            panic!("{}: {error}", file.display());
        }
    }

    /// Adds lines to its settings. Before it starts again.
    ///
    /// # Panics
    /// When its settings cannot be changed.
    pub fn add_settings(&self, lines: &str) {
        let file = self.folder.join("node.toml");
        let text = fs::read_to_string(&file).unwrap_or_default();
        if let Err(error) = fs::write(&file, text + lines) {
            panic!("{}: {error}", file.display());
        }
    }

    /// Sets its rehearsal clock so many hours further. Before it starts again.
    ///
    /// # Panics
    /// When its settings have no rehearsal clock, or cannot be changed.
    pub fn set_clock_later(&self, hours: i64) {
        let file = self.folder.join("node.toml");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let line = |line: &str| match line.strip_prefix("clock = \"").and_then(|rest| rest.strip_suffix('"')) {
            Some(clock) => match clock.parse::<Instant>() {
                Ok(clock) => format!("clock = \"{}\"", clock.plus_hours(hours)),
                Err(problem) => panic!("{}: {problem}", file.display()),
            },
            None => line.to_owned(),
        };
        let later = text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n";
        assert!(later != text, "{}: node.toml has a rehearsal clock", self.node_id);
        if let Err(error) = fs::write(&file, later) {
            panic!("{}: {error}", file.display());
        }
    }

    /// Starts a node that must not come up, and gives its exit code and last words.
    ///
    /// # Panics
    /// When it comes up all the same.
    #[must_use]
    pub fn fails_to_start(&mut self) -> Answer {
        let running = self.process.take();
        let mut child = match self.command(&[]).stderr(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => panic!("{}: cannot be started: {error}", self.node_id),
        };
        let ended = wait_until_some(STOP_LIMIT, || child.try_wait().ok().flatten());
        child.kill().ok();
        let output = child.wait_with_output();
        self.process = running;
        match (ended, output) {
            (Some(_), Ok(output)) => Answer::of("titian-node run", &output),
            (None, _) => panic!("{}: should not have come up", self.node_id),
            (Some(_), Err(error)) => panic!("{}: {error}", self.node_id),
        }
    }

    /// Ends it as a power cut would.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Ends it in its written order.
    ///
    /// # Panics
    /// When it does not end, or not with exit code 0.
    pub fn stop(&mut self) {
        if self.process.is_none() {
            return;
        }
        self.ask_to_stop();
        let code = self.wait_for_death(STOP_LIMIT);
        assert!(code == Some(0), "{}: an orderly stop ended with {code:?}:\n{}", self.node_id, self.last_words());
    }

    /// Asks it to end in its written order, and does not wait.
    pub fn ask_to_stop(&self) {
        if let Some(pid) = self.pid() {
            Command::new("kill").arg("-TERM").arg(pid.to_string()).status().ok();
        }
    }

    /// Tells it to read its descriptor and its keys again, and does not wait.
    pub fn reload(&self) {
        if let Some(pid) = self.pid() {
            Command::new("kill").arg("-HUP").arg(pid.to_string()).status().ok();
        }
    }

    /// A copy of its folder: settings, descriptor, keys and store as they lie there. That of a store in use is none that starts from where it was, but a
    /// node that starts.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn copy_folder(&self, to: &Path) {
        run("cp", Command::new("cp").arg("-R").arg(&self.folder).arg(to)).done();
    }

    /// Ends it like a power cut and starts it again on the same folder.
    pub fn restart(&mut self) {
        self.kill9();
        self.start();
    }

    /// The number of its process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Whether its process has ended by itself; a dead one is taken away.
    pub fn died(&mut self) -> bool {
        let dead = self.process.as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(Some(_))));
        if dead {
            self.process = None;
        }
        dead
    }

    /// Everything it has written to stderr so far.
    #[must_use]
    pub fn telemetry(&self) -> String {
        fs::read(&self.telemetry).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Exports its store; the node must be stopped.
    #[must_use]
    pub fn export(&self) -> Answer {
        run("titian-node export", Command::new(programs::node()).arg("export").arg("--folder").arg(&self.folder))
    }

    /// Imports lines into a fresh store; the node must be stopped.
    ///
    /// # Panics
    /// When the program cannot be started or does not read.
    #[must_use]
    pub fn import(&self, lines: &str) -> Answer {
        let file = self.folder.join("export.lines");
        let input = fs::write(&file, lines).and_then(|()| File::open(&file));
        let output =
            input.and_then(|input| Command::new(programs::node()).arg("import").arg("--folder").arg(&self.folder).stdin(input).output());
        match output {
            Ok(output) => Answer::of("titian-node import", &output),
            Err(error) => panic!("{}: import: {error}", self.node_id),
        }
    }

    fn wait_for_death(&mut self, limit: Duration) -> Option<i32> {
        let name = self.node_id.clone();
        let child = self.process.as_mut()?;
        let status = wait_until(&format!("{name} has ended"), limit, || child.try_wait().ok().flatten());
        self.process = None;
        status.code()
    }

    fn command(&self, environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(programs::node());
        command.arg("run").arg("--folder").arg(&self.folder).envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(self.telemetry_file());
        command
    }

    fn telemetry_file(&self) -> File {
        match OpenOptions::new().create(true).append(true).open(&self.telemetry) {
            Ok(file) => file,
            Err(error) => panic!("{}: no place for its telemetry: {error}", self.node_id),
        }
    }

    fn last_words(&self) -> String {
        let text = self.telemetry();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            eprintln!("--- last words of {}\n{}\n---", self.node_id, self.last_words());
        }
    }
}

/// Runs `titian-node init` for a plan.
#[must_use]
pub fn init_command(folder: &Path, plan: &Plan) -> Answer {
    let mut command = Command::new(programs::node());
    command.arg("init").arg("--folder").arg(folder).args(["--node-id", plan.node_id, "--name", &format!("en={}", plan.name)]);
    command.args(["--kind", plan.kind, "--country", plan.country, "--admin", Account::Admin.name()]);
    let here = || format!("127.0.0.1:{}", port::free());
    for (name, value) in [("--rehearsal-clock", CLOCK.to_owned()), ("--federation-listen", here()), ("--desk-listen", here())] {
        if !plan.further.iter().any(|argument| argument == name) {
            command.arg(name).arg(value);
        }
    }
    command.args(&plan.further);
    command.env("TITIAN_PASSWORD", Account::Admin.password());
    run(&format!("titian-node init --node-id {}", plan.node_id), &mut command)
}

/// Has the owners of a node sign that its keys are in other hands, with the root keys in these files; its stdout is the notice.
#[must_use]
pub fn compromise_command(root_keys: &[&Path], node_id: &str, since: &str) -> Answer {
    let mut command = Command::new(programs::node());
    command.arg("compromise").args(["--node-id", node_id, "--since", since]);
    for file in root_keys {
        command.arg("--root-key").arg(file);
    }
    run(&format!("titian-node compromise --node-id {node_id}"), &mut command)
}

/// Has the owners of a node change its keys, with the root keys in these files.
#[must_use]
pub fn rotate_command(folder: &Path, root_keys: &[&Path], further: &[&str]) -> Answer {
    run("titian-node rotate", rotate(folder, root_keys).args(further))
}

/// As [`rotate_command`], with a point of the road at which it ends itself.
#[must_use]
pub fn rotate_armed(folder: &Path, root_keys: &[&Path], point: &str) -> Answer {
    run("titian-node rotate", rotate(folder, root_keys).env("TITIAN_CRASH_AT", point))
}

fn rotate(folder: &Path, root_keys: &[&Path]) -> Command {
    let mut command = Command::new(programs::node());
    command.arg("rotate").arg("--folder").arg(folder);
    for file in root_keys {
        command.arg("--root-key").arg(file);
    }
    command
}

/// Makes a root key for an owner; its stdout is the public half.
#[must_use]
pub fn root_key_command(file: &Path) -> Answer {
    run("titian-node root-key", Command::new(programs::node()).arg("root-key").arg("--out").arg(file))
}

/// Runs a program to its end. `told` is how it is shown when a test fails.
///
/// # Panics
/// When it cannot be started.
pub fn run(told: &str, command: &mut Command) -> Answer {
    match command.stdin(Stdio::null()).output() {
        Ok(output) => Answer::of(told, &output),
        Err(error) => panic!("{told}: cannot be started: {error}"),
    }
}

/// Passes on that the ready line came, and keeps reading so that the node never waits for a reader.
fn ready_line(child: &mut Child) -> mpsc::Receiver<()> {
    let (tell, told) = mpsc::channel();
    let Some(stdout) = child.stdout.take() else { return told };
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.starts_with("ready") {
                tell.send(()).ok();
            }
        }
    });
    told
}

fn setting(folder: &Path, table: &str, key: &str) -> String {
    let text = fs::read_to_string(folder.join("node.toml")).unwrap_or_default();
    let settings: toml::Table = toml::from_str(&text).unwrap_or_default();
    match settings.get(table).and_then(|inner| inner.get(key)).and_then(|value| value.as_str()) {
        Some(value) => value.to_owned(),
        None => panic!("{}: node.toml has no {table}.{key}", folder.display()),
    }
}
