//! A frame of the link: what the stream decodes, and what the border then reads out of it, in its order.

use std::sync::OnceLock;

use prost::Message as _;
use titian_proto::envelope::{Header, KeyRing, Lane, Receipt, SealContext, envelope_hash, receipt_hash};
use titian_proto::log::Leaf;
use titian_proto::model::id::{Digest, Epoch, NodeId};
use titian_proto::model::refusal::RefusalCode;
use titian_proto::wire::{self, frame};

use super::{NOW, assert_same, content, seeds};

/// Reads a frame and everything in it.
pub fn enter(bytes: &[u8]) -> bool {
    let Ok(frame) = wire::Frame::decode(bytes) else { return false };
    assert_same(&frame, wire::Frame::decode(frame.encode_to_vec().as_slice()));
    match frame.frame {
        Some(frame::Frame::Hello(hello)) => hear(&hello),
        Some(frame::Frame::Deliveries(batch)) => batch.deliveries.into_iter().map(deliver).fold(true, bool::min),
        Some(frame::Frame::Receipts(batch)) => batch.receipts.iter().map(settle).fold(true, bool::min),
        Some(frame::Frame::Stored(stored)) => Lane::from_wire(stored.lane).is_ok(),
        Some(frame::Frame::Credit(credit)) => Lane::from_wire(credit.lane).is_ok(),
        Some(_) => true, // the others are read as they stand
        None => false,
    }
}

fn hear(hello: &wire::Hello) -> bool {
    let wire::Hello { node_id, epoch, received, peer_epoch, descriptor_digest, .. } = hello;
    let cursor = |cursor: &wire::LaneCursor| Lane::from_wire(cursor.lane).is_ok() & Digest::from_wire(&cursor.last_hash).is_ok();
    NodeId::parse(node_id).is_ok()
        & Epoch::from_wire(epoch).is_ok()
        & Epoch::from_wire_optional(peer_epoch).is_ok()
        & Digest::from_wire_optional(descriptor_digest).is_ok()
        & received.iter().all(cursor)
}

fn deliver(delivery: wire::Delivery) -> bool {
    let wire::Delivery { envelope, leaf, purged } = delivery;
    let wire::Envelope { header: header_bytes, body, seal } = envelope.unwrap_or_default();
    let sealed = keys().verify_seal(SealContext::Envelope, envelope_hash(&header_bytes), &seal.unwrap_or_default(), NOW);
    let logged = RefusalCode::from_wire_optional(purged).is_ok() & Leaf::parse(&leaf).is_ok();
    let Ok(header) = Header::parse(&header_bytes) else { return false };
    assert_same(&header, Header::parse(&header.encode()));
    // All of it, whatever was wrong before: a fuzzer cannot sign.
    content::read(header.kind, &body) & header.check_body(&body).is_ok() & logged & sealed.is_ok()
}

fn settle(signed: &wire::SignedReceipt) -> bool {
    let wire::SignedReceipt { receipt: bytes, seal } = signed;
    let sealed = keys().verify_seal(SealContext::Receipt, receipt_hash(bytes), &seal.clone().unwrap_or_default(), NOW);
    let Ok(receipt) = Receipt::parse(bytes) else { return false };
    assert_same(&receipt, Receipt::parse(&receipt.encode()));
    Leaf::parse(&receipt.leaf).is_ok() & sealed.is_ok()
}

/// The keys of the golden descriptor, which sealed the golden envelope and receipt.
fn keys() -> &'static KeyRing {
    static KEYS: OnceLock<KeyRing> = OnceLock::new();
    KEYS.get_or_init(|| KeyRing::from_descriptor_chain(&seeds::golden_chain()))
}
