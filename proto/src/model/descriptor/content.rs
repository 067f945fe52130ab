//! What a descriptor says.

use bytes::Bytes;
use prost::Message as _;

use super::endpoint::Endpoint;
use super::key::{VerifyingKey, ed25519_public_key, window};
use crate::model::code::coded;
use crate::model::date::Instant;
use crate::model::id::{Digest, NodeId};
use crate::model::malformed::{At, Malformed};
use crate::model::value::{Country, LocalText, Text};
use crate::model::vocabulary::PartnerKind;
use crate::wire;

coded! {
    /// What a union asks of a worker before it serves her.
    pub enum ServicePrecondition from ServicePrecondition {
        /// She must be a member.
        Membership = "MEMBERSHIP",
        /// She must be a national.
        Nationality = "NATIONALITY",
        /// She must be of age.
        Age = "AGE",
    }
}

/// A node's description of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Stable name; its first two letters are the country.
    pub node_id: NodeId,
    /// 1 for the first, then one more each time.
    pub sequence: u64,
    /// SHA-256 of the bytes of the descriptor before this one; none in the first.
    pub previous_digest: Option<Digest>,
    /// Names of the union, one a language.
    pub names: Vec<LocalText>,
    /// Root keys of the owners.
    pub root_keys: Vec<RootKey>,
    /// How many of the owners must sign the next descriptor.
    pub root_threshold: u32,
    /// What kind of organisation. Whether it may be a peer is the gate's to say.
    pub kind: PartnerKind,
    /// Its country.
    pub country: Country,
    /// Where the link can be dialled; empty for a node that only dials.
    pub endpoints: Vec<Endpoint>,
    /// Public keys of its certificates: the present one and the next.
    pub tls_pins: Vec<TlsPin>,
    /// Keys that sign envelopes, receipts and statements.
    pub signing_keys: Vec<VerifyingKey>,
    /// Keys that sign log heads.
    pub log_keys: Vec<VerifyingKey>,
    /// Keys that cosign partners' log heads.
    pub witness_keys: Vec<VerifyingKey>,
    /// Keys that bundles are sealed to.
    pub sealing_keys: Vec<VerifyingKey>,
    /// Oldest protocol version it speaks, from 1.
    pub protocol_min: u32,
    /// Newest protocol version it speaks.
    pub protocol_max: u32,
    /// When it was made.
    pub issued_at: Instant,
    /// After this it must be renewed; [`Descriptor::DAYS_MIN`] or more after it was made.
    pub not_after: Instant,
    /// Whether the union is tied to its state: the worker must be told.
    pub state_linked: bool,
    /// The origin line of its log.
    pub log_origin: String,
    /// What it asks before it serves a worker.
    pub service_precondition: Option<ServicePrecondition>,
}

/// A root key and the organisation that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKey {
    /// The owner organisation.
    pub organisation: Text,
    /// Ed25519.
    pub public_key: [u8; 32],
}

/// A pinned public key of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsPin {
    /// SHA-256 of the subject public key info.
    pub spki_sha256: Digest,
    /// Valid from.
    pub not_before: Instant,
    /// Valid until.
    pub not_after: Instant,
}

impl Descriptor {
    /// Largest descriptor in bytes: a jointly owned node with every list full still fits.
    pub const LENGTH_MAX: usize = 65_536;
    /// A peer that is offline for most of a year must not lose its trust.
    pub const DAYS_MIN: i64 = 365;
    /// Most names; more languages than any region has.
    pub const NAMES_MAX: usize = 32;
    /// Most owners of a node.
    pub const OWNERS_MAX: usize = 16;
    /// Most endpoints; each is dialled in turn.
    pub const ENDPOINTS_MAX: usize = 8;
    /// Most pins: the present, the next, and room for an overlap on both sides of a fallback address.
    pub const PINS_MAX: usize = 4;
    /// Most keys of one use. Retired keys stay in the descriptors before this one.
    pub const KEYS_MAX: usize = 16;
    /// Longest origin line in bytes, as in a log leaf.
    pub const ORIGIN_MAX: usize = 256;

    /// The exact bytes that are hashed and signed. Made once, by the owners.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let keys = |keys: &[VerifyingKey]| keys.iter().map(VerifyingKey::to_wire).collect();
        let descriptor = wire::Descriptor {
            node_id: self.node_id.to_string(),
            sequence: self.sequence,
            previous_digest: self.previous_digest.map(Digest::to_wire).unwrap_or_default(),
            names: self.names.iter().map(LocalText::to_wire).collect(),
            root_keys: self.root_keys.iter().map(RootKey::to_wire).collect(),
            root_threshold: self.root_threshold,
            kind: self.kind.to_wire(),
            country: self.country.code().to_owned(),
            endpoints: self.endpoints.iter().map(Endpoint::to_string).collect(),
            tls_pins: self.tls_pins.iter().map(|pin| pin.to_wire()).collect(),
            signing_keys: keys(&self.signing_keys),
            log_keys: keys(&self.log_keys),
            witness_keys: keys(&self.witness_keys),
            sealing_keys: keys(&self.sealing_keys),
            protocol_min: self.protocol_min,
            protocol_max: self.protocol_max,
            issued_at_ms: self.issued_at.as_millis(),
            not_after_ms: self.not_after.as_millis(),
            state_linked: self.state_linked,
            log_origin: self.log_origin.clone(),
            service_precondition: self.service_precondition.map_or(0, ServicePrecondition::to_wire),
        };
        descriptor.encode_to_vec().into()
    }

    /// Reads a descriptor. The caller keeps the bytes: they are what was signed.
    ///
    /// # Errors
    /// When it is over its limit or a field breaks its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > Self::LENGTH_MAX {
            return Err(Malformed::new("must be at most 65536 bytes"));
        }
        let descriptor = Self::from_wire(wire::Descriptor::decode(bytes).map_err(|_| Malformed::new("is not a descriptor"))?)?;
        descriptor.check()?;
        Ok(descriptor)
    }

    fn from_wire(descriptor: wire::Descriptor) -> Result<Self, Malformed> {
        let wire::Descriptor {
            node_id,
            sequence,
            previous_digest,
            names,
            root_keys,
            root_threshold,
            kind,
            country,
            endpoints,
            tls_pins,
            signing_keys,
            log_keys,
            witness_keys,
            sealing_keys,
            protocol_min,
            protocol_max,
            issued_at_ms,
            not_after_ms,
            state_linked,
            log_origin,
            service_precondition,
        } = descriptor;
        Ok(Self {
            node_id: NodeId::parse(&node_id).at("node_id")?,
            sequence,
            previous_digest: Digest::from_wire_optional(&previous_digest).at("previous_digest")?,
            names: list(&names, 1..=Self::NAMES_MAX, LocalText::from_wire).at("names")?,
            root_keys: list(&root_keys, 1..=Self::OWNERS_MAX, RootKey::from_wire).at("root_keys")?,
            root_threshold,
            kind: PartnerKind::from_wire(kind).at("kind")?,
            country: Country::parse(&country).at("country")?,
            endpoints: list(&endpoints, 0..=Self::ENDPOINTS_MAX, |text| Endpoint::parse(text)).at("endpoints")?,
            tls_pins: list(&tls_pins, 1..=Self::PINS_MAX, TlsPin::from_wire).at("tls_pins")?,
            signing_keys: list(&signing_keys, 1..=Self::KEYS_MAX, VerifyingKey::from_wire).at("signing_keys")?,
            log_keys: list(&log_keys, 0..=Self::KEYS_MAX, VerifyingKey::from_wire).at("log_keys")?,
            witness_keys: list(&witness_keys, 0..=Self::KEYS_MAX, VerifyingKey::from_wire).at("witness_keys")?,
            sealing_keys: list(&sealing_keys, 0..=Self::KEYS_MAX, VerifyingKey::sealing_from_wire).at("sealing_keys")?,
            protocol_min,
            protocol_max,
            issued_at: Instant::from_millis(issued_at_ms),
            not_after: Instant::from_millis(not_after_ms),
            state_linked,
            log_origin,
            service_precondition: ServicePrecondition::from_wire_optional(service_precondition).at("service_precondition")?,
        })
    }

    /// Checks the rules that concern more than one field, or a number.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), Malformed> {
        self.check_place()?;
        self.check_owners()?;
        self.check_keys()?;
        if self.protocol_min == 0 || self.protocol_min > self.protocol_max {
            return Err(Malformed::new("must be from 1 to protocol_max").at("protocol_min"));
        }
        if self.not_after < self.issued_at.plus_days(Self::DAYS_MIN) {
            return Err(Malformed::new("must be 365 days or more after issued_at").at("not_after_ms"));
        }
        let origin_allowed = |c: char| c.is_ascii_graphic() && c != '+' && c != '"' && c != '\\';
        if self.log_origin.is_empty() || self.log_origin.len() > Self::ORIGIN_MAX || !self.log_origin.chars().all(origin_allowed) {
            return Err(
                Malformed::new("must be an origin line such as my.mtuc/titian/log/2026a, without scheme, space or +").at("log_origin")
            );
        }
        Ok(())
    }

    fn check_place(&self) -> Result<(), Malformed> {
        if !self.node_id.as_str().starts_with(&self.country.code().to_ascii_lowercase()) {
            return Err(Malformed::new("must be the country that the node id begins with").at("country"));
        }
        if self.sequence == 0 {
            return Err(Malformed::new("must be 1 or more").at("sequence"));
        }
        if (self.sequence == 1) != self.previous_digest.is_none() {
            return Err(Malformed::new("must be empty in the first descriptor, and in no other").at("previous_digest"));
        }
        if repeats(&self.names, |name| name.language.to_string()) {
            return Err(Malformed::new("must be one a language").at("names"));
        }
        Ok(())
    }

    fn check_owners(&self) -> Result<(), Malformed> {
        if repeats(&self.root_keys, |root| root.public_key) {
            return Err(Malformed::new("must be another key for each owner").at("root_keys"));
        }
        let owners = u32::try_from(self.root_keys.len()).unwrap_or(u32::MAX);
        if !(1..=owners).contains(&self.root_threshold) {
            return Err(Malformed::new("must be 1 to the number of root keys").at("root_threshold"));
        }
        Ok(())
    }

    /// One key has one use: a signature made for one can never be shown as one for another.
    fn check_keys(&self) -> Result<(), Malformed> {
        let uses = [("signing_keys", &self.signing_keys), ("log_keys", &self.log_keys), ("witness_keys", &self.witness_keys)];
        let mut seen: Vec<[u8; 32]> = self.root_keys.iter().map(|root| root.public_key).collect();
        for (name, keys) in uses {
            for key in keys {
                if seen.contains(&key.public_key) {
                    return Err(Malformed::new("must be keys that stand nowhere else in the descriptor").at(name));
                }
                seen.push(key.public_key);
            }
        }
        Ok(())
    }
}

impl RootKey {
    /// An owner by its name and the 32 bytes of its public key.
    ///
    /// # Errors
    /// When the name breaks its form, or the bytes are no Ed25519 key.
    pub fn new(organisation: &str, public_key: &[u8]) -> Result<Self, Malformed> {
        let organisation = Text::parse(organisation, Text::NAME_BYTES).at("organisation")?;
        Ok(Self { organisation, public_key: ed25519_public_key(public_key).at("public_key")? })
    }

    fn from_wire(root: &wire::RootKey) -> Result<Self, Malformed> {
        let wire::RootKey { organisation, public_key } = root;
        Ok(Self {
            organisation: Text::parse(organisation, Text::NAME_BYTES).at("organisation")?,
            public_key: ed25519_public_key(public_key).at("public_key")?,
        })
    }

    fn to_wire(&self) -> wire::RootKey {
        wire::RootKey { organisation: self.organisation.to_wire(), public_key: self.public_key.to_vec().into() }
    }
}

impl TlsPin {
    fn from_wire(pin: &wire::TlsPin) -> Result<Self, Malformed> {
        let wire::TlsPin { spki_sha256, not_before_ms, not_after_ms } = pin;
        let (not_before, not_after) = window(*not_before_ms, *not_after_ms)?;
        Ok(Self { spki_sha256: Digest::from_wire(spki_sha256).at("spki_sha256")?, not_before, not_after })
    }

    fn to_wire(self) -> wire::TlsPin {
        wire::TlsPin {
            spki_sha256: self.spki_sha256.to_wire(),
            not_before_ms: self.not_before.as_millis(),
            not_after_ms: self.not_after.as_millis(),
        }
    }
}

/// Reads a list of so many; a bad one is named by its place.
fn list<W, T>(
    from: &[W],
    allowed: std::ops::RangeInclusive<usize>,
    read: impl Fn(&W) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    if !allowed.contains(&from.len()) {
        return Err(Malformed::new(format!("must be {} to {}", allowed.start(), allowed.end())));
    }
    from.iter().enumerate().map(|(place, one)| read(one).map_err(|malformed| malformed.at(&place.to_string()))).collect()
}

fn repeats<T, K: Ord>(list: &[T], key: impl Fn(&T) -> K) -> bool {
    let mut keys: Vec<K> = list.iter().map(key).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| matches!(pair, [one, next] if one == next))
}
