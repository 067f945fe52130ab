//! An agreement of many: who joins, joins by a word of its own, and who leaves, leaves alone (`domain.md` 2.8; spare case 16 of `protocol.md` 5).
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Caseworker};
use titian_tests::answer::{Answer, BAD_INPUT, CONFLICT};
use titian_tests::node::Plan;
use titian_tests::road::{self, arrive, consent_from, events, intake_from, request_to, show};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{AGREEMENT, World, befriend, objects_with, wait_agreement};

/// MTUC, KSBSI and GEFONT sign one text; NUPW, an affiliate of MTUC, is named in it.
struct Many {
    world: World,
    gefont: Union,
    nupw: Union,
}

impl Many {
    fn signed() -> Self {
        let world = World::befriended();
        let gefont = world.ground.union(&Plan::national_union("np.gefont", "NP"));
        let nupw = world.ground.union(&Plan { kind: "SECTORAL_UNION", ..Plan::national_union("my.nupw", "MY") });
        for (one, other) in [(&world.mtuc, &gefont), (&world.ksbsi, &gefont), (&world.mtuc, &nupw), (&world.ksbsi, &nupw)] {
            befriend(one, other);
        }
        let many = Self { world, gefont, nupw };
        let (mtuc, file) = (&many.world.mtuc, many.text());
        mtuc.titian(Admin, &["agreement", "draft", &file]).done();
        mtuc.titian(Admin, &["agreement", "propose", AGREEMENT]).done();
        mtuc.titian(Admin, &["agreement", "sign", AGREEMENT]).done();
        for other in [&many.world.ksbsi, &many.gefont] {
            wait_agreement(other, "PROPOSED");
            other.titian(Admin, &["agreement", "sign", AGREEMENT]).done();
        }
        for union in [mtuc, &many.world.ksbsi, &many.gefont] {
            wait_agreement(union, "IN_FORCE");
        }
        many
    }

    /// The sample, with annexes from MTUC to GEFONT and from NUPW to KSBSI besides.
    fn text(&self) -> String {
        let sample = std::fs::read_to_string(sample::returnee()).expect("the sample is there");
        let annex = sample.split("[[annex]]").nth(1).expect("the sample has an annex");
        let further = |id: &str, from: &str, to: &str| {
            let annex = annex.replace("\"MY-ID-1\"", &format!("\"{id}\"")).replace("\"my.mtuc\"", &format!("\"{from}\""));
            format!("[[annex]]{}", annex.replace("\"id.ksbsi\"", &format!("\"{to}\"")))
        };
        let annexes = further("MY-NP-1", "my.mtuc", "np.gefont") + &further("NUPW-ID-1", "my.nupw", "id.ksbsi");
        let text = sample
            .replace(
                "parties = [\"my.mtuc\", \"id.ksbsi\"]",
                "parties = [{ node_id = \"my.mtuc\", affiliates = [\"my.nupw\"] }, \"id.ksbsi\", \"np.gefont\"]",
            )
            .replace("kind = \"BILATERAL\"", "kind = \"MULTILATERAL\"")
            .replacen("[[annex]]", &format!("{annexes}[[annex]]"), 1);
        self.world.ground.file("many.toml", &text).display().to_string()
    }
}

#[test]
fn an_affiliate_joins_by_its_own_word_and_leaves_alone() {
    let Many { world, gefont, nupw } = Many::signed();
    // Given a worker of NUPW, whom her union's confederation's signature does not cover
    let referral = request(&nupw, &world).refused("NO_AGREEMENT").id("referral_id");
    // When NUPW takes the text in: it is named there, and that is not yet a word of its own
    let file = world.ground.path().join("many.agreement").display().to_string();
    world.mtuc.titian(Admin, &["agreement", "export", AGREEMENT, "--out", &file]).done();
    nupw.titian(Admin, &["agreement", "import", &file]).failed(BAD_INPUT, "MALFORMED");
    befriend(&nupw, &gefont);
    nupw.titian(Admin, &["agreement", "import", &file]).done();
    nupw.json(Caseworker, &["referral", "send", &referral]).refused("NO_AGREEMENT");
    nupw.json(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]).refused("NOT_A_PARTY");
    // And when it joins
    let joined = nupw.json(Admin, &["agreement", "accede", AGREEMENT]).done();
    assert!(joined.names("my.nupw"), "{}", joined.told());
    // Then the others know it by its own word, their logs say so, and its worker's case goes
    for union in [&world.mtuc, &world.ksbsi] {
        wait_until("NUPW has joined", PATIENCE, || joined_at(union, "my.nupw").then_some(()));
        assert!(events(union, "mou.amended") == 1, "{} logs that it is more", union.id());
    }
    nupw.json(Caseworker, &["referral", "send", &referral]).done();
    arrive(&world.ksbsi, &referral);
    nupw.json(Admin, &["agreement", "accede", AGREEMENT]).failed(CONFLICT, "WRONG_STATE");
    // When it stops for itself
    nupw.json(Admin, &["agreement", "suspend", AGREEMENT, "--reason", "SAFETY"]).done();
    // Then nothing of NUPW goes, and its confederation goes on
    request(&nupw, &world).refused("AGREEMENT_SUSPENDED");
    wait_until("KSBSI has heard of it", PATIENCE, || suspended_at(&world.ksbsi, "my.nupw").then_some(()));
    let other = request(&world.mtuc, &world).done().id("referral_id");
    arrive(&world.ksbsi, &other);
}

#[test]
fn one_party_leaves_and_the_others_go_on() {
    let Many { world, gefont, nupw: _nupw } = Many::signed();
    let before = ask(&world.mtuc, &world, "np.gefont").done().id("referral_id");
    arrive(&gefont, &before);
    // When GEFONT leaves, and yesterday was its last day
    let leave = ["agreement", "terminate", AGREEMENT, "--on", "2026-03-01", "--reason", "UNION_DECISION"];
    gefont.titian(Admin, &leave).done();
    // Then nothing new goes to it from the moment at which the others hear of it
    wait_until("MTUC has heard of it", PATIENCE, || {
        let said = ask(&world.mtuc, &world, "np.gefont");
        (said.exit != 0 && said.names("AGREEMENT_NOT_IN_FORCE")).then_some(())
    });
    // And between MTUC and KSBSI all is as it was
    let other = request(&world.mtuc, &world).done().id("referral_id");
    arrive(&world.ksbsi, &other);
    // And what GEFONT was offered can still be closed
    road::act(&gefont, &["referral", "reject", &before, "--reason", "NO_CAPACITY"]).done();
    wait_until("MTUC knows", PATIENCE, || show(&world.mtuc, &before).has_code("state", "REJECTED").then_some(()));
}

/// A referral to KSBSI for a worker of this union.
fn request(union: &Union, world: &World) -> Answer {
    ask(union, world, "id.ksbsi")
}

fn ask(union: &Union, world: &World, recipient: &str) -> Answer {
    let file = world
        .variant(&format!("{}-{recipient}.toml", union.id()), &[("recipient = \"id.ksbsi\"", &format!("recipient = \"{recipient}\""))]);
    let intake = intake_from(union, &file);
    consent_from(union, &intake, &file).done();
    request_to(union, &intake, recipient, sample::CATEGORIES)
}

fn party_at(union: &Union, node_id: &str) -> Option<serde_json::Value> {
    let shown = union.json(Admin, &["agreement", "show", AGREEMENT]).done();
    objects_with(&shown.json(), "node_id").into_iter().find(|party| party["nodeId"] == node_id)
}

fn joined_at(union: &Union, node_id: &str) -> bool {
    party_at(union, node_id).is_some_and(|party| party["onBehalfOf"] == "my.mtuc")
}

fn suspended_at(union: &Union, node_id: &str) -> bool {
    party_at(union, node_id).is_some_and(|party| party["suspended"] == true)
}
