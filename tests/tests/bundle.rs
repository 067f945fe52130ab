//! The link on a USB stick: twice, late, out of order, after the line delivered the same, in the wrong hands, damaged.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::fs;
use std::path::PathBuf;

use titian_tests::account::Account::{Admin, Caseworker, FocalPoint};
use titian_tests::answer::{Answer, BAD_INPUT, CONFLICT, FORBIDDEN, NOT_FOUND};
use titian_tests::road;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;

#[test]
fn a_bundle_arrives_twice_out_of_order_and_after_the_network_delivered_the_same() {
    // Given two friends whose line is down, and two bundles: the second holds what the first does, and more
    let mut world = World::in_force();
    line(&mut world, false);
    let first_referral = road::refer(&world).1;
    let first = export(&world, &world.mtuc, &world.ksbsi, "first");
    assert_eq!(first.0.count("envelopes"), 1);
    let second_referral = road::refer(&world).1;
    let second = export(&world, &world.mtuc, &world.ksbsi, "second");
    assert_eq!(second.0.count("envelopes"), 2);
    // When the second comes first, then both are there; the first and the second again are known
    let taken = import(&world.ksbsi, &second.1).done();
    assert_eq!((taken.count("applied"), taken.count("known")), (2, 0), "{}", taken.told());
    road::arrive(&world.ksbsi, &first_referral);
    road::arrive(&world.ksbsi, &second_referral);
    let given = world.ksbsi.table("inbox/");
    for (file, known) in [(&first.1, 1), (&second.1, 2), (&first.1, 1)] {
        let taken = import(&world.ksbsi, file).done();
        assert_eq!((taken.count("applied"), taken.count("known")), (0, known), "{}", taken.told());
    }
    assert_eq!(road::events(&world.ksbsi, "referral.received"), 2, "each was applied exactly once");
    // And a bundle from the other side brings the receipts home, without any line
    assert_eq!(queued(&world.mtuc), 2);
    let answers = export(&world, &world.ksbsi, &world.mtuc, "answers");
    let settled = import(&world.mtuc, &answers.1).done();
    assert_eq!(settled.count("settled"), 2, "{}", settled.told());
    assert_eq!(queued(&world.mtuc), 0);
    let again = import(&world.mtuc, &answers.1).done();
    assert_eq!((again.count("settled"), again.count("settled_before")), (0, 2), "{}", again.told());
    // When the line is back, and delivers what stands in a third bundle before that is taken in
    let third_referral = road::refer(&world).1;
    let third = export(&world, &world.mtuc, &world.ksbsi, "third");
    assert_eq!(third.0.count("envelopes"), 1, "what is settled is not carried again");
    line(&mut world, true);
    road::arrive(&world.ksbsi, &third_referral);
    settle(&world);
    let late = import(&world.ksbsi, &third.1).done();
    assert_eq!((late.count("applied"), late.count("known")), (0, 1), "{}", late.told());
    // Then everything stands once, every receipt is what it was, and both hold the same bytes of it
    assert_eq!(road::events(&world.ksbsi, "referral.received"), 3);
    let now = world.ksbsi.table("inbox/");
    assert!(given.iter().all(|(place, receipt)| now.get(place) == Some(receipt)), "a receipt is the same for ever");
    assert_eq!(world.mtuc.table("settled/").into_values().collect::<Vec<_>>(), now.into_values().collect::<Vec<_>>());
}

#[test]
fn a_referral_takes_its_whole_road_on_a_stick() {
    // Given no line
    let mut world = World::in_force();
    line(&mut world, false);
    // When a referral is requested, accepted and shared, and every step is carried by hand
    let (_, referral) = road::refer(&world);
    carry(&world, true);
    road::arrive(&world.ksbsi, &referral);
    road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
    carry(&world, false);
    road::state(&world.mtuc, &referral, "ACCEPTED");
    carry(&world, true);
    // Then the share is held, and the last receipts come home with one more file
    road::held(&world.ksbsi, &referral);
    carry(&world, false);
    assert_eq!(queued(&world.mtuc), 0);
}

#[test]
fn a_bundle_for_another_union_is_refused() {
    // Given a bundle for KSBSI
    let (mut world, clc) = World::three_unions();
    line(&mut world, false);
    let referral = road::refer(&world).1;
    let (_, file) = export(&world, &world.mtuc, &world.ksbsi, "stick");
    // When CLC finds the stick, it learns for whom it is and no more
    import(&clc, &file).failed(BAD_INPUT, "BUNDLE_FOR_ANOTHER");
    // And who may not carry bundles may not
    world.ksbsi.titian(Caseworker, &["bundle", "import", &file]).failed(FORBIDDEN, "ROLE_FORBIDS");
    world.mtuc.titian(Admin, &["bundle", "export", "--peer", "kh.clc", "--out", &file]).failed(NOT_FOUND, "NOT_FOUND");
    // Then it is still good for KSBSI, unless KSBSI has suspended MTUC
    world.ksbsi.titian(Admin, &["peer", "suspend", "my.mtuc", "--reason", "SAFETY"]).done();
    import(&world.ksbsi, &file).failed(CONFLICT, "BUNDLE_SENDER_UNKNOWN");
    world.ksbsi.titian(Admin, &["peer", "resume", "my.mtuc"]).done();
    import(&world.ksbsi, &file).done();
    road::arrive(&world.ksbsi, &referral);
}

#[test]
fn a_damaged_file_is_refused_and_nothing_is_lost() {
    // Given a bundle, and copies of it that did not survive the way
    let mut world = World::in_force();
    line(&mut world, false);
    let referral = road::refer(&world).1;
    let (_, file) = export(&world, &world.mtuc, &world.ksbsi, "stick");
    let bytes = fs::read(&file).expect("a bundle");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains(&referral) && !text.contains("WAGE"), "nothing of the content stands in the clear");
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    let cut = bytes[..bytes.len() - 20].to_vec();
    let longer = [&bytes[..], b"\r\n"].concat();
    let broken =
        [(flipped, "BUNDLE_DAMAGED"), (cut, "BUNDLE_TRUNCATED"), (longer, "BUNDLE_DAMAGED"), (b"an e-mail".to_vec(), "BUNDLE_UNREADABLE")];
    for (number, (bytes, code)) in broken.into_iter().enumerate() {
        let copy = path(&world, &format!("copy-{number}"));
        fs::write(&copy, bytes).expect("a copy");
        // Then each is refused with its code
        import(&world.ksbsi, &copy.display().to_string()).failed(BAD_INPUT, code);
    }
    // And with the whole file everything is there, once
    import(&world.ksbsi, &file).done();
    road::arrive(&world.ksbsi, &referral);
    assert_eq!(road::events(&world.ksbsi, "referral.received"), 1);
}

#[test]
fn what_waits_for_a_suspended_peer_stays() {
    // Given a referral that waits for KSBSI, which MTUC then suspends
    let mut world = World::in_force();
    line(&mut world, false);
    let referral = road::refer(&world).1;
    world.mtuc.titian(Admin, &["peer", "suspend", "id.ksbsi", "--reason", "SAFETY"]).done();
    // When a bundle is made, then the referral is not in it, and the answer says why
    let (made, _) = export(&world, &world.mtuc, &world.ksbsi, "suspended");
    assert!(made.json()["envelopes"].is_null() && made.names("PEER_SUSPENDED"), "{}", made.told());
    // And it goes with its whole body when the suspension has ended
    world.mtuc.titian(Admin, &["peer", "resume", "id.ksbsi"]).done();
    carry(&world, true);
    road::arrive(&world.ksbsi, &referral);
}

#[test]
fn a_restored_union_gets_back_on_a_stick_what_it_lost() {
    // Given no line, a backup of KSBSI's node, and after it a referral that KSBSI answered
    let mut world = World::in_force();
    line(&mut world, false);
    for account in [Caseworker, FocalPoint] {
        world.ksbsi.admit(account);
    }
    world.ksbsi.node.stop();
    let backup = world.ksbsi.node.export().done().stdout;
    world.ksbsi.node.start();
    let (_, referral) = road::refer(&world);
    let (_, old_file) = export(&world, &world.mtuc, &world.ksbsi, "old");
    import(&world.ksbsi, &old_file).done();
    road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
    carry(&world, false);
    carry(&world, true);
    road::held(&world.ksbsi, &referral);
    carry(&world, false);
    assert_eq!(queued(&world.mtuc), 0, "MTUC holds KSBSI's word for all of it");
    let given = world.ksbsi.table("inbox/");
    // When KSBSI's disk is lost and the backup taken in
    world.ksbsi.node.stop();
    fs::rename(world.ksbsi.node.folder.join("store"), world.ground.path().join("lost-store")).expect("ours");
    world.ksbsi.node.import(&backup).done();
    world.ksbsi.node.start();
    // Then an old stick is refused: KSBSI does not know yet what it had said to what stands on it
    import(&world.ksbsi, &old_file).failed(CONFLICT, "BUNDLE_BEFORE_RESTORE");
    road::show(&world.ksbsi, &referral).failed(NOT_FOUND, "NOT_FOUND");
    // And once a stick has told MTUC, the next one brings everything back, with the very same receipts
    carry(&world, false);
    let (_, file) = export(&world, &world.mtuc, &world.ksbsi, "back");
    let taken = import(&world.ksbsi, &file).done();
    assert!(taken.count("given_back") > 0 && taken.count("applied") > 0, "{}", taken.told());
    road::held(&world.ksbsi, &referral);
    road::state(&world.ksbsi, &referral, "ACCEPTED");
    let now = world.ksbsi.table("inbox/");
    assert!(given.iter().all(|(place, receipt)| now.get(place) == Some(receipt)), "a receipt is the same for ever");
    // And the old stick, and the new one a second time, do nothing more
    for file in [&old_file, &file] {
        let taken = import(&world.ksbsi, file).done();
        assert_eq!((taken.count("applied"), taken.count("not_applied")), (0, 0), "{}", taken.told());
    }
    // And the next stick from KSBSI tells MTUC that there is nothing left to be given back
    assert!(world.mtuc.table("told-epoch/").is_empty(), "MTUC cannot know yet");
    carry(&world, false);
    assert!(!world.mtuc.table("told-epoch/").is_empty(), "KSBSI has it all back");
    // And both go on; what MTUC says after that stands, also when an older stick that says otherwise comes once more
    let next = road::refer(&world).1;
    road::act(&world.mtuc, &["referral", "cancel", &referral]).done();
    carry(&world, true);
    road::arrive(&world.ksbsi, &next);
    road::state(&world.ksbsi, &referral, "CANCELLED");
    import(&world.ksbsi, &file).done();
    road::state(&world.ksbsi, &referral, "CANCELLED");
    carry(&world, false);
    assert_eq!(queued(&world.mtuc), 0);
}

/// Takes both nodes down and up again, with or without dialling. Nothing waits when the line goes down.
fn line(world: &mut World, dials: bool) {
    if !dials {
        settle(world);
    }
    for union in [&mut world.mtuc, &mut world.ksbsi] {
        union.node.stop();
        union.node.set_dials(dials);
    }
    world.mtuc.node.start();
    world.ksbsi.node.start();
}

fn settle(world: &World) {
    for union in [&world.mtuc, &world.ksbsi] {
        wait_until(&format!("nothing waits at {}", union.id()), PATIENCE, || (queued(union) == 0).then_some(()));
    }
}

fn queued(union: &Union) -> u64 {
    union.json(Admin, &["peer", "list"]).done().count("queued")
}

fn path(world: &World, name: &str) -> PathBuf {
    world.ground.path().join(format!("{name}.bundle"))
}

/// Makes a bundle; gives the answer and the file.
fn export(world: &World, from: &Union, to: &Union, name: &str) -> (Answer, String) {
    let file = path(world, name).display().to_string();
    let answer = from.json(FocalPoint, &["bundle", "export", "--peer", to.id(), "--out", &file]).done();
    (answer, file)
}

fn import(at: &Union, file: &str) -> Answer {
    at.json(FocalPoint, &["bundle", "import", file])
}

/// A file from MTUC to KSBSI, or the other way.
fn carry(world: &World, there: bool) {
    let (from, to) = if there { (&world.mtuc, &world.ksbsi) } else { (&world.ksbsi, &world.mtuc) };
    let (_, file) = export(world, from, to, "carried");
    import(to, &file).done();
}
