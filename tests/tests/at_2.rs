//! Acceptance scenario AT-2 of the field (`domain.md` 5): the case of 10,455 workers at one factory, split to the unions of five countries of origin.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Caseworker, Supervisor};
use titian_tests::answer::{Answer, BAD_INPUT, NOT_FOUND};
use titian_tests::node::Plan;
use titian_tests::road::{self, share, show};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, befriend, objects_with, sign_agreement, sign_agreement_called};

/// The case of the group: what five leaders told, in the words of the field's own figures.
const GROUP: &str = r#"
[case]
kind = "GROUP"
intake_kind = "COMPLAINT"
intake_channel = "NETWORK_LEADER"
complaints = ["W04"]
primary = "W04"
client_decision = "MEDIATION"

[case.employer]
role = "PRINCIPAL"
legal_name = "Kilang Contoh Sdn Bhd"
registration_no = "201901000001"
country = "MY"
sector = "MANUFACTURING"

[case.claim]
amount_minor_units = 1254600000
currency = "MYR"

[group_count]
parent_group_ref = "019cac46-0000-7000-8000-000000000001"
represented_count = 10455
registered_count = 5
"#;

#[test]
fn at_2_a_factory_split_to_five_unions() {
    let world = World::befriended();
    sign_agreement(&world.mtuc, &world.ksbsi, &sample::returnee_path());
    let sub_cases = split(&world);
    let (indonesia, nepal, bangladesh, myanmar) = (&sub_cases[1], &sub_cases[3], &sub_cases[0], &sub_cases[2]);
    aggregates_go_and_identities_do_not(&world, indonesia);
    nepal_has_its_own_agreement(&world, nepal);
    // 2.7 A union of Bangladesh is a peer, and there is no agreement with it
    let _bftuc = union(&world, "bd.bftuc", "BD");
    request(&world.mtuc, bangladesh, "bd.bftuc").refused("NO_AGREEMENT");
    a_suspended_peer_gets_nothing_later_either(&world, myanmar);
}

/// 2.1 and 2.2
fn split(world: &World) -> Vec<String> {
    let file = world.ground.file("group.toml", GROUP).display().to_string();
    let case = world.mtuc.json(Caseworker, &["case", "open", "--from", &file]).done().id("case_id");
    world.mtuc.json(Caseworker, &["record", "put", &case, "--from", &file, "--only", "group_count"]).done();
    let parts = ["BD=4200", "ID=2900", "MM=1555", "NP=1500", "VN=300"];
    let words = |parts: &[&str]| -> Vec<String> {
        let begin = ["case", "split", &case].map(str::to_owned);
        begin.into_iter().chain(parts.iter().flat_map(|part| ["--part".to_owned(), (*part).to_owned()])).collect()
    };
    let said = |parts: &[&str]| world.mtuc.json(Caseworker, &words(parts).iter().map(String::as_str).collect::<Vec<_>>());
    // The parts must be the whole
    said(&parts[..4]).failed(BAD_INPUT, "MALFORMED");
    let answer = said(&parts).done();
    let ids: Vec<String> = objects_with(&answer.json(), "case_number").into_iter().map(|one| id_of(&one, &answer)).collect();
    assert_eq!(ids.len(), 5, "{}", answer.told());
    ids
}

fn id_of(one: &serde_json::Value, answer: &Answer) -> String {
    Answer { stdout: one.to_string(), ..answer.clone() }.id("case_id")
}

/// 2.3 to 2.5
fn aggregates_go_and_identities_do_not(world: &World, case: &str) {
    // 2.3 Counts, codes, employers and sums go, and nobody's name
    let referral = approved(world, case, "id.ksbsi");
    let offer = road::arrive(&world.ksbsi, &referral);
    assert!(offer.names("2900") && offer.names("W04") && !offer.names("10455"), "{}", offer.told());
    road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
    let held = road::held(&world.ksbsi, &referral);
    assert!(held.names("Kilang Contoh") && held.names("1254600000"), "{}", held.told());
    // 2.4 A list of members does not go under it
    let member = ["record", "put", case, "identity", "full_name=Slamet", "--share-under", &referral];
    world.mtuc.json(Caseworker, &member).refused("GROUP_MEMBER_CONSENT");
    assert!(!share(&world.ksbsi, &referral).names("Slamet"));
    // 2.5 A member who consents for herself crosses under a referral of her own
    let (_, own) = road::refer_and_accept(world);
    assert!(share(&world.ksbsi, &own).names("Siti Aminah") && !share(&world.ksbsi, &referral).names("Siti Aminah"));
}

/// 2.6
fn nepal_has_its_own_agreement(world: &World, case: &str) {
    let gefont = union(world, "np.gefont", "NP");
    let file = world.variant("nepal.toml", &[("AG-MY-ID", "AG-MY-NP"), ("\"id.ksbsi\"", "\"np.gefont\"")]);
    sign_agreement_called("AG-MY-NP", &world.mtuc, &gefont, file.as_ref());
    let referral = approved(world, case, "np.gefont");
    road::arrive(&gefont, &referral);
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
