//! Reads a leaf in the one form in which it is written: names in their order, no spaces, no escapes. What it does not read is left to serde, which says what
//! is wrong; and what it reads is compared with what was written, like everything that is read as a leaf.

use crate::log::draft::Seat;
use crate::log::event::Event;
use crate::log::leaf::{Leaf, LeafDraft};
use crate::model::id::{Digest, TransferId};
use crate::model::vocabulary::Purpose;

/// The leaf in these bytes, if it is written as leaves are.
pub(super) fn read(bytes: &[u8]) -> Option<Leaf> {
    let mut rest = Rest(bytes.strip_prefix(b"{")?);
    let (mut draft, mut event) = (LeafDraft::new(Event::Pad), None);
    let (mut nonce, mut origin, mut seq, mut time, mut v) = (None, None, None, None, None);
    loop {
        let name = rest.text()?;
        rest.skip(b':')?;
        match name {
            "auditor" => draft.auditor = Some(rest.string()?),
            "chan" => draft.chan = Some(rest.number()?),
            "checkpoint" => draft.checkpoint = Some(Digest(rest.digits()?)),
            "code" => draft.code = Some(rest.string()?),
            "commit" => draft.commit = Some(Digest(rest.digits()?)),
            "consent" => draft.consent = Some(rest.number()?),
            "directions" => draft.directions = Some(rest.list()?),
            "env" => draft.env = Some(Digest(rest.digits()?)),
            "event" => event = Some(Event::from_code(rest.text()?)?),
            "fields" => draft.fields = Some(rest.list()?),
            "key" => draft.key = Some(rest.string()?),
            "mou" => draft.mou = Some(rest.string()?),
            "mou_doc" => draft.mou_doc = Some(Digest(rest.digits()?)),
            "nonce" => nonce = Some(rest.digits()?),
            "origin" => origin = Some(rest.string()?),
            "parties" => draft.parties = Some(rest.list()?),
            "peer" => draft.peer = Some(rest.string()?),
            "peer_leaf" => draft.peer_leaf = Some(Digest(rest.digits()?)),
            "purpose" => draft.purpose = Some(Purpose::from_code(rest.text()?).ok()?),
            "purposes" => draft.purposes = Some(rest.list()?),
            "range_from" => draft.range_from = Some(rest.number()?),
            "range_to" => draft.range_to = Some(rest.number()?),
            "seq" => seq = Some(rest.number()?),
            "target" => draft.target = Some(rest.number()?),
            "targets" => draft.targets = Some(rest.list()?),
            "time" => time = Some(rest.number()?),
            "v" => v = Some(u32::try_from(rest.number()?).ok()?),
            "valid_from" => draft.valid_from = Some(rest.string()?),
            "valid_until" => draft.valid_until = Some(rest.string()?),
            "witnesses" => draft.witnesses = Some(rest.list()?),
            "xfer" => draft.xfer = Some(TransferId(rest.digits()?)),
            _ => return None,
        }
        match rest.byte()? {
            b',' => {}
            b'}' if rest.0.is_empty() => break,
            _ => return None,
        }
    }
    draft.event = event?;
    Some(draft.in_seat(Seat { nonce: nonce?, origin: origin?, seq: seq?, time: time?, v: v? }))
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn skip(&mut self, wanted: u8) -> Option<()> {
        (self.byte()? == wanted).then_some(())
    }

    /// A string without escapes.
    fn text(&mut self) -> Option<&'a str> {
        self.skip(b'"')?;
        let end = self.0.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        self.skip(b'"')?;
        std::str::from_utf8(text).ok()
    }

    fn string(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    fn digits<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        hex::decode_to_slice(self.text()?.as_bytes(), &mut bytes).ok()?;
        Some(bytes)
    }

    fn number(&mut self) -> Option<u64> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    fn list(&mut self) -> Option<Vec<String>> {
        self.skip(b'[')?;
        let mut list = Vec::new();
        if self.0.first() == Some(&b']') {
            self.skip(b']')?;
            return Some(list);
        }
        loop {
            list.push(self.string()?);
            match self.byte()? {
                b',' => {}
                b']' => return Some(list),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::date::Instant;

    /// A leaf in which every field is filled, whatever event it may be of.
    fn full() -> Leaf {
        let text = |text: &str| Some(text.to_owned());
        let list = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let draft = LeafDraft {
            event: Event::ReferralSent,
            auditor: text("auditor"),
            chan: Some(7),
            checkpoint: Some(Digest([1; 32])),
            code: text("CODE"),
            commit: Some(Digest([2; 32])),
            consent: Some(3),
            directions: list(&["my.mtuc>id.ksbsi", "id.ksbsi>my.mtuc"]),
            env: Some(Digest([3; 32])),
            fields: list(&[]),
            key: text("0123456789abcdef"),
            mou: text("AG-MY-ID#1"),
            mou_doc: Some(Digest([4; 32])),
            parties: list(&["my.mtuc"]),
            peer: text("id.ksbsi/titian/log/2026a"),
            peer_leaf: Some(Digest([5; 32])),
            purpose: Some(Purpose::Shelter),
            purposes: list(&["SHELTER"]),
            range_from: Some(0),
            range_to: Some(Leaf::NUMBER_END - 1),
            target: Some(9),
            targets: list(&["1", "2"]),
            valid_from: text("2026-03-02"),
            valid_until: text("2027-03-02"),
            witnesses: list(&["kh.clc"]),
            xfer: Some(TransferId([6; 16])),
        };
        draft.seat("my.mtuc/titian/log/2026a", 5, [7; 16], Instant::from_millis(1_772_418_754_321))
    }

    #[test]
    fn every_field_is_read_as_serde_reads_it() {
        for leaf in [full(), LeafDraft::new(Event::Pad).seat("my.mtuc/titian/log/2026a", 0, [0; 16], Instant::from_millis(0))] {
            let written = leaf.encode();
            assert_eq!(read(&written), Some(leaf.clone()));
            assert_eq!(serde_json::from_slice::<Leaf>(&written).unwrap(), leaf);
            // Cut off or changed anywhere it is read as no leaf, or as one that is not written so.
            for at in 0..written.len() {
                assert_eq!(read(&written[..at]), None, "{at}");
                let mut changed = written.to_vec();
                changed[at] ^= 1;
                assert!(read(&changed).is_none_or(|read| read.encode() != written), "{at}");
            }
        }
    }
}
