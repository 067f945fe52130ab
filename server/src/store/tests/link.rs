//! Envelopes, receipts and leaves: chains, seals, cursors, and what a peer may be told.

use bytes::Bytes;
use prost::Message as _;
use titian_proto::envelope::{Header, Lane, ReceiptOutcome, envelope_hash, open_envelope, open_receipt};
use titian_proto::gate::{Content, LocalPolicy, PeerView, PermittedBody, Question, SubjectFacts, decide};
use titian_proto::log::{Event, Leaf, LeafDraft};
use titian_proto::model::consent::Ledger;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{CaseRef, Digest, NodeId, ReferralId, TransferId};
use titian_proto::model::reference::AgreementId;
use titian_proto::model::refusal::RefusalCode;
use titian_proto::model::value::Country;
use titian_proto::model::vocabulary::PartnerKind;
use titian_proto::wire;

use super::super::engine::double::Double;
use super::super::{
    BODY_MAX, EnvelopeDraft, InboxLane, InboxTable as _, LogTable as _, Most, OutboxCounts, OutboxTable as _, Position, Queued,
    ReceiptDraft, Store, StoreError, Topic, Turns, Unit,
};
use super::{key_ring, on_double, options};

const NOW: Instant = Instant::from_millis(1_772_416_800_000);
const MANY: Most = Most { count: 64, bytes: 1024 * 1024 };

/// A place in the chain of the first life.
fn at(sequence: u64) -> Position {
    Position::new(0, sequence)
}

fn peer() -> NodeId {
    NodeId::parse("id.ksbsi").unwrap()
}

/// What the gate permits: the text of an agreement, which may pass to every active peer.
fn permitted(text: impl Into<Bytes>) -> PermittedBody {
    let own = NodeId::parse("my.mtuc").unwrap();
    let view = PeerView {
        node_id: peer(),
        kind: PartnerKind::NationalUnion,
        country: Country::parse("ID").unwrap(),
        active: true,
        state_linked: false,
        service_precondition: None,
    };
    let question = Question {
        now: NOW,
        sender: &own,
        recipient: &peer(),
        peer: Some(&view),
        agreement: None,
        successor: None,
        pinned: None,
        ledger: &Ledger::default(),
        approval: None,
        prohibited_recipients: &[],
        subject: SubjectFacts::default(),
        local: LocalPolicy::default(),
        content: Content::Agreement(wire::AgreementFile { text: text.into(), statements: Vec::new() }),
    };
    decide(question).unwrap().body([7; 32])
}

fn envelope(text: impl Into<Bytes>) -> EnvelopeDraft {
    EnvelopeDraft {
        recipient: peer(),
        body: permitted(text),
        case: Some(CaseRef([3; 16])),
        referral_id: Some(ReferralId([4; 16])),
        transfer_id: TransferId([5; 16]),
        agreement: None,
        consent: None,
        expires_at: None,
        retry_of: None,
        leaf: LeafDraft { peer: Some("id.ksbsi".to_owned()), ..LeafDraft::new(Event::EraseNotified) },
    }
}

/// An act that sends an agreement's text.
pub(super) fn send(body: &'static str) -> impl FnMut(&mut Unit) -> Result<Queued, StoreError> {
    move |unit| unit.enqueue(envelope(body))
}

fn deliveries(store: &Store) -> Vec<wire::Delivery> {
    let stored = store.view().deliveries(&peer(), Lane::Safety, Position::START, MANY).unwrap();
    stored.into_iter().map(|(_, delivery)| delivery).collect()
}

/// The headers of what waits for the peer.
pub(super) fn headers(store: &Store) -> Vec<Header> {
    deliveries(store).into_iter().map(|delivery| Header::parse(&delivery.envelope.unwrap().header).unwrap()).collect()
}

#[tokio::test]
async fn envelopes_form_a_chain_sealed_with_one_signature_and_each_has_its_leaf() {
    let (store, double) = on_double();
    let outbox = store.watch_outbox();
    double.sync_millis.store(20, std::sync::atomic::Ordering::SeqCst);
    let writes: Vec<_> = (0..20).map(|_| store.clone()).map(|store| tokio::spawn(async move { store.write(send("body")).await })).collect();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert!(outbox.has_changed().unwrap());
    let deliveries = deliveries(&store);
    assert_eq!(deliveries.len(), 20);
    let (keys, mut previous, mut signatures) = (key_ring(), Digest::ZERO, Vec::new());
    for (at, delivery) in (1..).zip(&deliveries) {
        let envelope = delivery.envelope.as_ref().unwrap();
        let header = open_envelope(envelope, &keys, NOW).unwrap();
        header.check_body(&envelope.body).unwrap();
        assert_eq!((header.link_sequence, header.previous_hash, header.case), (at, previous, Some((CaseRef([3; 16]), at))));
        previous = envelope_hash(&envelope.header);
        let leaf = Leaf::parse(&delivery.leaf).unwrap();
        assert_eq!((leaf.env, leaf.seq), (Some(previous), at));
        signatures.push(envelope.seal.as_ref().unwrap().signature.clone());
    }
    signatures.dedup();
    assert!(signatures.len() <= 4, "{} signatures for 20 envelopes", signatures.len());
    assert_eq!(store.durable_through(&peer(), Lane::Safety), at(20));
    assert_eq!(store.view().queued_count(&peer()).unwrap(), 20);
    assert_eq!(store.view().leaf_count().unwrap(), 21);
}

#[tokio::test]
async fn a_failing_act_leaves_no_envelope_and_no_leaf() {
    let (store, _) = on_double();
    let failed: Result<(), StoreError> = store
        .write(|unit| {
            unit.enqueue(envelope("body"))?;
            Err(StoreError::Missing { table: "t/" })
        })
        .await;
    failed.unwrap_err();
    assert_eq!(store.view().leaf_count().unwrap(), 1);
    assert_eq!(store.view().queued_count(&peer()).unwrap(), 0);
    assert_eq!(store.write(send("body")).await.unwrap().position, at(1));
}

#[tokio::test]
async fn what_is_not_durable_is_not_told_to_a_peer() {
    let (store, double) = on_double();
    double.sync_fails.store(true, std::sync::atomic::Ordering::SeqCst);
    store.write(send("body")).await.unwrap_err();
    assert_eq!(store.view().outbox_lane(&peer(), Lane::Safety).unwrap().last, at(1), "applied");
    assert_eq!(store.durable_through(&peer(), Lane::Safety), Position::START);
    assert!(deliveries(&store).is_empty());
}

#[tokio::test]
async fn a_purged_envelope_keeps_its_place_without_its_body() {
    let (store, _) = on_double();
    store.write(send("first")).await.unwrap();
    let purge = |unit: &mut Unit| {
        unit.enqueue(envelope("second"))?;
        for sequence in [1, 2] {
            unit.purge(&peer(), Lane::Safety, at(sequence), RefusalCode::ConsentWithdrawn)?;
        }
        assert!(unit.purge(&peer(), Lane::Safety, at(2), RefusalCode::ConsentWithdrawn)?.is_none(), "gone before");
        unit.unsettled(&peer(), Lane::Safety, Position::START, 9)
    };
    let unsettled = store.write(purge).await.unwrap();
    assert!(unsettled.iter().all(|one| one.purged == Some(RefusalCode::ConsentWithdrawn) && one.header.referral_id.is_some()));
    let deliveries = deliveries(&store);
    assert_eq!(deliveries.len(), 2);
    for delivery in deliveries {
        let envelope = delivery.envelope.unwrap();
        assert!(envelope.body.is_empty());
        assert_eq!(delivery.purged, RefusalCode::ConsentWithdrawn.to_wire());
        open_envelope(&envelope, &key_ring(), NOW).unwrap();
    }
    let unknown = store.write(|unit| unit.purge(&peer(), Lane::Safety, at(3), RefusalCode::ConsentWithdrawn)).await;
    assert!(matches!(unknown, Err(StoreError::Missing { .. })));
}

#[tokio::test]
async fn receipts_settle_envelopes_once_and_in_any_order() {
    let (store, _) = on_double();
    for _ in 0..3 {
        store.write(send("body")).await.unwrap();
    }
    let settle = |sequence| store.write(move |unit| unit.settle(&peer(), Lane::Safety, at(sequence), Bytes::from("receipt")));
    assert!(settle(2).await.unwrap());
    assert_eq!(store.view().outbox_lane(&peer(), Lane::Safety).unwrap().settled_through, Position::START);
    assert!(settle(1).await.unwrap());
    assert!(!settle(1).await.unwrap(), "a second receipt changes nothing");
    assert_eq!(store.view().outbox_lane(&peer(), Lane::Safety).unwrap().settled_through, at(2));
    assert_eq!(store.view().outbox_counts(&peer()).unwrap(), OutboxCounts { queued: 1, answered: 2 });
    assert!(matches!(settle(4).await, Err(StoreError::Missing { .. })));
    store.write(|unit| unit.note_stored(&peer(), Lane::Safety, at(99))).await.unwrap();
    assert_eq!(store.view().outbox_lane(&peer(), Lane::Safety).unwrap().stored_through, at(3));
}

#[tokio::test]
async fn reads_of_deliveries_keep_their_limits() {
    let (store, _) = on_double();
    for _ in 0..5 {
        store.write(send("body")).await.unwrap();
    }
    let count = |after, max| store.view().deliveries(&peer(), Lane::Safety, at(after), max).unwrap().len();
    assert_eq!(count(0, Most { count: 2, ..MANY }), 2);
    assert_eq!(count(0, Most { bytes: 1, ..MANY }), 1, "the first whatever its size");
    assert_eq!(count(3, MANY), 2);
    assert_eq!(count(9, MANY), 0);
}

#[tokio::test]
async fn the_largest_body_fits_and_one_more_byte_does_not() {
    let (store, _) = on_double();
    let around = permitted(vec![7; BODY_MAX - 100]).bytes().len() - (BODY_MAX - 100);
    let with = |length: usize| store.write(move |unit| unit.enqueue(envelope(vec![7; length - around])));
    with(BODY_MAX).await.unwrap();
    assert!(matches!(with(BODY_MAX + 1).await, Err(StoreError::TooLarge { .. })));
}

/// The receipt for an envelope that the peer could have sent.
fn receipt(sequence: u64) -> ReceiptDraft {
    let leaf = LeafDraft::new(Event::Pad).seat("my.mtuc/titian/log/2026a", 1, [1; 16], NOW).encode();
    ReceiptDraft {
        header: Bytes::from(format!("header {sequence}")),
        seal: wire::Seal::default(),
        sender_leaf: Bytes::from("leaf"),
        outcome: ReceiptOutcome::Applied,
        refusal: None,
        commitment: None,
        leaf,
    }
}

#[tokio::test]
async fn a_duplicate_gets_the_identical_receipt_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path(), "my.mtuc")).unwrap();
    for sequence in [1, 2] {
        store.write(move |unit| unit.answer(&peer(), Lane::Safety, at(sequence), receipt(sequence))).await.unwrap();
    }
    let wrong = store.write(|unit| unit.answer(&peer(), Lane::Safety, at(2), receipt(2))).await;
    assert!(matches!(wrong, Err(StoreError::Refused { .. })), "an envelope is answered once");
    let given = store.view().receipt(&peer(), Lane::Safety, at(2)).unwrap().unwrap();
    let opened = open_receipt(&wire::SignedReceipt::decode(given.clone()).unwrap(), &key_ring(), NOW).unwrap();
    assert_eq!((opened.link_sequence, opened.envelope_hash), (2, envelope_hash(b"header 2")));
    drop(store);
    let store = Store::open(options(folder.path(), "my.mtuc")).unwrap();
    assert_eq!(store.view().receipt(&peer(), Lane::Safety, at(2)).unwrap().unwrap(), given);
    assert_eq!(store.view().receipt(&peer(), Lane::Safety, at(3)).unwrap(), None);
    let expected = InboxLane { applied_through: at(2), last_hash: envelope_hash(b"header 2"), turns: Turns::NONE };
    assert_eq!(store.view().received(&peer(), Lane::Safety).unwrap(), expected);
    assert_eq!(store.view().evidence(&peer(), Lane::Safety, at(1)).unwrap().unwrap().leaf, "leaf");
}

#[tokio::test]
async fn what_was_received_is_told_only_as_far_as_it_is_durable() {
    let (store, double) = on_double();
    store.write(|unit| unit.answer(&peer(), Lane::Safety, at(1), receipt(1))).await.unwrap();
    double.sync_fails.store(true, std::sync::atomic::Ordering::SeqCst);
    store.write(|unit| unit.answer(&peer(), Lane::Safety, at(2), receipt(2))).await.unwrap_err();
    let expected = InboxLane { applied_through: at(1), last_hash: envelope_hash(b"header 1"), turns: Turns::NONE };
    assert_eq!(store.view().received(&peer(), Lane::Safety).unwrap(), expected);
    assert_eq!(store.view().receipt(&peer(), Lane::Safety, at(2)).unwrap(), None);
}

#[tokio::test]
async fn counters_of_an_agreement_have_no_gaps_and_watchers_are_told() {
    let (store, _) = on_double();
    let mut changes = store.watch_node();
    let count = |fail: bool| {
        store.write(move |unit| {
            let (here, agreement) = (unit.node_id().clone(), AgreementId::parse("AG-MY-ID").unwrap());
            unit.publish(Topic::Agreements);
            let number = unit.next_channel(&agreement, &here, &peer())?;
            if fail { Err(StoreError::Missing { table: "t/" }) } else { Ok(number) }
        })
    };
    assert_eq!(count(false).await.unwrap(), 0);
    count(true).await.unwrap_err();
    assert_eq!(count(false).await.unwrap(), 1);
    assert_eq!(changes.try_recv().unwrap(), Topic::Agreements);
    assert_eq!(changes.try_recv().unwrap(), Topic::Agreements);
    changes.try_recv().unwrap_err();
}

#[test]
fn a_new_log_begins_with_its_genesis() {
    let store = Store::on(std::sync::Arc::new(Double::default()), options(std::path::Path::new("nowhere"), "my.mtuc")).unwrap();
    let leaves = store.view().leaves(0, 9).unwrap();
    assert_eq!(leaves.len(), 1);
    assert_eq!(Leaf::parse(&leaves[0].1).unwrap().event, Event::LogGenesis);
    assert_eq!(store.view().leaf(0).unwrap().unwrap(), leaves[0].1);
    assert!(Header::parse(b"x").is_err());
}
