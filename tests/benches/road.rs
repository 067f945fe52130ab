//! The whole road, measured: records put at MTUC until they are on stable storage and readable at KSBSI.
//!
//! `cargo bench -p titian-tests --bench road` prints the table. Without `--bench` (as `cargo test` calls it), or with `--quick`, a few records go
//! through every phase, so that the bench itself is tested. For a profile: `--only one,many,single,catch-up` leaves out the other parts, and
//! `--records 5000`, `--rounds 1` say how much.
#![allow(clippy::panic, clippy::print_stdout, reason = "a bench prints its table, and stops when a step fails")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use titian_client::DeskError;
use titian_tests::meter;
use titian_tests::pair::{Pair, Places};
use titian_tests::traffic::{self, Pace, RECORD_BYTES, Told, Traffic, WINDOW};
use titian_tests::world::Ground;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

/// Between two single records: fifty a second.
const SINGLE_PAUSE: Duration = Duration::from_millis(20);
/// A phase that takes longer has failed.
const PHASE_LIMIT: Duration = Duration::from_secs(120);
/// What is on while it is measured.
const ON: &str = "on: the gate at request, dispatch and arrival; Ed25519 signatures and SHA-256 commitments on every envelope and receipt (one\n    \
    signature over the Merkle root of a group commit); log leaves at both ends; stable storage at both ends before each acknowledgement;\n    \
    mutual TLS 1.3 with pinned keys. off: nothing.";

/// How much is measured.
#[derive(Clone, Copy)]
struct Scale {
    records: u64,
    singles: u32,
    rounds: usize,
    parts: Parts,
}

/// What is measured; what is left out shows as `NaN`.
#[derive(Clone, Copy)]
struct Parts {
    one: bool,
    many: bool,
    single: bool,
    catch_up: bool,
}

const EVERYTHING: Parts = Parts { one: true, many: true, single: true, catch_up: true };
const WHOLE: Scale = Scale { records: 20_000, singles: 250, rounds: 3, parts: EVERYTHING };
const QUICK: Scale = Scale { records: 64, singles: 10, rounds: 1, parts: EVERYTHING };

impl Scale {
    /// As the arguments say.
    fn told(arguments: &[String]) -> Self {
        let told = |word: &str| arguments.iter().any(|argument| argument == word);
        let value = |word: &str| arguments.iter().skip_while(|argument| *argument != word).nth(1);
        let number = |word: &str| value(word).and_then(|number| number.parse().ok());
        let scale = if told("--bench") && !told("--quick") { WHOLE } else { QUICK };
        let parts = value("--only").map_or(EVERYTHING, |parts| {
            let named = |part: &str| parts.split(',').any(|named| named == part);
            Parts { one: named("one"), many: named("many"), single: named("single"), catch_up: named("catch-up") }
        });
        let rounds = number("--rounds").and_then(|rounds| usize::try_from(rounds).ok()).unwrap_or(scale.rounds);
        Self { records: number("--records").unwrap_or(scale.records), rounds, parts, ..scale }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let scale = Scale::told(&arguments);
    let ground = Ground::new();
    let pair = Pair::found(&Places::under(ground.path()));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    };
    match runtime.block_on(measure(pair, scale)) {
        Ok(figures) => print!("{}", table(&figures, scale, &meter::machine(ground.path()))),
        Err(error) => panic!("the bench cannot go on: {error}"),
    }
}

/// Everything the table shows. Medians of the rounds.
struct Figures {
    one: Bulk,
    many: Bulk,
    p50: f64,
    p99: f64,
    memory: [u64; 2],
}

/// Many records, each in an envelope of its own, or many an envelope.
struct Bulk {
    rate: f64,
    processor: [f64; 2],
    disk: f64,
    catch_up: CatchUp,
}

struct CatchUp {
    drain: f64,
    from_start: f64,
    first: f64,
}

async fn measure(pair: Pair, scale: Scale) -> Result<Figures, DeskError> {
    let traffic = Traffic::between(&pair).await?;
    let mut bench = Bench { pair, traffic, scale, next: 1, memory: [0; 2] };
    bench.refuse_barred().await?;
    let one = bench.bulk(true).await?;
    let many = bench.bulk(false).await?;
    let mut singles = Vec::new();
    for _ in 0..if scale.parts.single { scale.rounds } else { 0 } {
        singles.push(bench.singles().await?);
    }
    bench.note_memory();
    bench.read_back().await?;
    let percentile = |share: f64| median(singles.iter().map(|round| at(round, share)).collect());
    Ok(Figures { one, many, p50: percentile(0.5), p99: percentile(0.99), memory: bench.memory })
}

struct Bench {
    pair: Pair,
    traffic: Traffic,
    scale: Scale,
    next: u64,
    memory: [u64; 2],
}

impl Bench {
    /// What the worker did not allow is refused at MTUC.
    async fn refuse_barred(&mut self) -> Result<(), DeskError> {
        let barred: Vec<Told> = self.records(8).into_iter().map(|told| Told { barred: true, ..told }).collect();
        let stored = self.traffic.put(&barred, self.pace(true)).await?;
        self.next -= 8;
        assert!(stored == 0, "{stored} of 8 records that the worker did not allow were taken");
        Ok(())
    }

    async fn bulk(&mut self, own_envelope: bool) -> Result<Bulk, DeskError> {
        let (mut rates, mut processor, mut disk) = (Vec::new(), [Vec::new(), Vec::new()], Vec::new());
        let Parts { one, many, catch_up, single: _ } = self.scale.parts;
        let wanted = if own_envelope { one } else { many };
        for _ in 0..if wanted { self.scale.rounds } else { 0 } {
            let records = self.records(self.scale.records);
            let (base, cost, folder) = (self.traffic.held().await?, self.processor(), self.disk());
            let start = Instant::now();
            self.put_all(&records, own_envelope).await?;
            let (_, end) = self.traffic.arrived(base, base + self.scale.records, PHASE_LIMIT).await?;
            let per = |value: f64, unit: f64| value * unit / self.scale.records as f64;
            rates.push(self.scale.records as f64 / (end - start).as_secs_f64());
            for (side, now) in self.processor().into_iter().enumerate() {
                processor[side].push(per((now - cost[side]) as f64, 1_000.0));
            }
            disk.push(per(self.disk() as f64 - folder as f64, 1.0));
        }
        self.note_memory();
        let catch_up = self.catch_up(own_envelope, if catch_up { self.scale.rounds } else { 0 }).await?;
        Ok(Bulk { rate: median(rates), processor: processor.map(median), disk: median(disk), catch_up })
    }

    /// KSBSI is down while records are put; how soon are they there when it comes back?
    async fn catch_up(&mut self, own_envelope: bool, rounds: usize) -> Result<CatchUp, DeskError> {
        let (mut drain, mut from_start, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (records, base) = (self.records(self.scale.records), self.traffic.held().await?);
            traffic::stop(&mut self.pair.ksbsi.node).await;
            self.put_all(&records, own_envelope).await?;
            let start = Instant::now();
            self.pair.ksbsi.node.start();
            let (first, end) = self.traffic.arrived(base, base + self.scale.records, PHASE_LIMIT).await?;
            let rate = |since: Instant| self.scale.records as f64 / (end - since).as_secs_f64().max(0.001);
            drain.push(rate(first));
            from_start.push(rate(start));
            firsts.push((first - start).as_secs_f64());
            self.note_memory();
        }
        Ok(CatchUp { drain: median(drain), from_start: median(from_start), first: median(firsts) })
    }

    /// Milliseconds from putting a single record until it is readable at KSBSI, in order of size.
    async fn singles(&mut self) -> Result<Vec<f64>, DeskError> {
        let count = self.scale.singles;
        let first = self.next;
        let records = self.records(u64::from(count));
        let mut flow = self.traffic.watch().await?;
        let putting = async {
            let (mut put, mut beats) = (BTreeMap::new(), interval(SINGLE_PAUSE));
            beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for (number, record) in (first..).zip(&records) {
                beats.tick().await;
                put.insert(number, Instant::now());
                self.traffic.put_one(record).await?;
            }
            Ok::<_, DeskError>(put)
        };
        let seeing = async {
            let (mut seen, end) = (BTreeMap::new(), Instant::now() + PHASE_LIMIT);
            while seen.len() < records.len() {
                let Ok(Some(event)) = timeout_at(end, flow.next()).await.unwrap_or(Ok(None)) else { break };
                let now = Instant::now();
                let numbers = event.records.into_iter().filter_map(traffic::text).filter_map(|text| traffic::number(&text));
                seen.extend(numbers.filter(|number| *number >= first).map(|number| (number, now)));
            }
            seen
        };
        let (put, seen) = tokio::join!(putting, seeing);
        let put = put?;
        assert!(seen.len() == put.len(), "{} of {} single records were seen", seen.len(), put.len());
        let mut millis: Vec<f64> =
            put.iter().filter_map(|(number, start)| Some((*seen.get(number)? - *start).as_secs_f64() * 1_000.0)).collect();
        millis.sort_by(f64::total_cmp);
        Ok(millis)
    }

    /// Everything that was put is there, once, and nothing else.
    async fn read_back(&self) -> Result<(), DeskError> {
        let mut texts = self.traffic.texts().await?;
        texts.sort_unstable_by_key(|text| traffic::number(text));
        let whole = texts.len() as u64 == self.next - 1 && (1..).zip(&texts).all(|(number, text)| *text == traffic::body(number));
        assert!(whole, "{} records are held where {} were put, or they are not the same", texts.len(), self.next - 1);
        Ok(())
    }

    async fn put_all(&self, records: &[Told], own_envelope: bool) -> Result<(), DeskError> {
        let stored = self.traffic.put(records, self.pace(own_envelope)).await?;
        assert!(stored == records.len() as u64, "{stored} of {} records were taken", records.len());
        Ok(())
    }

    fn pace(&self, own_envelope: bool) -> Pace {
        Pace { window: WINDOW, limit: PHASE_LIMIT, own_envelope }
    }

    fn records(&mut self, count: u64) -> Vec<Told> {
        let first = self.next;
        self.next += count;
        (first..self.next).map(|number| Told { text: traffic::body(number), barred: false }).collect()
    }

    fn processor(&self) -> [u64; 2] {
        self.pids().map(meter::processor_millis)
    }

    fn note_memory(&mut self) {
        let now = self.pids().map(meter::peak_memory);
        self.memory = [self.memory[0].max(now[0]), self.memory[1].max(now[1])];
    }

    fn disk(&self) -> u64 {
        meter::disk(&self.pair.ksbsi.node.folder)
    }

    fn pids(&self) -> [u32; 2] {
        [&self.pair.mtuc, &self.pair.ksbsi].map(|union| union.node.pid().unwrap_or_default())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    at(&values, 0.5)
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

fn table(figures: &Figures, scale: Scale, machine: &str) -> String {
    let Figures { one, many, p50, p99, memory } = figures;
    let Scale { records, singles, rounds, parts: _ } = scale;
    let mega = |bytes: u64| bytes as f64 / 1e6;
    let mut text = format!(
        "\nThe road of a record: put at MTUC, on stable storage and readable at KSBSI\n  {machine}\n  {ON}\n  {records} records of {RECORD_BYTES} \
         bytes, {WINDOW} unacknowledged; single records fifty a second, {singles} of them; medians of {rounds}\n\n"
    );
    let mut row = |name: &str, one: String, many: String| {
        let _ = writeln!(text, "| {name:<52} | {one:>23} | {many:>24} |"); // writing to a String does not fail
    };
    let both = |name: &str, value: &dyn Fn(&Bulk) -> String| (name.to_owned(), value(one), value(many));
    row("", "one record an envelope".into(), "many records an envelope".into());
    row(&"-".repeat(52), "-".repeat(23), "-".repeat(24));
    let rows = [
        both("records a second, sustained", &|bulk| format!("{:.0}", bulk.rate)),
        both("catch-up, records a second from the first on", &|bulk| format!("{:.0}", bulk.catch_up.drain)),
        both("catch-up, records a second from KSBSI's start", &|bulk| format!("{:.0}", bulk.catch_up.from_start)),
        both("first record after KSBSI's start, seconds", &|bulk| format!("{:.2}", bulk.catch_up.first)),
        both("processor ms for 1,000 records, at MTUC / KSBSI", &|bulk| format!("{:.0} / {:.0}", bulk.processor[0], bulk.processor[1])),
        both("disk at KSBSI, bytes a record", &|bulk| format!("{:.0}", bulk.disk)),
    ];
    for (name, one, many) in rows {
        row(&name, one, many);
    }
    row("single record until readable, ms, p50 / p99", format!("{p50:.2} / {p99:.2}"), String::new());
    row("most memory, MB, at MTUC / KSBSI", format!("{:.0} / {:.0}", mega(memory[0]), mega(memory[1])), String::new());
    text
}
