//! One referral on its road. Every step looks first whether it is done already: a step that was not acknowledged may have happened or not.

use std::collections::BTreeSet;

use titian_tests::account::Account::{Auditor, Caseworker, FocalPoint};
use titian_tests::answer::Answer;
use titian_tests::road::{self, Intake, consent_from, intake, leaves, share, show};
use titian_tests::sample;
use titian_tests::world::{World, objects_with};

use crate::armed::Armed;

/// A worker with a case and a consent, and everybody signed in, so that the road's own steps come first after a restart.
pub(crate) fn ready_to_refer(world: &World) -> Intake {
    let intake = intake(&world.mtuc);
    consent_from(&world.mtuc, &intake, &sample::returnee()).done();
    for union in [&world.mtuc, &world.ksbsi] {
        for account in [Caseworker, FocalPoint, Auditor] {
            union.admit(account);
        }
    }
    intake
}

/// One referral.
pub(crate) struct Round {
    intake: Intake,
    referral: Option<String>,
    /// The request was acknowledged: from then on the referral must be there.
    requested: bool,
    put: bool,
    withdrawn: bool,
}

impl Round {
    pub(crate) fn new(intake: Intake) -> Self {
        Self { intake, referral: None, requested: false, put: false, withdrawn: false }
    }

    /// The whole road, and the withdrawal at its end.
    pub(crate) fn play(&mut self, armed: &mut Armed, world: &mut World) {
        self.request(armed, world);
        self.accept(armed, world);
        self.finish(armed, world);
        self.withdraw(armed, world);
    }

    pub(crate) fn request(&mut self, armed: &mut Armed, world: &mut World) {
        armed.until(world, "the referral is requested", |world| {
            let listing = world.mtuc.json(Caseworker, &["referral", "list", "--case", &self.intake.case]);
            if listing.exit != 0 {
                return None;
            }
            let found = objects_with(&listing.json(), "agreement_id").len();
            assert!(found <= 1, "requested once, found {found} times");
            assert!(found == 1 || !self.requested, "an acknowledged referral is missing");
            if found == 0 {
                let answer = road::request(&world.mtuc, &self.intake, sample::CATEGORIES);
                self.requested |= answer.exit == 0;
                return None;
            }
            self.referral = Some(listing.id("referral_id"));
            Some(())
        });
    }

    pub(crate) fn accept(&mut self, armed: &mut Armed, world: &mut World) {
        armed.until(world, "the referral is accepted", |world| {
            let referral = self.referral.clone()?;
            let shown = show(&world.ksbsi, &referral);
            if shown.exit != 0 || is_state(&shown, &["ACCEPTED", "IN_PROGRESS", "COMPLETED"]) {
                return (shown.exit == 0).then_some(());
            }
            world.ksbsi.json(FocalPoint, &["referral", "accept", &referral]);
            None
        });
    }

    pub(crate) fn finish(&mut self, armed: &mut Armed, world: &mut World) {
        armed.until(world, "the share is held", |world| same_counts(world, self.referral.as_deref()?));
        armed.until(world, "the outcome is recorded", |world| self.put_outcome(world));
        armed.until(world, "the outcome is held at the other union", |world| {
            share(&world.ksbsi, self.referral.as_deref()?).names("WAGES_PAID").then_some(())
        });
        for (verb, state) in [("start", &["IN_PROGRESS", "COMPLETED"][..]), ("complete", &["COMPLETED"])] {
            armed.until(world, state[0], |world| {
                let referral = self.referral.clone()?;
                let shown = show(&world.ksbsi, &referral);
                if shown.exit != 0 || is_state(&shown, state) {
                    return (shown.exit == 0).then_some(());
                }
                let outcome: &[&str] = if verb == "complete" { &["--outcome", "SERVICE_GIVEN"] } else { &[] };
                world.ksbsi.json(FocalPoint, &[&["referral", verb, &referral], outcome].concat());
                None
            });
        }
        armed.until(world, "both see it completed", |world| {
            is_state(&show(&world.mtuc, self.referral.as_deref()?), &["COMPLETED"]).then_some(())
        });
        armed.until(world, "both hold the same", |world| same_counts(world, self.referral.as_deref()?));
    }

    fn put_outcome(&mut self, world: &World) -> Option<()> {
        let records = world.mtuc.json(Caseworker, &["record", "list", &self.intake.case]);
        let outcomes = if records.exit == 0 { records.stdout.matches("\"outcome\":{").count() } else { return None };
        assert!(outcomes <= 1, "put once, found {outcomes} times");
        assert!(outcomes == 1 || !self.put, "an acknowledged record is missing");
        if outcomes == 0 {
            let referral = self.referral.clone()?;
            let put = ["record", "put", &self.intake.case, "--from", &sample::returnee(), "--only", "outcome", "--share-under", &referral];
            self.put |= world.mtuc.json(Caseworker, &put).exit == 0;
            return None;
        }
        Some(())
    }

    fn withdraw(&mut self, armed: &mut Armed, world: &mut World) {
        armed.until(world, "the withdrawal is known to both", |world| {
            let referral = self.referral.clone()?;
            let shown = show(&world.mtuc, &referral);
            if !is_state(&shown, &["CONSENT_WITHDRAWN"]) {
                assert!(shown.exit != 0 || !self.withdrawn, "an acknowledged withdrawal is forgotten");
                let answer = world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &self.intake.worker, "--action", "ERASE"]);
                self.withdrawn |= answer.exit == 0;
                return None;
            }
            is_state(&show(&world.ksbsi, &referral), &["CONSENT_WITHDRAWN"]).then_some(())
        });
        armed.until(world, "nobody at the other union reads it any more", |world| {
            let held = share(&world.ksbsi, self.referral.as_deref()?);
            held.names("WRONG_STATE").then_some(())
        });
    }

    /// At each node one referral, one outcome, and no transfer applied twice.
    pub(crate) fn assert_exactly_once(&self, armed: &mut Armed, world: &mut World) {
        let referral = self.referral.clone().expect("requested");
        let listing = armed.until(world, "the receiver lists its referrals", |world| {
            let listing = road::act(&world.ksbsi, &["referral", "list"]);
            (listing.exit == 0).then_some(listing)
        });
        let same = objects_with(&listing.json(), "agreement_id").into_iter().filter(|entry| id_of(entry, &listing) == referral);
        assert_eq!(same.count(), 1, "once at the receiver");
        let shared = share(&world.ksbsi, &referral);
        assert!(shared.stdout.matches("\"outcome\":{").count() <= 1, "one outcome, or none once frozen");
    }
}

/// No union has applied a transfer twice.
pub(crate) fn assert_nothing_twice(world: &World) {
    for union in [&world.mtuc, &world.ksbsi] {
        let received = leaves(union).into_iter().filter(|leaf| leaf["event"] == "referral.received");
        let transfers: Vec<String> = received.map(|leaf| leaf["xfer"].to_string()).collect();
        let distinct: BTreeSet<&String> = transfers.iter().collect();
        assert_eq!(distinct.len(), transfers.len(), "{} applied a transfer twice", union.id());
    }
}

fn same_counts(world: &World, referral: &str) -> Option<()> {
    let (here, there) = (show(&world.mtuc, referral), show(&world.ksbsi, referral));
    let both = here.exit == 0 && there.exit == 0;
    (both && there.count("records_held") > 0 && there.count("records_held") == here.count("records_shared")).then_some(())
}

pub(crate) fn is_state(shown: &Answer, states: &[&str]) -> bool {
    shown.exit == 0 && states.iter().any(|state| shown.has_code("state", state))
}

fn id_of(entry: &serde_json::Value, listing: &Answer) -> String {
    Answer { stdout: entry.to_string(), ..listing.clone() }.id("referral_id")
}
