//! Who may be a peer, and who is refused: strangers, wrong words, broken descriptors, suspended peers, swapped keys.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::fs;

use titian_tests::account::Account::{Admin, SecondAdmin};
use titian_tests::answer::{BAD_INPUT, CONFLICT, REFUSED};
use titian_tests::node::{Plan, init_command};
use titian_tests::road;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{Ground, World, befriend, has_peer, introduce};

#[test]
fn a_peer_becomes_active_only_when_two_officers_have_read_its_words() {
    // Given KSBSI's descriptor at MTUC
    let world = World::strangers();
    let file = world.ground.path().join("ksbsi.descriptor").display().to_string();
    world.ksbsi.titian(Admin, &["peer", "descriptor", "--out", &file]).done();
    world.mtuc.titian(Admin, &["peer", "add", &file]).done();
    assert!(has_peer(&world.mtuc.json(Admin, &["peer", "list"]), "id.ksbsi", "ADDED"));
    // When somebody reads other words, then it is not confirmed
    let words = world.ksbsi.words();
    let wrong = words.split(' ').rev().collect::<Vec<_>>().join(" ");
    let answer = world.mtuc.titian(Admin, &["peer", "confirm", "id.ksbsi", "--words", &wrong]);
    assert!(answer.exit != 0, "{}", answer.told());
    // When one officer confirms twice, it is still half a confirmation
    world.mtuc.titian(Admin, &["peer", "confirm", "id.ksbsi", "--words", &words]).done();
    let again = world.mtuc.titian(Admin, &["peer", "confirm", "id.ksbsi", "--words", &words]);
    assert!([0, CONFLICT].contains(&again.exit), "{}", again.told());
    assert!(has_peer(&world.mtuc.json(Admin, &["peer", "list"]), "id.ksbsi", "HALF_CONFIRMED"));
    // And with the second officer it is active
    world.mtuc.titian(SecondAdmin, &["peer", "confirm", "id.ksbsi", "--words", &words]).done();
    assert!(has_peer(&world.mtuc.json(Admin, &["peer", "list"]), "id.ksbsi", "ACTIVE"));
}

#[test]
fn a_stranger_is_refused_and_only_the_telemetry_says_why() {
    // Given that MTUC trusts KSBSI, but KSBSI does not know MTUC
    let world = World::strangers();
    introduce(&world.ksbsi, &world.mtuc);
    // Then KSBSI's node turns the connection down, with a reason in its telemetry
    wait_until("KSBSI's telemetry tells of a stranger", PATIENCE, || world.ksbsi.node.telemetry().contains("\"STRANGER\"").then_some(()));
    // And MTUC learns no more than that there is no connection
    let peers = world.mtuc.json(Admin, &["peer", "list"]).done();
    assert!(!peers.names("\"connected\":true"), "{}", peers.told());
}

#[test]
fn a_suspended_peer_is_cut_off_at_once_and_comes_back_when_resumed() {
    // Given two friends
    let world = World::in_force();
    wait_connected(&world, true);
    // When MTUC suspends KSBSI, alone and at once
    world.mtuc.titian(Admin, &["peer", "suspend", "id.ksbsi", "--reason", "SAFETY"]).done();
    wait_connected(&world, false);
    // Then nothing can be referred there
    let intake = road::intake(&world.mtuc);
    road::consent_from(&world.mtuc, &intake, &titian_tests::sample::returnee()).done();
    let refused = road::request(&world.mtuc, &intake, titian_tests::sample::CATEGORIES).refused("PEER_SUSPENDED");
    // And when the suspension ends, the draft can be sent, and arrives
    world.mtuc.titian(Admin, &["peer", "resume", "id.ksbsi"]).done();
    let referral = refused.id("referral_id");
    world.mtuc.json(titian_tests::account::Account::Caseworker, &["referral", "send", &referral]).done();
    road::arrive(&world.ksbsi, &referral);
}

#[test]
fn a_node_with_other_keys_is_not_the_peer_it_says_it_is() {
    // Given two friends, and KSBSI's name taken by a node with keys of its own at the same address
    let mut world = World::befriended();
    wait_connected(&world, true);
    let settings = fs::read_to_string(world.ksbsi.node.folder.join("node.toml")).expect("node.toml");
    world.ksbsi.node.stop();
    let impostor = Ground::new();
    let folder = impostor.path().join("id.ksbsi");
    init_command(&folder, &Plan::ksbsi()).done();
    fs::write(folder.join("node.toml"), settings).expect("the impostor's node.toml");
    let honest = std::mem::replace(&mut world.ksbsi.node.folder, folder);
    // When it listens in KSBSI's place, then MTUC does not connect, and its telemetry says that the pin is wrong
    world.ksbsi.node.start();
    wait_until("MTUC's telemetry tells of a wrong pin", PATIENCE, || world.mtuc.node.telemetry().contains("\"WRONG_PIN\"").then_some(()));
    wait_connected(&world, false);
    // And the honest node is recognised again
    world.ksbsi.node.kill9();
    world.ksbsi.node.folder = honest;
    world.ksbsi.node.start();
    wait_connected(&world, true);
}

#[test]
fn a_descriptor_with_a_broken_chain_or_strange_bytes_is_refused() {
    let world = World::strangers();
    let path = world.ground.path().join("ksbsi.descriptor");
    world.ksbsi.titian(Admin, &["peer", "descriptor", "--out", &path.display().to_string()]).done();
    let text = fs::read_to_string(&path).expect("a descriptor");
    // Given one letter of it changed, half of it, another text
    let middle = text.len() / 2;
    let swapped = if text.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let broken = [
        format!("{}{swapped}{}", &text[..middle], &text[middle + 1..]),
        text[..middle].to_owned(),
        "no descriptor".to_owned(),
        String::new(),
    ];
    for (number, text) in broken.iter().enumerate() {
        let file = world.ground.file(&format!("broken-{number}.descriptor"), text).display().to_string();
        // Then it is bad input with a code, and the list of peers stays empty
        let answer = world.mtuc.titian(Admin, &["peer", "add", &file]);
        assert!([BAD_INPUT, REFUSED].contains(&answer.exit), "{}", answer.told());
        assert!(answer.names("MALFORMED") || answer.names("DESCRIPTOR_") || answer.names("BAD_INPUT"), "{}", answer.told());
    }
    assert!(!world.mtuc.json(Admin, &["peer", "list"]).done().names("id.ksbsi"));
}

#[test]
fn organisations_that_may_never_be_peers_are_not_added() {
    // Given a recruiters' association with a node of its own
    let world = World::strangers();
    let plan = Plan {
        node_id: "vn.vamas",
        name: "An association of recruiters",
        kind: "RECRUITMENT_AGENCY_ASSOCIATION",
        country: "VN",
        further: vec![],
    };
    let recruiters = world.ground.union(&plan);
    let file = world.ground.path().join("vamas.descriptor").display().to_string();
    recruiters.titian(Admin, &["peer", "descriptor", "--out", &file]).done();
    // Then it is refused when it is added, or when something is referred there
    let answer = world.mtuc.titian(Admin, &["peer", "add", &file]);
    assert!(answer.exit != 0 && answer.names("RECIPIENT_KIND_FORBIDDEN"), "{}", answer.told());
}

#[test]
fn friends_find_each_other_again_after_both_were_down() {
    let mut world = World::strangers();
    befriend(&world.mtuc, &world.ksbsi);
    world.mtuc.node.stop();
    world.ksbsi.node.kill9();
    world.ksbsi.node.start();
    world.mtuc.node.start();
    wait_connected(&world, true);
}

fn wait_connected(world: &World, connected: bool) {
    wait_until(&format!("MTUC is connected to KSBSI: {connected}"), PATIENCE, || {
        let peers = world.mtuc.json(Admin, &["peer", "list"]);
        (peers.exit == 0 && peers.names("\"connected\":true") == connected).then_some(())
    });
}
