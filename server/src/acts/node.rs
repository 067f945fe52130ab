//! How the node is.

use std::io::Write;

use titian_proto::model::date::Instant;
use titian_proto::model::id::{Epoch, NodeId};

use crate::acts::error::ActError;
use crate::ambient::Ambient;
use crate::store::breaches::BreachTable as _;
use crate::store::erasures::ErasureTable as _;
use crate::store::parked::ParkedTable as _;
use crate::store::peers::PeerTable as _;
use crate::store::quarantine::QuarantineTable as _;
use crate::store::{LogTable as _, Read, Store, StoreError};

/// Room on the disk below which union IT is called: some days of work, well above where the store takes nothing more.
const FREE_BYTES_LOW: u64 = 1024 * 1024 * 1024;

/// Union IT is called so many days before a key or the certificate ends: the owners must find each other and their root keys.
const KEY_ENDS_DAYS: i64 = 90;

/// What does not change while the node runs.
#[derive(Clone, Debug)]
pub struct About {
    /// Whose node it is.
    pub node_id: NodeId,
    /// Name of its log.
    pub log_origin: String,
    /// Name of the store's engine.
    pub engine: &'static str,
    /// The clock is set for a rehearsal: not for real data.
    pub rehearsal: bool,
    /// Fingerprint of its root keys as words.
    pub fingerprint_words: String,
}

/// How the node is now.
#[derive(Clone, Debug)]
pub struct Status {
    /// The node's time.
    pub now: Instant,
    /// The store's life.
    pub epoch: Epoch,
    /// Entries of the log.
    pub log_entries: u64,
    /// What a person must look at.
    pub alarms: Vec<Alarm>,
}

/// Something that a person must look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// The clock is set for a rehearsal.
    RehearsalClock,
    /// The clock says less than what has passed.
    ClockBehind,
    /// The store takes no more writes.
    StoreStopped,
    /// Little room on the disk.
    DiskNearlyFull,
    /// A key or the certificate of this node ends soon, or has ended.
    KeyEnding,
    /// A link is in quarantine.
    LinkQuarantined,
    /// A case is parked, here or at a peer.
    CaseParked,
    /// Something that was to be destroyed is not, here or at a peer, and its hours are over.
    ErasureOverdue,
    /// A union told of a breach, and nobody has seen to it.
    BreachTold,
    /// A union does not know of a breach that happened here, and its hours are over.
    BreachUnanswered,
}

impl Alarm {
    /// Its stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::RehearsalClock => "node.rehearsal-clock",
            Self::ClockBehind => "node.clock-behind",
            Self::StoreStopped => "store.stopped",
            Self::DiskNearlyFull => "store.disk-nearly-full",
            Self::KeyEnding => "node.key-ending",
            Self::LinkQuarantined => "link.quarantined",
            Self::CaseParked => "link.case-parked",
            Self::ErasureOverdue => "consent.erasure-overdue",
            Self::BreachTold => "breach.told",
            Self::BreachUnanswered => "breach.unanswered",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        match self {
            Self::RehearsalClock => {
                "This node is for rehearsals only: put no real data in; take [rehearsal] out of node.toml of a new node for real work."
            }
            Self::ClockBehind => {
                "Set the machine's clock right. If it is right now, it stood ahead before: until that time has come, consents end sooner than they say."
            }
            Self::StoreStopped => "Look at the node's log lines, check the disk, and start the node again; what was acknowledged is safe.",
            Self::DiskNearlyFull => {
                "Make room on the node's disk: below 1 GiB it takes no documents, then no shares, then nothing new, and below 64 MiB nothing more."
            }
            Self::KeyEnding => {
                "A key or the certificate of this node ends within 90 days: have its owners sign new ones (titian-node rotate), then reload the node."
            }
            Self::LinkQuarantined => {
                "A peer told two stories (titian peer list): call its officers, keep titian peer evidence; then titian peer release."
            }
            Self::ErasureOverdue => {
                "What a worker took back is not yet proved destroyed (titian erasure list --open): call the union that has not answered."
            }
            Self::BreachTold => {
                "A union tells of a breach (titian breach list --open): its officers tell the workers concerned, each as she can be reached safely."
            }
            Self::BreachUnanswered => {
                "A union does not know of a breach that happened here (titian breach list --open): call its officers; the law's hours are running."
            }
            Self::CaseParked => {
                "A case waits because one of the two nodes is older (titian peer list): upgrade the older one; then titian referral retry."
            }
        }
    }
}

/// How the node is now. `key_ends` is when the first of its keys does.
///
/// # Errors
/// When the store cannot be read.
pub fn status(store: &Store, ambient: &Ambient, about: &About, key_ends: Instant) -> Result<Status, ActError> {
    let mut alarms = Vec::new();
    if about.rehearsal {
        alarms.push(Alarm::RehearsalClock);
    }
    if ambient.is_clock_behind() {
        alarms.push(Alarm::ClockBehind);
    }
    if store.is_stopped() {
        alarms.push(Alarm::StoreStopped);
    }
    if store.health()?.free_bytes.is_some_and(|free| free < FREE_BYTES_LOW) {
        alarms.push(Alarm::DiskNearlyFull);
    }
    if key_ends < ambient.now().plus_days(KEY_ENDS_DAYS) {
        alarms.push(Alarm::KeyEnding);
    }
    let view = store.view();
    alarms.extend(link_alarms(&view)?);
    if !view.erasures_overdue(ambient.now(), 1)?.is_empty() {
        alarms.push(Alarm::ErasureOverdue);
    }
    let breaches = view.breaches()?;
    if breaches.iter().any(|breach| breach.told_by.is_some() && breach.is_open()) {
        alarms.push(Alarm::BreachTold);
    }
    if breaches.iter().any(|breach| breach.told_by.is_none() && breach.is_overdue(ambient.now())) {
        alarms.push(Alarm::BreachUnanswered);
    }
    // Not `log::size`, which waits for the disk: the status must be seen also when the store has stopped.
    let log_entries = view.leaf_count()?;
    Ok(Status { now: ambient.now(), epoch: store.epoch()?, log_entries, alarms })
}

fn link_alarms(read: &impl Read) -> Result<Vec<Alarm>, StoreError> {
    let (mut parked, mut quarantined) = (false, false);
    for peer in read.peers()? {
        parked |= !read.all_parked_here(&peer.node_id)?.is_empty() || !read.all_parked_there(&peer.node_id)?.is_empty();
        quarantined |= read.quarantine(&peer.node_id)?.is_some();
    }
    let raised = [(Alarm::LinkQuarantined, quarantined), (Alarm::CaseParked, parked)];
    Ok(raised.into_iter().filter_map(|(alarm, is_raised)| is_raised.then_some(alarm)).collect())
}

/// Writes everything in the store as lines, as of one moment. No act is decided meanwhile, so `lines` must not wait for long.
///
/// # Errors
/// When the store cannot be read or the lines cannot be written.
pub async fn export(store: &Store, lines: impl Write + Send + 'static) -> Result<(), ActError> {
    let store = store.clone();
    // On a thread of its own, because it takes as long as the store is large.
    let exported = tokio::task::spawn_blocking(move || store.export(lines)).await;
    exported.map_err(|error| ActError::Internal(Box::new(error)))??;
    Ok(())
}
