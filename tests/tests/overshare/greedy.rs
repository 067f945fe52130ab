//! KSBSI's keys in the hands of somebody who accepts everything, asks for every byte, and keeps what comes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prost::Message as _;
use titian_proto::document::key::DocumentKey;
use titian_proto::wire::{self, frame};

use crate::peer::{Draft, Keys, Line};

/// Between two looks whether there is something to answer.
const LOOK: Duration = Duration::from_millis(50);

/// Accepts and asks until it is told to stop; gives every byte that came, documents opened.
pub(crate) async fn takes_everything(keys: &Keys, hello: &wire::Hello, stop: &AtomicBool) -> Vec<u8> {
    let mut line = keys.speak(hello, (1, 2)).await;
    line.gives_room().await;
    let mut last_look = false;
    while !last_look {
        last_look = stop.load(Ordering::SeqCst);
        line.listen(LOOK).await;
        for delivery in std::mem::take(&mut line.came) {
            line.answer(&delivery, None).await;
            if delivery.purged == 0 {
                follow(&mut line, &delivery).await;
            }
        }
    }
    everything(&line.heard)
}

async fn follow(line: &mut Line<'_>, delivery: &wire::Delivery) {
    let body = delivery.envelope.clone().unwrap_or_default().body;
    match wire::Body::decode(body).expect("a body").content {
        Some(wire::body::Content::Offer(offer)) => {
            for (state, sequence) in [(wire::ReferralState::Received, 1), (wire::ReferralState::Accepted, 2)] {
                line.send(&state_of(delivery, &offer, state, sequence)).await;
            }
        }
        Some(wire::body::Content::Put(put)) => {
            for record in put.records {
                if let Some(document) = named_bytes(&put.referral_id, &record) {
                    let ask = wire::DocumentAsk { document: Some(document), from: 0, count: 16, opening: true };
                    assert!(line.says(frame::Frame::DocumentAsk(ask)).await, "the stream takes it");
                    line.listen(LOOK).await;
                }
            }
        }
        _ => {}
    }
}

/// The other side's answer to an offer.
fn state_of(delivery: &wire::Delivery, offer: &wire::Offer, state: wire::ReferralState, sequence: u64) -> Draft {
    let referral_id = offer.referral_id.clone();
    let change = wire::StateChange { referral_id, version: offer.version, state: state as i32, sequence, ..wire::StateChange::default() };
    let body = wire::Body { salt: vec![sequence as u8; 32].into(), content: Some(wire::body::Content::State(change)) };
    Draft::of(delivery).saying(wire::EnvelopeKind::State, wire::Lane::States, &body).with_header(|header| {
        std::mem::swap(&mut header.sender, &mut header.recipient);
        header.consent = None;
    })
}

fn named_bytes(referral_id: &bytes::Bytes, record: &wire::SharedRecord) -> Option<wire::DocumentName> {
    let Some(wire::record_content::Content::Document(manifest)) = record.content.as_ref()?.content.as_ref() else { return None };
    let content_digest = manifest.content_digest.clone();
    let named = !content_digest.is_empty();
    named.then(|| wire::DocumentName { referral_id: referral_id.clone(), record_ref: record.record_ref.clone(), content_digest })
}

/// Every frame as bytes, and every chunk of a document opened with the key that came for it.
fn everything(heard: &[frame::Frame]) -> Vec<u8> {
    let (mut bytes, mut keys) = (Vec::new(), HashMap::new());
    for frame in heard {
        bytes.extend(wire::Frame { frame: Some(frame.clone()) }.encode_to_vec());
        match frame {
            frame::Frame::DocumentOpening(opening) => {
                keys.insert(
                    opening.document.clone().map(|name| name.encode_to_vec()),
                    DocumentKey::from_wire(&opening.key).expect("a key"),
                );
            }
            frame::Frame::DocumentChunk(chunk) => {
                let key = keys.get(&chunk.document.clone().map(|name| name.encode_to_vec())).expect("the opening came before");
                bytes.extend(key.open(chunk.index, &chunk.sealed).expect("sealed for us"));
            }
            _ => {}
        }
    }
    bytes
}
