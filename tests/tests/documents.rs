//! The bytes of documents: attached at one union, pulled by the other, whichever of them can be dialled, and gone with their record.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Caseworker, FocalPoint};
use titian_tests::node::Plan;
use titian_tests::papers::{self, Papers, pdf};
use titian_tests::road;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{Ground, World, befriend};

/// What a camera wrote beside the picture.
const EXIF: &[u8] = b"Exif\0\0MM\0*\0\0\0\x08 GPSLatitude 3 8 27.1 N GPSLongitude 101 41 35.2 E";

/// A JPEG with a scan of so many bytes.
fn jpeg(metadata: &[u8], scan: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..scan).map(|place| (place % 251) as u8).collect();
    papers::jpeg(metadata, &data)
}

/// As [`Papers::attach`], of a new contract whose bytes are a file of this name.
fn attached(papers: &Papers, name: &str, bytes: &[u8]) -> String {
    let record = papers.record("CONTRACT");
    papers.attach(&record, &papers.file(name, bytes)).done();
    record
}

/// Chunks of documents that a union's store holds, by an export of it.
fn chunks_at(union: &mut Union) -> usize {
    union.node.stop();
    let export = union.node.export().done();
    union.node.start();
    let table = "document-chunk/".bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    export.stdout.lines().filter(|line| line.starts_with(&table)).count()
}

#[test]
fn a_photograph_arrives_without_what_the_camera_wrote_beside_it() {
    // Given a photograph with the position of the worker's room
    let papers = Papers::begin();
    let photograph = jpeg(EXIF, 100_000);
    // When it is attached at MTUC
    let record = papers.record("PHOTO");
    let answer = papers.attach(&record, &papers.file("Siti Aminah room.jpg", &photograph)).done();
    assert!(answer.names("image/jpeg"), "the type is read from the bytes:\n{}", answer.told());
    // Then KSBSI pulls the picture alone
    let pulled = papers.pulled();
    assert_eq!(pulled, jpeg(&[], 100_000));
    assert!(!pulled.windows(11).any(|window| window == b"GPSLatitude"));
    // And MTUC keeps no more than that, and no name
    let out = papers.world.ground.path().join("own").display().to_string();
    papers.world.mtuc.titian(Caseworker, &["document", "get", &record, "--out", &out]).done();
    assert_eq!(std::fs::read(&out).expect("MTUC's own bytes"), pulled);
    assert!(!papers.world.mtuc.node.telemetry().contains("room.jpg"));
    // And both logs say the same of it
    let commitment = |union: &Union, event: &str| {
        let leaf = road::leaves(union).into_iter().find(|leaf| leaf["event"] == event);
        leaf.unwrap_or_else(|| panic!("{} has no {event}", union.id()))["commit"].to_string()
    };
    assert_eq!(commitment(&papers.world.mtuc, "document.sent"), commitment(&papers.world.ksbsi, "document.received"));
}

#[test]
fn the_side_that_cannot_be_dialled_pulls_too() {
    // Given KSBSI sits behind a NAT with no open port, and dials MTUC
    let ground = Ground::new();
    let hidden = Plan { further: vec!["--no-endpoint".to_owned()], ..Plan::ksbsi() };
    let (mtuc, ksbsi) = (ground.union(&Plan::mtuc()), ground.union(&hidden));
    befriend(&mtuc, &ksbsi);
    let papers = Papers::referred(World { mtuc, ksbsi, ground }, &[]);
    // When bytes are attached at MTUC
    attached(&papers, "contract.pdf", &pdf(300_000));
    // Then they come over the stream that KSBSI opened
    assert_eq!(papers.pulled(), pdf(300_000));
}

#[test]
fn a_pull_goes_on_where_it_stood_when_either_node_is_killed() {
    let mut papers = Papers::begin();
    let size = 12 << 20;
    // Given KSBSI ends itself at its third write of chunks
    papers.world.ksbsi.node.stop();
    papers.world.ksbsi.node.start_armed("documents.after-store:3");
    attached(&papers, "scan.pdf", &pdf(size));
    wait_until("KSBSI is killed in the middle", PATIENCE, || papers.world.ksbsi.node.died().then_some(()));
    papers.world.mtuc.node.restart();
    papers.world.ksbsi.node.start_armed("documents.before-store:2");
    wait_until("KSBSI is killed once more", PATIENCE, || papers.world.ksbsi.node.died().then_some(()));
    // When both are back
    papers.world.ksbsi.node.start();
    // Then what it holds already was not asked for again
    let held = || papers.held().first().and_then(|document| document["heldBytes"].as_str()?.parse::<u64>().ok());
    let kept = wait_until("KSBSI says how much it holds", PATIENCE, held);
    assert!(kept >= 3 * 32 * 1024, "{kept} bytes were kept");
    assert!(papers.pulled() == pdf(size), "every byte, in its place");
    let sent = road::events(&papers.world.mtuc, "document.sent");
    assert_eq!(sent, 1, "one release, however often the line was cut");
}

#[test]
fn bytes_go_with_their_record() {
    // Given KSBSI holds a document
    let mut papers = Papers::begin();
    let record = attached(&papers, "contract.pdf", &pdf(200_000));
    let _ = papers.pulled();
    // When MTUC replaces the bytes
    papers.attach(&record, &papers.file("better.pdf", &pdf(90_000))).done();
    wait_until("KSBSI holds the new bytes", PATIENCE, || {
        let held = papers.held();
        let whole = held.first().is_some_and(|document| document["heldBytes"] == "90000" && document["state"] == "DOCUMENT_STATE_WHOLE");
        whole.then_some(())
    });
    assert_eq!(papers.pulled(), pdf(90_000));
    // Then the old ones are at neither end
    assert_eq!(chunks_at(&mut papers.world.ksbsi), 3);
    assert_eq!(chunks_at(&mut papers.world.mtuc), 3);
    // When MTUC takes the record away
    papers.world.mtuc.titian(Caseworker, &["record", "remove", &papers.intake.case, &record]).done();
    wait_until("KSBSI holds no document", PATIENCE, || papers.held().is_empty().then_some(()));
    // Then the bytes are gone from both
    wait_until("the bytes are gone", PATIENCE, || {
        (chunks_at(&mut papers.world.ksbsi) + chunks_at(&mut papers.world.mtuc) == 0).then_some(())
    });
}

#[test]
fn bytes_of_no_type_on_the_list_are_refused() {
    let papers = Papers::begin();
    let record = papers.record("CONTRACT");
    for (name, bytes) in
        [("contract.pdf", &b"MZ\x90\0 a program"[..]), ("list.txt", b"text and then \0 not"), ("cut.jpg", &jpeg(EXIF, 50)[..90])]
    {
        papers.attach(&record, &papers.file(name, bytes)).refused("DOCUMENT_TYPE");
    }
    let empty = papers.attach(&record, &papers.file("empty.pdf", b""));
    assert!(empty.exit != 0 && empty.names("MALFORMED"), "{}", empty.told());
    // Nothing is kept of them, and the record says nothing of bytes.
    let listing = papers.world.mtuc.json(Caseworker, &["document", "list", "--case", &papers.intake.case]).done();
    assert!(listing.names("DOCUMENT_STATE_NO_BYTES") && !listing.names("heldBytes"), "{}", listing.told());
}

#[test]
fn a_document_over_the_cap_of_the_annex_stays_where_it_is() {
    // Given an annex that allows one MiB a document and two a referral
    let caps = "retention_days = 365\nlargest_document_mib = 1\ndocuments_per_referral_mib = 2\n";
    let papers = Papers::referred(World::befriended(), &[("retention_days = 365\n", caps)]);
    // When a larger one is attached
    let record = papers.record("CONTRACT");
    let answer = papers.attach(&record, &papers.file("large.pdf", &pdf((1 << 20) + 1))).done();
    // Then the caseworker hears at once that its bytes may not go, and KSBSI sees what it is and why it does not come
    assert!(answer.names("DOCUMENT_TOO_LARGE") && answer.names("case.document.size_bytes"), "{}", answer.told());
    wait_until("KSBSI sees why", PATIENCE, || {
        let held = papers.held();
        held.first().is_some_and(|document| document.to_string().contains("DOCUMENT_TOO_LARGE")).then_some(())
    });
    assert_eq!(road::events(&papers.world.mtuc, "document.sent"), 0);
    // When a smaller one takes its place, it comes
    papers.attach(&record, &papers.file("smaller.pdf", &pdf(1 << 20))).done();
    assert_eq!(papers.pulled().len(), 1 << 20);
}

#[test]
fn bytes_that_are_replaced_while_they_come_make_room_for_the_new_ones_at_once() {
    // Given a document that is on its way
    let papers = Papers::begin();
    let record = attached(&papers, "scan.pdf", &pdf(24 << 20));
    wait_until("some of it is at KSBSI", PATIENCE, || {
        papers.held().first().is_some_and(|document| document["heldBytes"] != "0").then_some(())
    });
    // When MTUC attaches a better scan instead
    papers.attach(&record, &papers.file("better.pdf", &pdf(90_000))).done();
    // Then that comes, and does not wait as what was refused waits
    assert_eq!(papers.pulled(), pdf(90_000));
}

#[test]
fn bytes_stop_when_the_worker_takes_her_consent_back() {
    // Given a document that KSBSI holds
    let papers = Papers::begin();
    attached(&papers, "contract.pdf", &pdf(100_000));
    let _ = papers.pulled();
    let held = papers.whole(PATIENCE);
    // When she withdraws
    papers.world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &papers.intake.worker, "--action", "ERASE"]).done();
    road::state(&papers.world.ksbsi, &papers.referral, "CONSENT_WITHDRAWN");
    // Then nobody at KSBSI reads it any more
    let out = papers.world.ground.path().join("late").display().to_string();
    let late = papers.world.ksbsi.titian(FocalPoint, &["document", "get", &held, "--referral", &papers.referral, "--out", &out]);
    assert!(late.exit != 0 && late.names("WRONG_STATE"), "{}", late.told());
}

#[test]
fn the_scan_of_a_passport_needs_its_second_person() {
    // Given a record of a passport, of tier T3, that no supervisor approved for this referral
    let papers = Papers::begin();
    let record = papers.record("ID_DOCUMENT");
    // When its scan is attached
    let answer = papers.attach(&record, &papers.file("passport.pdf", &pdf(1_000))).done();
    // Then neither the record nor its bytes go
    assert!(answer.names("APPROVAL_MISSING"), "{}", answer.told());
    assert!(papers.held().is_empty());
    assert_eq!(road::events(&papers.world.mtuc, "document.sent"), 0);
}

#[test]
fn a_crash_in_the_middle_of_attaching_leaves_nothing_behind() {
    let mut papers = Papers::begin();
    let record = papers.record("CONTRACT");
    let file = papers.file("contract.pdf", &pdf(3 << 20));
    // Given MTUC ends itself when every byte is written and the record does not name them yet
    papers.world.mtuc.node.stop();
    papers.world.mtuc.node.start_armed("documents.before-attach");
    papers.world.mtuc.admit(Caseworker);
    let answer = papers.attach(&record, &file);
    assert!(answer.exit != 0, "{}", answer.told());
    wait_until("MTUC is gone", PATIENCE, || papers.world.mtuc.node.died().then_some(()));
    // When it is back and sweeps, and ends itself in the middle of that too
    papers.world.mtuc.node.start_armed("documents.sweeping:2");
    wait_until("MTUC is gone again", PATIENCE, || papers.world.mtuc.node.died().then_some(()));
    papers.world.mtuc.node.start();
    // Then nothing is left, and the file can be attached
    wait_until("the bytes are swept up", PATIENCE, || (chunks_at(&mut papers.world.mtuc) == 0).then_some(()));
    papers.attach(&record, &file).done();
    assert!(papers.pulled() == pdf(3 << 20));
    // When MTUC ends itself after another attachment was stored and before it said so, then the record names it
    papers.world.mtuc.node.stop();
    papers.world.mtuc.node.start_armed("documents.after-attach");
    papers.world.mtuc.admit(Caseworker);
    papers.attach(&record, &papers.file("newer.pdf", &pdf(70_000)));
    wait_until("MTUC is gone once more", PATIENCE, || papers.world.mtuc.node.died().then_some(()));
    papers.world.mtuc.node.start();
    wait_until("KSBSI holds the newer bytes", PATIENCE, || {
        papers.held().first().is_some_and(|document| document["heldBytes"] == "70000").then_some(())
    });
    assert!(papers.pulled() == pdf(70_000));
}
