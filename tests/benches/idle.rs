//! A node with ten peers and nothing to do: its memory, and what its ten links cost on a line that is paid by the megabyte.
//!
//! `cargo bench -p titian-tests --bench idle` looks for ten minutes and scales to a day; `--seconds 60` shorter. Without `--bench`, or with `--quick`, two
//! peers are looked at for a moment, so that the bench itself is tested. It runs in a network namespace of its own, so that nothing else counts.
#![allow(clippy::panic, clippy::print_stdout, reason = "a bench prints its table, and stops when a step fails")]

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use titian_tests::account::Account::Admin;
use titian_tests::meter;
use titian_tests::node::Plan;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, let_pass, wait_until};
use titian_tests::world::{Ground, befriend};

/// Set in the process that runs inside the namespace.
const INSIDE: &str = "TITIAN_IDLE_BENCH_INSIDE";
/// Ten unions that MTUC could have agreements with.
const PEERS: [(&str, &str); 10] = [
    ("id.ksbsi", "ID"),
    ("np.gefont", "NP"),
    ("ph.sentro", "PH"),
    ("bd.bftuc", "BD"),
    ("lk.nww", "LK"),
    ("in.hms", "IN"),
    ("mm.ctum", "MM"),
    ("th.serc", "TH"),
    ("kr.kctu", "KR"),
    ("kh.clc", "KH"),
];
const DAY_SECONDS: f64 = 86_400.0;
/// Until the first hellos and pings are over.
const REST: Duration = Duration::from_secs(5);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if env::var_os(INSIDE).is_none() {
        return alone(&arguments);
    }
    let told = |word: &str| arguments.iter().any(|argument| argument == word);
    let (peers, seconds) = if told("--bench") && !told("--quick") { (PEERS.len(), 600) } else { (2, 5) };
    let number = arguments.iter().skip_while(|argument| *argument != "--seconds").nth(1).and_then(|number| number.parse().ok());
    let seconds: u64 = number.unwrap_or(seconds);
    let ground = Ground::new();
    let mtuc = ground.union(&Plan::mtuc());
    let friends: Vec<Union> = PEERS[..peers].iter().map(|(node_id, country)| friend(&ground, &mtuc, node_id, country)).collect();
    connected(&mtuc, friends.len());
    let_pass(REST);
    let (pid, before) = (mtuc.node.pid().unwrap_or_default(), bytes_on_the_line());
    let_pass(Duration::from_secs(seconds));
    let bytes = bytes_on_the_line() - before;
    connected(&mtuc, friends.len());
    println!("\nA node with {peers} peers and nothing to do, for {seconds} seconds\n  {}\n", meter::machine(ground.path()));
    println!("| memory now, MB | most memory, MB | bytes on the line | a day, MB | frames of the links: TCP and IP headers count |");
    println!("| -------------: | --------------: | ----------------: | --------: | :-------------------------------------------- |");
    let day = bytes as f64 * DAY_SECONDS / seconds as f64 / 1e6;
    let (now, peak) = (meter::memory(pid) as f64 / 1e6, meter::peak_memory(pid) as f64 / 1e6);
    println!("| {now:>14.0} | {peak:>15.0} | {bytes:>17} | {day:>9.2} | {:<45} |", "yes");
}

/// Runs the same bench in a network namespace that has nothing but its own loopback.
fn alone(arguments: &[String]) {
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => panic!("where this bench lies: {error}"),
    };
    let script = "ip link set lo up && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "sh", "-c", script]).arg(program).args(arguments).env(INSIDE, "1");
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("the bench inside a network namespace ended with {status}"),
        Err(error) => panic!("unshare (of util-linux) and ip (of iproute2) are needed: {error}"),
    }
}

fn friend(ground: &Ground, mtuc: &Union, node_id: &'static str, country: &'static str) -> Union {
    let union = ground.union(&Plan::national_union(node_id, country));
    befriend(mtuc, &union);
    union
}

fn connected(mtuc: &Union, peers: usize) {
    wait_until("every peer is connected", PATIENCE, || {
        let listing = mtuc.json(Admin, &["peer", "list"]);
        (listing.exit == 0 && listing.stdout.matches("\"connected\":true").count() == peers).then_some(())
    });
}

/// Bytes that went over the loopback of this namespace, each once.
fn bytes_on_the_line() -> u64 {
    let text = fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("lo:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).unwrap_or_default()
}
