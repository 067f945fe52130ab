//! A peer with keys of its own, valid and confirmed, that lies. It speaks protocol 1, which asks for no credit.

use std::collections::BTreeMap;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use prost::Message as _;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use titian_proto::envelope::{EnvelopeKind, Header, Lane, Receipt, SealContext, Signer, envelope_hash};
use titian_proto::log::{Event, LeafDraft};
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::DescriptorChain;
use titian_proto::model::id::{Digest, Epoch, NodeId, TransferId};
use titian_proto::wire::{self, body, frame};
use titian_tests::account::Account::Admin;
use titian_tests::node::CLOCK;
use titian_tests::union::Union;
use titian_tests::wait::PATIENCE;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;

use super::{Hostile, Stream, address};

/// Somebody who has all keys of a node that is not running, and goes on from where it stopped.
pub(crate) struct Liar {
    /// The keys that open the door.
    pub(crate) hostile: Hostile,
    /// Whom it lies to.
    pub(crate) victim: NodeId,
    chain: DescriptorChain,
    signer: Signer,
    epoch: Epoch,
    counter: u8,
    /// The last of each lane that the victim took in.
    lanes: BTreeMap<i32, (u64, Digest)>,
}

/// What the victim answered before it ended the stream, or before it had answered as much as was waited for.
#[derive(Default)]
pub(crate) struct Heard {
    /// Receipts, in the order in which they came.
    pub(crate) receipts: Vec<Receipt>,
    /// Envelopes that the victim sent.
    pub(crate) deliveries: Vec<wire::Delivery>,
    /// Whether the stream was ended.
    pub(crate) ended: bool,
    /// Why, if the victim said so.
    pub(crate) bye: Option<wire::ByeReason>,
}

/// What the scenario's clock shows, about.
pub(crate) fn now() -> Instant {
    CLOCK.parse().expect("a time")
}

impl Liar {
    /// Takes the place of a union, whose node is killed. It has sent nothing to the victim yet.
    pub(crate) fn in_place_of(union: &mut Union, victim: &Union) -> Self {
        let epoch = union.json(Admin, &["node", "status"]).done().text("epoch");
        let epoch = Epoch::from_wire(&bytes_of(&epoch)).expect("an epoch");
        union.node.kill9();
        let folder = &union.node.folder;
        let file = std::fs::read_to_string(folder.join("descriptor.txt")).expect("a descriptor");
        let chain = DescriptorChain::from_file(&file).expect("its own descriptor");
        let key = signing_key(&folder.join("keys/signing.key"));
        let signer = Signer::new(chain.newest().signing_keys[0].key_id.clone(), key);
        let mut hostile = Hostile::with_keys_of(union.id(), folder, address(victim));
        hostile.hello.epoch = epoch.to_wire();
        let victim = NodeId::parse(victim.id()).expect("a name");
        Self { hostile, victim, chain, signer, epoch, counter: 0, lanes: BTreeMap::new() }
    }

    /// Its name.
    pub(crate) fn node_id(&self) -> NodeId {
        self.chain.newest().node_id.clone()
    }

    /// The next envelope of its lane, as an honest node makes it. It counts as taken in.
    pub(crate) fn honest(&mut self, content: body::Content) -> wire::Delivery {
        let delivery = self.forged(content, |_| {});
        self.counts(&delivery);
        delivery
    }

    /// As [`Self::honest`], with a header changed before it is signed. It does not count as taken in.
    pub(crate) fn forged(&mut self, content: body::Content, change: impl FnOnce(&mut wire::Header)) -> wire::Delivery {
        self.counter += 1;
        let body = wire::Body { salt: vec![self.counter; 32].into(), content: Some(content) };
        let mut header = self.header(kind_of(&body), &body.encode_to_vec());
        change(&mut header);
        self.sealed(&header, body.encode_to_vec().into())
    }

    /// Notes that an envelope was taken in.
    pub(crate) fn counts(&mut self, delivery: &wire::Delivery) {
        let bytes = &delivery.envelope.as_ref().expect("an envelope").header;
        let header = wire::Header::decode(bytes.clone()).expect("a header");
        self.lanes.insert(header.lane, (header.link_sequence, envelope_hash(bytes)));
    }

    /// Says from now on that this is the one envelope it ever received.
    pub(crate) fn holds(&mut self, delivery: &wire::Delivery) -> Header {
        let bytes = &delivery.envelope.as_ref().expect("an envelope").header;
        let header = Header::parse(bytes).expect("a header");
        let (lane, place) = (header.lane.to_wire(), header.link_sequence);
        let last_hash = envelope_hash(bytes).to_wire();
        let cursor = wire::LaneCursor { lane, applied_through: place, stored_through: place, last_hash, epoch: Bytes::new() };
        self.hostile.hello.peer_epoch = header.sender_epoch.to_wire();
        self.hostile.hello.received = vec![cursor];
        header
    }

    /// A receipt with a valid signature, whatever it says.
    pub(crate) fn receipt(&self, receipt: &Receipt) -> wire::SignedReceipt {
        let receipt = receipt.encode();
        let hash = titian_proto::envelope::receipt_hash(&receipt);
        wire::SignedReceipt { receipt, seal: self.signer.seal(SealContext::Receipt, &[hash]).pop() }
    }

    /// A leaf of its log that commits to an envelope.
    pub(crate) fn leaf(&self, env: Digest, xfer: TransferId) -> Bytes {
        let draft =
            LeafDraft { env: Some(env), xfer: Some(xfer), peer: Some(self.victim.to_string()), ..LeafDraft::new(Event::EraseAcked) };
        draft.seat(&self.chain.newest().log_origin, u64::from(self.counter), [self.counter; 16], now()).encode()
    }

    /// Says hello and these frames, and listens until so many receipts came or the stream was ended.
    pub(crate) async fn says(&self, frames: Vec<frame::Frame>, receipts: usize) -> Heard {
        let Some(mut stream) = self.hostile.stream().await else { return Heard { ended: true, ..Heard::default() } };
        for frame in frames {
            stream.says(frame).await;
        }
        hears(&mut stream, receipts).await
    }

    /// Says hello and these envelopes.
    pub(crate) async fn delivers(&self, deliveries: Vec<wire::Delivery>, receipts: usize) -> Heard {
        self.says(vec![frame::Frame::Deliveries(wire::Deliveries { deliveries })], receipts).await
    }

    fn header(&self, kind: EnvelopeKind, body: &[u8]) -> wire::Header {
        let lane = Lane::of(kind);
        let (last, previous_hash) = self.lanes.get(&lane.to_wire()).copied().unwrap_or((0, Digest::ZERO));
        let header = Header {
            sender: self.node_id(),
            recipient: self.victim.clone(),
            sender_epoch: self.epoch,
            lane,
            link_sequence: last + 1,
            previous_hash,
            kind,
            case: None,
            referral_id: None,
            transfer_id: TransferId([self.counter; 16]),
            body_digest: Digest::of(body),
            agreement: None,
            consent: None,
            claimed_at: now(),
            expires_at: None,
            critical_extensions: Vec::new(),
            retry_of: None,
        };
        wire::Header::decode(header.encode()).expect("a header")
    }

    fn sealed(&self, header: &wire::Header, body: Bytes) -> wire::Delivery {
        let xfer = TransferId::from_wire(&header.transfer_id).expect("an id");
        let header = Bytes::from(header.encode_to_vec());
        let hash = envelope_hash(&header);
        let seal = self.signer.seal(SealContext::Envelope, &[hash]).pop();
        wire::Delivery { leaf: self.leaf(hash, xfer), envelope: Some(wire::Envelope { header, body, seal }), purged: 0 }
    }
}

/// Something that travels in the lane of shares, and needs no agreement.
pub(crate) fn retract(seed: u8) -> body::Content {
    let id = |byte: u8| Bytes::from(vec![byte; 16]);
    body::Content::Retract(wire::ShareRetract { referral_id: id(seed), record_refs: vec![id(seed)] })
}

/// Something that travels in the lane of safety.
pub(crate) fn breach() -> body::Content {
    let found_at_ms = now().as_millis();
    body::Content::Breach(wire::BreachNotice { found_at_ms, categories: vec![1], referral_ids: vec![vec![1; 16].into()] })
}

fn kind_of(body: &wire::Body) -> EnvelopeKind {
    match &body.content {
        Some(body::Content::Breach(_)) => EnvelopeKind::Breach,
        Some(body::Content::Compromise(_)) => EnvelopeKind::Compromise,
        Some(body::Content::Retract(_)) => EnvelopeKind::ShareRetract,
        _ => panic!("the liar does not send this"),
    }
}

/// The bytes behind hexadecimal digits.
pub(crate) fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let (pairs, _) = hexadecimal.as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).expect("hexadecimal")).collect()
}

/// Listens until so many receipts and envelopes came or the stream was ended.
pub(crate) async fn hears(stream: &mut Stream, count: usize) -> Heard {
    timeout(PATIENCE, listen(stream, count)).await.expect("the node answers, or ends the stream")
}

async fn listen(stream: &mut Stream, count: usize) -> Heard {
    let mut heard = Heard::default();
    while count == 0 || heard.receipts.len() + heard.deliveries.len() < count {
        match stream.hear.next().await.and_then(Result::ok).and_then(|response| response.frame?.frame) {
            Some(frame::Frame::Receipts(batch)) => {
                heard.receipts.extend(batch.receipts.iter().map(|signed| Receipt::parse(&signed.receipt).expect("a receipt")));
            }
            Some(frame::Frame::Deliveries(batch)) => heard.deliveries.extend(batch.deliveries),
            Some(frame::Frame::Bye(bye)) => heard.bye = wire::ByeReason::try_from(bye.reason).ok(),
            Some(_) => {}
            None => {
                heard.ended = true;
                return heard;
            }
        }
    }
    heard
}

fn signing_key(file: &std::path::Path) -> SigningKey {
    /// What stands before the 32 secret bytes of an Ed25519 key in PKCS#8 (RFC 8410).
    const BEFORE: [u8; 4] = [0x04, 0x22, 0x04, 0x20];
    let der = PrivateKeyDer::from_pem_file(file).expect("a key");
    let der = der.secret_der();
    let at = der.windows(BEFORE.len()).position(|window| window == BEFORE).expect("an Ed25519 key") + BEFORE.len();
    SigningKey::from_bytes(der[at..at + 32].try_into().expect("32 bytes"))
}
