//! A leaf before it takes its seat in the log.

use crate::log::event::Event;
use crate::log::leaf::Leaf;
use crate::model::date::Instant;
use crate::model::id::{Digest, TransferId};
use crate::model::malformed::Malformed;
use crate::model::reference::AgreementRef;
use crate::model::vocabulary::Purpose;

/// Everything a leaf says but its place: `LeafDraft { peer: Some(..), ..LeafDraft::new(Event::ReferralSent) }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafDraft {
    /// What happened.
    pub event: Event,
    /// Key id of the auditor that was given a part of the log.
    pub auditor: Option<String>,
    /// Counts what crossed under this agreement in this direction, from 0, without gaps.
    pub chan: Option<u64>,
    /// SHA-256 of a checkpoint.
    pub checkpoint: Option<Digest>,
    /// A code of the event: a refusal, a reason, a kind of statement.
    pub code: Option<String>,
    /// The commitment to the content.
    pub commit: Option<Digest>,
    /// Index of the consent leaf in this log, at the side that sends.
    pub consent: Option<u64>,
    /// Directions of an agreement, such as "my.mtuc>id.ksbsi".
    pub directions: Option<Vec<String>>,
    /// Hash of the envelope.
    pub env: Option<Digest>,
    /// Codes of the categories, sorted; may be empty.
    pub fields: Option<Vec<String>>,
    /// Key id of a log key.
    pub key: Option<String>,
    /// The agreement and its version: "AG-MY-ID#1".
    pub mou: Option<String>,
    /// SHA-256 of the agreement's canonical text.
    pub mou_doc: Option<Digest>,
    /// Node ids of an agreement's parties.
    pub parties: Option<Vec<String>>,
    /// The other union: its log origin, or its node id where that is not known.
    pub peer: Option<String>,
    /// Hash of the peer's leaf that this one answers.
    pub peer_leaf: Option<Digest>,
    /// The purpose.
    pub purpose: Option<Purpose>,
    /// Purposes of an agreement or a consent, sorted.
    pub purposes: Option<Vec<String>>,
    /// First index of a part of the log.
    pub range_from: Option<u64>,
    /// Index after the last of a part of the log.
    pub range_to: Option<u64>,
    /// Index of the leaf in this log that this one is about.
    pub target: Option<u64>,
    /// Several such indexes, in decimal.
    pub targets: Option<Vec<String>>,
    /// First day, ISO 8601.
    pub valid_from: Option<String>,
    /// Last day, ISO 8601.
    pub valid_until: Option<String>,
    /// Names of witnesses.
    pub witnesses: Option<Vec<String>>,
    /// The transfer; the same in both logs.
    pub xfer: Option<TransferId>,
}

/// The place of a leaf in its log.
pub(super) struct Seat {
    pub(super) nonce: [u8; 16],
    pub(super) origin: String,
    pub(super) seq: u64,
    pub(super) time: u64,
    pub(super) v: u32,
}

impl LeafDraft {
    /// Longest string in a leaf, in bytes: an origin has a DNS name of at most 253.
    pub const TEXT_MAX: usize = 256;
    /// Most strings in a list: sixteen parties have 240 directions between them.
    pub const LIST_MAX: usize = 256;

    /// A draft that says nothing but what happened.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self {
            event,
            auditor: None,
            chan: None,
            checkpoint: None,
            code: None,
            commit: None,
            consent: None,
            directions: None,
            env: None,
            fields: None,
            key: None,
            mou: None,
            mou_doc: None,
            parties: None,
            peer: None,
            peer_leaf: None,
            purpose: None,
            purposes: None,
            range_from: None,
            range_to: None,
            target: None,
            targets: None,
            valid_from: None,
            valid_until: None,
            witnesses: None,
            xfer: None,
        }
    }

    /// Names the agreement: its version and the digest of its text.
    #[must_use]
    pub fn under(mut self, agreement: &AgreementRef) -> Self {
        self.mou = Some(agreement.log_name());
        self.mou_doc = Some(agreement.digest);
        self
    }

    /// Gives it its place. Sorts the lists that are sets; rounds the time to the hour. Check the draft first ([`Self::check`]).
    #[must_use]
    pub fn seat(mut self, origin: &str, seq: u64, nonce: [u8; 16], now: Instant) -> Leaf {
        self.fields = self.fields.map(sorted);
        self.purposes = self.purposes.map(sorted);
        let time = u64::try_from(now.hour_seconds()).unwrap_or(0);
        self.in_seat(Seat { nonce, origin: origin.to_owned(), seq, time, v: Leaf::VERSION })
    }

    /// The leaf of a draft in a seat, as they are.
    pub(super) fn in_seat(self, seat: Seat) -> Leaf {
        let Seat { nonce, origin, seq, time, v } = seat;
        let Self {
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
        } = self;
        Leaf {
            nonce,
            origin,
            seq,
            time,
            v,
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
        }
    }

    /// Checks that the fields are those of the event, and each of its form.
    ///
    /// # Errors
    /// When one is missing, too many, or of another form.
    pub fn check(&self) -> Result<(), Malformed> {
        self.check_presence()?;
        self.check_texts()?;
        self.check_lists()?;
        self.check_numbers()
    }

    fn check_presence(&self) -> Result<(), Malformed> {
        let (required, optional) = (self.event.required(), self.event.optional());
        let presence = self.presence();
        // Nearly every leaf is right: only of one that is not the fields are gone through one by one to find which.
        let (mut count, mut right) = (0, true);
        for (name, _) in presence.iter().filter(|(_, present)| *present) {
            let is_required = required.contains(name);
            count += usize::from(is_required);
            right &= is_required || optional.contains(name);
        }
        if right && count == required.len() {
            return Ok(());
        }
        for (name, present) in presence {
            let required = self.event.required().contains(&name);
            if required && !present {
                return Err(Malformed::missing(name));
            }
            if present && !required && !self.event.optional().contains(&name) {
                return Err(Malformed::new("does not belong to this event").at(name));
            }
        }
        Ok(())
    }

    fn presence(&self) -> [(&'static str, bool); 25] {
        [
            ("auditor", self.auditor.is_some()),
            ("chan", self.chan.is_some()),
            ("checkpoint", self.checkpoint.is_some()),
            ("code", self.code.is_some()),
            ("commit", self.commit.is_some()),
            ("consent", self.consent.is_some()),
            ("directions", self.directions.is_some()),
            ("env", self.env.is_some()),
            ("fields", self.fields.is_some()),
            ("key", self.key.is_some()),
            ("mou", self.mou.is_some()),
            ("mou_doc", self.mou_doc.is_some()),
            ("parties", self.parties.is_some()),
            ("peer", self.peer.is_some()),
            ("peer_leaf", self.peer_leaf.is_some()),
            ("purpose", self.purpose.is_some()),
            ("purposes", self.purposes.is_some()),
            ("range_from", self.range_from.is_some()),
            ("range_to", self.range_to.is_some()),
            ("target", self.target.is_some()),
            ("targets", self.targets.is_some()),
            ("valid_from", self.valid_from.is_some()),
            ("valid_until", self.valid_until.is_some()),
            ("witnesses", self.witnesses.is_some()),
            ("xfer", self.xfer.is_some()),
        ]
    }

    fn check_texts(&self) -> Result<(), Malformed> {
        let texts = [
            ("auditor", &self.auditor),
            ("code", &self.code),
            ("key", &self.key),
            ("mou", &self.mou),
            ("peer", &self.peer),
            ("valid_from", &self.valid_from),
            ("valid_until", &self.valid_until),
        ];
        for (name, text) in texts {
            let well_formed = |text: &String| if name == "code" { is_code(text) } else { is_name(text) };
            if !text.as_ref().is_none_or(well_formed) {
                return Err(Malformed::new("must be a code or name of at most 256 ASCII characters without spaces").at(name));
            }
        }
        Ok(())
    }

    fn check_lists(&self) -> Result<(), Malformed> {
        let lists = [
            ("directions", &self.directions),
            ("fields", &self.fields),
            ("parties", &self.parties),
            ("purposes", &self.purposes),
            ("targets", &self.targets),
            ("witnesses", &self.witnesses),
        ];
        for (name, list) in lists {
            let Some(list) = list else { continue };
            if list.len() > Self::LIST_MAX || !list.iter().all(|text| is_name(text)) {
                return Err(Malformed::new("must be at most 256 codes or names of ASCII characters without spaces").at(name));
            }
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), Malformed> {
        let numbers = [
            ("chan", self.chan),
            ("consent", self.consent),
            ("range_from", self.range_from),
            ("range_to", self.range_to),
            ("target", self.target),
        ];
        for (name, number) in numbers {
            if number.is_some_and(|number| number >= Leaf::NUMBER_END) {
                return Err(Malformed::new("must be below 2^53").at(name));
            }
        }
        Ok(())
    }
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort_unstable();
    list.dedup();
    list
}

fn is_code(text: &str) -> bool {
    is_name(text) && text.len() <= 64 && text.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_')
}

/// Words of the contract only: no space, so no free text; no quote and no backslash, so that JSON writes them as they are.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= LeafDraft::TEXT_MAX && text.bytes().all(|c| c.is_ascii_graphic() && c != b'"' && c != b'\\')
}
