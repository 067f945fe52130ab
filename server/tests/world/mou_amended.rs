//! A narrower version comes into force, or one for which a government's approval is awaited, while much is on its way (`protocol.md` 5, case 6). Nothing
//! that the newest version does not let pass is applied after the receiver knows it; what keeps people safe still passes.

use std::time::Duration;

use titian_proto::log::leaf::{Event, Leaf};
use titian_proto::model::date::Date;
use titian_proto::model::id::Digest;
use titian_proto::model::record::RecordContent;
use titian_proto::model::statement::{GovernmentApproval, StatementKind, StatementReason};
use titian_proto::model::vocabulary::Category;
use titian_server::acts::agreements::{self, Saying};
use titian_server::acts::referrals::request;
use titian_server::store::LogTable as _;
use titian_server::store::referrals::ReferralTable as _;

use crate::caseload::{Referred, as_asked};
use crate::founding;
use crate::mou_suspended::{applied, told};
use crate::network::Weather;
use crate::schedule;
use crate::union::{Union, actor, agreement, agreement_id};
use crate::world::World;

/// The union that sends, and the one that receives.
const KSBSI: usize = 0;
const CLC: usize = 1;

/// Workers whose cases the two share.
const WORKERS: usize = 5;

/// Envelopes on their way.
const ENVELOPES: usize = 500;
const ENVELOPES_LONG: usize = 5_000;

/// When it is amended: some have come by then, and most have not.
const MEANWHILE: Duration = Duration::from_secs(12);

#[test]
fn mou_narrowed_mid_stream() {
    schedule::prepare();
    founding::runtime().block_on(async {
        // Given a slow line with 500 changes of employers on it
        let (mut world, workers) = busy().await;
        assert!(applied(&world, 0) > 0, "some came before");

        // When both sign a version without employers; the receiver knows it first
        both_sign(&world, &second_version(|text| text.replace("\"EMPLOYER\", ", ""))).await;
        let amended_at = world.nodes[CLC].disk.durable().leaf_count().unwrap();
        world.desk_of(KSBSI).withdraw(workers[0].intake).await;
        world.all_is_answered().await;
        world.settles().await;
        world.has_broken_nothing();

        // Then no employer is applied after that, none is left of what came before, and the rest of each share is there
        let after = since(&world, amended_at);
        let came = |leaf: &&Leaf| leaf.event == Event::ReferralReceived && leaf.code.is_none();
        let with_employers =
            |leaf: &&Leaf| came(leaf) && leaf.fields.iter().flatten().any(|field| field.to_lowercase().contains("employer"));
        assert!(since(&world, 0).iter().filter(with_employers).count() > 0, "some came before");
        assert_eq!(after.iter().filter(with_employers).count(), 0, "no employer came after the receiver knew");
        assert!(after.iter().any(|leaf| leaf.event == Event::ConsentWithdrawn), "safety passes");
        for referred in &workers[1..] {
            let held = held(&world, *referred);
            assert!(!held.contains(&Category::Employer), "what the new version does not name is taken back");
            assert!(held.contains(&Category::Identity) && held.contains(&Category::Claim), "the rest stays");
        }
    });
}

#[test]
fn mou_awaiting_approval_mid_stream() {
    schedule::prepare();
    founding::runtime().block_on(async {
        // Given a slow line with 500 envelopes on it
        let (mut world, workers) = busy().await;

        // When the old version is ended, and both sign a new one for which the approval of Cambodia's government is awaited
        say(
            &world,
            CLC,
            Saying { effective_on: Some(day("2026-03-01")), reason: Some(StatementReason::Law), ..saying(1, StatementKind::Terminate) },
        )
        .await;
        let awaited = |text: String| text.replacen("\"kh.clc\"]", "{ node_id = \"kh.clc\", approval_required = true }]", 1);
        both_sign(&world, &second_version(awaited)).await;
        let awaited_at = world.nodes[CLC].disk.durable().leaf_count().unwrap();
        world.desk_of(KSBSI).withdraw(workers[0].intake).await;
        world.all_is_answered().await;

        // Then nothing about a person passes: not what was on its way, not what is put now, not a new referral. Statements and withdrawals do
        world.update(workers[1]).await;
        let new = world.refer_for(KSBSI, CLC, 90).await;
        world.all_is_answered().await;
        assert_eq!(applied(&world, awaited_at), 0, "none was applied after the receiver knew");
        assert!(world.nodes[CLC].disk.durable().referral(new.referral_id).unwrap().is_none(), "nor is a new one heard of");
        let blocked =
            world.desk_of(KSBSI).acts.store.view().progress(new.referral_id).unwrap().blocked_by.map(|refusal| refusal.code.code());
        assert_eq!(blocked, Some("AGREEMENT_PENDING_GOVERNMENT"));
        assert!(since(&world, awaited_at).iter().any(|leaf| leaf.event == Event::ConsentWithdrawn), "safety passes");
        world.has_broken_nothing();

        // And when the approval comes, over the same line, everything that waited comes
        say(&world, CLC, Saying { approval: Some(approval()), ..saying(2, StatementKind::Approve) }).await;
        world.all_is_answered().await;
        request::approve(&world.desk_of(KSBSI).acts, &actor(3), new.referral_id).await.unwrap();
        world.desk_of(KSBSI).send(new.referral_id).await;
        world.all_is_answered().await;
        world.settles().await;
        world.has_broken_nothing();
        assert!(applied(&world, awaited_at) > 0, "what waited has come");
        assert!(world.nodes[CLC].disk.durable().referral(new.referral_id).unwrap().is_some(), "{}", world.story());
    });
}

/// A slow line from the one to the other, with envelopes on it.
async fn busy() -> (World, Vec<Referred>) {
    let mut world = World::new(6);
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(world.refer_and_accept(KSBSI, CLC).await);
    }
    world.set_weather(KSBSI, CLC, Weather::SATELLITE);
    for envelope in 0..as_asked(ENVELOPES, ENVELOPES_LONG) {
        world.update(workers[envelope % WORKERS]).await;
    }
    tokio::time::sleep(MEANWHILE).await;
    (world, workers)
}

fn second_version(change: impl FnOnce(String) -> String) -> String {
    let text = agreement(&union(KSBSI), &union(CLC));
    change(text.replace("title = \"Cooperation\"", "version = 2\nsupersedes = 1\ntitle = \"Cooperation\""))
}

/// Both sign; the one who receives has both signatures first, the other hears of it over the line.
async fn both_sign(world: &World, text: &str) {
    let (ours, theirs) = (world.desk_of(KSBSI).acts, world.desk_of(CLC).acts);
    agreements::draft(&ours, text).await.unwrap();
    say(world, KSBSI, saying(2, StatementKind::Propose)).await;
    say(world, KSBSI, saying(2, StatementKind::Sign)).await;
    agreements::import(&theirs, &agreements::show(&ours, &saying(2, StatementKind::Sign).id, 2).unwrap().1).await.unwrap();
    say(world, CLC, saying(2, StatementKind::Sign)).await;
}

async fn say(world: &World, at: usize, saying: Saying) {
    agreements::say(&world.desk_of(at).acts, saying).await.unwrap();
}

fn saying(version: u32, kind: StatementKind) -> Saying {
    Saying { id: agreement_id(&union(KSBSI), &union(CLC)), version, kind, effective_on: None, reason: None, approval: None }
}

fn approval() -> GovernmentApproval {
    GovernmentApproval {
        authority: "Ministry of Labour".into(),
        reference: "ML-2026-1".into(),
        date: day("2026-03-02"),
        scan_digest: Digest::of(b"scan"),
        attesting_office: "President".into(),
    }
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// Leaves of what came since the receiver's log had so many.
fn since(world: &World, leaves: u64) -> Vec<Leaf> {
    told(world).into_iter().filter(|leaf| leaf.seq >= leaves).collect()
}

/// Categories of what the receiver holds of a case.
fn held(world: &World, referred: Referred) -> Vec<Category> {
    let held = world.nodes[CLC].disk.durable().held_after(referred.referral_id, None, usize::MAX).unwrap();
    let contents = held.into_iter().filter_map(|one| RecordContent::from_wire(&one.content?).ok());
    contents.map(|content| content.category()).collect()
}

fn union(at: usize) -> Union {
    Union::all().swap_remove(at)
}
