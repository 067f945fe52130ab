//! CLC's keys are stolen. Its owners sign a notice with the root key that they keep offline; it reaches MTUC through KSBSI, while the thief has a stream
//! open. The door closes at once and stays closed; what CLC signed before is evidence as it was; everybody else goes on.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]
#![allow(clippy::needless_update, reason = "messages grow with the protocol")]

mod hostile;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use hostile::liar::{Liar, breach, bytes_of, hears, now, retract};
use hostile::{Stream, address, proof, runtime};
use prost::Message as _;
use titian_proto::envelope::{KeyRing, ReceiptOutcome, open_envelope};
use titian_proto::model::descriptor::{CompromiseNotice, DescriptorChain};
use titian_proto::model::refusal::RefusalCode;
use titian_proto::wire::{self, body, frame};
use titian_tests::account::Account::{Admin, Caseworker};
use titian_tests::answer::{Answer, BAD_INPUT, CONFLICT, FORBIDDEN, NOT_FOUND, REFUSED};
use titian_tests::node::{CLOCK, compromise_command};
use titian_tests::road::{self, events};
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, befriend, has_peer, objects_with};
use tokio::time::timeout;

/// The promise: so long after a third node was told, the thief's stream is closed.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

#[test]
fn stolen_node_key() {
    // Given CLC with its keys in other hands; the thief has told MTUC two stories and then opened a stream
    let mut theft = Theft::begin();
    let evidence = theft.evidence();
    let mut stream = theft.live_stream();
    // When the thief says that KSBSI's keys were stolen, or somebody else signs for CLC's owners, then nobody believes it
    theft.only_owners_are_believed(&mut stream);
    // When CLC's owners sign a notice, and KSBSI's officer loads it, then MTUC hears of it and closes the thief's stream
    let notice = theft.owners_sign();
    let before = theft.applied();
    theft.ksbsi_is_told(&notice);
    theft.runtime.block_on(async { timeout(CLOSED_WITHIN, stream.hears_the_end()).await }).expect("the stream is closed in time");
    theft.is_compromised_at_both();
    // And nothing more comes in with those keys, at either union, also not after a restart; nobody can undo it at the desk
    theft.door_stays_closed();
    assert_eq!(theft.applied(), before, "nothing that came after is applied");
    theft.desk_cannot_undo_it();
    // And the word went round once
    theft.word_goes_round_once(&notice);
    // And what CLC signed before verifies as it did, and everybody else goes on
    assert_eq!(theft.evidence(), evidence);
    theft.old_envelopes_verify();
    let (_, referral) = road::refer(&theft.world);
    road::arrive(&theft.world.ksbsi, &referral);
}

#[test]
fn a_union_that_was_suspended_hears_of_a_stolen_key_when_it_is_resumed() {
    // Given KSBSI, which has suspended MTUC and then hears that CLC's keys are in other hands
    let (world, clc) = World::three_unions();
    befriend(&world.mtuc, &clc);
    befriend(&world.ksbsi, &clc);
    world.ksbsi.titian(Admin, &["peer", "suspend", "my.mtuc", "--reason", "SAFETY"]).done();
    let notice = compromise_command(&[&root_key(&clc)], "kh.clc", CLOCK).done().stdout;
    let notice = world.ground.file("notice", &notice).display().to_string();
    world.ksbsi.titian(Admin, &["peer", "compromise", &notice]).done();
    // When it resumes MTUC, then MTUC hears of it
    world.ksbsi.titian(Admin, &["peer", "resume", "my.mtuc"]).done();
    wait_until("MTUC knows", PATIENCE, || has_peer(&world.mtuc.json(Admin, &["peer", "list"]), "kh.clc", "COMPROMISED").then_some(()));
}

/// MTUC and KSBSI, both friends of CLC's.
struct Theft {
    world: World,
    clc: Union,
    words: String,
    thief: Liar,
    runtime: tokio::runtime::Runtime,
}

impl Theft {
    fn begin() -> Self {
        let (world, mut clc) = World::three_unions();
        befriend(&world.mtuc, &clc);
        befriend(&world.ksbsi, &clc);
        let words = clc.words();
        let mut thief = Liar::in_place_of(&mut clc, &world.mtuc);
        let runtime = runtime();
        runtime.block_on(async {
            let first = thief.honest(retract(1));
            thief.delivers(vec![first], 1).await;
            let second = thief.forged(retract(2), |header| (header.link_sequence, header.previous_hash) = (1, vec![0; 32].into()));
            thief.delivers(vec![second], 0).await;
        });
        wait_until("the link is in quarantine", PATIENCE, || peer(&world.mtuc).names("quarantinedSinceMs").then_some(()));
        Self { world, clc, words, thief, runtime }
    }

    /// The proof that MTUC keeps against CLC, which is a good one.
    fn evidence(&self) -> Vec<u8> {
        let file = self.world.ground.path().join("evidence");
        self.world.mtuc.titian(Admin, &["peer", "evidence", "kh.clc", "--out", &file.display().to_string()]).done();
        let bytes = std::fs::read(file).expect("a proof");
        drop(proof::check(&bytes, "kh.clc", &self.words));
        bytes
    }

    /// A stream to MTUC on which something was just taken in.
    fn live_stream(&mut self) -> Stream {
        let true_word = self.thief.honest(breach());
        let stream = self.runtime.block_on(async {
            let mut stream = self.thief.hostile.stream().await.expect("the keys open the door");
            stream.says(deliveries(true_word)).await;
            assert_eq!(hears(&mut stream, 1).await.receipts[0].outcome, ReceiptOutcome::Applied);
            stream
        });
        assert!(peer(&self.world.mtuc).names("\"connected\":true"));
        stream
    }

    fn only_owners_are_believed(&mut self, stream: &mut Stream) {
        // Over the link: about KSBSI, signed with CLC's root key
        let lie = compromise_command(&[&root_key(&self.clc)], "id.ksbsi", CLOCK).done().stdout;
        let lie = CompromiseNotice::from_file(&lie).expect("a notice");
        let lie = self.thief.honest(body::Content::Compromise(lie.to_wire()));
        let heard = self.runtime.block_on(async {
            stream.says(deliveries(lie)).await;
            hears(stream, 1).await
        });
        let refusal = heard.receipts[0].refusal.as_ref().map(|refusal| refusal.code);
        assert_eq!((heard.receipts[0].outcome, refusal), (ReceiptOutcome::Refused, Some(RefusalCode::PeerIdentity)));
        // At the desk: about CLC, signed with KSBSI's root key; a damaged file; a node that is no peer; somebody who is no admin
        let mtuc = &self.world.mtuc;
        let forged = compromise_command(&[&root_key(&self.world.ksbsi)], "kh.clc", CLOCK).done().stdout;
        let stranger = compromise_command(&[&root_key(&self.clc)], "vn.vgcl", CLOCK).done().stdout;
        let report = |account, text: &str| mtuc.titian(account, &["peer", "compromise", &self.file("lie", text)]);
        report(Admin, &forged).failed(REFUSED, "PEER_IDENTITY");
        report(Admin, &forged[..forged.len() / 2]).failed(BAD_INPUT, "MALFORMED");
        report(Admin, &stranger).failed(NOT_FOUND, "NOT_FOUND");
        report(Caseworker, &forged).failed(FORBIDDEN, "ROLE_FORBIDS");
        let peers = mtuc.json(Admin, &["peer", "list"]);
        assert!(has_peer(&peers, "kh.clc", "ACTIVE") && has_peer(&peers, "id.ksbsi", "ACTIVE"), "{}", peers.told());
    }

    fn owners_sign(&self) -> String {
        self.file("notice", &compromise_command(&[&root_key(&self.clc)], "kh.clc", CLOCK).done().stdout)
    }

    fn ksbsi_is_told(&self, notice: &str) {
        let told = self.world.ksbsi.titian(Admin, &["peer", "compromise", notice]).done();
        assert!(told.names("status        compromised") && told.names("compromised   2026-03-02"), "{}", told.told());
    }

    fn is_compromised_at_both(&self) {
        for union in [&self.world.mtuc, &self.world.ksbsi] {
            wait_until(&format!("{} knows", union.id()), PATIENCE, || {
                has_peer(&union.json(Admin, &["peer", "list"]), "kh.clc", "COMPROMISED").then_some(())
            });
            assert_eq!(peer(union).count("compromised_since_ms"), u64::try_from(now().as_millis()).expect("after 1970"));
        }
    }

    fn door_stays_closed(&mut self) {
        self.nobody_opens();
        self.world.mtuc.node.restart();
        self.world.ksbsi.node.restart();
        self.is_compromised_at_both();
        self.nobody_opens();
    }

    fn nobody_opens(&mut self) {
        let late = self.thief.forged(breach(), |_| {});
        for union in [&self.world.mtuc, &self.world.ksbsi] {
            let there = self.thief.hostile.at(address(union));
            let opened = self.runtime.block_on(async {
                let Some(mut stream) = there.stream().await else { return false };
                stream.says(deliveries(late.clone())).await;
                !hears(&mut stream, 1).await.ended
            });
            assert!(!opened, "{} lets the thief in", union.id());
        }
    }

    fn desk_cannot_undo_it(&self) {
        let mtuc = &self.world.mtuc;
        mtuc.titian(Admin, &["peer", "resume", "kh.clc"]).failed(CONFLICT, "WRONG_STATE");
        mtuc.titian(Admin, &["peer", "confirm", "kh.clc", "--words", &self.words]).failed(CONFLICT, "WRONG_STATE");
        mtuc.titian(Admin, &["peer", "suspend", "kh.clc", "--reason", "SAFETY"]).failed(CONFLICT, "WRONG_STATE");
        let descriptor = self.clc.node.folder.join("descriptor.txt").display().to_string();
        mtuc.titian(Admin, &["peer", "add", &descriptor]).done();
        assert!(has_peer(&mtuc.json(Admin, &["peer", "list"]), "kh.clc", "COMPROMISED"));
    }

    fn word_goes_round_once(&self, notice: &str) {
        let World { mtuc, ksbsi, .. } = &self.world;
        let counts = || [mtuc, ksbsi].map(|union| events(union, "key.compromised"));
        // Each node's own line, and the notice that crossed between them.
        assert_eq!(counts(), [2, 2]);
        mtuc.titian(Admin, &["peer", "compromise", notice]).done();
        assert_eq!(counts(), [2, 2], "a notice that is known is not passed on again");
    }

    /// Every envelope that MTUC ever took in from CLC verifies with CLC's descriptors as MTUC has them.
    fn old_envelopes_verify(&self) {
        let file = std::fs::read_to_string(self.clc.node.folder.join("descriptor.txt")).expect("a descriptor");
        let keys = KeyRing::from_descriptor_chain(&DescriptorChain::from_file(&file).expect("a chain"));
        let envelopes: Vec<wire::Envelope> = self.envelopes_of_clc();
        assert_eq!(envelopes.len(), 3);
        assert!(envelopes.iter().all(|envelope| open_envelope(envelope, &keys, now()).is_ok()));
    }

    /// How much MTUC ever took in from CLC, whatever became of it.
    fn applied(&self) -> usize {
        self.envelopes_of_clc().len()
    }

    fn envelopes_of_clc(&self) -> Vec<wire::Envelope> {
        let read = |stored: &String| wire::Delivery::decode(Bytes::from(bytes_of(stored)).slice(1..)).expect("a delivery").envelope;
        let received = self.world.mtuc.table("inbox-envelope/");
        let envelopes = received.values().filter_map(read);
        let sender = |envelope: &wire::Envelope| wire::Header::decode(envelope.header.clone()).map(|header| header.sender);
        envelopes.filter(|envelope| sender(envelope).is_ok_and(|sender| sender == "kh.clc")).collect()
    }

    fn file(&self, name: &str, text: &str) -> String {
        self.world.ground.file(name, text).display().to_string()
    }
}

fn root_key(union: &Union) -> PathBuf {
    union.node.folder.join("keys/root.key")
}

/// What a union tells of CLC.
fn peer(union: &Union) -> Answer {
    let listing = union.json(Admin, &["peer", "list"]).done();
    let peer = objects_with(&listing.json(), "node_id").into_iter().find(|peer| peer["nodeId"] == "kh.clc");
    Answer { stdout: peer.map(|peer| peer.to_string()).unwrap_or_default(), ..listing }
}

fn deliveries(delivery: wire::Delivery) -> frame::Frame {
    frame::Frame::Deliveries(wire::Deliveries { deliveries: vec![delivery] })
}
