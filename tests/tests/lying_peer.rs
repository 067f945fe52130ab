//! A peer with valid keys of its own lies to a node in every way that the protocol has. What it signed is kept as a proof that anybody can check; what
//! it did not sign ends its stream and leaves nothing behind; and no other link is touched.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]
#![allow(clippy::needless_update, reason = "messages grow with the protocol")]

mod hostile;

use bytes::Bytes;
use hostile::liar::{Heard, Liar, breach, bytes_of, now, retract};
use hostile::{proof, runtime};
use prost::Message as _;
use titian_proto::envelope::{Header, Lane, Receipt, ReceiptOutcome, envelope_hash};
use titian_proto::model::id::{Digest, NodeId, TransferId};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire::{self, frame};
use titian_tests::account::Account::Admin;
use titian_tests::answer::{Answer, NOT_FOUND};
use titian_tests::road;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, befriend, objects_with};

/// Years that a lying clock is ahead.
const AHEAD_DAYS: i64 = 3 * 365;

#[test]
fn lying_peer() {
    let mut lies = Lies::begin();
    lies.two_bodies_at_one_place();
    lies.a_spliced_past();
    lies.a_date_in_the_future();
    lies.an_envelope_for_somebody_else();
    lies.an_envelope_of_somebody_else();
    lies.a_receipt_for_what_was_not_sent();
    lies.two_receipts_for_one_envelope();
    lies.an_older_or_a_newer_version();
    lies.an_extension_taken_away();
    // And after all of it the liar's true envelopes still pass, and nobody else was touched
    let honest = lies.liar.honest(retract(90));
    lies.is_applied(honest);
    lies.others_are_untouched();
}

/// MTUC with two peers: KSBSI, and CLC, which lies.
struct Lies {
    world: World,
    liar: Liar,
    /// The words of CLC's fingerprint, from the paper agreement.
    words: String,
    proofs: usize,
}

impl Lies {
    fn begin() -> Self {
        let (world, mut clc) = World::three_unions();
        befriend(&world.mtuc, &clc);
        let words = clc.words();
        let liar = Liar::in_place_of(&mut clc, &world.mtuc);
        let mut lies = Self { world, liar, words, proofs: 0 };
        let honest = lies.liar.honest(retract(1));
        lies.is_applied(honest);
        lies
    }

    fn two_bodies_at_one_place(&mut self) {
        // Given an envelope that was taken in, when another comes in its place
        let first = self.liar.forged(retract(2), |_| {});
        let second = self.liar.forged(retract(3), |_| {});
        self.liar.counts(&first);
        self.is_applied(first);
        // Then the link is in quarantine, and MTUC has a proof that anybody can check
        let [first, second] = self.is_proved(second);
        assert_eq!(first.link_sequence, second.link_sequence);
        // And of all that comes now only what keeps people safe passes
        let (share, safety) = (self.liar.forged(retract(4), |_| {}), self.liar.honest(breach()));
        let heard = self.delivers(vec![share, safety], 1);
        assert_eq!(answers(&heard), [(Lane::Safety, ReceiptOutcome::Applied)]);
        self.is_released();
    }

    fn a_spliced_past(&mut self) {
        // When the next envelope names another one before it
        let spliced = self.liar.forged(retract(5), |header| header.previous_hash = vec![7; 32].into());
        // Then MTUC has the one and the other, both signed
        let [first, second] = self.is_proved(spliced);
        assert_eq!(first.link_sequence + 1, second.link_sequence);
        self.is_released();
    }

    fn a_date_in_the_future(&mut self) {
        // When the peer's clock is years ahead, then nothing rests on it: what it says is taken in in its order, and so is what it says after that
        let ahead = now().plus_days(AHEAD_DAYS).as_millis();
        let future = self.liar.forged(retract(6), |header| header.claimed_at_ms = ahead);
        self.liar.counts(&future);
        let next = self.liar.honest(retract(7));
        let heard = self.delivers(vec![future, next], 2);
        assert_eq!(answers(&heard), [(Lane::Shares, ReceiptOutcome::Applied); 2]);
        let received = heard.receipts.iter().all(|receipt| receipt.received_at.plus_days(-1) < now());
        assert!(received, "and the receipts say what MTUC's own clock says");
    }

    fn an_envelope_for_somebody_else(&mut self) {
        // When the peer brings what it signed for KSBSI
        let other = self.liar.forged(retract(8), |header| header.recipient = "id.ksbsi".to_owned());
        // Then it is turned away whole
        self.is_turned_away(delivers(other), "another sender or recipient");
    }

    fn an_envelope_of_somebody_else(&mut self) {
        // When the peer replays an envelope that KSBSI signed for MTUC, or says that it is KSBSI
        let sent = self.world.ksbsi.table("outbox/");
        let stored = sent.values().next().expect("KSBSI has sent something");
        let replayed = wire::Delivery::decode(&bytes_of(stored)[1..]).expect("a delivery behind the version of the value");
        let posing = self.liar.forged(retract(9), |header| header.sender = "id.ksbsi".to_owned());
        // Then neither gets through
        self.is_turned_away(delivers(replayed), "not signed by the peer");
        self.is_turned_away(delivers(posing), "another sender or recipient");
    }

    fn a_receipt_for_what_was_not_sent(&mut self) {
        // Given a referral that waits for KSBSI, whose node is away
        self.world.ksbsi.node.stop();
        let (_, referral) = road::refer(&self.world);
        let waiting = self.queued("id.ksbsi");
        assert_eq!(waiting, 1);
        // When the liar gives a receipt for it, or for nothing that there is, then there is a proof that it said so
        for (lane, hash) in [(Lane::Referrals, self.newest_for_ksbsi()), (Lane::Safety, Digest([3; 32]))] {
            let lie = self.liar.receipt(&self.claim(lane, hash));
            let (first, second) = self.receipt_is_proved(lie);
            assert_eq!((first, second.envelope_hash, second.outcome), (None, hash, ReceiptOutcome::Applied));
            self.is_released();
        }
        // Then the referral still waits, and arrives
        assert_eq!(self.queued("id.ksbsi"), waiting);
        self.world.ksbsi.node.start();
        road::arrive(&self.world.ksbsi, &referral);
    }

    fn two_receipts_for_one_envelope(&mut self) {
        // Given an agreement that MTUC proposes to the liar, who receives it and says that it was applied
        let file = self.world.variant("khmer.toml", &[("AG-MY-ID", "AG-MY-KH"), ("id.ksbsi", "kh.clc")]);
        self.world.mtuc.titian(Admin, &["agreement", "draft", &file]).done();
        self.world.mtuc.titian(Admin, &["agreement", "propose", "AG-MY-KH"]).done();
        let heard = runtime().block_on(self.liar.says(Vec::new(), 1));
        let proposed = &heard.deliveries[0];
        let hash = envelope_hash(&proposed.envelope.as_ref().expect("an envelope").header);
        let header = self.liar.holds(proposed);
        let applied = Receipt { link_sequence: header.link_sequence, ..self.claim(header.lane, hash) };
        runtime().block_on(async {
            let stream = self.liar.hostile.stream().await.expect("a stream");
            stream.says(frame::Frame::Receipts(wire::Receipts { receipts: vec![self.liar.receipt(&applied)] })).await;
            wait_until("MTUC has the receipt", PATIENCE, || (self.queued("kh.clc") == 0).then_some(()));
        });
        // When it says later that it was refused, then MTUC has both
        let refusal = Some(Refusal::new(RefusalCode::Malformed));
        let refused = Receipt { outcome: ReceiptOutcome::Refused, refusal, commitment: None, ..applied.clone() };
        let lie = self.liar.receipt(&refused);
        assert_eq!(self.receipt_is_proved(lie), (Some(applied), refused));
        self.is_released();
    }

    fn an_older_or_a_newer_version(&mut self) {
        // When the peer writes a header of a version that never was, or one that does not exist yet, then it is parked: never half understood
        for version in [0, 2] {
            let other = self.liar.forged(retract(10), |header| header.version = version);
            self.liar.counts(&other);
            let heard = self.delivers(vec![other], 1);
            assert_eq!(answers(&heard), [(Lane::Shares, ReceiptOutcome::Parked)], "version {version}");
        }
        // And with who speaks no version of today there is no talk at all
        for (protocol_min, protocol_max) in [(0, 0), (99, 99)] {
            let hello = self.liar.hostile.hello.clone();
            self.liar.hostile.hello = wire::Hello { protocol_min, protocol_max, ..hello.clone() };
            let heard = runtime().block_on(self.liar.says(Vec::new(), 0));
            assert!(heard.ended && heard.receipts.is_empty());
            assert!(heard.bye == Some(wire::ByeReason::ProtocolVersion), "and it says why");
            self.liar.hostile.hello = hello;
        }
    }

    fn an_extension_taken_away(&mut self) {
        // Given an envelope with an extension that its reader must know, and does not: it is parked, not dropped
        let extended = self.liar.forged(retract(12), |header| header.critical_extensions = vec!["sealed-to-two".to_owned()]);
        // When somebody on the way takes the extension out, then the signature says so
        let mut stripped = extended.clone();
        let envelope = stripped.envelope.as_mut().expect("an envelope");
        let header = wire::Header::decode(envelope.header.clone()).expect("a header");
        envelope.header = Bytes::from(wire::Header { critical_extensions: Vec::new(), ..header.clone() }.encode_to_vec());
        let xfer = TransferId::from_wire(&header.transfer_id).expect("an id");
        stripped.leaf = self.liar.leaf(envelope_hash(&envelope.header), xfer);
        self.is_turned_away(delivers(stripped), "not signed by the peer");
        self.liar.counts(&extended);
        let heard = self.delivers(vec![extended], 1);
        let refusal = heard.receipts[0].refusal.as_ref().map(|refusal| refusal.code);
        assert_eq!((heard.receipts[0].outcome, refusal), (ReceiptOutcome::Parked, Some(RefusalCode::UnknownExtension)));
    }

    /// Sends something true.
    fn is_applied(&self, delivery: wire::Delivery) {
        let heard = self.delivers(vec![delivery], 1);
        assert_eq!(answers(&heard), [(Lane::Shares, ReceiptOutcome::Applied)]);
    }

    /// Sends a lie that its sender signed: there are two headers that cannot both be true.
    fn is_proved(&mut self, lie: wire::Delivery) -> [Header; 2] {
        let proof = self.proof_of(delivers(lie));
        self.others_are_untouched();
        proof::check(&proof, "kh.clc", &self.words)
    }

    /// Sends a receipt that is a lie.
    fn receipt_is_proved(&mut self, lie: wire::SignedReceipt) -> (Option<Receipt>, Receipt) {
        let proof = self.proof_of(frame::Frame::Receipts(wire::Receipts { receipts: vec![lie] }));
        proof::check_receipts(&proof, "kh.clc", &self.words)
    }

    /// Sends a lie that its sender signed: the stream ends, the link is in quarantine, and the proof is kept.
    fn proof_of(&mut self, lie: frame::Frame) -> Vec<u8> {
        let leaves = road::leaves(&self.world.mtuc).len();
        let heard = runtime().block_on(self.liar.says(vec![lie], 0));
        assert!(heard.ended && heard.receipts.is_empty(), "it is not answered");
        wait_until("the link is in quarantine", PATIENCE, || self.peer("kh.clc").names("quarantinedSinceMs").then_some(()));
        assert_eq!(road::leaves(&self.world.mtuc).len(), leaves, "nothing of it was taken in");
        self.proofs += 1;
        let file = self.world.ground.path().join(format!("proof-{}", self.proofs));
        self.world.mtuc.titian(Admin, &["peer", "evidence", "kh.clc", "--out", &file.display().to_string()]).done();
        std::fs::read(file).expect("a proof")
    }

    /// Sends a lie that nobody signed, or that its sender did not sign for MTUC: the stream ends with a word for IT, and nothing stays of it.
    fn is_turned_away(&self, lie: frame::Frame, word: &str) {
        let leaves = road::leaves(&self.world.mtuc).len();
        let heard = runtime().block_on(self.liar.says(vec![lie], 0));
        assert!(heard.ended && heard.receipts.is_empty(), "it is not answered");
        wait_until(&format!("MTUC's IT reads {word:?}"), PATIENCE, || {
            let problem = self.peer("kh.clc").find("link_problem").map(|problem| problem.to_string());
            problem.is_some_and(|problem| problem.contains(word)).then_some(())
        });
        assert_eq!(road::leaves(&self.world.mtuc).len(), leaves, "nothing of it was taken in");
        assert!(!self.peer("kh.clc").names("quarantinedSinceMs"), "it is no proof of anything");
        self.world.mtuc.titian(Admin, &["peer", "evidence", "kh.clc", "--out", "/nowhere"]).failed(NOT_FOUND, "NOT_FOUND");
    }

    fn is_released(&self) {
        self.world.mtuc.titian(Admin, &["peer", "release", "kh.clc"]).done();
    }

    /// A referral goes from MTUC to KSBSI as ever, and nobody is in quarantine but the liar.
    fn others_are_untouched(&self) {
        let (_, referral) = road::refer(&self.world);
        road::arrive(&self.world.ksbsi, &referral);
        assert!(!self.peer("id.ksbsi").names("quarantinedSinceMs"));
    }

    fn delivers(&self, deliveries: Vec<wire::Delivery>, receipts: usize) -> Heard {
        runtime().block_on(self.liar.delivers(deliveries, receipts))
    }

    /// What MTUC tells of a peer.
    fn peer(&self, node_id: &str) -> Answer {
        let listing = self.world.mtuc.json(Admin, &["peer", "list"]).done();
        let peer = objects_with(&listing.json(), "node_id").into_iter().find(|peer| peer["nodeId"] == node_id);
        Answer { stdout: peer.map(|peer| peer.to_string()).unwrap_or_default(), ..listing }
    }

    fn queued(&self, node_id: &str) -> u64 {
        self.peer(node_id).count("queued")
    }

    /// Hash of the newest envelope that MTUC has for KSBSI in the lane of referrals.
    fn newest_for_ksbsi(&self) -> Digest {
        let sent = self.world.mtuc.table("outbox/");
        let read = |stored: &String| wire::Delivery::decode(&bytes_of(stored)[1..]).expect("a delivery").envelope.expect("an envelope");
        let headers = sent.values().map(|stored| read(stored).header);
        let newest = headers
            .filter(|header| is_referral(header))
            .max_by_key(|header| Header::parse(header).map_or(0, |header| header.link_sequence));
        envelope_hash(&newest.expect("one waits"))
    }

    /// A receipt of the liar's that says that MTUC's envelope was applied.
    fn claim(&self, lane: Lane, envelope_hash: Digest) -> Receipt {
        Receipt {
            recipient: self.liar.node_id(),
            sender: NodeId::parse("my.mtuc").expect("a name"),
            lane,
            link_sequence: 1,
            envelope_hash,
            outcome: ReceiptOutcome::Applied,
            refusal: None,
            commitment: None,
            leaf: self.liar.leaf(envelope_hash, TransferId([1; 16])),
            received_at: now(),
        }
    }
}

fn delivers(delivery: wire::Delivery) -> frame::Frame {
    frame::Frame::Deliveries(wire::Deliveries { deliveries: vec![delivery] })
}

fn answers(heard: &Heard) -> Vec<(Lane, ReceiptOutcome)> {
    heard.receipts.iter().map(|receipt| (receipt.lane, receipt.outcome)).collect()
}

fn is_referral(header: &[u8]) -> bool {
    Header::parse(header).is_ok_and(|header| header.lane == Lane::Referrals && header.recipient.as_str() == "id.ksbsi")
}
