//! Acceptance scenario AT-2 of the field (`domain.md` 5): the case of 10,455 workers at one factory, split to the unions of five countries of origin.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

mod donor;
mod group;
mod settlement;

use titian_tests::account::Account::{Admin, Caseworker, Supervisor};
use titian_tests::answer::{Answer, BAD_INPUT, NOT_FOUND, find};
use titian_tests::node::Plan;
use titian_tests::road::{self, share, show};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, befriend, objects_with, sign_agreement, sign_agreement_called};

#[test]
fn at_2_a_factory_split_to_five_unions() {
    let world = World::befriended();
    sign_agreement(&world.mtuc, &world.ksbsi, &sample::returnee_path());
    let group = group::open(&world);
    let indonesia = aggregates_go_and_identities_do_not(&world, group.part("ID"));
    let members = members_cross_by_their_own_consent(&world, group.part("ID"), &indonesia);
    nepal_has_its_own_agreement(&world, group.part("NP"), &indonesia);
    bangladesh_has_no_agreement(&world, group.part("BD"));
    a_suspended_peer_gets_nothing_later_either(&world, group.part("MM"));
    recruiters_are_no_union_and_an_expired_agreement_is_none(&world, group.part("VN"));
    every_refusal_is_in_the_log(&world);
    settlement::settle(&world, &group, &indonesia);
    donor::report(&world, &group, &members);
}

/// 2.3 and 2.4
fn aggregates_go_and_identities_do_not(world: &World, case: &str) -> String {
    // 2.3 Counts, codes, employers and sums go, and nobody's name
    let referral = approved(world, case, "id.ksbsi");
    let offer = road::arrive(&world.ksbsi, &referral);
    assert!(offer.names("2900") && offer.names("W04") && !offer.names("10455"), "{}", offer.told());
    road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
    let held = road::held(&world.ksbsi, &referral);
    assert!(held.stdout.matches("Pembinaan Contoh").count() == 13 && held.names("1254600000"), "{}", held.told());
    assert!(!held.names("fullName") && !held.names("Leader of"), "no persons: {}", held.told());
    // 2.4 A list of members does not go under it, and MTUC does not even store it as a part of the share
    let sent = road::events(&world.mtuc, "referral.sent");
    let member = ["record", "put", case, "identity", "full_name=Slamet", "--share-under", &referral];
    world.mtuc.json(Caseworker, &member).refused("GROUP_MEMBER_CONSENT");
    assert!(!share(&world.ksbsi, &referral).names("Slamet"));
    assert_eq!(road::events(&world.mtuc, "referral.sent"), sent, "nothing left");
    referral
}

/// 2.4 and 2.5
fn members_cross_by_their_own_consent(world: &World, case: &str, group: &str) -> Vec<String> {
    // 2.4 A leader is nobody who can consent for a member: there is no such giver, and a guardian speaks for a minor only
    let (slamet, file) = group::member(world, "Slamet");
    for (giver, exit, code) in [("NETWORK_LEADER", BAD_INPUT, "BAD_INPUT"), ("GUARDIAN", 0, "")] {
        let said = world.variant("proxy.toml", &[("valid_days = 180", &format!("valid_days = 180\ngiven_by = \"{giver}\""))]);
        let answer = road::consent_from(&world.mtuc, &slamet, &said);
        assert!(answer.exit == exit && answer.names(code), "{}", answer.told());
    }
    let referral = road::request(&world.mtuc, &slamet, sample::CATEGORIES).refused("PROXY_CONSENT").id("referral_id");
    show(&world.ksbsi, &referral).failed(NOT_FOUND, "NOT_FOUND");
    // 2.5 Three members consent for themselves, and cross under referrals of their own
    let mut members = vec![(slamet, file)];
    members.extend(["Dewi Lestari", "Agus Wibowo"].map(|name| group::member(world, name)));
    for ((member, file), name) in members.iter().zip(["Slamet", "Dewi Lestari", "Agus Wibowo"]) {
        road::consent_from(&world.mtuc, member, file).done();
        let own = road::request(&world.mtuc, member, sample::CATEGORIES).done().id("referral_id");
        road::arrive(&world.ksbsi, &own);
        road::act(&world.ksbsi, &["referral", "accept", &own]).done();
        assert!(road::held(&world.ksbsi, &own).names(name), "{name} is held");
        assert!(!share(&world.ksbsi, group).names(name), "{name} is not in the group's share");
    }
    // They are 3 of 2,900: three referrals beside that of the group. As a number in the group's share 3 would name them
    let referrals = world.ksbsi.json(Caseworker, &["referral", "list"]).done();
    let of_groups = |referral: &serde_json::Value| find(referral, "represented_count").is_some();
    let referrals = objects_with(&referrals.json(), "sender");
    assert_eq!((referrals.len(), referrals.iter().filter(|referral| of_groups(referral)).count()), (4, 1));
    let counts = ["parent_group_ref=019cac46-0000-7000-8000-000000000001", "country=ID", "represented_count=2900", "registered_count=3"];
    let put = [&["record", "put", case, "group_count"], &counts[..], &["--share-under", group]].concat();
    world.mtuc.json(Caseworker, &put).refused("SMALL_CELL");
    assert!(!share(&world.ksbsi, group).names("registeredCount"), "3 is not said");
    members.into_iter().map(|(member, _)| member.worker).collect()
}

/// 2.6
fn nepal_has_its_own_agreement(world: &World, case: &str, indonesia: &str) {
    let gefont = union(world, "np.gefont", "NP");
    let file = world.variant("nepal.toml", &[("AG-MY-ID", "AG-MY-NP"), ("\"id.ksbsi\"", "\"np.gefont\"")]);
    sign_agreement_called("AG-MY-NP", &world.mtuc, &gefont, file.as_ref());
    let referral = approved(world, case, "np.gefont");
    let offer = road::arrive(&gefont, &referral);
    assert!(offer.names("1500") && !offer.names("2900"), "{}", offer.told());
    // Another referral, of the same group
    let other = show(&world.ksbsi, indonesia);
    assert!(referral != indonesia && offer.text("parent_group_ref") == other.text("parent_group_ref"), "{}", offer.told());
}

/// 2.7
fn bangladesh_has_no_agreement(world: &World, case: &str) {
    // A union of Bangladesh is a peer, and there is no agreement with it
    let bftuc = union(world, "bd.bftuc", "BD");
    let referral = request(&world.mtuc, case, "bd.bftuc").refused("NO_AGREEMENT").id("referral_id");
    show(&bftuc, &referral).failed(NOT_FOUND, "NOT_FOUND");
    assert_eq!(road::events(&bftuc, "referral.received"), 0);
    // The High Commission is somebody to call, and never a node
    refused_as_peer(world, "bd.high-commission", "BD", "DIPLOMATIC_MISSION");
}

/// 2.8
fn a_suspended_peer_gets_nothing_later_either(world: &World, case: &str) {
    let ctum = union(world, "mm.ctum", "MM");
    let file = world.variant("myanmar.toml", &[("AG-MY-ID", "AG-MY-MM"), ("\"id.ksbsi\"", "\"mm.ctum\"")]);
    sign_agreement_called("AG-MY-MM", &world.mtuc, &ctum, file.as_ref());
    world.mtuc.titian(Admin, &["peer", "suspend", "mm.ctum", "--reason", "SAFETY"]).done();
    let referral = request(&world.mtuc, case, "mm.ctum").refused("PEER_SUSPENDED").id("referral_id");
    // And when it is resumed, nothing of it flushes by itself
    world.mtuc.titian(Admin, &["peer", "resume", "mm.ctum"]).done();
    wait_until("it is connected again", PATIENCE, || {
        let peers = world.mtuc.json(Admin, &["peer", "list"]);
        (peers.exit == 0 && peers.count("queued") == 0).then_some(())
    });
    assert!(show(&world.mtuc, &referral).has_code("state", "DRAFT"));
    show(&ctum, &referral).failed(NOT_FOUND, "NOT_FOUND");
}

/// 2.9
fn recruiters_are_no_union_and_an_expired_agreement_is_none(world: &World, case: &str) {
    refused_as_peer(world, "vn.vamas", "VN", "RECRUITMENT_AGENCY_ASSOCIATION");
    // VGCL's agreement was over in January
    let vgcl = union(world, "vn.vgcl", "VN");
    let changes = [
        ("AG-MY-ID", "AG-MY-VN"),
        ("\"id.ksbsi\"", "\"vn.vgcl\""),
        ("effective_from = \"2026-01-01\"", "effective_from = \"2015-03-16\""),
        ("expires_on = \"2026-08-31\"", "expires_on = \"2026-01-31\""),
    ];
    let file = world.variant("viet-nam.toml", &changes);
    signed_and_over(world, &vgcl, &file);
    let referral = request(&world.mtuc, case, "vn.vgcl").refused("AGREEMENT_EXPIRED").id("referral_id");
    show(&vgcl, &referral).failed(NOT_FOUND, "NOT_FOUND");
    assert_eq!(road::events(&vgcl, "referral.received"), 0);
}

fn signed_and_over(world: &World, vgcl: &Union, file: &str) {
    let said = |union: &Union, verb: &str| union.titian(Admin, &["agreement", verb, "AG-MY-VN"]).done();
    world.mtuc.titian(Admin, &["agreement", "draft", file]).done();
    said(&world.mtuc, "propose");
    said(&world.mtuc, "sign");
    let state = |union: &Union| union.json(Admin, &["agreement", "show", "AG-MY-VN"]);
    wait_until("VGCL holds the text", PATIENCE, || (state(vgcl).exit == 0).then_some(()));
    said(vgcl, "sign");
    wait_until("it is over", PATIENCE, || state(&world.mtuc).has_code("state", "EXPIRED").then_some(()));
}

/// An organisation with a node of its own that may never be a peer: it is not even taken in, and nothing can be referred to it.
fn refused_as_peer(world: &World, node_id: &'static str, country: &'static str, kind: &'static str) {
    let other = world.ground.union(&Plan { kind, ..Plan::national_union(node_id, country) });
    let file = world.ground.path().join("descriptor.txt").display().to_string();
    other.titian(Admin, &["peer", "descriptor", "--out", &file]).done();
    world.mtuc.titian(Admin, &["peer", "add", &file]).refused("RECIPIENT_KIND_FORBIDDEN");
    assert!(!world.mtuc.json(Admin, &["peer", "list"]).done().names(node_id));
}

/// Each referral that was refused is one leaf with its code, and none of the leaves says of whom.
fn every_refusal_is_in_the_log(world: &World) {
    let leaves = road::leaves(&world.mtuc);
    let refused = leaves.iter().filter(|leaf| leaf["event"] == "referral.refused");
    let codes: Vec<&str> = refused.filter_map(|leaf| leaf["code"].as_str()).collect();
    for code in ["PROXY_CONSENT", "NO_AGREEMENT", "PEER_SUSPENDED", "AGREEMENT_EXPIRED"] {
        assert!(codes.contains(&code), "{code} is not in the log: {codes:?}");
    }
    for name in ["Slamet", "Leader", "Pembinaan"] {
        assert!(!leaves.iter().any(|leaf| leaf.to_string().contains(name)), "{name} is in the log");
    }
}

/// A group's referral is seen by a second person before it goes.
fn approved(world: &World, case: &str, recipient: &str) -> String {
    let referral = request(&world.mtuc, case, recipient).refused("APPROVAL_MISSING").id("referral_id");
    world.mtuc.json(Supervisor, &["referral", "approve", &referral]).done();
    world.mtuc.json(Caseworker, &["referral", "send", &referral]).done();
    referral
}

fn union(world: &World, node_id: &'static str, country: &'static str) -> Union {
    let union = world.ground.union(&Plan::national_union(node_id, country));
    befriend(&world.mtuc, &union);
    union
}

fn request(union: &Union, case: &str, recipient: &str) -> Answer {
    let words = ["--purpose", "WAGE_RECOVERY", "--categories", "CASE_CORE,EMPLOYER,CLAIM", "--services", "LEGAL_ADVICE"];
    union.json(Caseworker, &[&["referral", "request", "--case", case, "--to", recipient], &words[..]].concat())
}
