//! A node's descriptors from the first to the newest. Each is signed by the owners named in the one before it, so whoever confirmed the first by
//! its fingerprint can follow every change of keys and owners without a meeting.

use std::fmt;

use bytes::Bytes;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey as Ed25519Key};
use prost::Message as _;

use super::content::Descriptor;
use super::fingerprint::Fingerprint;
use crate::model::armor::{self, ArmorError, label};
use crate::model::id::Digest;
use crate::model::malformed::Malformed;
use crate::wire;

/// What stands before the bytes that owners sign.
const CONTEXT: &[u8] = b"titian/descriptor/v1\n";

/// Why a chain is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// The file is damaged or of another kind.
    #[error("the descriptor file cannot be read")]
    File(
        #[source]
        #[from]
        ArmorError,
    ),
    /// The chain itself cannot be read.
    #[error("the descriptor chain cannot be read; ask the union for its file again")]
    Chain(#[source] Malformed),
    /// A descriptor breaks its form.
    #[error("descriptor {sequence} breaks a rule of its form; ask the union to correct it")]
    Content {
        /// Its place in the chain, from 1.
        sequence: u64,
        /// The rule.
        #[source]
        cause: Malformed,
    },
    /// A descriptor does not follow the one before it.
    #[error("descriptor {sequence} does not follow the one before it: {rule}; do not confirm this union before its officers explain it")]
    Broken {
        /// Its place in the chain, from 1.
        sequence: u64,
        /// What is wrong.
        rule: ChainRule,
    },
    /// Too few owners signed a descriptor.
    #[error(
        "descriptor {sequence} has {found} valid signatures of the {needed} it needs; do not confirm this union before its officers explain it"
    )]
    SignaturesMissing {
        /// Its place in the chain, from 1.
        sequence: u64,
        /// Signatures of different owners that it needs.
        needed: u32,
        /// Those it has.
        found: u32,
    },
}

/// How a descriptor must follow the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainRule {
    /// Its sequence is one more.
    Sequence,
    /// It names the digest of the one before.
    PreviousDigest,
    /// It is of the same node.
    NodeId,
    /// It was not made earlier.
    IssuedAt,
}

impl fmt::Display for ChainRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sequence => "its sequence is not one more",
            Self::PreviousDigest => "it does not name the digest of the one before",
            Self::NodeId => "it is of another node",
            Self::IssuedAt => "it was made earlier",
        })
    }
}

impl DescriptorError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(_) | Self::Chain(_) | Self::Content { .. } => "MALFORMED",
            Self::Broken { .. } => "DESCRIPTOR_CHAIN_BROKEN",
            Self::SignaturesMissing { .. } => "DESCRIPTOR_SIGNATURES_MISSING",
        }
    }
}

/// What the newest descriptors of a node, as it shows them itself, say to whoever knows it.
#[derive(Clone, PartialEq)]
pub enum Followed {
    /// Nothing that was not known.
    Known,
    /// The chain goes on.
    Newer(Box<DescriptorChain>),
    /// The owners signed another descriptor at a number that has one already: this one.
    Forked(wire::SignedDescriptor),
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known => "Known",
            Self::Newer(_) => "Newer(..)",
            Self::Forked(_) => "Forked(..)",
        })
    }
}

/// Verified descriptors of one node. There is no other way to make one than to verify it.
#[derive(Clone, Debug, PartialEq)]
pub struct DescriptorChain {
    first: Link,
    later: Vec<Link>,
}

#[derive(Clone, PartialEq)]
struct Link {
    descriptor: Descriptor,
    signed: wire::SignedDescriptor,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.descriptor.node_id, self.descriptor.sequence)
    }
}

impl DescriptorChain {
    /// Most descriptors: a change a month for twenty years.
    pub const COUNT_MAX: usize = 256;
    /// Most signatures of one descriptor: those of the owners before and after a change of owners.
    pub const SIGNATURES_MAX: usize = 2 * Descriptor::OWNERS_MAX;
    /// Largest file in bytes. A descriptor has about 1 KiB, so a full chain fits.
    pub const FILE_MAX: usize = 1 << 20;

    /// Verifies a chain from its first descriptor, which its own owners sign.
    ///
    /// # Errors
    /// When a descriptor breaks its form, does not follow the one before it, or too few owners signed it: the first such one.
    pub fn from_wire(chain: &wire::DescriptorChain) -> Result<Self, DescriptorError> {
        let wire::DescriptorChain { descriptors } = chain;
        if descriptors.len() > Self::COUNT_MAX {
            return Err(DescriptorError::Chain(Malformed::new("must be at most 256").at("descriptors")));
        }
        let (first, later) = descriptors.split_first().ok_or_else(|| DescriptorError::Chain(Malformed::missing("descriptors")))?;
        later.iter().try_fold(Self::begin(first)?, |chain, next| chain.followed_by(next))
    }

    /// Reads and verifies the wire bytes of a chain.
    ///
    /// # Errors
    /// As [`Self::from_wire`], and when the bytes are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, DescriptorError> {
        if bytes.len() > Self::FILE_MAX {
            return Err(DescriptorError::Chain(Malformed::new("must be at most 1048576 bytes")));
        }
        let chain =
            wire::DescriptorChain::decode(bytes).map_err(|_| DescriptorError::Chain(Malformed::new("is not a descriptor chain")))?;
        Self::from_wire(&chain)
    }

    /// Reads and verifies a descriptor file.
    ///
    /// # Errors
    /// As [`Self::parse`], and when the file was cut, altered or is of another kind.
    pub fn from_file(text: &str) -> Result<Self, DescriptorError> {
        Self::parse(&armor::dearmor(label::DESCRIPTOR, text, Self::FILE_MAX)?)
    }

    /// The text of a descriptor file.
    #[must_use]
    pub fn to_file(&self) -> String {
        armor::armor(label::DESCRIPTOR, &self.encode())
    }

    /// The chain's wire bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        self.to_wire().encode_to_vec().into()
    }

    /// The chain as it came.
    #[must_use]
    pub fn to_wire(&self) -> wire::DescriptorChain {
        wire::DescriptorChain { descriptors: self.links().map(|link| link.signed.clone()).collect() }
    }

    /// A chain of a first descriptor.
    ///
    /// # Errors
    /// When it breaks its form, is not a first one, or too few of its own owners signed it.
    pub fn begin(signed: &wire::SignedDescriptor) -> Result<Self, DescriptorError> {
        let descriptor = read(signed, 1)?;
        if descriptor.sequence != 1 {
            return Err(DescriptorError::Broken { sequence: 1, rule: ChainRule::Sequence });
        }
        check_signatures(&descriptor, signed, 1)?;
        Ok(Self { first: Link { descriptor, signed: signed.clone() }, later: Vec::new() })
    }

    /// The chain with one more.
    ///
    /// # Errors
    /// When it breaks its form, does not follow the newest, or too few of the owners named there signed it.
    pub fn followed_by(mut self, signed: &wire::SignedDescriptor) -> Result<Self, DescriptorError> {
        let sequence = self.newest().sequence.saturating_add(1);
        if self.later.len() + 1 >= Self::COUNT_MAX {
            return Err(DescriptorError::Chain(Malformed::new("must be at most 256").at("descriptors")));
        }
        let descriptor = read(signed, sequence)?;
        let broken = |rule| Err(DescriptorError::Broken { sequence, rule });
        if descriptor.sequence != sequence {
            return broken(ChainRule::Sequence);
        }
        if descriptor.previous_digest != Some(self.digest()) {
            return broken(ChainRule::PreviousDigest);
        }
        if descriptor.node_id != self.newest().node_id {
            return broken(ChainRule::NodeId);
        }
        if descriptor.issued_at < self.newest().issued_at {
            return broken(ChainRule::IssuedAt);
        }
        check_signatures(self.newest(), signed, sequence)?;
        self.later.push(Link { descriptor, signed: signed.clone() });
        Ok(self)
    }

    /// The newest descriptors, as many as have room in so many bytes: for whoever knows the older ones.
    #[must_use]
    pub fn tail(&self, bytes_max: usize) -> wire::DescriptorChain {
        let mut tail = wire::DescriptorChain { descriptors: Vec::new() };
        let newest_first = std::iter::once(&self.first).chain(&self.later).rev();
        for link in newest_first {
            tail.descriptors.insert(0, link.signed.clone());
            if tail.encoded_len() > bytes_max {
                tail.descriptors.remove(0);
                break;
            }
        }
        tail
    }

    /// Follows the node to its newest descriptors, from what is known of it.
    ///
    /// # Errors
    /// When a descriptor breaks its form, does not follow what is known, or too few of the owners known here signed it.
    pub fn follow(&self, tail: &wire::DescriptorChain) -> Result<Followed, DescriptorError> {
        if tail.descriptors.len() > Self::COUNT_MAX {
            return Err(DescriptorError::Chain(Malformed::new("must be at most 256").at("descriptors")));
        }
        let mut chain = self.clone();
        for signed in &tail.descriptors {
            let sequence = Descriptor::parse(&signed.descriptor).map_err(DescriptorError::Chain)?.sequence;
            match chain.at(sequence) {
                Some(known) if known.signed.descriptor == signed.descriptor => {}
                Some(_) => {
                    chain.check_other(sequence, signed)?;
                    return Ok(Followed::Forked(signed.clone()));
                }
                None => chain = chain.followed_by(signed)?,
            }
        }
        Ok(if chain.later.len() == self.later.len() { Followed::Known } else { Followed::Newer(Box::new(chain)) })
    }

    fn at(&self, sequence: u64) -> Option<&Link> {
        self.links().find(|link| link.descriptor.sequence == sequence)
    }

    /// Whether the owners signed this one too, at a number that has one already.
    fn check_other(&self, sequence: u64, signed: &wire::SignedDescriptor) -> Result<(), DescriptorError> {
        if sequence > 1 {
            let later = self.later.iter().filter(|link| link.descriptor.sequence < sequence).cloned().collect();
            return Self { first: self.first.clone(), later }.followed_by(signed).map(|_| ());
        }
        let other = Self::begin(signed)?;
        if other.fingerprint() == self.fingerprint() {
            Ok(())
        } else {
            Err(DescriptorError::Broken { sequence, rule: ChainRule::PreviousDigest })
        }
    }

    /// Whether it holds all of an older chain, byte for byte, and perhaps more. A chain that does not is a fork: two truths signed by one union.
    #[must_use]
    pub fn continues(&self, older: &Self) -> bool {
        self.later.len() >= older.later.len()
            && self.links().zip(older.links()).all(|(one, other)| one.signed.descriptor == other.signed.descriptor)
    }

    /// The newest descriptor: what is true now.
    #[must_use]
    pub fn newest(&self) -> &Descriptor {
        &self.newest_link().descriptor
    }

    /// All descriptors, in order of sequence.
    pub fn descriptors(&self) -> impl Iterator<Item = &Descriptor> {
        self.links().map(|link| &link.descriptor)
    }

    /// SHA-256 of the newest descriptor: what a hello names and what the next one points at.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.newest_link().signed.descriptor)
    }

    /// The fingerprint that people confirm: that of the first descriptor, from which all others follow. It never changes.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.first.descriptor)
    }

    fn newest_link(&self) -> &Link {
        self.later.last().unwrap_or(&self.first)
    }

    fn links(&self) -> impl Iterator<Item = &Link> {
        std::iter::once(&self.first).chain(&self.later)
    }
}

/// Signs a descriptor with its owners' root keys.
#[must_use]
pub fn sign_descriptor(descriptor: &Descriptor, roots: &[&SigningKey]) -> wire::SignedDescriptor {
    let bytes = descriptor.encode();
    let signatures = sign_as_owners(CONTEXT, &bytes, roots);
    wire::SignedDescriptor { descriptor: bytes, signatures }
}

/// Signs a context line and bytes with owners' root keys.
pub(super) fn sign_as_owners(context: &[u8], bytes: &[u8], roots: &[&SigningKey]) -> Vec<wire::RootSignature> {
    let signed = [context, bytes].concat();
    let signature = |root: &&SigningKey| wire::RootSignature {
        public_key: root.verifying_key().to_bytes().to_vec().into(),
        signature: root.sign(&signed).to_bytes().to_vec().into(),
    };
    roots.iter().map(signature).collect()
}

/// How many different owners, as a descriptor names them, signed a context line and bytes; signatures of others are let stand.
pub(super) fn owners_who_signed(owners: &Descriptor, context: &[u8], bytes: &[u8], signatures: &[wire::RootSignature]) -> u32 {
    let signed = [context, bytes].concat();
    let signs = |public_key: &[u8; 32]| signatures.iter().any(|signature| verifies(public_key, signature, &signed));
    u32::try_from(owners.root_keys.iter().filter(|root| signs(&root.public_key)).count()).unwrap_or(u32::MAX)
}

fn read(signed: &wire::SignedDescriptor, sequence: u64) -> Result<Descriptor, DescriptorError> {
    let wire::SignedDescriptor { descriptor, signatures } = signed;
    let content = |cause| DescriptorError::Content { sequence, cause };
    if signatures.len() > DescriptorChain::SIGNATURES_MAX {
        return Err(content(Malformed::new("must be at most 32").at("signatures")));
    }
    Descriptor::parse(descriptor).map_err(content)
}

/// Signatures of others are those of the owners to come.
fn check_signatures(owners: &Descriptor, signed: &wire::SignedDescriptor, sequence: u64) -> Result<(), DescriptorError> {
    let needed = owners.root_threshold;
    let found = owners_who_signed(owners, CONTEXT, &signed.descriptor, &signed.signatures);
    if found >= needed { Ok(()) } else { Err(DescriptorError::SignaturesMissing { sequence, needed, found }) }
}

fn verifies(public_key: &[u8; 32], signature: &wire::RootSignature, bytes: &[u8]) -> bool {
    let wire::RootSignature { public_key: signer, signature } = signature;
    let (Ok(key), Ok(signature)) = (Ed25519Key::from_bytes(public_key), Signature::from_slice(signature)) else { return false };
    signer.as_ref() == public_key && key.verify_strict(bytes, &signature).is_ok()
}
