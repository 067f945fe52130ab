//! What a worker took back stays taken back (`protocol.md` 5, case 5): after every union's receipt, every envelope that ever carried it comes once more,
//! and the union in the middle comes back with last month's backup. Nothing of hers is anywhere.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use titian_tests::account::Account::{Admin, Auditor, Caseworker, FocalPoint};
use titian_tests::backup::Backup;
use titian_tests::node::Plan;
use titian_tests::road::{self, Intake, act, arrive, held, share, show};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, befriend, objects_with, sign_agreement_called};

/// A month in hours.
const MONTH: i64 = 30 * 24;

#[test]
fn neither_old_envelopes_nor_last_months_backup_bring_back_what_she_took_back() {
    // Given a claim that MTUC gave to KSBSI and KSBSI to CLC, all of it on sticks that somebody kept; and a backup of KSBSI's
    let mut chain = Chain::of_three();
    let backup = chain.claim_goes_from_hand_to_hand();
    // And a month later lines between all of them, over which she takes everything back, and every union says that it is destroyed
    chain.a_month_later(true);
    chain.she_takes_it_back();
    chain.nothing_is_back();
    // When every old envelope comes again, then nothing is back
    chain.every_old_envelope_comes_again();
    chain.nothing_is_back();
    // And when KSBSI's disk is lost, last month's backup stands in its place, and every old envelope comes once more, then nothing is back
    let ksbsi = &mut chain.world.ksbsi;
    backup.replaces_the_folder(ksbsi);
    ksbsi.node.set_dials(true);
    ksbsi.node.set_clock_later(MONTH);
    backup.is_imported(ksbsi);
    chain.nothing_waits();
    chain.nothing_is_back();
    chain.every_old_envelope_comes_again();
    chain.nothing_waits();
    chain.nothing_is_back();
    // Nor after every node has been started again
    for union in chain.unions() {
        union.node.stop();
        union.node.start();
    }
    chain.nothing_is_back();
}

#[test]
fn no_consent_comes_back_with_a_backup() {
    // Given two workers of KSBSI's whose claims MTUC holds, and a backup of KSBSI's
    let mut world = World::in_force();
    [Admin, Caseworker, FocalPoint, Auditor].into_iter().for_each(|account| world.ksbsi.admit(account));
    let [all, claim] = [(); 2].map(|()| claim_at_mtuc(&world));
    nothing_waits_at(&[&world.mtuc, &world.ksbsi]);
    let backup = Backup::of(&mut world.ksbsi, world.ground.path().join("last-month"));
    // When the one takes everything back and the other her claim, KSBSI's disk is lost, and the backup stands in its place
    let withdraw = ["consent", "withdraw", "--action", "ERASE", "--worker"];
    world.ksbsi.json(Caseworker, &[&withdraw[..], &[&all.0.worker]].concat()).done();
    world.ksbsi.json(Caseworker, &[&withdraw[..], &[&claim.0.worker, "--categories", "CLAIM"]].concat()).done();
    road::state(&world.mtuc, &all.1, "CONSENT_WITHDRAWN");
    wait_until("MTUC holds no claim", PATIENCE, || (!share(&world.mtuc, &claim.1).names("600000")).then_some(()));
    nothing_waits_at(&[&world.mtuc, &world.ksbsi]);
    backup.replaces_the_folder(&mut world.ksbsi);
    backup.is_imported(&mut world.ksbsi);
    // Then KSBSI knows again what both said
    road::state(&world.ksbsi, &all.1, "CONSENT_WITHDRAWN");
    wait_until("KSBSI knows of both", PATIENCE, || {
        (world.ksbsi.node.telemetry().matches("\"withdrawal.known-again\"").count() >= 2).then_some(())
    });
    nothing_waits_at(&[&world.mtuc, &world.ksbsi]);
    // And nothing of it goes under what they had allowed: MTUC had nothing to refuse, holds no claim, and what is still allowed stays
    for (intake, _) in [&all, &claim] {
        road::request_to(&world.ksbsi, intake, "my.mtuc", "CASE_CORE,CLAIM").refused("CONSENT_WITHDRAWN");
    }
    assert_eq!(road::events(&world.mtuc, "referral.refused"), 0, "nothing of it left KSBSI");
    assert!(!share(&world.mtuc, &claim.1).done().names("600000") && show(&world.mtuc, &claim.1).count("records_held") > 0);
    road::state(&world.ksbsi, &claim.1, "ACCEPTED");
}

/// A worker of KSBSI's whose claim MTUC holds.
fn claim_at_mtuc(world: &World) -> (Intake, String) {
    let intake = road::intake(&world.ksbsi);
    let consent = world.ground.file("consent-back.toml", &sample::consent_back()).display().to_string();
    road::consent_from(&world.ksbsi, &intake, &consent).done();
    let referral = road::request_to(&world.ksbsi, &intake, "my.mtuc", "CASE_CORE,CLAIM").done().id("referral_id");
    arrive(&world.mtuc, &referral);
    act(&world.mtuc, &["referral", "accept", &referral]).done();
    assert!(held(&world.mtuc, &referral).names("600000"));
    (intake, referral)
}

fn nothing_waits_at(unions: &[&Union]) {
    for union in unions {
        wait_until(&format!("nothing waits at {}", union.id()), PATIENCE, || {
            let peers = objects_with(&union.json(Admin, &["peer", "list"]).done().json(), "node_id");
            let queued = |peer: &serde_json::Value| peer.get("queued").is_some_and(|queued| queued != "0" && queued != 0);
            peers.iter().all(|peer| peer["connected"] == true && !queued(peer)).then_some(())
        });
    }
}

/// Three unions in a row, and the sticks that went between them.
struct Chain {
    world: World,
    clc: Union,
    worker: String,
    /// From MTUC to KSBSI.
    referral: String,
    /// From KSBSI to CLC.
    onward: String,
    /// Files, each with the union that it is for.
    sticks: Vec<(&'static str, String)>,
}

impl Chain {
    /// Agreements between each two neighbours; after that there is no line.
    fn of_three() -> Self {
        let world = World::in_force();
        let clc = world.ground.union(&Plan::clc());
        befriend(&world.ksbsi, &clc);
        let changes = [
            ("id = \"AG-MY-ID\"", "id = \"AG-ID-KH\""),
            ("\"id.ksbsi\"", "\"kh.clc\""),
            ("\"my.mtuc\"", "\"id.ksbsi\""),
            ("id = \"MY-ID-1\"", "id = \"ID-KH-1\""),
            ("id = \"ID-MY-1\"", "id = \"KH-ID-1\""),
        ];
        sign_agreement_called("AG-ID-KH", &world.ksbsi, &clc, world.variant("ksbsi-clc.toml", &changes).as_ref());
        for union in [&world.mtuc, &world.ksbsi, &clc] {
            // Accounts that were made after the backup would be lost with the disk.
            [Admin, Caseworker, FocalPoint, Auditor].into_iter().for_each(|account| union.admit(account));
        }
        let (worker, referral, onward, sticks) = (String::new(), String::new(), String::new(), Vec::new());
        let mut chain = Self { world, clc, worker, referral, onward, sticks };
        chain.nothing_waits();
        chain.a_month_later(false);
        chain
    }

    fn unions(&mut self) -> [&mut Union; 3] {
        [&mut self.world.mtuc, &mut self.world.ksbsi, &mut self.clc]
    }

    /// Every clock goes on; from now on there is a line, or there is none.
    fn a_month_later(&mut self, line: bool) {
        for union in self.unions() {
            union.node.stop();
            union.node.set_dials(line);
        }
        for union in self.unions() {
            union.later(if line { MONTH } else { 1 });
        }
    }

    /// A stick goes from one to the other, and is kept.
    fn carry(&mut self, from: &str, to: &'static str) {
        let file = self.world.ground.path().join(format!("stick-{}", self.sticks.len())).display().to_string();
        self.union(from).json(FocalPoint, &["bundle", "export", "--peer", to, "--out", &file]).done();
        self.union(to).json(FocalPoint, &["bundle", "import", &file]).done();
        self.sticks.push((to, file));
    }

    fn union(&self, id: &str) -> &Union {
        [&self.world.mtuc, &self.world.ksbsi, &self.clc].into_iter().find(|union| union.id() == id).expect("one of the three")
    }

    fn claim_goes_from_hand_to_hand(&mut self) -> Backup {
        let (intake, referral) = road::refer(&self.world);
        self.carry("my.mtuc", "id.ksbsi");
        arrive(&self.world.ksbsi, &referral);
        act(&self.world.ksbsi, &["referral", "accept", &referral]).done();
        self.carry("id.ksbsi", "my.mtuc");
        self.carry("my.mtuc", "id.ksbsi");
        held(&self.world.ksbsi, &referral);
        self.onward = self.pass_on(&referral);
        self.carry("id.ksbsi", "kh.clc");
        arrive(&self.clc, &self.onward);
        act(&self.clc, &["referral", "accept", &self.onward]).done();
        self.carry("kh.clc", "id.ksbsi");
        self.carry("id.ksbsi", "kh.clc");
        held(&self.clc, &self.onward);
        let backup = Backup::of(&mut self.world.ksbsi, self.world.ground.path().join("last-month"));
        // And something that the backup does not know
        let put = ["record", "put", &intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
        self.world.mtuc.json(Caseworker, &put).done();
        self.carry("my.mtuc", "id.ksbsi");
        assert!(share(&self.world.ksbsi, &referral).names("WAGES_PAID"));
        (self.worker, self.referral) = (intake.worker, referral);
        backup
    }

    /// KSBSI refers her claim to CLC, for whom she consents.
    fn pass_on(&self, referral: &str) -> String {
        let ksbsi = &self.world.ksbsi;
        let case = show(ksbsi, referral).id("case_id");
        let changes = [
            ("recipient = \"id.ksbsi\"", "recipient = \"kh.clc\"\ndestination_country = \"KH\""),
            // CLC serves members.
            ("\"EMPLOYER\", \"CLAIM\"]\nmethod", "\"EMPLOYER\", \"CLAIM\", \"UNION_MEMBERSHIP\"]\nmethod"),
        ];
        let consent = self.world.variant("for-clc.toml", &changes);
        ksbsi.json(Caseworker, &["consent", "record", "--referral", referral, "--from", &consent]).done();
        let facts = self.world.ground.file("facts.toml", sample::FACTS).display().to_string();
        for only in ["complaint", "journey", "claim"] {
            ksbsi.json(Caseworker, &["record", "put", &case, "--from", &facts, "--only", only]).done();
        }
        let words =
            ["referral", "request", "--case", &case, "--to", "kh.clc", "--purpose", "WAGE_RECOVERY", "--categories", "CASE_CORE,CLAIM"];
        ksbsi.json(Caseworker, &words).done().id("referral_id")
    }

    fn she_takes_it_back(&self) {
        self.world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &self.worker, "--action", "ERASE"]).done();
        wait_until("MTUC has the receipts of both", PATIENCE, || {
            let told = self.world.mtuc.titian(Caseworker, &["erasure", "list"]);
            (told.exit == 0 && told.names("1 of 1")).then_some(())
        });
        self.nothing_waits();
    }

    /// Each in its old order; what a node makes of it is not asked.
    fn every_old_envelope_comes_again(&self) {
        for (to, file) in &self.sticks {
            let told = self.union(to).json(FocalPoint, &["bundle", "import", file]);
            assert!(told.exit != 0 || told.count("applied") == 0, "nothing of it is taken in anew: {}", told.told());
        }
    }

    fn nothing_is_back(&self) {
        for (union, referral) in [(&self.world.ksbsi, &self.referral), (&self.clc, &self.onward)] {
            let shown = road::state(union, referral, "CONSENT_WITHDRAWN");
            wait_until(&format!("{} holds nothing", union.id()), PATIENCE, || {
                (show(union, referral).count("records_held") == 0).then_some(())
            });
            let told = share(union, referral);
            let hers = ["Siti Aminah", "600000", "WAGES_PAID"].into_iter().find(|hers| told.names(hers) || shown.names(hers));
            assert_eq!(hers, None, "something of hers is back at {}", union.id());
        }
    }

    fn nothing_waits(&self) {
        nothing_waits_at(&[&self.world.mtuc, &self.world.ksbsi, &self.clc]);
    }
}
