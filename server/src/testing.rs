//! What the node's own tests share: golden files, a clock with hands, a store without a disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ed25519_dalek::SigningKey;
use titian_proto::envelope::Signer;
use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;

use crate::acts::node::About;
use crate::acts::staff::Staff;
use crate::ambient::{Ambient, Clock, Entropy};
use crate::store::engine::double::Double;
use crate::store::{EngineKind, Store, StoreOptions};

/// Compares with the golden file `tests/golden/NAME`. Run with TITIAN_BLESS=1 to write it anew, then read the difference.
pub(crate) fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("TITIAN_BLESS").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == actual, "{} differs; run the test with TITIAN_BLESS=1 and read the difference. Now:\n{actual}", path.display());
}

/// A clock that stands until somebody moves its hands. Starts at 2026-03-02T02:00:00Z.
#[derive(Clone)]
pub(crate) struct Hands(Arc<AtomicI64>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_772_416_800_000)))
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
struct Counting(AtomicU64);

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
        signer: Signer::new("test".to_owned(), SigningKey::from_bytes(&[7; 32])),
        ambient: ambient.clone(),
    };
    let store = Store::on(Arc::new(Double::default()), options).unwrap();
    let about =
        About { node_id, log_origin, engine: EngineKind::Sled.code(), rehearsal: true, fingerprint_words: "twelve words".to_owned() };
    let staff = Staff::new(store.clone(), ambient.clone());
    (Node { store, ambient, about, staff }, hands)
}
