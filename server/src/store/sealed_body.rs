//! Rows of the outbox: a delivery whose body is sealed by itself, so that it can be destroyed and what is around it stays: header, seal and leaf keep the
//! place of the envelope in its chain.

use bytes::Bytes;
use prost::Message as _;
use titian_proto::envelope::{EnvelopeKind, Header};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::RefusalCode;
use titian_proto::wire;

use super::engine::Pair;
use super::error::StoreError;
use super::key::Key;
use super::read::Read;
use super::sealing::{Vault, is_sealed_value};
use super::value::{Raw, frame, unframe};

const TABLE: &str = "outbox/";

/// Why a body is gone of which only its key tells that it was destroyed: a row that came back from a backup. A worker's word destroys nearly all of them.
const DESTROYED: RefusalCode = RefusalCode::ConsentWithdrawn;

/// Whether bodies of a kind say anything of a person. What says nothing stays in the clear: it holds codes and random names, and when it is purged and a
/// backup brings it back, the peer is to have it all the same.
pub(crate) fn is_personal(kind: EnvelopeKind) -> bool {
    match kind {
        EnvelopeKind::State
        | EnvelopeKind::ShareRetract
        | EnvelopeKind::Agreement
        | EnvelopeKind::Compromise
        | EnvelopeKind::Descriptor
        | EnvelopeKind::LogHead => false,
        EnvelopeKind::Offer
        | EnvelopeKind::SharePut
        | EnvelopeKind::Withdrawal
        | EnvelopeKind::ErasureReceipt
        | EnvelopeKind::Breach
        | EnvelopeKind::AttestationRequest
        | EnvelopeKind::Attestation
        | EnvelopeKind::HandOver
        | EnvelopeKind::Material
        | EnvelopeKind::Aggregate => true,
    }
}

/// A row as it is stored.
pub(crate) fn read(row: Bytes) -> Result<wire::Delivery, StoreError> {
    wire::Delivery::decode(row).map_err(|_| StoreError::unreadable(TABLE, Malformed::new("is not a delivery")))
}

/// The delivery of a row, with its body in the clear; without it, and as purged, where its key is destroyed, and that it is.
pub(crate) fn open(read_from: &impl Read, rows: &[u8], number: u64, row: Bytes) -> Result<(wire::Delivery, bool), StoreError> {
    let mut delivery = read(row)?;
    let Some(envelope) = delivery.envelope.as_mut().filter(|envelope| is_sealed_value(&envelope.body)) else {
        return Ok((delivery, false));
    };
    let opened = read_from.open_part(&place(rows, number), &envelope.body)?;
    let is_destroyed = opened.is_none();
    envelope.body = opened.unwrap_or_default();
    if is_destroyed {
        delivery.purged = DESTROYED.to_wire();
    }
    Ok((delivery, is_destroyed))
}

/// As [`open`], as bytes.
#[cfg(feature = "simulation")]
fn opened(read_from: &impl Read, rows: &[u8], number: u64, row: Bytes) -> Result<Bytes, StoreError> {
    Ok(open(read_from, rows, number, row)?.0.encode_to_vec().into())
}

/// A delivery without its body and as purged, where the key of its body is destroyed; else as it is.
pub(crate) fn mark_destroyed(vault: &Vault, mut delivery: wire::Delivery) -> wire::Delivery {
    if let Some(envelope) = &mut delivery.envelope
        && !vault.is_open(&envelope.body)
    {
        envelope.body = Bytes::new();
        delivery.purged = DESTROYED.to_wire();
    }
    delivery
}

/// Seals a body for its row. With it comes the bucket of its key.
pub(crate) fn seal(vault: &Vault, rows: &[u8], number: u64, body: &Bytes) -> Result<(Bytes, u32), StoreError> {
    let (sealed, slot) = vault.seal_part(&place(rows, number), body)?;
    Ok((sealed, slot.bucket))
}

/// A row with its body sealed, if it has one in the clear.
fn seal_row(vault: &Vault, rows: &[u8], number: u64, row: &Bytes) -> Result<Bytes, StoreError> {
    let mut delivery = read(row.clone())?;
    match &mut delivery.envelope {
        Some(envelope) if !envelope.body.is_empty() && !is_sealed_value(&envelope.body) => {
            let header = Header::parse(&envelope.header).map_err(|problem| StoreError::unreadable(TABLE, problem))?;
            if !is_personal(header.kind) {
                return Ok(row.clone());
            }
            envelope.body = seal(vault, rows, number, &envelope.body)?.0;
            Ok(delivery.encode_to_vec().into())
        }
        Some(_) | None => Ok(row.clone()),
    }
}

/// A line of an export as it is to be stored: a body of a time before they were sealed is sealed now.
pub(crate) fn seal_line(vault: &Vault, (key, value): Pair) -> Result<Pair, StoreError> {
    let number = Key::last_number(&key).filter(|_| key.starts_with(TABLE.as_bytes()));
    match number {
        Some(number) => {
            let row = seal_row(vault, &key[..key.len() - size_of::<u64>()], number, &unframe::<Raw>(&value)?.0)?;
            Ok((key, frame(&Raw(row))?))
        }
        None => Ok((key, value)),
    }
}

fn place(rows: &[u8], number: u64) -> Vec<u8> {
    [rows, &number.to_be_bytes()].concat()
}

/// Whatever stands at a key in the clear, also a body in a single row.
#[cfg(feature = "simulation")]
pub(crate) fn in_the_clear(view: &super::View, key: &Bytes, value: Bytes) -> Result<Option<Bytes>, StoreError> {
    let number = Key::last_number(key).filter(|_| key.starts_with(TABLE.as_bytes()));
    match number {
        Some(number) => {
            let row = unframe::<Raw>(&value)?.0;
            opened(view, &key[..key.len() - size_of::<u64>()], number, row).map(Some)
        }
        None => view.vault.open_at(key, value),
    }
}
