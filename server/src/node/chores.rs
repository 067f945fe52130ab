//! What a node does without being asked: it ends what was not answered, sweeps up what nobody owns, destroys what is to be destroyed.

use std::time::Duration;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::acts::context::Acts;
use crate::acts::documents::sweep;
use crate::acts::referrals::expire;
use crate::acts::{erasures, passed, projection};
use crate::store::Topic;

/// How often erasures are looked for whose peer was away, and copies whose day has come. What is asked for now is done at once.
const ERASE_EVERY: Duration = Duration::from_secs(30);

/// How often shares are held against what the day allows: consents end at an hour, and nothing new goes in between.
const PROJECT_EVERY: Duration = Duration::from_secs(3600);

/// How often what is overdue is looked for: referrals are answered within hours.
const EXPIRE_EVERY: Duration = Duration::from_secs(30);

/// How often bytes are looked for that a caller began to attach and did not end.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Ends what was not answered in time, every half minute, and notes what time it has been.
pub async fn expire_overdue(acts: Acts, shutdown: CancellationToken) {
    loop {
        if let Err(error) = expire::expire(&acts).await {
            tracing::error!(event = "expire.failed", problem = %error);
        }
        if let Err(error) = passed::note(&acts).await {
            tracing::error!(event = "passed.not-noted", problem = %error);
        }
        if !goes_on_after(EXPIRE_EVERY, &shutdown).await {
            return;
        }
    }
}

/// Sweeps up bytes of documents that nobody owns: what a crash left at once, then what acts throw away.
pub(super) async fn sweep_documents(acts: Acts, shutdown: CancellationToken) {
    let mut changes = acts.store.watch_node();
    loop {
        if let Err(error) = sweep::sweep(&acts).await {
            tracing::error!(event = "documents.not-swept", problem = %error);
        }
        let told = is_told(&mut changes, |topic| matches!(topic, Topic::Documents));
        tokio::select! {
            biased;
            more = goes_on_after(SWEEP_EVERY, &shutdown) => if !more { return },
            more = told => if !more { return },
        }
    }
}

/// Brings shares in step with what changes by the day alone: consents and annexes end with one.
pub async fn follow_days(acts: Acts, shutdown: CancellationToken) {
    loop {
        if let Err(error) = projection::run(&acts).await {
            tracing::error!(event = "projection.failed", problem = %error);
        }
        if !goes_on_after(PROJECT_EVERY, &shutdown).await {
            return;
        }
    }
}

/// Destroys what was asked for, as soon as it is asked, and goes on after a crash where it stood.
pub async fn erase(acts: Acts, shutdown: CancellationToken) {
    let mut changes = acts.store.watch_node();
    if let Err(error) = erasures::retention::begin_old(&acts).await {
        tracing::error!(event = "retention.failed", problem = %error);
    }
    loop {
        if let Err(error) = erasures::retention::run(&acts).await {
            tracing::error!(event = "retention.failed", problem = %error);
        }
        if let Err(error) = erasures::run(&acts).await {
            tracing::error!(event = "erasure.failed", problem = %error);
        }
        let asked = is_told(&mut changes, |topic| matches!(topic, Topic::Erasures | Topic::Peers));
        tokio::select! {
            biased;
            more = goes_on_after(ERASE_EVERY, &shutdown) => if !more { return },
            more = asked => if !more { return },
        }
    }
}

/// Waits. Whether the node still runs.
async fn goes_on_after(period: Duration, shutdown: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => false,
        () = tokio::time::sleep(period) => true,
    }
}

/// Waits until a change is told that is looked for, or may be among those that were missed. Whether the store still tells any.
async fn is_told(changes: &mut broadcast::Receiver<Topic>, is_looked_for: fn(&Topic) -> bool) -> bool {
    loop {
        match changes.recv().await {
            Ok(topic) if is_looked_for(&topic) => return true,
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(_)) => return true,
            Err(broadcast::error::RecvError::Closed) => return false,
        }
    }
}
