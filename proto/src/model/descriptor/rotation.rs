//! The next descriptor of a node: new keys beside the present ones, which stay for an overlap.

use super::chain::DescriptorChain;
use super::content::{Descriptor, RootKey, TlsPin};
use super::key::VerifyingKey;
use crate::model::date::Instant;
use crate::model::id::Digest;

/// So long both keys are good, the old and the new. A descriptor that was signed at the owners' office may travel to the machine by post, and who
/// reads it second-hand, from a file, must not be cut off meanwhile (protocol.md 4.1: a next key stands in the descriptor 90 days before the old ends).
pub const OVERLAP_DAYS: i64 = 90;

/// Keys, pins and the descriptor itself last five years: a peer that is offline for long must not lose its trust, and a forgotten key still ends.
pub const LIFE_DAYS: i64 = 5 * 365;

/// Valid from a day before they were made, so that a peer whose clock runs behind accepts them.
pub const BACKDATED_DAYS: i64 = 1;

/// What a rotation brings. What is none, or nothing, stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// SHA-256 of the public key info of a new certificate.
    pub tls_pin: Option<Digest>,
    /// A new key for envelopes, receipts and statements.
    pub signing_key: Option<[u8; 32]>,
    /// A new key for the log's heads.
    pub log_key: Option<[u8; 32]>,
    /// A new key for cosigning others' log heads.
    pub witness_key: Option<[u8; 32]>,
    /// A new key that bundles are sealed to.
    pub sealing_key: Option<[u8; 32]>,
    /// New owners, and how many of them must sign from then on. The present ones sign that.
    pub owners: Option<(Vec<RootKey>, u32)>,
}

impl Rotation {
    /// The descriptor that follows the newest of a chain, not signed yet. Keys whose time is over are left out: they stay in the descriptors before.
    #[must_use]
    pub fn next(&self, chain: &DescriptorChain, now: Instant) -> Descriptor {
        let mut next = chain.newest().clone();
        let times = Times { now, ends: now.plus_days(OVERLAP_DAYS), from: now.plus_days(-BACKDATED_DAYS), until: now.plus_days(LIFE_DAYS) };
        next.sequence += 1;
        next.previous_digest = Some(chain.digest());
        next.issued_at = now.max(next.issued_at);
        next.not_after = next.issued_at.plus_days(LIFE_DAYS);
        times.add_pin(&mut next.tls_pins, self.tls_pin);
        times.add_key(&mut next.signing_keys, self.signing_key);
        times.add_key(&mut next.log_keys, self.log_key);
        times.add_key(&mut next.witness_keys, self.witness_key);
        times.add_key(&mut next.sealing_keys, self.sealing_key);
        if let Some((owners, threshold)) = &self.owners {
            next.root_keys.clone_from(owners);
            next.root_threshold = *threshold;
        }
        next
    }
}

/// When keys begin and end.
struct Times {
    now: Instant,
    /// The old ones end.
    ends: Instant,
    /// The new ones begin.
    from: Instant,
    /// The new ones end.
    until: Instant,
}

impl Times {
    fn add_pin(&self, pins: &mut Vec<TlsPin>, new: Option<Digest>) {
        let Some(spki_sha256) = new else { return };
        pins.retain(|pin| pin.not_after > self.now);
        for pin in pins.iter_mut() {
            pin.not_after = pin.not_after.min(self.ends);
        }
        pins.push(TlsPin { spki_sha256, not_before: self.from, not_after: self.until });
    }

    fn add_key(&self, keys: &mut Vec<VerifyingKey>, new: Option<[u8; 32]>) {
        let Some(public_key) = new else { return };
        keys.retain(|key| key.not_after > self.now);
        for key in keys.iter_mut() {
            key.not_after = key.not_after.min(self.ends);
        }
        keys.push(VerifyingKey::new(public_key, self.from, self.until));
    }
}
