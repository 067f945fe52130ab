//! What the node's own tests share: golden files, a clock with hands, a store without a disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use titian_proto::envelope::Signer;
use titian_proto::gate::LocalPolicy;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{Descriptor, DescriptorChain, RootKey, TlsPin, VerifyingKey, key_id_of, sign_descriptor};
use titian_proto::model::id::{CaseRef, Digest, NodeId, ReferralId, SubjectRef};
use titian_proto::model::record::RecordContent;
use titian_proto::model::referral::{Offer, OfferRequest, Priority, ReferralKind, ReferralState};
use titian_proto::model::value::{Country, LocalText, Text};
use titian_proto::model::vocabulary::{Category, PartnerKind, Purpose};
use titian_proto::wire;
use tokio::sync::mpsc;

use crate::acts::context::{Acts, Own};
use crate::acts::error::ActError;
use crate::acts::node::About;
use crate::acts::shares;
use crate::acts::staff::Staff;
use crate::ambient::{Ambient, Clock, Entropy};
use crate::desk::{BundleWork, Bundles};
use crate::store::engine::double::Double;
use crate::store::referrals::ReferralFile;
use crate::store::{EngineKind, MemoryKeys, NodeKey, Sealing, Store, StoreOptions};

/// Compares with the golden file `tests/golden/NAME`. Run with TITIAN_BLESS=1 to write it anew, then read the difference.
pub(crate) fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("TITIAN_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == actual, "{} differs; run the test with TITIAN_BLESS=1 and read the difference. Now:\n{actual}", path.display());
}

/// 2026-03-02T02:00:00Z.
const NOW: i64 = 1_772_416_800_000;

/// A clock that stands until somebody moves its hands. Starts at [`NOW`].
#[derive(Clone)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW)))
    }

    pub(crate) fn forward_minutes(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that count, so that no two fills are the same.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            chunk.copy_from_slice(&count[8 - chunk.len()..]);
        }
    }
}

/// A node as far as accounts and the desk know it; its store lives in memory.
pub(crate) struct Node {
    pub(crate) store: Store,
    pub(crate) ambient: Ambient,
    pub(crate) about: About,
    pub(crate) staff: Staff,
}

/// A new node, and the hands of its clock.
pub(crate) fn node() -> (Node, Hands) {
    let hands = Hands::new();
    let ambient = Ambient::new(hands.clone(), Counting(AtomicU64::new(1)));
    let node_id = NodeId::parse("my.mtuc").unwrap();
    let log_origin = "my.mtuc/titian/log/2026a".to_owned();
    let options = StoreOptions {
        folder: "nowhere".into(),
        engine: EngineKind::Sled,
        node_id: node_id.clone(),
        log_origin: log_origin.clone(),
        signer: signer(),
        sealing: sealing(&ambient),
        ambient: ambient.clone(),
    };
    let store = Store::on(Arc::new(Double::default()), options).unwrap();
    let about =
        About { node_id, log_origin, engine: EngineKind::Sled.code(), rehearsal: true, fingerprint_words: "twelve words".to_owned() };
    let staff = Staff::new(store.clone(), ambient.clone());
    (Node { store, ambient, about, staff }, hands)
}

/// Keys in memory.
fn sealing(ambient: &Ambient) -> Sealing {
    let node_key = NodeKey::parse(&"7".repeat(64), "a test").unwrap();
    Sealing { disk: Arc::new(MemoryKeys::default()), node_key, ambient: ambient.clone() }
}

/// The acts of such a node.
pub(crate) fn acts(node: &Node) -> Acts {
    let chain = DescriptorChain::begin(&sign_descriptor(&descriptor(&node.about), &[&key(1)])).unwrap();
    let own = Own {
        descriptor_file: chain.to_file(),
        chain,
        signer: signer(),
        sealing: Vec::new(),
        ends: Instant::from_millis(NOW).plus_days(730),
        policy: LocalPolicy::default(),
    };
    Acts::new(node.store.clone(), own, node.ambient.clone()).unwrap()
}

/// A desk without a link behind it.
pub(crate) struct NoBundles;

impl Bundles for NoBundles {
    fn export(&self, _: NodeId, _: mpsc::Sender<wire::ExportBundleResponse>) -> BundleWork<'_> {
        Box::pin(async { Err(ActError::Busy) })
    }

    fn import(&self, _: mpsc::Receiver<Bytes>, _: mpsc::Sender<wire::ImportBundleResponse>) -> BundleWork<'_> {
        Box::pin(async { Err(ActError::Busy) })
    }
}

/// The descriptor file of a union in Indonesia, and the words of its fingerprint.
pub(crate) fn ksbsi() -> (String, String) {
    let (Node { about, .. }, _) = node();
    let (node_id, log_origin) = (NodeId::parse("id.ksbsi").unwrap(), "id.ksbsi/titian/log/2026a".to_owned());
    let descriptor = Descriptor { country: Country::parse("ID").unwrap(), ..descriptor(&About { node_id, log_origin, ..about }) };
    let chain = DescriptorChain::begin(&sign_descriptor(&descriptor, &[&key(1)])).unwrap();
    (chain.to_file(), chain.fingerprint().words())
}

/// A referral from KSBSI that this node accepted.
pub(crate) fn referral(referral_id: ReferralId, now: Instant) -> ReferralFile {
    let complaint = wire::Complaint {
        kind: wire::CaseKind::Individual as i32,
        intake_kind: wire::IntakeKind::Complaint as i32,
        intake_channel: wire::IntakeChannel::Phone as i32,
        codes: vec!["W01".to_owned()],
        primary: "W01".to_owned(),
        client_decision: wire::ClientDecision::Mediation as i32,
        ..Default::default()
    };
    let complaint = wire::RecordContent { content: Some(wire::record_content::Content::Complaint(complaint)) };
    let request = OfferRequest {
        referral_id,
        version: 1,
        kind: ReferralKind::Service,
        purpose: Purpose::WageRecovery,
        services_requested: Vec::new(),
        priority: Priority::Normal,
        requested_at: now,
        categories: vec![Category::Claim, Category::Employer],
        subject_ref: SubjectRef([5; 16]),
        grant: None,
        approval: None,
    };
    let offer = Offer::build(request, &[RecordContent::from_wire(&complaint).unwrap()]).unwrap();
    ReferralFile {
        referral_id,
        sender: NodeId::parse("id.ksbsi").unwrap(),
        recipient: NodeId::parse("my.mtuc").unwrap(),
        case_id: None,
        worker_id: None,
        case_ref: CaseRef([6; 16]),
        offer: shares::offer_bytes(&offer),
        state: ReferralState::Accepted,
        custody: None,
        erasure: None,
        agreement_id: String::new(),
        agreement_version: 0,
        reason: None,
        outcome: None,
        frozen: false,
        widened_by: Vec::new(),
        author: String::new(),
        own_changes: 0,
        peer_changes: 0,
        changed_at: now,
        owed_withdrawal: Bytes::new(),
        legal_hold: None,
        retention_until: None,
        known_through: None,
        onward_from: None,
        passed_on: false,
    }
}

fn descriptor(about: &About) -> Descriptor {
    let (now, later) = (Instant::from_millis(NOW), Instant::from_millis(NOW).plus_days(730));
    let verifying = |seed| vec![VerifyingKey::new(key(seed).verifying_key().to_bytes(), now, later)];
    let name = Text::parse("Malaysian Trades Union Congress", Text::NAME_BYTES).unwrap();
    let local = wire::LocalText { language: "en".to_owned(), text: name.as_str().to_owned() };
    Descriptor {
        node_id: about.node_id.clone(),
        sequence: 1,
        previous_digest: None,
        names: vec![LocalText::from_wire(&local).unwrap()],
        root_keys: vec![RootKey { organisation: name, public_key: key(1).verifying_key().to_bytes() }],
        root_threshold: 1,
        kind: PartnerKind::NationalUnion,
        country: Country::parse("MY").unwrap(),
        endpoints: Vec::new(),
        tls_pins: vec![TlsPin { spki_sha256: Digest([9; 32]), not_before: now, not_after: later }],
        signing_keys: verifying(2),
        log_keys: verifying(3),
        witness_keys: verifying(4),
        sealing_keys: Vec::new(),
        protocol_min: 1,
        protocol_max: 1,
        issued_at: now,
        not_after: later,
        state_linked: false,
        log_origin: about.log_origin.clone(),
        service_precondition: None,
    }
}

fn signer() -> Signer {
    let key = key(2);
    Signer::new(key_id_of(&key.verifying_key().to_bytes()), key)
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}
