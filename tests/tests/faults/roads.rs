//! The other roads between a local edit and a remote receipt, each with a node that ends itself at every point of it.

use std::fs;

use titian_tests::account::Account::{Admin, Auditor, Caseworker, FocalPoint};
use titian_tests::papers::{Papers, pdf};
use titian_tests::road;
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{AGREEMENT, World, sign_agreement};

use crate::aftermath;
use crate::armed::{Armed, End};
use crate::points::{At, Road, tries};
use crate::round::is_state;

/// Bytes of the document: several writes of chunks.
const DOCUMENT: usize = 6 << 20;

/// A document is attached at MTUC and pulled by KSBSI.
pub(crate) fn papers(end: End) {
    for side in [At::Sender, At::Receiver] {
        let (world, mut armed) = Armed::found(side, end, tries(Road::Papers, side));
        let mut papers = Papers::referred(world, &[]);
        let record = papers.record("CONTRACT");
        let file = papers.file("contract.pdf", &pdf(DOCUMENT));
        armed.prepared();
        armed.begin(&mut papers.world);
        // When its node ends before the record names the bytes, while it sweeps up what was left, and after the record names them
        wait_until("the bytes are attached", PATIENCE, || {
            armed.revive(&mut papers.world);
            (papers.attach(&record, &file).exit == 0).then_some(())
        });
        wait_until("KSBSI holds them", PATIENCE, || {
            armed.revive(&mut papers.world);
            papers.held().first().is_some_and(|document| document["state"] == "DOCUMENT_STATE_WHOLE").then_some(())
        });
        armed.until_all_tried(&mut papers.world);
        armed.end(&mut papers.world);
        // Then every byte is in its place, once
        assert!(papers.pulled() == pdf(DOCUMENT), "every byte, in its place");
        armed.assert_all_tried();
        aftermath::compare(&mut papers.world);
    }
}

/// A consent is written down, an agreement suspended, and what is queued under it no longer leaves.
pub(crate) fn office(end: End) {
    // Given a referral that is queued for KSBSI, whose node is away
    let (mut world, mut armed) = Armed::found(At::Sender, end, tries(Road::Office, At::Sender));
    sign_agreement(&world.mtuc, &world.ksbsi, &sample::returnee_path());
    let intake = road::intake(&world.mtuc);
    let queued = referred_while_away(&mut world);
    armed.prepared();
    armed.begin(&mut world);
    // When another worker's consent is written down, then it stands once
    let mut recorded = false;
    armed.until(&mut world, "the consent is written down", |world| {
        let listing = world.mtuc.json(Caseworker, &["consent", "list", "--worker", &intake.worker]);
        let found = if listing.exit == 0 { listing.stdout.matches("\"consentId\"").count() } else { return None };
        assert!(found == 1 || !recorded, "an acknowledged consent is there, once: {found}");
        if found == 0 {
            recorded |= road::consent_from(&world.mtuc, &intake, &sample::returnee()).exit == 0;
            return None;
        }
        Some(())
    });
    // When MTUC suspends the agreement, and KSBSI is back
    armed.until(&mut world, "MTUC has suspended the agreement", |world| {
        let suspended = is_state(&world.mtuc.json(Admin, &["agreement", "show", AGREEMENT]), &["SUSPENDED"]);
        if !suspended {
            world.mtuc.json(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]);
        }
        suspended.then_some(())
    });
    world.ksbsi.node.start();
    armed.until(&mut world, "KSBSI knows of it", |world| {
        is_state(&world.ksbsi.json(Admin, &["agreement", "show", AGREEMENT]), &["SUSPENDED"]).then_some(())
    });
    // Then the body of what was queued never leaves, and MTUC's staff see why
    armed.until(&mut world, "what was queued is purged", |world| {
        let shown = road::show(&world.mtuc, &queued);
        (shown.exit == 0 && shown.names("AGREEMENT_SUSPENDED")).then_some(())
    });
    armed.until_all_tried(&mut world);
    armed.end(&mut world);
    armed.assert_all_tried();
    aftermath::compare(&mut world);
    assert!(road::show(&world.ksbsi, &queued).names("NOT_FOUND"), "nothing of it is at KSBSI");
    assert_eq!(road::events(&world.mtuc, "consent.recorded"), 2, "each consent is logged once");
}

/// Signs everybody in: not all of it is in a backup that is made before.
fn admit_all(world: &World) {
    for union in [&world.mtuc, &world.ksbsi] {
        [Admin, Caseworker, FocalPoint, Auditor].into_iter().for_each(|account| union.admit(account));
    }
}

fn referred_while_away(world: &mut World) -> String {
    admit_all(world);
    world.ksbsi.node.kill9();
    road::refer(world).1
}

/// A referral and its answers are carried on a stick.
pub(crate) fn stick(end: End) {
    for side in [At::Sender, At::Receiver] {
        let (mut world, mut armed) = Armed::found(side, end, tries(Road::Stick, side));
        sign_agreement(&world.mtuc, &world.ksbsi, &sample::returnee_path());
        dials(&mut world, false);
        let referral = road::refer(&world).1;
        [&world.mtuc, &world.ksbsi].into_iter().for_each(|union| union.admit(FocalPoint));
        armed.prepared();
        armed.begin(&mut world);
        // When a node ends while the file is written or taken in, and it is done once more
        carry(&mut armed, &mut world, At::Sender);
        road::arrive(&world.ksbsi, &referral);
        carry(&mut armed, &mut world, At::Receiver);
        armed.until_all_tried(&mut world);
        armed.end(&mut world);
        armed.assert_all_tried();
        // Then all is there once, and the line goes on where the stick left off
        dials(&mut world, true);
        road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
        road::held(&world.ksbsi, &referral);
        aftermath::compare(&mut world);
    }
}

/// Takes both nodes down and up again, with or without dialling.
fn dials(world: &mut World, dials: bool) {
    for node in [&mut world.mtuc.node, &mut world.ksbsi.node] {
        node.stop();
        node.set_dials(dials);
        node.start();
    }
}

fn carry(armed: &mut Armed, world: &mut World, from: At) {
    let file = world.ground.path().join("carried.bundle").display().to_string();
    armed.until(world, "the bundle is made", |world| {
        let (here, there) = ends(world, from);
        fs::remove_file(&file).ok();
        (here.json(FocalPoint, &["bundle", "export", "--peer", there.id(), "--out", &file]).exit == 0).then_some(())
    });
    armed.until(world, "the bundle is taken in", |world| {
        (ends(world, from).1.json(FocalPoint, &["bundle", "import", &file]).exit == 0).then_some(())
    });
}

fn ends(world: &World, from: At) -> (&Union, &Union) {
    if from == At::Receiver { (&world.ksbsi, &world.mtuc) } else { (&world.mtuc, &world.ksbsi) }
}

/// KSBSI is restored from a backup that is older than what it has answered since.
pub(crate) fn back_again(end: End) {
    for side in [At::Sender, At::Receiver] {
        let (mut world, mut armed) = Armed::found(side, end, tries(Road::Return, side));
        sign_agreement(&world.mtuc, &world.ksbsi, &sample::returnee_path());
        // Given a backup of KSBSI's, and after it a referral that was accepted and shared
        let _ = road::refer_and_accept(&world);
        admit_all(&world);
        world.ksbsi.node.stop();
        let backup = world.ksbsi.node.export().done().stdout;
        world.ksbsi.node.start();
        let (_, referral) = road::refer_and_accept(&world);
        aftermath::compare(&mut world);
        // When KSBSI comes back from that backup, and a node ends at every step of what it is given back
        world.ksbsi.node.stop();
        fs::remove_dir_all(world.ksbsi.node.folder.join("store")).expect("ours");
        world.ksbsi.node.import(&backup).done();
        armed.prepared();
        armed.begin(&mut world);
        if side == At::Sender {
            world.ksbsi.node.start();
        }
        // Then it stands where it stood, and both hold the same
        armed.until(&mut world, "the lost referral is back", |world| {
            let shown = road::show(&world.ksbsi, &referral);
            (is_state(&shown, &["ACCEPTED"]) && shown.count("records_held") > 0).then_some(())
        });
        armed.until_all_tried(&mut world);
        armed.end(&mut world);
        armed.assert_all_tried();
        aftermath::compare_restored(&mut world);
    }
}
