//! The bytes of documents: attached at one union, pulled by the other, whichever of them can be dialled, and gone with their record.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::path::Path;

use titian_tests::account::Account::{Caseworker, FocalPoint};
use titian_tests::answer::Answer;
use titian_tests::node::Plan;
use titian_tests::road::{self, Intake};
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{Ground, World, befriend, objects_with, sign_agreement};

/// Her consent and the referral select documents besides.
const CATEGORIES: &str = "CASE_CORE,DEMOGRAPHIC,IDENTITY,CONTACT,SAFETY,EMPLOYER,CLAIM,DOCUMENTS";

/// What a camera wrote beside the picture.
const EXIF: &[u8] = b"Exif\0\0MM\0*\0\0\0\x08 GPSLatitude 3 8 27.1 N GPSLongitude 101 41 35.2 E";

/// A JPEG with a scan of so many bytes.
fn jpeg(metadata: &[u8], scan: usize) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).expect("a short segment").to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    };
    let beside = if metadata.is_empty() { Vec::new() } else { segment(0xe1, metadata) };
    let picture = [segment(0xdb, &[7; 65]), segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]), segment(0xda, &[1, 1, 0, 0, 63, 0])].concat();
    let data: Vec<u8> = (0..scan).map(|place| (place % 251) as u8).collect();
    [&[0xff, 0xd8][..], &beside, &picture, &data, &[0xff, 0xd9]].concat()
}

/// A PDF as far as its start tells, of so many bytes, no two chunks alike.
fn pdf(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((0..size.saturating_sub(bytes.len())).map(|place| (place % 253 + place / 4099) as u8));
    bytes
}

/// MTUC referred a worker with her documents, and KSBSI accepted.
struct Story {
    world: World,
    intake: Intake,
    referral: String,
}

impl Story {
    fn begin() -> Self {
        Self::in_world(World::befriended(), &[])
    }

    fn in_world(world: World, changes: &[(&str, &str)]) -> Self {
        let consented = "\"EMPLOYER\", \"CLAIM\"]\nmethod";
        let changes = [&[(consented, "\"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]\nmethod")], changes].concat();
        let file = world.variant("documents.toml", &changes);
        sign_agreement(&world.mtuc, &world.ksbsi, Path::new(&file));
        let intake = road::intake_from(&world.mtuc, &file);
        road::consent_from(&world.mtuc, &intake, &file).done();
        let referral = road::request(&world.mtuc, &intake, CATEGORIES).done().id("referral_id");
        road::arrive(&world.ksbsi, &referral);
        road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
        road::held(&world.ksbsi, &referral);
        Self { world, intake, referral }
    }

    /// Puts a record of the type document at MTUC; gives its id.
    fn record(&self, document_type: &str) -> String {
        let words = format!("document_type={document_type}");
        let put = self.world.mtuc.json(Caseworker, &["record", "put", &self.intake.case, "document", &words]).done();
        put.id("record_id")
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.world.ground.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path.display().to_string()
    }

    fn attach(&self, record: &str, file: &str) -> Answer {
        self.world.mtuc.json(Caseworker, &["document", "attach", &self.intake.case, record, file])
    }

    /// Attaches bytes to a new contract.
    fn attached(&self, name: &str, bytes: &[u8]) -> String {
        let record = self.record("CONTRACT");
        self.attach(&record, &self.file(name, bytes)).done();
        record
    }

    /// The documents that KSBSI holds from MTUC.
    fn held(&self) -> Vec<serde_json::Value> {
        let listing = self.world.ksbsi.json(FocalPoint, &["document", "list", "--referral", &self.referral]);
        if listing.exit == 0 { objects_with(&listing.json(), "state") } else { Vec::new() }
    }

    /// Waits until the one document that KSBSI holds is in this state, and gives its id there.
    fn held_in_state(&self, state: &str) -> String {
        wait_until(&format!("the document is {state} at KSBSI"), PATIENCE, || {
            let held = self.held();
            let [document] = held.as_slice() else { return None };
            if document["state"] != format!("DOCUMENT_STATE_{state}") {
                return None;
            }
            Some(Answer { stdout: document.to_string(), ..self.world.ksbsi.json(FocalPoint, &["node", "status"]) }.id("record"))
        })
    }

    /// The bytes that KSBSI holds.
    fn pulled(&self) -> Vec<u8> {
        let record = self.held_in_state("WHOLE");
        let out = self.world.ground.path().join("pulled").display().to_string();
        self.world.ksbsi.titian(FocalPoint, &["document", "get", &record, "--referral", &self.referral, "--out", &out]).done();
        std::fs::read(&out).expect("the pulled bytes")
    }

    /// Chunks of documents that a union's store holds, by an export of it.
    fn chunks_at(union: &mut Union) -> usize {
        union.node.stop();
        let export = union.node.export().done();
        union.node.start();
        let table = "document-chunk/".bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        export.stdout.lines().filter(|line| line.starts_with(&table)).count()
    }
}

#[test]
fn a_photograph_arrives_without_what_the_camera_wrote_beside_it() {
    // Given a photograph with the position of the worker's room
    let story = Story::begin();
    let photograph = jpeg(EXIF, 100_000);
    // When it is attached at MTUC
    let record = story.record("PHOTO");
    let answer = story.attach(&record, &story.file("Siti Aminah room.jpg", &photograph)).done();
    assert!(answer.names("image/jpeg"), "the type is read from the bytes:\n{}", answer.told());
    // Then KSBSI pulls the picture alone
    let pulled = story.pulled();
    assert_eq!(pulled, jpeg(&[], 100_000));
    assert!(!pulled.windows(11).any(|window| window == b"GPSLatitude"));
    // And MTUC keeps no more than that, and no name
    let out = story.world.ground.path().join("own").display().to_string();
    story.world.mtuc.titian(Caseworker, &["document", "get", &record, "--out", &out]).done();
    assert_eq!(std::fs::read(&out).expect("MTUC's own bytes"), pulled);
    assert!(!story.world.mtuc.node.telemetry().contains("room.jpg"));
    // And both logs say the same of it
    let commitment = |union: &Union, event: &str| {
        let leaf = road::leaves(union).into_iter().find(|leaf| leaf["event"] == event);
        leaf.unwrap_or_else(|| panic!("{} has no {event}", union.id()))["commit"].to_string()
    };
    assert_eq!(commitment(&story.world.mtuc, "document.sent"), commitment(&story.world.ksbsi, "document.received"));
}

#[test]
fn the_side_that_cannot_be_dialled_pulls_too() {
    // Given KSBSI sits behind a NAT with no open port, and dials MTUC
    let ground = Ground::new();
    let hidden = Plan { further: vec!["--no-endpoint".to_owned()], ..Plan::ksbsi() };
    let (mtuc, ksbsi) = (ground.union(&Plan::mtuc()), ground.union(&hidden));
    befriend(&mtuc, &ksbsi);
    let story = Story::in_world(World { mtuc, ksbsi, ground }, &[]);
    // When bytes are attached at MTUC
    story.attached("contract.pdf", &pdf(300_000));
    // Then they come over the stream that KSBSI opened
    assert_eq!(story.pulled(), pdf(300_000));
}

#[test]
fn a_pull_goes_on_where_it_stood_when_either_node_is_killed() {
    let mut story = Story::begin();
    let size = 12 << 20;
    // Given KSBSI ends itself at its third write of chunks
    story.world.ksbsi.node.stop();
    story.world.ksbsi.node.start_armed("documents.after-store:3");
    story.attached("scan.pdf", &pdf(size));
    wait_until("KSBSI is killed in the middle", PATIENCE, || story.world.ksbsi.node.died().then_some(()));
    story.world.mtuc.node.restart();
    story.world.ksbsi.node.start_armed("documents.before-store:2");
    wait_until("KSBSI is killed once more", PATIENCE, || story.world.ksbsi.node.died().then_some(()));
    // When both are back
    story.world.ksbsi.node.start();
    // Then what it holds already was not asked for again
    let held = || story.held().first().and_then(|document| document["heldBytes"].as_str()?.parse::<u64>().ok());
    let kept = wait_until("KSBSI says how much it holds", PATIENCE, held);
    assert!(kept >= 3 * 32 * 1024, "{kept} bytes were kept");
    assert!(story.pulled() == pdf(size), "every byte, in its place");
    let sent = road::events(&story.world.mtuc, "document.sent");
    assert_eq!(sent, 1, "one release, however often the line was cut");
}

#[test]
fn bytes_go_with_their_record() {
    // Given KSBSI holds a document
    let mut story = Story::begin();
    let record = story.attached("contract.pdf", &pdf(200_000));
    story.pulled();
    // When MTUC replaces the bytes
    story.attach(&record, &story.file("better.pdf", &pdf(90_000))).done();
    wait_until("KSBSI holds the new bytes", PATIENCE, || {
        let held = story.held();
        let whole = held.first().is_some_and(|document| document["heldBytes"] == "90000" && document["state"] == "DOCUMENT_STATE_WHOLE");
        whole.then_some(())
    });
    assert_eq!(story.pulled(), pdf(90_000));
    // Then the old ones are at neither end
    assert_eq!(Story::chunks_at(&mut story.world.ksbsi), 3);
    assert_eq!(Story::chunks_at(&mut story.world.mtuc), 3);
    // When MTUC takes the record away
    story.world.mtuc.titian(Caseworker, &["record", "remove", &story.intake.case, &record]).done();
    wait_until("KSBSI holds no document", PATIENCE, || story.held().is_empty().then_some(()));
    // Then the bytes are gone from both
    wait_until("the bytes are gone", PATIENCE, || {
        (Story::chunks_at(&mut story.world.ksbsi) + Story::chunks_at(&mut story.world.mtuc) == 0).then_some(())
    });
}

#[test]
fn bytes_of_no_type_on_the_list_are_refused() {
    let story = Story::begin();
    let record = story.record("CONTRACT");
    for (name, bytes) in
        [("contract.pdf", &b"MZ\x90\0 a program"[..]), ("list.txt", b"text and then \0 not"), ("cut.jpg", &jpeg(EXIF, 50)[..90])]
    {
        story.attach(&record, &story.file(name, bytes)).refused("DOCUMENT_TYPE");
    }
    let empty = story.attach(&record, &story.file("empty.pdf", b""));
    assert!(empty.exit != 0 && empty.names("MALFORMED"), "{}", empty.told());
    // Nothing is kept of them, and the record says nothing of bytes.
    let listing = story.world.mtuc.json(Caseworker, &["document", "list", "--case", &story.intake.case]).done();
    assert!(listing.names("DOCUMENT_STATE_NO_BYTES") && !listing.names("heldBytes"), "{}", listing.told());
}

#[test]
fn a_document_over_the_cap_of_the_annex_stays_where_it_is() {
    // Given an annex that allows one MiB a document and two a referral
    let caps = "retention_days = 365\nlargest_document_mib = 1\ndocuments_per_referral_mib = 2\n";
    let story = Story::in_world(World::befriended(), &[("retention_days = 365\n", caps)]);
    // When a larger one is attached
    let record = story.record("CONTRACT");
    let answer = story.attach(&record, &story.file("large.pdf", &pdf((1 << 20) + 1))).done();
    // Then the caseworker hears at once that its bytes may not go, and KSBSI sees what it is and why it does not come
    assert!(answer.names("DOCUMENT_TOO_LARGE") && answer.names("case.document.size_bytes"), "{}", answer.told());
    wait_until("KSBSI sees why", PATIENCE, || {
        let held = story.held();
        held.first().is_some_and(|document| document.to_string().contains("DOCUMENT_TOO_LARGE")).then_some(())
    });
    assert_eq!(road::events(&story.world.mtuc, "document.sent"), 0);
    // When a smaller one takes its place, it comes
    story.attach(&record, &story.file("smaller.pdf", &pdf(1 << 20))).done();
    assert_eq!(story.pulled().len(), 1 << 20);
}

#[test]
fn bytes_stop_when_the_worker_takes_her_consent_back() {
    // Given a document that KSBSI holds
    let story = Story::begin();
    story.attached("contract.pdf", &pdf(100_000));
    story.pulled();
    let held = story.held_in_state("WHOLE");
    // When she withdraws
    story.world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &story.intake.worker, "--action", "ERASE"]).done();
    road::state(&story.world.ksbsi, &story.referral, "CONSENT_WITHDRAWN");
    // Then nobody at KSBSI reads it any more
    let out = story.world.ground.path().join("late").display().to_string();
    let late = story.world.ksbsi.titian(FocalPoint, &["document", "get", &held, "--referral", &story.referral, "--out", &out]);
    assert!(late.exit != 0 && late.names("WRONG_STATE"), "{}", late.told());
}

#[test]
fn the_scan_of_a_passport_needs_its_second_person() {
    // Given a record of a passport, of tier T3, that no supervisor approved for this referral
    let story = Story::begin();
    let record = story.record("ID_DOCUMENT");
    // When its scan is attached
    let answer = story.attach(&record, &story.file("passport.pdf", &pdf(1_000))).done();
    // Then neither the record nor its bytes go
    assert!(answer.names("APPROVAL_MISSING"), "{}", answer.told());
    assert!(story.held().is_empty());
    assert_eq!(road::events(&story.world.mtuc, "document.sent"), 0);
}

#[test]
fn a_crash_in_the_middle_of_attaching_leaves_nothing_behind() {
    let mut story = Story::begin();
    let record = story.record("CONTRACT");
    let file = story.file("contract.pdf", &pdf(3 << 20));
    // Given MTUC ends itself when every byte is written and the record does not name them yet
    story.world.mtuc.node.stop();
    story.world.mtuc.node.start_armed("documents.before-attach");
    story.world.mtuc.admit(Caseworker);
    let answer = story.attach(&record, &file);
    assert!(answer.exit != 0, "{}", answer.told());
    wait_until("MTUC is gone", PATIENCE, || story.world.mtuc.node.died().then_some(()));
    // When it is back and sweeps, and ends itself in the middle of that too
    story.world.mtuc.node.start_armed("documents.sweeping:2");
    wait_until("MTUC is gone again", PATIENCE, || story.world.mtuc.node.died().then_some(()));
    story.world.mtuc.node.start();
    // Then nothing is left, and the file can be attached
    wait_until("the bytes are swept up", PATIENCE, || (Story::chunks_at(&mut story.world.mtuc) == 0).then_some(()));
    story.attach(&record, &file).done();
    assert!(story.pulled() == pdf(3 << 20));
    // When MTUC ends itself after another attachment was stored and before it said so, then the record names it
    story.world.mtuc.node.stop();
    story.world.mtuc.node.start_armed("documents.after-attach");
    story.world.mtuc.admit(Caseworker);
    story.attach(&record, &story.file("newer.pdf", &pdf(70_000)));
    wait_until("MTUC is gone once more", PATIENCE, || story.world.mtuc.node.died().then_some(()));
    story.world.mtuc.node.start();
    wait_until("KSBSI holds the newer bytes", PATIENCE, || {
        story.held().first().is_some_and(|document| document["heldBytes"] == "70000").then_some(())
    });
    assert!(story.pulled() == pdf(70_000));
}
