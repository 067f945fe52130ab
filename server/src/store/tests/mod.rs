//! Stories of the store, and what they share.

mod acts;
mod crash;
mod lines;
mod link;
mod sealing;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ed25519_dalek::SigningKey;
use titian_proto::envelope::{KeyRing, Signer};
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::VerifyingKey;
use titian_proto::model::id::NodeId;

use super::engine::double::Double;
use super::{EngineKind, FileKeys, KeyDisk, MemoryKeys, NodeKey, Sealing, Store, StoreOptions};
use crate::ambient::{Ambient, Clock, Entropy};

const EVER: (Instant, Instant) = (Instant::from_millis(0), Instant::from_millis(i64::MAX));

/// A clock that moves a second a look, from 2026-03-02T02:00:00Z.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.fetch_add(1000, Ordering::SeqCst))
    }
}

/// Bytes that count, so that no two fills of the whole test run are the same.
struct Counting;

static FILLS: AtomicU64 = AtomicU64::new(1);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = FILLS.fetch_add(1, Ordering::SeqCst);
            chunk.copy_from_slice(&count.to_be_bytes()[..chunk.len()]);
        }
    }
}

fn options(folder: &Path, node_id: &str) -> StoreOptions {
    let ambient = Ambient::new(Ticking(AtomicI64::new(1_772_416_800_000)), Counting);
    let key = signing_key();
    let signer = Signer::new(VerifyingKey::new(key.verifying_key().to_bytes(), EVER.0, EVER.1).key_id, key);
    StoreOptions {
        folder: folder.to_owned(),
        engine: EngineKind::Sled,
        node_id: NodeId::parse(node_id).unwrap(),
        log_origin: format!("{node_id}/titian/log/2026a"),
        signer,
        sealing: sealing(folder, &ambient),
        ambient,
    }
}

/// A key file inside the store's folder, which a real node never has there; in memory where there is no folder.
fn sealing(folder: &Path, ambient: &Ambient) -> Sealing {
    let disk: Arc<dyn KeyDisk> = match folder.to_str() {
        Some("nowhere") => Arc::new(MemoryKeys::default()),
        _ => {
            std::fs::create_dir_all(folder).unwrap();
            Arc::new(FileKeys::at(folder.join("keyring"), None))
        }
    };
    Sealing { disk, node_key: NodeKey::parse(&"7".repeat(64), "a test").unwrap(), ambient: ambient.clone() }
}

pub(super) fn on_double() -> (Store, Arc<Double>) {
    let (store, double, _) = on_double_with_keys();
    (store, double)
}

/// As [`on_double`], with the keys of the store.
fn on_double_with_keys() -> (Store, Arc<Double>, Sealing) {
    let (double, options) = (Arc::new(Double::default()), options(Path::new("nowhere"), "my.mtuc"));
    let sealing = options.sealing.clone();
    (Store::on(Arc::clone(&double) as _, options).unwrap(), double, sealing)
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// What a peer checks this node's seals with.
fn key_ring() -> KeyRing {
    KeyRing::new(vec![VerifyingKey::new(signing_key().verifying_key().to_bytes(), EVER.0, EVER.1)])
}
