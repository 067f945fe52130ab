//! How long what a worker takes back stays anywhere: from her word to the last receipt of five unions; and a share of a whole factory that follows an
//! annex which was narrowed.
//!
//! `cargo bench -p titian-tests --bench withdrawal`; `--workers 40 --members 10455`. Without `--bench`, or with `--quick`, a few, so that the bench itself
//! is tested.
#![allow(clippy::panic, clippy::print_stdout, reason = "a bench prints its table, and stops when a step fails")]

use std::path::Path;
use std::time::Duration;

use titian_client::{Desk, DeskError};
use titian_proto::wire;
use titian_tests::account::Account::{Admin, Caseworker};
use titian_tests::meter;
use titian_tests::node::Plan;
use titian_tests::pair::{Pair, Places};
use titian_tests::road::{self, Intake};
use titian_tests::sample;
use titian_tests::traffic::{self, Pace, Told, Traffic, WINDOW};
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, let_pass, wait_until};
use titian_tests::world::{AGREEMENT, Ground, befriend, sign_agreement_called};
use tokio::time::Instant;

/// The five unions that hold something of each worker.
const UNIONS: [(&str, &str, &str); 5] = [
    ("id.ksbsi", "ID", "AG-MY-ID"),
    ("np.gefont", "NP", "AG-MY-NP"),
    ("ph.sentro", "PH", "AG-MY-PH"),
    ("bd.bftuc", "BD", "AG-MY-BD"),
    ("lk.nww", "LK", "AG-MY-LK"),
];
/// Workers of the whole bench and of its test.
const WORKERS: (usize, usize) = (40, 1);
/// Members of the factory: `domain.md` 0.4.
const MEMBERS: (usize, usize) = (10_455, 60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(2);
/// After this the bench has failed.
const LIMIT: Duration = Duration::from_secs(120);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let told = |word: &str| arguments.iter().any(|argument| argument == word);
    let whole = told("--bench") && !told("--quick");
    let number = |word: &str, (all, few): (usize, usize)| {
        let given = arguments.iter().skip_while(|argument| *argument != word).nth(1).and_then(|number| number.parse().ok());
        given.unwrap_or(if whole { all } else { few })
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    };
    if let Err(error) = withdrawals(&runtime, number("--workers", WORKERS)) {
        panic!("the bench cannot go on: {error}");
    }
    if let Err(error) = projection(&runtime, number("--members", MEMBERS)) {
        panic!("the bench cannot go on: {error}");
    }
}

/// From a worker's word at MTUC to the last of five receipts.
fn withdrawals(runtime: &tokio::runtime::Runtime, workers: usize) -> Result<(), DeskError> {
    let ground = Ground::new();
    let mtuc = ground.union(&Plan::mtuc());
    let friends: Vec<Union> =
        UNIONS.iter().map(|(node_id, country, agreement)| friend(&ground, &mtuc, node_id, country, agreement)).collect();
    let shared: Vec<Intake> = (0..workers).map(|_| shared_with_all(&ground, &mtuc, &friends)).collect();
    let mut took = Vec::new();
    for intake in shared {
        took.push(runtime.block_on(withdraw(&mtuc, &intake))?.as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    let at = |part: f64| took[((took.len() - 1) as f64 * part).round() as usize];
    println!(
        "\nA worker shared with {} unions takes everything back; until the last signed receipt\n  {}\n",
        UNIONS.len(),
        meter::machine(ground.path())
    );
    println!("| withdrawals | p50, ms | p99, ms | most, ms | aim: p99 below 1,000 ms |");
    println!("| ----------: | ------: | ------: | -------: | :---------------------- |");
    let (middle, late, most) = (at(0.5), at(0.99), at(1.0));
    println!(
        "| {workers:>11} | {middle:>7.0} | {late:>7.0} | {most:>8.0} | {:<23} |",
        if late < 1_000.0 { "reached" } else { "not reached" }
    );
    Ok(())
}

fn friend(ground: &Ground, mtuc: &Union, node_id: &'static str, country: &'static str, agreement: &str) -> Union {
    let union = ground.union(&Plan::national_union(node_id, country));
    befriend(mtuc, &union);
    let file =
        ground.file(&format!("{node_id}.toml"), &sample::changed(&[("AG-MY-ID", agreement), ("\"id.ksbsi\"", &format!("\"{node_id}\""))]));
    sign_agreement_called(agreement, mtuc, &union, &file);
    union
}

/// One worker, whose case every union has accepted and holds.
fn shared_with_all(ground: &Ground, mtuc: &Union, friends: &[Union]) -> Intake {
    let intake = road::intake(mtuc);
    for union in friends {
        let file = ground.path().join(format!("{}.toml", union.id())).display().to_string();
        road::consent_from(mtuc, &intake, &file).done();
        let referral = road::request_to(mtuc, &intake, union.id(), sample::CATEGORIES).done().id("referral_id");
        road::arrive(union, &referral);
        road::act(union, &["referral", "accept", &referral]).done();
        road::held(union, &referral);
    }
    intake
}

async fn withdraw(mtuc: &Union, intake: &Intake) -> Result<Duration, DeskError> {
    let desk = traffic::desk(mtuc, Caseworker.name(), Caseworker.password()).await?;
    let withdrawal = wire::Withdrawal { action: wire::WithdrawalAction::Erase.into(), ..wire::Withdrawal::default() };
    let worker_id = traffic::id(&intake.worker);
    let start = Instant::now();
    let request = wire::WithdrawConsentRequest { worker_id, withdrawal: Some(withdrawal), ..wire::WithdrawConsentRequest::default() };
    desk.withdraw_consent(request).await?;
    loop {
        let open = desk.list_erasures(wire::ListErasuresRequest { only_open: true }).await?.erasures;
        if open.is_empty() {
            return Ok(start.elapsed());
        }
        assert!(start.elapsed() < LIMIT, "{} erasures are still open", open.len());
        let_pass(LOOK);
    }
}

/// A share of very many records follows an annex that no longer names their category.
fn projection(runtime: &tokio::runtime::Runtime, members: usize) -> Result<(), DeskError> {
    let ground = Ground::new();
    let pair = Pair::found(&Places::under(ground.path()));
    runtime.block_on(put(&pair, members))?;
    let narrower = narrower(&ground, &ground.path().join("a").join("open.toml"));
    pair.mtuc.titian(Admin, &["agreement", "draft", &narrower]).done();
    for verb in ["propose", "sign"] {
        pair.mtuc.titian(Admin, &["agreement", verb, AGREEMENT, "--version", "2"]).done();
    }
    wait_until("version 2 has come", PATIENCE, || {
        let shown = pair.ksbsi.json(Admin, &["agreement", "show", AGREEMENT, "--version", "2"]);
        (shown.exit == 0 && shown.has_code("state", "PROPOSED")).then_some(())
    });
    let (here, there) = runtime.block_on(taken_back(&pair))?;
    let memory = meter::peak_memory(pair.mtuc.node.pid().unwrap_or_default()) as f64 / 1e6;
    println!(
        "\nA share of {members} records follows an annex that was narrowed: each is decided anew and taken back\n  {}\n",
        meter::machine(ground.path())
    );
    println!("| records | decided and queued at MTUC, s | gone at KSBSI, s | most memory at MTUC, MB | aim: 2 s and 200 MB |");
    println!("| ------: | ----------------------------: | ---------------: | ----------------------: | :------------------ |");
    let reached = here.as_secs_f64() < 2.0 && memory < 200.0;
    let (here, there) = (here.as_secs_f64(), there.as_secs_f64());
    println!("| {members:>7} | {here:>29.2} | {there:>16.2} | {memory:>23.0} | {:<19} |", if reached { "reached" } else { "not reached" });
    Ok(())
}

async fn put(pair: &Pair, members: usize) -> Result<(), DeskError> {
    let traffic = Traffic::between(pair).await?;
    let batch: Vec<Told> = (0..members as u64).map(|number| Told { text: traffic::body(number), barred: false }).collect();
    let stored = traffic.put(&batch, Pace { window: WINDOW, limit: LIMIT, own_envelope: false }).await?;
    assert!(stored == members as u64, "{stored} of {members} records were taken");
    let desk = traffic::desk(&pair.ksbsi, Caseworker.name(), Caseworker.password()).await?;
    count_until(&desk, pair, |count| count.held >= members as u64).await.map(drop)
}

fn narrower(ground: &Ground, file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let text = text.replacen("title = \"Cooperation on", "version = 2\nsupersedes = 1\ntitle = \"Cooperation on", 1);
    let text = text.replace("\"CASE_CORE\", \"DEMOGRAPHIC\", \"NARRATIVE\"]\nmax_tier", "\"CASE_CORE\", \"DEMOGRAPHIC\"]\nmax_tier");
    ground.file("narrower.toml", &text).display().to_string()
}

/// From KSBSI's signature until MTUC has taken everything back, and until KSBSI holds none.
async fn taken_back(pair: &Pair) -> Result<(Duration, Duration), DeskError> {
    pair.ksbsi.admit(Caseworker);
    let (mtuc, ksbsi) = (
        traffic::desk(&pair.mtuc, Caseworker.name(), Caseworker.password()).await?,
        traffic::desk(&pair.ksbsi, Caseworker.name(), Caseworker.password()).await?,
    );
    meter::forget_peak(pair.mtuc.node.pid().unwrap_or_default());
    let start = Instant::now();
    pair.ksbsi.titian(Admin, &["agreement", "sign", AGREEMENT, "--version", "2"]).done();
    count_until(&mtuc, pair, |count| count.shared == 0).await?;
    let here = start.elapsed();
    count_until(&ksbsi, pair, |count| count.held == 0).await?;
    Ok((here, start.elapsed()))
}

async fn count_until(desk: &Desk, pair: &Pair, done: impl Fn(&wire::CountShareResponse) -> bool) -> Result<(), DeskError> {
    let start = Instant::now();
    let referral_id = traffic::id(&pair.open.referral);
    loop {
        let count = desk.count_share(wire::CountShareRequest { referral_id: referral_id.clone() }).await?;
        if done(&count) {
            return Ok(());
        }
        assert!(start.elapsed() < LIMIT, "{} held, {} shared", count.held, count.shared);
        let_pass(LOOK);
    }
}
