//! Six weeks of work for a peer that is away: how much memory the sender's node takes while envelopes wait, and what they cost on its disk.
//!
//! `cargo bench -p titian-tests --bench backlog` queues a million envelopes and prints the table; `--records 100000` fewer. Without `--bench`, or with
//! `--quick`, a few are queued, so that the bench itself is tested.
#![allow(clippy::panic, clippy::print_stdout, reason = "a bench prints its table, and stops when a step fails")]

use std::time::Duration;

use titian_client::DeskError;
use titian_tests::meter;
use titian_tests::pair::{Pair, Places};
use titian_tests::traffic::{self, Pace, RECORD_BYTES, Told, Traffic, WINDOW};
use titian_tests::world::Ground;
use tokio::time::Instant;

/// Rows of the table.
const ROWS: u64 = 10;
/// A row that takes longer has failed.
const ROW_LIMIT: Duration = Duration::from_secs(600);
/// Envelopes of the whole bench, and of its test.
const WHOLE: u64 = 1_000_000;
const QUICK: u64 = 60;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let told = |word: &str| arguments.iter().any(|argument| argument == word);
    let number = arguments.iter().skip_while(|argument| *argument != "--records").nth(1).and_then(|number| number.parse().ok());
    let records = number.unwrap_or(if told("--bench") && !told("--quick") { WHOLE } else { QUICK });
    let ground = Ground::new();
    let mut pair = Pair::found(&Places::under(ground.path()));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    };
    println!("\nEnvelopes that wait at MTUC for a KSBSI that is away, one record of {RECORD_BYTES} bytes each");
    println!("  {}\n", meter::machine(ground.path()));
    println!("| {:>9} | {:>14} | {:>11} | {:>14} | {:>17} |", "waiting", "memory now, MB", "peak, MB", "envelopes/s", "disk, bytes each");
    println!("| {:->9} | {:->14} | {:->11} | {:->14} | {:->17} |", "", "", "", "", "");
    if let Err(error) = runtime.block_on(queue(&mut pair, records)) {
        panic!("the bench cannot go on: {error}");
    }
}

async fn queue(pair: &mut Pair, records: u64) -> Result<(), DeskError> {
    let traffic = Traffic::between(pair).await?;
    traffic::stop(&mut pair.ksbsi.node).await;
    let pid = pair.mtuc.node.pid().unwrap_or_default();
    let before = meter::disk(&pair.mtuc.node.folder);
    let row = records.div_ceil(ROWS);
    for rows in 1..=ROWS {
        // One at a time in memory: the bench must not be what grows.
        let batch: Vec<Told> = (0..row).map(|number| Told { text: traffic::body((rows - 1) * row + number), barred: false }).collect();
        let start = Instant::now();
        let stored = traffic.put(&batch, Pace { window: WINDOW, limit: ROW_LIMIT, own_envelope: true }).await?;
        assert!(stored == row, "{stored} of {row} records were taken");
        let (took, waiting) = (start.elapsed().as_secs_f64(), rows * row);
        let disk = (meter::disk(&pair.mtuc.node.folder) - before) / waiting;
        let (now, peak) = (meter::memory(pid) as f64 / 1e6, meter::peak_memory(pid) as f64 / 1e6);
        println!("| {waiting:>9} | {now:>14.0} | {peak:>11.0} | {:>14.0} | {disk:>17} |", row as f64 / took);
    }
    Ok(())
}
