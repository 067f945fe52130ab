//! Whatever is agreed, allowed and selected: in every byte that leaves a node stands nothing outside what all three allow.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use titian_proto::wire;
use titian_tests::account::Account::{Admin, Auditor, Caseworker, FocalPoint, Supervisor};
use titian_tests::answer::Answer;
use titian_tests::papers;
use titian_tests::road::{self, Intake};
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until, wait_until_some};
use titian_tests::world::{World, sign_agreement};

use crate::draw::{Annex, CATEGORIES, Case, Chance, listed};
use crate::greedy;
use crate::hostile::{address, runtime};
use crate::peer::Keys;

/// Agreements, and workers under each.
const WORLDS: u64 = 3;
const WORLDS_LONG: u64 = 60;
const WORKERS: usize = 8;
const WORKERS_LONG: usize = 20;

/// Every free text holds a word that says whose it is. Somebody with KSBSI's keys accepts all and asks for all.
pub(crate) fn nothing_outside_the_intersection_leaves() {
    let long = std::env::var_os("TITIAN_LONG").is_some();
    let (worlds, workers) = if long { (WORLDS_LONG, WORKERS_LONG) } else { (WORLDS, WORKERS) };
    let mut seen = BTreeSet::new();
    for seed in 1..=worlds {
        seen.extend(one_agreement(seed, workers));
    }
    // Or the test would be blind: of each kind something did come over.
    let all: BTreeSet<String> = CATEGORIES.iter().map(|category| (*category).to_owned()).collect();
    assert_eq!(seen, all, "of every category something was allowed, and came");
}

/// Plays one agreement; gives the categories of which something came over.
fn one_agreement(seed: u64, workers: usize) -> BTreeSet<String> {
    let mut chance = Chance::of(seed);
    let annex = Annex::draw(&mut chance);
    let cases: Vec<Case> = (0..workers).map(|number| Case::draw(&mut chance, number, &annex)).collect();
    let (world, theirs) = agreed(&annex);
    let stop = AtomicBool::new(false);
    let bytes = std::thread::scope(|scope| {
        let keys = Keys::of(&world.ksbsi.node, address(&world.mtuc));
        let (theirs, stopping) = (&theirs, &stop);
        let taking = scope.spawn(move || runtime().block_on(greedy::takes_everything(&keys, theirs, stopping)));
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            cases.iter().for_each(|case| play(&world, case));
            wait_until("nothing waits", PATIENCE, || (world.mtuc.json(Admin, &["peer", "list"]).done().count("queued") == 0).then_some(()));
        }));
        stop.store(true, Ordering::SeqCst);
        let bytes = taking.join().expect("it keeps what comes");
        played.map_or_else(|problem| std::panic::resume_unwind(problem), |()| bytes)
    });
    everything_else_is_silent(&world.mtuc);
    what_lies_about_is_silent(&world);
    let mut seen = BTreeSet::new();
    for case in &cases {
        for (word, may) in case.words(&annex) {
            let came = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(may || !came, "agreement {seed}: {word} left, and was outside what is agreed, allowed and selected");
            if came {
                seen.extend(word.split('-').nth(1).map(str::to_owned));
            }
        }
    }
    seen
}

/// Two unions with this annex; KSBSI's node is away, and what it says of how far it has come.
fn agreed(annex: &Annex) -> (World, wire::Hello) {
    let mut world = World::befriended();
    let known = "\"CASE_CORE\", \"DEMOGRAPHIC\", \"IDENTITY\", \"CONTACT\", \"SAFETY\", \"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]";
    let denied = annex.denied.map_or_else(String::new, |field| format!("\nfield_denylist = [\"{field}\"]"));
    let categories = format!("{}{denied}", listed(&annex.categories).trim_start_matches('['));
    let file = world.variant("agreement.toml", &[(known, &categories)]);
    sign_agreement(&world.mtuc, &world.ksbsi, Path::new(&file));
    for account in [Admin, Caseworker, FocalPoint, Supervisor, Auditor] {
        world.mtuc.admit(account);
    }
    for union in [&world.mtuc, &world.ksbsi] {
        wait_until("nothing is on its way", PATIENCE, || (union.json(Admin, &["peer", "list"]).done().count("queued") == 0).then_some(()));
    }
    world.mtuc.node.kill9();
    let theirs = runtime().block_on(Keys::of(&world.mtuc.node, address(&world.ksbsi)).hello_of_the_other());
    world.ksbsi.node.kill9();
    world.mtuc.node.start();
    (world, theirs)
}

/// One worker, as staff go on with her case whatever the gate says.
fn play(world: &World, case: &Case) {
    let file = input(world, case);
    let intake = road::intake_from(&world.mtuc, &file);
    road::consent_from(&world.mtuc, &intake, &file).done();
    let Some(referral) = requested(world, &intake, case) else { return };
    let accepted = wait_until_some(PATIENCE, || {
        let shown = road::show(&world.mtuc, &referral);
        shown.has_code("state", "ACCEPTED").then_some(())
    });
    assert!(accepted.is_some(), "what was requested is accepted");
    put(world, &intake, &referral, &narrative(world, case, "NARRATIVE"));
    attach(world, &intake, &referral, case);
    if case.withdraws {
        settled(world);
        world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &intake.worker, "--action", "ERASE"]).done();
        put(world, &intake, &referral, &narrative(world, case, "LATE"));
    }
}

/// The sample, with her words in it.
fn input(world: &World, case: &Case) -> String {
    let withheld = case.withheld.map_or_else(String::new, |category| format!("\n[[consent.withheld]]\ncategory = \"{category}\""));
    let words = |category: &str| case.word(category);
    let changes = [
        ("Siti Aminah".to_owned(), words("IDENTITY")),
        ("\"Mina\"".to_owned(), format!("\"{}\"", words("SAFETY"))),
        ("the sewing class".to_owned(), words("SAFETY")),
        ("+9996281230001".to_owned(), case.telephone()),
        ("origin_admin1 = \"ID-JI\"".to_owned(), format!("origin_admin1 = \"ID-JI\"\naddress = \"{}\"", words("CONTACT"))),
        ("Kilang Contoh Sdn Bhd".to_owned(), words("EMPLOYER")),
        (
            "[\"CASE_CORE\", \"DEMOGRAPHIC\", \"IDENTITY\", \"CONTACT\", \"SAFETY\", \"EMPLOYER\", \"CLAIM\"]".to_owned(),
            listed(&case.consented),
        ),
        ("informed_inadequate_protection = true".to_owned(), format!("informed_inadequate_protection = true{withheld}")),
    ];
    let changes: Vec<(&str, &str)> = changes.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    world.variant(&format!("worker-{}.toml", case.number), &changes)
}

/// The referral, where the gate lets it go.
fn requested(world: &World, intake: &Intake, case: &Case) -> Option<String> {
    let categories = ["CASE_CORE"].iter().chain(&case.selected).copied().collect::<Vec<_>>().join(",");
    let asked = told(road::request(&world.mtuc, intake, &categories));
    if asked.names("APPROVAL_MISSING") {
        let referral = asked.id("referral_id");
        world.mtuc.titian(Supervisor, &["referral", "approve", &referral]).done();
        return (told(world.mtuc.titian(Caseworker, &["referral", "send", &referral])).exit == 0).then_some(referral);
    }
    (asked.exit == 0).then(|| asked.id("referral_id"))
}

fn narrative(world: &World, case: &Case, word: &str) -> String {
    let text = format!("[[narrative]]\ntext = \"{}\"\nlanguage = \"id\"\n", case.word(word));
    world.ground.file(&format!("{word}-{}.toml", case.number), &text).display().to_string()
}

fn put(world: &World, intake: &Intake, referral: &str, file: &str) {
    told(world.mtuc.json(Caseworker, &["record", "put", &intake.case, "--from", file, "--share-under", referral]));
}

/// A photograph of hers, with words in the picture, beside it and in its name.
fn attach(world: &World, intake: &Intake, referral: &str, case: &Case) {
    let record = ["record", "put", &intake.case, "document", "document_type=PHOTO", "--share-under", referral];
    let answer = told(world.mtuc.json(Caseworker, &record));
    if answer.exit != 0 {
        return;
    }
    let photograph = papers::jpeg(format!("Exif\0\0{}", case.word("EXIF")).as_bytes(), case.word("DOCUMENTS").as_bytes());
    let path = world.ground.path().join(format!("{}.jpg", case.word("FILENAME")));
    fs::write(&path, photograph).expect("ours");
    let path = path.display().to_string();
    told(world.mtuc.titian(Caseworker, &["document", "attach", &intake.case, &answer.id("record_id"), &path]));
}

fn settled(world: &World) {
    wait_until("nothing waits", PATIENCE, || (world.mtuc.json(Admin, &["peer", "list"]).done().count("queued") == 0).then_some(()));
}

/// A refusal repeats nothing of hers.
fn told(answer: Answer) -> Answer {
    if answer.exit != 0 {
        silent(&answer.stdout, "a refusal");
        silent(&answer.stderr, "a refusal");
    }
    answer
}

fn everything_else_is_silent(union: &Union) {
    silent(&union.node.telemetry(), "telemetry");
    for leaf in road::leaves(union) {
        silent(&leaf.to_string(), "the log");
    }
    silent(&union.json(Admin, &["node", "status"]).done().stdout, "the status");
    silent(&union.json(Admin, &["peer", "list"]).done().stdout, "the peers");
    names_under(&union.node.folder).iter().for_each(|name| silent(name, "a file's name"));
}

/// Files that staff and IT carry about: what is exported of the node, and a bundle for KSBSI with whatever still waits.
fn what_lies_about_is_silent(world: &World) {
    for (command, account, name) in [
        (&["node", "export"][..], Admin, "node.export"),
        (&["bundle", "export", "--peer", "id.ksbsi"], FocalPoint, "stick.bundle"),
        (&["agreement", "export", "AG-MY-ID"], Admin, "agreement.txt"),
        (&["peer", "descriptor"], Admin, "descriptor.txt"),
    ] {
        let out = world.ground.path().join(name).display().to_string();
        world.mtuc.titian(account, &[command, &["--out", &out]].concat()).done();
        silent(&String::from_utf8_lossy(&fs::read(&out).expect("it was written")), name);
    }
}

fn silent(text: &str, place: &str) {
    let hers = WORDS.iter().flat_map(|word| guises(word)).find(|guise| text.contains(guise));
    assert!(hers.is_none(), "{place} repeats what a worker said");
}

/// What every word and every telephone of hers begins with.
const WORDS: [&str; 2] = ["TAINT", "+9990007"];

/// A word as it is, and as bytes travel: in hexadecimal, in base64 at each place of a group of four letters, in UTF-16.
fn guises(word: &str) -> Vec<String> {
    let hexadecimal: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut guises = vec![word.to_owned(), hexadecimal.to_uppercase(), hexadecimal];
    guises.push(word.chars().map(|letter| format!("{letter}\0")).collect());
    for before in 0..3_usize {
        // Letters in which other bytes have a part are left out.
        let letters = BASE64.encode([vec![0; before], word.as_bytes().to_vec()].concat());
        guises.push(letters[(before * 8).div_ceil(6)..(before + word.len()) * 8 / 6].to_owned());
    }
    guises
}

fn names_under(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let names = |entry: fs::DirEntry| {
        let below = if entry.path().is_dir() { names_under(&entry.path()) } else { Vec::new() };
        std::iter::once(entry.file_name().to_string_lossy().into_owned()).chain(below)
    };
    entries.flat_map(names).collect()
}
