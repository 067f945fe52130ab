//! MTUC's keys in the hands of somebody who presents agreements that are none (`protocol.md` 5, case 7): KSBSI opens no door for them, and neither does an
//! honest MTUC. That both ends decide alike whatever is drawn is told in `proto/tests/gate_forged.rs`.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]
#![allow(clippy::needless_update, reason = "messages grow with the protocol")]

mod hostile;
#[allow(dead_code, reason = "others need more of it")]
#[path = "skew/peer.rs"]
mod peer;
#[allow(dead_code, reason = "others need more of it")]
#[path = "skew/words.rs"]
mod words;

use hostile::{address, runtime};
use peer::{Draft, Keys, Line};
use prost::Message as _;
use titian_proto::envelope::ReceiptOutcome;
use titian_proto::model::agreement::{Agreement, AgreementRef};
use titian_proto::model::armor::{dearmor, label};
use titian_proto::model::id::NodeId;
use titian_proto::model::refusal::RefusalCode;
use titian_proto::model::statement::{SignedStatement, Statement, StatementKind};
use titian_proto::wire;
use titian_tests::account::Account::{Admin, Caseworker, FocalPoint};
use titian_tests::node::{CLOCK, Plan};
use titian_tests::road;
use titian_tests::sample;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{AGREEMENT, World, befriend, sign_agreement_called, wait_version};

/// The agreement of KSBSI and CLC, in which MTUC has no part.
const OF_OTHERS: &str = "AG-ID-KH";

/// Referrals that the forger has in hand.
const OFFERS: usize = 7;

/// What stands in the sample's annex, and what the forger would have stand there.
const NARROW: &str = "\"CLAIM\", \"DOCUMENTS\"]";
const WIDE: &str = "\"CLAIM\", \"DOCUMENTS\", \"HEALTH\"]";

#[test]
fn a_forged_or_mismatched_agreement_opens_no_door_on_the_wire() {
    let (mut forger, offers) = Forger::begin();
    let keys = Keys::of(&forger.world.mtuc.node, address(&forger.world.ksbsi));
    let mut offers = offers.into_iter();
    let mut offer = || offers.next().expect("there are enough");
    let ours = forger.ours.clone();
    runtime().block_on(async {
        let mut line = keys.speak(&ours, (1, 1)).await;
        forger.one_signature_is_missing(&mut line, &keys, [offer(), offer()]).await;
        forger.another_text_under_the_same_version(&mut line, &keys, [offer(), offer()]).await;
        // As if the annex were wider: what MTUC's own gate refused, KSBSI's refuses with the same code
        let wider = forger.pinned(&offer(), &forger.in_force.clone(), true);
        assert_eq!(refused(&mut line, &wider).await, RefusalCode::FieldOutOfScope);
        // An agreement of another pair, in force and wide enough
        let of_others = forger.pinned(&offer(), &forger.of_others.clone(), true);
        assert_eq!(refused(&mut line, &of_others).await, RefusalCode::NotAParty);
        // And what was agreed still passes
        assert_eq!(line.send(&offer()).await.receipt.outcome, ReceiptOutcome::Applied);
    });
    forger.nothing_else_came();
}

/// What was referred under no agreement is refused.
async fn refused(line: &mut Line<'_>, draft: &Draft) -> RefusalCode {
    let receipt = line.send(draft).await.receipt;
    assert_eq!(receipt.outcome, ReceiptOutcome::Refused, "{:?}", receipt.refusal);
    receipt.refusal.expect("it says why").code
}

/// Three unions: MTUC, whose keys somebody has; KSBSI; and CLC, with whom KSBSI has an agreement of its own.
struct Forger {
    world: World,
    _clc: Union,
    /// What MTUC's node says of how far it has come.
    ours: wire::Hello,
    in_force: AgreementRef,
    of_others: AgreementRef,
}

impl Forger {
    /// With offers as MTUC's node wrote them. MTUC's node is away afterwards.
    fn begin() -> (Self, Vec<Draft>) {
        let mut world = World::in_force();
        let clc = world.ground.union(&Plan::clc());
        befriend(&world.ksbsi, &clc);
        let between = [(AGREEMENT, OF_OTHERS), ("\"id.ksbsi\"", "\"kh.clc\""), ("\"my.mtuc\"", "\"id.ksbsi\""), (NARROW, WIDE)];
        let tier = [("max_tier = \"T3\"", "max_tier = \"T4\"")];
        sign_agreement_called(OF_OTHERS, &world.ksbsi, &clc, world.variant("of-others.toml", &[&between[..], &tier].concat()).as_ref());
        for union in [&world.mtuc, &world.ksbsi] {
            [Admin, Caseworker, FocalPoint].into_iter().for_each(|account| union.admit(account));
            wait_until("nothing is on its way", PATIENCE, || {
                (union.json(Admin, &["peer", "list"]).done().count("queued") == 0).then_some(())
            });
        }
        let (in_force, of_others) = (reference(&world.ksbsi, AGREEMENT), reference(&world.ksbsi, OF_OTHERS));
        // At the sending end: an honest MTUC refuses what its annex does not name, and knows no agreement of others
        let intake = road::intake(&world.mtuc);
        road::consent_from(&world.mtuc, &intake, &sample::returnee()).done();
        road::request(&world.mtuc, &intake, "CASE_CORE,HEALTH").refused("FIELD_OUT_OF_SCOPE");
        let unknown = road::request_to(&world.mtuc, &intake, "kh.clc", "CASE_CORE");
        assert!(unknown.exit != 0, "{}", unknown.told());
        let (offers, ours) = harvest(&mut world);
        (Self { world, _clc: clc, ours, in_force, of_others }, offers)
    }

    /// A higher version with a wider annex, which MTUC alone has signed.
    async fn one_signature_is_missing(&self, line: &mut Line<'_>, keys: &Keys, [first, second]: [Draft; 2]) {
        let text = agreement(&[("title = \"Cooperation on", "version = 2\nsupersedes = 1\ntitle = \"Cooperation on"), (NARROW, WIDE)]);
        let own = [(StatementKind::Propose, "my.mtuc", 1), (StatementKind::Sign, "my.mtuc", 2)];
        let sent = line.send(&words::agreement(&first, &file(&text, &own, keys))).await;
        assert_eq!(sent.receipt.outcome, ReceiptOutcome::Applied, "a proposal is one: {:?}", sent.receipt.refusal);
        wait_version(&self.world.ksbsi, "2", "PROPOSED");
        // KSBSI's signature in MTUC's hand is none
        let forged = [&own[..], &[(StatementKind::Sign, "id.ksbsi", 1)]].concat();
        assert_eq!(refused(line, &words::agreement(&first, &file(&text, &forged, keys))).await, RefusalCode::Malformed);
        wait_version(&self.world.ksbsi, "2", "PROPOSED");
        // And nothing passes under it, neither what only it names nor what the version in force names too
        for (offer, wide) in [(first, true), (second, false)] {
            let pinned = self.pinned(&offer, &text.reference(), wide);
            assert_eq!(refused(line, &pinned).await, RefusalCode::AgreementNotInForce);
        }
    }

    /// The version in force, with another text.
    async fn another_text_under_the_same_version(&self, line: &mut Line<'_>, keys: &Keys, [first, second]: [Draft; 2]) {
        let text = agreement(&[(NARROW, WIDE)]);
        let own = [(StatementKind::Propose, "my.mtuc", 1), (StatementKind::Sign, "my.mtuc", 2)];
        assert_eq!(refused(line, &words::agreement(&first, &file(&text, &own, keys))).await, RefusalCode::Malformed);
        for (offer, wide) in [(first, true), (second, false)] {
            let pinned = self.pinned(&offer, &text.reference(), wide);
            assert_eq!(refused(line, &pinned).await, RefusalCode::AgreementNotInForce);
        }
        assert_eq!(reference(&self.world.ksbsi, AGREEMENT), self.in_force, "the text is what it was");
    }

    /// An offer that names this agreement, and selects what no annex of the two names.
    fn pinned(&self, offer: &Draft, agreement: &AgreementRef, wide: bool) -> Draft {
        let mut said = offer.offer();
        if wide {
            said.categories.push(wire::Category::Health as i32);
        }
        let body =
            wire::Body { content: Some(wire::body::Content::Offer(said)), ..wire::Body::decode(offer.body.clone()).expect("a body") };
        let draft = offer.saying(wire::EnvelopeKind::Offer, wire::Lane::Referrals, &body);
        draft.with_header(|header| header.agreement = Some(agreement.to_wire()))
    }

    /// KSBSI has the one referral that was agreed, and the version that both signed.
    fn nothing_else_came(&mut self) {
        let ksbsi = &self.world.ksbsi;
        let listed = ksbsi.json(FocalPoint, &["referral", "list"]).done();
        assert_eq!(listed.stdout.matches("\"sender\":\"my.mtuc\"").count(), 1, "{}", listed.told());
        wait_version(ksbsi, "1", "IN_FORCE");
        assert!(ksbsi.json(Admin, &["peer", "list"]).done().count("cases_parked_here") == 0);
    }
}

/// Offers that wait for KSBSI, taken as KSBSI would; and what MTUC says of how far it has come.
fn harvest(world: &mut World) -> (Vec<Draft>, wire::Hello) {
    world.mtuc.node.kill9();
    let theirs = runtime().block_on(Keys::of(&world.mtuc.node, address(&world.ksbsi)).hello_of_the_other());
    world.ksbsi.node.kill9();
    world.mtuc.node.start();
    for _ in 0..OFFERS {
        let _ = road::refer(world);
    }
    let keys = Keys::of(&world.ksbsi.node, address(&world.mtuc));
    let (offers, ours) = runtime().block_on(async {
        let ours = keys.hello_of_the_other().await;
        (keys.speak(&theirs, (1, 1)).await.envelopes(OFFERS).await, ours)
    });
    world.mtuc.node.kill9();
    world.ksbsi.node.start();
    (offers.iter().map(Draft::of).collect(), ours)
}

/// The sample's agreement, changed.
fn agreement(changes: &[(&str, &str)]) -> Agreement {
    let wider = [changes, &[("max_tier = \"T3\"", "max_tier = \"T4\"")]].concat();
    Agreement::from_toml_among_others(&sample::changed(&wider)).expect("an agreement")
}

/// A text with statements about it, all of them in the forger's hand.
fn file(agreement: &Agreement, said: &[(StatementKind, &str, u64)], keys: &Keys) -> wire::AgreementFile {
    let signed = said.iter().map(|(kind, who, sequence)| {
        let statement = Statement {
            agreement: agreement.reference(),
            node_id: NodeId::parse(who).expect("a name"),
            kind: *kind,
            sequence: *sequence,
            claimed_at: CLOCK.parse().expect("a time"),
            effective_on: None,
            reason: None,
            approval: None,
            on_behalf_of: None,
        };
        SignedStatement::sign(&statement, &keys.signer).to_wire()
    });
    wire::AgreementFile { text: agreement.to_canonical_toml().into(), statements: signed.collect() }
}

/// The newest version of an agreement that a union has.
fn reference(union: &Union, id: &str) -> AgreementRef {
    let out = union.node.folder.join("agreement.txt").display().to_string();
    union.titian(Admin, &["agreement", "export", id, "--version", "1", "--out", &out]).done();
    let text = std::fs::read_to_string(&out).expect("an agreement file");
    let file = wire::AgreementFile::decode(&*dearmor(label::AGREEMENT, &text, 1 << 20).expect("armoured")).expect("a file");
    Agreement::parse_canonical(&file.text).expect("an agreement").reference()
}
