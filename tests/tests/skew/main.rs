//! Unions whose programs are of other versions, and what a broken one sends: only the case that it is about is parked on that link, everything else
//! goes on, staff of both sides see why, and the case goes on once it can be read (`protocol.md` 5, case 14).
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]
#![allow(clippy::needless_update, reason = "messages grow with the protocol")]

#[path = "../hostile/mod.rs"]
mod hostile;
mod own_desk;
#[allow(dead_code, reason = "overshare needs more of it")]
mod peer;
mod words;

use bytes::Bytes;
use hostile::{address, runtime};
use peer::{Answered, Draft, Keys, Line};
use prost::Message as _;
use titian_proto::envelope::ReceiptOutcome;
use titian_proto::model::armor::{dearmor, label};
use titian_proto::model::refusal::RefusalCode;
use titian_proto::model::statement::SignedStatement;
use titian_proto::wire;
use titian_tests::account::Account::{Admin, Caseworker, FocalPoint};
use titian_tests::answer::CONFLICT;
use titian_tests::road;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{AGREEMENT, World};

/// Workers whom the newer MTUC refers.
const WORKERS: usize = 18;
/// A field that the contract does not know yet: number 200, a number.
const UNKNOWN_FIELD: [u8; 3] = [0xc0, 0x0c, 0x01];
/// A text that is put where a broken text comes.
const PLACEHOLDER: &str = "xxxxxxxx";

#[test]
fn poison_and_skew() {
    let mut pair = Newer::found();
    let (harvest, ours) = pair.offers_of_mtuc(WORKERS);
    let mut offers = harvest.iter().map(Draft::of);
    let mut next = || offers.next().expect("enough workers");
    pair.world.mtuc.node.kill9();
    pair.world.ksbsi.node.start();
    let keys = Keys::of(&pair.world.mtuc.node, address(&pair.world.ksbsi));
    let runtime = runtime();
    runtime.block_on(async {
        // Given MTUC's program is one version behind, then one ahead: they find a version in common
        let mut old = keys.speak(&ours, (1, 1)).await;
        applied(&old.send(&next()).await);
        drop(old);
        let mut line = keys.speak(&ours, (1, 4)).await;
        let case = next();
        applied(&line.send(&case).await);
        // When it sends what KSBSI cannot read, each about another case, then each parks that case, and the next case goes on
        let mut parked = Vec::new();
        for (what, change, code) in poison() {
            let answered = line.send(&change(&next())).await;
            assert_eq!(outcome(&answered), (ReceiptOutcome::Parked, Some(code)), "{what}");
            applied(&line.send(&next()).await);
            parked.push(answered);
        }
        // Then staff of KSBSI see how many cases wait; and what is stored of each is what was signed, beyond what KSBSI knows
        assert_eq!(peers(&pair.world.ksbsi).count("cases_parked_here"), parked.len() as u64);
        the_bytes_are_kept(&pair.world.ksbsi, &parked);
        a_shared_case_waits_and_goes_on(&mut line, &pair.world.ksbsi, &case).await;
        what_no_version_would_send_ends_its_stream_only(line, &keys, &ours, &next()).await;
        // And with a union that has no version in common nothing is said but that
        let far = keys.speak(&ours, (4, 9)).await;
        assert!(far.goodbye().await == wire::ByeReason::ProtocolVersion, "it is said why");
        let told = wait_until("staff see why", PATIENCE, || {
            let told = peers(&pair.world.ksbsi).text("link_problem");
            told.contains("version").then_some(told)
        });
        assert!(told.contains("4 to 9"), "{told}");
        a_newer_statement_is_passed_on_as_it_was_signed(&mut keys.speak(&ours, (1, 4)).await, &keys, &pair.world.ksbsi, &case).await;
    });
}

type Change = fn(&Draft) -> Draft;

/// What KSBSI's version cannot read, and what it must answer.
fn poison() -> [(&'static str, Change, RefusalCode); 7] {
    let unknown_field: Change = |offer| offer.with_body([&offer.body[..], &UNKNOWN_FIELD].concat());
    let unknown_code: Change = |offer| {
        let mut newer = offer.offer();
        newer.services_requested.push(9_999);
        offer.with_body(words::offering(offer, newer))
    };
    let broken_text: Change = |offer| {
        let mut broken = offer.offer();
        broken.complaint_codes.push(PLACEHOLDER.to_owned());
        let bytes = words::offering(offer, broken);
        let place = bytes.windows(PLACEHOLDER.len()).position(|window| window == PLACEHOLDER.as_bytes()).expect("it stands there");
        offer.with_body([&bytes[..place], &[0xff; PLACEHOLDER.len()], &bytes[place + PLACEHOLDER.len()..]].concat())
    };
    [
        (
            "an envelope of a newer version",
            |offer| {
                let mut newer = offer.with_header(|header| header.version = 2);
                newer.beyond = UNKNOWN_FIELD.to_vec();
                newer
            },
            RefusalCode::NewerVersion,
        ),
        ("one for newer readers", |offer| offer.with_header(|header| header.min_reader = 2), RefusalCode::NewerVersion),
        ("one of an unknown kind", |offer| offer.with_header(|header| header.kind = 99), RefusalCode::NewerVersion),
        (
            "one with an extension that must be known",
            |offer| offer.with_header(|header| header.critical_extensions = vec!["wage-ledger".to_owned()]),
            RefusalCode::UnknownExtension,
        ),
        ("a field that nobody decides about", unknown_field, RefusalCode::Malformed),
        ("a code that is not on the list", unknown_code, RefusalCode::Malformed),
        ("a text that is not UTF-8", broken_text, RefusalCode::Malformed),
    ]
}

/// The header that was signed stands in KSBSI's store byte for byte, and its receipts name the hash of those bytes.
fn the_bytes_are_kept(ksbsi: &Union, parked: &[Answered]) {
    let file = ksbsi.node.folder.join("export.lines").display().to_string();
    ksbsi.titian(Admin, &["node", "export", "--out", &file]).done();
    let export = std::fs::read_to_string(file).expect("an export");
    for Answered { header, hash, receipt, .. } in parked {
        let signed: String = header.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(export.contains(&signed), "an envelope is kept as it came");
        assert_eq!((titian_proto::envelope::envelope_hash(header), receipt.envelope_hash), (*hash, *hash));
    }
}

/// A case that KSBSI has accepted: a put that it cannot read parks it, what follows waits, what breaks the rules is refused alone, and with the put that
/// it can read everything is there.
async fn a_shared_case_waits_and_goes_on(line: &mut Line<'_>, ksbsi: &Union, case: &Draft) {
    let offer = case.offer();
    let referral = words::hyphenated(&offer.referral_id);
    road::arrive(ksbsi, &referral);
    road::act(ksbsi, &["referral", "accept", &referral]).done();
    let put =
        |place: u8, revision: u64| case.saying(wire::EnvelopeKind::SharePut, wire::Lane::Shares, &words::put(&offer, place, revision));
    applied(&line.send(&put(1, 2)).await);
    // A schema-violating merge: an older revision, and a record for somebody else's worker. Refused alone.
    assert_eq!(outcome(&line.send(&put(1, 1)).await), (ReceiptOutcome::Refused, Some(RefusalCode::StaleVersion)));
    let stranger = wire::Offer { subject_ref: vec![7; 16].into(), ..offer.clone() };
    let strange = case.saying(wire::EnvelopeKind::SharePut, wire::Lane::Shares, &words::put(&stranger, 2, 1));
    assert_eq!(line.send(&strange).await.receipt.outcome, ReceiptOutcome::Refused);
    // One that cannot be read, and one behind it
    let newer = put(3, 1).with_header(|header| header.critical_extensions = vec!["wage-ledger".to_owned()]);
    let first = line.send(&newer).await;
    assert_eq!(outcome(&first), (ReceiptOutcome::Parked, Some(RefusalCode::UnknownExtension)));
    let behind = line.send(&put(4, 1)).await;
    assert_eq!(outcome(&behind), (ReceiptOutcome::Parked, Some(RefusalCode::CaseParked)));
    let shown = road::show(ksbsi, &referral).done();
    assert!(shown.names("UNKNOWN_EXTENSION") && shown.count("records_held") == 1, "{}", shown.told());
    // MTUC writes them once more, in a way that KSBSI can read
    applied(&line.send(&put(3, 1).with_header(|header| header.retry_of = first.transfer.clone())).await);
    applied(&line.send(&put(4, 1).with_header(|header| header.retry_of = behind.transfer.clone())).await);
    let shown = road::show(ksbsi, &referral).done();
    assert!(shown.count("records_held") == 3 && !shown.names("UNKNOWN_EXTENSION"), "{}", shown.told());
    // And every name is as it was written: one word, decomposed letters, another script
    let held = road::share(ksbsi, &referral).done();
    for place in [1, 3, 4] {
        assert!(held.names(words::NAMES[place % words::NAMES.len()]), "name {place} as it was written");
    }
    // A retract that names no record takes out all of them
    applied(&line.send(&case.saying(wire::EnvelopeKind::ShareRetract, wire::Lane::Shares, &words::retract_all(&offer))).await);
    assert_eq!(road::show(ksbsi, &referral).done().count("records_held"), 0);
    assert!(!road::share(ksbsi, &referral).done().names(words::NAMES[1]), "nothing of the share is left");
}

/// Ten megabytes where a note stands, and a header that is none: no version sends that, and there is no place in the chain to answer. The stream ends,
/// each time, and the next one goes on.
async fn what_no_version_would_send_ends_its_stream_only(line: Line<'_>, keys: &Keys, ours: &wire::Hello, good: &Draft) {
    let envelope = |header: &[u8], body: usize| {
        let envelope = wire::Envelope {
            header: Bytes::copy_from_slice(header),
            body: vec![b'x'; body].into(),
            seal: Some(
                keys.signer.seal(titian_proto::envelope::SealContext::Envelope, &[titian_proto::envelope::envelope_hash(header)]).remove(0),
            ),
        };
        wire::Deliveries { deliveries: vec![wire::Delivery { envelope: Some(envelope), leaf: Bytes::new(), purged: 0 }] }
    };
    line.ends_after(envelope(&good.header.encode_to_vec(), 10 << 20)).await;
    keys.speak(ours, (1, 4)).await.ends_after(envelope(&[0xff; 40], 0)).await;
    applied(&keys.speak(ours, (1, 4)).await.send(good).await);
}

/// A statement with a field that KSBSI's version does not know: taken in, kept as signed, and passed on so that its signature still holds.
async fn a_newer_statement_is_passed_on_as_it_was_signed(line: &mut Line<'_>, keys: &Keys, ksbsi: &Union, case: &Draft) {
    let exported = || {
        let out = ksbsi.node.folder.join("passed-on.txt");
        ksbsi.titian(Admin, &["agreement", "export", AGREEMENT, "--out", &out.display().to_string()]).done();
        let text = std::fs::read_to_string(&out).expect("an agreement file");
        wire::AgreementFile::decode(&*dearmor(label::AGREEMENT, &text, 1 << 20).expect("armoured")).expect("a file")
    };
    let mut file = exported();
    let statements = file.statements.iter().map(|signed| wire::Statement::decode(signed.statement.clone()).expect("a statement"));
    let last = statements.filter(|statement| statement.node_id == "my.mtuc").max_by_key(|statement| statement.sequence).expect("it signed");
    let suspend = wire::Statement {
        kind: wire::StatementKind::Suspend as i32,
        sequence: last.sequence + 1,
        reason: wire::StatementReason::Safety as i32,
        ..last
    };
    let bytes = Bytes::from([suspend.encode_to_vec(), UNKNOWN_FIELD.to_vec()].concat());
    let signature = Bytes::copy_from_slice(&keys.signer.sign(SignedStatement::CONTEXT, &bytes));
    let signed = wire::SignedStatement { statement: bytes, key_id: keys.signer.key_id().to_owned(), signature };
    file.statements.push(signed.clone());
    applied(&line.send(&words::agreement(case, &file)).await);
    assert!(ksbsi.json(Admin, &["agreement", "show", AGREEMENT]).done().has_code("state", "SUSPENDED"));
    let passed_on = exported();
    assert!(passed_on.statements.contains(&signed), "the statement is passed on as it was signed");
    signature_holds(&signed, keys);
}

fn signature_holds(signed: &wire::SignedStatement, keys: &Keys) {
    let signed = SignedStatement::from_wire(signed).expect("a signed statement");
    assert_eq!(keys.signer.sign(SignedStatement::CONTEXT, &signed.bytes), signed.signature, "over the very bytes");
}

#[test]
fn staff_see_what_the_other_union_parked_and_send_it_again() {
    // Given KSBSI's program is older, and cannot read one of two referrals
    let mut pair = Newer::found();
    let (offers, _) = pair.offers_of_mtuc(2);
    let keys = Keys::of(&pair.world.ksbsi.node, address(&pair.world.mtuc));
    let theirs = pair.theirs.clone();
    let runtime = runtime();
    runtime.block_on(async {
        let mut line = keys.speak(&theirs, (1, 1)).await;
        let offers = line.envelopes(2).await;
        line.answer(&offers[0], Some(wire::RefusalCode::NewerVersion)).await;
        line.answer(&offers[1], None).await;
        // Then MTUC's staff see which one is parked and why; the other is delivered
        for (offer, stage, code) in [(&offers[0], "PARKED", true), (&offers[1], "APPLIED", false)] {
            let referral = words::hyphenated(&Draft::of(offer).offer().referral_id);
            wait_until("the receipt is settled", PATIENCE, || {
                let shown = road::show(&pair.world.mtuc, &referral);
                (shown.exit == 0 && shown.names(stage) && shown.names("NEWER_VERSION") == code).then_some(())
            });
        }
        assert_eq!(peers(&pair.world.mtuc).count("cases_parked_there"), 1);
    });
    // When KSBSI has a newer program and MTUC's staff send it again, whatever happens to MTUC's node meanwhile
    let parked = Draft::of(&offers[0]);
    let referral = words::hyphenated(&parked.offer().referral_id);
    for point in ["retry.before-write", "retry.after-write"] {
        pair.world.mtuc.node.start_armed(point);
        let answer = road::act(&pair.world.mtuc, &["referral", "retry", &referral]);
        assert!(answer.exit != 0, "{}", answer.told());
        wait_until("MTUC has ended itself", PATIENCE, || pair.world.mtuc.node.died().then_some(()));
    }
    pair.world.mtuc.node.start();
    // Then it goes once, and says what it repeats
    road::act(&pair.world.mtuc, &["referral", "retry", &referral]).failed(CONFLICT, "WRONG_STATE");
    runtime.block_on(async {
        let theirs = after(&theirs, &offers);
        let mut line = keys.speak(&theirs, (1, 2)).await;
        line.gives_room().await;
        let again = line.envelopes(1).await;
        let header = Draft::of(&again[0]).header;
        assert_eq!((again.len(), header.retry_of), (1, parked.header.transfer_id.clone()));
        line.answer(&again[0], None).await;
        wait_until("it is delivered, and nothing stands against it", PATIENCE, || {
            let shown = road::show(&pair.world.mtuc, &referral);
            (shown.exit == 0 && shown.names("APPLIED") && !shown.names("NEWER_VERSION")).then_some(())
        });
    });
    assert_eq!(peers(&pair.world.mtuc).count("cases_parked_there"), 0);
}

/// What KSBSI says once it has received these.
fn after(theirs: &wire::Hello, offers: &[wire::Delivery]) -> wire::Hello {
    let mut hello = theirs.clone();
    for offer in offers {
        let header = offer.envelope.clone().expect("an envelope").header;
        let place = wire::Header::decode(header.clone()).expect("a header");
        for cursor in hello.received.iter_mut().filter(|cursor| cursor.lane == place.lane) {
            (cursor.applied_through, cursor.stored_through) = (place.link_sequence, place.link_sequence);
            cursor.last_hash = titian_proto::envelope::envelope_hash(&header).to_wire();
            cursor.epoch = place.sender_epoch.clone();
        }
    }
    hello
}

/// Two unions, and what KSBSI's node says of how far it has come.
struct Newer {
    world: World,
    theirs: wire::Hello,
}

impl Newer {
    /// Both unions with their agreement; KSBSI's node is away afterwards, MTUC's runs.
    fn found() -> Self {
        let mut world = World::in_force();
        for union in [&world.mtuc, &world.ksbsi] {
            for account in [Admin, Caseworker, FocalPoint] {
                union.admit(account);
            }
            wait_until("nothing is on its way", PATIENCE, || (peers(union).count("queued") == 0).then_some(()));
        }
        world.mtuc.node.kill9();
        let keys = Keys::of(&world.mtuc.node, address(&world.ksbsi));
        let theirs = runtime().block_on(keys.hello_of_the_other());
        world.ksbsi.node.kill9();
        world.mtuc.node.start();
        Self { world, theirs }
    }

    /// Has MTUC refer so many workers, and takes the offers as KSBSI would; and what MTUC says of how far it has come.
    fn offers_of_mtuc(&mut self, count: usize) -> (Vec<wire::Delivery>, wire::Hello) {
        for _ in 0..count {
            let _ = road::refer(&self.world);
        }
        let keys = Keys::of(&self.world.ksbsi.node, address(&self.world.mtuc));
        runtime().block_on(async {
            let ours = keys.hello_of_the_other().await;
            let mut line = keys.speak(&self.theirs, (1, 1)).await;
            (line.envelopes(count).await, ours)
        })
    }
}

fn applied(answered: &Answered) {
    assert_eq!(outcome(answered), (ReceiptOutcome::Applied, None), "{:?}", answered.receipt.refusal);
}

fn outcome(answered: &Answered) -> (ReceiptOutcome, Option<RefusalCode>) {
    (answered.receipt.outcome, answered.receipt.refusal.as_ref().map(|refusal| refusal.code))
}

fn peers(union: &Union) -> titian_tests::answer::Answer {
    union.json(Admin, &["peer", "list"]).done()
}
