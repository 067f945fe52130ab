//! One entry of the log: canonical JSON (RFC 8785) of a closed schema. Verifiers hash the stored bytes, never a re-serialisation.
//!
//! Only ASCII strings, integers below 2^53 and arrays of strings stand in it: no free text, no name, no case number, no plain hash of any.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::log::canonical;
pub use crate::log::draft::LeafDraft;
use crate::log::draft::Seat;
pub use crate::log::event::Event;
use crate::log::hex16;
use crate::log::tree::leaf_hash;
use crate::model::id::{Digest, TransferId};
use crate::model::malformed::{At, Malformed};
use crate::model::vocabulary::Purpose;

/// One entry. The fields stand in the order of the alphabet, which makes the JSON canonical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Key id of the auditor that was given a part of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auditor: Option<String>,
    /// Counts what crossed under this agreement in this direction, from 0, without gaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chan: Option<u64>,
    /// SHA-256 of a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Digest>,
    /// A code of the event: a refusal, a reason, a kind of statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The commitment to the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Digest>,
    /// Index of the consent leaf in this log, at the side that sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<u64>,
    /// Directions of an agreement, such as "my.mtuc>id.ksbsi".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directions: Option<Vec<String>>,
    /// Hash of the envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Digest>,
    /// What happened.
    pub event: Event,
    /// Codes of the categories, sorted; may be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    /// Key id of the key that signs from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The agreement and its version: "AG-MY-ID#1".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mou: Option<String>,
    /// SHA-256 of the agreement's canonical text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mou_doc: Option<Digest>,
    /// Random, so that the hash of the leaf cannot be guessed.
    #[serde(with = "hex16::always")]
    pub nonce: [u8; 16],
    /// The log it stands in.
    pub origin: String,
    /// Node ids of an agreement's parties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parties: Option<Vec<String>>,
    /// The other union: its log origin, or its node id where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Hash of the peer's leaf that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_leaf: Option<Digest>,
    /// The purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// Purposes of an agreement or a consent, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purposes: Option<Vec<String>>,
    /// First index of a part of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_from: Option<u64>,
    /// Index after the last of a part of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_to: Option<u64>,
    /// Its index in the log.
    pub seq: u64,
    /// Index of the leaf in this log that this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<u64>,
    /// Several such indexes, in decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<String>>,
    /// Seconds since 1970, rounded down to the hour.
    pub time: u64,
    /// Format version: 1.
    pub v: u32,
    /// First day, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// Last day, ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Names of witnesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnesses: Option<Vec<String>>,
    /// The transfer; the same in both logs.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex16::optional")]
    pub xfer: Option<TransferId>,
}

impl Leaf {
    /// The one version of the format.
    pub const VERSION: u32 = 1;
    /// Largest leaf in bytes: an agreement of sixteen parties with all directions between them fits; 65,535 is what a tile can hold.
    pub const LENGTH_MAX: usize = 16_384;
    /// Integers of JSON are exact below this.
    pub const NUMBER_END: u64 = 1 << 53;

    /// The exact bytes that are stored and hashed. Made once, when the leaf takes its seat.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        /// Room for the leaf of an envelope, so that the buffer does not grow step by step.
        const USUAL_LENGTH: usize = 1024;
        let mut bytes = Vec::with_capacity(USUAL_LENGTH);
        // Strings, integers and lists of strings always serialise; an empty leaf would never parse.
        if serde_json::to_writer(&mut bytes, self).is_err() {
            bytes.clear();
        }
        bytes.into()
    }

    /// Reads a leaf. The caller keeps the bytes: they are what is hashed.
    ///
    /// # Errors
    /// When it is not canonical, has an unknown field or event, a field of another form, or not the fields that its event has.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > Self::LENGTH_MAX {
            return Err(Malformed::new("must be at most 16384 bytes").at("leaf"));
        }
        let leaf = match canonical::read(bytes) {
            Some(leaf) => leaf,
            // The cause could quote a value, so only the place is told.
            None => serde_json::from_slice::<Self>(bytes)
                .map_err(|cause| Malformed::new(format!("is not a log leaf (column {})", cause.column())).at("leaf"))?,
        };
        if leaf.encode() != bytes {
            return Err(Malformed::new("must be canonical JSON (RFC 8785)").at("leaf"));
        }
        leaf.checked().at("leaf")
    }

    /// The hash of a leaf's bytes in the tree (RFC 6962).
    #[must_use]
    pub fn hash(bytes: &[u8]) -> Digest {
        leaf_hash(bytes)
    }

    /// The leaf without its seat.
    #[must_use]
    pub fn draft(&self) -> LeafDraft {
        self.clone().apart().0
    }

    /// The draft and the seat that it took; [`LeafDraft::in_seat`] puts them together again.
    fn apart(self) -> (LeafDraft, Seat) {
        let Self {
            auditor,
            chan,
            checkpoint,
            code,
            commit,
            consent,
            directions,
            env,
            event,
            fields,
            key,
            mou,
            mou_doc,
            nonce,
            origin,
            parties,
            peer,
            peer_leaf,
            purpose,
            purposes,
            range_from,
            range_to,
            seq,
            target,
            targets,
            time,
            v,
            valid_from,
            valid_until,
            witnesses,
            xfer,
        } = self;
        let draft = LeafDraft {
            event,
            auditor,
            chan,
            checkpoint,
            code,
            commit,
            consent,
            directions,
            env,
            fields,
            key,
            mou,
            mou_doc,
            parties,
            peer,
            peer_leaf,
            purpose,
            purposes,
            range_from,
            range_to,
            target,
            targets,
            valid_from,
            valid_until,
            witnesses,
            xfer,
        };
        (draft, Seat { nonce, origin, seq, time, v })
    }

    /// The leaf itself, if its form is right.
    fn checked(self) -> Result<Self, Malformed> {
        self.check_seat()?;
        let (draft, seat) = self.apart();
        draft.check()?;
        Ok(draft.in_seat(seat))
    }

    fn check_seat(&self) -> Result<(), Malformed> {
        if self.v != Self::VERSION {
            return Err(Malformed::new("must be 1").at("v"));
        }
        if self.origin.is_empty() || self.origin.len() > LeafDraft::TEXT_MAX || !self.origin.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(Malformed::new("must be 1 to 256 ASCII characters without spaces").at("origin"));
        }
        if self.seq >= Self::NUMBER_END {
            return Err(Malformed::new("must be below 2^53").at("seq"));
        }
        if self.time >= Self::NUMBER_END || !self.time.is_multiple_of(3600) {
            return Err(Malformed::new("must be rounded to the hour").at("time"));
        }
        for (name, list) in [("fields", &self.fields), ("purposes", &self.purposes)] {
            if !list.as_ref().is_none_or(|list| list.is_sorted_by(|one, next| one < next)) {
                return Err(Malformed::new("must be sorted, each code once").at(name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "leaf_tests.rs"]
mod tests;
