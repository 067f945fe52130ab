//! A morning at a union with ten thousand workers: how long staff wait for what waits for them, for who stands at the door, and for how the node is.
//!
//! `cargo bench -p titian-tests --bench caseload`; `--workers 10000`. Without `--bench`, or with `--quick`, a few, so that the bench itself is tested.
#![allow(clippy::panic, clippy::print_stdout, reason = "a bench prints its table, and stops when a step fails")]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use titian_client::input::File;
use titian_client::{Desk, DeskError};
use titian_proto::wire;
use titian_tests::account::Account::{Admin, Caseworker};
use titian_tests::node::Plan;
use titian_tests::union::Union;
use titian_tests::world::{Ground, befriend, sign_agreement};
use titian_tests::{meter, sample, traffic};
use tokio::time::Instant;

/// Workers of the whole bench and of its test: as many as a large union's centres serve in some years.
const WORKERS: (usize, usize) = (10_000, 8);
/// Looks of each kind.
const LOOKS: usize = 20;
/// A question that staff ask many times a day is answered before they look elsewhere.
const AIM: Duration = Duration::from_secs(1);
/// Workers who are taken in at the same time.
const AT_ONCE: usize = 16;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let told = |word: &str| arguments.iter().any(|argument| argument == word);
    let number = arguments.iter().skip_while(|argument| *argument != "--workers").nth(1).and_then(|number| number.parse().ok());
    let workers = number.unwrap_or(if told("--bench") && !told("--quick") { WORKERS.0 } else { WORKERS.1 });
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    };
    if let Err(error) = runtime.block_on(measure(workers)) {
        panic!("the bench cannot go on: {error}");
    }
}

async fn measure(workers: usize) -> Result<(), DeskError> {
    let ground = Ground::new();
    let (mtuc, ksbsi) = (ground.union(&Plan::mtuc()), ground.union(&Plan::ksbsi()));
    befriend(&mtuc, &ksbsi);
    sign_agreement(&mtuc, &ksbsi, &sample::returnee_path());
    mtuc.admit(Caseworker);
    let desk = Arc::new(traffic::desk(&mtuc, Caseworker.name(), Caseworker.password()).await?);
    let start = Instant::now();
    take_in_all(&desk, workers).await?;
    println!(
        "\nA desk with {workers} workers, each with a case, a consent and a referral, all taken in within {:.0} s",
        start.elapsed().as_secs_f64()
    );
    println!("  {}\n", meter::machine(ground.path()));
    println!("| what staff ask | p50, ms | most, ms | aim: below {} ms |", AIM.as_millis());
    println!("| :------------- | ------: | -------: | :---------------- |");
    questions(&desk, &mtuc).await?;
    let memory = meter::peak_memory(mtuc.node.pid().unwrap_or_default()) as f64 / 1e6;
    println!("\nMost memory at MTUC: {memory:.0} MB");
    Ok(())
}

async fn questions(desk: &Desk, mtuc: &Union) -> Result<(), DeskError> {
    let tasks = || async { desk.list_tasks(wire::ListTasksRequest { limit: 50, ..wire::ListTasksRequest::default() }).await.map(drop) };
    let name = || async { desk.find_workers(wire::FindWorkersRequest { text: name(7) }).await.map(drop) };
    let telephone = || async { desk.find_workers(wire::FindWorkersRequest { text: telephone(7) }).await.map(drop) };
    row("task list", tasks).await?;
    row("worker find, by name", name).await?;
    row("worker find, by telephone", telephone).await?;
    let admin = traffic::desk(mtuc, Admin.name(), Admin.password()).await?;
    row("node status", || async { admin.get_status(wire::GetStatusRequest {}).await.map(drop) }).await
}

async fn row<F: Future<Output = Result<(), DeskError>>>(what: &str, ask: impl Fn() -> F) -> Result<(), DeskError> {
    let mut took = Vec::new();
    for _ in 0..LOOKS {
        let start = Instant::now();
        ask().await?;
        took.push(start.elapsed());
    }
    took.sort_unstable();
    let most = took.last().copied().unwrap_or_default();
    let (middle, reached) = (took[took.len() / 2], if most < AIM { "reached" } else { "not reached" });
    println!("| {what:<25} | {:>7.1} | {:>8.1} | {reached:<17} |", middle.as_secs_f64() * 1e3, most.as_secs_f64() * 1e3);
    Ok(())
}

async fn take_in_all(desk: &Arc<Desk>, workers: usize) -> Result<(), DeskError> {
    let mut desks = tokio::task::JoinSet::new();
    for place in 0..AT_ONCE {
        let desk = Arc::clone(desk);
        desks.spawn(async move {
            for number in (place..workers).step_by(AT_ONCE) {
                take_in(&desk, number).await?;
            }
            Ok(())
        });
    }
    desks.join_all().await.into_iter().collect()
}

/// One worker with her case, what she allows KSBSI, and her referral there.
async fn take_in(desk: &Desk, number: usize) -> Result<(), DeskError> {
    let text = sample::changed(&[("Siti Aminah", &name(number)), ("+9996281230001", &telephone(number))]);
    let Ok(file) = File::parse("returnee.toml", &text) else { panic!("the sample does not read") };
    let (Ok(worker), Ok(case), Ok(consent)) = (file.worker(), file.case(), file.consent()) else { panic!("the sample does not read") };
    let added = desk.add_worker(wire::AddWorkerRequest { records: worker }).await?;
    let worker_id = added.worker.unwrap_or_default().worker_id;
    let opened = desk.open_case(wire::OpenCaseRequest { worker_id: worker_id.clone(), records: case, leaders: Vec::new() }).await?;
    let record =
        wire::RecordConsentRequest { worker_id, grant: Some(consent.grant), valid_days: consent.valid_days, referral_id: Bytes::new() };
    desk.record_consent(record).await?;
    let categories = [wire::Category::CaseCore, wire::Category::Demographic, wire::Category::Identity, wire::Category::Claim];
    let request = wire::RequestReferralRequest {
        case_id: opened.case.unwrap_or_default().case_id,
        recipient: "id.ksbsi".to_owned(),
        kind: wire::ReferralKind::Service.into(),
        purpose: wire::Purpose::WageRecovery.into(),
        services_requested: vec![wire::Service::LegalAdvice.into()],
        priority: wire::Priority::Normal.into(),
        categories: categories.map(Into::into).to_vec(),
        ..wire::RequestReferralRequest::default()
    };
    desk.request_referral(request).await.map(drop)
}

/// Nobody's name, and each another.
fn name(number: usize) -> String {
    format!("Contoh{number:05} Percobaan{:05}", number / 3)
}

fn telephone(number: usize) -> String {
    format!("+99962812{number:05}")
}
