//! A union whose program is of another version: somebody with its keys, who goes on where its node stood, and writes what that node would not.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use prost::Message as _;
use titian_proto::envelope::{Receipt, SealContext, Signer, envelope_hash, receipt_hash};
use titian_proto::log::commitment::commitment;
use titian_proto::log::leaf::Leaf;
use titian_proto::model::descriptor::DescriptorChain;
use titian_proto::model::id::{Digest, TransferId};
use titian_proto::wire::{self, frame};
use titian_tests::node::Node;
use titian_tests::wait::PATIENCE;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;

use crate::hostile::{Hostile, Stream};

/// Somebody with the keys of a union whose node is away.
pub(crate) struct Keys {
    node_id: String,
    door: Hostile,
    pub(crate) signer: Signer,
    log_origin: String,
}

impl Keys {
    /// The keys of a node, to be used against another.
    pub(crate) fn of(node: &Node, victim: SocketAddr) -> Self {
        let read = |name: &str| std::fs::read_to_string(node.folder.join(name)).expect("a file that init made");
        let chain = DescriptorChain::from_file(&read("descriptor.txt")).expect("its own descriptor");
        let key = SigningKey::from_pkcs8_pem(&read("keys/signing.key")).expect("a key");
        let key_id = chain.newest().signing_keys.first().expect("a signing key").key_id.clone();
        Self {
            node_id: node.node_id.clone(),
            door: Hostile::with_keys_of(&node.node_id, &node.folder, victim),
            signer: Signer::new(key_id, key),
            log_origin: chain.newest().log_origin.clone(),
        }
    }

    /// What the other side says first, to somebody who says nothing yet that it could take amiss.
    pub(crate) async fn hello_of_the_other(&self) -> wire::Hello {
        let hello = wire::Hello { node_id: self.node_id.clone(), epoch: vec![0; 16].into(), ..wire::Hello::default() };
        // No version in common: the other side says hello, and goodbye.
        let mut stream = self.door.stream_that_says(frame::Frame::Hello(hello)).await.expect("the keys open the door");
        match next(&mut stream).await {
            Some(frame::Frame::Hello(hello)) => hello,
            other => panic!("the first frame is a hello, not {}", name_of(other.as_ref())),
        }
    }

    /// Signs an envelope for the place after this one.
    pub(crate) fn seal(&self, epoch: &Bytes, draft: &Draft, (last, previous): &(u64, Bytes)) -> Sealed {
        let transfer = Bytes::copy_from_slice(&unique());
        let header = wire::Header {
            sender_epoch: epoch.clone(),
            link_sequence: last + 1,
            previous_hash: if *last == 0 { vec![0; 32].into() } else { previous.clone() },
            transfer_id: transfer.clone(),
            body_digest: Digest::of(&draft.body).to_wire(),
            ..draft.header.clone()
        };
        let header = Bytes::from([header.encode_to_vec(), draft.beyond.clone()].concat());
        let hash = envelope_hash(&header);
        let seal = self.signer.seal(SealContext::Envelope, &[hash]).remove(0);
        let xfer = Some(TransferId::from_wire(&transfer).expect("16 bytes"));
        let leaf = Leaf { env: Some(hash), xfer, origin: self.log_origin.clone(), ..draft.leaf.clone() }.encode();
        let envelope = wire::Envelope { header: header.clone(), body: draft.body.clone(), seal: Some(seal) };
        Sealed { delivery: wire::Delivery { envelope: Some(envelope), leaf, purged: 0 }, transfer, header, hash }
    }

    /// What its node would say at first contact.
    pub(crate) fn first_hello(&self) -> wire::Hello {
        let epoch = Bytes::copy_from_slice(&unique());
        wire::Hello { node_id: self.node_id.clone(), epoch, protocol_min: 1, protocol_max: 2, ..wire::Hello::default() }
    }

    /// Goes on as the node of this hello, which speaks these versions of the protocol.
    pub(crate) async fn speak(&self, hello: &wire::Hello, versions: (u32, u32)) -> Line<'_> {
        self.speak_if_heard(hello, versions).await.expect("the keys open the door")
    }

    /// As [`Self::speak`]; none when it is turned away.
    pub(crate) async fn speak_if_heard(&self, hello: &wire::Hello, versions: (u32, u32)) -> Option<Line<'_>> {
        let (protocol_min, protocol_max) = versions;
        let said = wire::Hello { protocol_min, protocol_max, ..hello.clone() };
        let mut stream = self.door.stream_that_says(frame::Frame::Hello(said)).await?;
        let Some(frame::Frame::Hello(heard)) = next(&mut stream).await else { return None };
        let places = heard.received.iter().map(|cursor| (cursor.lane, (cursor.applied_through, cursor.last_hash.clone()))).collect();
        Some(Line {
            keys: self,
            epoch: hello.epoch.clone(),
            stream,
            places,
            spoken: protocol_max.min(heard.protocol_max),
            credit: HashSet::new(),
            receipts: HashMap::new(),
            came: Vec::new(),
            heard: Vec::new(),
        })
    }

    /// The door that the keys open.
    pub(crate) fn door(&self) -> &Hostile {
        &self.door
    }
}

/// An envelope as it is to be sent: what a node wrote, and what a newer or a broken one would write instead.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) header: wire::Header,
    /// Bytes behind the fields of the header: one that this version does not know.
    pub(crate) beyond: Vec<u8>,
    pub(crate) body: Bytes,
    leaf: Leaf,
}

impl Draft {
    /// As a node wrote it.
    pub(crate) fn of(delivery: &wire::Delivery) -> Self {
        let envelope = delivery.envelope.clone().expect("an envelope");
        let header = wire::Header::decode(envelope.header).expect("a header");
        Self { header, beyond: Vec::new(), body: envelope.body, leaf: Leaf::parse(&delivery.leaf).expect("its leaf") }
    }

    /// The same with another body, to which its leaf commits.
    pub(crate) fn saying(&self, kind: wire::EnvelopeKind, lane: wire::Lane, body: &wire::Body) -> Self {
        let header = wire::Header { kind: kind as i32, lane: lane as i32, ..self.header.clone() };
        Self {
            header,
            beyond: Vec::new(),
            body: body.encode_to_vec().into(),
            leaf: Leaf { commit: Some(commit(body)), ..self.leaf.clone() },
        }
    }

    /// The same with its body's bytes changed; the leaf commits to what they were.
    pub(crate) fn with_body(&self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }

    pub(crate) fn with_header(&self, change: impl FnOnce(&mut wire::Header)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.header);
        changed
    }

    /// The content of the body.
    pub(crate) fn offer(&self) -> wire::Offer {
        match wire::Body::decode(self.body.clone()).expect("a body").content {
            Some(wire::body::Content::Offer(offer)) => offer,
            _ => panic!("an offer"),
        }
    }
}

/// An envelope in its place, signed.
pub(crate) struct Sealed {
    pub(crate) delivery: wire::Delivery,
    pub(crate) hash: Digest,
    transfer: Bytes,
    header: Bytes,
}

/// What was sent, and what the other side answered.
pub(crate) struct Answered {
    pub(crate) transfer: Bytes,
    pub(crate) header: Bytes,
    pub(crate) hash: Digest,
    pub(crate) receipt: Receipt,
}

/// A stream on which such a union goes on.
pub(crate) struct Line<'a> {
    keys: &'a Keys,
    epoch: Bytes,
    stream: Stream,
    places: HashMap<i32, (u64, Bytes)>,
    spoken: u32,
    credit: HashSet<i32>,
    receipts: HashMap<Digest, Receipt>,
    /// Envelopes of the other side.
    pub(crate) came: Vec<wire::Delivery>,
    /// Every frame of the other side, as it came.
    pub(crate) heard: Vec<frame::Frame>,
}

impl Line<'_> {
    /// Puts an envelope at the end of its lane, and waits for its receipt.
    pub(crate) async fn send(&mut self, draft: &Draft) -> Answered {
        let lane = draft.header.lane;
        while self.spoken >= 2 && !self.credit.contains(&lane) {
            assert!(self.hear().await, "the other side gives room");
        }
        let place = self.places.get(&lane).cloned().unwrap_or((0, vec![0; 32].into()));
        let Sealed { delivery, transfer, header, hash } = self.keys.seal(&self.epoch, draft, &place);
        let last = place.0;
        assert!(self.stream.says(frame::Frame::Deliveries(wire::Deliveries { deliveries: vec![delivery] })).await, "the stream takes it");
        self.places.insert(lane, (last + 1, hash.to_wire()));
        while !self.receipts.contains_key(&hash) {
            assert!(self.hear().await, "a receipt comes for what was sent");
        }
        Answered { transfer, header, hash, receipt: self.receipts.remove(&hash).expect("just looked") }
    }

    /// Says something that is no envelope of any version, and waits until the other side ends the stream for it.
    pub(crate) async fn ends_after(mut self, deliveries: wire::Deliveries) {
        self.stream.says(frame::Frame::Deliveries(deliveries)).await;
        while self.hear().await {}
    }

    /// Waits for so many envelopes of the other side.
    pub(crate) async fn envelopes(&mut self, count: usize) -> Vec<wire::Delivery> {
        while self.came.len() < count {
            assert!(self.hear().await, "envelopes come");
        }
        std::mem::take(&mut self.came)
    }

    /// Gives room for whatever the other side has to send.
    pub(crate) async fn gives_room(&mut self) {
        for lane in [wire::Lane::Safety, wire::Lane::States, wire::Lane::Referrals, wire::Lane::Shares, wire::Lane::Documents] {
            let credit = wire::Credit { lane: lane as i32, envelopes: 1_000, bytes: 1 << 20 };
            assert!(self.stream.says(frame::Frame::Credit(credit)).await);
        }
    }

    /// Answers an envelope of the other side: a refusal parks it.
    pub(crate) async fn answer(&mut self, delivery: &wire::Delivery, parked: Option<wire::RefusalCode>) {
        let envelope = delivery.envelope.clone().expect("an envelope");
        let header = wire::Header::decode(envelope.header.clone()).expect("a header");
        let outcome = if parked.is_some() { wire::ReceiptOutcome::Parked } else { wire::ReceiptOutcome::Applied };
        let leaf = Leaf::parse(&delivery.leaf).expect("its leaf");
        let receipt = wire::Receipt {
            recipient: self.keys.node_id.clone(),
            sender: header.sender.clone(),
            lane: header.lane,
            link_sequence: header.link_sequence,
            envelope_hash: envelope_hash(&envelope.header).to_wire(),
            outcome: outcome as i32,
            refusal: parked.map(|code| wire::Refusal { code: code as i32, paths: Vec::new() }),
            commitment: leaf.commit.filter(|_| parked.is_none()).map(Digest::to_wire).unwrap_or_default(),
            leaf: Leaf { origin: self.keys.log_origin.clone(), ..leaf }.encode(),
            received_at_ms: header.claimed_at_ms,
        };
        let receipt = Bytes::from(receipt.encode_to_vec());
        let seal = self.keys.signer.seal(SealContext::Receipt, &[receipt_hash(&receipt)]).remove(0);
        let stored = wire::Stored { lane: header.lane, through: header.link_sequence, ..wire::Stored::default() };
        assert!(self.stream.says(frame::Frame::Stored(stored)).await);
        let receipts = vec![wire::SignedReceipt { receipt, seal: Some(seal) }];
        assert!(self.stream.says(frame::Frame::Receipts(wire::Receipts { receipts })).await);
    }

    /// Why the stream ends.
    pub(crate) async fn goodbye(mut self) -> wire::ByeReason {
        loop {
            match next(&mut self.stream).await {
                Some(frame::Frame::Bye(bye)) => return wire::ByeReason::try_from(bye.reason).unwrap_or_default(),
                Some(_) => {}
                None => return wire::ByeReason::Unspecified,
            }
        }
    }

    /// Says any frame; whether the stream takes it.
    pub(crate) async fn says(&self, frame: frame::Frame) -> bool {
        self.stream.says(frame).await
    }

    /// Hears what comes within a short time; whether the stream goes on.
    pub(crate) async fn listen(&mut self, time: Duration) -> bool {
        loop {
            match timeout(time, self.hear()).await {
                Ok(true) => {}
                Ok(false) => return false,
                Err(_) => return true,
            }
        }
    }

    /// How far the other side has come in a lane, and the hash there, as its hello says.
    pub(crate) fn place(&self, lane: wire::Lane) -> (u64, Bytes) {
        self.places.get(&(lane as i32)).cloned().unwrap_or((0, vec![0; 32].into()))
    }

    /// Hears one frame; whether there was one.
    async fn hear(&mut self) -> bool {
        let frame = next(&mut self.stream).await;
        self.heard.extend(frame.clone());
        match frame {
            Some(frame::Frame::Receipts(receipts)) => {
                for signed in receipts.receipts {
                    let receipt = Receipt::parse(&signed.receipt).expect("a receipt");
                    self.receipts.insert(receipt.envelope_hash, receipt);
                }
            }
            Some(frame::Frame::Credit(credit)) => drop(self.credit.insert(credit.lane)),
            Some(frame::Frame::Deliveries(deliveries)) => self.came.extend(deliveries.deliveries),
            Some(frame::Frame::Ping(ping)) if !ping.answer => {
                self.stream.says(frame::Frame::Ping(wire::Ping { answer: true, ..ping })).await;
            }
            Some(_) => {}
            None => return false,
        }
        true
    }
}

async fn next(stream: &mut Stream) -> Option<frame::Frame> {
    let next = timeout(PATIENCE, stream.hear.next()).await.expect("the other side says something");
    next.and_then(Result::ok).and_then(|response| response.frame).and_then(|frame| frame.frame)
}

fn name_of(frame: Option<&frame::Frame>) -> &'static str {
    match frame {
        None => "the end",
        Some(frame::Frame::Bye(_)) => "a goodbye",
        Some(_) => "another frame",
    }
}

/// The commitment to a put of who somebody is, or to what carries no record.
fn commit(body: &wire::Body) -> Digest {
    let fields: Vec<(String, Vec<u8>)> = match &body.content {
        Some(wire::body::Content::Put(put)) => {
            put.records.iter().enumerate().map(|(index, record)| (format!("identity#{index}"), record.encode_to_vec())).collect()
        }
        Some(wire::body::Content::Offer(offer)) => vec![("offer#0".to_owned(), offer.encode_to_vec())],
        Some(wire::body::Content::Retract(retract)) => vec![("retract#0".to_owned(), retract.encode_to_vec())],
        Some(wire::body::Content::State(change)) => vec![("state#0".to_owned(), change.encode_to_vec())],
        Some(wire::body::Content::Agreement(file)) => vec![("agreement#0".to_owned(), file.encode_to_vec())],
        _ => panic!("says a put, a retract, an offer, a state or an agreement"),
    };
    let fields: Vec<(String, &[u8])> = fields.iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())).collect();
    let salt = <[u8; 32]>::try_from(body.salt.as_ref()).expect("32 bytes");
    commitment(&salt, TransferId([0; 16]), &fields)
}

/// An id that nobody else has.
fn unique() -> [u8; 16] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut id = [0x5a; 16];
    id[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    id
}
