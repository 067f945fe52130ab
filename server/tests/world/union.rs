//! The three unions of the world: their names, keys and descriptors, and the agreements between them.

use ed25519_dalek::SigningKey;
use titian_proto::bundle::SealingKey;
use titian_proto::envelope::Signer;
use titian_proto::gate::LocalPolicy;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{Descriptor, DescriptorChain, RootKey, TlsPin, VerifyingKey, key_id_of, sign_descriptor};
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::model::value::{Country, LocalText, Text};
use titian_proto::model::vocabulary::{Category, PartnerKind};
use titian_proto::wire;
use titian_server::acts::actor::{Actor, Role};
use titian_server::acts::context::Own;
use titian_server::federation::identity::{PeerIdentity, Pin};

use zeroize::Zeroizing;

use crate::clock::FOUNDED;

/// Their names; whoever stands earlier here dials whoever stands later.
pub const NAMES: [&str; 3] = ["id.ksbsi", "kh.clc", "my.mtuc"];

/// What every annex of the world names.
pub const ANNEXED: [Category; 7] = [
    Category::CaseCore,
    Category::Demographic,
    Category::Identity,
    Category::Contact,
    Category::Safety,
    Category::Employer,
    Category::Claim,
];

/// A union by its place in [`NAMES`].
#[derive(Clone)]
pub struct Union {
    /// Its place.
    pub place: usize,
    /// Its name.
    pub node_id: NodeId,
    /// The name of its log.
    pub log_origin: String,
    chain: DescriptorChain,
}

impl Union {
    /// All three.
    pub fn all() -> Vec<Self> {
        (0..NAMES.len()).map(Self::at).collect()
    }

    fn at(place: usize) -> Self {
        let node_id = NodeId::parse(NAMES[place]).unwrap();
        let log_origin = format!("{node_id}/titian/log/2026a");
        let descriptor = descriptor(place, &node_id, &log_origin);
        let chain = DescriptorChain::begin(&sign_descriptor(&descriptor, &[&key(place, 1)])).unwrap();
        Self { place, node_id, log_origin, chain }
    }

    /// Who it is, for its own node.
    pub fn own(&self) -> Own {
        let (chain, ends) = (self.chain.clone(), self.chain.newest().not_after);
        Own {
            descriptor_file: chain.to_file(),
            chain,
            signer: self.signer(),
            sealing: vec![sealing_key(self.place)],
            ends,
            policy: LocalPolicy::default(),
        }
    }

    /// What it gives to the other unions.
    pub fn file(&self) -> String {
        self.chain.to_file()
    }

    /// The words that officers compare.
    pub fn words(&self) -> String {
        self.chain.fingerprint().words()
    }

    /// Signs for it.
    pub fn signer(&self) -> Signer {
        let key = key(self.place, 2);
        Signer::new(key_id_of(&key.verifying_key().to_bytes()), key)
    }

    /// How it stands at a border: a pinned key that was proved.
    pub fn identity(&self) -> PeerIdentity {
        PeerIdentity { node_id: self.node_id.clone(), pin: Pin::new(pin(self.place)) }
    }
}

/// A member of staff.
pub fn actor(number: u8) -> Actor {
    Actor { name: format!("staff-{number}"), pseudonym: format!("S-{number:08x}"), role: Role::Caseworker }
}

/// The agreement between two unions, as officers write it.
pub fn agreement(one: &Union, other: &Union) -> String {
    let categories: Vec<String> = ANNEXED.iter().map(|category| format!("\"{}\"", category.code())).collect();
    let annex = |from: &NodeId, to: &NodeId, id: &str| {
        format!(
            "\n[[annex]]\nid = \"{id}\"\nfrom = \"{from}\"\nto = \"{to}\"\npurposes = [\"WAGE_RECOVERY\"]\ncategories = [{}]\n\
             max_tier = \"T3\"\nconsent_methods = [\"RECORDED_AUDIO\"]\n",
            categories.join(", ")
        )
    };
    format!(
        "[agreement]\nid = \"{}\"\ntitle = \"Cooperation\"\nkind = \"BILATERAL\"\nparties = [\"{one}\", \"{other}\"]\n\
         effective_from = \"2026-01-01\"\nexpires_on = \"2028-12-31\"\n{}{}",
        agreement_id(one, other),
        annex(&one.node_id, &other.node_id, "THERE"),
        annex(&other.node_id, &one.node_id, "BACK"),
        one = one.node_id,
        other = other.node_id,
    )
}

/// The name of the agreement between two unions, whichever is named first.
pub fn agreement_id(one: &Union, other: &Union) -> String {
    format!("AG-{}-{}", one.place.min(other.place), one.place.max(other.place))
}

fn descriptor(place: usize, node_id: &NodeId, log_origin: &str) -> Descriptor {
    let (from, until) = (Instant::from_millis(FOUNDED).plus_days(-1), Instant::from_millis(FOUNDED).plus_days(5 * 365));
    let verifying = |purpose| vec![VerifyingKey::new(key(place, purpose).verifying_key().to_bytes(), from, until)];
    let name = Text::parse(node_id.as_str(), Text::NAME_BYTES).unwrap();
    let local = wire::LocalText { language: "en".to_owned(), text: node_id.to_string() };
    Descriptor {
        node_id: node_id.clone(),
        sequence: 1,
        previous_digest: None,
        names: vec![LocalText::from_wire(&local).unwrap()],
        root_keys: vec![RootKey { organisation: name, public_key: key(place, 1).verifying_key().to_bytes() }],
        root_threshold: 1,
        kind: PartnerKind::NationalUnion,
        country: Country::parse(&node_id.as_str()[..2].to_uppercase()).unwrap(),
        endpoints: Vec::new(),
        tls_pins: vec![TlsPin { spki_sha256: Digest(pin(place)), not_before: from, not_after: until }],
        signing_keys: verifying(2),
        log_keys: verifying(3),
        witness_keys: verifying(4),
        sealing_keys: vec![VerifyingKey::new(sealing_key(place).public_bytes(), from, until)],
        protocol_min: 1,
        protocol_max: 1,
        issued_at: from,
        not_after: until,
        state_linked: false,
        log_origin: log_origin.to_owned(),
        service_precondition: None,
    }
}

fn pin(place: usize) -> [u8; 32] {
    [u8::try_from(place).unwrap() + 1; 32]
}

/// Opens the bundles that are for it.
pub fn sealing_key(place: usize) -> SealingKey {
    SealingKey::generate(&Zeroizing::new([u8::try_from(place).unwrap() * 16 + 5; 32]))
}

fn key(place: usize, purpose: u8) -> SigningKey {
    SigningKey::from_bytes(&[u8::try_from(place).unwrap() * 16 + purpose; 32])
}
