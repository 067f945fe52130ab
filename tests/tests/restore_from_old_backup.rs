//! KSBSI's node dies with its disk and comes back from a backup that is older than what it sent and received since. The unions send it again what it
//! lost; nothing is done twice because of it, no number is used twice, and what was withdrawn stays withdrawn, also where only the lost days knew.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::collections::{BTreeMap, BTreeSet};

use titian_tests::account::Account::{Admin, Auditor, Caseworker};
use titian_tests::answer::{Answer, NOT_FOUND};
use titian_tests::backup::Backup;
use titian_tests::road::{self, Intake, act, arrive, events, held, leaves, share, show, state};
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, objects_with};

/// What KSBSI may share with MTUC by the sample's annex.
const CATEGORIES_BACK: &str = "CASE_CORE,CLAIM";

#[test]
fn restore_from_old_backup() {
    // Given a backup of KSBSI's node, and days of work after it in both directions
    let mut days = Days::until_the_backup();
    days.go_on();
    let before = Known::of(&days.world);
    let lost = days.lost_transfers();
    // When the disk is lost, and somebody first starts the old folder as it was
    days.disk_is_lost();
    days.old_folder_is_turned_away();
    // And then imports the backup into a new one
    days.backup_is_imported();
    // Then KSBSI has again what it lost, and nothing that was withdrawn
    days.what_was_lost_is_back();
    days.what_was_withdrawn_stays_withdrawn();
    // And nothing was done a second time because of it, every receipt is the one that was given before, and both logs agree
    days.nothing_was_done_twice(&before);
    days.logs_reconcile(&lost);
    // And the new life goes on with numbers that nobody has seen
    days.new_numbers_follow_the_old();
}

#[test]
fn what_staff_do_before_the_others_are_heard_takes_no_number_that_was_used() {
    // Given a backup of KSBSI's node; after it MTUC got a change of a record, and the acceptance of a referral
    let mut world = World::in_force();
    let shared = refer_back(&world);
    act(&world.mtuc, &["referral", "accept", &shared.referral]).done();
    held(&world.mtuc, &shared.referral);
    let answered: Road = road::refer(&world).into();
    arrive(&world.ksbsi, &answered.referral);
    let backup = backup_of_ksbsi(&mut world);
    change_claim(&world.ksbsi, &shared, "610000");
    wait_until("MTUC holds the change", PATIENCE, || share(&world.mtuc, &shared.referral).names("610000").then_some(()));
    act(&world.ksbsi, &["referral", "accept", &answered.referral]).done();
    held(&world.ksbsi, &answered.referral);
    nothing_waits(&world);
    // When KSBSI comes back while MTUC's node is away, and its staff change the same record and answer the same referral
    world.mtuc.node.stop();
    backup.replaces_the_folder(&mut world.ksbsi);
    backup.is_imported(&mut world.ksbsi);
    change_claim(&world.ksbsi, &shared, "630000");
    act(&world.ksbsi, &["referral", "reject", &answered.referral, "--reason", "NO_CAPACITY"]).done();
    world.mtuc.node.start();
    // Then the new change is not taken for the one that was lost
    wait_until("MTUC holds the newest change", PATIENCE, || share(&world.mtuc, &shared.referral).names("630000").then_some(()));
    // And what MTUC was told first stands: both see the referral the same way, and the share with it
    nothing_waits(&world);
    state(&world.ksbsi, &answered.referral, "ACCEPTED");
    state(&world.mtuc, &answered.referral, "ACCEPTED");
    assert!(held(&world.ksbsi, &answered.referral).names("Siti Aminah"));
}

#[test]
fn what_staff_do_on_an_older_copy_of_the_folder_is_not_lost() {
    // Given KSBSI's old folder in the place of the newer one; what MTUC got since then took the next places of every lane
    let mut world = World::in_force();
    let [shared, withdrawing, withdrawn] = [(); 3].map(|()| {
        let road = refer_back(&world);
        act(&world.mtuc, &["referral", "accept", &road.referral]).done();
        held(&world.mtuc, &road.referral);
        road
    });
    let backup = backup_of_ksbsi(&mut world);
    change_claim(&world.ksbsi, &shared, "610000");
    drop(refer_back(&world));
    withdraw(&world.ksbsi, &["--worker", &withdrawn.intake.worker]);
    state(&world.mtuc, &withdrawn.referral, "CONSENT_WITHDRAWN");
    nothing_waits(&world);
    backup.replaces_the_folder(&mut world.ksbsi);
    // When staff work on it before IT reads why there is no link: a change, a referral, and a worker who withdraws
    world.ksbsi.node.start();
    change_claim(&world.ksbsi, &shared, "630000");
    let referred = request_back(&world);
    withdraw(&world.ksbsi, &["--worker", &withdrawing.intake.worker]);
    // And IT does as it is told: this copy begins a new life
    world.ksbsi.node.stop();
    let lines = world.ksbsi.node.export().done().stdout;
    Backup { lines, ..backup }.is_imported(&mut world.ksbsi);
    // Then all three reach MTUC, and nothing waits for ever
    state(&world.mtuc, &withdrawing.referral, "CONSENT_WITHDRAWN");
    arrive(&world.mtuc, &referred.referral);
    wait_until("MTUC holds the newest change", PATIENCE, || share(&world.mtuc, &shared.referral).names("630000").then_some(()));
    nothing_waits(&world);
    assert!(world.ksbsi.node.telemetry().contains("\"envelope.displaced\""), "the places were taken, or this tests nothing");
    // And the worker who withdrew in the lost days has withdrawn
    state(&world.ksbsi, &withdrawn.referral, "CONSENT_WITHDRAWN");
}

/// Two unions, and the workers of this story. Each referral goes from MTUC to KSBSI where nothing else is said.
struct Days {
    world: World,
    backup: Backup,
    /// In progress since the lost days, with an outcome.
    kept: Road,
    /// She withdraws at MTUC in the lost days.
    withdrawn_at_mtuc: Road,
    /// She withdraws at KSBSI in the lost days: of all unions, only MTUC still knows.
    withdrawn_at_ksbsi: Road,
    /// From KSBSI to MTUC; accepted and shared in the lost days.
    back: Road,
    /// Referred in the lost days.
    new: Option<Road>,
    /// Referred and withdrawn in the lost days.
    new_and_withdrawn: Option<Road>,
    /// From KSBSI to MTUC, all of it in the lost days: the worker's case too.
    forgotten: Option<Road>,
    /// Referred while KSBSI's node is away.
    waiting: Option<Road>,
}

/// A worker, and her referral.
#[derive(Clone)]
struct Road {
    intake: Intake,
    referral: String,
}

impl From<(Intake, String)> for Road {
    fn from((intake, referral): (Intake, String)) -> Self {
        Self { intake, referral }
    }
}

impl Days {
    fn until_the_backup() -> Self {
        let mut world = World::in_force();
        let kept = road::refer_and_accept(&world).into();
        let withdrawn_at_mtuc = road::refer_and_accept(&world).into();
        let withdrawn_at_ksbsi = road::refer_and_accept(&world).into();
        let back = refer_back(&world);
        world.ksbsi.admit(Auditor); // an account of the lost days would be lost
        let backup = backup_of_ksbsi(&mut world);
        let (new, new_and_withdrawn, forgotten, waiting) = (None, None, None, None);
        Self { world, backup, kept, withdrawn_at_mtuc, withdrawn_at_ksbsi, back, new, new_and_withdrawn, forgotten, waiting }
    }

    fn go_on(&mut self) {
        let Self { world, kept, withdrawn_at_mtuc, withdrawn_at_ksbsi, back, .. } = self;
        let World { mtuc, ksbsi, .. } = world;
        // What stood in the backup goes on
        act(ksbsi, &["referral", "start", &kept.referral]).done();
        state(mtuc, &kept.referral, "IN_PROGRESS");
        put_outcome(mtuc, kept);
        wait_until("KSBSI holds the outcome", PATIENCE, || share(ksbsi, &kept.referral).names("WAGES_PAID").then_some(()));
        act(mtuc, &["referral", "accept", &back.referral]).done();
        held(mtuc, &back.referral);
        change_claim(ksbsi, back, "610000");
        wait_until("MTUC holds the change", PATIENCE, || share(mtuc, &back.referral).names("610000").then_some(()));
        // Two workers withdraw
        withdraw(mtuc, &["--worker", &withdrawn_at_mtuc.intake.worker]);
        withdraw(ksbsi, &["--referral", &withdrawn_at_ksbsi.referral]);
        for road in [&*withdrawn_at_mtuc, withdrawn_at_ksbsi] {
            state(ksbsi, &road.referral, "CONSENT_WITHDRAWN");
            state(mtuc, &road.referral, "CONSENT_WITHDRAWN");
        }
        // And there are new cases
        let new: Road = road::refer_and_accept(world).into();
        act(&world.ksbsi, &["referral", "start", &new.referral]).done();
        state(&world.mtuc, &new.referral, "IN_PROGRESS");
        let new_and_withdrawn: Road = road::refer_and_accept(world).into();
        withdraw(&world.mtuc, &["--worker", &new_and_withdrawn.intake.worker]);
        state(&world.ksbsi, &new_and_withdrawn.referral, "CONSENT_WITHDRAWN");
        let forgotten = refer_back(world);
        act(&world.mtuc, &["referral", "accept", &forgotten.referral]).done();
        held(&world.mtuc, &forgotten.referral);
        state(&world.ksbsi, &forgotten.referral, "ACCEPTED");
        (self.new, self.new_and_withdrawn, self.forgotten) = (Some(new), Some(new_and_withdrawn), Some(forgotten));
        nothing_waits(&self.world);
    }

    /// What KSBSI's log tells of the lost days, and no backup does: its own transfers since then.
    fn lost_transfers(&self) -> BTreeSet<String> {
        let own = leaves(&self.world.ksbsi).into_iter().skip(self.backup.log_size()).filter(is_sent);
        own.map(|leaf| leaf["xfer"].to_string()).collect()
    }

    fn disk_is_lost(&mut self) {
        self.backup.replaces_the_folder(&mut self.world.ksbsi);
    }

    fn old_folder_is_turned_away(&mut self) {
        // Given a referral that waits for KSBSI
        self.waiting = Some(road::refer(&self.world).into());
        self.world.ksbsi.node.start();
        // Then both unions' IT read what is wrong and what to do
        for union in [&self.world.mtuc, &self.world.ksbsi] {
            wait_until(&format!("{} says why there is no link", union.id()), PATIENCE, || {
                let problem = peers(union).find("link_problem").map(|problem| problem.to_string()).unwrap_or_default();
                (problem.contains("older copy of its database") && problem.contains("new life")).then_some(())
            });
        }
        // And the referral still waits
        assert_eq!(peers(&self.world.mtuc).count("queued"), 1);
        show(&self.world.ksbsi, &self.waiting.as_ref().expect("referred").referral).failed(NOT_FOUND, "NOT_FOUND");
        self.world.ksbsi.node.stop();
    }

    fn backup_is_imported(&mut self) {
        self.backup.is_imported(&mut self.world.ksbsi);
        let mtuc = &self.world.mtuc;
        wait_until("MTUC has noticed", PATIENCE, || (peers(mtuc).count("restores") == 1).then_some(()));
        nothing_waits(&self.world);
    }

    fn what_was_lost_is_back(&self) {
        let Self { world: World { mtuc, ksbsi, .. }, kept, back, forgotten, .. } = self;
        let new = self.new.as_ref().expect("referred");
        for road in [kept, new] {
            state(ksbsi, &road.referral, "IN_PROGRESS");
            wait_until("both hold the same", PATIENCE, || {
                let (here, there) = (show(mtuc, &road.referral), show(ksbsi, &road.referral));
                (there.count("records_held") == here.count("records_shared")).then_some(())
            });
            assert!(share(ksbsi, &road.referral).done().names("Siti Aminah"));
        }
        assert!(share(ksbsi, &kept.referral).names("WAGES_PAID"));
        state(ksbsi, &back.referral, "ACCEPTED");
        arrive(ksbsi, &self.waiting.as_ref().expect("referred").referral);
        // What was KSBSI's alone is not anybody's to give back; MTUC keeps what it got of it.
        let forgotten = &forgotten.as_ref().expect("referred").referral;
        show(ksbsi, forgotten).failed(NOT_FOUND, "NOT_FOUND");
        assert!(show(mtuc, forgotten).done().count("records_held") > 0);
    }

    fn what_was_withdrawn_stays_withdrawn(&self) {
        let Self { world: World { mtuc, ksbsi, .. }, withdrawn_at_mtuc, withdrawn_at_ksbsi, .. } = self;
        for road in [withdrawn_at_mtuc, withdrawn_at_ksbsi] {
            let shown = state(ksbsi, &road.referral, "CONSENT_WITHDRAWN");
            assert!(shown.find("frozen").is_some_and(|frozen| frozen == true), "{}", shown.told());
            assert!(!share(ksbsi, &road.referral).names("Siti Aminah"), "a frozen share is not shown");
            state(mtuc, &road.referral, "CONSENT_WITHDRAWN");
        }
        // Of whom the backup did not know, nothing came back at all
        show(ksbsi, &self.new_and_withdrawn.as_ref().expect("referred").referral).failed(NOT_FOUND, "NOT_FOUND");
    }

    fn nothing_was_done_twice(&self, before: &Known) {
        let after = Known::of(&self.world);
        // Of all that came again nothing made KSBSI send anything: the one thing new to MTUC is that the referral which waited was looked at.
        assert_eq!(after.received_at_mtuc, before.received_at_mtuc + 1, "MTUC was told nothing a second time");
        assert_eq!(after.sent_at_mtuc, before.sent_at_mtuc + 1, "and says nothing again but what waited");
        let settled = self.world.mtuc.table("settled/");
        assert!(before.receipts.iter().all(|(place, receipt)| settled.get(place) == Some(receipt)), "a receipt is the same for ever");
        let given = self.world.ksbsi.table("inbox/");
        assert_eq!(settled.into_values().collect::<Vec<_>>(), given.into_values().collect::<Vec<_>>(), "and KSBSI holds the same");
        assert!(!peers(&self.world.mtuc).names("quarantinedSinceMs"), "no place of a chain was used twice");
    }

    /// Whatever the one sent stands once in the log of the other, which cites the sender's own leaf; except what the sender's log lost.
    fn logs_reconcile(&self, lost: &BTreeSet<String>) {
        let World { mtuc, ksbsi, .. } = &self.world;
        let (at_mtuc, at_ksbsi) = (Crossed::of(mtuc), Crossed::of(ksbsi));
        assert_eq!(events(ksbsi, "restore.performed"), 1, "KSBSI's log says that it was restored");
        assert_eq!(at_mtuc.sent, at_ksbsi.received, "all that MTUC sent is at KSBSI, once");
        let known = &at_ksbsi.sent;
        let unknown: BTreeSet<String> = at_mtuc.received.difference(known).cloned().collect();
        assert!(known.is_subset(&at_mtuc.received), "all that KSBSI knows of having sent is at MTUC");
        assert_eq!(&unknown, lost, "and what is only at MTUC is what was sent in the lost days");
        let channels: Vec<String> = leaves(mtuc).iter().filter(|leaf| is_received(leaf)).map(|leaf| leaf["chan"].to_string()).collect();
        assert_eq!(channels.iter().collect::<BTreeSet<_>>().len(), channels.len(), "no number of what crossed is given twice");
    }

    fn new_numbers_follow_the_old(&self) {
        let Self { world, back, kept, .. } = self;
        let World { mtuc, ksbsi, .. } = world;
        // A change of a record that MTUC already holds in a later revision than the backup's
        change_claim(ksbsi, back, "620000");
        wait_until("MTUC holds the newest change", PATIENCE, || share(mtuc, &back.referral).names("620000").then_some(()));
        // A state after one that was lost
        act(ksbsi, &["referral", "complete", &kept.referral, "--outcome", "SERVICE_GIVEN"]).done();
        state(mtuc, &kept.referral, "COMPLETED");
        // And whole new roads in both directions
        drop(road::refer_and_accept(world));
        arrive(mtuc, &refer_back(world).referral);
        nothing_waits(world);
    }
}

/// A backup of KSBSI's node while nothing is on its way.
fn backup_of_ksbsi(world: &mut World) -> Backup {
    nothing_waits(world);
    Backup::of(&mut world.ksbsi, world.ground.path().join("old-folder"))
}

/// What was known before the disk was lost.
struct Known {
    received_at_mtuc: usize,
    sent_at_mtuc: usize,
    /// KSBSI's receipts at MTUC.
    receipts: BTreeMap<String, String>,
}

impl Known {
    fn of(world: &World) -> Self {
        nothing_waits(world);
        let (sent, received) = Crossed::counts(&world.mtuc);
        Self { received_at_mtuc: received, sent_at_mtuc: sent, receipts: world.mtuc.table("settled/") }
    }
}

/// The transfers that a union's log names, each with the commitment to what was in it.
struct Crossed {
    sent: BTreeSet<String>,
    received: BTreeSet<String>,
}

impl Crossed {
    fn of(union: &Union) -> Self {
        let (sent, received): (Vec<_>, Vec<_>) = leaves(union).into_iter().filter(|leaf| !leaf["xfer"].is_null()).partition(is_sent);
        let received: Vec<_> = received.into_iter().filter(is_received).collect();
        let set = |leaves: Vec<serde_json::Value>| {
            let transfers: BTreeSet<String> = leaves.iter().map(|leaf| leaf["xfer"].to_string()).collect();
            assert_eq!(transfers.len(), leaves.len(), "{} has a transfer twice in its log", union.id());
            transfers
        };
        Self { sent: set(sent), received: set(received) }
    }

    /// Without receipts of erasure: what came back with a backup is destroyed again, and KSBSI says so.
    fn counts(union: &Union) -> (usize, usize) {
        let other = |leaf: &&serde_json::Value| leaf["event"] != "erase.acked";
        let leaves = leaves(union);
        let leaves: Vec<_> = leaves.iter().filter(other).collect();
        (leaves.iter().filter(|leaf| is_sent(leaf)).count(), leaves.iter().filter(|leaf| is_received(leaf)).count())
    }
}

/// A leaf of something that this node sent: it cites no leaf of the peer.
fn is_sent(leaf: &serde_json::Value) -> bool {
    !leaf["xfer"].is_null() && leaf["peer_leaf"].is_null()
}

/// A leaf of something that arrived, whatever became of it.
fn is_received(leaf: &serde_json::Value) -> bool {
    !leaf["xfer"].is_null() && !leaf["peer_leaf"].is_null() && leaf["event"] != "referral.acked"
}

/// A worker of KSBSI's, with her consent, and her referral to MTUC, where it has arrived.
fn refer_back(world: &World) -> Road {
    let road = request_back(world);
    arrive(&world.mtuc, &road.referral);
    state(&world.ksbsi, &road.referral, "RECEIVED");
    road
}

/// As [`refer_back`], whether it arrives or not.
fn request_back(world: &World) -> Road {
    let World { mtuc, ksbsi, ground } = world;
    let intake = road::intake(ksbsi);
    let consent = ground.file("consent-back.toml", &sample::consent_back()).display().to_string();
    road::consent_from(ksbsi, &intake, &consent).done();
    let referral = road::request_to(ksbsi, &intake, mtuc.id(), CATEGORIES_BACK).done().id("referral_id");
    Road { intake, referral }
}

fn put_outcome(union: &Union, road: &Road) {
    let put = ["record", "put", &road.intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &road.referral];
    union.json(Caseworker, &put).done();
}

/// Puts another amount into the claim of a case.
fn change_claim(union: &Union, road: &Road, amount: &str) {
    let records = union.json(Caseworker, &["record", "list", &road.intake.case]).done();
    let claim = objects_with(&records.json(), "revision").into_iter().find(|record| record["content"]["claim"].is_object());
    let claim = claim.unwrap_or_else(|| panic!("the case has no claim: {}", records.told()));
    let one = Answer { stdout: claim.to_string(), ..records };
    let words =
        [format!("amount_minor_units={amount}"), "currency=MYR".into(), "period_from=2025-06-01".into(), "period_to=2025-12-15".into()];
    let (record, revision) = (one.id("record_id"), one.count("revision").to_string());
    let mut put = vec!["record", "put", &road.intake.case, "claim"];
    put.extend(words.iter().map(String::as_str));
    put.extend(["--record", &record, "--revision", &revision, "--share-under", &road.referral]);
    union.json(Caseworker, &put).done();
}

fn withdraw(union: &Union, whose: &[&str]) {
    union.json(Caseworker, &[&["consent", "withdraw", "--action", "ERASE"], whose].concat()).done();
}

fn peers(union: &Union) -> Answer {
    union.json(Admin, &["peer", "list"]).done()
}

fn nothing_waits(world: &World) {
    for union in [&world.mtuc, &world.ksbsi] {
        wait_until(&format!("{} is connected, and nothing waits there", union.id()), PATIENCE, || {
            let peers = peers(union);
            (peers.names("\"connected\":true") && peers.count("queued") == 0).then_some(())
        });
    }
}
