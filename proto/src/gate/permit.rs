//! The permit: what only the gate makes, and what alone becomes bytes for a peer.

use std::fmt;

use bytes::Bytes;
use prost::Message as _;

use crate::envelope::EnvelopeKind;
use crate::gate::content::Content;
use crate::model::consent::{ConsentRef, Grant};
use crate::model::id::Digest;
use crate::model::record::SharedRecord;
use crate::model::referral::SharePut;
use crate::model::vocabulary::{Category, Purpose};
use crate::wire;

/// Leave to send, or to apply, exactly this content. Made by the gate alone; cannot be copied.
#[must_use]
pub struct Permit {
    content: Content,
}

/// Bytes that may go to a peer. Made from a permit alone.
#[must_use]
pub struct PermittedBody {
    bytes: Bytes,
    digest: Digest,
    kind: EnvelopeKind,
    fields: Vec<String>,
    commitment_inputs: Vec<(String, Bytes)>,
}

impl Permit {
    /// The gate's own.
    pub(super) fn of(content: Content) -> Self {
        Self { content: content.for_peer() }
    }

    /// What is permitted.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What is permitted, to be applied.
    #[must_use]
    pub fn into_content(self) -> Content {
        self.content
    }

    /// The consent it rests on; none where none is asked for.
    #[must_use]
    pub fn consent(&self) -> Option<ConsentRef> {
        match &self.content {
            Content::Offer(offer) => offer.grant.as_ref().map(Grant::reference),
            Content::Put(put) => put.grant.as_ref().map(Grant::reference),
            Content::HandOver(hand_over) => hand_over.grant.as_ref().map(Grant::reference),
            Content::Retract(_)
            | Content::State(_)
            | Content::Agreement(_)
            | Content::Withdrawal(_)
            | Content::ErasureReceipt(_)
            | Content::Breach(_)
            | Content::Compromise(_) => None,
        }
    }

    /// What it is for; none where nothing about a person is sent.
    #[must_use]
    pub fn purpose(&self) -> Option<Purpose> {
        match &self.content {
            Content::Offer(offer) => Some(offer.purpose),
            Content::Put(put) => Some(put.purpose),
            Content::HandOver(hand_over) => Some(hand_over.purpose),
            Content::Retract(_)
            | Content::State(_)
            | Content::Agreement(_)
            | Content::Withdrawal(_)
            | Content::ErasureReceipt(_)
            | Content::Breach(_)
            | Content::Compromise(_) => None,
        }
    }

    /// Codes of the categories it carries, sorted: what the log may say of it.
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        let categories: Vec<Category> = match &self.content {
            Content::Offer(offer) => offer.categories_said(),
            Content::Put(put) => put.records.iter().map(|record| record.content.category()).collect(),
            Content::Retract(_)
            | Content::State(_)
            | Content::Agreement(_)
            | Content::Withdrawal(_)
            | Content::ErasureReceipt(_)
            | Content::Breach(_)
            | Content::Compromise(_)
            | Content::HandOver(_) => Vec::new(),
        };
        let mut codes: Vec<String> = categories.into_iter().map(|category| category.code().to_owned()).collect();
        codes.sort();
        codes.dedup();
        codes
    }

    /// What the transfer's commitment is computed over: a name and the wire bytes of each record or of the whole message, as "claim#0".
    #[must_use]
    pub fn commitment_inputs(&self) -> Vec<(String, Bytes)> {
        let one = |name: &str, bytes: Vec<u8>| vec![(format!("{name}#0"), Bytes::from(bytes))];
        match &self.content {
            Content::Put(put) => put_inputs(put, &put.records.iter().map(SharedRecord::to_wire).collect::<Vec<_>>()),
            Content::Offer(offer) => one("offer", offer.to_wire().encode_to_vec()),
            Content::Retract(retract) => one("retract", retract.to_wire().encode_to_vec()),
            Content::State(change) => one("state", change.to_wire().encode_to_vec()),
            Content::Agreement(file) => one("agreement", file.encode_to_vec()),
            Content::Withdrawal(notice) => one("withdrawal", notice.to_wire().encode_to_vec()),
            Content::ErasureReceipt(receipt) => one("erasure_receipt", receipt.to_wire().encode_to_vec()),
            Content::Breach(notice) => one("breach", notice.to_wire().encode_to_vec()),
            Content::Compromise(notice) => one("compromise", notice.to_wire().encode_to_vec()),
            Content::HandOver(hand_over) => one("hand_over", hand_over.to_wire().encode_to_vec()),
        }
    }

    /// The bytes for the peer. The salt must be 32 random bytes, new for each transfer: it keeps digest and commitment unguessable.
    pub fn body(&self, salt: [u8; Content::SALT_BYTES]) -> PermittedBody {
        let content = self.content.to_wire();
        let commitment_inputs = self.inputs_of(&content);
        let body = wire::Body { salt: Bytes::copy_from_slice(&salt), content: Some(content) };
        let bytes = Bytes::from(body.encode_to_vec());
        PermittedBody { digest: Digest::of(&bytes), bytes, kind: self.content.kind(), fields: self.fields(), commitment_inputs }
    }

    /// As [`Self::commitment_inputs`], from the content as it is on the wire already.
    fn inputs_of(&self, content: &wire::body::Content) -> Vec<(String, Bytes)> {
        match (&self.content, content) {
            (Content::Put(put), wire::body::Content::Put(wired)) => put_inputs(put, &wired.records),
            _ => self.commitment_inputs(),
        }
    }
}

/// A put commits to each of its records.
fn put_inputs(put: &SharePut, records: &[wire::SharedRecord]) -> Vec<(String, Bytes)> {
    let names = put.records.iter().enumerate().map(|(index, record)| format!("{}#{index}", record.content.record_type().name()));
    names.zip(records.iter().map(|record| Bytes::from(record.encode_to_vec()))).collect()
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permit({:?})", self.content)
    }
}

impl PermittedBody {
    /// The exact bytes of the body.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Their SHA-256, as the header names it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What kind of envelope carries it.
    #[must_use]
    pub fn kind(&self) -> EnvelopeKind {
        self.kind
    }

    /// Codes of the categories it carries, sorted.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// As [`Permit::commitment_inputs`].
    #[must_use]
    pub fn commitment_inputs(&self) -> &[(String, Bytes)] {
        &self.commitment_inputs
    }
}

impl fmt::Debug for PermittedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PermittedBody({}, {} bytes)", self.kind, self.bytes.len())
    }
}
