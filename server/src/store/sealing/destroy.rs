//! Destroying keys. An act that deletes a sealed value releases its slot: a row in the same atomic write. A worker of the store punctures the slots of
//! durable rows in the key file, many at a time, and takes the rows away; after a crash it goes on from them. The order is what counts: a key goes
//! only once the act that gave it up is on stable storage, and its row only once the key is gone from there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::value::Slot;
use crate::store::engine::{Batch, Engine, Pair};
use crate::store::error::StoreError;
use crate::store::group::Core;
use crate::store::key::Key;
use crate::store::value::{Raw, frame};

const TABLE: &str = "released/";

/// How soon it is tried again what failed: a mirror that is away comes back.
const RETRY: Duration = Duration::from_secs(30);

/// Rows read at once.
const PAGE: usize = 1024;

/// Asks for keys to be destroyed, and knows how far that is.
pub(crate) struct Destroying {
    /// Rounds that were asked for.
    wanted: AtomicU64,
    done: watch::Sender<Done>,
    ending: AtomicBool,
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// How far it is.
#[derive(Clone, Default)]
struct Done {
    /// Everything released before this round was asked for was looked at.
    through: u64,
    /// Why it failed, if it did.
    failed: Option<StoreError>,
}

impl Destroying {
    pub(crate) fn new() -> Self {
        let (wanted, ending) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { wanted, done: watch::Sender::new(Done::default()), ending, wake: OnceLock::new() }
    }

    /// How the worker is woken.
    pub(crate) fn wake_with(&self, wake: impl Fn() + Send + Sync + 'static) {
        drop(self.wake.set(Box::new(wake)));
    }

    /// Wakes the worker: something was released, or slots run low.
    pub(crate) fn wake(&self) {
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }

    /// The worker ends.
    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::Release);
        self.wake();
    }

    /// Whether it is to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Returns once everything that was released before the call is destroyed.
    pub(crate) async fn done(&self) -> Result<(), StoreError> {
        let mut done = self.done.subscribe();
        let round = self.wanted.fetch_add(1, Ordering::AcqRel) + 1;
        self.wake();
        let done = done.wait_for(|done| done.through >= round).await.map_err(|_| StoreError::Stopped)?;
        done.failed.clone().map_or(Ok(()), Err)
    }
}

/// The worker.
pub(crate) struct Destroyer;

impl Destroyer {
    /// One round: whatever is released is destroyed, and buckets are made where slots run low. Whether it succeeded.
    pub(crate) fn round(core: &Core) -> bool {
        let through = core.destroying.wanted.load(Ordering::Acquire);
        let done = destroy(core).and_then(|()| Ok(core.vault.keyring.make_ahead()?));
        if let Err(error) = &done {
            tracing::error!(event = "keys.not-destroyed", error = error as &dyn std::error::Error, "tried again in half a minute");
        }
        let succeeded = done.is_ok();
        core.destroying.done.send_replace(Done { through, failed: done.err() });
        succeeded
    }

    /// Rounds for as long as the store is open, each when somebody asks for it.
    pub(crate) fn run(core: &Core, wakes: &std::sync::mpsc::Receiver<()>) {
        let mut succeeded = true;
        while !core.destroying.is_ending() {
            // Nobody hangs up while this runs: what wakes it is kept where it looks whether to end.
            let _woken = if succeeded { wakes.recv().is_ok() } else { wakes.recv_timeout(RETRY).is_ok() };
            if core.destroying.is_ending() {
                break;
            }
            succeeded = Self::round(core);
        }
        // Who still waits is told that nobody works any more.
        core.destroying.done.send_replace(Done { through: u64::MAX, failed: Some(StoreError::Stopped) });
    }
}

fn destroy(core: &Core) -> Result<(), StoreError> {
    let engine = core.vault.engine.as_ref();
    let (slots, rows) = released(engine)?;
    if rows.is_empty() {
        return Ok(());
    }
    // Some of the rows may be visible and not durable yet.
    engine.sync()?;
    crate::crash::point("keys.before-puncture");
    core.vault.destroy(&slots)?;
    crate::crash::point("keys.after-puncture");
    engine.apply(Batch { deletes: rows, ..Batch::default() })?;
    crate::crash::point("keys.after-removal");
    Ok(())
}

fn released(engine: &dyn Engine) -> Result<(Vec<Slot>, Vec<Bytes>), StoreError> {
    let (mut slots, mut rows) = (Vec::new(), Vec::<Bytes>::new());
    loop {
        let page = engine.scan(&Key::of(TABLE), rows.last().map(Bytes::as_ref), PAGE)?;
        let ended = page.len() < PAGE;
        for (key, _) in page {
            slots.extend(slot_of(&key));
            rows.push(key);
        }
        if ended {
            return Ok((slots, rows));
        }
    }
}

/// Whether slots wait to be destroyed.
pub(crate) fn is_owed(engine: &dyn Engine) -> Result<bool, StoreError> {
    Ok(!engine.scan(&Key::of(TABLE), None, 1)?.is_empty())
}

/// The row of a slot that is given up.
pub(crate) fn row(slot: Slot) -> Result<Pair, StoreError> {
    let key = Key::of(TABLE).id(&slot.bucket.to_be_bytes()).id(&slot.number.to_be_bytes());
    Ok((key.into(), frame(&Raw(Bytes::new()))?))
}

fn slot_of(key: &[u8]) -> Option<Slot> {
    let (bucket, number) = key.strip_prefix(TABLE.as_bytes())?.split_first_chunk::<4>()?;
    Some(Slot { bucket: u32::from_be_bytes(*bucket), number: u16::from_be_bytes(number.try_into().ok()?) })
}
