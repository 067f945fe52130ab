//! The body of an envelope.

use bytes::Bytes;
use titian_proto::envelope::EnvelopeKind;
use titian_proto::gate::Content;
use titian_proto::model::descriptor::CompromiseNotice;
use titian_proto::model::referral::{BreachNotice, ErasureReceipt, HandOver, Offer, SharePut, ShareRetract, StateChange, WithdrawalNotice};

use super::assert_same;

/// The first byte chooses the kind that the header would name; the rest is the body.
pub fn enter(bytes: &[u8]) -> bool {
    let Some((choice, body)) = bytes.split_first() else { return false };
    let kinds = EnvelopeKind::ALL;
    kinds.get(usize::from(*choice) % kinds.len()).is_some_and(|kind| read(*kind, &Bytes::copy_from_slice(body)))
}

/// Reads a body as the gate gets it.
pub(super) fn read(kind: EnvelopeKind, body: &Bytes) -> bool {
    let Ok((_, content)) = Content::parse(kind, body) else { return false };
    match content {
        Content::Offer(offer) => assert_same(&offer, Offer::from_wire(&offer.to_wire())),
        Content::Put(put) => assert_same(&put, SharePut::from_wire(&put.to_wire())),
        Content::Retract(retract) => assert_same(&retract, ShareRetract::from_wire(&retract.to_wire())),
        Content::State(change) => assert_same(&change, StateChange::from_wire(&change.to_wire())),
        Content::Agreement(file) => return super::agreement::read_file(&file),
        Content::Withdrawal(notice) => assert_same(&notice, WithdrawalNotice::from_wire(&notice.to_wire())),
        Content::ErasureReceipt(receipt) => assert_same(&receipt, ErasureReceipt::from_wire(&receipt.to_wire())),
        Content::Breach(notice) => assert_same(&notice, BreachNotice::from_wire(&notice.to_wire())),
        Content::Compromise(notice) => assert_same(&notice, CompromiseNotice::from_wire(&notice.to_wire())),
        Content::HandOver(hand_over) => assert_same(&hand_over, HandOver::from_wire(&hand_over.to_wire())),
    }
    true
}
