//! Joins two nodes to the comparison harness: one JSON object a line, request on stdin, answer on stdout.
#![allow(clippy::panic, clippy::print_stderr, reason = "what fails here fails the run, and says why on stderr")]

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use titian_client::DeskError;
use titian_tests::pair::{Pair, Places};
use titian_tests::programs;
use titian_tests::traffic::{self, Pace, Told, Traffic};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// `0` lets many records share an envelope; otherwise each has its own.
const OWN_ENVELOPE: &str = "TITIAN_BENCH_OWN_ENVELOPE";

/// Why a request cannot be served.
#[derive(Debug, thiserror::Error)]
enum Fault {
    /// A desk said no.
    #[error("the desk: {0}")]
    Desk(#[from] DeskError),
    /// A file cannot be read or written.
    #[error("a file: {0}")]
    File(#[from] std::io::Error),
    /// The request is not of the protocol.
    #[error("the request has no usable {0}")]
    Request(&'static str),
}

fn main() {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    };
    runtime.block_on(serve());
}

async fn serve() {
    let mut requests = lines();
    let mut adapter = None;
    while let Some(line) = requests.recv().await {
        let Ok(request) = serde_json::from_str::<Value>(&line) else { panic!("not a request of the protocol") };
        let op = request["op"].as_str().unwrap_or_default().to_owned();
        match answer(&mut adapter, &op, &request).await {
            Ok(mut answer) => {
                answer["re"] = json!(op);
                say(&answer);
            }
            Err(fault) => panic!("{op}: {fault}"),
        }
        if op == "stop" {
            return;
        }
    }
}

async fn answer(adapter: &mut Option<Adapter>, op: &str, request: &Value) -> Result<Value, Fault> {
    match (op, adapter.as_mut()) {
        ("start", _) => {
            let (made, answer) = Adapter::start(request).await?;
            *adapter = Some(made);
            Ok(answer)
        }
        ("load", Some(adapter)) => adapter.load(request),
        ("put", Some(adapter)) => adapter.put(request).await,
        ("put_one", Some(adapter)) => {
            adapter.traffic.put_one(&told(text(request, "body")?)).await?;
            Ok(json!({}))
        }
        ("have", Some(adapter)) => Ok(json!({ "n": adapter.traffic.held().await? })),
        ("tail", Some(adapter)) => adapter.tail().await,
        ("stop_b", Some(adapter)) => {
            adapter.leave();
            traffic::stop(&mut adapter.pair.ksbsi.node).await;
            Ok(json!({}))
        }
        ("start_b", Some(adapter)) => {
            adapter.pair.ksbsi.node.start();
            Ok(json!({ "pid_b": adapter.pair.ksbsi.node.pid() }))
        }
        ("dump", Some(adapter)) => adapter.dump(request).await,
        ("stop", Some(adapter)) => {
            adapter.leave();
            traffic::stop(&mut adapter.pair.mtuc.node).await;
            traffic::stop(&mut adapter.pair.ksbsi.node).await;
            Ok(json!({}))
        }
        _ => Err(Fault::Request("op")),
    }
}

struct Adapter {
    pair: Pair,
    traffic: Traffic,
    own_envelope: bool,
    loaded: Vec<Told>,
    watching: Option<JoinHandle<()>>,
}

impl Adapter {
    async fn start(request: &Value) -> Result<(Self, Value), Fault> {
        let places = Places {
            mtuc: PathBuf::from(text(request, "dir_a")?),
            ksbsi: PathBuf::from(text(request, "dir_b")?),
            listen: port(request, "link_port")?,
            dial: port(request, "dial_port")?,
            certificates: Some(PathBuf::from(text(request, "certs")?)),
        };
        let pair = Pair::found(&places);
        let traffic = Traffic::between(&pair).await?;
        let own_envelope = std::env::var(OWN_ENVELOPE).map_or(true, |value| value != "0");
        let envelopes = if own_envelope { "one record an envelope" } else { "many records an envelope" };
        let about = format!("{envelopes}; the gate at request, dispatch and arrival, Ed25519, commitments and log leaves at both ends");
        let answer = json!({ "pid_a": pair.mtuc.node.pid(), "pid_b": pair.ksbsi.node.pid(), "version": version(),
            "durable": "on stable storage at A; applied at B only with its own sync", "about": about });
        Ok((Self { pair, traffic, own_envelope, loaded: Vec::new(), watching: None }, answer))
    }

    /// Records as frames: length, then the text. Nobody looks at single records any more once many are loaded.
    fn load(&mut self, request: &Value) -> Result<Value, Fault> {
        self.leave();
        let data = std::fs::read(text(request, "file")?)?;
        self.loaded.clear();
        let mut rest = data.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            let (body, next) = after.split_at_checked(length).ok_or(Fault::Request("file"))?;
            self.loaded.push(told(std::str::from_utf8(body).map_err(|_| Fault::Request("file"))?));
            rest = next;
        }
        Ok(json!({ "n": self.loaded.len() }))
    }

    async fn put(&self, request: &Value) -> Result<Value, Fault> {
        let window = request["window"].as_u64().and_then(|window| usize::try_from(window).ok()).ok_or(Fault::Request("window"))?;
        let limit =
            request["seconds"].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or(Fault::Request("seconds"))?;
        let pace = Pace { window, limit, own_envelope: self.own_envelope };
        Ok(json!({ "done": self.traffic.put(&self.loaded, pace).await? }))
    }

    async fn tail(&mut self) -> Result<Value, Fault> {
        let mut flow = self.traffic.watch().await?;
        self.leave();
        self.watching = Some(tokio::spawn(async move {
            while let Ok(Some(event)) = flow.next().await {
                let now = clock_gettime(ClockId::Monotonic);
                let seconds = Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default()).as_secs_f64();
                let texts = event.records.into_iter().filter_map(traffic::text);
                texts.filter_map(|text| traffic::number(&text)).for_each(|id| say(&json!({ "seen": id, "t": seconds })));
            }
        }));
        Ok(json!({}))
    }

    async fn dump(&self, request: &Value) -> Result<Value, Fault> {
        let mut frames = Vec::new();
        for body in self.traffic.texts().await? {
            frames.extend(u32::try_from(body.len()).map_err(|_| Fault::Request("file"))?.to_be_bytes());
            frames.extend(body.into_bytes());
        }
        std::fs::write(text(request, "file")?, frames)?;
        Ok(json!({}))
    }

    fn leave(&mut self) {
        if let Some(watching) = self.watching.take() {
            watching.abort();
        }
    }
}

/// The scope stands in the first members of a body.
fn told(body: &str) -> Told {
    let barred = body.split(',').take(2).any(|member| member == "\"scope\":\"x\"");
    Told { text: body.to_owned(), barred }
}

fn text<'a>(request: &'a Value, name: &'static str) -> Result<&'a str, Fault> {
    request[name].as_str().ok_or(Fault::Request(name))
}

fn port(request: &Value, name: &'static str) -> Result<u16, Fault> {
    request[name].as_u64().and_then(|port| u16::try_from(port).ok()).ok_or(Fault::Request(name))
}

fn version() -> String {
    let output = Command::new(programs::node()).arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn say(answer: &Value) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
        panic!("nobody listens any more");
    }
}

/// The lines of stdin, read beside the runtime.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (give, take) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if give.send(line).is_err() {
                return;
            }
        }
    });
    take
}
