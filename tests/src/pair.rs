//! Two unions for a bench: MTUC, with a case that may go to KSBSI record by record, and another case of which no narrative may go.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use titian_proto::model::date::Instant;

use crate::account::Account::{Caseworker, Supervisor};
use crate::answer::REFUSED;
use crate::node::Plan;
use crate::port;
use crate::road::{self, Intake};
use crate::sample;
use crate::union::Union;
use crate::world::{befriend, sign_agreement};

/// The agreement of a bench outlives the bench.
const AGREEMENT_DAYS: i64 = 365;

/// Where the two unions stand and how they reach each other.
#[derive(Clone, Debug)]
pub struct Places {
    /// Folder of MTUC, which dials.
    pub mtuc: PathBuf,
    /// Folder of KSBSI, which listens.
    pub ksbsi: PathBuf,
    /// Where KSBSI listens, on this machine.
    pub listen: u16,
    /// Where MTUC dials; another port when something stands between them.
    pub dial: u16,
    /// A folder with `a.crt`, `a.key` for MTUC and `b.crt`, `b.key` for KSBSI; none: each makes its own.
    pub certificates: Option<PathBuf>,
}

impl Places {
    /// Two folders in one, a free port, certificates of their own.
    ///
    /// # Panics
    /// When the folders cannot be made or no port is free.
    #[must_use]
    pub fn under(folder: &Path) -> Self {
        let (mtuc, ksbsi) = (folder.join("a"), folder.join("b"));
        for place in [&mtuc, &ksbsi] {
            if let Err(error) = fs::create_dir_all(place) {
                panic!("{}: {error}", place.display());
            }
        }
        let port = port::free();
        Self { mtuc, ksbsi, listen: port, dial: port, certificates: None }
    }
}

/// A referral under which records go, and the case they are put into.
#[derive(Clone, Debug)]
pub struct Route {
    /// The case at MTUC.
    pub case: String,
    /// The referral, accepted.
    pub referral: String,
}

/// Two unions with an agreement in force and two accepted referrals.
#[derive(Debug)]
pub struct Pair {
    /// Country of destination: records are made here.
    pub mtuc: Union,
    /// Country of origin: records become readable here.
    pub ksbsi: Union,
    /// Narratives may go.
    pub open: Route,
    /// The worker allowed the facts of the case and no narrative.
    pub barred: Route,
}

impl Pair {
    /// Founds both unions and takes every step up to the acceptance.
    ///
    /// # Panics
    /// When a step fails.
    #[must_use]
    pub fn found(places: &Places) -> Self {
        let now = machine_time();
        let listen = format!("127.0.0.1:{}", places.listen);
        let dial = format!("127.0.0.1:{}", places.dial);
        let mtuc = plan(Plan::mtuc(), now, places, "a", &["--no-endpoint"]);
        let ksbsi = plan(Plan::ksbsi(), now, places, "b", &["--federation-listen", &listen, "--endpoint", &dial]);
        let (mtuc, ksbsi) = (Union::found(&places.mtuc, &mtuc), Union::found(&places.ksbsi, &ksbsi));
        befriend(&mtuc, &ksbsi);
        let file = |name: &str, categories: &str| input(&places.mtuc.join(name), now, categories);
        let open_file = file("open.toml", "\"CASE_CORE\", \"DEMOGRAPHIC\", \"NARRATIVE\"");
        let barred_file = file("barred.toml", "\"CASE_CORE\", \"DEMOGRAPHIC\"");
        sign_agreement(&mtuc, &ksbsi, &open_file);
        let open = open(&mtuc, &ksbsi, &open_file);
        let barred = barred(&mtuc, &ksbsi, &barred_file);
        Self { mtuc, ksbsi, open, barred }
    }
}

/// A narrative is of tier T3: a supervisor approves before it is requested.
fn open(mtuc: &Union, ksbsi: &Union, file: &Path) -> Route {
    let intake = intake(mtuc, file);
    let asked = road::request(mtuc, &intake, "NARRATIVE");
    assert!(asked.exit == REFUSED && asked.names("APPROVAL_MISSING"), "a narrative waits for approval:\n{}", asked.told());
    let referral = asked.id("referral_id");
    mtuc.titian(Supervisor, &["referral", "approve", &referral]).done();
    mtuc.titian(Caseworker, &["referral", "send", &referral]).done();
    accept(mtuc, ksbsi, &referral);
    Route { case: intake.case, referral }
}

fn barred(mtuc: &Union, ksbsi: &Union, file: &Path) -> Route {
    let intake = intake(mtuc, file);
    let referral = road::request(mtuc, &intake, "CASE_CORE").done().id("referral_id");
    accept(mtuc, ksbsi, &referral);
    road::held(ksbsi, &referral);
    Route { case: intake.case, referral }
}

fn intake(mtuc: &Union, file: &Path) -> Intake {
    let file = file.display().to_string();
    let intake = road::intake_from(mtuc, &file);
    road::consent_from(mtuc, &intake, &file).done();
    intake
}

fn accept(mtuc: &Union, ksbsi: &Union, referral: &str) {
    road::arrive(ksbsi, referral);
    road::act(ksbsi, &["referral", "accept", referral]).done();
    road::state(mtuc, referral, "ACCEPTED");
}

fn plan(plan: Plan, now: Instant, places: &Places, name: &str, further: &[&str]) -> Plan {
    let mut arguments: Vec<String> = further.iter().map(|argument| (*argument).to_owned()).collect();
    // The clock of a rehearsal that starts now is the machine's.
    arguments.extend(["--rehearsal-clock".to_owned(), now.to_string()]);
    if let Some(folder) = &places.certificates {
        let file = |ending: &str| folder.join(format!("{name}.{ending}")).display().to_string();
        arguments.extend(["--tls-certificate".to_owned(), file("crt"), "--tls-key".to_owned(), file("key")]);
    }
    Plan { further: arguments, ..plan }
}

/// The sample with an agreement for the time of the bench that covers narratives, and a consent for some categories.
fn input(path: &Path, now: Instant, consented: &str) -> PathBuf {
    let from = now.plus_days(-1).date();
    let to = now.plus_days(AGREEMENT_DAYS).date();
    let annexed = "\"CASE_CORE\", \"DEMOGRAPHIC\", \"IDENTITY\", \"CONTACT\", \"SAFETY\", \"EMPLOYER\", \"CLAIM\"";
    let text = sample::changed(&[
        ("effective_from = \"2026-01-01\"", &format!("effective_from = \"{from}\"")),
        ("expires_on = \"2026-08-31\"", &format!("expires_on = \"{to}\"")),
        (&format!("categories = [{annexed}]\nmethod"), &format!("categories = [{consented}]\nmethod")),
        (&format!("{annexed}, \"DOCUMENTS\""), "\"CASE_CORE\", \"DEMOGRAPHIC\", \"NARRATIVE\""),
    ]);
    match fs::write(path, text) {
        Ok(()) => path.to_owned(),
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

fn machine_time() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
